package program

import "slices"

// Gradient adds the operations that compute the derivative of the scalar y
// with respect to each of wrt, by reverse-mode differentiation, and returns
// the gradients in wrt's order and types. A value on which y does not depend
// has a gradient of zeros.
func (b *Builder) Gradient(y *Value, wrt ...*Value) []*Value {
	b.must(y.Len() == 1 && y.Type.IsFloat(), y.Op.Kind, []*Value{y}, "only a scalar can be differentiated")
	g := &gradient{
		b:      b,
		wanted: make([]bool, b.p.Values),
		adj:    map[*Value]*Value{y: b.Const(y.Type, 1, y.Shape...)},
		again:  map[*Value]*Value{},
	}
	for _, w := range wrt {
		b.must(w.Type.IsFloat(), w.Op.Kind, []*Value{w}, "an integer has no gradient")
		g.wanted[w.ID] = true
	}
	g.spread()
	ops := slices.Clone(b.p.Ops)
	current := -1
	for i := len(ops) - 1; i >= 0; i-- {
		if s := b.segmentOf(i); s != current {
			current = s
			clear(g.again)
			if s >= 0 {
				g.recompute(ops, s)
			}
		}
		g.step(ops[i])
	}
	out := make([]*Value, len(wrt))
	for i, w := range wrt {
		if out[i] = g.adj[w]; out[i] == nil {
			out[i] = b.Const(w.Type, 0, w.Shape...)
		}
	}
	return out
}

// gradient is the state of one reverse sweep.
type gradient struct {
	b      *Builder
	wanted []bool            // by value ID: lies between wrt and y
	adj    map[*Value]*Value // the derivative of y by a value, so far
	again  map[*Value]*Value // within a checkpoint: value -> its recomputed twin
}

// spread marks all that depends on a wanted value.
func (g *gradient) spread() {
	for _, op := range g.b.p.Ops {
		if op.Kind == StopGradient {
			continue
		}
		for _, x := range op.In {
			if g.wants(x) {
				for _, v := range op.Out {
					if v.Type.IsFloat() && v.ID < len(g.wanted) {
						g.wanted[v.ID] = true
					}
				}
			}
		}
	}
}

func (g *gradient) wants(v *Value) bool { return v.ID < len(g.wanted) && g.wanted[v.ID] }

// read is the value to use in the backward pass: the recomputed twin if there
// is one.
func (g *gradient) read(v *Value) *Value {
	if t, ok := g.again[v]; ok {
		return t
	}
	return v
}

// push adds d to the derivative by x.
func (g *gradient) push(x, d *Value) {
	if !g.wants(x) {
		return
	}
	if a, ok := g.adj[x]; ok {
		d = g.b.Add(a, d)
	}
	g.adj[x] = d
}

func (b *Builder) segmentOf(op int) int {
	for i, s := range b.segments {
		if op >= s.lo && op < s.hi {
			return i
		}
	}
	return -1
}

// recompute clones the operations of a segment. What enters the segment passes
// a Barrier, so that no device recognises the clone as work already done and
// keeps the first result after all.
func (g *gradient) recompute(ops []*Op, s int) {
	b := g.b
	seg := b.segments[s]
	inside := map[*Op]bool{}
	for _, op := range ops[seg.lo:seg.hi] {
		inside[op] = true
	}
	for _, op := range ops[seg.lo:seg.hi] {
		if cheap(op.Kind) {
			continue
		}
		in := make([]*Value, len(op.In))
		for i, x := range op.In {
			if _, ok := g.again[x]; !ok && !inside[x.Op] && !cheap(x.Op.Kind) {
				g.again[x] = b.add1(Barrier, Attr{Segment: s + 1}, x.Type, x.Shape, x)
			}
			in[i] = g.read(x)
		}
		out := make([]result, len(op.Out))
		for i, v := range op.Out {
			out[i] = like(v)
		}
		for i, v := range b.add(op.Kind, op.Attr, in, out...) {
			g.again[op.Out[i]] = v
		}
	}
	// Build prunes the clones of which nothing is read.
}

// cheap says that a value is there anyway.
func cheap(k Kind) bool { return k == Input || k == Const || k == Literal }

// step passes the derivatives by an operation's results on to its operands.
func (g *gradient) step(op *Op) {
	if op.Kind == Input || op.Kind == StopGradient {
		return
	}
	// Only the first result of an operation carries a gradient; the others are
	// statistics kept for the backward pass. AdamW and the Grad operations,
	// whose further results are of equal standing, refuse below.
	d, ok := g.adj[op.Out[0]]
	if !ok || !g.wants(op.Out[0]) {
		return
	}
	if !g.elementwise(op, d) && !g.layer(op, d) {
		g.b.Fail("%s has no gradient", op)
	}
}
