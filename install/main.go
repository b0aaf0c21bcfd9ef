// Command install builds the Divvy kernel and registers it with Jupyter:
//
//	go run ./install
//
// It is the topmost room of the house: it may use all others and none uses it.
// It needs the go tool and no Python; Jupyter may come later.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "install:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var (
		place             placement
		in                installer
		uninstall, verify bool
	)
	cmd := &cobra.Command{
		Use:   "install",
		Short: "Build the Divvy kernel and register it with Jupyter",
		Long: `Build the Divvy kernel, check that it starts, and register it with Jupyter.

The kernel and its kernel.json go into the folder share/jupyter/kernels/NAME of
your user account, or of the Python environment or the prefix that you name. An
older one there is replaced only after the new one has answered.`,
		Example: `  go run ./install                       for your user account
  go run ./install --sys-prefix          for the active virtual or conda environment
  go run ./install --prefix /usr/local   for everyone
  go run ./install --uninstall`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in.out = cmd.OutOrStdout()
			if err := checkName(in.name); err != nil {
				return err
			}
			kernels, err := place.kernelsDir(cmd.Context())
			if err != nil {
				return err
			}
			in.kernels = kernels
			if uninstall {
				return in.uninstall()
			}
			in.verify = verify
			if err := in.install(cmd.Context()); err != nil {
				return err
			}
			in.advise(cmd.Context())
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&place.user, "user", false, "install for your user account (the default)")
	f.BoolVar(&place.sysPrefix, "sys-prefix", false, "install into the active Python environment")
	f.StringVar(&place.prefix, "prefix", "", "install into `DIR`/share/jupyter/kernels")
	cmd.MarkFlagsMutuallyExclusive("user", "sys-prefix", "prefix")
	f.StringVar(&in.name, "name", "divvy", "the kernel's name, by which notebooks know it")
	f.StringVar(&in.displayName, "display-name", "Go (Divvy)", "the name that people see")
	f.StringVar(&in.binary, "kernel", "", "install this kernel program instead of building one")
	f.BoolVar(&uninstall, "uninstall", false, "remove the kernel")
	f.BoolVar(&verify, "verify", true, "start the kernel once before it is registered")
	return cmd
}

var errNoGo = errors.New("the go tool is not on the PATH; get it from https://go.dev/dl, or name a kernel program with --kernel")
