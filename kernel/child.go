package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"divvy/gpu/device"
	"divvy/kernel/cell"
	"divvy/kernel/interp"
	"divvy/kernel/symbols"
	"divvy/kernel/worker"
)

// workerCommand is what the supervisor re-executes this program with.
func workerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "worker",
		Short:  "Hold an interpreter; the kernel starts this by itself",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return worker.Serve(func() (cell.Interpreter, error) { return interp.New(interp.Options{}) })
		},
	}
}

// rankCommand is one of the processes that share a batch; see train.On.
func rankCommand() *cobra.Command {
	return &cobra.Command{
		Use:    device.RankCommand + " KIND NUMBER",
		Short:  "Train with others; a device of several processes starts this by itself",
		Hidden: true,
		RunE:   func(cmd *cobra.Command, args []string) error { return device.Rank(cmd.Context(), args) },
	}
}

// packagesCommand tells the front process, which does not hold them, what is
// compiled in.
func packagesCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "packages",
		Short:  "List the packages that cells can import",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lib, err := symbols.Shared()
			if err != nil {
				return err
			}
			for _, path := range lib.Paths() {
				fmt.Fprintln(cmd.OutOrStdout(), path)
			}
			return nil
		},
	}
}
