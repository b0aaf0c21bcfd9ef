package arrowio_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio"
)

// random gives a table of n rows whose columns have nulls, NaN, both zeros,
// repeated and all-different values.
func random(t testing.TB, mem memory.Allocator, n int, seed uint64) *arrowio.Table {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	ints, wide, small := make([]int, n), make([]int64, n), make([]int32, n)
	floats, texts, cats := make([]float64, n), make([]string, n), make([]string, n)
	bools, times := make([]bool, n), make([]time.Time, n)
	valid, lists := make([]bool, n), make([][]int32, n)
	for i := range n {
		ints[i] = i
		wide[i] = int64(r.Uint64())
		small[i] = int32(r.IntN(7)) - 3
		floats[i] = []float64{r.NormFloat64(), math.NaN(), 0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), 1}[min(r.IntN(12), 6)]
		texts[i] = strings.Repeat("common prefix, long enough ", r.IntN(2)) + strings.Repeat("\x00", r.IntN(3)) + fmt.Sprint(r.IntN(n/3+1))
		cats[i] = string(rune('a' + r.IntN(5)))
		bools[i] = r.IntN(2) == 0
		times[i] = time.Unix(int64(r.IntN(50)), 0)
		valid[i] = r.IntN(8) > 0
		lists[i] = make([]int32, r.IntN(4))
	}
	return must(t)(arrowio.NewTableIn(mem).Ints("row", ints).Int64s("wide", wide).Valid(valid).
		Int32s("small", small).Floats("f", floats).Floats("fn", floats).Valid(valid).
		Strings("text", texts).Strings("textn", texts).Valid(valid).
		Categories("cat", cats).Valid(valid).Bools("b", bools).Valid(valid).Times("at", times).
		IntLists("list", lists).Valid(valid).Build())
}

// compareAny orders values as Sort does.
func compareAny(a, b any, descending bool) int {
	if a == nil || b == nil {
		return cmp.Compare(bit(a == nil), bit(b == nil))
	}
	c := 0
	switch x := a.(type) {
	case int64:
		c = cmp.Compare(x, b.(int64))
	case float64:
		y := b.(float64)
		if x != x || y != y {
			c = cmp.Compare(bit(x != x), bit(y != y))
		} else {
			c = cmp.Compare(x, y)
		}
	case string:
		c = strings.Compare(x, b.(string))
	case bool:
		c = cmp.Compare(bit(x), bit(b.(bool)))
	case time.Time:
		c = x.Compare(b.(time.Time))
	default:
		panic(fmt.Sprintf("%T", a))
	}
	if descending {
		return -c
	}
	return c
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func values(t testing.TB, tbl *arrowio.Table, name string) []any {
	t.Helper()
	out := make([]any, tbl.NumRows())
	for i := range out {
		v, err := tbl.Value(i, name)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = v
	}
	return out
}

func TestSortAgainstReference(t *testing.T) {
	mem := checked(t)
	orders := [][]string{{"wide"}, {"-wide"}, {"f"}, {"-f"}, {"fn"}, {"-fn"}, {"text"}, {"-text"}, {"textn"}, {"-textn"},
		{"cat", "-f"}, {"-cat", "text"}, {"b", "small", "-at"}, {"wide", "-row"}, {"small", "wide", "text"}, {"at", "-row"}}
	for _, n := range []int{0, 1, 40, 1000, 70_000} {
		tbl := random(t, mem, n, uint64(n))
		for _, by := range orders {
			if n > 1000 && len(by) == 1 && testing.Short() {
				continue
			}
			cols := make([][]any, len(by))
			desc := make([]bool, len(by))
			for k, name := range by {
				name, desc[k] = strings.CutPrefix(name, "-")
				cols[k] = values(t, tbl, name)
			}
			want := make([]int, n)
			for i := range want {
				want[i] = i
			}
			slices.SortStableFunc(want, func(a, b int) int {
				for k := range cols {
					if c := compareAny(cols[k][a], cols[k][b], desc[k]); c != 0 {
						return c
					}
				}
				return 0
			})
			sorted := must(t)(tbl.Sort(by...))
			got, err := sorted.Ints("row")
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%d rows by %q: %v\ngot  %v\nwant %v", n, by, err, head(got), head(want))
			}
			for _, name := range []string{"list", "cat", "b", "textn"} { // rows stay whole
				if k := n / 2; n > 0 && !reflect.DeepEqual(values(t, must(t)(sorted.Slice(k, k+1)), name)[0], values(t, must(t)(tbl.Slice(want[k], want[k]+1)), name)[0]) {
					t.Fatalf("%d rows by %q: row %d of %s is another", n, by, k, name)
				}
			}
		}
	}
}

func head(v []int) []int { return v[:min(len(v), 20)] }

// key makes a value fit to be a map's key, equal where groups are.
func key(v any) string {
	if f, ok := v.(float64); ok {
		if f == 0 {
			return "0"
		}
		return fmt.Sprint(f)
	}
	return fmt.Sprintf("%T %v", v, v)
}

func TestGroupAgainstReference(t *testing.T) {
	mem := checked(t)
	for _, n := range []int{0, 1, 300, 200_000} {
		tbl := random(t, mem, n, uint64(n)+7)
		for _, by := range [][]string{{"small"}, {"cat"}, {"text"}, {"fn"}, {"wide"}, {"b", "cat"}, {"textn", "small", "at"}, {}} {
			got := must(t)(tbl.GroupBy(by...).Agg(arrowio.Count(), arrowio.CountValid("fn"), arrowio.Sum("small"), arrowio.First("row"),
				arrowio.Last("row").Named("end"), arrowio.Min("textn"), arrowio.Max("fn"), arrowio.Min("fn"), arrowio.CountUnique("textn"), arrowio.Max("at")))
			type group struct {
				count, valid, sum, first, last int64
				minText, maxF, minF, at        any
				unique                         map[string]bool
			}
			var order []string
			groups := map[string]*group{}
			cols := map[string][]any{}
			for _, c := range append([]string{"fn", "small", "textn", "at"}, by...) {
				cols[c] = values(t, tbl, c)
			}
			for i := range n {
				k := ""
				for _, c := range by {
					k += key(cols[c][i]) + "\x01"
				}
				g := groups[k]
				if g == nil {
					g = &group{first: int64(i), unique: map[string]bool{}}
					groups[k], order = g, append(order, k)
				}
				g.count++
				g.last = int64(i)
				g.sum += cols["small"][i].(int64)
				if v := cols["textn"][i]; v != nil {
					g.unique[v.(string)] = true
					if g.minText == nil || v.(string) < g.minText.(string) {
						g.minText = v
					}
				}
				if v := cols["fn"][i]; v != nil {
					g.valid++
					f := v.(float64)
					if x, ok := g.maxF.(float64); !ok || x != x || f > x {
						g.maxF = f
					}
					if x, ok := g.minF.(float64); !ok || x != x || f < x {
						g.minF = f
					}
				}
				if v := cols["at"][i]; g.at == nil || v.(time.Time).After(g.at.(time.Time)) {
					g.at = v
				}
			}
			if n == 0 && len(by) == 0 { // one group of no row
				order = []string{""}
				groups[""] = &group{}
			}
			if got.NumRows() != len(order) {
				t.Fatalf("%d rows by %q: %d groups, want %d", n, by, got.NumRows(), len(order))
			}
			names := []string{"count", "fn_valid", "small_sum", "row_first", "end", "textn_min", "fn_max", "fn_min", "textn_unique", "at_max"}
			gotCols := map[string][]any{}
			for _, c := range names {
				gotCols[c] = values(t, got, c)
			}
			for i, k := range order {
				g := groups[k]
				want := []any{g.count, g.valid, g.sum, g.first, g.last, g.minText, g.maxF, g.minF, int64(len(g.unique)), g.at}
				if g.count == 0 {
					want[3], want[4] = nil, nil // no first and no last row
				}
				for j, c := range names {
					if a, b := gotCols[c][i], want[j]; key(a) != key(b) {
						t.Fatalf("%d rows by %q, group %q: %s is %v, want %v", n, by, k, c, a, b)
					}
				}
			}
		}
	}
}

func TestStatistics(t *testing.T) {
	mem := checked(t)
	tbl := must(t)(arrowio.NewTableIn(mem).Strings("g", []string{"a", "a", "a", "a", "b", "c", "c"}).
		Floats("x", []float64{1, 2, 3, 10, 5, 7, 7}).Valid([]bool{true, true, true, true, true, false, true}).
		Ints("n", []int{1 << 62, 1 << 62, -1, 3, 5, 6, 7}).Build())
	got := must(t)(tbl.GroupBy("g").Agg(arrowio.Mean("x"), arrowio.Std("x"), arrowio.Var("x"), arrowio.Median("x"), arrowio.Quantile("x", 0.9), arrowio.Sum("x")))
	want := map[string][]any{"g": {"a", "b", "c"}, "x_mean": {4.0, 5.0, 7.0}, "x_var": {50.0 / 3, nil, nil}, "x_std": {math.Sqrt(50.0 / 3), nil, nil},
		"x_median": {2.5, 5.0, 7.0}, "x_q90": {7.9, 5.0, 7.0}, "x_sum": {16.0, 5.0, 7.0}}
	for name, w := range want {
		g := values(t, got, name)
		for i := range w {
			if f, ok := w[i].(float64); ok && g[i] != nil {
				if math.Abs(f-g[i].(float64)) > 1e-12 {
					t.Errorf("%s: %v, want %v", name, g, w)
				}
			} else if g[i] != w[i] {
				t.Errorf("%s: %v, want %v", name, g, w)
			}
		}
	}
	if _, err := tbl.GroupBy("g").Agg(arrowio.Sum("n")); err == nil || !strings.Contains(err.Error(), "does not fit 64 bits") {
		t.Errorf("overflow: %v", err)
	}
	if _, err := tbl.GroupBy("g").Agg(arrowio.Mean("g")); err == nil || !strings.Contains(err.Error(), "not of numbers") {
		t.Errorf("mean of text: %v", err)
	}
	if _, err := tbl.GroupBy("g").Agg(arrowio.Mean("x"), arrowio.Mean("x")); err == nil {
		t.Error("two aggregates of one name")
	}
	d := must(t)(tbl.Describe())
	row, err := d.Row(1)
	if err != nil || row["column"] != "x" || row["count"] != int64(6) || row["nulls"] != int64(1) || row["unique"] != int64(6) || row["median"] != 4.0 || row["max"] != 10.0 {
		t.Errorf("describe: %v %v", row, err)
	}
}

func TestJoinAgainstReference(t *testing.T) {
	mem := checked(t)
	left := must(t)(random(t, mem, 900, 1).Rename("wide", "only_left"))
	right := must(t)(random(t, mem, 60, 2).Head(50))
	for _, on := range [][]string{{"small"}, {"textn"}, {"cat", "b"}, {"fn"}} {
		for _, how := range []string{"inner", "left", "right", "outer", "semi", "anti"} {
			got := must(t)(left.Join(right, how, on...))
			var lk, rk [][]any
			for _, c := range on {
				lk, rk = append(lk, values(t, left, c)), append(rk, values(t, right, c))
			}
			match := func(i, j int) bool {
				for k := range on {
					if lk[k][i] == nil || rk[k][j] == nil || key(lk[k][i]) != key(rk[k][j]) {
						return false
					}
				}
				return true
			}
			var want [][2]any
			n, m := left.NumRows(), right.NumRows()
			outer, inner := n, m
			if how == "right" {
				outer, inner = m, n
			}
			seen := make([]bool, m)
			for i := range outer {
				found := false
				for j := range inner {
					l, r := i, j
					if how == "right" {
						l, r = j, i
					}
					if match(l, r) {
						found, seen[r] = true, true
						if how != "semi" && how != "anti" {
							want = append(want, [2]any{int64(l), int64(r)})
						}
					}
				}
				switch {
				case how == "semi" && found, how == "anti" && !found:
					want = append(want, [2]any{int64(i), nil})
				case how == "left" && !found, how == "outer" && !found:
					want = append(want, [2]any{int64(i), nil})
				case how == "right" && !found:
					want = append(want, [2]any{nil, int64(i)})
				}
			}
			if how == "outer" {
				for r := range m {
					if !seen[r] {
						want = append(want, [2]any{nil, int64(r)})
					}
				}
			}
			rows := values(t, got, "row")
			rights := make([]any, got.NumRows())
			if how != "semi" && how != "anti" {
				rights = values(t, got, "row_right")
			}
			if len(rows) != len(want) {
				t.Fatalf("%s by %q: %d rows, want %d", how, on, len(rows), len(want))
			}
			for i := range want {
				if rows[i] != want[i][0] || rights[i] != want[i][1] {
					t.Fatalf("%s by %q, row %d: %v, %v, want %v", how, on, i, rows[i], rights[i], want[i])
				}
				v, _ := got.Value(i, on[0])
				var k any
				if want[i][0] != nil {
					k = lk[0][want[i][0].(int64)]
				} else {
					k = rk[0][want[i][1].(int64)]
				}
				if key(v) != key(k) {
					t.Fatalf("%s by %q, row %d: key %v, want %v", how, on, i, v, k)
				}
			}
		}
	}
}

func TestJoinRefuses(t *testing.T) {
	mem := checked(t)
	a := must(t)(arrowio.NewTableIn(mem).Ints("id", []int{1, 1}).Strings("s", []string{"x", "y"}).Build())
	b := must(t)(arrowio.NewTableIn(mem).Strings("id", []string{"1"}).Ints("k", []int{1}).Build())
	tests := []struct {
		o    arrowio.JoinOptions
		want string
	}{
		{arrowio.JoinOptions{On: []string{"id"}}, "a key of type i64 has no equal of type str"},
		{arrowio.JoinOptions{On: []string{"no"}}, `left table: arrowio: no column "no"`},
		{arrowio.JoinOptions{How: "cross", On: []string{"id"}}, `"cross" is none of`},
		{arrowio.JoinOptions{}, "keys [] on the left"},
		{arrowio.JoinOptions{LeftOn: []string{"id"}, RightOn: []string{"k"}, Unique: "left"}, `the left table has key id="1" in rows 0 and 1`},
		{arrowio.JoinOptions{On: []string{"id"}, LeftOn: []string{"id"}}, "not both"},
	}
	for _, tt := range tests {
		if _, err := a.JoinWith(b, tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.o, err, tt.want)
		}
	}
	ok := must(t)(a.JoinWith(b, arrowio.JoinOptions{LeftOn: []string{"id"}, RightOn: []string{"k"}, Unique: "right"}))
	if got := strings.Join(ok.Columns(), " "); got != "id s id_right k" {
		t.Errorf("columns %s", got)
	}
}
