package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"divvy/kernel/jupyter"
	"divvy/kernel/serve"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of Divvy, Go and the interpreter",
		Args:  cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) {
			yaegi := "unknown"
			if b, ok := debug.ReadBuildInfo(); ok {
				for _, m := range b.Deps {
					if m.Path == "github.com/traefik/yaegi" {
						yaegi = m.Version
					}
				}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "divvy %s\ngo %s %s/%s\nyaegi %s\nJupyter protocol %s\n",
				serve.Version(), serve.GoVersion(), runtime.GOOS, runtime.GOARCH, yaegi, jupyter.ProtocolVersion)
		},
	}
}
