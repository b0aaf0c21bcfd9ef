package arrowio_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio"
)

// everyType are columns that a Builder does not make but files have.
var everyType = arrow.NewSchema([]arrow.Field{
	{Name: "i8", Type: arrow.PrimitiveTypes.Int8, Nullable: true},
	{Name: "u16", Type: arrow.PrimitiveTypes.Uint16, Nullable: true},
	{Name: "u64", Type: arrow.PrimitiveTypes.Uint64, Nullable: true},
	{Name: "f16", Type: arrow.FixedWidthTypes.Float16, Nullable: true},
	{Name: "bool", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "date", Type: arrow.FixedWidthTypes.Date32, Nullable: true},
	{Name: "time", Type: arrow.FixedWidthTypes.Time64us, Nullable: true},
	{Name: "seconds", Type: arrow.FixedWidthTypes.Timestamp_s, Nullable: true},
	{Name: "took", Type: arrow.FixedWidthTypes.Duration_ms, Nullable: true},
	{Name: "decimal", Type: &arrow.Decimal128Type{Precision: 10, Scale: 2}, Nullable: true},
	{Name: "fixed", Type: &arrow.FixedSizeBinaryType{ByteWidth: 3}, Nullable: true},
	{Name: "large", Type: arrow.BinaryTypes.LargeString, Nullable: true},
	{Name: "bytes", Type: arrow.BinaryTypes.LargeBinary, Nullable: true},
	{Name: "pair", Type: arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int32), Nullable: true},
	{Name: "lists", Type: arrow.LargeListOf(arrow.ListOf(arrow.BinaryTypes.String)), Nullable: true},
	{Name: "map", Type: arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Float64), Nullable: true},
	{Name: "struct", Type: arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
		arrow.Field{Name: "b", Type: arrow.ListOf(arrow.FixedWidthTypes.Boolean), Nullable: true}), Nullable: true},
	{Name: "none", Type: arrow.Null, Nullable: true},
}, nil)

func everyTypeTable(t *testing.T, mem memory.Allocator, n int) *arrowio.Table {
	t.Helper()
	r := rand.New(rand.NewPCG(9, 9))
	var lines strings.Builder
	maybe := func(s string) string {
		if r.IntN(5) == 0 {
			return "null"
		}
		return s
	}
	for range n {
		k := r.IntN(100)
		fmt.Fprintf(&lines, `{"i8":%s,"u16":%s,"u64":%s,"f16":%s,"bool":%s,"date":%s,"time":%s,"seconds":%s,"took":%s,"decimal":%s,"fixed":%s,"large":%s,"bytes":%s,"pair":%s,"lists":%s,"map":%s,"struct":%s,"none":null}`+"\n",
			maybe(fmt.Sprint(k)), maybe(fmt.Sprint(k*600)), maybe(fmt.Sprint(uint64(k)<<57)), maybe(fmt.Sprint(float64(k)/2)), maybe(fmt.Sprint(k%2 == 0)),
			maybe(fmt.Sprintf(`"2024-01-%02d"`, 1+k%28)), maybe(fmt.Sprintf(`"00:00:%02d"`, k%60)), maybe(fmt.Sprintf(`"2024-01-01T00:00:%02dZ"`, k%60)),
			maybe(fmt.Sprintf(`"%dms"`, k)), maybe(fmt.Sprintf(`"%d.25"`, k)), maybe(`"YWJj"`), maybe(fmt.Sprintf(`"text %d"`, k)), maybe(`"AQID"`),
			maybe(fmt.Sprintf("[%d,null]", k)), maybe(fmt.Sprintf(`[["a%d"],[],null,["b","c"]]`, k)), maybe(fmt.Sprintf(`[{"key":"k%d","value":%d}]`, k, k)),
			maybe(fmt.Sprintf(`{"a":%s,"b":%s}`, maybe(fmt.Sprint(k)), maybe("[true,null]"))))
	}
	rec, _, err := array.RecordFromJSON(mem, everyType, strings.NewReader("["+strings.ReplaceAll(strings.TrimSpace(lines.String()), "\n", ",")+"]"))
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Release()
	tbl := arrowio.FromRecord(rec)
	t.Cleanup(tbl.Release)
	return tbl
}

// TestTakeEveryType brings columns of every type, cut at an odd place, into
// another order, with rows of nulls between, and through the files and displays.
func TestTakeEveryType(t *testing.T) {
	mem := checked(t)
	whole := everyTypeTable(t, mem, 200)
	cut := must(t)(whole.Slice(13, 190))
	order := make([]int, cut.NumRows())
	for i := range order {
		order[i] = (i * 7) % len(order)
	}
	place := make([]int, len(order))
	for to, from := range order {
		place[from] = to
	}
	keyed := must(t)(cut.WithValues("place", place))
	sorted := must(t)(keyed.Sort("place"))
	right := must(t)(arrowio.NewTableIn(mem).Ints("place", append([]int{-1}, place...)).Build())
	joined := must(t)(right.Join(keyed, "left", "place")) // the first row is all null
	filtered := must(t)(keyed.Filter("place % 3 == 0"))
	both := must(t)(arrowio.Concat(cut, must(t)(whole.Head(5))))
	for _, f := range everyType.Fields() {
		want := values(t, cut, f.Name)
		for to, v := range values(t, sorted, f.Name) {
			if !reflect.DeepEqual(v, want[order[to]]) {
				t.Fatalf("sort: %s row %d is %v, want %v", f.Name, to, v, want[order[to]])
			}
		}
		got := values(t, joined, f.Name)
		if got[0] != nil || !reflect.DeepEqual(got[1:], want) {
			t.Errorf("join: %s is %v, want %v", f.Name, got, want)
		}
		var some []any
		for i, v := range want {
			if place[i]%3 == 0 {
				some = append(some, v)
			}
		}
		if got := values(t, filtered, f.Name); !reflect.DeepEqual(got, some) {
			t.Errorf("filter: %s is %v, want %v", f.Name, got, some)
		}
		if got := values(t, both, f.Name); !reflect.DeepEqual(got, append(slices.Clone(want), values(t, whole, f.Name)[:5]...)) {
			t.Errorf("concat: %s is %v", f.Name, got)
		}
	}
	dir := t.TempDir()
	if err := sorted.WriteIPC(dir + "/x.arrow"); err != nil {
		t.Fatal(err)
	}
	back, err := arrowio.ReadIPC(dir+"/x.arrow", arrowio.ReadOptions{Allocator: mem})
	if back = must(t)(back, err); !array.RecordEqual(back.Record(), sorted.Record()) {
		t.Error("IPC gives another table")
	}
	mapped := must(t)(arrowio.OpenIPC(dir + "/x.arrow"))
	if !mapped.Mapped() || !array.RecordEqual(mapped.Record(), sorted.Record()) {
		t.Errorf("the mapped table is another, or not mapped: %v", mapped.Mapped())
	}
	if err := joined.WriteParquet(dir+"/x.parquet", arrowio.ParquetOptions{RowGroupRows: 50}); err != nil {
		t.Fatal(err)
	}
	back = must(t)(arrowio.ReadParquet(dir+"/x.parquet", arrowio.ReadOptions{Allocator: mem}))
	for i, f := range joined.Schema().Fields() {
		if got := back.Schema().Field(i).Type; !arrow.TypeEqual(got, f.Type) {
			t.Errorf("Parquet gives %s of type %v, want %v", f.Name, got, f.Type)
		}
	}
	for _, name := range joined.Columns() {
		if a, b := values(t, back, name), values(t, joined, name); !reflect.DeepEqual(a, b) {
			t.Errorf("Parquet gives %s %v, want %v", name, a, b)
		}
	}
	for _, write := range []func(string) error{func(p string) error { return sorted.WriteCSV(p) }, sorted.WriteJSONLines} {
		if err := write(dir + "/x.txt"); err != nil {
			t.Error(err)
		}
	}
	if s := sorted.HTML() + sorted.String() + sorted.Markdown(); strings.Contains(s, "panic") || !strings.Contains(s, "list[list[str]]") {
		t.Error("a display lacks a type")
	}
	for _, name := range []string{"i8", "u16", "u64", "bool", "date", "time", "seconds", "took", "large", "bytes"} {
		g := must(t)(cut.GroupBy(name).Agg(arrowio.Count(), arrowio.Min(name), arrowio.Max(name)))
		s := must(t)(g.Sort(name))
		if v := values(t, s, name); !reflect.DeepEqual(v, values(t, s, name+"_min")) || v[len(v)-1] != nil {
			t.Errorf("group by %s: %v", name, v)
		}
	}
}

func TestConcatOfDictionaries(t *testing.T) {
	mem := checked(t)
	a := must(t)(arrowio.NewTableIn(mem).Categories("c", []string{"x", "y", "x"}).Valid([]bool{true, true, false}).Build())
	b := must(t)(arrowio.NewTableIn(mem).Categories("c", []string{"z", "y", "q"}).Valid([]bool{true, false, true}).Build())
	both := must(t)(arrowio.Concat(a, must(t)(b.Slice(1, 3)), b, a))
	want := []any{"x", "y", nil, nil, "q", "z", nil, "q", "x", "y", nil}
	if got := values(t, both, "c"); !reflect.DeepEqual(got, want) || both.Types()[0] != "cat" {
		t.Errorf("got %v, want %v", got, want)
	}
}
