package interp

import (
	"context"
	"errors"
	"fmt"
	"go/types"
	"path"
	"reflect"
	"sort"
	"strings"
	"sync"
	"unsafe"

	"divvy/kernel/cell"
	"divvy/kernel/debug"
)

// debugging is a session's side of the debugger.
type debugging struct {
	mu      sync.Mutex // one request at a time; guards what follows
	adapter *debug.Adapter
	idle    bool // no cell runs, nor can one begin

	globals map[string]reflect.Value // pointers to variables, by internal name
	engine  *engine                  // that they belong to

	compiling  sync.Mutex // guards conditions
	conditions map[condition]*evaluation
}

var _ cell.Debugger = (*Session)(nil)

// Debug implements cell.Debugger.
func (s *Session) Debug(ctx context.Context, request []byte, out cell.Sink) (reply []byte, err error) {
	d := &s.debugging
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.adapter == nil {
		d.adapter = debug.NewAdapter(debugged{s}, s.tracer)
	}
	if s.mu.TryLock() {
		d.idle = true
		defer func() {
			d.idle = false
			s.mu.Unlock()
		}()
	}
	err = s.guard(func() (err error) {
		reply, err = d.adapter.Handle(ctx, request, func(event []byte) {
			out.Emit(cell.Event{Kind: cell.DebugEvent, Debug: event})
		})
		return err
	})
	return reply, err
}

// debugged is a session as the debugger sees it.
type debugged struct{ s *Session }

var _ debug.Program = debugged{}

func (p debugged) SetHooks(on bool) { p.s.engine.hooks.Store(on) }

func (p debugged) Busy() bool { return !p.s.debugging.idle }

// Lines implements debug.Program.
func (p debugged) Lines(code string) (func(int) int, error) {
	trimmed := strings.TrimLeft(code, " \t\r\n")
	if strings.HasPrefix(trimmed, "%%") {
		first, body, _ := strings.Cut(trimmed, "\n")
		if !strings.HasPrefix(first, "%%time") {
			return func(int) int { return 0 }, nil
		}
		skipped := strings.Count(code[:len(code)-len(trimmed)], "\n") + 1
		return stopLines(strings.Repeat("\n", skipped) + body)
	}
	var parts []string
	for _, seg := range p.s.segments(code) {
		if seg.magic == "" {
			parts = append(parts, seg.code)
		}
	}
	return stopLines(parts...)
}

func (p debugged) Modules() []debug.Module {
	var out []debug.Module
	for _, pkg := range p.s.lib.Paths() {
		out = append(out, debug.Module{Name: path.Base(pkg), Path: pkg})
	}
	return out
}

// Source implements debug.Program: what a package offers, as Go declares it.
func (p debugged) Source(path string) (string, bool) {
	pkg, err := p.s.lib.Import(path)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	fmt.Fprintf(&b, "package %s // import %q\n", pkg.Name(), path)
	qualify := func(o *types.Package) string {
		if o == pkg {
			return ""
		}
		return o.Name()
	}
	for _, name := range pkg.Scope().Names() {
		o := pkg.Scope().Lookup(name)
		if !o.Exported() {
			continue
		}
		fmt.Fprintf(&b, "\n%s\n", types.ObjectString(o, qualify))
		if t, ok := o.(*types.TypeName); ok {
			for _, m := range methodsOf(t.Type()) {
				fmt.Fprintf(&b, "%s\n", types.ObjectString(m, qualify))
			}
		}
	}
	return b.String(), true
}

// methodsOf are the exported methods that a type declares.
func methodsOf(t types.Type) []*types.Func {
	n, ok := t.(*types.Named)
	if !ok {
		return nil
	}
	var out []*types.Func
	for m := range n.Methods() {
		if m.Exported() {
			out = append(out, m)
		}
	}
	return out
}

// Locals lists the local variables of a frame; those of a cell's own frame
// begin with what the cell defines.
func (p debugged) Locals(f *debug.Frame) []debug.Variable {
	var out []debug.Variable
	if from, ok := f.Func.Data.(*traceFrom); ok && f.Func.Cell {
		for _, name := range from.defs {
			if v, ok := p.global(name); ok {
				out = append(out, v)
			}
		}
	}
	if f.Site() == nil {
		return out
	}
	for _, i := range f.Site().Scope {
		ptr := reflect.ValueOf(f.Pointer(i))
		if ptr.Kind() != reflect.Pointer || ptr.IsNil() {
			continue
		}
		l := f.Func.Vars[i]
		out = append(out, p.variable(l.Name, l.Name, l.Data.(localVar).typ, ptr.Elem()))
	}
	return out
}

// Globals lists the variables of the session.
func (p debugged) Globals() []debug.Variable {
	e := p.s.engine
	var names []string
	e.mu.Lock()
	for n, v := range e.vars {
		if !v.predeclared {
			names = append(names, n)
		}
	}
	e.mu.Unlock()
	sort.Strings(names)
	out := make([]debug.Variable, 0, len(names))
	for _, n := range names {
		if v, ok := p.global(n); ok {
			out = append(out, v)
		}
	}
	return out
}

// global is a variable of the session.
func (p debugged) global(name string) (debug.Variable, bool) {
	e := p.s.engine
	e.mu.Lock()
	v := e.vars[name]
	e.mu.Unlock()
	if v == nil {
		return debug.Variable{}, false
	}
	ptr := p.pointer(v.iname)
	if ptr.Kind() != reflect.Pointer || ptr.IsNil() {
		return debug.Variable{}, false
	}
	return p.variable(name, name, v.typ, ptr.Elem()), true
}

// pointer points to a variable of the interpreted program. It stays the same
// for as long as there is the variable.
func (p debugged) pointer(iname string) reflect.Value {
	d, e := &p.s.debugging, p.s.engine
	if d.engine != e {
		d.engine, d.globals = e, map[string]reflect.Value{}
	}
	if ptr, ok := d.globals[iname]; ok {
		return ptr
	}
	ptr, err := p.interpreted("&" + iname)
	if err != nil {
		return reflect.Value{}
	}
	d.globals[iname] = ptr
	return ptr
}

// interpreted evaluates lowered code, beside a cell that is held.
func (p debugged) interpreted(code string) (v reflect.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	e := p.s.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	v, err = e.yaegi.Eval(code)
	e.keep.forget(nil)
	return v, err
}

var errNoFrame = errors.New("this part of the program was compiled too long ago to evaluate anything in it")

// Evaluate implements debug.Program.
func (p debugged) Evaluate(ctx context.Context, f *debug.Frame, expr string) (debug.Variable, error) {
	if f == nil {
		return p.evaluateGlobally(ctx, expr)
	}
	ev, err := p.compileIn(f, expr, evalValues, "")
	if err != nil {
		return debug.Variable{}, err
	}
	values, _, err := p.run(ctx, f, ev)
	if err != nil {
		return debug.Variable{}, err
	}
	out := debug.Variable{Name: expr}
	var vars []debug.Variable
	for i, ptr := range values {
		name := expr
		if ev.types[i] == nil {
			continue
		}
		vars = append(vars, p.variable(name, "", ev.types[i], reflect.ValueOf(ptr).Elem()))
	}
	if ev.isNil {
		out.Value, out.Type = "nil", "untyped nil"
	}
	switch len(vars) {
	case 0:
		return out, nil
	case 1:
		return vars[0], nil
	}
	var texts, types []string
	for i := range vars {
		vars[i].Name = fmt.Sprintf("[%d]", i)
		texts, types = append(texts, vars[i].Value), append(types, vars[i].Type)
	}
	out.Value, out.Type = "("+strings.Join(texts, ", ")+")", "("+strings.Join(types, ", ")+")"
	out.Children = variables(vars)
	return out, nil
}

// Bundle implements debug.Program.
func (p debugged) Bundle(ctx context.Context, f *debug.Frame, expr string) (data, metadata map[string]any, err error) {
	var b *cell.Bundle
	if f == nil {
		_, b, err = p.result(ctx, expr)
	} else {
		var ev *evaluation
		if ev, err = p.compileIn(f, expr, evalBoxed, ""); err == nil {
			_, b, err = p.run(ctx, f, ev)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if b == nil {
		return map[string]any{}, nil, nil
	}
	return b.Data, b.Metadata, nil
}

// evaluateGlobally evaluates an expression as a cell would.
func (p debugged) evaluateGlobally(ctx context.Context, expr string) (debug.Variable, error) {
	if !p.s.debugging.idle {
		return debug.Variable{}, errors.New("a cell is held: choose one of its frames to evaluate in")
	}
	if v, ok := p.global(strings.TrimSpace(expr)); ok {
		return v, nil
	}
	vs, _, err := p.result(ctx, expr)
	if err != nil {
		return debug.Variable{}, err
	}
	out := debug.Variable{Name: expr}
	if len(vs) == 1 {
		v := reflect.New(reflect.TypeFor[any]()).Elem()
		if vs[0] != nil {
			v.Set(reflect.ValueOf(vs[0]))
		}
		out = p.variable(expr, "", nil, v)
	}
	return out, nil
}

// result runs an expression as a cell of its own. The session is held.
func (p debugged) result(ctx context.Context, expr string) ([]any, *cell.Bundle, error) {
	s := p.s
	if !s.debugging.idle {
		return nil, nil, errors.New("a cell runs")
	}
	var shown []any
	var bundle *cell.Bundle
	r := &run{sink: quietSink{}, name: "debug", session: s}
	r.ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	defer s.runs.enter(r)()
	s.engine.rt.ctx = r.ctx
	s.engine.answerTo(func(vs []any) { shown, bundle = vs, bundleOf(vs) })
	var err error
	s.tracer.Quietly(func() {
		err = s.guard(func() error { return s.engine.eval(r, expr) })
	})
	if err != nil {
		return nil, nil, errors.New(s.report(r, err).Value)
	}
	return shown, bundle, nil
}

// quietSink takes what an evaluation prints: nobody asked for that.
type quietSink struct{}

func (quietSink) Emit(cell.Event) {}
func (quietSink) Input(context.Context, string, bool) (string, error) {
	return "", errors.New("an evaluation of the debugger cannot ask for input")
}

// variables are Children that are there already.
type variables []debug.Variable

func (v variables) Len() int      { return len(v) }
func (v variables) Indexed() bool { return false }
func (v variables) Slice(start, n int) []debug.Variable {
	return v[start:min(len(v), start+n)]
}

// readable makes a field that is not exported readable.
func readable(v reflect.Value) reflect.Value {
	if v.CanInterface() || !v.CanAddr() {
		return v
	}
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
}
