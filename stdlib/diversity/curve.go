package diversity

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio"
	"divvy/stdlib/tokenize"
)

// Series is the diversity of nested subsets of one list of prompts: the first
// n_1 prompts, the first n_2, and so on. It is the line of the paper's Figure
// 4(b).
type Series struct {
	Sizes  []int     // numbers of prompts, as asked for
	N      int       // order of the N-grams
	P      float64   // decay index
	Unique []int64   // distinct N-grams of each subset
	Total  []int64   // all N-grams of each subset
	Ratio  []float64 // r
	D      []float64 // d
}

// Curve is the diversity of the first sizes[i] prompts for each i, all from one
// pass over the ids. sizes may have any order; nil means every size from 1 to
// all prompts.
func Curve(ctx context.Context, ids *tokenize.IDs, sizes []int, o Options) (*Series, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if sizes == nil {
		sizes = hugeSlice[int](ids.Len())
		for i := range sizes {
			sizes[i] = i + 1
		}
	} else {
		sizes = slices.Clone(sizes)
	}
	for _, n := range sizes {
		if n < 0 || n > ids.Len() {
			return nil, fmt.Errorf("diversity: a subset of %d prompts of %d", n, ids.Len())
		}
	}
	last := 0
	if len(sizes) > 0 {
		last = slices.Max(sizes)
	}
	ids = ids.Prefix(last)
	fresh, err := firstSeen(ctx, ids, o)
	if err != nil {
		return nil, err
	}
	s := newSeries(sizes, o)
	_, offsets := ids.Flat()
	var unique, total int64
	at := 0
	order := rising(sizes)
	for i := range sizes {
		if order != nil {
			i = order[i]
		}
		for ; at < sizes[i]; at++ {
			unique += int64(fresh[at])
			total += grams(int(offsets[at+1]-offsets[at]), o)
		}
		s.set(i, unique, total, o)
	}
	return s, nil
}

// newSeries is a series without its counts. It keeps sizes.
func newSeries(sizes []int, o Options) *Series {
	n := len(sizes)
	return &Series{Sizes: sizes, N: o.N, P: o.P, Unique: hugeSlice[int64](n), Total: hugeSlice[int64](n),
		Ratio: hugeSlice[float64](n), D: hugeSlice[float64](n)}
}

// set fills in subset i from its counts.
func (s *Series) set(i int, unique, total int64, o Options) {
	r := newResult(s.Sizes[i], unique, total, o)
	s.Unique[i], s.Total[i], s.Ratio[i], s.D[i] = unique, total, r.Ratio, r.D
}

// rising is the places of values from the smallest value to the largest, nil
// when they stand so already.
func rising(values []int) []int {
	if slices.IsSorted(values) {
		return nil
	}
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return values[a] - values[b] })
	return order
}

// Len is the number of subsets.
func (s *Series) Len() int { return len(s.Sizes) }

// At is the result for subset i.
func (s *Series) At(i int) Result {
	return Result{Prompts: s.Sizes[i], N: s.N, P: s.P, Unique: s.Unique[i], Total: s.Total[i], Ratio: s.Ratio[i], D: s.D[i]}
}

// XY is point i as a plot takes it: the number of prompts and d. With Len it
// makes a Series a plotter.XYer of gonum.org/v1/plot.
func (s *Series) XY(i int) (x, y float64) { return float64(s.Sizes[i]), s.D[i] }

// WithP is the same counts under another decay index; nothing is counted again.
func (s *Series) WithP(p float64) *Series {
	c := *s
	c.P = p
	c.D = make([]float64, len(s.D))
	for i := range c.D {
		if s.Ratio[i] > 0 {
			c.D[i] = math.Pow(float64(s.Sizes[i]), p) * s.Ratio[i]
		}
	}
	return &c
}

// Table is the series with the columns prompts, unique, total, ratio and d.
func (s *Series) Table() *arrowio.Table {
	prompts := make([]int64, len(s.Sizes))
	for i, n := range s.Sizes {
		prompts[i] = int64(n)
	}
	return table([]string{"prompts", "unique", "total", "ratio", "d"}, prompts, s.Unique, s.Total, s.Ratio, s.D)
}

// Table is the result as a table of one row.
func (r Result) Table() *arrowio.Table {
	return table([]string{"prompts", "n", "p", "unique", "total", "ratio", "d"}, []int64{int64(r.Prompts)}, []int64{int64(r.N)},
		[]float64{r.P}, []int64{r.Unique}, []int64{r.Total}, []float64{r.Ratio}, []float64{r.D})
}

// table makes a table of columns of []int64, []float64 and []string.
func table(names []string, columns ...any) *arrowio.Table {
	fields := make([]arrow.Field, len(names))
	arrays := make([]arrow.Array, len(names))
	rows := 0
	for i, column := range columns {
		switch c := column.(type) {
		case []int64:
			b := array.NewInt64Builder(memory.DefaultAllocator)
			b.AppendValues(c, nil)
			arrays[i] = b.NewArray()
		case []float64:
			b := array.NewFloat64Builder(memory.DefaultAllocator)
			b.AppendValues(c, nil)
			arrays[i] = b.NewArray()
		case []string:
			b := array.NewStringBuilder(memory.DefaultAllocator)
			b.AppendValues(c, nil)
			arrays[i] = b.NewArray()
		default:
			panic(fmt.Sprintf("diversity: a column of %T", column))
		}
		fields[i] = arrow.Field{Name: names[i], Type: arrays[i].DataType()}
		rows = arrays[i].Len()
	}
	return arrowio.FromRecord(array.NewRecord(arrow.NewSchema(fields, nil), arrays, int64(rows)))
}
