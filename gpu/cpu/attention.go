package cpu

import (
	"math"

	"divvy/gpu/program"
)

// heads is one Attention or AttentionGrad operation.
type heads[T float] struct {
	e       *executable
	a       program.Attr
	q, k, v []T
	reach   []int32
	at      []int32 // nil: query i stands at key i
	tq, tk  int     // queries and keys in a row
	dq, dk  int     // widths of q and k
	parts   []segment
}

func newHeads[T float](e *executable, op *program.Op) *heads[T] {
	h := &heads[T]{
		e: e, a: op.Attr,
		q: vec[T](e, op.In[0]), k: vec[T](e, op.In[1]), v: vec[T](e, op.In[2]), reach: e.ids(op.In[3]),
		tq: op.In[0].Dim(0) / op.Attr.Rows, tk: op.In[1].Dim(0) / op.Attr.Rows,
		dq: op.In[0].Dim(1), dk: op.In[1].Dim(1),
	}
	if op.Kind == program.Attention && len(op.In) == 5 {
		h.at = e.ids(op.In[4])
	}
	for row := range op.Attr.Rows {
		h.parts = append(h.parts, h.segments(row)...)
	}
	return h
}

// part is the sub-matrix of one head over rows of tokens.
func part[T float](x []T, width, firstRow, head, dim int) strided[T] {
	return strided[T]{x[firstRow*width+head*dim:], width, 1}
}

// flip reads a matrix transposed.
func (s strided[T]) flip() strided[T] { return strided[T]{s.data, s.col, s.row} }

// scores is s = x y^T for a block's queries and keys, x and y being one head's
// part of a query-side and a key-side matrix.
func (h *heads[T]) scores(s []T, x, y []T, b *queries, head int) {
	dim, kv := h.a.HeadDim, head*h.a.KVHeads/h.a.Heads
	for _, sp := range b.spans {
		product[T]{
			m: b.hi - b.lo, n: sp.to - sp.from, k: dim,
			a: part(x, h.dq, b.row*h.tq+b.lo, head, dim),
			b: part(y, h.dk, b.row*h.tk+sp.from, kv, dim).flip(),
			c: s[sp.col:], ldc: b.width,
		}.do(1)
	}
}

// weighted is out = s y over a block's keys, into one head's part of a
// query-side matrix.
func (h *heads[T]) weighted(out []T, s, y []T, b *queries, head int) {
	dim, kv := h.a.HeadDim, head*h.a.KVHeads/h.a.Heads
	for i, sp := range b.spans {
		product[T]{
			m: b.hi - b.lo, n: dim, k: sp.to - sp.from,
			a: strided[T]{s[sp.col:], b.width, 1},
			b: part(y, h.dk, b.row*h.tk+sp.from, kv, dim),
			c: part(out, h.dq, b.row*h.tq+b.lo, head, dim).data, ldc: h.dq,
			accumulate: i > 0,
		}.do(1)
	}
}

// spread is out += s^T x over a block's keys, into one head's part of a key-side
// matrix.
func (h *heads[T]) spread(out []T, s, x []T, b *queries, head int) {
	dim, kv := h.a.HeadDim, head*h.a.KVHeads/h.a.Heads
	for _, sp := range b.spans {
		product[T]{
			m: sp.to - sp.from, n: dim, k: b.hi - b.lo,
			a: strided[T]{s[sp.col:], b.width, 1}.flip(),
			b: part(x, h.dq, b.row*h.tq+b.lo, head, dim),
			c: part(out, h.dk, b.row*h.tk+sp.from, kv, dim).data, ldc: h.dk,
			accumulate: true,
		}.do(1)
	}
}

// attention keeps the scores of one block of queries and one head at a time.
func attention[T float](e *executable, op *program.Op) error {
	h := newHeads[T](e, op)
	out, lse := vec[T](e, op.Out[0]), vec[T](e, op.Out[1])
	var blocks []*queries
	for _, s := range h.parts {
		for i := range s.blocks {
			blocks = append(blocks, &s.blocks[i])
		}
	}
	parallel(e.workers, len(blocks)*h.a.Heads, func(t int) {
		head, b := t%h.a.Heads, blocks[t/h.a.Heads]
		if b.width == 0 {
			h.unseen(out, lse, b, head)
			return
		}
		sc := getScratch[T]()
		defer sc.done()
		s := grow(&sc.tile, (b.hi-b.lo)*b.width)
		h.scores(s, h.q, h.k, b, head)
		h.mask(s, b)
		for i := b.lo; i < b.hi; i++ {
			z := s[(i-b.lo)*b.width:][:b.width]
			lse[(b.row*h.tq+i)*h.a.Heads+head] = softmax(z, T(h.a.Scale))
		}
		h.weighted(out, s, h.v, b, head)
	})
	return nil
}

// unseen gives zeros to queries that see no key.
func (h *heads[T]) unseen(out, lse []T, b *queries, head int) {
	for i := b.row*h.tq + b.lo; i < b.row*h.tq+b.hi; i++ {
		clear(out[i*h.dq+head*h.a.HeadDim:][:h.a.HeadDim])
		lse[i*h.a.Heads+head] = T(math.Inf(-1))
	}
}

// softmax turns scores z into weights of scale*z and returns the logarithm of
// the sum of exponentials. Where all are -Inf the weights are 0.
func softmax[T float](z []T, by T) T {
	m := largest(z) * by
	if math.IsInf(float64(m), -1) {
		clear(z)
		return m
	}
	s := expSum(z, z, by, -m)
	scale(z, z, T(1/s))
	return m + T(math.Log(s))
}

// attentionGrad computes the weights p again, block by block, and then
//
//	dv += p^T do,  ds = scale p (do v^T - rowsum(do o)),  dq = ds k,  dk += ds^T q.
//
// One core takes all query heads that share a key head in a segment, so that no
// two add to one element.
func attentionGrad[T float](e *executable, op *program.Op) error {
	h := newHeads[T](e, op)
	o, lse, do := vec[T](e, op.In[4]), vec[T](e, op.In[5]), vec[T](e, op.In[6])
	dq, dk, dv := vec[T](e, op.Out[0]), vec[T](e, op.Out[1]), vec[T](e, op.Out[2])
	group, dim := h.a.Heads/h.a.KVHeads, h.a.HeadDim
	clear(dk)
	clear(dv)
	parallel(e.workers, len(h.parts)*h.a.KVHeads, func(t int) {
		seg, kv := &h.parts[t/h.a.KVHeads], t%h.a.KVHeads
		sc := getScratch[T]()
		defer sc.done()
		for n := range seg.blocks {
			b := &seg.blocks[n]
			size := (b.hi - b.lo) * b.width
			buf := grow(&sc.tile, 2*size)
			p, ds := buf[:size], buf[size:]
			for head := kv * group; head < (kv+1)*group; head++ {
				if b.width == 0 {
					for i := b.row*h.tq + b.lo; i < b.row*h.tq+b.hi; i++ {
						clear(dq[i*h.dq+head*dim:][:dim])
					}
					continue
				}
				h.scores(p, h.q, h.k, b, head)
				h.mask(p, b)
				h.scores(ds, do, h.v, b, head)
				for i := b.lo; i < b.hi; i++ {
					at := b.row*h.tq + i
					z, g := p[(i-b.lo)*b.width:][:b.width], ds[(i-b.lo)*b.width:][:b.width]
					l := lse[at*h.a.Heads+head]
					if math.IsInf(float64(l), -1) {
						clear(z)
						clear(g)
						continue
					}
					expSum(z, z, T(h.a.Scale), -l)
					delta := dot(do[at*h.dq+head*dim:][:dim], o[at*h.dq+head*dim:][:dim])
					softmaxGrad(g, z, T(h.a.Scale), delta)
				}
				h.weighted(dq, ds, h.k, b, head)
				h.spread(dk, ds, h.q, b, head)
				h.spread(dv, p, do, b, head)
			}
		}
	})
	return nil
}
