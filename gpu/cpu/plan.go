package cpu

import (
	"slices"

	"divvy/gpu/program"
)

// storage is memory that one value, or several that are views of each other or
// follow each other in place, lives in.
type storage struct {
	bytes     int64
	def, last int   // operations between which it is alive
	offset    int64 // in the arena; -1 if it is not there
	state     *program.Value
	data      *program.Value
	fixed     memory // contents known when compiling
}

// plan is where every value of a Program lives.
type plan struct {
	p       *program.Program
	lastUse []int      // by value ID: index of the last operation that reads it
	of      []*storage // by value ID
	lazy    []bool     // by value ID: an Expand that its readers carry out themselves
	assign  map[*program.Value]*program.Value
	all     []*storage
	arena   int64
	commit  int // first operation that writes state in place
}

// newPlan decides where the values of p live.
func newPlan(p *program.Program) *plan {
	pl := &plan{
		p:       p,
		lastUse: make([]int, p.Values),
		of:      make([]*storage, p.Values),
		lazy:    make([]bool, p.Values),
		assign:  map[*program.Value]*program.Value{},
		commit:  len(p.Ops),
	}
	for i, op := range p.Ops {
		for _, x := range op.In {
			pl.lastUse[x.ID] = i
		}
	}
	end := len(p.Ops)
	for _, o := range p.Outputs {
		pl.lastUse[o.Value.ID] = end
	}
	for _, a := range p.Assigns {
		pl.lastUse[a.To.ID] = end
		pl.assign[a.State] = a.To
	}
	pl.findLazy()
	for i, op := range p.Ops {
		pl.place(i, op)
	}
	pl.pack()
	return pl
}

// findLazy marks the Expands that need not be carried out: their readers are
// all elementwise and the repetition is a simple one.
func (pl *plan) findLazy() {
	readers := make([][]*program.Op, pl.p.Values)
	for _, op := range pl.p.Ops {
		for _, x := range op.In {
			readers[x.ID] = append(readers[x.ID], op)
		}
	}
	end := len(pl.p.Ops)
	for _, op := range pl.p.Ops {
		if op.Kind != program.Expand {
			continue
		}
		v := op.Out[0]
		if pl.lastUse[v.ID] == end {
			continue
		}
		if _, _, ok := repetition(op.In[0].Shape, v.Shape); !ok {
			continue
		}
		pl.lazy[v.ID] = !slices.ContainsFunc(readers[v.ID], func(r *program.Op) bool { return !elementwise(r.Kind) })
	}
}

// repetition describes an Expand whose element i is element i/each%n of the
// source; not every Expand is of this form.
func repetition(small, big []int) (n, each int, ok bool) {
	n, each = program.Elements(small), 1
	k := len(big)
	s := make([]int, k) // small with leading ones
	for i := range s {
		s[i] = 1
	}
	copy(s[k-len(small):], small)
	for k > 0 && s[k-1] == 1 { // trailing repeated axes
		each *= big[k-1]
		k--
	}
	for k > 0 && s[k-1] == big[k-1] { // the axes that vary
		k--
	}
	for k > 0 && s[k-1] == 1 { // leading repeated axes
		k--
	}
	return n, each, k == 0
}

// view says whether the operation's result is its operand's memory as it is.
func view(op *program.Op) bool {
	switch op.Kind {
	case program.Reshape, program.Barrier, program.StopGradient:
		return true
	case program.Convert: // every bfloat16 is a float32
		return op.In[0].Type == program.BF16 && op.Out[0].Type == program.F32
	default:
		return false
	}
}

// place gives the results of operation i a storage.
func (pl *plan) place(i int, op *program.Op) {
	v := op.Out[0]
	switch {
	case op.Kind == program.Input:
		s := pl.add(v, i)
		s.offset, s.last = -1, pl.lastUse[v.ID]
		if op.Attr.Role == program.State {
			s.state = v
		} else {
			s.data = v
		}
	case op.Kind == program.Const || op.Kind == program.Literal:
		s := pl.add(v, i)
		s.offset = -1
		s.fixed = constant(op)
	case view(op) || pl.lazy[v.ID]:
		s := pl.of[op.In[0].ID]
		pl.of[v.ID] = s
		s.last = max(s.last, pl.lastUse[v.ID])
	default:
		taken := map[*storage]bool{}
		for k, v := range op.Out {
			s := pl.inPlace(i, op, k, taken)
			if s == nil {
				s = pl.add(v, i)
			}
			taken[s] = true
			pl.of[v.ID] = s
			s.last = max(s.last, pl.lastUse[v.ID], i)
		}
	}
}

func (pl *plan) add(v *program.Value, i int) *storage {
	s := &storage{bytes: storageBytes(v.Type, v.Len()), def: i, last: max(i, pl.lastUse[v.ID])}
	pl.of[v.ID] = s
	pl.all = append(pl.all, s)
	return s
}

// inPlace finds an operand of operation i whose storage result k may take over.
func (pl *plan) inPlace(i int, op *program.Op, k int, taken map[*storage]bool) *storage {
	v := op.Out[k]
	for _, x := range inPlaceOperands(op, k) {
		s := pl.of[x.ID]
		if pl.lazy[x.ID] || s.last != i || taken[s] || s.fixed != nil || s.data != nil || s.bytes != storageBytes(v.Type, v.Len()) {
			continue
		}
		if s.state != nil {
			// Only what the state is about to become may be written over it.
			if pl.assign[s.state] != v {
				continue
			}
			pl.commit = min(pl.commit, i)
		}
		return s
	}
	return nil
}

// inPlaceOperands lists the operands over which result k may be written,
// because element j of the result depends on no other element of the operand
// that is read after it was written.
func inPlaceOperands(op *program.Op, k int) []*program.Value {
	switch op.Kind {
	case program.AdamW:
		return []*program.Value{op.In[[]int{0, 2, 3}[k]]}
	case program.AdamW8:
		return []*program.Value{op.In[[]int{0, 2, 3, 4, 5}[k]]}
	case program.UpdateRows:
		return op.In[:1]
	}
	if elementwise(op.Kind) {
		return op.In
	}
	return nil
}

// pack assigns arena offsets, largest storage first, each to the lowest gap
// that is free for its whole life.
func (pl *plan) pack() {
	var s []*storage
	for _, x := range pl.all {
		if x.offset >= 0 {
			s = append(s, x)
		}
	}
	slices.SortStableFunc(s, func(a, b *storage) int { return int(min(max(b.bytes-a.bytes, -1), 1)) })
	var placed []*storage // by offset
	for _, x := range s {
		at := int64(0)
		for _, y := range placed {
			if y.last < x.def || x.last < y.def {
				continue
			}
			if y.offset >= at+x.bytes {
				break
			}
			at = max(at, y.offset+y.bytes)
		}
		x.offset = at
		pl.arena = max(pl.arena, at+x.bytes)
		j, _ := slices.BinarySearchFunc(placed, at, func(y *storage, at int64) int { return int(min(max(y.offset-at, -1), 1)) })
		placed = slices.Insert(placed, j, x)
	}
}

// memory adds up the plan.
func (pl *plan) memory(workspace int64) program.Memory {
	m := program.Memory{Temporary: pl.arena + workspace, Unshared: workspace}
	for _, s := range pl.all {
		switch {
		case s.state != nil:
			m.State += s.bytes
		case s.data != nil:
			m.Data += s.bytes
		case s.offset >= 0:
			m.Unshared += s.bytes
		}
	}
	return m
}

// constant is the contents of a Const or Literal.
func constant(op *program.Op) memory {
	v := op.Out[0]
	t := program.NewTensor(v.Type, v.Shape...)
	for i := range t.Len() {
		if op.Kind == program.Const {
			t.Set(i, op.Attr.Value)
		} else {
			t.Set(i, op.Attr.Data[i])
		}
	}
	m := alloc(storageBytes(v.Type, v.Len()))
	store(m, t)
	return m
}
