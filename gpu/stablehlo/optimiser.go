package stablehlo

import (
	"fmt"
	"slices"

	"divvy/gpu/program"
)

func optimiser() map[program.Kind]lowering {
	return map[program.Kind]lowering{
		program.SumSquares: func(e *emitter, op *program.Op) []val {
			x := e.wide(e.of(op.In[0]))
			all := make([]int, len(x.shape))
			for i := range all {
				all[i] = i
			}
			square := e.mul(x, x)
			if len(all) > 0 {
				square = e.sum(square, all...)
			}
			return one(square)
		},
		program.AdamW:  adamW,
		program.AdamW8: adamW8,
	}
}

// adam is one step of an AdamW. The factors that depend on the number of the step
// are taken in float64, once: in float32 1-beta2^step is off by 6e-5 at the first.
type adam struct {
	e                *emitter
	a                program.Attr
	scale, step      val // as given; as f64
	keep, rate, root val // f64
	finite           val // i1: the step is to be taken
}

// newAdam takes the scalars lr, step and scale.
func newAdam(e *emitter, a program.Attr, lr, step, scale *program.Value) adam {
	double := func(v *program.Value) val { return e.as(e.reshape(e.of(v)), "f64") }
	s := adam{e: e, a: a, step: double(step)}
	rate, factor := double(lr), double(scale)
	missing := func(beta float64) val { // 1 - beta^step
		return e.plus(e.un("negate", e.bin("power", e.scalar("f64", beta), s.step)), 1)
	}
	s.keep = e.plus(e.times(rate, -a.Decay), 1)
	s.rate, s.root = e.div(rate, missing(a.Beta1)), e.un("rsqrt", missing(a.Beta2))
	s.scale = factor
	s.finite = e.line("i1", nil, "stablehlo.is_finite %s : (%s) -> tensor<i1>", factor.name, factor.typ())
	return s
}

// next is the parameter and the moments after the step, in p's type.
func (s adam) next(p, g, m, v val) (newP, newM, newV val) {
	e, a := s.e, s.a
	all := func(s val) val { return e.fill(e.as(s, p.elem), p.shape) }
	d := e.mul(g, all(s.scale))
	newM = e.add(e.times(m, a.Beta1), e.times(d, 1-a.Beta1))
	newV = e.add(e.times(v, a.Beta2), e.times(e.mul(d, d), 1-a.Beta2))
	by := e.plus(e.mul(e.un("sqrt", newV), all(s.root)), a.Eps)
	return e.sub(e.mul(p, all(s.keep)), e.div(e.mul(newM, all(s.rate)), by)), newM, newV
}

// guard keeps old if the step is not to be taken.
func (s adam) guard(new, old val) val { return s.e.pick(s.finite, new, old) }

// adamW does one step.
func adamW(e *emitter, op *program.Op) []val {
	s := newAdam(e, op.Attr, op.In[4], op.In[5], op.In[6])
	p, g, m, v := e.of(op.In[0]), e.of(op.In[1]), e.of(op.In[2]), e.of(op.In[3])
	newP, newM, newV := s.next(p, g, e.as(m, p.elem), e.as(v, p.elem))
	if m.elem == "bf16" {
		newM, newV = s.rounded(newM, newV)
	}
	return []val{s.guard(newP, p), s.guard(newM, m), s.guard(newV, v)}
}

// rounded brings moments to bf16, up or down at random; see program.RandomBits.
func (s adam) rounded(m, v val) (val, val) {
	e := s.e
	shape := m.shape
	// The element's number is made of its place along each axis, so that an array
	// that is divided over devices has the same bits.
	number := e.fill(e.scalar("ui32", 0), shape)
	stride := 1
	for axis := len(shape) - 1; axis >= 0; axis-- {
		number = e.add(number, e.times(e.iota("ui32", axis, shape...), float64(stride)))
		stride *= shape[axis]
	}
	start := e.plus(e.times(e.as(s.step, "ui32"), 0x85ebca77), float64(uint32(s.a.Seed)*0xc2b2ae3d))
	x := e.add(e.times(number, 0x9e3779b1), e.fill(start, shape))
	fold := func(x val, by float64) val {
		return e.bin("xor", x, e.bin("shift_right_logical", x, e.splat(by, x)))
	}
	x = e.times(fold(x, 16), 0x7feb352d)
	x = fold(e.times(fold(x, 15), 0x846ca68b), 16)
	round := func(f, random val) val {
		bits := e.line("ui32", shape, "stablehlo.bitcast_convert %s : (%s) -> %s", f.name, f.typ(), tensor("ui32", shape))
		bits = e.bin("and", e.add(bits, random), e.splat(0xffff0000, bits))
		return e.as(e.line("f32", shape, "stablehlo.bitcast_convert %s : (%s) -> %s", bits.name, bits.typ(), tensor("f32", shape)), "bf16")
	}
	return round(m, e.bin("and", x, e.splat(0xffff, x))), round(v, e.bin("shift_right_logical", x, e.splat(16, x)))
}

// adamW8 does one step with moments of 8 bits: widened, updated, coded again.
func adamW8(e *emitter, op *program.Op) []val {
	s := newAdam(e, op.Attr, op.In[6], op.In[7], op.In[8])
	p, g, m, v, ms, vs := e.of(op.In[0]), e.of(op.In[1]), e.of(op.In[2]), e.of(op.In[3]), e.of(op.In[4]), e.of(op.In[5])
	signed, unsigned := program.SignedCodes(), program.UnsignedCodes()
	newP, newM, newV := s.next(p, g, e.decode(m, ms, signed), e.decode(v, vs, unsigned))
	mCodes, mScale := e.encode(newM, signed)
	vCodes, vScale := e.encode(newV, unsigned)
	return []val{s.guard(newP, p), s.guard(mCodes, m), s.guard(vCodes, v), s.guard(mScale, ms), s.guard(vScale, vs)}
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

// numbers is a constant of the given elements.
func (e *emitter) numbers(x []float32) val {
	wide := make([]float64, len(x))
	for i, v := range x {
		wide[i] = float64(v)
	}
	return e.constant("f32", wide, []int{len(x)})
}

// lookup is table[index] for each element of index (i32), which are in range.
func (e *emitter) lookup(table, index val) val {
	at := e.reshape(index, append(slices.Clone(index.shape), 1)...)
	return e.call("gather", []val{table, at}, fmt.Sprintf("dimension_numbers = #stablehlo.gather<offset_dims = [], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = %d>, slice_sizes = array<i64: 1>, indices_are_sorted = false", len(index.shape)),
		"", table.elem, index.shape)
}

// decode is what codes stand for.
func (e *emitter) decode(codes, scale val, table []float32) val {
	x := e.lookup(e.numbers(table), e.as(e.inBlocks(codes), "i32"))
	return e.fromBlocks(e.mul(x, e.spread(scale, x.shape, 0)), codes.shape)
}

// encode gives the nearest codes of x and their scales. A code is found by
// halving: it is the number of thresholds that are less than the number.
func (e *emitter) encode(x val, table []float32) (codes, scale val) {
	blocks := e.inBlocks(x)
	scale = e.reduce("maximum", e.un("abs", blocks), 1)
	by := e.pick(e.compare("EQ", scale, e.splat(0, scale)), e.splat(1, scale), scale)
	y := e.div(blocks, e.spread(by, blocks.shape, 0))
	t := program.Thresholds(table)
	thresholds := e.numbers(t)
	// The first halving is by a number: looked up at equal places it would be a
	// constant of the parameter's size, which XLA takes long to fold.
	half := len(table) / 2
	start := e.fill(e.scalar("i32", 0), blocks.shape)
	code := e.pick(e.compare("GT", y, e.splat(float64(t[half-1]), y)), e.plus(start, float64(half)), start)
	for step := half / 2; step > 0; step /= 2 {
		beyond := e.compare("GT", y, e.lookup(thresholds, e.plus(code, float64(step-1))))
		code = e.pick(beyond, e.plus(code, float64(step)), code)
	}
	return e.fromBlocks(e.as(code, "ui8"), x.shape), scale
}
