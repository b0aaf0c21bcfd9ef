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
// durations where none has months. Timestamps with a
// zone come back in microseconds of UTC, the only ones of their kind in DuckDB.
func SQL(ctx context.Context, query string, tables map[string]*Table, params ...any) (*Table, error) {
	records := make(map[string]arrow.Record, len(tables))
	for name, t := range tables {
		if t.released.Load() {
			return nil, fmt.Errorf("arrowio: sql: table %q: %w", name, ErrReleased)
		}
		if err := forSQL(t); err != nil {
			return nil, fmt.Errorf("arrowio: sql: table %q: %w", name, err)
		}
		records[name] = t.rec
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
		if names := slices.Sorted(maps.Keys(tables)); strings.Contains(err.Error(), "Table with name") {
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
		b.add(name, durations(mem, narrow(mem, withoutViews(mem, col))))
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

// forSQL gives an error for a column of a type that DuckDB has not.
func forSQL(t *Table) error {
	if t.NumCols() == 0 {
		return errors.New("it has no columns, and SQL knows no such table")
	}
	for _, f := range t.Schema().Fields() {
		if lacking := notInSQL(f.Type); lacking != nil {
			way := "leave the column out with Drop"
			if lacking == f.Type {
				way += fmt.Sprintf(", or make float64 of it with WithColumn(%q, \"float(`%s`)\")", f.Name, f.Name)
			}
			return fmt.Errorf("column %q of type %s: DuckDB has no %s; %s", f.Name, typeName(f.Type), typeName(lacking), way)
		}
	}
	return nil
}

// notInSQL is the part of a type that DuckDB has not, nil for none.
func notInSQL(dt arrow.DataType) arrow.DataType {
	switch dt := dt.(type) {
	case *arrow.Float16Type, *arrow.Decimal256Type:
		return dt
	case *arrow.DictionaryType:
		return notInSQL(dt.ValueType)
	case arrow.NestedType:
		for _, f := range dt.Fields() {
			if lacking := notInSQL(f.Type); lacking != nil {
				return lacking
			}
		}
	}
	return nil
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
