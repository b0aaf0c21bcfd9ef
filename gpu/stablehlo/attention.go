package stablehlo

import (
	"math"

	"divvy/gpu/program"
)

// heads is one attention, its operands split into heads: q and what is shaped
// like it [rows, queries, kv heads, group, dim], k and v [rows, keys, kv heads,
// dim]. Scores are [rows, kv heads, queries, group, keys].
type heads struct {
	e       *emitter
	a       program.Attr
	q, k, v val
	reach   val // [rows, keys]
	at      val // [rows, queries]; no name: query i stands at key i
	tq, tk  int
	elem    string // of the operands
	wide    string // of scores and sums
}

func newHeads(e *emitter, op *program.Op) *heads {
	a := op.Attr
	h := &heads{e: e, a: a, tq: op.In[0].Dim(0) / a.Rows, tk: op.In[1].Dim(0) / a.Rows, elem: op.In[0].Type.String(), wide: "f32"}
	if h.elem == "f64" {
		h.wide = "f64"
	}
	h.q, h.k, h.v = h.queries(e.of(op.In[0])), h.keys(e.of(op.In[1])), h.keys(e.of(op.In[2]))
	h.reach = e.of(op.In[3])
	if op.Kind == program.Attention && len(op.In) == 5 {
		h.at = e.of(op.In[4])
	}
	return h
}

// queries and keys split a matrix of the query or the key side into heads.
func (h *heads) queries(m val) val {
	return h.e.reshape(m, h.a.Rows, h.tq, h.a.KVHeads, h.a.Heads/h.a.KVHeads, h.a.HeadDim)
}

func (h *heads) keys(m val) val {
	return h.e.reshape(m, h.a.Rows, h.tk, h.a.KVHeads, h.a.HeadDim)
}

// block is a stretch of queries, with the number of keys that they can see.
type block struct{ lo, hi, keys int }

// blocks splits the queries. Where a query stands at its own index, those of a
// block see no key behind the block: half of the square is never computed.
func (h *heads) blocks() []block {
	var all []block
	for lo := 0; lo < h.tq; lo += h.e.o.QueryBlock {
		hi := min(h.tq, lo+h.e.o.QueryBlock)
		keys := h.tk
		if h.at.name == "" {
			keys = hi
		}
		all = append(all, block{lo, hi, keys})
	}
	return all
}

// maskKey tells masks apart, so that all layers share one.
type maskKey struct {
	reach, at    string
	rows, tq, tk int
	b            block
}

// visible is who sees whom in a block: i1 [rows, queries, keys].
func (h *heads) visible(b block) val {
	key := maskKey{h.reach.name, h.at.name, h.a.Rows, h.tq, h.tk, b}
	e := h.e
	if m, ok := e.masks[key]; ok {
		return m
	}
	shape := []int{h.a.Rows, b.hi - b.lo, b.keys}
	var at val
	if h.at.name == "" {
		at = e.plus(e.iota("i32", 1, shape...), float64(b.lo))
	} else {
		at = e.spread(e.cut(e.reshape(h.at, h.a.Rows, h.tq), 1, b.lo, b.hi), shape, 0, 1)
	}
	reach := e.spread(e.cut(e.reshape(h.reach, h.a.Rows, h.tk), 1, 0, b.keys), shape, 0, 2)
	m := e.bin("and", e.compare("LE", e.iota("i32", 2, shape...), at), e.compare("LE", at, reach))
	e.masks[key] = m
	return m
}

// products of scores-shaped values with heads-shaped ones.
var (
	queryKey = axes{[]int{0, 2}, []int{0, 2}, []int{4}, []int{3}}       // [r,q,v,g,d] x [r,k,v,d] -> [r,v,q,g,k]
	scoreKey = axes{[]int{0, 1}, []int{0, 2}, []int{4}, []int{1}}       // [r,v,q,g,k] x [r,k,v,d] -> [r,v,q,g,d]
	scoreOf  = axes{[]int{0, 1}, []int{0, 2}, []int{2, 3}, []int{1, 3}} // [r,v,q,g,k] x [r,q,v,g,d] -> [r,v,k,d]
)

// scores are scale q k^T of a block, -Inf where nothing is to be seen.
func (h *heads) scores(b block) (s, seen val) {
	e := h.e
	q, k := e.cut(h.q, 1, b.lo, b.hi), e.cut(h.k, 1, 0, b.keys)
	s = e.times(e.dot(q, k, queryKey, h.wide), h.a.Scale)
	seen = e.spread(h.visible(b), s.shape, 0, 2, 4)
	return s, seen
}

// attention normalises after the product with v, as fused kernels do.
func attention(e *emitter, op *program.Op) []val {
	if fused(e, op) {
		return flashAttention(e, op)
	}
	h := newHeads(e, op)
	var outs, sums []val
	for _, b := range h.blocks() {
		s, seen := h.scores(b)
		s = e.pick(seen, s, e.splat(math.Inf(-1), s))
		m := e.reduce("maximum", s, 4)
		m = e.pick(e.compare("EQ", m, e.splat(math.Inf(-1), m)), e.splat(0, m), m)
		p := e.un("exponential", e.sub(s, e.along(m, s.shape, 4)))
		total := e.sum(p, 4)
		o := e.dot(e.as(p, h.elem), e.cut(h.v, 1, 0, b.keys), scoreKey, h.wide)
		none := e.compare("EQ", total, e.splat(0, total))
		o = e.div(o, e.along(e.pick(none, e.splat(1, total), total), o.shape, 4))
		outs = append(outs, e.as(e.transpose(o, 0, 2, 1, 3, 4), h.elem))
		sums = append(sums, e.transpose(e.add(m, e.un("log", total)), 0, 2, 1, 3))
	}
	return []val{e.reshape(e.join(1, outs...), op.Out[0].Shape...), e.reshape(e.join(1, sums...), op.Out[1].Shape...)}
}

// attentionGrad computes the weights p again, block by block, and then
//
//	dv += p^T do,  ds = scale p (do v^T - rowsum(do o)),  dq = ds k,  dk += ds^T q.
func attentionGrad(e *emitter, op *program.Op) []val {
	if fused(e, op) {
		return flashAttentionGrad(e, op)
	}
	h := newHeads(e, op)
	o, do := h.queries(e.of(op.In[4])), h.queries(e.of(op.In[6]))
	lse := e.transpose(e.reshape(e.of(op.In[5]), o.shape[:4]...), 0, 2, 1, 3)
	delta := e.transpose(e.sum(e.mul(e.as(do, h.wide), e.as(o, h.wide)), 4), 0, 2, 1, 3)
	var dq []val
	var dk, dv val
	for i, b := range h.blocks() {
		s, seen := h.scores(b)
		here := func(v val) val { return e.along(e.cut(v, 2, b.lo, b.hi), s.shape, 4) }
		p := e.un("exponential", e.sub(s, here(lse)))
		p = e.pick(seen, p, e.splat(0, p))
		doB, vB := e.cut(do, 1, b.lo, b.hi), e.cut(h.v, 1, 0, b.keys)
		dp := e.dot(doB, vB, queryKey, h.wide)
		ds := e.as(e.times(e.mul(p, e.sub(dp, here(delta))), h.a.Scale), h.elem)
		part := e.dot(ds, e.cut(h.k, 1, 0, b.keys), scoreKey, h.elem)
		dq = append(dq, e.transpose(part, 0, 2, 1, 3, 4))
		k := e.pad(e.dot(ds, e.cut(h.q, 1, b.lo, b.hi), scoreOf, h.wide), 2, 0, h.tk-b.keys)
		v := e.pad(e.dot(e.as(p, h.elem), doB, scoreOf, h.wide), 2, 0, h.tk-b.keys)
		if i > 0 {
			k, v = e.add(dk, k), e.add(dv, v)
		}
		dk, dv = k, v
	}
	key := func(v val, out *program.Value) val {
		return e.reshape(e.transpose(e.as(v, h.elem), 0, 2, 1, 3), out.Shape...)
	}
	return []val{e.reshape(e.join(1, dq...), op.Out[0].Shape...), key(dk, op.Out[1]), key(dv, op.Out[2])}
}
