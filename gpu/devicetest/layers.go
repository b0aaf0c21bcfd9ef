package devicetest

import (
	"errors"
	"math"
	"sort"

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
	case program.ArgMax:
		v := op.In[0].Dim(1)
		for i := range y {
			for j := range v {
				if x[0][i*v+j] > x[0][i*v+int(y[i])] {
					y[i] = float64(j)
				}
			}
		}
	case program.Sample:
		for i := range y {
			v := op.In[0].Dim(1)
			y[i] = draw(x[0][i*v:(i+1)*v], x[1][i], op.Attr)
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

// draw finds the column by its definition: from the likeliest on if some are left
// out, the first at which the sum exceeds u.
func draw(logits []float64, u float64, a program.Attr) float64 {
	type column struct {
		at int
		p  float64
	}
	var all []column
	for i, z := range logits {
		all = append(all, column{i, math.Exp(z / a.Temperature)})
	}
	total := func() (t float64) {
		for _, c := range all {
			t += c.p
		}
		return t
	}
	if a.TopK > 0 || a.TopP > 0 {
		sort.SliceStable(all, func(i, j int) bool { return all[i].p > all[j].p })
	}
	if a.TopK > 0 && a.TopK < len(all) {
		all = all[:a.TopK]
	}
	if a.TopP > 0 {
		kept, most := 0, a.TopP*total()
		for sum := 0.0; kept < len(all) && sum < most; kept++ {
			sum += all[kept].p
		}
		all = all[:kept]
	}
	sum, most := 0.0, u*total()
	for _, c := range all {
		if sum += c.p; sum > most {
			return float64(c.at)
		}
	}
	return float64(all[len(all)-1].at)
}
