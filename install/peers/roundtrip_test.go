package peers

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio"
	"divvy/install/pyenv"
)

// checked gives an allocator that fails the test when memory of it is left.
func checked(t testing.TB) *memory.CheckedAllocator {
	t.Helper()
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	t.Cleanup(func() { mem.AssertSize(t, 0) })
	return mem
}

// must ends the test on an error, and releases the table at its end.
func must(t testing.TB) func(*arrowio.Table, error) *arrowio.Table {
	return func(tbl *arrowio.Table, err error) *arrowio.Table {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(tbl.Release)
		return tbl
	}
}

// python runs a program of testdata and gives what it printed.
func python(t testing.TB, args ...string) string {
	t.Helper()
	args[0] = filepath.Join("testdata", args[0])
	out, err := pyenv.Need(t).Command(t.Context(), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// TestOthersReadWhatWeWrite writes a table of every type in every format and
// lets the others compare it with one that they made; then it reads what they
// wrote.
func TestOthersReadWhatWeWrite(t *testing.T) {
	mem := checked(t)
	every := everyTable(t, mem)
	empty := must(t)(every.Head(0))
	zero := must(t)(arrowio.NewTableIn(mem).Build())
	text := textTable(t, mem)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	ipc := func(t *arrowio.Table, o arrowio.IPCOptions) func(string) error {
		return func(p string) error { return t.WriteIPC(p, o) }
	}
	parquet := func(t *arrowio.Table, o arrowio.ParquetOptions) func(string) error {
		return func(p string) error { return t.WriteParquet(p, o) }
	}
	for name, write := range map[string]func(path string) error{
		"every.arrow":          ipc(every, arrowio.IPCOptions{}),
		"every-batches.arrow":  ipc(every, arrowio.IPCOptions{BatchRows: 2}),
		"every-lz4.arrow":      ipc(every, arrowio.IPCOptions{Compression: "lz4"}),
		"every-zstd.arrow":     ipc(every, arrowio.IPCOptions{Compression: "zstd"}),
		"every.arrows":         ipc(every, arrowio.IPCOptions{Stream: true, BatchRows: 1}),
		"empty.arrow":          ipc(empty, arrowio.IPCOptions{}),
		"empty.arrows":         ipc(empty, arrowio.IPCOptions{Stream: true}),
		"zero.arrow":           ipc(zero, arrowio.IPCOptions{}),
		"zero.arrows":          ipc(zero, arrowio.IPCOptions{Stream: true}),
		"every.parquet":        parquet(every, arrowio.ParquetOptions{}),
		"every-snappy.parquet": parquet(every, arrowio.ParquetOptions{Compression: "snappy", RowGroupRows: 2}),
		"every-gzip.parquet":   parquet(every, arrowio.ParquetOptions{Compression: "gzip"}),
		"every-brotli.parquet": parquet(every, arrowio.ParquetOptions{Compression: "brotli"}),
		"every-none.parquet":   parquet(every, arrowio.ParquetOptions{Compression: "none", Plain: true}),
		"empty.parquet":        parquet(empty, arrowio.ParquetOptions{}),
		"zero.parquet":         parquet(zero, arrowio.ParquetOptions{}),
		"text.csv": func(p string) error {
			return must(t)(text.Select("text", "int", "float", "bool", "day")).WriteCSV(p)
		},
		"text.jsonl": text.WriteJSONLines,
	} {
		if err := write(file(name)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	said := python(t, "readback.py", dir)
	t.Logf("%s", said)
	if !strings.Contains(said, "columns compared") {
		t.Fatal("nothing was compared")
	}
	if _, err := arrowio.ReadParquet(file("faulty.parquet")); err == nil || !strings.Contains(err.Error(), `column "fixed_list": the lists end at value`) {
		t.Errorf("a file whose lists lack values: %v", err)
	}
	for _, name := range []string{"twice.arrow", "twice.parquet"} {
		read := arrowio.ReadIPC
		if strings.HasSuffix(name, "parquet") {
			read = arrowio.ReadParquet
		}
		twice := must(t)(read(file(name)))
		if got := fmt.Sprint(twice.Columns()); got != "[n n_2 n_2_2]" {
			t.Errorf("%s: columns of one name are called %s", name, got)
		}
	}
	reads := map[string]func(string, ...arrowio.ReadOptions) (*arrowio.Table, error){".arrow": arrowio.ReadIPC, ".arrows": arrowio.ReadIPC, ".parquet": arrowio.ReadParquet}
	theirs, _ := filepath.Glob(file("from-*"))
	own, _ := filepath.Glob(file("every*"))
	if len(theirs) < 8 {
		t.Fatalf("only %v were written", theirs)
	}
	for _, path := range append(theirs, own...) {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			back := must(t)(reads[filepath.Ext(name)](path, arrowio.ReadOptions{Allocator: checked(t)}))
			sameTable(t, name, back, every, !strings.HasPrefix(name, "from-polars") && !strings.HasPrefix(name, "from-duckdb"))
		})
	}
}

// textTable is what testdata/readback.py expects in CSV and JSON lines.
func textTable(t *testing.T, mem memory.Allocator) *arrowio.Table {
	nulls := func(at ...int) []bool {
		valid := slices.Repeat([]bool{true}, 14)
		for _, i := range at {
			valid[i] = false
		}
		return valid
	}
	days := slices.Repeat([]time.Time{time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC)}, 14)
	days[0] = time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	type row struct {
		Who   *string  `arrow:"who"`
		Marks []*int64 `arrow:"marks"`
	}
	a, z, one, big := "a", "z", int64(1), int64(1<<53+1)
	nested := slices.Repeat([]*row{{&z, []*int64{}}}, 14)
	nested[0], nested[1], nested[2] = &row{&a, []*int64{&one, nil, &big}}, nil, &row{}
	whole := slices.Repeat([]uint64{1<<53 + 1}, 14)
	whole[0], whole[2] = math.MaxUint64, 0
	tbl := must(t)(arrowio.NewTableIn(mem).
		Strings("text", []string{"plain", "", "", `say "hi", or`, "two\nlines", " spaces ", "NA", "null", "007", "=1+1", "żółć 🎈", "\ttab", "'single'", "a;b"}).Valid(nulls(2)).
		Int64s("int", []int64{1, 0, -3, math.MaxInt64, math.MinInt64, 0, 7, 8, 9, 10, 11, 12, 13, 14}).Valid(nulls(1)).
		Floats("float", []float64{0.5, -0.25, 0, 1e300, 5e-324, 1, 2, 3, 1e21, 0.1, 1. / 3, -1e-7, 123456.789, 0}).Valid(nulls(2)).
		Bools("bool", slices.Concat([]bool{true, false, false}, slices.Repeat([]bool{true}, 11))).Valid(nulls(2)).
		Values("nested", nested).Values("big", whole).Valid(nulls(1)).Build())
	csv := "day\n"
	for i, d := range days {
		if i != 1 {
			csv += d.Format(time.DateOnly)
		} else {
			csv += `""`
		}
		csv += "\n"
	}
	day := must(t)(arrowio.DecodeCSV(strings.NewReader(strings.Replace(csv, `""`, "none", 1)), arrowio.CSVOptions{Null: []string{"none"}, Read: arrowio.ReadOptions{Allocator: mem}}))
	return must(t)(must(t)(tbl.With(day)).Select("text", "int", "float", "bool", "day", "nested", "big"))
}

// sameTable compares the columns that back has with those of want: values, NaN
// with NaN, and (strict) types; Polars and DuckDB have fewer of these.
func sameTable(t *testing.T, what string, back, want *arrowio.Table, strict bool) {
	t.Helper()
	if back.NumCols() < 20 {
		t.Errorf("%s: only %d columns", what, back.NumCols())
	}
	for _, name := range back.Columns() {
		g, err := back.Column(name)
		if err != nil {
			t.Fatal(err)
		}
		w, err := want.Column(name)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if strict && !arrow.TypeEqual(g.DataType(), w.DataType()) {
			t.Errorf("%s: column %s is %v, want %v", what, name, g.DataType(), w.DataType())
			continue
		}
		for i := range want.NumRows() {
			a, errA := back.Value(i, name)
			b, errB := want.Value(i, name)
			if errA != nil || errB != nil || fmt.Sprintf("%#v", a) != fmt.Sprintf("%#v", b) { // which tells -0 from 0, and NaN is NaN
				t.Errorf("%s: column %s, row %d is %#v, want %#v", what, name, i, a, b)
			}
		}
	}
}
