package arrowio_test

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"divvy/arrowio"
)

// TestRandomTablesComeBack writes tables of random nested types as IPC and Parquet
// and reads them back, value for value.
func TestRandomTablesComeBack(t *testing.T) {
	dir := t.TempDir()
	for seed := range uint64(60) {
		m := newMaker(checked(t), seed)
		types := make([]arrow.DataType, m.IntN(6))
		for i := range types {
			types[i] = m.anyType(3)
		}
		n := pick(m, 0, 1, 2, 7, 70)
		tbl, want := m.table(t, n, types...)
		if len(types) == 0 {
			n = 0
		}
		what := fmt.Sprintf("seed %d, %d rows of %v", seed, n, types)
		for name := range want {
			wantValues(t, what, tbl, name, want[name], nil)
		}
		rows := make([]int, 0, 2*n)
		for range 2 * n {
			rows = append(rows, m.IntN(n))
		}
		for _, way := range []struct {
			name string
			rows []int
			give func() (*arrowio.Table, error)
		}{
			{"take", rows, func() (*arrowio.Table, error) { return tbl.Take(rows) }},
			{"concat", nil, func() (*arrowio.Table, error) {
				k := m.IntN(n + 1)
				a, b := must(t)(tbl.Slice(0, k)), must(t)(tbl.Slice(k, n))
				return arrowio.Concat(a, b)
			}},
			{"ipc", nil, func() (*arrowio.Table, error) {
				path := filepath.Join(dir, "t.arrow")
				if err := tbl.WriteIPC(path, arrowio.IPCOptions{Compression: pick(m, "", "lz4", "zstd"), BatchRows: m.IntN(4)}); err != nil {
					return nil, err
				}
				return arrowio.ReadIPC(path)
			}},
			{"mapped ipc", nil, func() (*arrowio.Table, error) {
				path := filepath.Join(dir, "m.arrow")
				if err := tbl.WriteIPC(path); err != nil {
					return nil, err
				}
				return arrowio.OpenIPC(path)
			}},
			{"stream", nil, func() (*arrowio.Table, error) {
				var b bytes.Buffer
				if err := tbl.EncodeIPC(&b, arrowio.IPCOptions{Stream: true, BatchRows: m.IntN(4)}); err != nil {
					return nil, err
				}
				return arrowio.DecodeIPCStream(&b)
			}},
			{"parquet", nil, func() (*arrowio.Table, error) {
				path := filepath.Join(dir, "t.parquet")
				if err := tbl.WriteParquet(path, arrowio.ParquetOptions{Compression: pick(m, "", "snappy", "zstd"), RowGroupRows: m.IntN(40), Plain: m.IntN(2) == 0}); err != nil {
					return nil, err
				}
				return arrowio.ReadParquet(path)
			}},
		} {
			back, err := way.give()
			if err != nil {
				t.Errorf("%s: %s: %v", what, way.name, err)
				continue
			}
			for name := range want {
				wantValues(t, what+": "+way.name, back, name, want[name], way.rows)
				if got, _ := back.Column(name); way.name != "concat" { // which may widen
					if was, _ := tbl.Column(name); strings.Contains(was.DataType().String(), "dictionary<values=int64") && way.name == "parquet" {
						continue // which Parquet has not
					} else if !arrow.TypeEqual(got.DataType(), was.DataType()) {
						t.Errorf("%s: %s: %s comes back as %v, was %v, %s", what, way.name, name, got.DataType(), was.DataType(), dump(got.DataType())+" / "+dump(was.DataType()))
					}
				}
			}
			back.Release()
		}
	}
}

func dump(dt arrow.DataType) string {
	s := dt.ID().String()
	if n, ok := dt.(arrow.NestedType); ok {
		for _, f := range n.Fields() {
			s += fmt.Sprintf("(%s %v %s)", f.Name, f.Nullable, dump(f.Type))
		}
	}
	return s
}

// TestRandomTablesAsText writes tables of what CSV and JSON lines have types for and
// reads them back, value for value and type for type.
func TestRandomTablesAsText(t *testing.T) {
	for seed := range uint64(300) {
		m := newMaker(checked(t), seed)
		n := pick(m, 1, 2, 7, 70)
		types := []arrow.DataType{arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64, arrow.PrimitiveTypes.Float64, arrow.FixedWidthTypes.Boolean,
			arrow.FixedWidthTypes.Date32, &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}}
		tbl, want := m.table(t, n, types...)
		for _, format := range []string{"csv", "tsv", "jsonl"} {
			what := fmt.Sprintf("seed %d, %d rows as %s", seed, n, format)
			var b bytes.Buffer
			comma := map[string]byte{"csv": ',', "tsv": '\t'}[format]
			err := tbl.EncodeCSV(&b, arrowio.CSVOptions{Comma: comma})
			read := func() (*arrowio.Table, error) { return arrowio.DecodeCSV(&b, arrowio.CSVOptions{Comma: comma}) }
			if format == "jsonl" {
				b.Reset()
				err = tbl.EncodeJSONLines(&b)
				read = func() (*arrowio.Table, error) { return arrowio.DecodeJSONLines(&b) }
			}
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			text := b.String()
			back, err := read()
			if err != nil {
				t.Errorf("%s: %v\n%s", what, err, text)
				continue
			}
			for i := range types {
				name := fmt.Sprint("c", i)
				values := slices.Clone(want[name])
				empty := true
				for k, v := range values {
					switch x := v.(type) {
					case float64:
						if format == "jsonl" && (math.IsNaN(x) || math.IsInf(x, 0)) {
							values[k] = nil // JSON has no such numbers
						}
					case time.Time:
						if format == "jsonl" { // nor times
							values[k] = x.Format(map[string]string{"c4": time.DateOnly, "c5": time.RFC3339Nano}[name])
						}
					}
					empty = empty && values[k] == nil
				}
				wantValues(t, what+"\n"+text, back, name, values, nil)
				wantType := []string{"str", "i64", "f64", "bool", "date", "datetime[ns, UTC]"}[i]
				if got := back.Types()[i]; !empty && format != "jsonl" && got != wantType {
					t.Errorf("%s: %s is %s, want %s\n%s", what, name, got, wantType, text)
				}
			}
			back.Release()
		}
	}
}
