package interp

import (
	"errors"
	"fmt"
	"strings"

	"divvy/kernel/cell"
	"divvy/kernel/native"
	"divvy/kernel/native/helper"
)

// compiledFunc is a function of a compiled program.
type compiledFunc struct {
	program *native.Program
	name    string
	iname   string // of what stands for it
}

// native calls compiled function i. ptrs are the addresses of its n parameters
// and then of its results.
func (r *runtime) native(i, n int, ptrs ...any) {
	r.compiledMu.RLock()
	f := r.compiled[i]
	r.compiledMu.RUnlock()
	cur := r.runs.current()
	if cur == nil {
		panic(&panicked{value: fmt.Errorf("%s was called outside any cell", f.name)})
	}
	err := f.program.Call(cur.ctx, f.name, ptrs[:n], ptrs[n:], runStream{cur, "stdout"}, runStream{cur, "stderr"})
	if err == nil {
		return
	}
	if cur.ctx.Err() != nil {
		fmt.Fprintf(runStream{cur, "stderr"}, "%s was compiled code: its process was ended; the next call starts a new one\n", f.name)
		panic(errInterrupted)
	}
	var p *native.Panic
	if !errors.As(err, &p) {
		panic(&panicked{value: err})
	}
	cur.trace.mu.Lock()
	for _, at := range p.Trace {
		cur.trace.frames = append(cur.trace.frames, frame{fn: at.Func, file: at.Cell, line: at.Line})
	}
	cur.trace.mu.Unlock()
	switch p.Kind {
	case helper.ThrewRuntimeError:
		panic(&panicked{value: runtimeError(strings.TrimPrefix(p.Text, "runtime error: "))})
	case helper.ThrewString:
		panic(&panicked{value: p.Text})
	case helper.ThrewError:
		panic(&panicked{value: errors.New(p.Text)})
	}
	panic(&panicked{value: thrown(p.Text)})
}

// thrown is the text of a value that compiled code panicked with.
type thrown string

func (t thrown) String() string { return string(t) }

// runStream writes to the sink of a run.
type runStream struct {
	r    *run
	name string
}

func (s runStream) Write(p []byte) (int, error) {
	s.r.sink.Emit(cell.Event{Kind: cell.Stream, Stream: s.name, Text: string(p)})
	return len(p), nil
}
