package arrowio_test

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"

	"divvy/arrowio"
)

func TestExpressions(t *testing.T) {
	mem := checked(t)
	tbl := must(t)(arrowio.NewTableIn(mem).
		Ints("i", []int{1, 2, 3}).
		Ints("n", []int{1, 0, -3}).Valid([]bool{true, false, true}).
		Floats("x", []float64{0.5, math.NaN(), -2}).
		Strings("s", []string{"abc", "", "żó'\"\n"}).
		Bools("b", []bool{true, false, true}).Valid([]bool{true, true, false}).
		Categories("c d", []string{"u", "v", "u"}).
		IntLists("l", [][]int32{{1, 2}, {}, {3}}).
		Values("when", []string{"", "", ""}).Build())
	tbl = must(t)(tbl.WithColumn("when", "time('2024-01-02')"))
	nan := math.NaN()
	tests := []struct {
		expr string
		want []any
	}{
		{"i", []any{int64(1), int64(2), int64(3)}},
		{"i + 1 == 3", []any{false, true, false}},
		{"i / 2", []any{0.5, 1.0, 1.5}},
		{"i * i - -1", []any{int64(2), int64(5), int64(10)}},
		{"-i % 2", []any{int64(-1), int64(0), int64(-1)}},
		{"i % (i - 2)", []any{int64(0), nil, int64(0)}},
		{"n + 1", []any{int64(2), nil, int64(-2)}},
		{"n > 0", []any{true, nil, false}},
		{"n is null", []any{false, true, false}},
		{"n is not null and n > 0", []any{true, false, false}},
		{"n > 0 or b", []any{true, nil, nil}},
		{"n > 0 or true", []any{true, true, true}},
		{"n > 0 and false", []any{false, false, false}},
		{"null and b", []any{nil, false, nil}},
		{"not b", []any{false, true, nil}},
		{"! not not b", []any{false, true, nil}},
		{"b == true", []any{true, false, nil}},
		{"x", []any{0.5, nan, -2.0}},
		{"is_nan(x)", []any{false, true, false}},
		{"x != x", []any{false, true, false}},
		{"1 < i and i <= 3", []any{false, true, true}},
		{"i in (1, 3)", []any{true, false, true}},
		{"i not in (1, 3)", []any{false, true, false}},
		{"s in ('abc', 'x')", []any{true, false, false}},
		{"s == \"abc\" || s = ''", []any{true, true, false}},
		{"s + '!'", []any{"abc!", "!", "żó'\"\n!"}},
		{`s == 'żó''"\n'`, []any{false, false, true}},
		{"len(s)", []any{int64(3), int64(0), int64(5)}},
		{"len(l)", []any{int64(2), int64(0), int64(1)}},
		{"upper(s) == 'ABC'", []any{true, false, false}},
		{"contains(s, 'b') && starts_with(s, 'a') && ends_with(s, 'c')", []any{true, false, false}},
		{"`c d` == 'u'", []any{true, false, true}},
		{"if(i > 1, x, 9)", []any{9.0, nan, -2.0}},
		{"if(b, 'y', 'n')", []any{"y", "n", "n"}},
		{"coalesce(n, i)", []any{int64(1), int64(2), int64(-3)}},
		{"coalesce(n, 0.5)", []any{1.0, 0.5, -3.0}},
		{"abs(n) + round(2.5) + floor(0.9) + ceil(0.1)", []any{5.0, nil, 7.0}},
		{"int(2.9) + int(b)", []any{int64(3), int64(2), nil}},
		{"sqrt(4) + exp(0) + ln(1) + log2(8) + log10(1000)", []any{9.0, 9.0, 9.0}},
		{"when > '2024-01-01' and when < '2024-01-02T00:00:01Z'", []any{true, true, true}},
		{"NULL", []any{nil, nil, nil}},
		{"1e3", []any{1000.0, 1000.0, 1000.0}},
		{"(((i)))", []any{int64(1), int64(2), int64(3)}},
	}
	for _, tt := range tests {
		got, err := tbl.WithColumn("y", tt.expr)
		if err != nil {
			t.Errorf("%s: %v", tt.expr, err)
			continue
		}
		for i, v := range values(t, got, "y") {
			f, isF := v.(float64)
			w, wantF := tt.want[i].(float64)
			if isF && wantF && f != f && w != w {
				continue
			}
			if v != tt.want[i] {
				t.Errorf("%s: row %d is %v (%T), want %v", tt.expr, i, v, v, tt.want[i])
			}
		}
		got.Release()
		kept, err := tbl.Filter(tt.expr)
		if _, isBool := tt.want[0].(bool); !isBool && tt.want[0] != nil {
			if err == nil || !strings.Contains(err.Error(), "a filter is true or false") {
				t.Errorf("filter %s: %v", tt.expr, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("filter %s: %v", tt.expr, err)
			continue
		}
		var want []any
		for i, v := range tt.want {
			if v == true {
				want = append(want, int64(i+1))
			}
		}
		if rows := values(t, kept, "i"); !slices.Equal(rows, want) {
			t.Errorf("filter %s: rows %v, want %v", tt.expr, rows, want)
		}
		kept.Release()
	}
}

func TestExpressionErrors(t *testing.T) {
	tbl := sample(t, checked(t))
	tests := []struct{ expr, want string }{
		{"", "the expression ends"},
		{"n >", "the expression ends"},
		{"n > > 1", `not ">"`},
		{"n 1", `"1" was not expected`},
		{"scor > 1", `did you mean "score"?`},
		{"n > 'x'", "an integer > text cannot be compared"},
		{"text + 1", "text + an integer has no meaning"},
		{"n and ok", `"&&" wants Booleans, not an integer`},
		{"not n", `"not" wants a Boolean`},
		{"foo(n)", `there is no function "foo"`},
		{"n / sum(n) > 1", "sum is of many rows: use GroupBy, or SQL"},
		{"year(n) > 1", "value 1 of year cannot be an integer"},
		{"abs(n, n)", "abs wants 1 values, not 2"},
		{"abs(text)", "value 1 of abs cannot be text"},
		{"'open", "nothing closes the '"},
		{`'a\x'`, `\x is not known`},
		{"(n", `"," or ")" was expected`},
		{"n in ()", `"in" of nothing`},
		{"n not 3", `"in" was expected`},
		{"n is 3", `"null" was expected`},
		{"n * 1000000000000000000 == 0", "does not fit 64 bits"},
		{"1.2.3", "is not a number"},
		{"note == 1", `cannot use column "note"`},
		{"when > 'soon'", "a time was expected"},
		{"if(ok, 1, 'x')", "an integer or text is of no one type"},
		{strings.Repeat("(", 10000) + "1", "too deeply nested"},
		{"żółć ~ 1", `character 6: "~" was not expected`},
	}
	for _, tt := range tests {
		if _, err := tbl.Filter(tt.expr); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.50s: got %v, want %q", tt.expr, err, tt.want)
		}
	}
}

// TestFilterOfManyBlocks compares with a plain loop where work is spread.
func TestFilterOfManyBlocks(t *testing.T) {
	mem := checked(t)
	const n = 100_003
	tbl := random(t, mem, n, 3)
	got := must(t)(tbl.Filter("small > 0 and (fn < 1 or text == '7') and not is_null(textn)"))
	small, fn, text, textn := values(t, tbl, "small"), values(t, tbl, "fn"), values(t, tbl, "text"), values(t, tbl, "textn")
	var want []int
	mask := make([]bool, n)
	for i := range n {
		f, ok := fn[i].(float64)
		if small[i].(int64) > 0 && (ok && f < 1 || text[i] == "7") && textn[i] != nil {
			want = append(want, i)
			mask[i] = true
		}
	}
	rows, err := got.Ints("row")
	if err != nil || len(want) == 0 || !slices.Equal(rows, want) {
		t.Fatalf("%d rows, want %d, %v", len(rows), len(want), err)
	}
	byMask := must(t)(tbl.FilterMask(mask))
	if !array.RecordApproxEqual(got.Record(), byMask.Record(), array.WithNaNsEqual(true)) {
		t.Error("the mask's rows differ")
	}
	for k := 0; k < len(want); k += 997 {
		a, _ := got.Row(k)
		b, _ := tbl.Row(want[k])
		delete(a, "fn")
		delete(b, "fn") // may be NaN
		delete(a, "f")
		delete(b, "f")
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("row %d is %v, want %v", k, a, b)
		}
	}
	if all := must(t)(tbl.Filter("true")); all.NumRows() != n {
		t.Errorf("all: %d rows", all.NumRows())
	}
	if none := must(t)(tbl.Filter("null")); none.NumRows() != 0 {
		t.Errorf("none: %d rows", none.NumRows())
	}
	if _, err := tbl.FilterMask(mask[1:]); err == nil {
		t.Error("a short mask gave no error")
	}
}
