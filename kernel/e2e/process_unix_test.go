//go:build unix

package e2e

import (
	"os/exec"
	"syscall"
)

// endWithParent makes cancelling cmd end everything that it started, a browser
// and a Jupyter server included.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
