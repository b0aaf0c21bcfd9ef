package arrowio_test

import (
	"errors"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"divvy/arrowio"
)

func TestBuildAndRead(t *testing.T) {
	tbl := sample(t, checked(t))
	if tbl.NumRows() != 4 || tbl.NumCols() != 13 {
		t.Fatalf("got %d x %d", tbl.NumRows(), tbl.NumCols())
	}
	scores, err := tbl.Floats("score")
	if err != nil || scores[0] != 1.5 || scores[2] != 1e300 || !math.IsNaN(scores[3]) {
		t.Errorf("score: %v %v", scores, err)
	}
	n, err := tbl.Ints("n")
	if err != nil || !reflect.DeepEqual(n, []int{1, -2, 3, 1 << 60}) {
		t.Errorf("n: %v %v", n, err)
	}
	text, err := tbl.Strings("text")
	if err != nil || !reflect.DeepEqual(text, []string{"plain", "", "line\nbreak, \"quoted\"", "żółć 漢字 🎈"}) {
		t.Errorf("text: %q %v", text, err)
	}
	rewards, err := tbl.FloatLists("rewards")
	if err != nil || !reflect.DeepEqual(rewards, [][]float64{{0.5}, {1, 2}, {}, {3}}) {
		t.Errorf("rewards: %v %v", rewards, err)
	}
	when, err := tbl.Times("when")
	if err != nil || !when[1].Equal(time.Date(2024, 3, 16, 13, 30, 0, 123456789, time.UTC)) {
		t.Errorf("when: %v %v", when, err)
	}
	valid, err := tbl.Valid("group")
	if err != nil || !reflect.DeepEqual(valid, []bool{true, true, true, false}) {
		t.Errorf("group valid: %v %v", valid, err)
	}
	row, err := tbl.Row(1)
	want := map[string]any{"text": "", "score": -0.25, "n": int64(-2), "small": int64(8), "single": 0.25, "ok": false,
		"when": time.Date(2024, 3, 16, 13, 30, 0, 123456789, time.UTC), "group": "blue", "ids": []any{},
		"rewards": []any{1.0, 2.0}, "note": map[string]any{"Who": "b", "Mark": nil}, "maybe": nil, "raw": nil}
	if err != nil || !reflect.DeepEqual(row, want) {
		t.Errorf("row 1:\n%v\nwant\n%v, %v", row, want, err)
	}
	wantTypes := "str f64 i64 i32 f32 bool datetime[ns, UTC] cat list[i32] list[f64] struct[2] str binary"
	if got := strings.Join(tbl.Types(), " "); got != wantTypes {
		t.Errorf("types %s", got)
	}
}

func TestBuildRefuses(t *testing.T) {
	mem := checked(t)
	tests := []struct {
		name string
		b    *arrowio.Builder
		want string
	}{
		{"lengths", arrowio.NewTableIn(mem).Ints("a", []int{1}).Ints("b", []int{1, 2}), `column "b" has 2 rows, column "a" has 1`},
		{"names", arrowio.NewTableIn(mem).Ints("a", []int{1}).Strings("a", []string{""}), `two columns named "a"`},
		{"valid early", arrowio.NewTableIn(mem).Valid([]bool{true}), "before any column"},
		{"valid length", arrowio.NewTableIn(mem).Ints("a", []int{1}).Valid(nil), `column "a" has 1 rows, its Valid 0`},
		{"year", arrowio.NewTableIn(mem).Times("t", []time.Time{{}}), "does not fit"},
		{"type", arrowio.NewTableIn(mem).Values("f", []func(){nil}), "no column holds a func()"},
		{"mixed", arrowio.NewTableIn(mem).Values("f", []any{1, "x"}), "row 1 is a string"},
	}
	for _, tt := range tests {
		if tbl, err := tt.b.Build(); err == nil || tbl != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
}

func TestColumnErrors(t *testing.T) {
	tbl := sample(t, checked(t))
	_, err := tbl.Floats("scroe")
	if err == nil || !strings.Contains(err.Error(), `did you mean "score"?`) {
		t.Errorf("no suggestion: %v", err)
	}
	if _, err = tbl.Floats("text"); err == nil || !strings.Contains(err.Error(), "is str") {
		t.Errorf("text as floats: %v", err)
	}
	if _, err = tbl.Strings("maybe"); err == nil || !strings.Contains(err.Error(), "1 null,") {
		t.Errorf("nulls as strings: %v", err)
	}
	tbl.Release()
	tbl.Release()
	if _, err = tbl.Floats("score"); !errors.Is(err, arrowio.ErrReleased) {
		t.Errorf("after release: %v", err)
	}
}

func TestFromStructs(t *testing.T) {
	type base struct{ ID int }
	type row struct {
		base
		Base   base `json:"-"`
		Name   string
		Score  float64 `arrow:"reward,omitempty"`
		hidden int
		At     time.Time
		Took   time.Duration
		Words  []string
		Counts map[string]int
	}
	_ = row{}.hidden
	at := time.Unix(5, 0).UTC()
	rows := []row{{Name: "a", Score: 1, At: at, Took: time.Second, Words: []string{"x"}, Counts: map[string]int{"b": 2, "a": 1}},
		{Name: "b", Score: 2, At: at}}
	tbl := must(t)(arrowio.FromStructsIn(checked(t), rows))
	if got := strings.Join(tbl.Columns(), " "); got != "Name reward At Took Words Counts" {
		t.Fatalf("columns %s", got)
	}
	got, err := tbl.Row(0)
	want := map[string]any{"Name": "a", "reward": 1.0, "At": at, "Took": time.Second, "Words": []any{"x"},
		"Counts": map[string]any{"a": int64(1), "b": int64(2)}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("row 0: %v %v", got, err)
	}

	// As a struct of a notebook cell arrives: without a name, its unexported
	// fields with an X before theirs.
	cellRows := []*struct {
		Xname string
		X2    int
		Xaxis float64 `arrow:"Xaxis"`
	}{{"a", 1, 2}}
	tbl = must(t)(arrowio.FromStructsIn(checked(t), cellRows))
	if got := strings.Join(tbl.Columns(), " "); got != "name X2 Xaxis" {
		t.Errorf("columns %s", got)
	}
	for _, bad := range []any{3, []int{1}, []*row{nil}, []any{}, []time.Time{}} {
		if _, err := arrowio.FromStructsIn(checked(t), bad); err == nil {
			t.Errorf("FromStructs(%T) gave no error", bad)
		}
	}
}

func TestFromRecordRenames(t *testing.T) {
	mem := checked(t)
	tbl := sample(t, mem)
	f := tbl.Schema().Field(2)
	rec := tbl.Record()
	twice := array.NewRecord(arrow.NewSchema([]arrow.Field{f, f, f}, nil), append(append(rec.Columns()[2:3:3], rec.Column(2)), rec.Column(2)), 4)
	defer twice.Release()
	got := arrowio.FromRecord(twice)
	defer got.Release()
	if s := strings.Join(got.Columns(), " "); s != "n n_2 n_3" {
		t.Errorf("columns %s", s)
	}
}

func TestIPCAndParquetRoundTrip(t *testing.T) {
	mem := checked(t)
	tbl := sample(t, mem)
	dir := t.TempDir()
	type write func(path string) error
	type read func(path string, o ...arrowio.ReadOptions) (*arrowio.Table, error)
	tests := map[string]struct {
		write write
		read  read
	}{
		"file":         {func(p string) error { return tbl.WriteIPC(p) }, arrowio.ReadIPC},
		"file batches": {func(p string) error { return tbl.WriteIPC(p, arrowio.IPCOptions{BatchRows: 3}) }, arrowio.ReadIPC},
		"lz4":          {func(p string) error { return tbl.WriteIPC(p, arrowio.IPCOptions{Compression: "lz4"}) }, arrowio.ReadIPC},
		"zstd stream": {func(p string) error {
			return tbl.WriteIPC(p, arrowio.IPCOptions{Stream: true, Compression: "zstd", BatchRows: 1})
		}, arrowio.ReadIPC},
		"parquet": {func(p string) error { return tbl.WriteParquet(p) }, arrowio.ReadParquet},
		"parquet groups": {func(p string) error {
			return tbl.WriteParquet(p, arrowio.ParquetOptions{Compression: "snappy", RowGroupRows: 3, Plain: true})
		}, arrowio.ReadParquet},
	}
	for name, tt := range tests {
		path := filepath.Join(dir, "sub", strings.ReplaceAll(name, " ", "-"))
		if err := tt.write(path); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		back := must(t)(tt.read(path, arrowio.ReadOptions{Allocator: mem}))
		if !array.RecordEqual(tbl.Record(), back.Record()) {
			t.Errorf("%s: got\n%v\nwant\n%v", name, back, tbl)
		}
		if got, want := strings.Join(back.Types(), " "), strings.Join(tbl.Types(), " "); got != want {
			t.Errorf("%s: types %s, want %s", name, got, want)
		}
		some := must(t)(tt.read(path, arrowio.ReadOptions{Allocator: mem, Columns: []string{"note", "n"}}))
		if got := strings.Join(some.Columns(), " "); got != "note n" {
			t.Errorf("%s: columns %s", name, got)
		}
		if _, err := tt.read(path, arrowio.ReadOptions{Allocator: mem, Columns: []string{"no"}}); err == nil {
			t.Errorf("%s: no error for an unknown column", name)
		}
	}
}
