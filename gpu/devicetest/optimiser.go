package devicetest

import (
	"math"

	"divvy/gpu/program"
)

func adamW(op *program.Op, x [][]float64) [][]float64 {
	a := op.Attr
	p, m, v := append([]float64{}, x[0]...), append([]float64{}, x[2]...), append([]float64{}, x[3]...)
	lr, step, scale := x[4][0], x[5][0], x[6][0]
	if math.IsNaN(scale) || math.IsInf(scale, 0) {
		return [][]float64{p, m, v}
	}
	for i := range p {
		g := x[1][i] * scale
		p[i] *= 1 - lr*a.Decay
		m[i] = a.Beta1*m[i] + (1-a.Beta1)*g
		v[i] = a.Beta2*v[i] + (1-a.Beta2)*g*g
		mHat := m[i] / (1 - math.Pow(a.Beta1, step))
		vHat := v[i] / (1 - math.Pow(a.Beta2, step))
		p[i] -= lr * mHat / (math.Sqrt(vHat) + a.Eps)
	}
	return [][]float64{p, m, v}
}

// adamW8 widens the moments, takes the step and looks for the nearest codes.
func adamW8(op *program.Op, x [][]float64) [][]float64 {
	signed, unsigned := program.SignedCodes(), program.UnsignedCodes()
	widen := func(codes, scales []float64, table []float32) []float64 {
		wide := make([]float64, len(codes))
		for i, c := range codes {
			wide[i] = float64(table[int(c)]) * scales[i/program.Block]
		}
		return wide
	}
	code := func(wide []float64, table []float32) (codes, scales []float64) {
		codes, scales = make([]float64, len(wide)), make([]float64, program.Blocks(len(wide)))
		for i, v := range wide {
			scales[i/program.Block] = max(scales[i/program.Block], math.Abs(v))
		}
		for i, v := range wide {
			best := math.Inf(1)
			for k, c := range table {
				if c == 0 && v > 0 && table[0] == 0 {
					continue // a second moment does not become 0
				}
				if d := math.Abs(v/max(scales[i/program.Block], 1e-300) - float64(c)); d < best {
					best, codes[i] = d, float64(k)
				}
			}
		}
		return codes, scales
	}
	if scale := x[8][0]; math.IsNaN(scale) || math.IsInf(scale, 0) {
		return [][]float64{x[0], x[2], x[3], x[4], x[5]}
	}
	next := adamW(op, [][]float64{x[0], x[1], widen(x[2], x[4], signed), widen(x[3], x[5], unsigned), x[6], x[7], x[8]})
	m, ms := code(next[1], signed)
	v, vs := code(next[2], unsigned)
	return [][]float64{next[0], m, v, ms, vs}
}
