package devicetest

import (
	"fmt"
	"math"

	"divvy/gpu/program"
)

// Evaluate computes a Program's outputs in float64 by the plainest loops that
// say what each operation means. It knows the operations that a model writes;
// the Grad operations it does not: those are checked by differences.
func Evaluate(p *program.Program, in map[string]*program.Tensor) (map[string][]float64, error) {
	ev := evaluator{in: in, vals: make([][]float64, p.Values)}
	for _, op := range p.Ops {
		out, err := ev.run(op)
		if err != nil {
			return nil, fmt.Errorf("evaluating %q: %s: %w", p.Name, op, err)
		}
		for i, o := range out {
			ev.vals[op.Out[i].ID] = o
		}
	}
	out := map[string][]float64{}
	for _, o := range p.Outputs {
		out[o.Name] = ev.vals[o.Value.ID]
	}
	return out, nil
}

type evaluator struct {
	in   map[string]*program.Tensor
	vals [][]float64
}

func (ev *evaluator) val(v *program.Value) []float64 { return ev.vals[v.ID] }

func one(x []float64) [][]float64 { return [][]float64{x} }

func (ev *evaluator) run(op *program.Op) ([][]float64, error) {
	a := op.Attr
	y := make([]float64, op.Out[0].Len())
	var x [][]float64
	for _, v := range op.In {
		x = append(x, ev.val(v))
	}
	if f := unary(op.Kind); f != nil {
		for i := range y {
			y[i] = f(x[0][i])
		}
		return one(y), nil
	}
	if f := binary(op.Kind); f != nil {
		for i := range y {
			y[i] = f(x[0][i], x[1][i])
		}
		return one(y), nil
	}
	switch op.Kind {
	case program.Input:
		t := ev.in[a.Name]
		if t == nil {
			return nil, fmt.Errorf("input %q is missing", a.Name)
		}
		for i := range y {
			y[i] = t.At(i)
		}
	case program.Const:
		for i := range y {
			y[i] = a.Value
		}
	case program.Literal:
		copy(y, a.Data)
	case program.Where:
		for i := range y {
			y[i] = x[2][i]
			if x[0][i] != 0 {
				y[i] = x[1][i]
			}
		}
	case program.Reshape:
		copy(y, x[0])
	case program.Expand:
		s := op.Out[0].Shape
		for i := range y {
			y[i] = x[0][source(op.In[0].Shape, s, i)]
		}
	case program.SumTo:
		for i, v := range x[0] {
			y[source(op.Out[0].Shape, op.In[0].Shape, i)] += v
		}
	case program.Slice, program.Pad:
		shift(op, x[0], y)
	case program.ReduceMax, program.LogSumExp:
		reduce(op, x[0], y)
	default:
		return ev.layer(op, x, y)
	}
	return one(y), nil
}

// index splits a row-major position into one index an axis.
func index(shape []int, at int) []int {
	ix := make([]int, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		ix[k] = at % shape[k]
		at /= shape[k]
	}
	return ix
}

// position is the inverse of index.
func position(shape, ix []int) int {
	at := 0
	for k, d := range shape {
		at = at*d + ix[k]
	}
	return at
}

// source is the place in small of element at of big, small being broadcast.
func source(small, big []int, at int) int {
	ix := index(big, at)[len(big)-len(small):]
	for k, d := range small {
		if d == 1 {
			ix[k] = 0
		}
	}
	return position(small, ix)
}

func shift(op *program.Op, x, y []float64) {
	a := op.Attr
	small, big, lo := op.Out[0].Shape, op.In[0].Shape, a.Lo
	if op.Kind == program.Pad {
		small, big = big, small
	}
	for i := range program.Elements(small) {
		ix := index(small, i)
		ix[a.Axis] += lo
		if j := position(big, ix); op.Kind == program.Pad {
			y[j] = x[i]
		} else {
			y[i] = x[j]
		}
	}
}

func reduce(op *program.Op, x, y []float64) {
	for i := range y {
		y[i] = math.Inf(-1)
	}
	for i, v := range x {
		at := source(op.Out[0].Shape, op.In[0].Shape, i)
		y[at] = max(y[at], v)
	}
	if op.Kind == program.ReduceMax {
		return
	}
	s := make([]float64, len(y))
	for i, v := range x {
		at := source(op.Out[0].Shape, op.In[0].Shape, i)
		s[at] += math.Exp(v - y[at])
	}
	for i := range y {
		y[i] += math.Log(s[i])
	}
}

func unary(k program.Kind) func(x float64) float64 { return unaries[k] }

var unaries = func() map[program.Kind]func(float64) float64 {
	normal := func(x float64) float64 { return 0.5 * (1 + math.Erf(x/math.Sqrt2)) }
	logistic := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	return map[program.Kind]func(float64) float64{
		program.Convert:      func(x float64) float64 { return x },
		program.Barrier:      func(x float64) float64 { return x },
		program.StopGradient: func(x float64) float64 { return x },
		program.Neg:          func(x float64) float64 { return -x },
		program.Exp:          math.Exp,
		program.Log:          math.Log,
		program.Sqrt:         math.Sqrt,
		program.Tanh:         math.Tanh,
		program.Logistic:     logistic,
		program.Softplus:     func(x float64) float64 { return math.Log(1 + math.Exp(x)) },
		program.ReLU:         func(x float64) float64 { return max(x, 0) },
		program.GELU:         func(x float64) float64 { return x * normal(x) },
		program.GELUTanh: func(x float64) float64 {
			return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*math.Pow(x, 3))))
		},
		program.SiLU: func(x float64) float64 { return x * logistic(x) },
	}
}()

func binary(k program.Kind) func(x, y float64) float64 { return binaries[k] }

var binaries = map[program.Kind]func(x, y float64) float64{
	program.Add:     func(x, y float64) float64 { return x + y },
	program.Sub:     func(x, y float64) float64 { return x - y },
	program.Mul:     func(x, y float64) float64 { return x * y },
	program.Div:     func(x, y float64) float64 { return x / y },
	program.Maximum: math.Max,
	program.SwiGLU:  func(x, y float64) float64 { return x / (1 + math.Exp(-x)) * y },
}
