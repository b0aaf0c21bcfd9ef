package arrowio_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"divvy/arrowio"
	"divvy/install/pyenv"
)

// TestOthersReadWhatWeWrite writes a table in every format and lets pyarrow,
// pandas, Polars and DuckDB compare it with what it was made of; then it reads
// what they wrote. R's arrow and nanoarrow are in none of the registries that
// the tests may use (Debian has neither).
func TestOthersReadWhatWeWrite(t *testing.T) {
	env := pyenv.Need(t)
	mem := checked(t)
	tbl := sample(t, mem)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	writes := map[string]func(path string) error{
		"sample.arrow":         func(p string) error { return tbl.WriteIPC(p) },
		"sample-batches.arrow": func(p string) error { return tbl.WriteIPC(p, arrowio.IPCOptions{BatchRows: 3}) },
		"sample-lz4.arrow":     func(p string) error { return tbl.WriteIPC(p, arrowio.IPCOptions{Compression: "lz4"}) },
		"sample-zstd.arrow":    func(p string) error { return tbl.WriteIPC(p, arrowio.IPCOptions{Compression: "zstd"}) },
		"sample.arrows":        func(p string) error { return tbl.WriteIPC(p, arrowio.IPCOptions{Stream: true, BatchRows: 1}) },
		"sample.parquet":       func(p string) error { return tbl.WriteParquet(p) },
		"sample-snappy.parquet": func(p string) error {
			return tbl.WriteParquet(p, arrowio.ParquetOptions{Compression: "snappy", RowGroupRows: 3})
		},
		"sample-gzip.parquet":   func(p string) error { return tbl.WriteParquet(p, arrowio.ParquetOptions{Compression: "gzip"}) },
		"sample-brotli.parquet": func(p string) error { return tbl.WriteParquet(p, arrowio.ParquetOptions{Compression: "brotli"}) },
		"sample-none.parquet": func(p string) error {
			return tbl.WriteParquet(p, arrowio.ParquetOptions{Compression: "none", Plain: true})
		},
		"sample.csv":   func(p string) error { return tbl.WriteCSV(p) },
		"sample.jsonl": func(p string) error { return tbl.WriteJSONLines(p) },
	}
	for name, write := range writes {
		if err := write(file(name)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(file("expected.json"), expectedJSON(t, tbl), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := env.Command(t.Context(), filepath.Join("testdata", "readback.py"), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	if !strings.Contains(string(out), "columns compared") {
		t.Fatal("nothing was compared")
	}

	reads := map[string]func(string, ...arrowio.ReadOptions) (*arrowio.Table, error){
		"from-pyarrow.parquet": arrowio.ReadParquet, "from-pyarrow.arrows": arrowio.ReadIPC,
		"from-pyarrow.arrow": arrowio.ReadIPC, "from-pyarrow-large.arrow": arrowio.ReadIPC,
		"from-polars.arrow": arrowio.ReadIPC, "from-polars.parquet": arrowio.ReadParquet,
		"from-duckdb.parquet": arrowio.ReadParquet,
	}
	for name, read := range reads {
		back, err := read(file(name), arrowio.ReadOptions{Allocator: mem})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, c := range tbl.Columns() {
			if c == "group" && !back.Has(c) {
				continue
			}
			got, want := values(t, back, c), values(t, tbl, c)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: column %s is %v, want %v", name, c, got, want)
			}
		}
		// What was read is fit for work, whatever its layout.
		sorted, err := back.Sort("-text", "n")
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else {
			sorted.Release()
		}
		back.Release()
	}
}

// expectedJSON spells the table out for readback.py.
func expectedJSON(t *testing.T, tbl *arrowio.Table) []byte {
	types := map[string]string{"text": "string", "score": "double", "n": "int64", "small": "int32", "single": "float", "ok": "bool",
		"when": "timestamp[ns, tz=UTC]", "group": "dictionary<values=string, indices=int32, ordered=0>", "ids": "list<item: int32>",
		"rewards": "list<item: double>", "note": "struct<Who: string, Mark: double>", "maybe": "string", "raw": "binary"}
	type column struct {
		Name   string `json:"name"`
		Type   string `json:"type"`
		Values []any  `json:"values"`
	}
	var cols []column
	for _, name := range tbl.Columns() {
		c := column{name, types[name], values(t, tbl, name)}
		for i, v := range c.Values {
			switch v := v.(type) {
			case time.Time:
				c.Values[i] = v.Format("2006-01-02T15:04:05.000000000")
			case []byte:
				c.Values[i] = hex.EncodeToString(v)
			}
		}
		cols = append(cols, c)
	}
	out, err := json.Marshal(map[string]any{"columns": cols})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
