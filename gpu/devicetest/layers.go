package devicetest

import (
	"errors"
	"math"

	"divvy/gpu/program"
)

// layer evaluates the operations on matrices.
func (ev *evaluator) layer(op *program.Op, x [][]float64, y []float64) ([][]float64, error) {
	switch op.Kind {
	case program.MatMul:
		matmul(op, x, y)
	case program.Gather:
		d := op.In[0].Dim(1)
		for i, id := range x[1] {
			if id >= 0 {
				copy(y[i*d:(i+1)*d], x[0][int(id)*d:])
			}
		}
	case program.ScatterAdd:
		d := op.In[0].Dim(1)
		for i, id := range x[1] {
			for j := 0; id >= 0 && j < d; j++ {
				y[int(id)*d+j] += x[0][i*d+j]
			}
		}
	case program.UpdateRows:
		copy(y, x[0])
		d, r := op.In[0].Dim(1), op.Attr.Rows
		c, t := op.In[0].Dim(0)/r, op.In[1].Dim(0)/r
		for i, at := range x[2] {
			copy(y[(i/t*c+int(at))*d:][:d], x[1][i*d:])
		}
	case program.LayerNorm, program.RMSNorm:
		return normalise(op, x, y), nil
	case program.Rotary:
		rotary(op, x, y)
	case program.Attention:
		return attention(op, x, y), nil
	case program.LinearLogProb:
		return logProb(op, x, y), nil
	case program.SumSquares:
		for _, v := range x[0] {
			y[0] += v * v
		}
	case program.AdamW:
		return adamW(op, x), nil
	case program.AdamW8:
		return adamW8(op, x), nil
	default:
		return nil, errors.New("the reference does not know the operation")
	}
	return one(y), nil
}

func matmul(op *program.Op, x [][]float64, y []float64) {
	a := op.Attr
	// strides of op(a) and op(b)
	ai, aq, bq, bj := op.In[0].Dim(1), 1, op.In[1].Dim(1), 1
	if a.TransA {
		ai, aq = aq, ai
	}
	if a.TransB {
		bq, bj = bj, bq
	}
	k := op.In[0].Dim(1)
	if a.TransA {
		k = op.In[0].Dim(0)
	}
	n := op.Out[0].Dim(1)
	for i := range op.Out[0].Dim(0) {
		for j := range n {
			if len(x) == 3 {
				y[i*n+j] = x[2][j]
			}
			for q := range k {
				y[i*n+j] += x[0][i*ai+q*aq] * x[1][q*bq+j*bj]
			}
		}
	}
}

func normalise(op *program.Op, x [][]float64, y []float64) [][]float64 {
	n, d := op.In[0].Dim(0), op.In[0].Dim(1)
	mean, inv := make([]float64, n), make([]float64, n)
	for i := range n {
		row := x[0][i*d : (i+1)*d]
		if op.Kind == program.LayerNorm {
			for _, v := range row {
				mean[i] += v / float64(d)
			}
		}
		var s float64
		for _, v := range row {
			s += (v - mean[i]) * (v - mean[i]) / float64(d)
		}
		inv[i] = 1 / math.Sqrt(s+op.Attr.Eps)
		for j, v := range row {
			y[i*d+j] = (v - mean[i]) * inv[i] * x[1][j]
			if op.Kind == program.LayerNorm {
				y[i*d+j] += x[2][j]
			}
		}
	}
	if op.Kind == program.LayerNorm {
		return [][]float64{y, mean, inv}
	}
	return [][]float64{y, inv}
}

// rotary multiplies the pair (i, i+half) as a complex number by a unit one.
func rotary(op *program.Op, x [][]float64, y []float64) {
	a := op.Attr
	copy(y, x[0])
	half := a.Rotary / 2
	for t, pos := range x[1] {
		for h := range a.Heads {
			for i := range half {
				re := (t*a.Heads+h)*a.HeadDim + i
				angle := pos * math.Pow(a.Base, -float64(2*i)/float64(a.Rotary))
				if a.Inverse {
					angle = -angle
				}
				z := complex(x[0][re], x[0][re+half]) * complex(math.Cos(angle), math.Sin(angle))
				y[re], y[re+half] = real(z), imag(z)
			}
		}
	}
}

func attention(op *program.Op, x [][]float64, y []float64) [][]float64 {
	a := op.Attr
	tq, tk := op.In[0].Dim(0)/a.Rows, op.In[1].Dim(0)/a.Rows
	dq, dk := op.In[0].Dim(1), op.In[1].Dim(1)
	lse := make([]float64, a.Rows*tq*a.Heads)
	for row := range a.Rows {
		for i := range tq {
			at := i
			if len(x) == 5 {
				at = int(x[4][row*tq+i])
			}
			for h := range a.Heads {
				kv := h * a.KVHeads / a.Heads
				q := x[0][(row*tq+i)*dq+h*a.HeadDim:][:a.HeadDim]
				out := y[(row*tq+i)*dq+h*a.HeadDim:][:a.HeadDim]
				var total float64
				for j := range tk {
					if j > at || at > int(x[3][row*tk+j]) {
						continue
					}
					key, value := x[1][(row*tk+j)*dk+kv*a.HeadDim:], x[2][(row*tk+j)*dk+kv*a.HeadDim:]
					var s float64
					for c, v := range q {
						s += v * key[c]
					}
					w := math.Exp(s * a.Scale)
					total += w
					for c := range out {
						out[c] += w * value[c]
					}
				}
				lse[(row*tq+i)*a.Heads+h] = math.Log(total)
				for c := range out {
					if total > 0 {
						out[c] /= total
					}
				}
			}
		}
	}
	return [][]float64{y, lse}
}

func logProb(op *program.Op, x [][]float64, y []float64) [][]float64 {
	d, v := op.In[0].Dim(1), op.In[1].Dim(0)
	lse := make([]float64, len(y))
	for i, target := range x[2] {
		if target < 0 {
			continue
		}
		var total float64
		for w := range v {
			var z float64
			for j := range d {
				z += x[0][i*d+j] * x[1][w*d+j]
			}
			total += math.Exp(z)
			if w == int(target) {
				y[i] = z
			}
		}
		lse[i] = math.Log(total)
		y[i] -= lse[i]
	}
	return [][]float64{y, lse}
}

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
