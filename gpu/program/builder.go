package program

import (
	"fmt"
	"slices"
)

// Builder adds operations to a Program under construction. Its methods check
// types and shapes; what does not fit ends the building function, and Build
// returns it as an error.
type Builder struct {
	p        *Program
	segments []segment
	names    map[string]bool // inputs and outputs, which share one name space
}

// segment is a run of operations, Ops[lo:hi], that the gradient recomputes.
type segment struct{ lo, hi int }

// buildError carries a mistake from a Builder method to Build.
type buildError struct{ err error }

// Build makes a Program by running write.
func Build(name string, write func(b *Builder)) (p *Program, err error) {
	b := &Builder{p: &Program{Name: name}, names: map[string]bool{}}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case buildError:
			p, err = nil, fmt.Errorf("building program %q: %w", name, r.err)
		default:
			panic(r) // not ours
		}
	}()
	write(b)
	b.prune()
	return b.p, nil
}

// prune drops the operations on which no output and no assignment depends.
// Inputs stay, so that a Program's bindings do not hang on what became of them.
func (b *Builder) prune() {
	p := b.p
	if len(p.Outputs)+len(p.Assigns) == 0 {
		b.Fail("it has no output and assigns nothing")
	}
	live := make(map[*Op]bool, len(p.Ops))
	for _, o := range p.Outputs {
		live[o.Value.Op] = true
	}
	for _, a := range p.Assigns {
		live[a.To.Op] = true
	}
	for i := len(p.Ops) - 1; i >= 0; i-- {
		if op := p.Ops[i]; live[op] {
			for _, x := range op.In {
				live[x.Op] = true
			}
		}
	}
	p.Ops = slices.DeleteFunc(p.Ops, func(op *Op) bool { return !live[op] && op.Kind != Input })
}

// Fail ends the building function; Build returns the error.
func (b *Builder) Fail(format string, args ...any) {
	panic(buildError{fmt.Errorf(format, args...)})
}

// must fails unless ok, naming the operation.
func (b *Builder) must(ok bool, k Kind, in []*Value, why string) {
	if !ok {
		b.Fail("operation %d, %s%v: %s", len(b.p.Ops), k, in, why)
	}
}

// result is the type and shape of a result to define.
type result struct {
	t     DType
	shape []int
}

// add appends an operation and defines its results.
func (b *Builder) add(k Kind, a Attr, in []*Value, out ...result) []*Value {
	op := &Op{Kind: k, In: in, Attr: a}
	for i, r := range out {
		v := &Value{ID: b.p.Values, Type: r.t, Shape: slices.Clone(r.shape), Op: op, Index: i}
		b.p.Values++
		op.Out = append(op.Out, v)
	}
	b.p.Ops = append(b.p.Ops, op)
	return op.Out
}

// add1 appends an operation of one result.
func (b *Builder) add1(k Kind, a Attr, t DType, shape []int, in ...*Value) *Value {
	return b.add(k, a, in, result{t, shape})[0]
}

// like is a result of v's type and shape.
func like(v *Value) result { return result{v.Type, v.Shape} }

// Input declares an input. Names are unique among inputs and outputs.
func (b *Builder) Input(role Role, name string, t DType, shape ...int) *Value {
	b.claim(name)
	for _, d := range shape {
		if d < 1 {
			b.Fail("input %q: dimensions %v: each must be 1 or more", name, shape)
		}
	}
	v := b.add1(Input, Attr{Name: name, Role: role}, t, shape)
	b.p.Inputs = append(b.p.Inputs, v)
	return v
}

func (b *Builder) claim(name string) {
	if name == "" || b.names[name] {
		b.Fail("name %q of an input or output is empty or taken", name)
	}
	b.names[name] = true
}

// Output hands v to the host after each run, under the name.
func (b *Builder) Output(name string, v *Value) {
	b.claim(name)
	b.p.Outputs = append(b.p.Outputs, Output{name, v})
}

// Assign lets the State input take on the value of to when a run has ended.
// At most one assignment a state.
func (b *Builder) Assign(state, to *Value) {
	in := []*Value{state, to}
	b.must(state.Op.Kind == Input && state.Op.Attr.Role == State, Input, in, "only a state input can be assigned to")
	b.must(state.Type == to.Type && slices.Equal(state.Shape, to.Shape), Input, in, "the assigned value has another type or shape")
	for _, a := range b.p.Assigns {
		b.must(a.State != state, Input, in, "the state is assigned twice")
	}
	b.p.Assigns = append(b.p.Assigns, Assignment{state, to})
}

// Checkpoint runs write; when a gradient is taken through its operations,
// their results are computed again from the values that enter them instead
// of being kept. Segments cannot be nested.
func (b *Builder) Checkpoint(write func()) {
	lo := len(b.p.Ops)
	if n := len(b.segments); n > 0 && b.segments[n-1].hi > lo {
		b.Fail("operation %d: a checkpoint within a checkpoint", lo)
	}
	i := len(b.segments)
	b.segments = append(b.segments, segment{lo, int(^uint(0) >> 1)})
	write()
	b.segments[i].hi = len(b.p.Ops)
}

// Const is a tensor filled with x.
func (b *Builder) Const(t DType, x float64, shape ...int) *Value {
	return b.add1(Const, Attr{Value: x}, t, shape)
}

// Literal is a tensor of the given elements, row-major.
func (b *Builder) Literal(t DType, data []float64, shape ...int) *Value {
	b.must(len(data) == Elements(shape), Literal, nil, fmt.Sprintf("%d elements for shape %v", len(data), shape))
	return b.add1(Literal, Attr{Data: slices.Clone(data)}, t, shape)
}
