package cpu

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"divvy/gpu/program"
)

// executable is a planned Program. Its memory is lent by the device for the
// time of a run.
type executable struct {
	p       *program.Program
	plan    *plan
	device  *Device
	workers int
	space   int64     // workspace in bytes
	moments [2]*coder // of AdamW8, if there is one

	mu   sync.Mutex
	work memory   // during a run
	mem  []memory // by value ID, during a run
}

// Compile plans memory for p.
func (d *Device) Compile(p *program.Program) (program.Executable, error) {
	e := &executable{p: p, plan: newPlan(p), device: d, workers: d.workers, mem: make([]memory, p.Values)}
	if err := d.ranked(p.Ranks); err != nil {
		return nil, fmt.Errorf("compiling %q for the processor: %w", p.Name, err)
	}
	for _, op := range p.Ops {
		if kernels[op.Kind] == nil {
			return nil, fmt.Errorf("compiling %q for the processor: no kernel for %s", p.Name, op)
		}
		e.space = max(e.space, workspace(op))
		if op.Kind == program.AdamW8 && e.moments[0] == nil {
			e.moments = [2]*coder{newCoder(program.SignedCodes()), newCoder(program.UnsignedCodes())}
		}
	}
	return e, nil
}

func (e *executable) Program() *program.Program { return e.p }
func (e *executable) Memory() program.Memory    { return e.plan.memory(e.space) }

// Run executes the operations in order.
func (e *executable) Run(ctx context.Context, in program.Bindings) (map[string]*program.Tensor, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	arena := e.device.spare.take(e.plan.arena + e.space)
	defer e.device.spare.give(arena)
	defer clear(e.mem) // hold no memory of others between runs
	if err := e.bind(in, arena); err != nil {
		return nil, fmt.Errorf("running %q: %w", e.p.Name, err)
	}
	for i, op := range e.p.Ops {
		if i <= e.plan.commit {
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("running %q: stopped before operation %d of %d: %w", e.p.Name, i, len(e.p.Ops), context.Cause(ctx))
			}
		}
		if e.free(op) {
			continue
		}
		if err := kernels[op.Kind](e, op); err != nil {
			return nil, fmt.Errorf("running %q: operation %d, %s: %w", e.p.Name, i, op, err)
		}
		for _, v := range op.Out {
			if v.Type == program.BF16 {
				e.round(v)
			}
		}
	}
	out := make(map[string]*program.Tensor, len(e.p.Outputs))
	for _, o := range e.p.Outputs {
		b := buffer{typ: o.Value.Type, shape: o.Value.Shape, mem: e.mem[o.Value.ID]}
		out[o.Name], _ = b.Download() // the host's own memory: cannot fail
	}
	e.assign()
	return out, nil
}

// free says whether the operation's result is there without work.
func (e *executable) free(op *program.Op) bool {
	switch op.Kind {
	case program.Input, program.Const, program.Literal:
		return true
	}
	return view(op) || e.plan.lazy[op.Out[0].ID]
}

// bind checks the inputs and points every value at its memory.
func (e *executable) bind(in program.Bindings, arena memory) error {
	e.work = arena[e.plan.arena:]
	at := make(map[*storage]memory, len(e.p.Inputs))
	for _, v := range e.p.Inputs {
		name := v.Op.Attr.Name
		s := e.plan.of[v.ID]
		if s.state != nil {
			b, ok := in.State[name].(*buffer)
			if !ok {
				return fmt.Errorf("state %q is missing or belongs to another device", name)
			}
			if b.typ != v.Type || !slices.Equal(b.shape, v.Shape) {
				return fmt.Errorf("state %q is %s, want %s", name, program.TypeString(b.typ, b.shape), program.TypeString(v.Type, v.Shape))
			}
			at[s] = b.mem
			continue
		}
		t := in.Data[name]
		if t == nil {
			return fmt.Errorf("data %q is missing", name)
		}
		if err := t.Check(v.Type, v.Shape); err != nil {
			return fmt.Errorf("data %q %w", name, err)
		}
		m := alloc(s.bytes)
		store(m, t)
		at[s] = m
	}
	for _, op := range e.p.Ops {
		for _, v := range op.Out {
			s := e.plan.of[v.ID]
			switch {
			case s.fixed != nil:
				e.mem[v.ID] = s.fixed
			case s.offset >= 0:
				e.mem[v.ID] = arena[s.offset : s.offset+s.bytes]
			default:
				e.mem[v.ID] = at[s]
			}
		}
	}
	return nil
}

// assign copies what was not written in place. All values are read before any
// state is written, as a state may be assigned from another.
func (e *executable) assign() {
	type move struct{ to, from memory }
	var moves []move
	for _, a := range e.p.Assigns {
		s, from := e.plan.of[a.State.ID], e.plan.of[a.To.ID]
		if s == from {
			continue
		}
		m := move{e.mem[a.State.ID], e.mem[a.To.ID]}
		if from.state != nil {
			m.from = slices.Clone(m.from)
		}
		moves = append(moves, m)
	}
	for _, m := range moves {
		copy(m.to, m.from)
	}
}

// vec is the elements of a float value.
func vec[T float](e *executable, v *program.Value) []T { return floats[T](e.mem[v.ID], v.Len()) }

// ids is the elements of an I32 value.
func (e *executable) ids(v *program.Value) []int32 { return ints(e.mem[v.ID], v.Len()) }

// round brings a BF16 result to bfloat16.
func (e *executable) round(v *program.Value) {
	x := vec[float32](e, v)
	chunks(e.workers, len(x), 1<<14, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			x[i] = program.RoundBF16(x[i])
		}
	})
}
