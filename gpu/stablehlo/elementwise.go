package stablehlo

import (
	"math"

	"divvy/gpu/program"
)

// one is the list of a single result.
func one(v val) []val { return []val{v} }

// direct lowers an operation that StableHLO has.
func direct(name string) lowering {
	return func(e *emitter, op *program.Op) []val {
		if len(op.In) == 1 {
			return one(e.un(name, e.of(op.In[0])))
		}
		return one(e.bin(name, e.of(op.In[0]), e.of(op.In[1])))
	}
}

// inWide lowers a formula of equally shaped operands: it is computed in
// float32 or wider and rounded once.
func inWide(f func(e *emitter, x []val) []val) lowering {
	return func(e *emitter, op *program.Op) []val {
		x := make([]val, len(op.In))
		for i, v := range op.In {
			x[i] = e.wide(e.of(v))
		}
		out := f(e, x)
		for i := range out {
			out[i] = e.as(out[i], op.Out[i].Type.String())
		}
		return out
	}
}

func elementwise() map[program.Kind]lowering {
	same := func(e *emitter, op *program.Op) []val { return one(e.of(op.In[0])) }
	return map[program.Kind]lowering{
		program.Const: func(e *emitter, op *program.Op) []val {
			out := op.Out[0]
			return one(e.fill(e.scalar(out.Type.String(), op.Attr.Value), out.Shape))
		},
		program.Literal: func(e *emitter, op *program.Op) []val {
			out := op.Out[0]
			return one(e.literal(out.Type.String(), op.Attr.Data, out.Shape))
		},
		program.Convert: func(e *emitter, op *program.Op) []val {
			y := e.as(e.of(op.In[0]), op.Out[0].Type.String())
			if x := op.In[0].Op; x.Kind == program.Input && x.Attr.Role == program.State && Divided(op.In[0].Shape, e.o.Partitions) {
				y = e.gathered(y)
			}
			return one(y)
		},
		program.Barrier:      barrier,
		program.StopGradient: same,
		program.Neg:          direct("negate"),
		program.Exp:          direct("exponential"),
		program.Log:          direct("log"),
		program.Sqrt:         direct("sqrt"),
		program.Tanh:         direct("tanh"),
		program.Logistic:     direct("logistic"),
		program.Add:          direct("add"),
		program.Sub:          direct("subtract"),
		program.Mul:          direct("multiply"),
		program.Div:          direct("divide"),
		program.Maximum:      direct("maximum"),
		program.Softplus: inWide(func(e *emitter, x []val) []val {
			small := e.un("exponential", e.un("negate", e.un("abs", x[0])))
			return one(e.add(e.bin("maximum", x[0], e.splat(0, x[0])), e.un("log_plus_one", small)))
		}),
		program.ReLU: func(e *emitter, op *program.Op) []val {
			x := e.of(op.In[0])
			return one(e.bin("maximum", x, e.splat(0, x)))
		},
		program.ReLUGrad: func(e *emitter, op *program.Op) []val {
			// Kept apart, or XLA asks for the sign of what ReLU was given, which then
			// cannot be left in the product's registers.
			x, dy := e.after(e.of(op.In[0])), e.of(op.In[1])
			return one(e.pick(e.compare("GT", x, e.splat(0, x)), dy, e.splat(0, dy)))
		},
		program.GELU: inWide(func(e *emitter, x []val) []val { return one(e.mul(x[0], e.normal(x[0]))) }),
		program.GELUGrad: inWide(func(e *emitter, x []val) []val {
			density := e.times(e.un("exponential", e.times(e.mul(x[0], x[0]), -0.5)), 1/math.Sqrt(2*math.Pi))
			return one(e.mul(x[1], e.add(e.normal(x[0]), e.mul(x[0], density))))
		}),
		program.GELUTanh: inWide(func(e *emitter, x []val) []val {
			return one(e.mul(x[0], e.times(e.plus(e.un("tanh", e.gate(x[0])), 1), 0.5)))
		}),
		program.GELUTanhGrad: inWide(func(e *emitter, x []val) []val {
			t := e.un("tanh", e.gate(x[0]))
			slope := e.times(e.plus(e.times(e.mul(x[0], x[0]), 3*0.044715), 1), math.Sqrt(2/math.Pi))
			bend := e.mul(e.plus(e.un("negate", e.mul(t, t)), 1), slope)
			return one(e.mul(x[1], e.add(e.times(e.plus(t, 1), 0.5), e.times(e.mul(x[0], bend), 0.5))))
		}),
		program.SiLU: inWide(func(e *emitter, x []val) []val { return one(e.mul(x[0], e.un("logistic", x[0]))) }),
		program.SiLUGrad: inWide(func(e *emitter, x []val) []val {
			return one(e.mul(x[1], e.siluSlope(x[0], e.un("logistic", x[0]))))
		}),
		program.SwiGLU: inWide(func(e *emitter, x []val) []val {
			return one(e.mul(e.mul(x[0], e.un("logistic", x[0])), x[1]))
		}),
		program.SwiGLUGrad: inWide(func(e *emitter, x []val) []val {
			s := e.un("logistic", x[0])
			return []val{e.mul(e.mul(x[2], x[1]), e.siluSlope(x[0], s)), e.mul(x[2], e.mul(x[0], s))}
		}),
		program.Where: func(e *emitter, op *program.Op) []val {
			c := e.of(op.In[0])
			return one(e.pick(e.compare("NE", c, e.splat(0, c)), e.of(op.In[1]), e.of(op.In[2])))
		},
	}
}

// barrier keeps the recomputation that follows apart from what was computed
// before, and behind it: it also waits for the last result of the operand's
// type, which in a backward pass is the gradient that has come so far. Without
// that, nothing holds XLA back from computing all layers again at the start of
// the backward pass, which needs the memory that recomputation is to save.
func barrier(e *emitter, op *program.Op) []val {
	x := e.of(op.In[0])
	if last, ok := e.latest[x.typ()]; ok && last.name != x.name {
		return one(e.after(x, last))
	}
	return one(e.after(x))
}

// normal is the normal distribution function.
func (e *emitter) normal(x val) val {
	scaled := e.times(x, 1/math.Sqrt2)
	erf := e.line(x.elem, x.shape, "chlo.erf %s : %s -> %s", scaled.name, x.typ(), x.typ())
	return e.times(e.plus(erf, 1), 0.5)
}

// gate is the argument of the hyperbolic tangent in GELU's approximation.
func (e *emitter) gate(x val) val {
	cube := e.mul(x, e.mul(x, x))
	return e.times(e.add(x, e.times(cube, 0.044715)), math.Sqrt(2/math.Pi))
}

// siluSlope is the derivative of SiLU at x, with s the logistic function of x.
func (e *emitter) siluSlope(x, s val) val {
	return e.mul(s, e.plus(e.mul(x, e.plus(e.un("negate", s), 1)), 1))
}
