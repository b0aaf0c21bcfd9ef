package devicetest

import (
	"math"

	"divvy/gpu/program"
)

// Case is one entry of the test table: a small Program around one operation.
type Case struct {
	Name string
	// Kind is the operation that the case is about.
	Kind program.Kind
	// Inputs are given random numbers, or the integers of Ints where those are set.
	Inputs []In
	// Write builds the result from the inputs, in order.
	Write func(b *program.Builder, in []*program.Value) *program.Value
	// NoGradient says that only the forward pass is to be checked.
	NoGradient bool
}

// Type is the input's type in a case that is run in type t.
func (in In) Type(t program.DType) program.DType {
	switch {
	case in.Ints != nil:
		return program.I32
	case in.Kept != program.F32:
		return in.Kept
	}
	return t
}

// In describes an input of a Case.
type In struct {
	Shape    []int
	Ints     []int32       // an i32 input with these elements
	Positive bool          // numbers between 0.5 and 2 instead of normal ones
	Fixed    bool          // no gradient is taken
	Kept     program.DType // BF16 or U8: its type, whatever the case's is
}

func normal(shape ...int) In   { return In{Shape: shape} }
func positive(shape ...int) In { return In{Shape: shape, Positive: true} }
func integers(x ...int32) In   { return In{Shape: []int{len(x)}, Ints: x} }
func fixed(shape ...int) In    { return In{Shape: shape, Fixed: true} }
func codes(shape ...int) In    { return In{Shape: shape, Kept: program.U8} }
func narrow(in In) In          { in.Kept = program.BF16; return in }

func fill(x []int32, v int32) []int32 {
	for i := range x {
		x[i] = v
	}
	return x
}

// causal is the reach of rows of n tokens.
func causal(rows, n int) []int32 { return fill(make([]int32, rows*n), int32(n-1)) }

// tree is the reach of one row: a prompt, then responses that all see it, then
// padding that nothing sees.
func tree(prompt int, responses []int, padding int) []int32 {
	n := prompt
	for _, r := range responses {
		n += r
	}
	reach := fill(make([]int32, prompt), int32(n-1))
	for _, r := range responses {
		end := int32(len(reach) + r - 1)
		reach = append(reach, fill(make([]int32, r), end)...)
	}
	return append(reach, fill(make([]int32, padding), -1)...)
}

// Cases is the table: at least one case for every operation that a model,
// loss or optimiser writes. The Grad operations come in with the gradients.
func Cases() []Case {
	var all []Case
	add := func(c ...Case) { all = append(all, c...) }
	add(elementwiseCases()...)
	add(shapeCases()...)
	add(matrixCases()...)
	add(attentionCases()...)
	add(choiceCases()...)
	add(optimiserCases()...)
	return all
}

type builder = program.Builder
type value = program.Value

func elementwiseCases() []Case {
	var all []Case
	for k, f := range map[program.Kind]func(*builder, *value) *value{
		program.Neg: (*builder).Neg, program.Exp: (*builder).Exp, program.Tanh: (*builder).Tanh,
		program.Logistic: (*builder).Logistic, program.Softplus: (*builder).Softplus, program.ReLU: (*builder).ReLU,
		program.GELU: (*builder).GELU, program.GELUTanh: (*builder).GELUTanh, program.SiLU: (*builder).SiLU,
	} {
		all = append(all, Case{k.String(), k, []In{normal(5, 7)}, func(b *builder, in []*value) *value { return f(b, in[0]) }, false})
	}
	for k, f := range map[program.Kind]func(*builder, *value) *value{program.Log: (*builder).Log, program.Sqrt: (*builder).Sqrt} {
		all = append(all, Case{k.String(), k, []In{positive(5, 7)}, func(b *builder, in []*value) *value { return f(b, in[0]) }, false})
	}
	for k, f := range map[program.Kind]func(*builder, *value, *value) *value{
		program.Add: (*builder).Add, program.Sub: (*builder).Sub, program.Mul: (*builder).Mul, program.Div: (*builder).Div,
		program.Maximum: (*builder).Maximum,
	} {
		write := func(b *builder, in []*value) *value { return f(b, in[0], in[1]) }
		all = append(all,
			Case{k.String(), k, []In{normal(5, 7), positive(5, 7)}, write, false},
			Case{k.String() + "/row", k, []In{normal(5, 7), positive(7)}, write, false},
			Case{k.String() + "/column", k, []In{normal(5, 7), positive(5, 1)}, write, false},
			Case{k.String() + "/middle", k, []In{normal(3, 5, 2), positive(3, 1, 2)}, write, false},
			Case{k.String() + "/scalar", k, []In{normal(), positive(5, 7)}, write, false},
			Case{k.String() + "/long", k, []In{normal(3, 2000), positive(2000)}, write, false})
	}
	return append(all,
		Case{"where", program.Where, []In{fixed(4, 3), normal(4, 3), normal(3)}, func(b *builder, in []*value) *value {
			return b.Where(b.ReLU(in[0]), in[1], in[2])
		}, false},
		Case{"swiglu", program.SwiGLU, []In{normal(5, 7), normal(5, 7)}, func(b *builder, in []*value) *value { return b.SwiGLU(in[0], in[1]) }, false},
		Case{"stop_gradient", program.StopGradient, []In{normal(5)}, func(b *builder, in []*value) *value {
			return b.Add(in[0], b.StopGradient(b.Mul(in[0], b.Const(in[0].Type, 0))))
		}, false},
		Case{"const and literal", program.Literal, []In{normal(3)}, func(b *builder, in []*value) *value {
			return b.Scale(b.Mul(in[0], b.Literal(in[0].Type, []float64{1, -2, 0.5}, 3)), 3)
		}, false},
	)
}

func shapeCases() []Case {
	return []Case{
		{"reshape", program.Reshape, []In{normal(4, 6)}, func(b *builder, in []*value) *value {
			return b.Exp(b.Reshape(in[0], 3, 8))
		}, false},
		{"expand", program.Expand, []In{normal(3, 1, 2)}, func(b *builder, in []*value) *value { return b.Expand(in[0], 4, 3, 5, 2) }, false},
		{"expand/kept", program.Expand, []In{normal(3)}, func(b *builder, in []*value) *value {
			return b.MatMul(b.Expand(in[0], 4, 3), b.Expand(in[0], 2, 3), false, true)
		}, false},
		{"sum_to/rows", program.SumTo, []In{normal(130, 5)}, func(b *builder, in []*value) *value { return b.SumTo(in[0], 5) }, false},
		{"sum_to/columns", program.SumTo, []In{normal(4, 6)}, func(b *builder, in []*value) *value { return b.SumTo(in[0], 4, 1) }, false},
		{"sum_to/middle", program.SumTo, []In{normal(4, 6, 3)}, func(b *builder, in []*value) *value { return b.SumTo(in[0], 4, 1, 3) }, false},
		{"sum", program.SumTo, []In{normal(4, 6)}, func(b *builder, in []*value) *value { return b.Sum(in[0]) }, false},
		{"slice", program.Slice, []In{normal(4, 6, 3)}, func(b *builder, in []*value) *value { return b.Slice(in[0], 1, 2, 5) }, false},
		{"pad", program.Pad, []In{normal(4, 6, 3)}, func(b *builder, in []*value) *value { return b.Pad(in[0], 1, 2, 1) }, false},
		{"log_sum_exp", program.LogSumExp, []In{normal(4, 6, 3)}, func(b *builder, in []*value) *value { return b.LogSumExp(in[0], 1) }, false},
		{"log_sum_exp/last", program.LogSumExp, []In{normal(4, 6)}, func(b *builder, in []*value) *value { return b.LogSumExp(in[0], 1) }, false},
		{"reduce_max", program.ReduceMax, []In{normal(4, 6)}, func(b *builder, in []*value) *value { return b.ReduceMax(in[0], 0) }, true},
	}
}

func matrixCases() []Case {
	product := func(ta, tb bool) func(b *builder, in []*value) *value {
		return func(b *builder, in []*value) *value { return b.MatMul(in[0], in[1], ta, tb) }
	}
	linear := func(b *builder, in []*value) *value { return b.Linear(in[0], in[1], in[2]) }
	return []Case{
		{"matmul/nn", program.MatMul, []In{normal(5, 7), normal(7, 9)}, product(false, false), false},
		{"matmul/nt", program.MatMul, []In{normal(5, 7), normal(9, 7)}, product(false, true), false},
		{"matmul/tn", program.MatMul, []In{normal(7, 5), normal(7, 9)}, product(true, false), false},
		{"matmul/tt", program.MatMul, []In{normal(7, 5), normal(9, 7)}, product(true, true), false},
		{"matmul/large", program.MatMul, []In{normal(37, 300), normal(300, 67)}, product(false, false), false},
		{"matmul/large nt", program.MatMul, []In{normal(37, 300), normal(67, 300)}, product(false, true), false},
		{"linear", program.MatMul, []In{normal(11, 20), normal(35, 20), normal(35)}, linear, false},
		{"linear/one row", program.MatMul, []In{normal(1, 20), normal(35, 20), normal(35)}, linear, false},
		{"gather", program.Gather, []In{normal(5, 3), integers(4, 0, -1, 4, 2)}, func(b *builder, in []*value) *value { return b.Gather(in[0], in[1]) }, false},
		{"scatter_add", program.ScatterAdd, []In{normal(5, 3), integers(1, 0, -1, 1, 3)}, func(b *builder, in []*value) *value { return b.ScatterAdd(in[0], in[1], 4) }, false},
		{"update_rows", program.UpdateRows, []In{normal(8, 3), normal(4, 3), integers(0, 2, 3, 1)}, func(b *builder, in []*value) *value {
			return b.UpdateRows(in[0], in[1], in[2], 2)
		}, true},
		{"layer_norm", program.LayerNorm, []In{normal(70, 9), normal(9), normal(9)}, func(b *builder, in []*value) *value {
			return b.LayerNorm(in[0], in[1], in[2], 1e-5)
		}, false},
		{"rms_norm", program.RMSNorm, []In{normal(70, 9), normal(9)}, func(b *builder, in []*value) *value { return b.RMSNorm(in[0], in[1], 1e-6) }, false},
		{"rotary", program.Rotary, []In{normal(3, 16), integers(0, 1, 9)}, func(b *builder, in []*value) *value {
			return b.Rotary(in[0], in[1], program.RotaryOptions{Heads: 2, Dims: 8, Base: 10000})
		}, false},
		{"rotary/repeated", program.Rotary, []In{normal(7, 16), integers(0, 1, 2, 0, 1, 2, 1)}, func(b *builder, in []*value) *value {
			return b.Rotary(in[0], in[1], program.RotaryOptions{Heads: 2, Dims: 8, Base: 10000})
		}, false},
		{"rotary/partial", program.Rotary, []In{normal(3, 16), integers(0, 1, 9)}, func(b *builder, in []*value) *value {
			return b.Rotary(in[0], in[1], program.RotaryOptions{Heads: 2, Dims: 4, Base: 100})
		}, false},
		{"linear_log_prob", program.LinearLogProb, []In{normal(6, 5), normal(11, 5), integers(3, -1, 10, 0, -1, 3)}, func(b *builder, in []*value) *value {
			return b.LinearLogProb(in[0], in[1], in[2])
		}, false},
		{"linear_log_prob/blocks", program.LinearLogProb, []In{normal(3, 2), {Shape: []int{4500, 2}, Fixed: true}, integers(3000, -1, 4499)}, func(b *builder, in []*value) *value {
			return b.LinearLogProb(in[0], in[1], in[2])
		}, false},
		{"linear_log_prob/no target", program.LinearLogProb, []In{normal(2, 5), normal(3, 5), integers(-1, -1)}, func(b *builder, in []*value) *value {
			return b.LinearLogProb(in[0], in[1], in[2])
		}, false},
	}
}

func attentionCases() []Case {
	c := func(name string, o program.AttentionOptions, headDim, tq, tk int, reach []int32, at []int32) Case {
		o.Scale = 1 / math.Sqrt(float64(headDim))
		in := []In{normal(o.Rows*tq, o.Heads*headDim), normal(o.Rows*tk, o.KVHeads*headDim), normal(o.Rows*tk, o.KVHeads*headDim), integers(reach...)}
		if at != nil {
			in = append(in, integers(at...))
		}
		return Case{"attention/" + name, program.Attention, in, func(b *builder, in []*value) *value {
			var place *value
			if at != nil {
				place = in[4]
			}
			return b.Attention(in[0], in[1], in[2], in[3], place, o)
		}, at != nil}
	}
	return []Case{
		c("causal", program.AttentionOptions{Rows: 2, Heads: 2, KVHeads: 2}, 4, 5, 5, causal(2, 5), nil),
		c("grouped", program.AttentionOptions{Rows: 1, Heads: 4, KVHeads: 2}, 4, 6, 6, causal(1, 6), nil),
		c("tree", program.AttentionOptions{Rows: 1, Heads: 2, KVHeads: 1}, 4, 14, 14, tree(4, []int{3, 1, 4}, 2), nil),
		c("long tree", program.AttentionOptions{Rows: 1, Heads: 1, KVHeads: 1}, 2, 150, 150, tree(20, []int{70, 45}, 15), nil),
		// Sizes that cuDNN's kernels take, in bf16.
		c("fused", program.AttentionOptions{Rows: 2, Heads: 4, KVHeads: 2}, 8, 16, 16, append(tree(5, []int{3, 1, 4}, 3), causal(1, 16)...), nil),
		c("fused causal", program.AttentionOptions{Rows: 2, Heads: 4, KVHeads: 2, Causal: true}, 8, 16, 16, causal(2, 16), nil),
		c("cache", program.AttentionOptions{Rows: 2, Heads: 2, KVHeads: 1}, 4, 1, 6, []int32{-1, -1, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, []int32{4, 3}),
		c("prefill", program.AttentionOptions{Rows: 1, Heads: 2, KVHeads: 2}, 4, 3, 8, []int32{-1, 7, 7, 7, 7, 7, 7, 7}, []int32{2, 3, 4}),
	}
}

func choiceCases() []Case {
	draw := func(o program.SampleOptions) func(b *builder, in []*value) *value {
		return func(b *builder, in []*value) *value {
			t := program.F64
			if in[0].Type != t {
				t = program.F32
			}
			u := b.Scale(b.Shift(b.Convert(in[1], t), -0.5), 1/1.5) // from 0 to 1
			return b.Sample(b.Scale(b.Convert(in[0], t), 2), u, o)
		}
	}
	in := []In{normal(40, 130), positive(40)}
	return []Case{
		{"argmax", program.ArgMax, []In{normal(9, 70)}, func(b *builder, in []*value) *value { return b.ArgMax(in[0]) }, true},
		{"argmax/equal", program.ArgMax, []In{normal(9, 70)}, func(b *builder, in []*value) *value {
			return b.ArgMax(b.Neg(b.Maximum(in[0], b.Const(in[0].Type, 0.1))))
		}, true},
		{"sample", program.Sample, in, draw(program.SampleOptions{Temperature: 0.7}), true},
		{"sample/top k", program.Sample, in, draw(program.SampleOptions{Temperature: 1, TopK: 7}), true},
		{"sample/top p", program.Sample, in, draw(program.SampleOptions{Temperature: 1, TopP: 0.8}), true},
		{"sample/both", program.Sample, in, draw(program.SampleOptions{Temperature: 1.3, TopK: 200, TopP: 0.9}), true},
	}
}

func optimiserCases() []Case {
	adam := func(result int, scale float64) func(b *builder, in []*value) *value {
		return func(b *builder, in []*value) *value {
			t := in[0].Type
			p, m, v := b.AdamW(in[0], in[1], in[2], in[3], b.Const(t, 0.1), b.Const(t, 3), b.Const(t, scale),
				program.AdamWOptions{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.01})
			return []*value{p, m, v}[result]
		}
	}
	in := []In{normal(3, 50), normal(3, 50), normal(3, 50), positive(3, 50)}
	cases := append(adam16Cases(), adam8Cases()...)
	return append(cases, []Case{
		{"adamw/p", program.AdamW, in, adam(0, 0.5), true},
		{"adamw/m", program.AdamW, in, adam(1, 0.5), true},
		{"adamw/v", program.AdamW, in, adam(2, 0.5), true},
		{"adamw/diverged", program.AdamW, in, adam(0, math.NaN()), true},
		{"sum_squares", program.SumSquares, []In{normal(4, 5)}, func(b *builder, in []*value) *value { return b.SumSquares(in[0]) }, false},
	}...)
}

// adam16Cases are steps in f32 with moments in bf16.
func adam16Cases() []Case {
	step := func(result int, scale float64) func(b *builder, in []*value) *value {
		return func(b *builder, in []*value) *value {
			c := func(x float64) *value { return b.Const(program.F32, x) }
			p, m, v := b.AdamW(b.Convert(in[0], program.F32), b.Convert(in[1], program.F32), in[2], in[3], c(0.1), c(3), c(scale),
				program.AdamWOptions{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.01, Seed: 7})
			return []*value{p, m, v}[result]
		}
	}
	in := []In{normal(3, 50), normal(3, 50), narrow(normal(3, 50)), narrow(positive(3, 50))}
	return []Case{
		{"adamw/bf16 p", program.AdamW, in, step(0, 0.5), true},
		{"adamw/bf16 m", program.AdamW, in, step(1, 0.5), true},
		{"adamw/bf16 v", program.AdamW, in, step(2, 0.5), true},
		{"adamw/bf16 diverged", program.AdamW, in, step(1, math.Inf(1)), true},
	}
}

// adam8Cases are steps in f32 with moments of 8 bits.
func adam8Cases() []Case {
	step := func(result int, scale float64, first bool) func(b *builder, in []*value) *value {
		return func(b *builder, in []*value) *value {
			f := func(i int) *value { return b.Convert(in[i], program.F32) }
			c := func(x float64, shape ...int) *value { return b.Const(program.F32, x, shape...) }
			old := program.Moments8{M: in[2], V: in[3], MScale: f(4), VScale: f(5)}
			if first {
				old.MScale, old.VScale = c(0, 3), c(0, 3)
			}
			p, next := b.AdamW8(f(0), f(1), old, c(0.1), c(3), c(scale), program.AdamWOptions{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.01})
			return []*value{p, next.M, next.V, next.MScale, next.VScale}[result]
		}
	}
	in := []In{normal(5, 130), normal(5, 130), codes(5, 130), codes(5, 130), positive(3), positive(3)}
	var all []Case
	for i, name := range []string{"p", "m", "v", "m scale", "v scale"} {
		all = append(all,
			Case{"adamw_8bit/" + name, program.AdamW8, in, step(i, 0.5, false), true},
			Case{"adamw_8bit/first " + name, program.AdamW8, in, step(i, 0.5, true), true},
			Case{"adamw_8bit/diverged " + name, program.AdamW8, in, step(i, math.NaN(), false), true})
	}
	return all
}
