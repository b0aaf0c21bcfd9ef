// Package exit is how the kernel's programs end: their exit codes, and the words
// on standard error that go with them.
package exit

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// Exit codes, beside 0. They are documented in the help of the run command.
const (
	Cell        = 1   // a cell failed
	Usage       = 2   // wrong arguments, or an input that cannot be read
	Kernel      = 3   // the kernel failed, or the output could not be written
	Interrupted = 130 // Ctrl-C, as shells count it
)

// Error is an error with the exit code that it leads to. One without an error in
// it has been told already.
type Error struct {
	Code int
	Err  error
}

func (e *Error) Error() string { return fmt.Sprint(e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// Run runs a program's command, and ends the program if that fails.
func Run(root *cobra.Command) {
	root.SilenceUsage, root.SilenceErrors = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	err := root.Execute()
	if err == nil {
		return
	}
	var exit *Error
	if !errors.As(err, &exit) {
		exit = &Error{Usage, err} // cobra's own errors are about arguments
	}
	if exit.Err != nil {
		fmt.Fprintln(os.Stderr, "kernel:", exit.Err)
	}
	os.Exit(exit.Code)
}
