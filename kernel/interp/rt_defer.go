package interp

import (
	"bytes"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
)

// defers holds the deferred calls of one call of a function of a cell.
type defers struct {
	r    *runtime
	list []deferred
}

// deferred is one deferred call: a function literal that does not recover, one
// that does and is told of the panic, or a call of any function.
type deferred struct {
	plain      func()
	recovering func(*panicking)
	call       func()
}

// panicking is a panic on its way up.
type panicking struct {
	value     any
	recovered bool
}

func (r *runtime) newDefers() *defers { return &defers{r: r} }

// Add defers a function that does not recover.
func (d *defers) Add(f func()) { d.list = append(d.list, deferred{plain: f}) }

// AddRecovering defers a function literal that recovers.
func (d *defers) AddRecovering(f func(*panicking)) {
	d.list = append(d.list, deferred{recovering: f})
}

// AddCall defers a call of a function of which it is not known whether it recovers.
func (d *defers) AddCall(f func()) { d.list = append(d.list, deferred{call: f}) }

// Run runs the body of a function and then what it deferred.
func (d *defers) Run(body func()) {
	t := d.r.trace()
	before := t.len()
	returned := false
	defer func() {
		var p *panicking
		if !returned {
			// Without a value the goroutine is being ended by Goexit.
			if v := recover(); v != nil {
				p = &panicking{value: v}
			}
		}
		if p = d.unwind(p, t, before); p != nil {
			panic(p.value)
		}
	}()
	body()
	returned = true
}

// unwind runs the deferred calls, last first, and returns the panic that
// nothing recovered.
func (d *defers) unwind(p *panicking, t *trace, before int) *panicking {
	if p != nil && final(p.value) {
		return p
	}
	for len(d.list) > 0 {
		last := len(d.list) - 1
		f := d.list[last]
		d.list = d.list[:last]
		if q := f.run(p); q != nil {
			p = q
		} else if p != nil && p.recovered {
			p = nil
			t.truncate(before) // of a panic that was recovered nothing is told
		}
	}
	return p
}

func (f deferred) run(p *panicking) (q *panicking) {
	defer func() {
		if v := recover(); v != nil {
			q = &panicking{value: v}
		}
	}()
	switch {
	case f.recovering != nil:
		f.recovering(p)
	case f.plain != nil && pendingPanics.n.Load() == 0:
		f.plain()
	case f.plain != nil:
		defer pendingPanics.set(nil)()
		f.plain()
	case p != nil || pendingPanics.n.Load() != 0:
		defer pendingPanics.set(p)()
		f.call()
	default:
		f.call()
	}
	return nil
}

// final reports whether a panic ends the cell come what may.
func final(v any) bool {
	switch unwrapValue(v).(type) {
	case exitPanic:
		return true
	case error:
		return unwrapValue(v) == errInterrupted
	}
	return false
}

// pendingPanic is the panic that a function may recover if it is called as a deferred
// one, and is asked when it begins: what it calls may not.
func pendingPanic() *panicking {
	if pendingPanics.n.Load() == 0 {
		return nil
	}
	return pendingPanics.take()
}

// recovered is what recover returns in a function that was told of the panic.
func (r *runtime) recovered(p *panicking) any {
	if p == nil || p.recovered || final(p.value) {
		return nil
	}
	p.recovered = true
	return recovered(p.value)
}

// pendingPanics holds the panics that a deferred call may recover, by the
// goroutine that runs it. It is empty unless something panics.
var pendingPanics panics

type panics struct {
	n atomic.Int64
	m sync.Map // goroutine id -> *panicking
}

func (ps *panics) get() *panicking {
	p, _ := ps.m.Load(goroutineID())
	q, _ := p.(*panicking)
	return q
}

// take is get, once.
func (ps *panics) take() *panicking {
	p, _ := ps.m.LoadAndDelete(goroutineID())
	q, _ := p.(*panicking)
	return q
}

// set makes p the panic of this goroutine; the result puts back what was.
func (ps *panics) set(p *panicking) (restore func()) {
	g := goroutineID()
	old := ps.get()
	put := func(p *panicking) {
		if p == nil {
			ps.m.Delete(g)
		} else {
			ps.m.Store(g, p)
		}
	}
	ps.n.Add(1)
	put(p)
	return func() { put(old); ps.n.Add(-1) }
}

// goroutineID reads the number of the goroutine from its stack trace.
func goroutineID() string {
	var buf [64]byte
	b := bytes.TrimPrefix(buf[:goruntime.Stack(buf[:], false)], []byte("goroutine "))
	if i := bytes.IndexByte(b, ' '); i > 0 {
		b = b[:i]
	}
	return string(b)
}

// goexit is runtime.Goexit, refused where it would end the cell's own goroutine.
func goexit() {
	pcs := make([]uintptr, 4096)
	frames := goruntime.CallersFrames(pcs[:goruntime.Callers(0, pcs)])
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, ".EvalWithContext.func1") {
			panic("runtime.Goexit: a cell cannot end the goroutine that runs it; call it in one started with go")
		}
		if !more {
			break
		}
	}
	goruntime.Goexit()
}
