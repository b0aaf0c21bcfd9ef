package main

import (
	"github.com/spf13/cobra"

	"divvy/kernel/cell"
	"divvy/kernel/interp"
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
