package program

import "slices"

// OverRanks makes the Program one that n ranks run at once, each on a device of
// its own: on its own part of the inputs declared by SplitInput, and on the same
// other inputs. What ranks know of each other comes by AllReduce, AllGather and
// ReduceScatter, which all ranks reach in the same order. Outputs must be equal
// on all ranks.
//
// Gradient differentiates for such a Program as a whole: y must be a number that
// every rank has by an AllReduce, and derivatives by split inputs, which reach it
// through an AllGather, are each rank's part of those by the whole.
func (b *Builder) OverRanks(n int) {
	if n < 1 || len(b.p.Ops) > 0 {
		b.Fail("%d ranks, asked for behind %d operations: it must be the first thing, and one or more", n, len(b.p.Ops))
	}
	b.p.Ranks = n
}

// SplitInput declares an input of which each rank has a part of the given shape.
// The host's tensor is all parts behind each other along the first axis.
func (b *Builder) SplitInput(role Role, name string, t DType, shape ...int) *Value {
	v := b.Input(role, name, t, shape...)
	b.must(len(shape) > 0, Input, []*Value{v}, "a number cannot be split over ranks")
	v.Op.Attr.Split = true
	return v
}

// AllReduce is the sum of x over all ranks. Its gradient passes as it is, since
// all ranks compute what follows.
func (b *Builder) AllReduce(x *Value) *Value {
	b.must(x.Type.IsFloat(), AllReduce, []*Value{x}, "wants a floating-point operand")
	if b.p.Ranks <= 1 {
		return x
	}
	return b.add1(AllReduce, Attr{}, x.Type, x.Shape, x)
}

// AllGather is the ranks' x behind each other along the first axis.
func (b *Builder) AllGather(x *Value) *Value {
	b.must(x.Type.IsFloat() && len(x.Shape) > 0, AllGather, []*Value{x}, "wants a floating-point operand with an axis")
	if b.p.Ranks <= 1 {
		return x
	}
	s := slices.Clone(x.Shape)
	s[0] *= b.p.Ranks
	return b.add1(AllGather, Attr{}, x.Type, s, x)
}

// ReduceScatter is a rank's part, along the first axis, of the sum of x over all
// ranks.
func (b *Builder) ReduceScatter(x *Value) *Value {
	n := max(1, b.p.Ranks)
	b.must(x.Type.IsFloat() && len(x.Shape) > 0 && x.Shape[0]%n == 0, ReduceScatter, []*Value{x}, "wants a floating-point operand whose first axis can be split over the ranks")
	if n == 1 {
		return x
	}
	s := slices.Clone(x.Shape)
	s[0] /= n
	return b.add1(ReduceScatter, Attr{}, x.Type, s, x)
}

// Whole is the shape of the host's tensor for an input of p.
func (p *Program) Whole(v *Value) []int {
	s := slices.Clone(v.Shape)
	if v.Op.Attr.Split {
		s[0] *= max(1, p.Ranks)
	}
	return s
}

// Ranked is a device that is made of several, one for each rank.
type Ranked interface {
	Device
	// Ranks is how many there are.
	Ranks() int
	// UploadSplit is Upload for a state that Programs over that many ranks declare
	// by SplitInput.
	UploadSplit(t *Tensor) (Buffer, error)
}

// Group is how a rank reaches the others.
type Group interface {
	// Rank is this one's number, from 0, Ranks how many there are.
	Rank() int
	Ranks() int
	// Exchange sends parts[i] to rank i and gives what each rank sent here. All
	// ranks call it in the same order, with parts of lengths that they agree on.
	Exchange(parts [][]byte) ([][]byte, error)
}

// Wire is a Program in a form that can be written and read by encoding/gob: its
// operations name their operands by number.
type Wire struct {
	Name             string
	Ranks            int
	Ops              []WireOp
	Outputs, Assigns []WirePair
}

// WireOp is an operation; WirePair an output (Name) or an assignment (State).
type (
	WireOp struct {
		Kind  Kind
		In    []int
		Types []DType
		Sizes [][]int
		IDs   []int
		Attr  Attr
	}
	WirePair struct {
		Name      string
		State, ID int
	}
)

// Wire gives the Program's form for the wire.
func (p *Program) Wire() Wire {
	w := Wire{Name: p.Name, Ranks: p.Ranks}
	for _, op := range p.Ops {
		o := WireOp{Kind: op.Kind, Attr: op.Attr}
		for _, x := range op.In {
			o.In = append(o.In, x.ID)
		}
		for _, v := range op.Out {
			o.IDs, o.Types, o.Sizes = append(o.IDs, v.ID), append(o.Types, v.Type), append(o.Sizes, v.Shape)
		}
		w.Ops = append(w.Ops, o)
	}
	for _, o := range p.Outputs {
		w.Outputs = append(w.Outputs, WirePair{Name: o.Name, ID: o.Value.ID})
	}
	for _, a := range p.Assigns {
		w.Assigns = append(w.Assigns, WirePair{State: a.State.ID, ID: a.To.ID})
	}
	return w
}

// Program is the inverse of Program.Wire.
func (w Wire) Program() *Program {
	p := &Program{Name: w.Name, Ranks: w.Ranks}
	vals := map[int]*Value{}
	for _, o := range w.Ops {
		op := &Op{Kind: o.Kind, Attr: o.Attr}
		for _, id := range o.In {
			op.In = append(op.In, vals[id])
		}
		for i, id := range o.IDs {
			v := &Value{ID: id, Type: o.Types[i], Shape: o.Sizes[i], Op: op, Index: i}
			vals[id] = v
			op.Out = append(op.Out, v)
			p.Values = max(p.Values, id+1)
		}
		if op.Kind == Input {
			p.Inputs = append(p.Inputs, op.Out[0])
		}
		p.Ops = append(p.Ops, op)
	}
	for _, o := range w.Outputs {
		p.Outputs = append(p.Outputs, Output{o.Name, vals[o.ID]})
	}
	for _, a := range w.Assigns {
		p.Assigns = append(p.Assigns, Assignment{vals[a.State], vals[a.ID]})
	}
	return p
}
