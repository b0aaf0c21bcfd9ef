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
		program.AdamW: adamW,
	}
}

// adamW does one step. The factors that depend on the number of the step are
// taken in float64, once: in float32 1-beta2^step is off by 6e-5 at the first.
func adamW(e *emitter, op *program.Op) []val {
	p, g, m, v := e.of(op.In[0]), e.of(op.In[1]), e.of(op.In[2]), e.of(op.In[3])
	double := func(i int) val { return e.as(e.reshape(e.of(op.In[i])), "f64") }
	lr, step, scale := double(4), double(5), double(6)
	a := op.Attr
	all := func(s val) val { return e.fill(e.as(s, p.elem), p.shape) }
	missing := func(beta float64) val { // 1 - beta^step
		return e.plus(e.un("negate", e.bin("power", e.scalar("f64", beta), step)), 1)
	}
	keep := e.plus(e.times(lr, -a.Decay), 1)
	rate, root := e.div(lr, missing(a.Beta1)), e.un("rsqrt", missing(a.Beta2))

	d := e.mul(g, all(scale))
	newM := e.add(e.times(m, a.Beta1), e.times(d, 1-a.Beta1))
	newV := e.add(e.times(v, a.Beta2), e.times(e.mul(d, d), 1-a.Beta2))
	by := e.plus(e.mul(e.un("sqrt", newV), all(root)), a.Eps)
	newP := e.sub(e.mul(p, all(keep)), e.div(e.mul(newM, all(rate)), by))

	finite := e.line("i1", nil, "stablehlo.is_finite %s : (%s) -> tensor<i1>", scale.name, scale.typ())
	guard := func(new, old val) val { return e.pick(finite, new, old) }
	return []val{guard(newP, p), guard(newM, m), guard(newV, v)}
}
