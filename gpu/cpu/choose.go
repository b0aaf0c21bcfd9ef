package cpu

import (
	"cmp"
	"math"
	"slices"

	"divvy/gpu/program"
)

func argMax[T float](e *executable, op *program.Op) error {
	x, y, v := vec[T](e, op.In[0]), e.ids(op.Out[0]), op.In[0].Dim(1)
	chunks(e.workers, len(y), 1+1<<14/v, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			row, best := x[i*v:(i+1)*v], 0
			for j, z := range row {
				if z > row[best] {
					best = j
				}
			}
			y[i] = int32(best)
		}
	})
	return nil
}

// sample draws in float64; see program.Builder.Sample.
func sample[T float](e *executable, op *program.Op) error {
	x, u, y, v := vec[T](e, op.In[0]), vec[T](e, op.In[1]), e.ids(op.Out[0]), op.In[0].Dim(1)
	chunks(e.workers, len(y), 1, func(lo, hi int) {
		ids, p := make([]int32, v), make([]float64, v)
		for i := lo; i < hi; i++ {
			y[i] = draw(x[i*v:(i+1)*v], float64(u[i]), op.Attr, ids, p)
		}
	})
	return nil
}

// draw chooses a column; ids and p are memory.
func draw[T float](logits []T, u float64, a program.Attr, ids []int32, p []float64) int32 {
	top := largest(logits)
	for i, z := range logits {
		ids[i], p[i] = int32(i), math.Exp(float64(z-top)/a.Temperature)
	}
	if a.TopK > 0 || a.TopP > 0 {
		slices.SortStableFunc(ids, func(i, j int32) int { return cmp.Compare(p[j], p[i]) })
		ids = likeliest(ids, p, a)
	}
	var total float64
	for _, id := range ids {
		total += p[id]
	}
	left := u * total
	for _, id := range ids {
		if left -= p[id]; left < 0 {
			return id
		}
	}
	return ids[len(ids)-1] // rounding left nothing for the last
}

// likeliest cuts ids, sorted by weight p, to the TopK first and then to those
// whose probabilities first reach TopP.
func likeliest(ids []int32, p []float64, a program.Attr) []int32 {
	if a.TopK > 0 {
		ids = ids[:min(a.TopK, len(ids))]
	}
	if a.TopP == 0 {
		return ids
	}
	var total, sum float64
	for _, id := range ids {
		total += p[id]
	}
	for i, id := range ids {
		if sum += p[id]; sum >= a.TopP*total {
			return ids[:i+1]
		}
	}
	return ids
}
