package arrowio

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// An Agg is one aggregate of groups: a function of a column. The functions of
// this package make them; nulls do not take part, except in Count, First, Last.
type Agg struct {
	// Func is "count", "valid", "sum", "mean", "min", "max", "std", "var",
	// "median", "quantile", "first", "last" or "unique".
	Func string
	// Column is what it is computed of.
	Column string
	// As names the result; by default it is column_func, or count.
	As string
	// Q is the quantile's share, from 0 to 1.
	Q float64
}

// Named gives the aggregate another name.
func (a Agg) Named(name string) Agg { a.As = name; return a }

// Count counts the rows of a group.
func Count() Agg { return Agg{Func: "count"} }

// CountValid counts the values that are not null.
func CountValid(column string) Agg { return Agg{Func: "valid", Column: column} }

// Sum adds numbers; of no values it is 0, as in Polars (SQL has null). Integers give
// i64, or u64 where a sum of u64 needs it; what does not fit 64 bits is an error.
// Decimals are added as float64; SQL adds them exactly.
func Sum(column string) Agg { return Agg{Func: "sum", Column: column} }

// Mean is the arithmetic mean, null of no values.
func Mean(column string) Agg { return Agg{Func: "mean", Column: column} }

// Min is the least value, NaN only of nothing else.
func Min(column string) Agg { return Agg{Func: "min", Column: column} }

// Max is the greatest value, NaN only of nothing else.
func Max(column string) Agg { return Agg{Func: "max", Column: column} }

// Std is the sample's standard deviation (divisor n-1), null below two values.
func Std(column string) Agg { return Agg{Func: "std", Column: column} }

// Var is the sample's variance (divisor n-1), null below two values.
func Var(column string) Agg { return Agg{Func: "var", Column: column} }

// Median is the middle value, or the mean of the two.
func Median(column string) Agg { return Agg{Func: "median", Column: column, Q: 0.5} }

// Quantile is the value below which a share q of the values lies, interpolated
// linearly between two.
func Quantile(column string, q float64) Agg { return Agg{Func: "quantile", Column: column, Q: q} }

// First is the value of a group's first row, null or not.
func First(column string) Agg { return Agg{Func: "first", Column: column} }

// Last is the value of a group's last row, null or not.
func Last(column string) Agg { return Agg{Func: "last", Column: column} }

// CountUnique counts different values.
func CountUnique(column string) Agg { return Agg{Func: "unique", Column: column} }

func (a Agg) name() string {
	switch {
	case a.As != "":
		return a.As
	case a.Column == "":
		return a.Func
	case a.Func == "quantile":
		return a.Column + "_q" + strings.TrimSuffix(fmt.Sprintf("%.4g", a.Q*100), ".0")
	}
	return a.Column + "_" + a.Func
}

// of computes the aggregate for each group.
func (a Agg) of(t *Table, g grouping) (arrow.Array, error) {
	w := t.work
	if a.Func == "count" {
		return fixedArray(t.mem, arrow.PrimitiveTypes.Int64, countRows(w, g, nil)), nil
	}
	col, err := t.Column(a.Column)
	if err != nil {
		return nil, err
	}
	valid := validOf(w, col)
	switch a.Func {
	case "valid":
		return fixedArray(t.mem, arrow.PrimitiveTypes.Int64, countRows(w, g, valid)), nil
	case "first":
		return take(w, t.mem, col, g.firsts, len(g.ids) == 0)
	case "last":
		rows := slices.Clone(g.firsts)
		for i, id := range g.ids {
			rows[id] = int32(i)
		}
		return take(w, t.mem, col, rows, len(g.ids) == 0)
	case "min", "max":
		rows, err := extremes(w, col, valid, g, a.Func == "max")
		if err != nil {
			return nil, err
		}
		return take(w, t.mem, col, rows, true)
	case "unique":
		return countUnique(w, t.mem, col, valid, g)
	case "sum":
		if ints, ok := exactInts(col); ok {
			return sumInts(w, t.mem, ints, col.DataType().ID() == arrow.UINT64, valid, g)
		}
	}
	floats, ok := viewFloats(col)
	if !ok {
		return nil, fmt.Errorf("column of type %s is not of numbers", typeName(col.DataType()))
	}
	var out []float64
	counts := []int64(nil)
	least := int64(1)
	switch a.Func {
	case "sum":
		return fixedArray(t.mem, arrow.PrimitiveTypes.Float64, sumFloats(w, floats, valid, g)), nil
	case "mean":
		out, counts = means(w, floats, valid, g)
	case "std", "var":
		out, counts = variances(w, floats, valid, g)
		least = 2
		if a.Func == "std" {
			for i, v := range out {
				out[i] = math.Sqrt(v)
			}
		}
	case "median", "quantile":
		if !(a.Q >= 0 && a.Q <= 1) {
			return nil, fmt.Errorf("quantile %v is not between 0 and 1", a.Q)
		}
		out, counts = quantiles(w, floats, valid, g, a.Q)
	default:
		return nil, fmt.Errorf("no aggregate is called %q", a.Func)
	}
	res := fixedArray(t.mem, arrow.PrimitiveTypes.Float64, out)
	enough := make([]bool, len(counts))
	all := true
	for i, c := range counts {
		enough[i] = c >= least
		all = all && enough[i]
	}
	if all {
		return res, nil
	}
	return withMoreNulls(t.mem, res, enough), nil
}

// validOf tells of each row whether it is there; nil when all are.
func validOf(w *work, col arrow.Array) []bool {
	if col.NullN() == 0 {
		return nil
	}
	valid := make([]bool, col.Len())
	blocks(w, len(valid), func(from, to int) {
		for i := from; i < to; i++ {
			valid[i] = !isNull(col, i)
		}
	})
	return valid
}

// viewFloats sees numbers and Booleans as float64, without a copy where they are.
func viewFloats(col arrow.Array) ([]float64, bool) {
	switch c := col.(type) {
	case *array.Float64:
		return c.Float64Values(), true
	case *array.Boolean:
		ints, _ := exactInts(col)
		return convert[float64](ints), true
	}
	return floatValues(col)
}

// exactInts sees integers and Booleans as int64, without a copy where they are; u64
// as if its highest bit were a sign.
func exactInts(col arrow.Array) ([]int64, bool) {
	switch c := col.(type) {
	case *array.Int64:
		return c.Int64Values(), true
	case *array.Boolean:
		ints := make([]int64, c.Len())
		for i := range ints {
			ints[i] = int64(bit(c.Value(i)))
		}
		return ints, true
	}
	return numbers[int64](col)
}

func countUnique(w *work, mem memory.Allocator, col arrow.Array, valid []bool, g grouping) (arrow.Array, error) {
	values, err := groupRows(w, [][]arrow.Array{{col}}, col.Len())
	if err != nil {
		return nil, err
	}
	counts := make([]int64, len(g.firsts))
	for _, row := range combine(w, g, values).firsts {
		if valid == nil || valid[row] {
			counts[g.ids[row]]++
		}
	}
	return fixedArray(mem, arrow.PrimitiveTypes.Int64, counts), nil
}
