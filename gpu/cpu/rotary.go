package cpu

import (
	"math"
	"slices"

	"divvy/gpu/program"
)

// rotary turns pairs (i, i+half) of each head; see program.Builder.Rotary.
func rotary[T float](e *executable, op *program.Op) error {
	x, pos, y, a := vec[T](e, op.In[0]), e.ids(op.In[1]), vec[T](e, op.Out[0]), op.Attr
	d, half := op.In[0].Dim(1), a.Rotary/2
	turn := newTurns[T](e, pos, a)
	chunks(e.workers, len(pos), rowGrain(d), func(lo, hi int) {
		own := make([]T, a.Rotary)
		for t := lo; t < hi; t++ {
			cos, sin := turn.at(int(pos[t]), own)
			for h := range a.Heads {
				in, out := x[t*d+h*a.HeadDim:][:a.HeadDim], y[t*d+h*a.HeadDim:][:a.HeadDim]
				for i := range half {
					u, v := in[i], in[i+half]
					out[i], out[i+half] = u*cos[i]-v*sin[i], v*cos[i]+u*sin[i]
				}
				copy(out[a.Rotary:], in[a.Rotary:])
			}
		}
	})
	return nil
}

// turns gives the cosines and sines of a position's angles. Positions of packed
// texts repeat, so where they are small they are looked up.
type turns[T float] struct {
	freq  []float64
	sign  float64
	table []T // cosines and sines of position p from p*2*len(freq); may be nil
}

func newTurns[T float](e *executable, pos []int32, a program.Attr) turns[T] {
	t := turns[T]{freq: make([]float64, a.Rotary/2), sign: 1}
	for i := range t.freq {
		t.freq[i] = math.Pow(a.Base, -2*float64(i)/float64(a.Rotary))
	}
	if a.Inverse {
		t.sign = -1
	}
	if top := int(slices.Max(pos)); top < len(pos)/2 && slices.Min(pos) >= 0 {
		table := make([]T, (top+1)*a.Rotary)
		chunks(e.workers, top+1, 16, func(lo, hi int) {
			for p := lo; p < hi; p++ {
				t.fill(p, table[p*a.Rotary:(p+1)*a.Rotary])
			}
		})
		t.table = table
	}
	return t
}

// fill computes a position's cosines, then its sines.
func (t turns[T]) fill(p int, out []T) {
	for i, f := range t.freq {
		s, c := math.Sincos(float64(p) * f)
		out[i], out[i+len(t.freq)] = T(c), T(t.sign*s)
	}
}

// at looks a position up, or computes it into own.
func (t turns[T]) at(p int, own []T) (cos, sin []T) {
	if t.table != nil {
		own = t.table[p*len(own) : (p+1)*len(own)]
	} else {
		t.fill(p, own)
	}
	return own[:len(t.freq)], own[len(t.freq):]
}
