package arrowio_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"divvy/arrowio"
)

// TestDescribeHasEnds looks at the least and greatest of what is no number.
func TestDescribeHasEnds(t *testing.T) {
	mem := checked(t)
	tbl := must(t)(arrowio.NewTableIn(mem).
		Strings("text", []string{"b", "", "ż", "a"}).Valid([]bool{true, false, true, true}).
		Floats("n", []float64{1, 2, 3, 4}).
		Times("at", []time.Time{time.Unix(60, 5), time.Unix(0, 0), time.Unix(30, 0), time.Unix(1, 0)}).
		Categories("cat", []string{"y", "x", "y", "z"}).
		Bools("ok", []bool{true, true, true, true}).
		Strings("none", make([]string, 4)).Valid(make([]bool, 4)).
		IntLists("list", make([][]int32, 4)).Build())
	day, _, err := array.FromJSON(mem, arrow.FixedWidthTypes.Date32, strings.NewReader(`["2024-03-16", null, "1969-12-31", "2024-03-17"]`))
	if err != nil {
		t.Fatal(err)
	}
	tbl = must(t)(tbl.With(must(t)(arrowio.NewTableIn(mem).Array("day", day).Build())))
	day.Release()
	got := must(t)(tbl.Describe())
	want := [][2]any{{"a", "ż"}, {nil, nil}, {"1970-01-01", "1970-01-01 00:01:00.000000005"}, {"x", "z"}, {"true", "true"}, {nil, nil}, {nil, nil}, {"1969-12-31", "2024-03-17"}}
	for i, w := range want {
		row, err := got.Row(i)
		if err != nil || row["least"] != w[0] || row["greatest"] != w[1] {
			t.Errorf("%v: %v to %v, want %v; %v", row["column"], row["least"], row["greatest"], w, err)
		}
	}
	if row, _ := got.Row(1); row["min"] != 1.0 || row["max"] != 4.0 {
		t.Errorf("of numbers: %v", row)
	}
	if numbers := must(t)(must(t)(tbl.Select("n")).Describe()); numbers.Has("least") {
		t.Error("a table of numbers has no ends of other kinds")
	}
}

// TestGroupOfNoRow aggregates a table without rows to one row, as Polars and SQL do.
func TestGroupOfNoRow(t *testing.T) {
	mem := checked(t)
	tbl := must(t)(must(t)(arrowio.NewTableIn(mem).Ints("n", []int{1}).Strings("s", []string{"a"}).Build()).Head(0))
	got := must(t)(tbl.GroupBy().Agg(arrowio.Count(), arrowio.CountValid("n"), arrowio.Sum("n"), arrowio.Mean("n"), arrowio.Min("s"), arrowio.Max("n"),
		arrowio.Std("n"), arrowio.Median("n"), arrowio.First("s"), arrowio.Last("n"), arrowio.CountUnique("s")))
	if row, err := got.Row(0); err != nil || got.NumRows() != 1 || fmt.Sprint(row) !=
		"map[count:0 n_last:<nil> n_max:<nil> n_mean:<nil> n_median:<nil> n_std:<nil> n_sum:0 n_valid:0 s_first:<nil> s_min:<nil> s_unique:0]" {
		t.Errorf("%d rows, %v, %v", got.NumRows(), row, err)
	}
	if got := must(t)(tbl.GroupBy("s").Agg(arrowio.Count())); got.NumRows() != 0 {
		t.Errorf("%d groups by a key that no row has", got.NumRows())
	}
}

// TestUnsignedIntegers computes with those that no int64 holds, or says that it
// cannot.
func TestUnsignedIntegers(t *testing.T) {
	mem := checked(t)
	tbl := must(t)(arrowio.NewTableIn(mem).Values("u", []uint64{1 << 63, 1<<63 - 1, 1}).Values("small", []uint64{1, 2, 1<<63 - 1}).Ints("g", []int{0, 0, 1}).Build())
	sums := must(t)(tbl.GroupBy("g").Agg(arrowio.Sum("u"), arrowio.Sum("small").Named("s")))
	if got := fmt.Sprint(values(t, sums, "u_sum"), values(t, sums, "s"), sums.Types()); got != "[18446744073709551615 1] [3 9223372036854775807] [i64 u64 i64]" {
		t.Error(got)
	}
	if _, err := tbl.GroupBy().Agg(arrowio.Sum("u")); err == nil || !strings.Contains(err.Error(), "does not fit 64 bits") {
		t.Error(err)
	}
	if kept := must(t)(tbl.Filter("small == 9223372036854775807 and small > 9223372036854775806")); kept.NumRows() != 1 {
		t.Errorf("%d rows of %v", kept.NumRows(), tbl)
	}
	if _, err := tbl.Filter("u > 5"); err == nil || !strings.Contains(err.Error(), "column \"u\" has 9223372036854775808, which no int64 holds: float(`u`) rounds it") {
		t.Error(err)
	}
	if kept := must(t)(tbl.Filter("float(u) > 5 and u is not null")); kept.NumRows() != 2 {
		t.Errorf("%d rows", kept.NumRows())
	}
	if kept := must(t)(tbl.Filter("g > -9223372036854775808 and g != -9223372036854775808")); kept.NumRows() != 3 {
		t.Errorf("%d rows", kept.NumRows())
	}
	// What is null, though the same for all rows, is not true.
	if kept := must(t)(tbl.Filter("g >= 0 and not (1 == null)")); kept.NumRows() != 0 {
		t.Errorf("%d rows", kept.NumRows())
	}
}

// TestNothingIsRounded reads, counts and shows what the obvious type would lose.
func TestNothingIsRounded(t *testing.T) {
	for text, want := range map[string]string{
		"{\"a\":1.5}\n{\"a\":9007199254740993}\n":                  "line 2: key \"a\": no float64 holds the integer 9007199254740993",
		"{\"a\":12345678901234567891}\n":                           "no float64 holds the integer 12345678901234567891",
		"{\"a\":[0.5, -9007199254740993]}\n":                       "no float64 holds the integer -9007199254740993",
		"{\"a\":9007199254740993}\n{\"a\":1.5}\n":                  "row 0 has the integer 9007199254740993, which no float64 holds",
		"{\"a\":10000000000000000000}\n{\"a\":9007199254740992}\n": "f64",
		"{\"a\":9007199254740993}\n":                               "i64",
	} {
		tbl, err := arrowio.DecodeJSONLines(strings.NewReader(text))
		if err != nil && !strings.Contains(err.Error(), want) || err == nil && tbl.Types()[0] != want {
			t.Errorf("%s: %v, %v; want %s", text, tbl, err, want)
		}
	}
	mem := checked(t)
	counts := must(t)(must(t)(arrowio.NewTableIn(mem).Strings("count", []string{"a", "b", "b"}).Build()).ValueCounts("count"))
	if got := fmt.Sprint(counts.Columns(), values(t, counts, "count"), values(t, counts, "count_2")); got != "[count count_2] [b a] [2 1]" {
		t.Error(got)
	}
	long, _, err := array.FromJSON(mem, arrow.FixedWidthTypes.Duration_s, strings.NewReader(`[9007199254740992, 3600]`))
	if err != nil {
		t.Fatal(err)
	}
	tbl := must(t)(arrowio.NewTableIn(mem).Array("d", long).Build())
	long.Release()
	if got := values(t, tbl, "d"); got[0] != "9007199254740992s" || got[1] != time.Hour || !strings.Contains(tbl.String(), "9007199254740992s") {
		t.Errorf("%v\n%v", got, tbl)
	}
}
