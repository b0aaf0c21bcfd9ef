package worker

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// pipesVariable names the environment variable that tells a worker the handles
// of its pipes.
const pipesVariable = "DIVVY_WORKER_PIPES"

// passPipes hands the worker's ends of the pipes to its command.
func passPipes(cmd *exec.Cmd, in, out *os.File) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	for _, f := range []*os.File{in, out} {
		h := syscall.Handle(f.Fd())
		syscall.SetHandleInformation(h, syscall.HANDLE_FLAG_INHERIT, syscall.HANDLE_FLAG_INHERIT)
		cmd.SysProcAttr.AdditionalInheritedHandles = append(cmd.SysProcAttr.AdditionalInheritedHandles, h)
	}
	cmd.SysProcAttr.CreationFlags |= syscall.CREATE_NEW_PROCESS_GROUP
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d,%d", pipesVariable, in.Fd(), out.Fd()))
}

// inheritedPipes returns the worker's ends of the pipes, hidden from the
// subprocesses of cells.
func inheritedPipes() (in, out *os.File, err error) {
	a, b, ok := strings.Cut(os.Getenv(pipesVariable), ",")
	os.Unsetenv(pipesVariable)
	i, err1 := strconv.ParseUint(a, 10, 64)
	o, err2 := strconv.ParseUint(b, 10, 64)
	if !ok || err1 != nil || err2 != nil {
		return nil, nil, errors.New("a worker is started by the kernel, not by hand")
	}
	for _, h := range []uint64{i, o} {
		syscall.SetHandleInformation(syscall.Handle(h), syscall.HANDLE_FLAG_INHERIT, 0)
	}
	return os.NewFile(uintptr(i), "from supervisor"), os.NewFile(uintptr(o), "to supervisor"), nil
}

// endOnSignal swallows Ctrl-C: an interrupt comes as a message.
func endOnSignal(end func()) {
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
}

func endGroup() { os.Exit(0) }

// killGroup kills the worker. Subprocesses of a cell outlive it here.
func killGroup(p *os.Process) { p.Kill() }

func exitText(s *os.ProcessState) string {
	return fmt.Sprintf("exited with status %#x", uint32(s.ExitCode()))
}

func prepareChild() {}

func oomKills() int { return 0 }
