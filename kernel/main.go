// Command kernel is Divvy: a Go kernel for Jupyter, and a runner of notebooks
// and Go scripts that needs no Jupyter.
//
//	kernel run figure4.ipynb              execute a notebook
//	kernel serve --connection-file FILE   what Jupyter calls
//	kernel doctor                         which devices there are to train on
//
// This package wires the rooms together and holds no logic of its own: the
// protocol is kernel/jupyter, the supervised process kernel/worker, the
// interpreter kernel/interp, the runner kernel/notebook, %pkg kernel/modules.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// Exit codes, beside 0. They are documented in the help of the run command.
const (
	exitCell        = 1   // a cell failed
	exitUsage       = 2   // wrong arguments, or an input that cannot be read
	exitKernel      = 3   // the kernel failed, or the output could not be written
	exitInterrupted = 130 // Ctrl-C, as shells count it
)

// exitError is an error with the exit code that it leads to. One without a
// message has been told already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return fmt.Sprint(e.err) }
func (e *exitError) Unwrap() error { return e.err }

func main() {
	root := &cobra.Command{
		Use:           "kernel",
		Short:         "Divvy, a Go kernel for Jupyter that also runs notebooks and scripts by itself",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(runCommand(), serveCommand(), doctorCommand(), workerCommand(), versionCommand())
	err := root.Execute()
	if err == nil {
		return
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = &exitError{exitUsage, err} // cobra's own errors are about arguments
	}
	if exit.err != nil {
		fmt.Fprintln(os.Stderr, "kernel:", exit.err)
	}
	os.Exit(exit.code)
}
