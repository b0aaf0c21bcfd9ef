package arrowio

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// chunked runs a reduction over parts of the rows, each with results of its own,
// and merges them in order. The parts depend on the data alone, so that sums
// of floats come out alike on any number of cores.
func chunked[T any](w *work, g grouping, reduce func(acc []T, from, to int), merge func(into, from *T)) []T {
	const chunk = 1 << 20
	n, groups := len(g.ids), len(g.firsts)
	parts := (n + chunk - 1) / chunk
	if groups > 1<<12 || parts < 2 {
		acc := make([]T, groups)
		reduce(acc, 0, n)
		return acc
	}
	accs := make([][]T, parts)
	tasks(w, parts, func(p int) {
		accs[p] = make([]T, groups)
		reduce(accs[p], p*chunk, min(n, (p+1)*chunk))
	})
	for _, acc := range accs[1:] {
		for i := range acc {
			merge(&accs[0][i], &acc[i])
		}
	}
	return accs[0]
}

func countRows(w *work, g grouping, valid []bool) []int64 {
	return chunked(w, g, func(acc []int64, from, to int) {
		if valid == nil {
			for _, id := range g.ids[from:to] {
				acc[id]++
			}
			return
		}
		for i := from; i < to; i++ {
			acc[g.ids[i]] += int64(bit(valid[i]))
		}
	}, func(into, from *int64) { *into += *from })
}

func sumFloats(w *work, values []float64, valid []bool, g grouping) []float64 {
	return chunked(w, g, func(acc []float64, from, to int) {
		ids := g.ids[from:to]
		if valid == nil {
			for i, v := range values[from:to] {
				acc[ids[i]] += v
			}
			return
		}
		for i, v := range values[from:to] {
			if valid[from+i] {
				acc[ids[i]] += v
			}
		}
	}, func(into, from *float64) { *into += *from })
}

// sumInts adds in 128 bits by halves, and fails only when a sum does not fit 64.
func sumInts(w *work, mem memory.Allocator, values []int64, unsigned bool, valid []bool, g grouping) (arrow.Array, error) {
	type wide struct {
		low  uint64
		high int64
	}
	add := func(w *wide, low uint64, high int64) {
		sum := w.low + low
		w.high += high + int64(bit(sum < low))
		w.low = sum
	}
	signs := int64(-1)
	if unsigned {
		signs = 0
	}
	sums := chunked(w, g, func(acc []wide, from, to int) {
		for i, v := range values[from:to] {
			if valid == nil || valid[from+i] {
				add(&acc[g.ids[from+i]], uint64(v), v>>63&signs)
			}
		}
	}, func(into, from *wide) { add(into, from.low, from.high) })
	out := make([]int64, len(sums))
	fits := true
	for i, s := range sums {
		out[i] = int64(s.low)
		fits = fits && s.high == out[i]>>63
		if s.high != out[i]>>63 && !(unsigned && s.high == 0) {
			return nil, fmt.Errorf("the sum of group %d does not fit 64 bits", i)
		}
	}
	if !fits {
		return fixedArray(mem, arrow.PrimitiveTypes.Uint64, out), nil
	}
	return fixedArray(mem, arrow.PrimitiveTypes.Int64, out), nil
}

func means(w *work, values []float64, valid []bool, g grouping) ([]float64, []int64) {
	sums, counts := sumFloats(w, values, valid, g), countRows(w, g, valid)
	for i, c := range counts {
		if c > 0 {
			sums[i] /= float64(c)
		}
	}
	return sums, counts
}

// variances takes a second pass around the mean, which keeps the digits that
// the sum of squares would lose.
func variances(w *work, values []float64, valid []bool, g grouping) ([]float64, []int64) {
	mean, counts := means(w, values, valid, g)
	out := chunked(w, g, func(acc []float64, from, to int) {
		for i, v := range values[from:to] {
			if valid == nil || valid[from+i] {
				id := g.ids[from+i]
				d := v - mean[id]
				acc[id] += d * d
			}
		}
	}, func(into, from *float64) { *into += *from })
	for i, c := range counts {
		if c > 1 {
			out[i] /= float64(c - 1)
		}
	}
	return out, counts
}

// extremes gives the row of each group's least or greatest value, the first of
// several; noRow where there is no value.
func extremes(w *work, col arrow.Array, valid []bool, g grouping, greatest bool) ([]int32, error) {
	rows := make([]int32, len(g.firsts))
	for i := range rows {
		rows[i] = noRow
	}
	if class := keyClass(col.DataType()); areTexts(class) {
		texts := newTexts(w, []arrow.Array{col})
		for i, id := range g.ids {
			if valid != nil && !valid[i] {
				continue
			}
			if r := rows[id]; r == noRow || greatest && texts.at(int32(i)) > texts.at(r) || !greatest && texts.at(int32(i)) < texts.at(r) {
				rows[id] = int32(i)
			}
		}
		return rows, nil
	}
	if d, ok := col.(*array.Dictionary); ok {
		values, err := spelledOut(w, memory.DefaultAllocator, d)
		if err != nil {
			return nil, err
		}
		return extremes(w, values, valid, g, greatest)
	}
	codes := make([]uint64, col.Len())
	if !fillCodes(w, codes, col, greatest) {
		return nil, fmt.Errorf("no order is known for type %s", typeName(col.DataType()))
	}
	if arrow.IsFloating(col.DataType().ID()) { // NaN gives way to any number
		nan := make([]uint64, 1)
		codeFloats(w, nan, []float64{math.NaN()}, map[bool]uint64{true: ^uint64(0), false: 0}[greatest])
		for i, c := range codes {
			if c == nan[0] {
				codes[i] = math.MaxUint64
			}
		}
	}
	best := make([]uint64, len(rows))
	for i, id := range g.ids {
		if valid != nil && !valid[i] {
			continue
		}
		if c := codes[i]; rows[id] == noRow || c < best[id] {
			best[id], rows[id] = c, int32(i)
		}
	}
	return rows, nil
}

// quantiles gives each group's quantile; NaN when one of its values is.
func quantiles(w *work, values []float64, valid []bool, g grouping, q float64) ([]float64, []int64) {
	counts := countRows(w, g, valid)
	starts := make([]int, len(counts)+1)
	for i, c := range counts {
		starts[i+1] = starts[i] + int(c)
	}
	next := append([]int{}, starts...)
	byGroup := make([]float64, starts[len(counts)])
	for i, id := range g.ids {
		if valid == nil || valid[i] {
			byGroup[next[id]] = values[i]
			next[id]++
		}
	}
	out := make([]float64, len(counts))
	const step = 256
	tasks(w, (len(counts)+step-1)/step, func(b int) {
		for i := b * step; i < min(len(counts), (b+1)*step); i++ {
			out[i] = quantile(byGroup[starts[i]:starts[i+1]], q)
		}
	})
	return out, counts
}

// quantile reorders the values.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	for _, x := range v {
		if x != x {
			return x
		}
	}
	at := q * float64(len(v)-1)
	k := int(at)
	low := quickSelect(v, k)
	if frac := at - float64(k); frac > 0 {
		high := v[k+1]
		for _, x := range v[k+1:] {
			high = min(high, x)
		}
		if math.IsInf(low, 0) || math.IsInf(high, 0) {
			if low == high {
				return low
			}
		}
		return low + (high-low)*frac
	}
	return low
}

// quickSelect brings the k-th least value to its place, lesser ones before it
// and greater ones after (Hoare's FIND).
func quickSelect(v []float64, k int) float64 {
	for lo, hi := 0, len(v)-1; lo < hi; {
		a, b, c := v[lo], v[lo+(hi-lo)/2], v[hi]
		pivot := max(min(a, b), min(max(a, b), c))
		i, j := lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for pivot < v[j] {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return v[k]
		}
	}
	return v[k]
}
