package arrowio

import (
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// withColumns makes a table of the given columns, each of which it takes a
// reference of.
func (t *Table) withColumns(fields []arrow.Field, cols []arrow.Array, rows int) *Table {
	return newTable(t.mem, array.NewRecord(arrow.NewSchema(fields, nil), cols, int64(rows)))
}

// Select keeps the named columns, in that order.
func (t *Table) Select(names ...string) (*Table, error) {
	fields := make([]arrow.Field, len(names))
	cols := make([]arrow.Array, len(names))
	for i, name := range names {
		col, err := t.Column(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("arrowio: select: column %q twice", name)
		}
		fields[i], cols[i] = t.Schema().Field(t.index(name)), col
	}
	return t.withColumns(fields, cols, t.NumRows()), nil
}

// Drop leaves the named columns out.
func (t *Table) Drop(names ...string) (*Table, error) {
	for _, name := range names {
		if !t.Has(name) {
			return nil, t.noColumn(name)
		}
	}
	keep := slices.DeleteFunc(t.Columns(), func(c string) bool { return slices.Contains(names, c) })
	return t.Select(keep...)
}

// Rename gives a column another name.
func (t *Table) Rename(from, to string) (*Table, error) {
	if _, err := t.Column(from); err != nil {
		return nil, err
	}
	if from != to && t.Has(to) {
		return nil, fmt.Errorf("arrowio: rename %q: there is a column %q already", from, to)
	}
	fields := t.Schema().Fields()
	fields[t.index(from)].Name = to
	return t.withColumns(fields, t.rec.Columns(), t.NumRows()), nil
}

// Slice keeps the rows from one up to, not including, another.
func (t *Table) Slice(from, to int) (*Table, error) {
	if t.released.Load() {
		return nil, ErrReleased
	}
	if from < 0 || to < from || to > t.NumRows() {
		return nil, fmt.Errorf("arrowio: slice: rows %d to %d of %d", from, to, t.NumRows())
	}
	return newTable(t.mem, t.rec.NewSlice(int64(from), int64(to))), nil
}

// Take gives the rows of the given numbers, in that order; one may come twice.
func (t *Table) Take(rows []int) (_ *Table, err error) {
	if t.released.Load() {
		return nil, ErrReleased
	}
	list := make([]int32, len(rows))
	for i, r := range rows {
		if r < 0 || r >= t.NumRows() || r > math.MaxInt32 {
			return nil, fmt.Errorf("arrowio: take: row %d of %d", r, t.NumRows())
		}
		list[i] = int32(r)
	}
	t, end := t.begin("take", t.NumCols(), &err)
	defer end()
	return t.takeRows(list)
}

// Head keeps the first n rows, or all when there are fewer.
func (t *Table) Head(n int) (*Table, error) { return t.Slice(0, min(max(n, 0), t.NumRows())) }

// Tail keeps the last n rows, or all when there are fewer.
func (t *Table) Tail(n int) (*Table, error) {
	return t.Slice(t.NumRows()-min(max(n, 0), t.NumRows()), t.NumRows())
}

// With adds the columns of another table of as many rows; those of a name that
// is there already take its place. So a computed column is added by
//
//	new, err := arrowio.NewTable().Floats("d", d).Build()
//	t, err = t.With(new)
func (t *Table) With(columns *Table) (*Table, error) {
	if t.released.Load() || columns.released.Load() {
		return nil, ErrReleased
	}
	if t.NumCols() > 0 && columns.NumRows() != t.NumRows() {
		return nil, fmt.Errorf("arrowio: with: %d rows, the table has %d", columns.NumRows(), t.NumRows())
	}
	fields, cols := t.Schema().Fields(), slices.Clone(t.rec.Columns())
	for i, f := range columns.Schema().Fields() {
		if at := t.index(f.Name); at >= 0 {
			fields[at], cols[at] = f, columns.rec.Column(i)
		} else {
			fields, cols = append(fields, f), append(cols, columns.rec.Column(i))
		}
	}
	return t.withColumns(fields, cols, columns.NumRows()), nil
}
