package arrowio

import (
	"math"
	"math/bits"
	"slices"
)

// integers refuses what does not fit an int64; the remainder of a division by
// zero is null.
func (p *program) integers(e *expr, x, y []int64, out vec) (vec, error) {
	out.kind, out.ints = vecInt, make([]int64, len(x))
	for i := range out.ints {
		if out.valid != nil && !out.valid[i] {
			continue
		}
		a, b := x[i], y[i]
		fits := true
		switch e.op {
		case "+":
			out.ints[i] = a + b
			fits = (a^out.ints[i])&(b^out.ints[i]) >= 0
		case "-":
			out.ints[i] = a - b
			fits = (a^b)&(a^out.ints[i]) >= 0
		case "*":
			hi, lo := bits.Mul64(magnitude(a), magnitude(b))
			out.ints[i] = a * b
			negative := (a < 0) != (b < 0)
			fits = hi == 0 && (lo <= math.MaxInt64 || negative && lo == 1<<63)
		case "%":
			if b == 0 {
				if out.valid == nil {
					out.valid = slices.Repeat([]bool{true}, len(x))
				}
				out.valid[i] = false
			} else if b != -1 {
				out.ints[i] = a % b
			}
		}
		if !fits {
			return out, p.fail(e, "%d %s %d does not fit 64 bits", a, e.op, b)
		}
	}
	return out, nil
}

func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}
