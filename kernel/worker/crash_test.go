//go:build unix

package worker

import (
	"strings"
	"syscall"
	"testing"

	"divvy/kernel/cell"
)

// Every way to die ends the cell with an error that says what happened, and the
// next cell finds a fresh worker.
func TestCrash(t *testing.T) {
	tests := []struct {
		code string
		want string // the cause
	}{
		{"exit 3", "exited with status 3, as os.Exit does"},
		{"exit 0", "exited with status 0, as os.Exit does"},
		{"overflow", "fatal error: stack overflow, a recursion that does not end"},
		{"maps", "fatal error: concurrent map writes"},
		{"gopanic boom", "panic: boom"},
		{"gopanic two\\nlines", `panic: two\nlines`},
		{"nilpanic", "panic: runtime error: invalid memory address or nil pointer dereference (SIGSEGV)"},
		{"signal 9", "killed by signal 9 (SIGKILL)"},
		{"signal 11", "SIGSEGV: segmentation violation"},
		{"signal 6", "SIGABRT: abort"},
		{"alloc", "fatal error: runtime: out of memory"},
		{"fd2 terminate called\nsignal 9", "killed by signal 9 (SIGKILL); its last line on stderr was: terminate called"},
		{"fd2 reason\nexit 1", "exited with status 1, as os.Exit does; its last line on stderr was: reason"},
		{"holdpipe 3", "exited with status 5, as os.Exit does"},
		{"closepipe", "killed by signal 9 (SIGKILL)"},
		{"garbage", "malformed frame on the worker's pipe"},
	}
	for _, tc := range tests {
		t.Run(tc.code, func(t *testing.T) {
			if raceDetector && (tc.code == "maps" || tc.code == "alloc") {
				t.Skip("the race detector changes what happens")
			}
			t.Parallel()
			s := start(t, Config{})
			execute(t, s, "set x=1")
			err, out := fails(t, s, cell.ErrWorkerDied, "print before\n"+tc.code)
			want := "the worker process ended: " + tc.want + "; all variables are gone, a fresh worker is ready"
			if err.Value != want {
				t.Errorf("error\n %.300s\nwant\n %s", err.Value, want)
			}
			if got := out.text("stdout"); got != "before\n" {
				t.Errorf("stdout %q", got)
			}
			if got := out.text("stderr"); strings.Contains(got, "goroutine ") {
				t.Errorf("the report of the crash went to stderr too: %.200q", got)
			}
			if err, _ := fails(t, s, cell.ErrCompile, "get x"); !strings.Contains(strings.Join(err.Traceback, "\n"), "The worker process ended in In[0], and all variables were lost") {
				t.Errorf("a cell that misses a variable is told %q", err.Traceback)
			}
			if got := execute(t, s, "print on").text("stdout"); got != "on\n" {
				t.Errorf("the fresh worker printed %q", got)
			}
		})
	}
}

// A worker that dies while nothing runs is reported twice: under the last cell,
// whose goroutine may be to blame, and before the next, which finds no variables.
func TestDeathBetweenCells(t *testing.T) {
	s := start(t, Config{})
	first := execute(t, s, "set x=1")
	s.mu.Lock()
	pid := s.current.os.Pid
	s.mu.Unlock()
	syscall.Kill(pid, syscall.SIGKILL)
	first.await(t, "stderr", "The worker process ended: killed by signal 9 (SIGKILL). All variables are gone")

	out := execute(t, s, "print on")
	if got := out.text("stderr"); !strings.Contains(got, "ended between two cells: killed by signal 9") {
		t.Errorf("the next cell was told %q", got)
	}
	if err, _ := fails(t, s, cell.ErrCompile, "get x"); len(err.Traceback) != 1 || !strings.Contains(err.Traceback[0], "ended between two cells, and all variables were lost") {
		t.Errorf("a cell that misses a variable is told %q", err.Traceback)
	}
	if got := execute(t, s, "print on").text("stderr"); got != "" {
		t.Errorf("the cell after it was told %q", got)
	}
}

// A goroutine that outlives its cell and then panics.
func TestLatePanic(t *testing.T) {
	s := start(t, Config{})
	out := execute(t, s, "latepanic too late")
	out.await(t, "stderr", "The worker process ended: panic: too late. All variables are gone; a fresh worker is ready.")
	if text := out.text("stderr"); strings.Contains(text, "goroutine ") {
		t.Errorf("the report of the crash went to stderr too: %.200q", text)
	}
}

func TestCompletionThatKills(t *testing.T) {
	s := start(t, Config{})
	_, err := s.Complete(t.Context(), "die", 0)
	if err == nil || !strings.Contains(err.Error(), "the worker process ended: exited with status 4") {
		t.Fatalf("error %v", err)
	}
	if c, err := s.Complete(t.Context(), "x", 1); err != nil || len(c.Matches) != 1 {
		t.Fatalf("the fresh worker completed %v, %v", c, err)
	}
}

func TestWorkerThatCannotStart(t *testing.T) {
	t.Setenv("FAKE_REFUSES", "no symbols today")
	s := start(t, Config{})
	for range 3 {
		err, _ := fails(t, s, cell.ErrInternal, "nothing")
		if want := "it could not make an interpreter: no symbols today"; !strings.Contains(err.Value, want) {
			t.Fatalf("error %q, want %q in it", err.Value, want)
		}
	}
}
