package cpu

import (
	"math"
	"slices"

	"divvy/gpu/program"
)

// queryBlock is how many queries share the reading of a stretch of keys.
const queryBlock = 64

// span is a run of keys, from..to, that some query of a block sees; all says
// that every query of the block sees every key of it.
type span struct {
	from, to int
	all      bool
}

// heads is one Attention or AttentionGrad operation.
type heads[T float] struct {
	e       *executable
	a       program.Attr
	q, k, v []T
	reach   []int32
	at      []int32 // nil: query i stands at key i
	tq, tk  int     // queries and keys in a row
	dq, dk  int     // widths of q and k
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
	return h
}

// place is where query i of a row stands among the row's keys.
func (h *heads[T]) place(row, i int) int {
	if h.at == nil {
		return i
	}
	return int(h.at[row*h.tq+i])
}

// spans lists the keys that queries i0..i1 of a row see, in blocks of queryBlock.
func (h *heads[T]) spans(row, i0, i1 int) []span {
	lo, hi := math.MaxInt, -1 // places of the queries
	for i := i0; i < i1; i++ {
		p := h.place(row, i)
		lo, hi = min(lo, p), max(hi, p)
	}
	reach := h.reach[row*h.tk : (row+1)*h.tk]
	var out []span
	for j0 := 0; j0 < h.tk && j0 <= hi; j0 += queryBlock {
		j1 := min(h.tk, j0+queryBlock)
		r := reach[j0:j1]
		if int(slices.Max(r)) < lo {
			continue
		}
		all := j1-1 <= lo && int(slices.Min(r)) >= hi
		if n := len(out); n > 0 && out[n-1].to == j0 && out[n-1].all == all {
			out[n-1].to = j1
			continue
		}
		out = append(out, span{j0, j1, all})
	}
	return out
}

// mask sets the scores of unseen keys to -Inf. s is [i1-i0, width]; the spans
// lie side by side in its columns.
func (h *heads[T]) mask(s []T, width, row, i0, i1 int, spans []span) {
	inf := T(math.Inf(-1))
	col := 0
	for _, sp := range spans {
		if !sp.all {
			reach := h.reach[row*h.tk+sp.from : row*h.tk+sp.to]
			for i := i0; i < i1; i++ {
				p := h.place(row, i)
				z := s[(i-i0)*width+col:][:len(reach)]
				for j, r := range reach {
					if sp.from+j > p || p > int(r) {
						z[j] = inf
					}
				}
			}
		}
		col += sp.to - sp.from
	}
}

func keys(spans []span) (n int) {
	for _, s := range spans {
		n += s.to - s.from
	}
	return n
}

// part is the sub-matrix of one head over rows of tokens.
func part[T float](x []T, width, firstRow, head, dim int) strided[T] {
	return strided[T]{x[firstRow*width+head*dim:], width, 1}
}

// flip reads a matrix transposed.
func (s strided[T]) flip() strided[T] { return strided[T]{s.data, s.col, s.row} }

// scores is s = x y^T for the queries i0..i1 and the keys of the spans, x and y
// being one head's part of a query-side and a key-side matrix.
func (h *heads[T]) scores(s []T, x, y []T, row, i0, i1, head int, spans []span) {
	width, dim := keys(spans), h.a.HeadDim
	kv := head * h.a.KVHeads / h.a.Heads
	col := 0
	for _, sp := range spans {
		product[T]{
			m: i1 - i0, n: sp.to - sp.from, k: dim,
			a: part(x, h.dq, row*h.tq+i0, head, dim),
			b: part(y, h.dk, row*h.tk+sp.from, kv, dim).flip(),
			c: s[col:], ldc: width,
		}.do(1)
		col += sp.to - sp.from
	}
}

// weighted is out = s y over the keys of the spans, into one head's part of a
// query-side matrix.
func (h *heads[T]) weighted(out []T, s, y []T, row, i0, i1, head int, spans []span) {
	width, dim := keys(spans), h.a.HeadDim
	kv := head * h.a.KVHeads / h.a.Heads
	col := 0
	for _, sp := range spans {
		product[T]{
			m: i1 - i0, n: dim, k: sp.to - sp.from,
			a: strided[T]{s[col:], width, 1},
			b: part(y, h.dk, row*h.tk+sp.from, kv, dim),
			c: part(out, h.dq, row*h.tq+i0, head, dim).data, ldc: h.dq,
			accumulate: col > 0,
		}.do(1)
		col += sp.to - sp.from
	}
}

// spread is out += s^T x over the keys of the spans, into one head's part of a
// key-side matrix.
func (h *heads[T]) spread(out []T, s, x []T, row, i0, i1, head int, spans []span) {
	width, dim := keys(spans), h.a.HeadDim
	kv := head * h.a.KVHeads / h.a.Heads
	col := 0
	for _, sp := range spans {
		product[T]{
			m: sp.to - sp.from, n: dim, k: i1 - i0,
			a: strided[T]{s[col:], width, 1}.flip(),
			b: part(x, h.dq, row*h.tq+i0, head, dim),
			c: part(out, h.dk, row*h.tk+sp.from, kv, dim).data, ldc: h.dk,
			accumulate: true,
		}.do(1)
		col += sp.to - sp.from
	}
}

// attention keeps the scores of one block of queries and one head at a time.
func attention[T float](e *executable, op *program.Op) error {
	h := newHeads[T](e, op)
	out, lse := vec[T](e, op.Out[0]), vec[T](e, op.Out[1])
	blocks := (h.tq + queryBlock - 1) / queryBlock
	tasks := h.a.Rows * blocks * h.a.Heads
	parallel(e.workers, tasks, func(t int) {
		head, b, row := t%h.a.Heads, t/h.a.Heads%blocks, t/h.a.Heads/blocks
		i0 := b * queryBlock
		i1 := min(h.tq, i0+queryBlock)
		spans := h.spans(row, i0, i1)
		width := keys(spans)
		if width == 0 {
			h.unseen(out, lse, row, i0, i1, head)
			return
		}
		sc, done := getScratch[T]()
		defer done()
		s := grow(&sc.tile, (i1-i0)*width)
		h.scores(s, h.q, h.k, row, i0, i1, head, spans)
		h.mask(s, width, row, i0, i1, spans)
		for i := i0; i < i1; i++ {
			z := s[(i-i0)*width:][:width]
			lse[(row*h.tq+i)*h.a.Heads+head] = softmax(z, T(h.a.Scale))
		}
		h.weighted(out, s, h.v, row, i0, i1, head, spans)
	})
	return nil
}

// unseen gives zeros to queries that see no key.
func (h *heads[T]) unseen(out, lse []T, row, i0, i1, head int) {
	for i := i0; i < i1; i++ {
		clear(out[(row*h.tq+i)*h.dq+head*h.a.HeadDim:][:h.a.HeadDim])
		lse[(row*h.tq+i)*h.a.Heads+head] = T(math.Inf(-1))
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
// One core takes all query heads that share a key head, so that no two add to
// one element.
func attentionGrad[T float](e *executable, op *program.Op) error {
	h := newHeads[T](e, op)
	o, lse, do := vec[T](e, op.In[4]), vec[T](e, op.In[5]), vec[T](e, op.In[6])
	dq, dk, dv := vec[T](e, op.Out[0]), vec[T](e, op.Out[1]), vec[T](e, op.Out[2])
	group, dim := h.a.Heads/h.a.KVHeads, h.a.HeadDim
	clear(dk)
	clear(dv)
	parallel(e.workers, h.a.Rows*h.a.KVHeads, func(t int) {
		row, kv := t/h.a.KVHeads, t%h.a.KVHeads
		sc, done := getScratch[T]()
		defer done()
		for i0 := 0; i0 < h.tq; i0 += queryBlock {
			i1 := min(h.tq, i0+queryBlock)
			spans := h.spans(row, i0, i1)
			width := keys(spans)
			buf := grow(&sc.tile, 2*(i1-i0)*width)
			p, ds := buf[:(i1-i0)*width], buf[(i1-i0)*width:]
			for head := kv * group; head < (kv+1)*group; head++ {
				if width == 0 {
					for i := i0; i < i1; i++ {
						clear(dq[(row*h.tq+i)*h.dq+head*dim:][:dim])
					}
					continue
				}
				h.scores(p, h.q, h.k, row, i0, i1, head, spans)
				h.mask(p, width, row, i0, i1, spans)
				h.scores(ds, do, h.v, row, i0, i1, head, spans)
				for i := i0; i < i1; i++ {
					at := row*h.tq + i
					z, g := p[(i-i0)*width:][:width], ds[(i-i0)*width:][:width]
					l := lse[at*h.a.Heads+head]
					if math.IsInf(float64(l), -1) {
						clear(z)
						clear(g)
						continue
					}
					expSum(z, z, T(h.a.Scale), -l)
					delta := dot(do[at*h.dq+head*dim:][:dim], o[at*h.dq+head*dim:][:dim])
					for j, w := range z {
						g[j] = T(h.a.Scale) * w * (g[j] - delta)
					}
				}
				h.weighted(dq, ds, h.k, row, i0, i1, head, spans)
				h.spread(dk, ds, h.q, row, i0, i1, head, spans)
				h.spread(dv, p, do, row, i0, i1, head, spans)
			}
		}
	})
	return nil
}
