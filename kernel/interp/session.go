package interp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	yaegi "github.com/traefik/yaegi/interp"

	"divvy/kernel/cell"
	"divvy/kernel/symbols"
)

// Options are the choices of a session; the zero value is the usual one.
type Options struct {
	// Library is where imports are looked up, symbols.Shared when nil.
	Library *symbols.Library
}

// Session holds the state of one notebook and runs its cells.
type Session struct {
	lib  *symbols.Library
	runs runs

	mu     sync.Mutex // held while a cell runs and while the engine is read
	engine *engine

	input *input
	files files
	args  []string // os.Args

	running sync.Mutex // guards current
	current *run

	onResult func(vs []any) // for tests
	lastErr  error
}

var _ cell.Interpreter = (*Session)(nil)

// New starts a session.
func New(o Options) (*Session, error) {
	s := &Session{lib: o.Library}
	if s.lib == nil {
		lib, err := symbols.Shared()
		if err != nil {
			return nil, err
		}
		s.lib = lib
	}
	s.input = &input{s: s}
	s.args = []string{"cell"}
	if err := s.openFiles(); err != nil {
		return nil, err
	}
	y := yaegi.New(yaegi.Options{Stdout: io.Discard, Stderr: io.Discard, Unrestricted: true})
	e, err := newEngine(y, s.lib, stream{&s.runs, "stdout"}, stream{&s.runs, "stderr"}, s.overrides())
	if err != nil {
		return nil, err
	}
	s.engine = e
	return s, nil
}

// Execute implements cell.Interpreter.
func (s *Session) Execute(ctx context.Context, req cell.Request, out cell.Sink) cell.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &run{sink: out, name: fmt.Sprintf("In[%d]", req.Count), stdin: req.AllowStdin}
	r.ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	s.setCurrent(r)
	defer s.setCurrent(nil)
	defer s.runs.enter(r)()
	s.engine.rt.ctx = r.ctx
	s.engine.rt.result = func(vs []any) {
		if !req.Silent && len(vs) > 0 {
			out.Emit(cell.Event{Kind: cell.ExecuteResult, Bundle: bundleOf(vs)})
		}
		if s.onResult != nil {
			s.onResult(vs)
		}
	}
	defer func() {
		if s.engine.usesFiles {
			s.flush()
		}
	}()
	if err := s.engine.Eval(r.ctx, req.Code); err != nil {
		s.lastErr = err
		return cell.Result{Error: &cell.Error{Name: kindOf(err), Value: err.Error(), Traceback: []string{err.Error()}}}
	}
	return cell.Result{}
}

func kindOf(err error) string {
	var p yaegi.Panic
	switch {
	case errors.As(err, &p):
		return cell.ErrPanic
	case errors.Is(err, context.Canceled):
		return cell.ErrInterrupt
	}
	return cell.ErrCompile
}

func (s *Session) setCurrent(r *run) {
	s.running.Lock()
	s.current = r
	s.running.Unlock()
}

// Interrupt implements cell.Interpreter.
func (s *Session) Interrupt(context.Context) error {
	s.running.Lock()
	defer s.running.Unlock()
	if s.current != nil {
		s.current.stop(context.Canceled)
	}
	return nil
}

// Complete implements cell.Interpreter.
func (s *Session) Complete(context.Context, string, int) (cell.Completion, error) {
	return cell.Completion{}, nil
}

// Inspect implements cell.Interpreter.
func (s *Session) Inspect(context.Context, string, int, int) (cell.Inspection, error) {
	return cell.Inspection{}, nil
}

// IsComplete implements cell.Interpreter.
func (s *Session) IsComplete(context.Context, string) (cell.Completeness, error) {
	return cell.Completeness{Status: "unknown"}, nil
}

// Comm implements cell.Interpreter: no comm is known yet, so it is closed.
func (s *Session) Comm(_ context.Context, m cell.CommMessage, out cell.Sink) error {
	if m.Kind != cell.CommClose {
		out.Emit(cell.Event{Kind: cell.CommClose, Comm: &cell.CommMessage{Kind: cell.CommClose, ID: m.ID, Data: map[string]any{}}})
	}
	return nil
}

// Comms implements cell.Interpreter.
func (s *Session) Comms(context.Context, string) (map[string]string, error) { return nil, nil }

// Close implements cell.Interpreter.
func (s *Session) Close() error {
	err := s.Interrupt(context.Background())
	s.closeFiles()
	return err
}
