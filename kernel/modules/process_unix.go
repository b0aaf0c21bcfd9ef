//go:build unix

package modules

import (
	"os/exec"
	"syscall"
)

// endTogether makes the end of cmd's context end all that it has started:
// compilers and a linker.
func endTogether(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
