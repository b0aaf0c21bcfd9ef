package stablehlo

import "divvy/gpu/program"

// adamW8 does one step with moments of 8 bits: widened, updated, coded again.
//
// Codes are computed, not looked up: where an element of the result depends on
// the same element of an operand only, XLA may write it over the operand. With
// tables all codes were there twice, 13 GB more for LLaMA-7B.
func adamW8(e *emitter, op *program.Op) []val {
	s := newAdam(e, op.Attr, op.In[6], op.In[7], op.In[8])
	p, g, m, v, ms, vs := e.of(op.In[0]), e.of(op.In[1]), e.of(op.In[2]), e.of(op.In[3]), e.of(op.In[4]), e.of(op.In[5])
	signed, unsigned := decades(program.SignedCodes()), decades(program.UnsignedCodes())
	newP, newM, newV := s.next(p, g, e.decode(m, ms, signed), e.decode(v, vs, unsigned))
	mCodes, mScale := e.encode(newM, signed)
	vCodes, vScale := e.encode(newV, unsigned)
	return []val{s.guard(newP, p), s.guard(mCodes, m), s.guard(vCodes, v), s.guard(mScale, ms), s.guard(vScale, vs)}
}

// dynamic is the arithmetic of an 8-bit type: code zero is 0, and the numbers
// beyond it, counted from there, lie in stretches at equal distances. With a sign
// as many lie on the other side, but for the last.
type dynamic struct {
	zero   int
	pieces []piece
}

// piece is a stretch of numbers: the count of the first and of the last, the
// first, the distance, and the least number whose code is in the stretch (it is
// itself excluded).
type piece struct {
	first, last          float64
	start, step, beginIn float64
}

// decades finds the stretches of a table of codes.
func decades(codes []float32) dynamic {
	var d dynamic
	for codes[d.zero] != 0 {
		d.zero++
	}
	thresholds := program.Thresholds(codes)
	x := func(count int) float64 { return float64(codes[d.zero+count]) }
	add := func(first, n int) {
		q := piece{first: float64(first), last: float64(first + n - 1), start: x(first), step: 1, beginIn: float64(thresholds[d.zero+first-1])}
		if n > 1 {
			q.step = (x(first+n-1) - q.start) / float64(n-1)
		}
		d.pieces = append(d.pieces, q)
	}
	first, n := 1, 2
	if d.zero > 0 {
		n = 1
	}
	for range 7 { // decades
		add(first, n)
		first, n = first+n, 2*n
	}
	add(first, 1) // the number 1
	return d
}

// choose is, for each element, what the last of the pieces has that it belongs to,
// by in, and zero where it belongs to none.
func (e *emitter) choose(d dynamic, in func(p piece) val, what func(p piece) float64, like val) val {
	out := e.splat(0, like)
	for _, p := range d.pieces {
		out = e.pick(in(p), e.splat(what(p), like), out)
	}
	return out
}

// inBlocks is the elements of v as [blocks, program.Block], zeros at the end.
func (e *emitter) inBlocks(v val) val {
	n := v.len()
	flat := e.reshape(v, n)
	return e.reshape(e.pad(flat, 0, 0, program.Blocks(n)*program.Block-n), program.Blocks(n), program.Block)
}

// fromBlocks is the inverse.
func (e *emitter) fromBlocks(v val, shape []int) val {
	return e.reshape(e.cut(e.reshape(v, v.len()), 0, 0, program.Elements(shape)), shape...)
}

// decode is what codes stand for.
func (e *emitter) decode(codes, scale val, d dynamic) val {
	count := e.plus(e.as(e.inBlocks(codes), "f32"), float64(-d.zero))
	size := e.un("abs", count)
	in := make(map[float64]val)
	for _, p := range d.pieces {
		in[p.first] = e.compare("GE", size, e.splat(p.first, size))
	}
	of := func(what func(p piece) float64) val {
		return e.choose(d, func(p piece) val { return in[p.first] }, what, size)
	}
	behind := e.sub(size, of(func(p piece) float64 { return p.first }))
	x := e.add(of(func(p piece) float64 { return p.start }), e.mul(behind, of(func(p piece) float64 { return p.step })))
	x = e.mul(x, e.un("sign", count))
	return e.fromBlocks(e.mul(x, e.spread(scale, x.shape, 0)), codes.shape)
}

// encode gives the nearest codes of x and their scales.
func (e *emitter) encode(x val, d dynamic) (codes, scale val) {
	blocks := e.inBlocks(x)
	scale = e.reduce("maximum", e.un("abs", blocks), 1)
	by := e.pick(e.compare("EQ", scale, e.splat(0, scale)), e.splat(1, scale), scale)
	y := e.div(blocks, e.spread(by, blocks.shape, 0))
	size := e.un("abs", y)
	in := make(map[float64]val)
	for _, p := range d.pieces {
		in[p.first] = e.compare("GT", size, e.splat(p.beginIn, size))
	}
	of := func(what func(p piece) float64) val {
		return e.choose(d, func(p piece) val { return in[p.first] }, what, size)
	}
	first, last := of(func(p piece) float64 { return p.first }), of(func(p piece) float64 { return p.last })
	behind := e.mul(e.sub(size, of(func(p piece) float64 { return p.start })), of(func(p piece) float64 { return 1 / p.step }))
	count := e.add(first, e.un("floor", e.plus(behind, 0.5)))
	count = e.bin("minimum", e.bin("maximum", count, first), last)
	if d.zero > 0 {
		count = e.mul(e.bin("minimum", count, e.pick(e.compare("LT", y, e.splat(0, y)), e.splat(float64(d.zero), y), count)), e.un("sign", y))
	}
	return e.fromBlocks(e.as(e.plus(count, float64(d.zero)), "ui8"), x.shape), scale
}
