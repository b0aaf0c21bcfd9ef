package program

import "slices"

// unary adds an elementwise operation on a floating-point operand.
func (b *Builder) unary(k Kind, x *Value) *Value {
	b.must(x.Type.IsFloat(), k, []*Value{x}, "wants a floating-point operand")
	return b.add1(k, Attr{}, x.Type, x.Shape, x)
}

// Neg is -x.
func (b *Builder) Neg(x *Value) *Value { return b.unary(Neg, x) }

// Exp is the exponential function.
func (b *Builder) Exp(x *Value) *Value { return b.unary(Exp, x) }

// Log is the natural logarithm.
func (b *Builder) Log(x *Value) *Value { return b.unary(Log, x) }

// Sqrt is the square root.
func (b *Builder) Sqrt(x *Value) *Value { return b.unary(Sqrt, x) }

// Tanh is the hyperbolic tangent.
func (b *Builder) Tanh(x *Value) *Value { return b.unary(Tanh, x) }

// Logistic is 1/(1+exp(-x)).
func (b *Builder) Logistic(x *Value) *Value { return b.unary(Logistic, x) }

// Softplus is log(1+exp(x)), computed without overflow.
func (b *Builder) Softplus(x *Value) *Value { return b.unary(Softplus, x) }

// ReLU is max(x, 0); its derivative at 0 is taken as 0.
func (b *Builder) ReLU(x *Value) *Value { return b.unary(ReLU, x) }

// GELU is x Phi(x) with the normal distribution function Phi.
func (b *Builder) GELU(x *Value) *Value { return b.unary(GELU, x) }

// GELUTanh is GELU's tanh approximation, 0.5x(1+tanh(sqrt(2/pi)(x+0.044715x^3))).
func (b *Builder) GELUTanh(x *Value) *Value { return b.unary(GELUTanh, x) }

// SiLU is x/(1+exp(-x)).
func (b *Builder) SiLU(x *Value) *Value { return b.unary(SiLU, x) }

// StopGradient is x; no gradient flows back through it.
func (b *Builder) StopGradient(x *Value) *Value {
	return b.add1(StopGradient, Attr{}, x.Type, x.Shape, x)
}

// Convert rounds to another element type; the same type is returned as it is.
func (b *Builder) Convert(x *Value, t DType) *Value {
	if x.Type == t {
		return x
	}
	return b.add1(Convert, Attr{}, t, x.Shape, x)
}

// binary adds an elementwise operation; operands are first broadcast to one
// shape by NumPy's rules.
func (b *Builder) binary(k Kind, x, y *Value) *Value {
	in := []*Value{x, y}
	b.must(x.Type == y.Type && x.Type.IsFloat(), k, in, "wants floating-point operands of one type")
	s := b.common(k, in)
	x, y = b.Expand(x, s...), b.Expand(y, s...)
	return b.add1(k, Attr{}, x.Type, s, x, y)
}

// common is the shape to which all operands can be broadcast.
func (b *Builder) common(k Kind, in []*Value) []int {
	var s []int
	for _, v := range in {
		for len(s) < len(v.Shape) {
			s = slices.Insert(s, 0, 1)
		}
		for i, d := range v.Shape {
			j := len(s) - len(v.Shape) + i
			if s[j] == 1 {
				s[j] = d
			}
			b.must(d == 1 || d == s[j], k, in, "shapes cannot be broadcast together")
		}
	}
	return s
}

// Add is x + y.
func (b *Builder) Add(x, y *Value) *Value { return b.binary(Add, x, y) }

// Sub is x - y.
func (b *Builder) Sub(x, y *Value) *Value { return b.binary(Sub, x, y) }

// Mul is the elementwise product.
func (b *Builder) Mul(x, y *Value) *Value { return b.binary(Mul, x, y) }

// Div is the elementwise quotient.
func (b *Builder) Div(x, y *Value) *Value { return b.binary(Div, x, y) }

// Maximum is the elementwise maximum; where operands are equal the gradient
// flows to the first.
func (b *Builder) Maximum(x, y *Value) *Value { return b.binary(Maximum, x, y) }

// Scale is x times a constant.
func (b *Builder) Scale(x *Value, by float64) *Value { return b.Mul(x, b.Const(x.Type, by)) }

// Shift is x plus a constant.
func (b *Builder) Shift(x *Value, by float64) *Value { return b.Add(x, b.Const(x.Type, by)) }

// Where is x where cond is not 0 and y elsewhere; no gradient flows to cond.
func (b *Builder) Where(cond, x, y *Value) *Value {
	in := []*Value{cond, x, y}
	b.must(x.Type == y.Type && x.Type == cond.Type && x.Type.IsFloat(), Where, in, "wants floating-point operands of one type")
	s := b.common(Where, in)
	return b.add1(Where, Attr{}, x.Type, s, b.Expand(cond, s...), b.Expand(x, s...), b.Expand(y, s...))
}

// SwiGLU is SiLU(gate) * up.
func (b *Builder) SwiGLU(gate, up *Value) *Value {
	in := []*Value{gate, up}
	b.must(gate.Type.IsFloat() && gate.Type == up.Type && slices.Equal(gate.Shape, up.Shape), SwiGLU, in, "wants operands of one type and shape")
	return b.add1(SwiGLU, Attr{}, gate.Type, gate.Shape, in...)
}

// Reshape gives the same elements another shape.
func (b *Builder) Reshape(x *Value, shape ...int) *Value {
	if slices.Equal(x.Shape, shape) {
		return x
	}
	b.must(Elements(shape) == x.Len(), Reshape, []*Value{x}, "the number of elements differs from the new shape's")
	return b.add1(Reshape, Attr{}, x.Type, shape, x)
}

// Expand repeats x along its axes of length 1 and along new leading axes.
func (b *Builder) Expand(x *Value, shape ...int) *Value {
	if slices.Equal(x.Shape, shape) {
		return x
	}
	b.must(expands(x.Shape, shape), Expand, []*Value{x}, "does not expand to the new shape")
	return b.add1(Expand, Attr{}, x.Type, shape, x)
}

// SumTo sums x over the axes that Expand would have repeated.
func (b *Builder) SumTo(x *Value, shape ...int) *Value {
	if slices.Equal(x.Shape, shape) {
		return x
	}
	b.must(x.Type.IsFloat() && expands(shape, x.Shape), SumTo, []*Value{x}, "does not sum to the new shape")
	return b.add1(SumTo, Attr{}, x.Type, shape, x)
}

// expands says whether small broadcasts to big.
func expands(small, big []int) bool {
	if len(small) > len(big) {
		return false
	}
	for i, d := range small {
		if e := big[len(big)-len(small)+i]; d != 1 && d != e {
			return false
		}
	}
	return true
}

// Sum adds up all elements to a scalar.
func (b *Builder) Sum(x *Value) *Value { return b.SumTo(x) }

// Slice takes lo <= index < hi along an axis.
func (b *Builder) Slice(x *Value, axis, lo, hi int) *Value {
	b.must(axis >= 0 && axis < len(x.Shape) && 0 <= lo && lo < hi && hi <= x.Shape[axis], Slice, []*Value{x}, "range outside the axis")
	if lo == 0 && hi == x.Shape[axis] {
		return x
	}
	s := slices.Clone(x.Shape)
	s[axis] = hi - lo
	return b.add1(Slice, Attr{Axis: axis, Lo: lo, Hi: hi}, x.Type, s, x)
}

// Pad puts zeros before and after along an axis.
func (b *Builder) Pad(x *Value, axis, before, after int) *Value {
	b.must(axis >= 0 && axis < len(x.Shape) && before >= 0 && after >= 0, Pad, []*Value{x}, "no such axis, or a negative width")
	if before == 0 && after == 0 {
		return x
	}
	s := slices.Clone(x.Shape)
	s[axis] += before + after
	return b.add1(Pad, Attr{Axis: axis, Lo: before, Hi: after}, x.Type, s, x)
}

// ReduceMax is the maximum along an axis, which stays with length 1. It has no
// gradient: wrap it in StopGradient.
func (b *Builder) ReduceMax(x *Value, axis int) *Value { return b.reduce(ReduceMax, x, axis) }

// LogSumExp is log(sum(exp(x))) along an axis, which stays with length 1,
// computed without overflow. Of no finite element it is -Inf.
func (b *Builder) LogSumExp(x *Value, axis int) *Value { return b.reduce(LogSumExp, x, axis) }

func (b *Builder) reduce(k Kind, x *Value, axis int) *Value {
	b.must(x.Type.IsFloat() && axis >= 0 && axis < len(x.Shape), k, []*Value{x}, "no such axis")
	s := slices.Clone(x.Shape)
	s[axis] = 1
	return b.add1(k, Attr{Axis: axis}, x.Type, s, x)
}
