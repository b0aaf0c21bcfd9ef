package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"divvy/kernel/cell"
)

// execution is the cell under way.
type execution struct {
	process *process
	id      uint64
	cell    string // its name
	sink    cell.Sink
	done    chan struct{} // closed at its end

	// Guarded by the supervisor's lock.
	interrupted bool // once
	warned      bool // the user knows that the next interrupt restarts the worker
}

// Execute runs a cell in the worker. When ctx ends, the cell is interrupted; if
// it runs on for the grace period, the worker is restarted, because nobody is
// left to ask.
func (s *Supervisor) Execute(ctx context.Context, r cell.Request, out cell.Sink) cell.Result {
	s.mu.Lock()
	p, err := s.ensure()
	if err != nil {
		s.mu.Unlock()
		return failed(cell.ErrInternal, err.Error())
	}
	name := r.Name
	if name == "" {
		name = fmt.Sprintf("In[%d]", r.Count)
	}
	e := &execution{process: p, id: s.lastID.Add(1), cell: name, sink: out, done: make(chan struct{})}
	s.running = e
	notice, lost := s.notice, s.lost
	s.notice = ""
	p.shown.Store(&out)
	s.mu.Unlock()

	defer func() {
		s.mu.Lock()
		s.running = nil
		s.mu.Unlock()
		close(e.done)
		s.dropSpare(e)
	}()
	s.rest.soon()
	if notice != "" {
		out.Emit(stderr(notice))
	}
	stop := context.AfterFunc(ctx, func() { s.stop(e) })
	defer stop()

	s.restoreDebugger(ctx, p)

	// The call itself has no deadline: a cell ends by itself, by an interrupt or
	// with its worker.
	var result cell.Result
	err = p.call(context.Background(), e.id, kindExecute, r, out, &result)
	var ended *endedError
	switch {
	case errors.As(err, &ended):
		return s.died(ended.death)
	case err != nil:
		return failed(cell.ErrInternal, err.Error())
	}
	if e := result.Error; e != nil && lost != "" && slices.ContainsFunc(e.Diagnostics, misses) {
		e.Traceback = append(e.Traceback, "The worker process ended "+lost+", and all variables were lost: run the cells that declare this one's again.")
	}
	return result
}

// misses tells whether a cell failed for want of a name.
func misses(d cell.Diagnostic) bool { return strings.HasPrefix(d.Message, "undefined: ") }

// died is the result of a cell whose worker ended.
func (s *Supervisor) died(d *death) cell.Result {
	if d.newborn {
		return failed(cell.ErrInternal, "the worker process ended before it was ready: "+d.cause())
	}
	state := "all variables are gone, a fresh worker is ready"
	s.mu.Lock()
	if s.current == nil {
		state = "all variables are gone"
	}
	s.mu.Unlock()
	return failed(cell.ErrWorkerDied, fmt.Sprintf("the worker process ended: %s; %s", d.cause(), state))
}

func failed(name, value string) cell.Result {
	return cell.Result{Error: &cell.Error{
		Name:      name,
		Value:     value,
		Traceback: []string{"\x1b[31m" + name + "\x1b[0m: " + value},
	}}
}

// Interrupt stops the running cell. The first asks the interpreter. A cell that
// runs on is inside compiled code that cannot be stopped from outside; the user
// is told so, and the next interrupt restarts the worker.
func (s *Supervisor) Interrupt(ctx context.Context) error {
	s.mu.Lock()
	e := s.running
	if e == nil {
		p := s.current
		s.mu.Unlock()
		if p == nil {
			return nil
		}
		return p.interrupt(ctx, 0) // a widget's handler may be running
	}
	restart := e.warned
	first := !e.interrupted
	e.interrupted = true
	s.mu.Unlock()

	if restart {
		e.process.kill("it was restarted by the second interrupt, because its cell could not be stopped")
		return nil
	}
	if first {
		go s.watchInterrupt(e)
	}
	return e.process.interrupt(ctx, e.id)
}

// interrupt asks the worker to stop a cell. A worker that is stopped or swamped
// takes no message; that is not worth more than ctx allows.
func (p *process) interrupt(ctx context.Context, id uint64) error {
	sent := make(chan error, 1)
	go func() { sent <- p.to.send(kindInterrupt, id, nil) }()
	select {
	case err := <-sent:
		if err != nil {
			return fmt.Errorf("sending an interrupt to the worker: %w", err)
		}
		return nil
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watchInterrupt tells the user when an interrupt had no effect. A restart has
// become likely, so a spare worker is warmed up for it.
func (s *Supervisor) watchInterrupt(e *execution) {
	select {
	case <-e.done:
		return
	case <-time.After(s.config.InterruptGrace):
	}
	s.mu.Lock()
	if s.running != e || s.closed {
		s.mu.Unlock()
		return
	}
	e.warned = true
	if s.spare == nil {
		if p, err := s.start(); err == nil {
			s.spare = p
		}
	}
	s.mu.Unlock()
	e.sink.Emit(stderr("The cell has not stopped: what it runs is compiled code that cannot be stopped from outside. " +
		"Wait, or interrupt again to restart the worker; all variables will be gone.\n"))
}

// dropSpare lets go of the spare worker when the restart has not come.
func (s *Supervisor) dropSpare(e *execution) {
	if !e.warned {
		return
	}
	s.mu.Lock()
	spare := s.spare
	s.spare = nil
	s.mu.Unlock()
	if spare != nil {
		spare.kill("it was no longer needed")
	}
}

// stop ends a cell whose context has ended.
func (s *Supervisor) stop(e *execution) {
	go e.process.interrupt(context.Background(), e.id)
	select {
	case <-e.done:
	case <-time.After(s.config.InterruptGrace):
		e.process.kill("it was restarted, because its cell did not stop")
	}
}

// Complete implements cell.Interpreter.
func (s *Supervisor) Complete(ctx context.Context, code string, cursor int) (cell.Completion, error) {
	var c cell.Completion
	err := s.ask(ctx, kindComplete, query{Code: code, Cursor: cursor}, nil, &c)
	return c, err
}

// Inspect implements cell.Interpreter.
func (s *Supervisor) Inspect(ctx context.Context, code string, cursor, detail int) (cell.Inspection, error) {
	var i cell.Inspection
	err := s.ask(ctx, kindInspect, query{Code: code, Cursor: cursor, Detail: detail}, nil, &i)
	return i, err
}

// IsComplete implements cell.Interpreter.
func (s *Supervisor) IsComplete(ctx context.Context, code string) (cell.Completeness, error) {
	var c cell.Completeness
	err := s.ask(ctx, kindIsComplete, query{Code: code}, nil, &c)
	return c, err
}

// Comm implements cell.Interpreter.
func (s *Supervisor) Comm(ctx context.Context, m cell.CommMessage, out cell.Sink) error {
	buffers := m.Buffers
	m.Buffers = nil
	return s.ask(ctx, kindComm, m, out, nil, buffers...)
}

// Comms implements cell.Interpreter.
func (s *Supervisor) Comms(ctx context.Context, target string) (map[string]string, error) {
	var m map[string]string
	err := s.ask(ctx, kindComms, query{Target: target}, nil, &m)
	return m, err
}

func (s *Supervisor) ask(ctx context.Context, kind byte, args any, out cell.Sink, value any, parts ...[]byte) error {
	p, err := s.worker()
	if err != nil {
		return err
	}
	return p.call(ctx, s.lastID.Add(1), kind, args, out, value, parts...)
}

var (
	_ cell.Interpreter = (*Supervisor)(nil)
	_ cell.Debugger    = (*Supervisor)(nil)
)
