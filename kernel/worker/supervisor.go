package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"divvy/kernel/cell"
)

// Config says how a Supervisor runs its workers. The zero value is usable.
type Config struct {
	// Command makes the command of a worker, a process that calls Serve. It
	// defaults to this executable with the one argument "worker". The
	// supervisor sets its standard streams and its process attributes.
	Command func() (*exec.Cmd, error)

	// InterruptGrace is how long an interrupted cell may run on before the user
	// is told that a second interrupt restarts the worker, and how long a
	// worker may take to end by itself on Close. It defaults to two seconds.
	InterruptGrace time.Duration

	// Log takes what concerns the operator: starts, deaths, whole crash
	// reports. It defaults to nothing.
	Log *slog.Logger
}

// Supervisor is a cell.Interpreter that runs in a worker process.
// Its methods may be called from several goroutines.
type Supervisor struct {
	debugging debugging

	config Config
	rest   *rest
	lastID atomic.Uint64

	mu      sync.Mutex // guards what follows
	current *process   // nil before the first start has worked, and after Close
	spare   *process   // warm; only while a restart is likely
	running *execution // the cell under way
	notice  string     // for the next cell: its variables are gone, and why
	lost    string     // when all variables were lost, for cells that miss one; "" if they never were
	closed  bool
}

// New returns a supervisor and starts its first worker, without waiting for it.
// A worker that cannot be started is reported by the first call that needs it.
func New(config Config) *Supervisor {
	if config.Command == nil {
		config.Command = OwnCommand
	}
	if config.InterruptGrace == 0 {
		config.InterruptGrace = 2 * time.Second
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	s := &Supervisor{config: config, rest: newRest()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.ensure(); err != nil {
		config.Log.Error("no worker", "error", err)
	}
	return s
}

// OwnCommand is the command of a worker that is this executable, run with the
// one argument "worker".
func OwnCommand() (*exec.Cmd, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.Command(path, "worker"), nil
}

var errClosed = errors.New("the interpreter has been closed")

// ensure returns the current worker, and starts one when there is none.
// s.mu is held.
func (s *Supervisor) ensure() (*process, error) {
	if s.closed {
		return nil, errClosed
	}
	if s.current == nil {
		s.current, s.spare = s.spare, nil
	}
	if s.current == nil {
		p, err := s.start()
		if err != nil {
			return nil, err
		}
		s.current = p
	}
	return s.current, nil
}

func (s *Supervisor) start() (*process, error) {
	p, err := startProcess(s.config.Command, s.ended) // s.mu guards the command
	if err == nil {
		s.config.Log.Debug("worker started", "pid", p.os.Pid)
	}
	return p, err
}

// worker is ensure for callers without the lock.
func (s *Supervisor) worker() (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ensure()
}

// ended puts a fresh worker in the place of one that ended. It is called before
// the calls under way learn of it, so an error that promises a fresh worker is
// right.
func (s *Supervisor) ended(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p == s.spare {
		s.spare = nil
	}
	if p != s.current {
		return
	}
	s.current = nil
	go s.debuggeeEnded(p) // not under the lock
	if s.closed {
		return
	}
	s.config.Log.Warn("worker ended", "pid", p.os.Pid, "cause", p.death.cause())
	s.config.Log.Debug("crash report", "pid", p.os.Pid, "text", p.death.report)
	if p.death.newborn {
		return // so would the next one be, and the next: the call that needs one tries again
	}
	s.lost = "between two cells"
	if s.running != nil {
		s.lost = "in " + s.running.cell
	} else {
		s.notice = fmt.Sprintf("The worker process ended between two cells: %s. All variables are gone; a fresh worker runs this cell.\n", p.death.cause())
		if sink := p.shown.Load(); sink != nil {
			text := fmt.Sprintf("The worker process ended: %s. All variables are gone; a fresh worker is ready.\n", p.death.cause())
			go (*sink).Emit(stderr(text)) // not under the lock
		}
	}
	if _, err := s.ensure(); err != nil {
		s.config.Log.Error("no fresh worker", "error", err)
	}
}

func stderr(text string) cell.Event {
	return cell.Event{Kind: cell.Stream, Stream: "stderr", Text: text}
}

// Restart puts a fresh worker in the place of the current one, whatever that is
// doing. All variables are gone; a cell under way ends with ErrWorkerDied.
func (s *Supervisor) Restart(ctx context.Context) error {
	s.mu.Lock()
	old := s.current
	s.current, s.notice, s.lost = nil, "", ""
	_, err := s.ensure()
	s.mu.Unlock()
	if old != nil {
		old.kill("it was restarted")
		old.awaitEnd(ctx)
	}
	return errors.Join(err, ctx.Err())
}

// Replace starts a worker by another command and, when it has an interpreter,
// puts it in the place of the current one, of which all variables are then gone;
// workers to come are started by it, too. One that does not come up changes
// nothing. No cell may be under way.
func (s *Supervisor) Replace(ctx context.Context, command func() (*exec.Cmd, error)) error {
	p, err := startProcess(command, s.ended)
	if err != nil {
		return err
	}
	select {
	case <-p.up:
	case <-p.ended:
		return &endedError{&p.death}
	case <-ctx.Done():
		p.kill("it is not wanted any more")
		<-p.ended
		return ctx.Err()
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		p.kill("the kernel is shutting down")
		<-p.ended
		return errClosed
	}
	old := []*process{s.current, s.spare}
	s.current, s.spare, s.notice, s.lost = p, nil, "", ""
	s.config.Command = command
	s.mu.Unlock()
	for _, o := range old {
		if o != nil {
			o.kill("it was replaced")
			o.awaitEnd(ctx)
		}
	}
	return nil
}

// Close ends the worker and its subprocesses. It returns when they are gone.
func (s *Supervisor) Close() error {
	s.rest.busy() // for good
	s.mu.Lock()
	s.closed = true
	live := []*process{s.current, s.spare}
	s.mu.Unlock()
	for _, p := range live {
		if p != nil {
			p.because("the kernel is shutting down")
			go p.to.send(kindClose, 0, nil) // it could block on a worker that is stuck
		}
	}
	deadline := time.After(s.config.InterruptGrace)
	for _, p := range live {
		if p == nil {
			continue
		}
		select {
		case <-p.ended:
		case <-deadline:
			p.kill("")
			<-p.ended
		}
	}
	return nil
}
