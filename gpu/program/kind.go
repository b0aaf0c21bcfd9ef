package program

import "fmt"

// Kind names an operation. x, y, ... are its operands in order; "->" separates
// its results. Shapes are in brackets.
type Kind uint8

// The operations.
const (
	// Sources.

	Input   Kind = iota // a value given from outside: Attr.Name, Attr.Role
	Const               // a tensor filled with Attr.Value
	Literal             // a tensor of Attr.Data

	// Elementwise, one operand.

	Convert      // to another element type
	Barrier      // the operand itself; a device must not merge work across it (recomputation)
	StopGradient // the operand itself; no gradient flows back
	Neg
	Exp
	Log
	Sqrt
	Tanh
	Logistic // 1/(1+exp(-x))
	Softplus // log(1+exp(x)), without overflow
	ReLU
	GELU     // x Phi(x), Phi the normal distribution function
	GELUTanh // the tanh approximation: GPT-2's "gelu_new"
	SiLU     // x Logistic(x)

	// Elementwise, operands of one shape.

	Add
	Sub
	Mul
	Div
	Maximum
	Where        // c, x, y: x where c is not 0, else y
	ReLUGrad     // x or ReLU(x), dy -> dx
	GELUGrad     // x, dy -> dx
	GELUTanhGrad // x, dy -> dx
	SiLUGrad     // x, dy -> dx
	SwiGLU       // gate, up: SiLU(gate) * up
	SwiGLUGrad   // gate, up, dy -> dgate, dup

	// Shape.

	Reshape // same elements, another shape
	Expand  // repeat along axes of length 1 and new leading axes (NumPy's broadcasting)
	SumTo   // the transpose of Expand: sum over the repeated axes
	Slice   // Attr.Lo <= index < Attr.Hi along Attr.Axis
	Pad     // Attr.Lo zeros before and Attr.Hi after along Attr.Axis

	// Reduction along Attr.Axis, which stays with length 1.

	ReduceMax
	LogSumExp

	// Choices: a place in each row of a matrix.

	ArgMax // x [n,v] -> i32 [n]
	Sample // logits [n,v], u [n] -> i32 [n]; see Builder.Sample

	// Matrices and tables.

	MatMul     // a, b [, bias [n]]: op(a) [m,k] times op(b) [k,n], plus bias in each row
	Gather     // table [v,d], ids [n] -> [n,d]; a negative id gives zeros
	ScatterAdd // rows [n,d], ids [n] -> [v,d]: the transpose of Gather

	// Layers.

	LayerNorm     // x [n,d], gain [d], bias [d] -> y, mean [n], 1/deviation [n]
	LayerNormGrad // x, gain, mean, 1/deviation, dy -> dx, dgain, dbias
	RMSNorm       // x [n,d], gain [d] -> y, 1/rms [n]
	RMSNormGrad   // x, gain, 1/rms, dy -> dx, dgain
	Rotary        // x [n, heads*headDim], position [n] -> the same, turned (half-split layout of GPT-NeoX)
	Attention     // q, k, v, reach [, at] -> o, log-sum-exp [n, heads]; see Builder.Attention
	AttentionGrad // q, k, v, reach, o, log-sum-exp, do -> dq, dk, dv

	// LinearLogProb is the output layer, softmax and the gathering of the
	// target's log-probability in one, so that no device needs to hold all
	// logits: h [n,d], w [v,d], target [n] -> log-probability [n],
	// log-sum-exp [n]. Rows with a negative target are skipped and give 0.
	LinearLogProb
	LinearLogProbGrad // h, w, target, log-sum-exp, dy [n] -> dh, dw

	// Optimiser and state.

	SumSquares // -> scalar, accumulated in float64
	AdamW      // p, g, m, v, lr, step, scale -> p, m, v; see Builder.AdamW
	AdamW8     // p, g, m, v, mScale, vScale, lr, step, scale -> p, m, v, mScale, vScale; see Builder.AdamW8
	UpdateRows // cache [rows*c,d], x [rows*t,d], at [rows*t] -> cache with row at[i] of its group replaced

	// Between ranks; see Builder.OverRanks.

	AllReduce     // the sum over all ranks, on each
	AllGather     // x [c,...] -> [ranks*c,...]: the ranks' parts behind each other, on each
	ReduceScatter // x [ranks*c,...] -> [c,...]: a rank's part of the sum over all ranks

	kinds // number of kinds
)

var kindNames = [kinds]string{
	"input", "const", "literal",
	"convert", "barrier", "stop_gradient", "neg", "exp", "log", "sqrt", "tanh", "logistic", "softplus",
	"relu", "gelu", "gelu_tanh", "silu",
	"add", "sub", "mul", "div", "maximum", "where", "relu_grad", "gelu_grad", "gelu_tanh_grad", "silu_grad",
	"swiglu", "swiglu_grad",
	"reshape", "expand", "sum_to", "slice", "pad",
	"reduce_max", "log_sum_exp", "argmax", "sample",
	"matmul", "gather", "scatter_add",
	"layer_norm", "layer_norm_grad", "rms_norm", "rms_norm_grad", "rotary", "attention", "attention_grad",
	"linear_log_prob", "linear_log_prob_grad",
	"sum_squares", "adamw", "adamw_8bit", "update_rows",
	"all_reduce", "all_gather", "reduce_scatter",
}

// String is the operation's name in a Program's text.
func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Kinds lists all operations: a device's test table must cover each.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}
