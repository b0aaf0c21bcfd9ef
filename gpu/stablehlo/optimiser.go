package stablehlo

import (
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
