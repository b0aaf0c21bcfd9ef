package xla

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"divvy/gpu/pjrt"
	"divvy/gpu/program"
	"divvy/gpu/stablehlo"
)

// executable is a compiled Program.
type executable struct {
	p        *program.Program
	device   *Device
	x        *loaded
	plan     program.Memory
	assigned map[*program.Value]bool // states that a run takes
	limits   map[string]int          // data -> ids must be below

	mu sync.Mutex
}

// Compile writes p as StableHLO and has it compiled.
func (d *Device) Compile(p *program.Program) (program.Executable, error) {
	if have := max(d.Ranks(), d.among); p.Ranks > 1 && p.Ranks != have {
		return nil, fmt.Errorf("compiling %q for %s: it is for %d ranks, the devices are %d", p.Name, d.Name(), p.Ranks, have)
	}
	text, err := stablehlo.Emit(p, d.o.Emit)
	if err != nil {
		return nil, fmt.Errorf("compiling %q for %s: %w", p.Name, d.Name(), err)
	}
	x, err := d.load(p, text)
	if err != nil {
		return nil, fmt.Errorf("compiling %q for %s: %w", p.Name, d.Name(), err)
	}
	e := &executable{p: p, device: d, x: x, assigned: map[*program.Value]bool{}, limits: limits(p)}
	for _, a := range p.Assigns {
		e.assigned[a.State] = true
	}
	e.plan, err = e.memory()
	return e, err
}

// runs are the devices that run a Program: all, or of ranks the first, if it is
// not for all.
func (d *Device) runs(p *program.Program) []*pjrt.Device {
	if d.o.Ranks && p.Ranks <= 1 {
		return d.devs[:1]
	}
	return d.devs
}

// spread is how an input lies on the devices.
func (e *executable) spread(v *program.Value) spread {
	s := spread{to: e.device.runs(e.p)}
	if e.device.o.Ranks {
		s.cut = v.Op.Attr.Split
	} else {
		s.cut = stablehlo.Divided(v.Shape, len(s.to))
	}
	return s
}

// whole is the shape of what a host gives for an input: of one process of several
// that process's part.
func (e *executable) whole(v *program.Value) []int {
	if e.device.among > 0 {
		return v.Shape
	}
	return e.p.Whole(v)
}

// memory is the compiler's plan, of all devices together.
func (e *executable) memory() (program.Memory, error) {
	var m program.Memory
	for _, v := range e.p.Inputs {
		n := int64(program.Elements(e.whole(v)) * v.Type.Size())
		if s := e.spread(v); !s.cut {
			n *= int64(len(s.to))
		}
		if v.Op.Attr.Role == program.State {
			m.State += n
		} else {
			m.Data += n
		}
	}
	for _, op := range e.p.Ops {
		for _, v := range op.Out {
			if op.Kind != program.Input {
				m.Unshared += int64(v.Len() * v.Type.Size())
			}
		}
	}
	plan, err := e.x.Memory()
	if err != nil {
		return m, fmt.Errorf("compiling %q for %s: %w", e.p.Name, e.device.Name(), err)
	}
	m.Temporary = (plan.Temporary + plan.Results - plan.Aliased) * int64(len(e.device.runs(e.p)))
	return m, nil
}

// limits finds, for the data that serve as ids, the rows of the smallest table
// that they name. XLA would take another row, or none, without a word.
func limits(p *program.Program) map[string]int {
	all := map[string]int{}
	for _, op := range p.Ops {
		var ids *program.Value
		var rows int
		switch op.Kind {
		case program.Gather:
			ids, rows = op.In[1], op.In[0].Dim(0)
		case program.ScatterAdd:
			ids, rows = op.In[1], op.Out[0].Dim(0)
		case program.LinearLogProb:
			ids, rows = op.In[2], op.In[1].Dim(0)
		case program.UpdateRows:
			ids, rows = op.In[2], op.In[0].Dim(0)/op.Attr.Rows
		default:
			continue
		}
		if ids.Op.Kind != program.Input || ids.Op.Attr.Role != program.Data {
			continue
		}
		name := ids.Op.Attr.Name
		if old, ok := all[name]; !ok || rows < old {
			all[name] = rows
		}
	}
	return all
}

func (e *executable) Program() *program.Program { return e.p }
func (e *executable) Memory() program.Memory    { return e.plan }

// Run runs the Program. It can be stopped until the device begins.
func (e *executable) Run(ctx context.Context, in program.Bindings) (map[string]*program.Tensor, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	out, err := e.run(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("running %q on %s: %w", e.p.Name, e.device.Name(), err)
	}
	return out, nil
}

func (e *executable) run(ctx context.Context, in program.Bindings) (map[string]*program.Tensor, error) {
	b, err := e.bind(in)
	defer b.release()
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("stopped before it began: %w", context.Cause(ctx))
	}
	results, err := e.x.Execute(b.arguments)
	if full(err) && b.intact() {
		collect()
		results, err = e.x.Execute(b.arguments)
	}
	if err != nil {
		b.mourn(err)
		return nil, err
	}
	for i, a := range e.p.Assigns {
		s := b.states[a.State]
		s.held.close() // its memory is the result's now
		s.held = result(results, i)
	}
	out := make(map[string]*program.Tensor, len(e.p.Outputs))
	var failed error
	for i, o := range e.p.Outputs {
		r := result(results, len(e.p.Assigns)+i)
		t, err := download(r, o.Value.Type, o.Value.Shape, false)
		r.close()
		if err != nil && failed == nil {
			failed = fmt.Errorf("output %q: %w", o.Name, err)
		}
		out[o.Name] = t
	}
	return out, failed
}

// result is one result on all devices.
func result(all [][]*pjrt.Buffer, i int) pieces {
	p := make(pieces, len(all))
	for d := range all {
		p[d] = all[d][i]
	}
	return p
}

// bound are the arguments of one run.
type bound struct {
	arguments [][]*pjrt.Buffer // by device
	data      []pieces         // to be freed
	states    map[*program.Value]*buffer
	assigned  map[*program.Value]bool
	locked    []*buffer
}

// bind checks the inputs, copies data to the device and locks the states.
func (e *executable) bind(in program.Bindings) (*bound, error) {
	b := &bound{states: make(map[*program.Value]*buffer, len(e.p.Inputs)), assigned: e.assigned, arguments: make([][]*pjrt.Buffer, len(e.device.runs(e.p)))}
	seen := make(map[*buffer]*program.Value, len(e.p.Inputs)) // one that is assigned, if there is one
	for _, v := range e.p.Inputs {
		name := v.Op.Attr.Name
		if v.Op.Attr.Role == program.State {
			s, ok := in.State[name].(*buffer)
			if !ok || s.device.client != e.device.client || !slices.Equal(s.device.devs, e.device.devs) {
				return b, fmt.Errorf("state %q is missing or belongs to another device", name)
			}
			want := e.whole(v)
			if s.typ != v.Type || !slices.Equal(s.shape, want) {
				return b, fmt.Errorf("state %q is %s, want %s", name, program.TypeString(s.typ, s.shape), program.TypeString(v.Type, want))
			}
			if how := e.spread(v); how.cut != s.how.cut || len(how.to) != len(s.how.to) {
				return b, fmt.Errorf("state %q lies on %d devices, split: %v; the Program wants it on %d, %v", name, len(s.how.to), s.how.cut, len(how.to), how.cut)
			}
			other, again := seen[s]
			if again && (e.assigned[v] || e.assigned[other]) {
				return b, fmt.Errorf("states %q and %q are one buffer, and the Program assigns to it", other.Op.Attr.Name, name)
			}
			seen[s] = v
			if !again {
				s.mu.Lock()
				b.locked = append(b.locked, s)
			}
			if s.lost != nil {
				return b, fmt.Errorf("state %q: %w", name, s.lost)
			}
			b.states[v] = s
			b.pass(s.held)
			continue
		}
		t := in.Data[name]
		if t == nil {
			return b, fmt.Errorf("data %q is missing", name)
		}
		if err := t.Check(v.Type, e.whole(v)); err != nil {
			return b, fmt.Errorf("data %q %w", name, err)
		}
		if rows, ok := e.limits[name]; ok {
			for i, id := range t.I32 {
				if int(id) >= rows {
					return b, fmt.Errorf("data %q: id %d at position %d is outside the table's %d rows", name, id, i, rows)
				}
			}
		}
		x, err := e.device.upload(t, e.spread(v))
		if err != nil {
			return b, fmt.Errorf("data %q: %w", name, err)
		}
		b.data = append(b.data, x)
		b.pass(x)
	}
	return b, nil
}

// pass adds an argument.
func (b *bound) pass(p pieces) {
	for d, x := range p {
		b.arguments[d] = append(b.arguments[d], x)
	}
}

// release frees the data and unlocks the states.
func (b *bound) release() {
	for _, x := range b.data {
		x.close()
	}
	for _, s := range b.locked {
		s.mu.Unlock()
	}
}

// intact says whether every state still has its memory.
func (b *bound) intact() bool {
	for v, s := range b.states {
		if b.assigned[v] && s.held.gone() {
			return false
		}
	}
	return true
}

// mourn marks the states that a failed run took along.
func (b *bound) mourn(why error) {
	for v, s := range b.states {
		if b.assigned[v] && s.held.gone() {
			s.lost = fmt.Errorf("it was lost when a run failed on the device: %w", why)
		}
	}
}
