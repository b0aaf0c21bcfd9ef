package cpu

import (
	"math"

	"divvy/gpu/internal/simd"
	"divvy/gpu/program"
)

// elementwise says whether element i of each result depends only on element i
// of each operand.
func elementwise(k program.Kind) bool {
	switch k {
	case program.Neg, program.Exp, program.Log, program.Sqrt, program.Tanh, program.Logistic, program.Softplus,
		program.ReLU, program.GELU, program.GELUTanh, program.SiLU,
		program.Add, program.Sub, program.Mul, program.Div, program.Maximum, program.Where,
		program.ReLUGrad, program.GELUGrad, program.GELUTanhGrad, program.SiLUGrad,
		program.SwiGLU, program.SwiGLUGrad:
		return true
	}
	return false
}

// strip is how many elements an elementwise kernel works on at once: three
// operands and two results fit the first-level cache.
const strip = 1024

// operand reads a value strip by strip, repeating it where its Expand was left
// to the reader: element i is data[i/each%n].
type operand[T float] struct {
	data    []T
	n, each int
	lazy    bool
}

func (e *executable) lazyRepeat(v *program.Value) (n, each int, lazy bool) {
	if !e.plan.lazy[v.ID] {
		return v.Len(), 1, false
	}
	n, each, _ = repetition(v.Op.In[0].Shape, v.Shape)
	return n, each, true
}

func operandOf[T float](e *executable, v *program.Value) operand[T] {
	n, each, lazy := e.lazyRepeat(v)
	return operand[T]{floats[T](e.mem[v.ID], n), n, each, lazy}
}

// read gives elements lo..hi; tmp is used if they must be put together.
func (o operand[T]) read(lo, hi int, tmp []T) []T {
	if !o.lazy {
		return o.data[lo:hi]
	}
	out := tmp[:hi-lo]
	for i := lo; i < hi; {
		src := i / o.each % o.n
		if o.each == 1 {
			c := copy(out[i-lo:], o.data[src:])
			i += c
			continue
		}
		end := min(hi, (i/o.each+1)*o.each)
		if o.n == 1 {
			end = hi
		}
		v := o.data[src]
		for ; i < end; i++ {
			out[i-lo] = v
		}
	}
	return out
}

// mapElements runs any elementwise operation.
func mapElements[T float](e *executable, op *program.Op) error {
	ins := make([]operand[T], len(op.In))
	for i, v := range op.In {
		ins[i] = operandOf[T](e, v)
	}
	outs := make([][]T, len(op.Out))
	for i, v := range op.Out {
		outs[i] = vec[T](e, v)
	}
	n := len(outs[0])
	chunks(e.workers, n, 1<<14, func(from, to int) {
		s := getScratch[T]()
		defer s.done()
		tmp := grow(&s.tile, (len(ins)+1)*strip) // the last strip is compute's
		var x [3][]T
		var y [2][]T
		for lo := from; lo < to; lo += strip {
			hi := min(to, lo+strip)
			for i := range ins {
				x[i] = ins[i].read(lo, hi, tmp[i*strip:(i+1)*strip])
			}
			for i := range outs {
				y[i] = outs[i][lo:hi]
			}
			compute(op.Kind, y, x, tmp[len(ins)*strip:][:hi-lo])
		}
	})
	return nil
}

// compute is one strip of an elementwise operation; own is memory of that length.
func compute[T float](k program.Kind, out [2][]T, in [3][]T, own []T) {
	y, a, b, c := out[0], in[0], in[1], in[2]
	switch k {
	case program.Add:
		add(y, a, b)
	case program.Sub:
		for i := range y {
			y[i] = a[i] - b[i]
		}
	case program.Mul:
		mul(y, a, b)
	case program.Div:
		for i := range y {
			y[i] = a[i] / b[i]
		}
	case program.Maximum:
		for i := range y {
			y[i] = max(a[i], b[i])
		}
	case program.Where:
		for i := range y {
			if a[i] != 0 {
				y[i] = b[i]
			} else {
				y[i] = c[i]
			}
		}
	case program.Neg:
		for i := range y {
			y[i] = -a[i]
		}
	case program.ReLU:
		relu(y, a)
	case program.ReLUGrad:
		reluGrad(y, a, b)
	case program.Exp:
		exp(y, a)
	case program.Logistic:
		logistic(y, a)
	case program.SiLU, program.SwiGLU, program.SiLUGrad, program.SwiGLUGrad:
		gated(k, out, in, own)
	case program.GELU, program.GELUGrad, program.GELUTanh, program.GELUTanhGrad:
		if f, ok := any(y).([]float32); ok {
			d, _ := any(b).([]float32)
			fastGELU(k, f, any(a).([]float32), d, any(own).([]float32))
			return
		}
		slow(k, y, a, b)
	default:
		slow(k, y, a, b)
	}
}

// relu is y = max(x, 0).
func relu[T float](y, x []T) {
	if f, ok := any(y).([]float32); ok {
		simd.ReLU(f, any(x).([]float32))
		return
	}
	for i := range y {
		y[i] = max(x[i], 0)
	}
}

// reluGrad is y = dy where x > 0, else 0.
func reluGrad[T float](y, x, dy []T) {
	if f, ok := any(y).([]float32); ok {
		simd.ReLUGrad(f, any(x).([]float32), any(dy).([]float32))
		return
	}
	for i := range y {
		if x[i] > 0 {
			y[i] = dy[i]
		} else {
			y[i] = 0
		}
	}
}

// exp is y = exp(x).
func exp[T float](y, x []T) {
	if f, ok := any(y).([]float32); ok {
		simd.Exp(f, any(x).([]float32))
		return
	}
	for i := range y {
		y[i] = T(math.Exp(float64(x[i])))
	}
}

// logistic is y = 1/(1+exp(-x)).
func logistic[T float](y, x []T) {
	for i := range y {
		y[i] = -x[i]
	}
	exp(y, y)
	for i := range y {
		y[i] = 1 / (1 + y[i])
	}
}

// gated is SiLU, SwiGLU and their gradients; sig is memory.
func gated[T float](k program.Kind, out [2][]T, in [3][]T, sig []T) {
	a := in[0]
	if y, ok := any(out[0]).([]float32); ok {
		f := func(x []T) []float32 { return any(x).([]float32) }
		switch k {
		case program.SwiGLU:
			simd.SwiGLU(y, f(a), f(in[1]))
			return
		case program.SwiGLUGrad:
			simd.SwiGLUGrad(y, f(out[1]), f(a), f(in[1]), f(in[2]))
			return
		}
	}
	logistic(sig, a)
	switch k {
	case program.SiLU:
		mul(out[0], a, sig)
	case program.SwiGLU:
		for i := range sig {
			out[0][i] = a[i] * sig[i] * in[1][i]
		}
	case program.SiLUGrad:
		for i, s := range sig {
			out[0][i] = in[1][i] * s * (1 + a[i]*(1-s))
		}
	case program.SwiGLUGrad:
		up, d := in[1], in[2]
		for i, s := range sig {
			dg, du := d[i]*up[i]*s*(1+a[i]*(1-s)), d[i]*a[i]*s
			out[0][i], out[1][i] = dg, du
		}
	}
}

// slow is the operations that are computed in float64 by package math. a is
// the operand, b the derivative by the result in the Grad operations.
func slow[T float](k program.Kind, y, a, b []T) {
	for i := range y {
		x := float64(a[i])
		switch k {
		case program.Log:
			x = math.Log(x)
		case program.Sqrt:
			x = math.Sqrt(x)
		case program.Tanh:
			x = math.Tanh(x)
		case program.Softplus:
			x = max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
		case program.GELU:
			x *= 0.5 * math.Erfc(-x/math.Sqrt2)
		case program.GELUGrad:
			x = float64(b[i]) * (0.5*math.Erfc(-x/math.Sqrt2) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi))
		case program.GELUTanh:
			x *= 0.5 * (1 + math.Tanh(sqrt2OverPi*(x+geluCubic*x*x*x)))
		case program.GELUTanhGrad:
			t := math.Tanh(sqrt2OverPi * (x + geluCubic*x*x*x))
			x = float64(b[i]) * (0.5*(1+t) + 0.5*x*(1-t*t)*sqrt2OverPi*(1+3*geluCubic*x*x))
		}
		y[i] = T(x)
	}
}
