//go:build unix

package worker

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"divvy/kernel/cell"
)

// running starts a cell and returns its sink and its result to come. It returns
// when the cell has printed a line, so it runs.
func running(t *testing.T, s *Supervisor, ctx context.Context, code string) (*recorder, chan cell.Result) {
	t.Helper()
	out, done := newRecorder(), make(chan cell.Result, 1)
	go func() { done <- s.Execute(ctx, cell.Request{Code: "print running\n" + code}, out) }()
	out.await(t, "stdout", "running\n")
	return out, done
}

func result(t *testing.T, done chan cell.Result) cell.Result {
	t.Helper()
	select {
	case r := <-done:
		return r
	case <-time.After(10 * time.Second):
		t.Fatal("the cell did not end")
		panic("unreachable")
	}
}

func TestInterruptKeepsState(t *testing.T) {
	s := start(t, Config{})
	execute(t, s, "set x=1")
	_, done := running(t, s, t.Context(), "wait")
	if err := s.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := result(t, done); r.Error == nil || r.Error.Name != cell.ErrInterrupt {
		t.Fatalf("the cell ended with %v", r.Error)
	}
	if got := execute(t, s, "get x").text("stdout"); got != "1" {
		t.Errorf("x is %q", got)
	}
	if err := s.Interrupt(t.Context()); err != nil { // nothing runs
		t.Error(err)
	}
}

// An interrupt that comes before the interpreter has begun is not lost, and one
// that comes at the very end of a cell does not hit the next.
func TestInterruptAtOnce(t *testing.T) {
	s := start(t, Config{})
	for range 100 {
		done := make(chan cell.Result, 1)
		go func() { done <- s.Execute(t.Context(), cell.Request{Code: "wait"}, discard{}) }()
		for {
			s.mu.Lock()
			begun := s.running != nil
			s.mu.Unlock()
			if begun {
				break
			}
		}
		s.Interrupt(t.Context())
		if r := result(t, done); r.Error == nil || r.Error.Name != cell.ErrInterrupt {
			t.Fatalf("the cell ended with %v", r.Error)
		}
		execute(t, s, "stuck 1ms")
	}
}

func TestInterruptEscalates(t *testing.T) {
	s := start(t, Config{InterruptGrace: time.Second})
	execute(t, s, "set x=1")
	out, done := running(t, s, t.Context(), "stuck 1h")
	s.Interrupt(t.Context())
	s.Interrupt(t.Context()) // an impatient double click is no decision to lose all variables
	time.Sleep(50 * time.Millisecond)
	if len(done) > 0 {
		t.Fatal("the worker was restarted without a warning")
	}
	out.await(t, "stderr", "interrupt again to restart the worker")
	s.mu.Lock()
	spare := s.spare
	s.mu.Unlock()
	if spare == nil {
		t.Error("no spare worker was warmed up")
	}

	begun := time.Now()
	s.Interrupt(t.Context())
	r := result(t, done)
	if r.Error == nil || r.Error.Name != cell.ErrWorkerDied ||
		!strings.Contains(r.Error.Value, "restarted by the second interrupt") ||
		!strings.Contains(r.Error.Value, "all variables are gone, a fresh worker is ready") {
		t.Fatalf("the cell ended with %v", r.Error)
	}
	fails(t, s, cell.ErrCompile, "get x")
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("the restart took %v", took)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != spare || s.spare != nil {
		t.Error("the spare worker did not take over")
	}
}

// A cell that ends after the warning keeps its state, and the spare goes.
func TestInterruptLate(t *testing.T) {
	s := start(t, Config{InterruptGrace: 100 * time.Millisecond})
	execute(t, s, "set x=1")
	end := filepath.Join(t.TempDir(), "end")
	out, done := running(t, s, t.Context(), "stuckuntil "+end)
	s.Interrupt(t.Context())
	out.await(t, "stderr", "interrupt again")
	if err := os.WriteFile(end, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := result(t, done); r.Error != nil {
		t.Fatal(r.Error)
	}
	s.mu.Lock()
	spare := s.spare
	s.mu.Unlock()
	if spare != nil {
		t.Error("the spare worker is kept")
	}
	if got := execute(t, s, "get x").text("stdout"); got != "1" {
		t.Errorf("x is %q", got)
	}
}

func TestContextEnds(t *testing.T) {
	s := start(t, Config{}) // a cell that stops has time to
	execute(t, s, "set x=1")

	ctx, cancel := context.WithCancel(t.Context())
	_, done := running(t, s, ctx, "wait")
	cancel()
	if r := result(t, done); r.Error == nil || r.Error.Name != cell.ErrInterrupt {
		t.Fatalf("the cell ended with %v", r.Error)
	}
	if got := execute(t, s, "get x").text("stdout"); got != "1" {
		t.Errorf("x is %q", got)
	}

	s = start(t, Config{InterruptGrace: 100 * time.Millisecond})
	execute(t, s, "set x=1")
	ctx, cancel = context.WithCancel(t.Context())
	_, done = running(t, s, ctx, "stuck 1h")
	cancel()
	if r := result(t, done); r.Error == nil || r.Error.Name != cell.ErrWorkerDied ||
		!strings.Contains(r.Error.Value, "restarted, because its cell did not stop") {
		t.Fatalf("the cell ended with %v", r.Error)
	}
	fails(t, s, cell.ErrCompile, "get x")
}

func TestRestart(t *testing.T) {
	s := start(t, Config{})
	execute(t, s, "set x=1")
	_, done := running(t, s, t.Context(), "stuck 1h")
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := result(t, done); r.Error == nil || !strings.Contains(r.Error.Value, "it was restarted") {
		t.Fatalf("the cell ended with %v", r.Error)
	}
	fails(t, s, cell.ErrCompile, "get x")
}

func TestClose(t *testing.T) {
	s := start(t, Config{})
	_, done := running(t, s, t.Context(), "stuck 1h")
	s.Close()
	if r := result(t, done); r.Error == nil || !strings.Contains(r.Error.Value, "the kernel is shutting down") {
		t.Fatalf("the cell ended with %v", r.Error)
	}
	err, _ := fails(t, s, cell.ErrInternal, "nothing")
	if err.Value != errClosed.Error() {
		t.Errorf("after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}
