package arrowio

import (
	"fmt"
	"math"
)

// Filter keeps the rows for which an expression is true, not false or null:
//
//	t.Filter(`reward > 0.5 && source == "hh" && not is_null(prompt)`)
//
// An expression has column names (in backticks where they are no plain words),
// numbers, 'texts', true, false and null; + - * / %, where / always gives a
// fraction; == != < <= > >=, in (…), is null; and, or, not, also written && ||
// !; and the functions abs sqrt exp ln log10 log2 floor ceil round float int
// is_nan is_null coalesce if len lower upper trim contains starts_with
// ends_with, time, and year month day weekday (Monday is 1) hour minute of a time.
// What compares with null is null, as in SQL. NaN is neither less nor greater than
// any number and equals none, as in Go and pandas (to SQL and Polars it equals itself
// and is the greatest, as it is in Sort and GroupBy). % has the sign of the dividend,
// as in Go and SQL. Integers are exact and what does not fit 64 bits is an error.
// So are decimals beside decimals, integers and numbers as they are written, when they
// are compared, added, subtracted and multiplied (what does not fit 38 digits, or 76,
// is an error); functions, / and % make float64 of them. A time compares with its text,
// '2024-03-16', '2024-03-16 12:30:00' or RFC 3339, in the column's zone where the
// text has none. A column of Booleans is a filter by itself.
func (t *Table) Filter(expression string) (_ *Table, err error) {
	t, end := t.begin("filter", t.NumCols(), &err)
	defer end()
	w := t.work
	p, kind, err := compile(t, expression)
	if err != nil {
		return nil, err
	}
	if kind != vecBool && kind != vecNull {
		return nil, p.fail(p.root, "a filter is true or false, this is %s", vecKindNames[kind])
	}
	n := t.NumRows()
	if n > math.MaxInt32 {
		return nil, fmt.Errorf("arrowio: filter: %d rows are more than %d", n, math.MaxInt32)
	}
	parts := make([][]int32, numBlocks(n))
	picker := newRowPicker(p)
	err = tryBlocks(w, n, func(from, to int) (err error) {
		rows := make([]int32, 0, to-from+1)
		for at := from; at < to; at += evalRows { // steps that keep what is computed in the cache
			if rows, err = picker.pick(rows, at, min(to, at+evalRows)); err != nil {
				return err
			}
		}
		parts[from/blockRows] = rows
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t.takeParts(parts)
}

// FilterMask keeps the rows for which mask is true.
func (t *Table) FilterMask(mask []bool) (_ *Table, err error) {
	t, end := t.begin("filter", t.NumCols(), &err)
	defer end()
	w := t.work
	if len(mask) != t.NumRows() || len(mask) > math.MaxInt32 {
		return nil, fmt.Errorf("arrowio: filter: a mask of %d for %d rows", len(mask), t.NumRows())
	}
	if t.released.Load() {
		return nil, ErrReleased
	}
	parts := make([][]int32, numBlocks(len(mask)))
	blocks(w, len(mask), func(from, to int) {
		parts[from/blockRows] = appendSelected(make([]int32, 0, to-from+1), from, mask[from:to], nil)
	})
	return t.takeParts(parts)
}

// evalRows is how many rows an expression is evaluated for at once.
const evalRows = 1 << 13

// appendSelected appends the rows from one on for which mask is true. The list
// needs room for one more than all of them, as every row is written, whether or
// not it is kept: a branch would often be guessed wrongly.
func appendSelected(rows []int32, from int, mask, valid []bool) []int32 {
	n := len(rows)
	rows = rows[:n+len(mask)+1]
	if valid == nil {
		for i, m := range mask {
			rows[n] = int32(from + i)
			n += bit(m)
		}
	} else {
		for i, m := range mask {
			rows[n] = int32(from + i)
			n += bit(m) & bit(valid[i])
		}
	}
	return rows[:n]
}

// takeParts takes the rows listed for each block.
func (t *Table) takeParts(parts [][]int32) (*Table, error) {
	w := t.work
	starts := make([]int, len(parts))
	for i, p := range parts {
		starts[i] = len(p)
	}
	rows := make([]int32, prefixSums(starts))
	tasks(w, len(parts), func(i int) { copy(rows[starts[i]:], parts[i]) })
	return t.takeRows(rows)
}

// WithColumn adds a column computed by an expression (see Filter), or puts it in
// the place of the column of that name:
//
//	t.WithColumn("ratio", "unique / total")
func (t *Table) WithColumn(name, expression string) (_ *Table, err error) {
	t, end := t.begin("compute "+name, 1, &err)
	defer end()
	w := t.work
	p, kind, err := compile(t, expression)
	if err != nil {
		return nil, err
	}
	if kind == vecList {
		return nil, p.fail(p.root, "a list cannot be computed")
	}
	n := t.NumRows()
	parts := make([]vec, numBlocks(n))
	err = tryBlocks(w, n, func(from, to int) error {
		v, err := p.eval(p.root, from, to)
		parts[from/blockRows] = v
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range parts {
		if parts[i].kind != vecTime {
			continue
		}
		if err := reached(&parts[i]); err != nil {
			return nil, fmt.Errorf("arrowio: column %q: rows from %d: %w", name, i*blockRows, err)
		}
	}
	defer w.add(1)
	return t.withBuilt(NewTableIn(t.mem).add(name, vecArray(w, t.mem, parts, n)))
}

// WithValues adds a column of any slice that Builder.Values takes, or puts it in
// the place of the column of that name.
func (t *Table) WithValues(name string, slice any) (*Table, error) {
	return t.withBuilt(NewTableIn(t.mem).Values(name, slice))
}

func (t *Table) withBuilt(b *Builder) (*Table, error) {
	column, err := b.Build()
	if err != nil {
		return nil, err
	}
	defer column.Release()
	return t.With(column)
}
