package program

// elementwise applies the derivative rule of an elementwise, shape or
// reduction operation; it says whether there is one. d is the derivative by
// the result.
func (g *gradient) elementwise(op *Op, d *Value) bool {
	b, x := g.b, op.In
	in := func(i int) *Value { return g.read(x[i]) }
	y := func() *Value { return g.read(op.Out[0]) }
	push := func(i int, d func() *Value) {
		if g.wants(x[i]) {
			g.push(x[i], d())
		}
	}
	one := func() *Value { return b.Const(d.Type, 1) }
	zero := func() *Value { return b.Const(d.Type, 0) }
	switch op.Kind {
	case Convert:
		g.push(x[0], b.Convert(d, x[0].Type))
	case Barrier:
		g.push(x[0], d)
	case Neg:
		g.push(x[0], b.Neg(d))
	case Exp:
		g.push(x[0], b.Mul(d, y()))
	case Log:
		g.push(x[0], b.Div(d, in(0)))
	case Sqrt:
		g.push(x[0], b.Div(b.Scale(d, 0.5), y()))
	case Tanh:
		g.push(x[0], b.Mul(d, b.Sub(one(), b.Mul(y(), y()))))
	case Logistic:
		g.push(x[0], b.Mul(d, b.Mul(y(), b.Sub(one(), y()))))
	case Softplus:
		g.push(x[0], b.Mul(d, b.Logistic(in(0))))
	case ReLU:
		// The result is positive where the operand is, so that only one of them need
		// be kept, and a device may compute it with the product before it.
		g.push(x[0], b.add1(ReLUGrad, Attr{}, d.Type, d.Shape, y(), d))
	case GELU:
		g.push(x[0], b.add1(GELUGrad, Attr{}, d.Type, d.Shape, in(0), d))
	case GELUTanh:
		g.push(x[0], b.add1(GELUTanhGrad, Attr{}, d.Type, d.Shape, in(0), d))
	case SiLU:
		g.push(x[0], b.add1(SiLUGrad, Attr{}, d.Type, d.Shape, in(0), d))
	case Add:
		g.push(x[0], d)
		g.push(x[1], d)
	case Sub:
		g.push(x[0], d)
		push(1, func() *Value { return b.Neg(d) })
	case Mul:
		push(0, func() *Value { return b.Mul(d, in(1)) })
		push(1, func() *Value { return b.Mul(d, in(0)) })
	case Div:
		push(0, func() *Value { return b.Div(d, in(1)) })
		push(1, func() *Value { return b.Neg(b.Div(b.Mul(d, y()), in(1))) })
	case Maximum:
		push(0, func() *Value { return b.Where(b.firstWins(in(0), in(1)), d, zero()) })
		push(1, func() *Value { return b.Where(b.firstWins(in(0), in(1)), zero(), d) })
	case Where:
		push(1, func() *Value { return b.Where(in(0), d, zero()) })
		push(2, func() *Value { return b.Where(in(0), zero(), d) })
	case SwiGLU:
		r := b.add(SwiGLUGrad, Attr{}, []*Value{in(0), in(1), d}, like(d), like(d))
		g.push(x[0], r[0])
		g.push(x[1], r[1])
	case Reshape:
		g.push(x[0], b.Reshape(d, x[0].Shape...))
	case Expand:
		g.push(x[0], b.SumTo(d, x[0].Shape...))
	case SumTo:
		g.push(x[0], b.Expand(d, x[0].Shape...))
	case Slice:
		a := op.Attr
		g.push(x[0], b.Pad(d, a.Axis, a.Lo, x[0].Shape[a.Axis]-a.Hi))
	case Pad:
		a := op.Attr
		g.push(x[0], b.Slice(d, a.Axis, a.Lo, a.Lo+x[0].Shape[a.Axis]))
	case LogSumExp:
		g.push(x[0], b.Mul(d, b.Exp(b.Sub(in(0), y()))))
	default:
		return false
	}
	return true
}

// firstWins is 1 where x >= y and else 0: the maximum less x is 0 exactly where
// the maximum is x itself.
func (b *Builder) firstWins(x, y *Value) *Value {
	m := b.Maximum(x, y)
	one, zero := b.Const(x.Type, 1), b.Const(x.Type, 0)
	return b.Where(b.Sub(m, x), zero, one)
}

// layer applies the derivative rule of a layer; it says whether there is one.
func (g *gradient) layer(op *Op, d *Value) bool {
	b, x := g.b, op.In
	in := func(i int) *Value { return g.read(x[i]) }
	out := func(i int) *Value { return g.read(op.Out[i]) }
	pushAll := func(d []*Value) {
		for i := range d {
			g.push(x[i], d[i])
		}
	}
	switch op.Kind {
	case MatMul:
		g.matmul(op, d)
	case Gather:
		g.push(x[0], b.ScatterAdd(d, in(1), x[0].Dim(0)))
	case ScatterAdd:
		g.push(x[0], b.Gather(d, in(1)))
	case LayerNorm:
		pushAll(b.add(LayerNormGrad, op.Attr, []*Value{in(0), in(1), out(1), out(2), d}, like(x[0]), like(x[1]), like(x[2])))
	case RMSNorm:
		pushAll(b.add(RMSNormGrad, op.Attr, []*Value{in(0), in(1), out(1), d}, like(x[0]), like(x[1])))
	case Rotary:
		a := op.Attr
		g.push(x[0], b.Rotary(d, in(1), RotaryOptions{Heads: a.Heads, Dims: a.Rotary, Base: a.Base, inverse: !a.Inverse}))
	case Attention:
		b.must(len(x) == 4, Attention, x, "a query's place is given by at: this form has no gradient")
		pushAll(b.add(AttentionGrad, op.Attr, []*Value{in(0), in(1), in(2), in(3), out(0), out(1), d}, like(x[0]), like(x[1]), like(x[2])))
	case LinearLogProb:
		pushAll(b.add(LinearLogProbGrad, Attr{}, []*Value{in(0), in(1), in(2), out(1), d}, like(x[0]), like(x[1])))
	case AllReduce:
		// Each rank computes all that follows, so its derivative by the sum is the
		// whole derivative by its own term.
		g.push(x[0], d)
	case AllGather:
		g.push(x[0], b.ReduceScatter(d))
	case SumSquares:
		g.push(x[0], b.Mul(b.Scale(b.Convert(d, x[0].Type), 2), in(0)))
	default:
		return false
	}
	return true
}

// matmul passes on c = op(a) op(b) + bias: da = dc op(b)^T and db = op(a)^T dc,
// transposed where the operand was.
func (g *gradient) matmul(op *Op, d *Value) {
	b, x, a := g.b, op.In, op.Attr
	if g.wants(x[0]) {
		if a.TransA {
			g.push(x[0], b.MatMul(g.read(x[1]), d, a.TransB, true))
		} else {
			g.push(x[0], b.MatMul(d, g.read(x[1]), false, !a.TransB))
		}
	}
	if g.wants(x[1]) {
		if a.TransB {
			g.push(x[1], b.MatMul(d, g.read(x[0]), true, a.TransA))
		} else {
			g.push(x[1], b.MatMul(g.read(x[0]), d, !a.TransA, false))
		}
	}
	if len(x) == 3 && g.wants(x[2]) {
		g.push(x[2], b.SumTo(d, x[2].Shape...))
	}
}
