package stablehlo

import (
	"math"

	"divvy/gpu/program"
)

func matrices() map[program.Kind]lowering {
	return map[program.Kind]lowering{
		program.MatMul: matmul,
		program.Gather: func(e *emitter, op *program.Op) []val {
			table, ids := e.of(op.In[0]), e.of(op.In[1])
			zero := e.splat(0, ids)
			rows := e.rowsOf(table, e.bin("maximum", ids, zero))
			there := e.spread(e.compare("GE", ids, zero), rows.shape, 0)
			return one(e.pick(there, rows, e.splat(0, rows)))
		},
		program.ScatterAdd: func(e *emitter, op *program.Op) []val {
			rows := e.wide(e.of(op.In[0]))
			sums := e.scatter(e.fill(e.scalar(rows.elem, 0), op.Out[0].Shape), e.of(op.In[1]), rows, "add")
			return one(e.as(sums, op.Out[0].Type.String()))
		},
		program.UpdateRows: func(e *emitter, op *program.Op) []val {
			cache, x, at := e.of(op.In[0]), e.of(op.In[1]), e.of(op.In[2])
			r := op.Attr.Rows
			c := cache.shape[0] / r
			if r > 1 {
				// Places count within a group; what is left out stays negative.
				first := e.times(e.reshape(e.iota("i32", 0, r, at.shape[0]/r), at.shape...), float64(c))
				at = e.pick(e.compare("LT", at, e.splat(0, at)), at, e.add(at, first))
			}
			return one(e.scatter(cache, at, x, ""))
		},
		program.LinearLogProb:     linearLogProb,
		program.LinearLogProbGrad: linearLogProbGrad,
	}
}

// matmul adds the bias after the product is rounded, which is the form that
// XLA's libraries fuse.
func matmul(e *emitter, op *program.Op) []val {
	a, b := e.of(op.In[0]), e.of(op.In[1])
	x := axes{contractA: []int{1}, contractB: []int{0}}
	if op.Attr.TransA {
		x.contractA[0] = 0
	}
	if op.Attr.TransB {
		x.contractB[0] = 1
	}
	y := e.dot(a, b, x, a.elem)
	if len(op.In) == 3 {
		y = e.add(y, e.spread(e.of(op.In[2]), y.shape, 1))
	}
	return one(y)
}

// words is a stretch of the vocabulary, lo <= word < hi.
type words struct{ lo, hi int }

func (e *emitter) vocabulary(v int) []words {
	// Blocks are of one size, but for the last, and a multiple of 128 wide, which
	// libraries of products like: a narrow last block would cost as much as a wide.
	n := (v + e.o.VocabBlock - 1) / e.o.VocabBlock
	width := (v + n - 1) / n
	if n > 1 {
		width = min((width+127)/128*128, e.o.VocabBlock)
	}
	var all []words
	for lo := 0; lo < v; lo += width {
		all = append(all, words{lo, min(v, lo+width)})
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
