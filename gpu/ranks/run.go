package ranks

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"divvy/gpu/program"
)

// executable is a Program on the ranks.
type executable struct {
	p      *program.Program
	device *Device
	id     int
	memory program.Memory
}

// all says whether all ranks run it, or the first only.
func (e *executable) all() bool { return e.p.Ranks > 1 }

// Compile has the Program compiled by all ranks, or by the first if it is not for
// several.
func (d *Device) Compile(p *program.Program) (program.Executable, error) {
	if p.Ranks > 1 && p.Ranks != len(d.procs) {
		return nil, fmt.Errorf("compiling %q for %s: it is for %d ranks", p.Name, d.name, p.Ranks)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	e := &executable{p: p, device: d, id: d.number()}
	w := p.Wire()
	answers, err := d.ask(func(rank int) *request {
		if e.all() || rank == 0 {
			return &request{Do: "compile", ID: e.id, Program: &w}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("compiling %q for %s: %w", p.Name, d.name, err)
	}
	for _, a := range answers {
		e.memory.State += a.Memory.State
		e.memory.Data += a.Memory.Data
		e.memory.Temporary += a.Memory.Temporary
		e.memory.Unshared += a.Memory.Unshared
	}
	runtime.AddCleanup(e, d.forget, e.id)
	return e, nil
}

func (e *executable) Program() *program.Program { return e.p }

// Memory is the plan of all ranks together.
func (e *executable) Memory() program.Memory { return e.memory }

// Run runs the Program on its ranks. It can be stopped before it begins.
func (e *executable) Run(ctx context.Context, in program.Bindings) (map[string]*program.Tensor, error) {
	out, err := e.run(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("running %q on %s: %w", e.p.Name, e.device.name, err)
	}
	return out, nil
}

func (e *executable) run(ctx context.Context, in program.Bindings) (map[string]*program.Tensor, error) {
	state := map[string]int{}
	for _, v := range e.p.Inputs {
		name := v.Op.Attr.Name
		whole := e.p.Whole(v)
		if v.Op.Attr.Role == program.Data {
			t := in.Data[name]
			if t == nil {
				return nil, fmt.Errorf("data %q is missing", name)
			}
			if err := t.Check(v.Type, whole); err != nil {
				return nil, fmt.Errorf("data %q %w", name, err)
			}
			continue
		}
		b, ok := in.State[name].(*buffer)
		if !ok || b.device != e.device {
			return nil, fmt.Errorf("state %q is missing or belongs to another device", name)
		}
		if b.split != v.Op.Attr.Split || b.typ != v.Type || !slices.Equal(b.shape, whole) {
			return nil, fmt.Errorf("state %q is %s, split over the ranks: %v; want %s, %v", name, program.TypeString(b.typ, b.shape), b.split, program.TypeString(v.Type, whole), v.Op.Attr.Split)
		}
		if !b.split && e.all() {
			return nil, fmt.Errorf("state %q is on the first rank only, and the Program is for all", name)
		}
		state[name] = b.id
	}
	d := e.device
	d.mu.Lock()
	defer d.mu.Unlock()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("stopped before it began: %w", context.Cause(ctx))
	}
	answers, err := d.ask(func(rank int) *request {
		if !e.all() && rank > 0 {
			return nil
		}
		r := &request{Do: "run", ID: e.id, State: state, Data: map[string]*tensor{}}
		for _, v := range e.p.Inputs {
			if a := v.Op.Attr; a.Role == program.Data && a.Split {
				r.Data[a.Name] = d.part(in.Data[a.Name], rank)
			} else if a.Role == program.Data {
				r.Data[a.Name] = wire(in.Data[a.Name])
			}
		}
		return r
	})
	if err != nil {
		if d.lost == nil && e.all() {
			// A rank that failed has left the others: they are out of step.
			d.end(fmt.Errorf("%w; the ranks were ended, and what they held is lost: start again, from a checkpoint if there is one", err))
		}
		return nil, err
	}
	out := map[string]*program.Tensor{}
	for name, t := range answers[0].Outputs {
		out[name] = t.host()
	}
	runtime.KeepAlive(in)
	return out, nil
}
