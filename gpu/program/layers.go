package program

import "slices"

// vector and matrix say whether a value has the shape and, unless it is
// negative, the length.
func vector(v *Value, n int) bool { return len(v.Shape) == 1 && (n < 0 || v.Shape[0] == n) }

func matrix(v *Value, n, d int) bool {
	return len(v.Shape) == 2 && (n < 0 || v.Shape[0] == n) && (d < 0 || v.Shape[1] == d)
}

// MatMul is op(x) op(y) for matrices, op being the transpose where asked.
func (b *Builder) MatMul(x, y *Value, transX, transY bool) *Value {
	return b.matmul([]*Value{x, y}, transX, transY)
}

// Linear is x w^T + bias, with w [out, in] as PyTorch stores it; bias [out]
// may be nil.
func (b *Builder) Linear(x, w, bias *Value) *Value {
	if bias == nil {
		return b.matmul([]*Value{x, w}, false, true)
	}
	return b.matmul([]*Value{x, w, bias}, false, true)
}

func (b *Builder) matmul(in []*Value, transA, transB bool) *Value {
	x, y := in[0], in[1]
	b.must(matrix(x, -1, -1) && matrix(y, -1, -1), MatMul, in, "wants matrices")
	m, k := x.Shape[0], x.Shape[1]
	if transA {
		m, k = k, m
	}
	k2, n := y.Shape[0], y.Shape[1]
	if transB {
		k2, n = n, k2
	}
	b.must(k == k2, MatMul, in, "inner dimensions differ")
	for _, v := range in {
		b.must(v.Type == x.Type && v.Type.IsFloat(), MatMul, in, "wants floating-point operands of one type")
	}
	b.must(len(in) == 2 || vector(in[2], n), MatMul, in, "the bias is not a vector of the result's width")
	return b.add1(MatMul, Attr{TransA: transA, TransB: transB}, x.Type, []int{m, n}, in...)
}

// Gather takes rows of table [v,d] by ids [n]; a negative id gives zeros. An
// id of v or more fails the run.
func (b *Builder) Gather(table, ids *Value) *Value {
	in := []*Value{table, ids}
	b.must(matrix(table, -1, -1) && vector(ids, -1) && ids.Type == I32, Gather, in, "wants a matrix and i32 ids")
	return b.add1(Gather, Attr{}, table.Type, []int{ids.Shape[0], table.Shape[1]}, in...)
}

// ScatterAdd adds row i of rows [n,d] to row ids[i] of a zero matrix [size,d];
// rows with negative ids are left out. With d = 1 it sums by segment.
func (b *Builder) ScatterAdd(rows, ids *Value, size int) *Value {
	in := []*Value{rows, ids}
	b.must(matrix(rows, -1, -1) && vector(ids, rows.Dim(0)) && ids.Type == I32 && rows.Type.IsFloat() && size > 0, ScatterAdd, in, "wants a matrix and as many i32 ids as rows")
	return b.add1(ScatterAdd, Attr{}, rows.Type, []int{size, rows.Shape[1]}, in...)
}

// LayerNorm normalises each row of x [n,d] to mean 0 and variance 1 (plus
// eps), then applies gain and bias [d].
func (b *Builder) LayerNorm(x, gain, bias *Value, eps float64) *Value {
	in := []*Value{x, gain, bias}
	b.must(matrix(x, -1, -1) && vector(gain, x.Dim(-1)) && vector(bias, x.Dim(-1)) && sameFloat(in), LayerNorm, in, "wants x [n,d], gain [d], bias [d] of one type")
	n := []int{x.Shape[0]}
	return b.add(LayerNorm, Attr{Eps: eps}, in, like(x), result{wide(x.Type), n}, result{wide(x.Type), n})[0]
}

// RMSNorm divides each row of x [n,d] by its root mean square (eps added to
// the mean square) and applies gain [d].
func (b *Builder) RMSNorm(x, gain *Value, eps float64) *Value {
	in := []*Value{x, gain}
	b.must(matrix(x, -1, -1) && vector(gain, x.Dim(-1)) && sameFloat(in), RMSNorm, in, "wants x [n,d], gain [d] of one type")
	return b.add(RMSNorm, Attr{Eps: eps}, in, like(x), result{wide(x.Type), []int{x.Shape[0]}})[0]
}

// wide is the type in which statistics of values of type t are kept.
func wide(t DType) DType {
	if t == BF16 {
		return F32
	}
	return t
}

func sameFloat(in []*Value) bool {
	for _, v := range in {
		if v.Type != in[0].Type || !v.Type.IsFloat() {
			return false
		}
	}
	return true
}

// RotaryOptions describes a rotary position embedding (Su et al. 2021) in
// GPT-NeoX's layout: component i is paired with component i + Dims/2.
type RotaryOptions struct {
	Heads   int     // heads side by side in a row
	Dims    int     // leading components of each head that are rotated
	Base    float64 // angle of pair i at position p: p * Base^(-2i/Dims)
	inverse bool
}

// Rotary turns the rows of x [n, heads*headDim] by angles that grow with
// position [n] (i32).
func (b *Builder) Rotary(x, position *Value, o RotaryOptions) *Value {
	in := []*Value{x, position}
	b.must(matrix(x, -1, -1) && vector(position, x.Dim(0)) && position.Type == I32 && x.Type.IsFloat(), Rotary, in, "wants x [n,d] and i32 position [n]")
	b.must(o.Heads > 0 && x.Dim(1)%o.Heads == 0 && o.Base > 0, Rotary, in, "the width is no multiple of the heads")
	headDim := x.Dim(1) / o.Heads
	b.must(o.Dims > 0 && o.Dims%2 == 0 && o.Dims <= headDim, Rotary, in, "the rotated components must be an even number within a head")
	return b.add1(Rotary, Attr{Heads: o.Heads, HeadDim: headDim, Rotary: o.Dims, Base: o.Base, Inverse: o.inverse}, x.Type, x.Shape, in...)
}

// AttentionOptions describes an attention operation.
type AttentionOptions struct {
	Rows    int     // independent rows of tokens
	Heads   int     // query heads
	KVHeads int     // key and value heads; each serves Heads/KVHeads query heads
	Scale   float64 // factor of the scores, usually 1/sqrt(headDim)
	// Causal promises that each query stands at its own index (at is nil) and sees
	// all keys up to itself, but for queries whose results nobody wants. A device
	// may then do without reach, and give those queries any finite numbers.
	Causal bool
}

// Attention is softmax(scale q k^T) v for each head, over the keys that a
// query may see.
//
// q is [rows*t, heads*headDim], k and v are [rows*c, kvHeads*headDim]. Query i
// of a row sees key j of the same row if
//
//	j <= at(i) and at(i) <= reach[j]
//
// where at(i) is the query's own place among the keys: at [rows*t] (i32), or,
// when at is nil and t = c, i itself. reach [rows*c] (i32) is the place of the
// last token that may see key j. It describes every tree whose tokens are laid
// out in depth-first order: a causal row has reach t-1 everywhere, a key that
// nothing may see has -1, and with K responses behind one prompt the prompt's
// keys reach to the end of the last response, each response's keys to the end
// of their own. A query that sees no key gives zeros.
func (b *Builder) Attention(q, k, v, reach, at *Value, o AttentionOptions) *Value {
	in := []*Value{q, k, v, reach}
	b.must(o.Rows > 0 && o.Heads > 0 && o.KVHeads > 0 && o.Heads%o.KVHeads == 0 && o.Scale > 0, Attention, in, "rows, heads and scale must be positive, kv_heads a divisor of heads")
	b.must(matrix(q, -1, -1) && matrix(k, -1, -1) && slices.Equal(k.Shape, v.Shape) && sameFloat(in[:3]), Attention, in, "wants matrices q, k, v of one type")
	b.must(q.Dim(1)%o.Heads == 0 && k.Dim(1) == q.Dim(1)/o.Heads*o.KVHeads, Attention, in, "widths of q and k do not match the heads")
	b.must(q.Dim(0)%o.Rows == 0 && k.Dim(0)%o.Rows == 0, Attention, in, "tokens are no multiple of the rows")
	b.must(vector(reach, k.Dim(0)) && reach.Type == I32, Attention, in, "wants i32 reach, one a key")
	if at != nil {
		in = append(in, at)
		b.must(vector(at, q.Dim(0)) && at.Type == I32, Attention, in, "wants i32 at, one a query")
	} else {
		b.must(q.Dim(0) == k.Dim(0), Attention, in, "without at there must be as many queries as keys")
	}
	b.must(!o.Causal || at == nil, Attention, in, "causal queries stand at their own index")
	a := Attr{Rows: o.Rows, Heads: o.Heads, KVHeads: o.KVHeads, HeadDim: q.Dim(1) / o.Heads, Scale: o.Scale, Causal: o.Causal}
	return b.add(Attention, a, in, like(q), result{wide(q.Type), []int{q.Dim(0), o.Heads}})[0]
}

// LinearLogProb is log softmax(h w^T) at each row's target: [n] for h [n,d],
// w [v,d] and target [n] (i32). Rows with a negative target are not computed
// and give 0.
func (b *Builder) LinearLogProb(h, w, target *Value) *Value {
	in := []*Value{h, w, target}
	b.must(matrix(h, -1, -1) && matrix(w, -1, h.Dim(1)) && vector(target, h.Dim(0)) && target.Type == I32 && sameFloat(in[:2]), LinearLogProb, in, "wants h [n,d], w [v,d] of one type and i32 target [n]")
	r := result{wide(h.Type), []int{h.Dim(0)}}
	return b.add(LinearLogProb, Attr{}, in, r, r)[0]
}

// SumSquares is the sum of the squares of all elements, accumulated in float64.
func (b *Builder) SumSquares(x *Value) *Value {
	b.must(x.Type.IsFloat(), SumSquares, []*Value{x}, "wants a floating-point operand")
	return b.add1(SumSquares, Attr{}, wide(x.Type), nil, x)
}

// UpdateRows is cache [rows*c, d] with row at[i] of its group replaced by row
// i of x [rows*t, d]: the writing of a key-value cache.
func (b *Builder) UpdateRows(cache, x, at *Value, rows int) *Value {
	in := []*Value{cache, x, at}
	b.must(rows > 0 && matrix(cache, -1, -1) && matrix(x, -1, cache.Dim(1)) && cache.Type == x.Type, UpdateRows, in, "wants matrices of one width and type")
	b.must(cache.Dim(0)%rows == 0 && x.Dim(0)%rows == 0 && vector(at, x.Dim(0)) && at.Type == I32, UpdateRows, in, "lengths are no multiple of the rows, or at is not i32 of x's length")
	return b.add1(UpdateRows, Attr{Rows: rows}, cache.Type, cache.Shape, in...)
}
