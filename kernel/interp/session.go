package interp

import (
	"context"
	"fmt"
	"io"
	runtimedebug "runtime/debug"
	"sync"

	yaegi "github.com/traefik/yaegi/interp"

	"divvy/kernel/cell"
	"divvy/kernel/debug"
	"divvy/kernel/native"
	"divvy/kernel/symbols"
	"divvy/stdlib/display"
)

// Options are the choices of a session; the zero value is the usual one.
type Options struct {
	// Library is where imports are looked up, symbols.Shared when nil.
	Library *symbols.Library
	// Compiler compiles the functions of %%native cells.
	Compiler native.Compiler
}

// Session holds the state of one notebook and runs its cells.
type Session struct {
	lib  *symbols.Library
	comp native.Compiler
	runs runs

	mu     sync.Mutex // held while a cell runs
	engine *engine

	input *input
	files files
	args  []string // os.Args

	lastDir string // the working directory before the last %cd

	running sync.Mutex // guards current
	current *run

	callbacks callbacks // of widgets
	tracer    *debug.Tracer
	debugging debugging

	onResult func(vs []any) // for tests
}

var _ cell.Interpreter = (*Session)(nil)

// New starts a session.
func New(o Options) (*Session, error) {
	s := &Session{lib: o.Library, comp: o.Compiler}
	if s.lib == nil {
		lib, err := symbols.Shared()
		if err != nil {
			return nil, err
		}
		s.lib = lib
	}
	connectDisplay()
	connectWidgets()
	s.input = &input{s: s}
	s.tracer = newTracer(&s.runs)
	s.args = []string{"cell"}
	if err := s.openFiles(); err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, nil
}

// start begins with an empty engine.
func (s *Session) start() error {
	rt := newRuntime(&s.runs, s.tracer, stream{&s.runs, "stdout"}, stream{&s.runs, "stderr"})
	y := yaegi.New(yaegi.Options{Stdout: io.Discard, Stderr: unwinding{&s.runs, &rt.spans, s.tracer.Panicking}, Unrestricted: true})
	e, err := newEngine(y, s.lib, rt, s.overrides())
	if err != nil {
		return err
	}
	e.natives.compiler = s.comp
	if s.engine != nil {
		s.engine.natives.close()
		e.hooks.Store(s.engine.hooks.Load())
	}
	s.engine = e
	return nil
}

// Execute implements cell.Interpreter.
func (s *Session) Execute(ctx context.Context, req cell.Request, out cell.Sink) cell.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &run{sink: out, name: req.Name, stdin: req.AllowStdin, session: s}
	if r.name == "" {
		r.name = fmt.Sprintf("In[%d]", req.Count)
	}
	// The run's context ends with an interrupt, not with the cell: goroutines of
	// the cell go on, and what they wait for must not seem to have come.
	r.ctx, r.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	defer context.AfterFunc(ctx, func() { r.stop(context.Cause(ctx)) })()
	s.setCurrent(r)
	defer s.setCurrent(nil)
	defer s.runs.enter(r)()
	empty := false
	r.result = func(vs []any) {
		empty = len(vs) == 1 && isZero(vs[0])
		if !req.Silent && len(vs) > 0 {
			out.Emit(cell.Event{Kind: cell.ExecuteResult, Bundle: bundleOf(vs)})
		}
		if s.onResult != nil {
			s.onResult(vs)
		}
	}
	var returned *unhandled
	r.failed = func(line int, err any) { returned = &unhandled{display.Of(showable(err)).Text(), line} }
	s.engine.belongTo(r)
	if name, detail, ok := helpOn(req.Code); ok {
		return s.help(ctx, r, name, detail)
	}
	if s.leaves(req.Code) {
		return cell.Result{Leave: true}
	}
	s.engine.begin(r.name, req.Code)
	err := s.guard(func() error { return s.runCell(r, req.Code) })
	if s.engine.usesFiles {
		s.flush()
	}
	if err == nil {
		for _, line := range r.told(empty) {
			fmt.Fprintln(s.engine.rt.stderr, line)
		}
		if returned != nil {
			err = returned
		}
	}
	if err != nil {
		return cell.Result{Error: s.report(r, err)}
	}
	return s.expressions(r, req)
}

// belongTo makes a run the one that ctx and the values of expressions go to.
func (s *engine) belongTo(r *run) {
	s.rt.ctx, s.rt.result, s.rt.failed, s.rt.noted = r.ctx, r.result, r.failed, r.noted
}

// answerTo makes a function the one that takes the values of expressions, errors
// among them.
func (s *engine) answerTo(result func(vs []any)) {
	s.rt.result, s.rt.failed, s.rt.noted = result, nil, func(string, string, any, bool) {}
}

// guard makes a panic of the front end itself an error.
func (s *Session) guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the kernel failed on this cell: %v\n%s", r, runtimedebug.Stack())
		}
	}()
	return f()
}

// expressions evaluates the request's user expressions.
func (s *Session) expressions(r *run, req cell.Request) cell.Result {
	res := cell.Result{}
	if len(req.UserExpressions) == 0 {
		return res
	}
	res.UserExpressions = map[string]cell.ExpressionResult{}
	for name, expr := range req.UserExpressions {
		var bundle *cell.Bundle
		s.engine.answerTo(func(vs []any) { bundle = bundleOf(vs) })
		err := s.guard(func() error { return s.engine.eval(r, expr) })
		switch {
		case err != nil:
			res.UserExpressions[name] = cell.ExpressionResult{Error: s.report(r, err)}
		case bundle == nil:
			res.UserExpressions[name] = cell.ExpressionResult{Bundle: &cell.Bundle{Data: map[string]any{"text/plain": ""}}}
		default:
			res.UserExpressions[name] = cell.ExpressionResult{Bundle: bundle}
		}
	}
	return res
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
		s.current.stop(errInterrupted)
	}
	return nil
}

// Close implements cell.Interpreter.
func (s *Session) Close() error {
	s.dropCallbacks()
	err := s.Interrupt(context.Background())
	s.engine.natives.close()
	s.closeFiles()
	s.runs.forget()
	return err
}
