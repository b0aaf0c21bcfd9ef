//go:build unix

package worker

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"divvy/kernel/cell"
)

// supervise is a kernel in miniature, to be killed by TestNoOrphans: it prints
// the process numbers of its worker and of a subprocess of a cell, and waits.
func supervise() {
	s := New(Config{})
	out := newRecorder()
	s.Execute(context.Background(), cell.Request{Code: "spawn 1000"}, out)
	fmt.Println(s.current.os.Pid, out.text("stdout"))
	time.Sleep(time.Hour)
}

// gone waits until a process has ended and has been reaped.
func gone(t *testing.T, what string, pid int) {
	t.Helper()
	for range 1000 {
		if !alive(pid) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	syscall.Kill(pid, syscall.SIGKILL)
	t.Errorf("%s (process %d) lives on", what, pid)
}

// alive reports whether a process runs. A zombie whose parent is not this
// process is the init process's to reap, and counts as gone.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !os.IsNotExist(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	parent := strings.Fields(rest)[1]
	return !strings.HasPrefix(rest, "Z") || parent == strconv.Itoa(os.Getpid())
}

// However the kernel goes, its worker and the subprocesses of cells go too.
func TestNoOrphans(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGABRT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			kernel := exec.Command(os.Args[0], "supervise")
			stdout, err := kernel.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := kernel.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			var worker, sub int
			if n, err := fmt.Sscan(line, &worker, &sub); n != 2 {
				t.Fatalf("line %q: %v", line, err)
			}
			if !alive(worker) || !alive(sub) {
				t.Fatal("they did not run in the first place")
			}
			kernel.Process.Signal(sig)
			kernel.Wait()
			gone(t, "the worker", worker)
			gone(t, "the subprocess of a cell", sub)
		})
	}
}

// A worker that ends takes the subprocesses of its cells along, and is reaped.
func TestNothingIsLeft(t *testing.T) {
	ends := map[string]func(t *testing.T, s *Supervisor){
		"close":   func(t *testing.T, s *Supervisor) { s.Close() },
		"restart": func(t *testing.T, s *Supervisor) { s.Restart(t.Context()) },
		"exit":    func(t *testing.T, s *Supervisor) { fails(t, s, cell.ErrWorkerDied, "exit 1") },
		"panic":   func(t *testing.T, s *Supervisor) { fails(t, s, cell.ErrWorkerDied, "gopanic x") },
		"stopped": func(t *testing.T, s *Supervisor) { // takes no message
			syscall.Kill(s.current.os.Pid, syscall.SIGSTOP)
			s.Close()
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Config{InterruptGrace: 300 * time.Millisecond})
			sub, err := strconv.Atoi(execute(t, s, "spawn 1000").text("stdout"))
			if err != nil {
				t.Fatal(err)
			}
			worker := s.current.os.Pid
			end(t, s)
			gone(t, "the worker", worker)
			gone(t, "the subprocess of a cell", sub)
		})
	}
}

// Ctrl-C in a terminal signals the whole foreground group, to which the worker
// does not belong; and a SIGINT that is meant for it does not end it.
func TestSIGINT(t *testing.T) {
	s := start(t, Config{})
	execute(t, s, "set x=1")
	group, err := syscall.Getpgid(s.current.os.Pid)
	if err != nil || group == syscall.Getpgrp() {
		t.Fatalf("the worker's group is %d (%v), this process's too", group, err)
	}
	syscall.Kill(s.current.os.Pid, syscall.SIGINT)
	if got := execute(t, s, "get x").text("stdout"); got != "1" {
		t.Errorf("after SIGINT x is %q", got)
	}
}

// The kernel's descriptors do not leak into the subprocesses of cells: those
// would keep the pipe to the supervisor open.
func TestDescriptorsStayHere(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("this system does not list descriptors")
	}
	s := start(t, Config{})
	out := execute(t, s, "sh ls -l /proc/self/fd").text("stdout")
	for _, fd := range []int{childIn, childOut} {
		pipe, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", s.current.os.Pid, fd))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out, pipe) {
			t.Errorf("a subprocess has the worker's descriptor %d:\n%s", fd, out)
		}
	}
}

func TestServeByHand(t *testing.T) {
	cmd := exec.Command(os.Args[0], "worker")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "a worker is started by the kernel, not by hand") {
		t.Errorf("%v: %s", err, out)
	}
}
