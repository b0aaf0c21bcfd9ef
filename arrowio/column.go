package arrowio

import (
	"fmt"
	"math"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// column gives a column of which no value may be null.
func (t *Table) column(name string) (arrow.Array, error) {
	col, err := t.Column(name)
	if err != nil {
		return nil, err
	}
	if n := col.NullN(); n > 0 {
		return nil, fmt.Errorf("arrowio: column %q has %s, which a Go slice cannot hold: use FillNull, DropNull or Valid", name, plural(n, "null"))
	}
	return col, nil
}

func wrongType(name string, col arrow.Array, want string) error {
	return fmt.Errorf("arrowio: column %q is %s, not %s", name, typeName(col.DataType()), want)
}

// Floats gives a column of numbers as float64, null as NaN. Integers beyond
// 2^53 are rounded.
func (t *Table) Floats(name string) ([]float64, error) {
	col, err := t.Column(name)
	if err != nil {
		return nil, err
	}
	v, ok := floatValues(col)
	if !ok {
		return nil, wrongType(name, col, "a number")
	}
	if col.NullN() > 0 {
		for i := range v {
			if isNull(col, i) {
				v[i] = math.NaN()
			}
		}
	}
	return v, nil
}

// Ints gives a column of integers without nulls.
func (t *Table) Ints(name string) ([]int, error) {
	col, err := t.column(name)
	if err != nil {
		return nil, err
	}
	v, ok := intValues(col)
	if !ok {
		return nil, wrongType(name, col, "a column of integers that fit an int")
	}
	return v, nil
}

// Strings gives a column of text, dictionaries included, without nulls.
func (t *Table) Strings(name string) ([]string, error) {
	col, err := t.column(name)
	if err != nil {
		return nil, err
	}
	v, ok := stringValues(col)
	if !ok {
		return nil, wrongType(name, col, "text")
	}
	return v, nil
}

// Bools gives a column of Booleans without nulls.
func (t *Table) Bools(name string) ([]bool, error) {
	col, err := t.column(name)
	if err != nil {
		return nil, err
	}
	b, ok := col.(*array.Boolean)
	if !ok {
		return nil, wrongType(name, col, "Boolean")
	}
	v := make([]bool, b.Len())
	for i := range v {
		v[i] = b.Value(i)
	}
	return v, nil
}

// Times gives a column of timestamps or dates without nulls, in UTC.
func (t *Table) Times(name string) ([]time.Time, error) {
	col, err := t.column(name)
	if err != nil {
		return nil, err
	}
	v := make([]time.Time, col.Len())
	switch c := col.(type) {
	case *array.Timestamp:
		unit := c.DataType().(*arrow.TimestampType).Unit
		for i := range v {
			v[i] = c.Value(i).ToTime(unit)
		}
	case *array.Date32:
		for i := range v {
			v[i] = c.Value(i).ToTime()
		}
	case *array.Date64:
		for i := range v {
			v[i] = c.Value(i).ToTime()
		}
	default:
		return nil, wrongType(name, col, "a timestamp or date")
	}
	return v, nil
}

// IntLists gives a column of lists of integers without nulls, the form of token
// ids, as int32.
func (t *Table) IntLists(name string) ([][]int32, error) {
	col, err := t.column(name)
	if err != nil {
		return nil, err
	}
	lists, ok := col.(array.ListLike)
	if !ok {
		return nil, wrongType(name, col, "a list")
	}
	child := lists.ListValues()
	all, ok := int32Values(child)
	if !ok || child.NullN() > 0 {
		return nil, wrongType(name, col, "a list of integers that fit an int32, none null")
	}
	v := make([][]int32, lists.Len())
	for i := range v {
		from, to := lists.ValueOffsets(i)
		v[i] = all[from:to:to]
	}
	return v, nil
}

// FloatLists gives a column of lists of numbers without null lists, as float64;
// a null number is NaN.
func (t *Table) FloatLists(name string) ([][]float64, error) {
	col, err := t.column(name)
	if err != nil {
		return nil, err
	}
	lists, ok := col.(array.ListLike)
	if !ok {
		return nil, wrongType(name, col, "a list")
	}
	child := lists.ListValues()
	all, ok := floatValues(child)
	if !ok {
		return nil, wrongType(name, col, "a list of numbers")
	}
	for i := range all {
		if isNull(child, i) {
			all[i] = math.NaN()
		}
	}
	v := make([][]float64, lists.Len())
	for i := range v {
		from, to := lists.ValueOffsets(i)
		v[i] = all[from:to:to]
	}
	return v, nil
}

// Valid tells for each row whether the column's value is there, not null.
func (t *Table) Valid(name string) ([]bool, error) {
	col, err := t.Column(name)
	if err != nil {
		return nil, err
	}
	v := make([]bool, col.Len())
	for i := range v {
		v[i] = !isNull(col, i)
	}
	return v, nil
}

// Value gives one value: nil, bool, int64, uint64, float64, string, []byte,
// time.Time, time.Duration, []any for a list, map[string]any for a struct or map.
// A decimal is a string, which keeps all its digits, and so is a time of day, and a
// duration of more than 292 years.
func (t *Table) Value(row int, name string) (any, error) {
	col, err := t.Column(name)
	if err != nil {
		return nil, err
	}
	if row < 0 || row >= col.Len() {
		return nil, fmt.Errorf("arrowio: column %q has no row %d; there are %d", name, row, col.Len())
	}
	return goValue(col, row), nil
}

// Row gives one row, column name to value, as Value gives them.
func (t *Table) Row(row int) (map[string]any, error) {
	if row < 0 || row >= t.NumRows() {
		return nil, fmt.Errorf("arrowio: no row %d; there are %d", row, t.NumRows())
	}
	if t.released.Load() {
		return nil, ErrReleased
	}
	m := make(map[string]any, t.NumCols())
	for i, name := range t.Columns() {
		m[name] = goValue(t.rec.Column(i), row)
	}
	return m, nil
}
