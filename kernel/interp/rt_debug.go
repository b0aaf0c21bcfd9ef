package interp

import (
	"context"
	"sync"

	"github.com/petermattis/goid"

	"divvy/kernel/debug"
)

// tracing is the part of the support that serves the debugger: it finds the
// functions that lowered code names by number, and the values that an
// evaluation is given and gives.
type tracing struct {
	tracer *debug.Tracer

	mu    sync.RWMutex // guards what follows
	funcs []*debug.Func

	evaluating sync.Mutex // one evaluation at a time; guards what follows
	pointers   []any      // to the variables of the frame
	values     []any      // pointers to what the expression gave
	boxed      []any      // the same as interface values
}

// newTracer follows the goroutines of a session. Goroutines are told apart by
// their numbers, which package goid reads faster than runtime.Stack prints them.
func newTracer(rs *runs) *debug.Tracer {
	return debug.NewTracer(goid.Get, func() <-chan struct{} {
		ended := make(chan struct{})
		if r := rs.current(); r != nil {
			context.AfterFunc(r.ctx, func() {
				// Goroutines outlive their cell, but not its interrupt.
				if context.Cause(r.ctx) != context.Canceled {
					close(ended)
				}
			})
		}
		return ended
	})
}

func (t *tracing) addFunc(f *debug.Func) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.funcs = append(t.funcs, f)
	return len(t.funcs) - 1
}

// lighten lets go of what is known of a function's variables: of one that is
// called nevertheless, the lines are still followed.
func (t *tracing) lighten(n int, f *debug.Func) {
	light := &debug.Func{Name: f.Name, Code: f.Code, Source: f.Source, Cell: f.Cell}
	for _, s := range f.Sites {
		light.Sites = append(light.Sites, &debug.Site{Line: s.Line, Column: s.Column, Again: s.Again})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.Cell {
		light = nil // it does not run again
	}
	t.funcs[n] = light
}

func (t *tracing) enter(n int) *debug.Frame {
	t.mu.RLock()
	f := t.funcs[n]
	t.mu.RUnlock()
	return t.tracer.Enter(f)
}

// local stores the pointer to a variable of the frame where p points.
func (t *tracing) local(n int, p any) { into(t.pointers[n], p) }

// value takes what an expression gave.
func (t *tracing) value(p any) { t.values = append(t.values, p) }

func (t *tracing) boxValue(vs ...any) { t.boxed = append(t.boxed, vs...) }
