//go:build !unix

package interp

import (
	"errors"
	"io"
	"os/exec"
	"time"
)

// runStreaming runs a command and writes what it puts out as it comes.
func runStreaming(cmd *exec.Cmd, stdout, stderr io.Writer) error {
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.WaitDelay = time.Second // for what it started and left running
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}
