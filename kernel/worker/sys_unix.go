//go:build unix

package worker

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// The worker's ends of the pipes: os/exec places the first extra file at 3.
const (
	childIn  = 3
	childOut = 4
)

// passPipes hands the worker's ends of the pipes to its command.
func passPipes(cmd *exec.Cmd, in, out *os.File) {
	cmd.ExtraFiles = []*os.File{in, out}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr)
}

// inheritedPipes returns the worker's ends of the pipes. They are hidden from
// the subprocesses of cells, which could otherwise keep them open or write to
// them, and non-blocking, so that reading them parks a goroutine and no thread.
func inheritedPipes() (in, out *os.File, err error) {
	for _, fd := range []int{childIn, childOut} {
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFIFO {
			return nil, nil, errors.New("a worker is started by the kernel, not by hand")
		}
		syscall.CloseOnExec(fd)
		if err := syscall.SetNonblock(fd, true); err != nil {
			return nil, nil, fmt.Errorf("preparing the worker's pipe %d: %w", fd, err)
		}
	}
	return os.NewFile(childIn, "from supervisor"), os.NewFile(childOut, "to supervisor"), nil
}

// endOnSignal ends the worker on SIGTERM, which is also what Linux sends when
// the supervisor dies. An interrupt comes as a message: SIGINT is swallowed
// (not ignored, which subprocesses would inherit).
func endOnSignal(end func()) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT)
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-term
		end()
	}()
}

// endGroup ends this process and the subprocesses that it has started.
func endGroup() {
	if pid := os.Getpid(); syscall.Getpgrp() == pid {
		syscall.Kill(-pid, syscall.SIGKILL)
	}
	os.Exit(0)
}

// killGroup kills a worker and its subprocesses. A group keeps its number while
// it has members, also when its first process is gone.
func killGroup(p *os.Process) {
	syscall.Kill(-p.Pid, syscall.SIGKILL)
	p.Kill() // in case that it died before it led a group
}

// exitText says how a process ended.
func exitText(s *os.ProcessState) string {
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return fmt.Sprintf("killed by signal %d (%s)", int(ws.Signal()), unix.SignalName(ws.Signal()))
	}
	return fmt.Sprintf("exited with status %d", s.ExitCode())
}
