package arrowio

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// ErrReleased is the error of a use of a Table after its Release.
var ErrReleased = errors.New("arrowio: the table was released")

// A Table is an immutable set of named columns of equal length. It is safe for
// concurrent use.
type Table struct {
	rec      arrow.Record
	mem      memory.Allocator
	released *atomic.Bool // one for the tables that Within gives
	work     *work
}

// newTable takes over one reference of rec.
func newTable(mem memory.Allocator, rec arrow.Record) *Table {
	if mem == nil {
		mem = memory.DefaultAllocator
	}
	return &Table{rec: rec, mem: untracked(mem), released: new(atomic.Bool)}
}

// tableOf makes a table of fields and columns, taking over the references of
// the columns.
func tableOf(mem memory.Allocator, fields []arrow.Field, cols []arrow.Array, rows int) *Table {
	rec := array.NewRecord(arrow.NewSchema(fields, nil), cols, int64(rows))
	releaseAll(cols)
	return newTable(mem, rec)
}

func releaseAll(cols []arrow.Array) {
	for _, c := range cols {
		if c != nil {
			c.Release()
		}
	}
}

// FromRecord makes a table of a record, of which it keeps a reference. Of
// several columns with one name the later ones are renamed name_2, name_3, …;
// string and binary views become strings and bytes of the common layout.
func FromRecord(rec arrow.Record) *Table {
	fields, cols := rec.Schema().Fields(), make([]arrow.Array, rec.NumCols())
	for i := range cols {
		rec.Column(i).Retain()
		cols[i] = withoutViews(memory.DefaultAllocator, rec.Column(i))
		fields[i].Type = cols[i].DataType()
	}
	t := tableOf(memory.DefaultAllocator, fields, cols, int(rec.NumRows()))
	t.rec = uniqueNames(t.rec)
	return t
}

// uniqueNames takes over a reference of rec and gives one of a record in which
// every column has a name of its own.
func uniqueNames(rec arrow.Record) arrow.Record {
	fields := rec.Schema().Fields()
	seen := make(map[string]bool, len(fields))
	changed := false
	for i := range fields {
		if name := unusedName(fields[i].Name, seen); name != fields[i].Name {
			fields[i].Name, changed = name, true
		}
		seen[fields[i].Name] = true
	}
	if !changed {
		return rec
	}
	defer rec.Release()
	meta := rec.Schema().Metadata()
	return array.NewRecord(arrow.NewSchema(fields, &meta), rec.Columns(), rec.NumRows())
}

// unusedName gives name, or name_2, name_3, … when it is taken.
func unusedName(name string, taken map[string]bool) string {
	if !taken[name] {
		return name
	}
	for i := 2; ; i++ {
		if s := fmt.Sprintf("%s_%d", name, i); !taken[s] {
			return s
		}
	}
}

// Record gives the table's Arrow record. It belongs to the table; a caller who
// needs it for longer than the table calls Retain on it.
func (t *Table) Record() arrow.Record { return t.rec }

// Schema gives the names and types of the columns.
func (t *Table) Schema() *arrow.Schema { return t.rec.Schema() }

// NumRows gives the number of rows.
func (t *Table) NumRows() int { return int(t.rec.NumRows()) }

// NumCols gives the number of columns.
func (t *Table) NumCols() int { return int(t.rec.NumCols()) }

// Columns gives the names of the columns in order.
func (t *Table) Columns() []string {
	names := make([]string, t.NumCols())
	for i := range names {
		names[i] = t.rec.ColumnName(i)
	}
	return names
}

// Types gives the types of the columns in order, in the short words of the
// table's display: i64, f64, str, list[i32], …
func (t *Table) Types() []string {
	types := make([]string, t.NumCols())
	for i, f := range t.rec.Schema().Fields() {
		types[i] = typeName(f.Type)
	}
	return types
}

// Has tells whether there is a column of that name.
func (t *Table) Has(name string) bool { return t.index(name) >= 0 }

// Release ends this table's use of its columns; their memory goes back to the
// allocator with the last table or record that shares it. Calling it again does
// nothing. Tables in Go's own memory need no Release (see the package comment).
func (t *Table) Release() {
	if t.released.CompareAndSwap(false, true) {
		t.rec.Release()
	}
}

func (t *Table) index(name string) int {
	if ix := t.rec.Schema().FieldIndices(name); len(ix) > 0 {
		return ix[0]
	}
	return -1
}

// Column gives the Arrow array of a column. It belongs to the table.
func (t *Table) Column(name string) (arrow.Array, error) {
	if t.released.Load() {
		return nil, ErrReleased
	}
	i := t.index(name)
	if i < 0 {
		return nil, t.noColumn(name)
	}
	return t.rec.Column(i), nil
}

// noColumn says that there is no such column, which there are, and which of
// them was probably meant.
func (t *Table) noColumn(name string) error {
	return fmt.Errorf("arrowio: no column %q; %s", name, suggest(name, t.Columns()))
}
