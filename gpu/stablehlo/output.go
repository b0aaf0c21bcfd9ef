package stablehlo

import (
	"math"
	"slices"

	"divvy/gpu/program"
)

// words is a stretch of the vocabulary, or of rows: lo <= word < hi.
type words struct{ lo, hi int }

func (e *emitter) vocabulary(v int) []words {
	return evenly(v, (v+e.o.VocabBlock-1)/e.o.VocabBlock)
}

// evenly cuts n into count stretches, or fewer, of one length but for the last.
// Long ones are a multiple of 128, which libraries of products like; a short last
// stretch would cost as much as a long one.
func evenly(n, count int) []words {
	width := (n + count - 1) / count
	if width > 1024 && count > 1 {
		width = (width + 127) / 128 * 128
	}
	var all []words
	for lo := 0; lo < n; lo += width {
		all = append(all, words{lo, min(n, lo+width)})
	}
	return all
}

// rowByRow is h w^T for matrices whose rows are vectors.
var rowByRow = axes{contractA: []int{1}, contractB: []int{1}}

// isTarget is where a block's word is a row's target.
func (e *emitter) isTarget(target val, w words) val {
	shape := []int{target.shape[0], w.hi - w.lo}
	word := e.iota("i32", 1, shape...)
	return e.compare("EQ", word, e.spread(e.plus(target, float64(-w.lo)), shape, 0))
}

// linearLogProb takes the vocabulary block by block, with a running maximum and
// a running sum of exponentials.
func linearLogProb(e *emitter, op *program.Op) []val {
	h, w, target := e.of(op.In[0]), e.of(op.In[1]), e.of(op.In[2])
	elem := op.Out[0].Type.String()
	var top, total, found val
	for i, b := range e.vocabulary(w.shape[0]) {
		part := e.cut(w, 0, b.lo, b.hi)
		if i > 0 {
			// One block's logits at a time: all that is wanted of them is there.
			part = e.after(part, top, total, found)
		}
		z := e.dot(h, part, rowByRow, elem)
		hit := e.sum(e.pick(e.isTarget(target, b), z, e.splat(0, z)), 1)
		m := e.reduce("maximum", z, 1)
		if i > 0 {
			m = e.bin("maximum", m, top)
		}
		s := e.sum(e.un("exponential", e.sub(z, e.spread(m, z.shape, 0))), 1)
		if i > 0 {
			s = e.add(s, e.mul(total, e.un("exponential", e.sub(top, m))))
			hit = e.add(hit, found)
		}
		top, total, found = m, s, hit
	}
	lse := e.add(top, e.un("log", total))
	asked := e.compare("GE", target, e.splat(0, target))
	zero := e.splat(0, lse)
	return []val{e.pick(asked, e.sub(found, lse), zero), e.pick(asked, lse, zero)}
}

// linearLogProbGrad: the derivative by logit j of row i is dy_i ([j is the
// target] - softmax_j). Logits are computed again, a block of words at a time.
func linearLogProbGrad(e *emitter, op *program.Op) []val {
	h, w, target, lse, dy := e.of(op.In[0]), e.of(op.In[1]), e.of(op.In[2]), e.of(op.In[3]), e.of(op.In[4])
	// Where no target is asked for, softmax is made 0: the sum kept is not theirs.
	asked := e.compare("GE", target, e.splat(0, target))
	dy, lse = e.pick(asked, dy, e.splat(0, dy)), e.pick(asked, lse, e.splat(math.Inf(1), lse))
	var dh val
	var dw []val
	for i, b := range e.vocabulary(w.shape[0]) {
		part := e.cut(w, 0, b.lo, b.hi)
		if i > 0 {
			part = e.after(part, dh)
		}
		z := e.dot(h, part, rowByRow, lse.elem)
		p := e.un("exponential", e.sub(z, e.spread(lse, z.shape, 0)))
		hot := e.as(e.isTarget(target, b), p.elem)
		g := e.as(e.mul(e.spread(dy, z.shape, 0), e.sub(hot, p)), h.elem)
		d := e.dot(g, part, axes{contractA: []int{1}, contractB: []int{0}}, lse.elem)
		if i > 0 {
			d = e.add(dh, d)
		}
		dh = d
		dw = append(dw, e.dot(g, h, axes{contractA: []int{0}, contractB: []int{0}}, w.elem))
	}
	return []val{e.as(dh, h.elem), e.join(0, dw...)}
}

// together finds output layers whose log-probabilities and gradient can be
// computed at once, so that logits need not be computed again: the derivative
// that comes back must not depend on the log-probabilities, as in supervised
// fine-tuning, where it is known before. It gives the gradient of each such layer.
func together(p *program.Program, o Options) map[*program.Op]*program.Op {
	found := map[*program.Op]*program.Op{}
	if o.Partitions > 1 {
		return found // rows are divided over devices already
	}
	for _, g := range p.Ops {
		if g.Kind != program.LinearLogProbGrad {
			continue
		}
		f := g.In[3].Op
		if f.Kind == program.LinearLogProb && slices.Equal(f.In, g.In[:3]) && found[f] == nil && !depends(p, g.In[4], f) {
			found[f] = g
		}
	}
	return found
}

// depends says whether v is computed from results of op.
func depends(p *program.Program, v *program.Value, op *program.Op) bool {
	tainted := map[*program.Op]bool{op: true}
	for _, o := range p.Ops {
		tainted[o] = tainted[o] || slices.ContainsFunc(o.In, func(x *program.Value) bool { return tainted[x.Op] })
	}
	return tainted[v.Op]
}

// used says whether anything in a Program reads a value.
func used(p *program.Program, v *program.Value) bool {
	return slices.ContainsFunc(p.Ops, func(op *program.Op) bool { return slices.Contains(op.In, v) }) ||
		slices.ContainsFunc(p.Outputs, func(o program.Output) bool { return o.Value == v }) ||
		slices.ContainsFunc(p.Assigns, func(a program.Assignment) bool { return a.To == v })
}

// ordered is the Program's operations in an order in which each of the layers
// stands where its gradient does, and what needs its results behind that.
func ordered(p *program.Program, layers map[*program.Op]*program.Op) []*program.Op {
	var all, late []*program.Op
	waits := map[*program.Op]bool{}
	for f := range layers {
		waits[f] = true
	}
	gradients := map[*program.Op]*program.Op{}
	for f, g := range layers {
		gradients[g] = f
	}
	for _, op := range p.Ops {
		f := gradients[op]
		if waits[op] || f == nil && slices.ContainsFunc(op.In, func(v *program.Value) bool { return waits[v.Op] }) {
			if waits[op] = true; layers[op] == nil {
				late = append(late, op)
			}
			continue
		}
		all = append(all, op)
		if f == nil {
			continue
		}
		delete(waits, f)
		still := late[:0:0]
		for _, op := range late { // in their order
			if slices.ContainsFunc(op.In, func(v *program.Value) bool { return waits[v.Op] }) {
				still = append(still, op)
				continue
			}
			delete(waits, op)
			all = append(all, op)
		}
		late = still
	}
	return append(all, late...)
}

// outputAndGrad is linearLogProb and linearLogProbGrad at once. A block is all
// words for some of the rows: dh and the log-probabilities of a row are then
// there at the end of its block, and dw, if it is wanted, the sum over the blocks.
func outputAndGrad(e *emitter, g *program.Op, wanted bool) (forward, backward []val) {
	h, w, target, dy := e.of(g.In[0]), e.of(g.In[1]), e.of(g.In[2]), e.of(g.In[4])
	elem := dy.elem
	asked := e.compare("GE", target, e.splat(0, target))
	dy = e.pick(asked, dy, e.splat(0, dy))
	var dw val
	var dhs, found, sums []val
	for i, b := range e.rowBlocks(h.shape[0], w.shape[0]) {
		part, words, want, d := e.cut(h, 0, b.lo, b.hi), words{0, w.shape[0]}, e.cut(target, 0, b.lo, b.hi), e.cut(dy, 0, b.lo, b.hi)
		if i > 0 {
			before := []val{dhs[i-1], found[i-1]}
			if wanted {
				before = append(before, dw)
			}
			part = e.after(part, before...) // one block's logits at a time
		}
		z := e.dot(part, w, rowByRow, elem)
		m := e.reduce("maximum", z, 1)
		total := e.sum(e.un("exponential", e.sub(z, e.spread(m, z.shape, 0))), 1)
		hot := e.isTarget(want, words)
		lse := e.add(m, e.un("log", total))
		found = append(found, e.sub(e.sum(e.pick(hot, z, e.splat(0, z)), 1), lse))
		sums = append(sums, lse)
		p := e.un("exponential", e.sub(z, e.spread(lse, z.shape, 0)))
		dz := e.as(e.mul(e.spread(d, z.shape, 0), e.sub(e.as(hot, elem), p)), h.elem)
		dhs = append(dhs, e.dot(dz, w, axes{contractA: []int{1}, contractB: []int{0}}, h.elem))
		sum := e.dot(dz, part, axes{contractA: []int{0}, contractB: []int{0}}, elem)
		if i > 0 {
			sum = e.add(dw, sum)
		}
		dw = sum
	}
	zero := e.splat(0, dy)
	forward = []val{e.pick(asked, e.join(0, found...), zero), e.pick(asked, e.join(0, sums...), zero)}
	return forward, []val{e.join(0, dhs...), e.as(dw, w.elem)}
}

// rowBlocks are stretches of n rows that have about as many logits as two blocks
// of the vocabulary have for all rows.
func (e *emitter) rowBlocks(n, vocabulary int) []words {
	count := min(n, (vocabulary+2*e.o.VocabBlock-1)/(2*e.o.VocabBlock))
	return evenly(n, count)
}
