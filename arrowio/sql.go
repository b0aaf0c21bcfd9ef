package arrowio

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio/duckdb"
)

// ErrNoSQL is the error of SQL in a program that was built without DuckDB; the
// message says how to build one with it.
var ErrNoSQL = duckdb.ErrMissing

// HasSQL tells whether this program was built with DuckDB.
func HasSQL() bool { return duckdb.Available }

// SQL runs DuckDB's SQL over tables, each by the name that it is given here, and
// over files that the query names:
//
//	arrowio.SQL(ctx, "select source, avg(reward) from t group by all", map[string]*arrowio.Table{"t": t})
//
// What a query has in place of values, ? or $1 or $name, gets them from params, so
// that no text needs to be quoted: in their order, or by name from one
// map[string]any:
//
//	arrowio.SQL(ctx, "select * from t where source = ? and reward > ?", tables, "hh", 0.5)
//
// An error of the query shows the line and the place in it. A table that Within
// gave with a Reporter has the progress told there.
//
// The tables are copied into a fresh database in memory, 0.3 s for a million
// rows of six columns. Of several statements the last one's result is given.
// Integers of 128 bits, as of sum, come back as i64 where all fit, intervals as
// durations where none has months. Columns of float16 arrive as float, decimals of
// more than 38 digits as ones of 38 where all fit. DuckDB has timestamps with a zone,
// times of day and durations in microseconds only, and cuts off what is finer; those
// with a zone come back in UTC.
func SQL(ctx context.Context, query string, tables map[string]*Table, params ...any) (*Table, error) {
	records := make(map[string]arrow.Record, len(tables))
	for name, t := range tables {
		if t.released.Load() {
			return nil, fmt.Errorf("arrowio: sql: table %q: %w", name, ErrReleased)
		}
		rec, err := forSQL(t)
		if err != nil {
			return nil, fmt.Errorf("arrowio: sql: table %q: %w", name, err)
		}
		defer rec.Release()
		// DuckDB takes the wrong values of a struct, list or map that does not begin
		// where its memory does.
		records[name] = uncounted(rec, 0, rec.NumRows())
		defer records[name].Release()
	}
	mem := memory.DefaultAllocator
	o := duckdb.Options{Params: params}
	for _, t := range tables {
		mem = t.mem
		if w := t.work; w != nil && w.to != nil && o.Progress == nil {
			at := int64(0)
			w.start(100, "sql")
			defer w.done()
			o.Progress = func(percent int64) {
				w.add(max(0, min(percent, 100)-at))
				at = max(at, min(percent, 100))
			}
		}
	}
	schema, batches, err := duckdb.Query(ctx, query, records, mem, o)
	if err != nil {
		if names := slices.Sorted(maps.Keys(tables)); len(names) > 0 && strings.Contains(err.Error(), "Table with name") {
			err = fmt.Errorf("%w\n\nThe tables of this query are called %s", err, quoteList(names, 20))
		}
		return nil, fmt.Errorf("arrowio: sql: %w", err)
	}
	defer releaseRecords(batches)
	b := NewTableIn(mem)
	taken := map[string]bool{}
	for i := range schema.NumFields() {
		field := schema.Field(i)
		chunks := make([]arrow.Array, len(batches))
		for j, batch := range batches {
			chunks[j] = batch.Column(i)
		}
		if len(chunks) == 1 { // a slice more, so that the values leave DuckDB's memory
			empty := array.NewSlice(chunks[0], 0, 0)
			defer empty.Release()
			chunks = append(chunks, empty)
		}
		col, err := concatenate(nil, mem, field.Type, chunks)
		if err != nil {
			releaseAll(b.cols)
			return nil, fmt.Errorf("arrowio: sql: column %q: %w", field.Name, err)
		}
		name := unusedName(field.Name, taken)
		taken[name] = true
		col = withoutViews(mem, col)
		own, _ := mapLeaves(col, func(a arrow.Array) (arrow.Array, error) { // which knows no error
			a.Retain()
			return durations(mem, narrow(mem, a)), nil
		})
		col.Release()
		b.add(name, own)
	}
	return b.Build()
}

// SQL runs DuckDB's SQL over this table, by the name t; see the function SQL.
func (t *Table) SQL(ctx context.Context, query string, params ...any) (*Table, error) {
	return SQL(ctx, query, map[string]*Table{"t": t}, params...)
}

// narrow makes integers of 128 bits, which Arrow knows as decimals without
// digits behind the point, to ones of 64 where all fit. It takes over the
// reference of a.
func narrow(mem memory.Allocator, a arrow.Array) arrow.Array {
	d, ok := a.(*array.Decimal128)
	if dt, isDec := a.DataType().(*arrow.Decimal128Type); !ok || !isDec || dt.Scale != 0 || dt.Precision != 38 {
		return a
	}
	values, valid := make([]int64, d.Len()), make([]bool, d.Len())
	for i := range values {
		if valid[i] = d.IsValid(i); valid[i] {
			v := d.Value(i)
			if v.HighBits() != int64(v.LowBits())>>63 {
				return a
			}
			values[i] = int64(v.LowBits())
		}
	}
	a.Release()
	return withMoreNulls(mem, fixedArray(mem, arrow.PrimitiveTypes.Int64, values), valid)
}

// forSQL gives the table's columns as types that DuckDB has: float16 becomes
// float32, a decimal of 256 bits one of 128 where its values fit, and dictionaries
// inside lists and structs, of which DuckDB takes the numbers for the values, are
// spelled out.
func forSQL(t *Table) (arrow.Record, error) {
	if t.NumCols() == 0 {
		return nil, errors.New("it has no columns, and SQL knows no such table")
	}
	fields, cols := t.Schema().Fields(), make([]arrow.Array, t.NumCols())
	defer func() { releaseAll(cols) }()
	for i, f := range fields {
		var err error
		_, nested := f.Type.(arrow.NestedType)
		if cols[i], err = mapLeaves(t.rec.Column(i), func(a arrow.Array) (arrow.Array, error) { return leafForSQL(t.mem, a, nested) }); err != nil {
			way := "leave the column out with Drop"
			if arrow.IsDecimal(f.Type.ID()) {
				way += fmt.Sprintf(", or make float64 of it with WithColumn(%q, \"float(%s)\")", f.Name, quoteColumn(f.Name))
			}
			return nil, fmt.Errorf("column %q of type %s: %w; %s", f.Name, typeName(f.Type), err, way)
		}
		fields[i].Type = cols[i].DataType()
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), cols, int64(t.NumRows())), nil
}

func leafForSQL(mem memory.Allocator, a arrow.Array, nested bool) (arrow.Array, error) {
	switch a := a.(type) {
	case *array.Float16:
		return withNullsOf(mem, fixedArray(mem, arrow.PrimitiveTypes.Float32, halves(a, 0, a.Len())), a), nil
	case *array.Decimal256:
		return narrowDecimal(mem, a)
	case *array.DayTimeInterval: // whose two halves DuckDB takes for one number
		b := array.NewMonthDayNanoIntervalBuilder(mem)
		defer b.Release()
		for i := range a.Len() {
			if isNull(a, i) {
				b.AppendNull()
				continue
			}
			v := a.Value(i)
			b.Append(arrow.MonthDayNanoInterval{Days: v.Days, Nanoseconds: int64(v.Milliseconds) * 1e6})
		}
		return b.NewArray(), nil
	case *array.Dictionary:
		if nested {
			words, err := spelledOut(nil, mem, a)
			if err != nil {
				return nil, err
			}
			defer words.Release()
			return leafForSQL(mem, words, nested)
		}
		words, err := leafForSQL(mem, a.Dictionary(), nested)
		if err != nil {
			return nil, err
		}
		defer words.Release()
		dt := *a.DataType().(*arrow.DictionaryType)
		dt.ValueType = words.DataType()
		d := array.NewDataWithDictionary(&dt, a.Len(), a.Data().Buffers(), a.NullN(), a.Data().Offset(), words.Data().(*array.Data))
		defer d.Release()
		return array.MakeFromData(d), nil
	}
	a.Retain()
	return a, nil
}

// narrowDecimal gives decimals of 256 bits as such of 128, whose most digits are 38.
func narrowDecimal(mem memory.Allocator, a *array.Decimal256) (arrow.Array, error) {
	dt := a.DataType().(*arrow.Decimal256Type)
	if dt.Scale > 38 {
		return nil, fmt.Errorf("DuckDB has decimals of 38 digits, and none with %d behind the point", dt.Scale)
	}
	to := &arrow.Decimal128Type{Precision: min(dt.Precision, 38), Scale: dt.Scale}
	buf, limbs := newFixed[uint64](mem, 2*a.Len())
	for i := range a.Len() {
		if isNull(a, i) {
			continue
		}
		if v := a.Value(i); v.FitsInPrecision(38) {
			all := v.Array()
			limbs[2*i], limbs[2*i+1] = all[0], all[1]
		} else {
			buf.Release()
			return nil, fmt.Errorf("DuckDB has decimals of 38 digits, and row %d has %s", i, goValue(a, i))
		}
	}
	return newArray(to, a.Len(), []*memory.Buffer{validityOf(mem, a), buf}, nil, a.NullN()), nil
}

// durations makes durations of intervals of days and nanoseconds; with months, which
// have no length of their own, they stay intervals. It takes over the reference of a.
func durations(mem memory.Allocator, a arrow.Array) arrow.Array {
	d, ok := a.(*array.MonthDayNanoInterval)
	if !ok {
		return a
	}
	values, valid := make([]int64, d.Len()), make([]bool, d.Len())
	for i := range values {
		if valid[i] = d.IsValid(i); valid[i] {
			v := d.Value(i)
			days := nanoseconds(int64(v.Days), 24*time.Hour)
			values[i] = days + v.Nanoseconds
			if v.Months != 0 || days == beyond || days == before || (values[i] > days) != (v.Nanoseconds > 0) {
				return a
			}
		}
	}
	a.Release()
	return withMoreNulls(mem, fixedArray(mem, arrow.FixedWidthTypes.Duration_ns, values), valid)
}
