package arrowio_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"divvy/arrowio"
)

// orderOf orders values of one column as Sort does, null apart.
func orderOf(a, b any) int {
	switch x := a.(type) {
	case bool, int64, float64, time.Time:
		return compareAny(a, b, false)
	case uint64:
		return cmp.Compare(x, b.(uint64))
	case []byte:
		return bytes.Compare(x, b.([]byte))
	case time.Duration:
		return cmp.Compare(x, b.(time.Duration))
	case string:
		return strings.Compare(x, b.(string))
	}
	panic(fmt.Sprintf("%T", a))
}

// number is a decimal's value; texts of other columns are ordered as they are.
func number(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	return r
}

// orderIn is orderOf of a column of that type, with null last.
func orderIn(dt arrow.DataType, a, b any, descending bool) int {
	if a == nil || b == nil {
		return cmp.Compare(bit(a == nil), bit(b == nil))
	}
	c := 0
	if arrow.IsDecimal(dt.ID()) {
		c = number(a.(string)).Cmp(number(b.(string)))
	} else {
		c = orderOf(a, b)
	}
	if descending {
		return -c
	}
	return c
}

// groupKey is equal for values that GroupBy and Join hold equal.
func groupKey(v any) string {
	switch x := v.(type) {
	case float64:
		if x == 0 {
			x = 0
		}
		if x != x {
			return "NaN"
		}
		return fmt.Sprint("f", x+0)
	case []byte:
		return "x" + hex.EncodeToString(x)
	case time.Time:
		return x.UTC().String()
	}
	return fmt.Sprintf("%T%v", v, v)
}

func keysOf(columns map[string][]any, by []string, row int) string {
	key := ""
	for _, name := range by {
		k := groupKey(columns[name][row])
		key += fmt.Sprint(len(k), k)
	}
	return key
}

// TestRandomTablesInOrder sorts, groups and makes unique random tables of every
// type that has an order, by one to three columns, beside loops that do the same.
func TestRandomTablesInOrder(t *testing.T) {
	types := slices.DeleteFunc(flatTypes(), func(dt arrow.DataType) bool { return dt.ID() == arrow.NULL })
	for seed := range uint64(200) {
		m := newMaker(checked(t), seed)
		of := []arrow.DataType{pick(m, types...), pick(m, types...), pick(m, types...)}
		n := pick(m, 0, 1, 2, 7, 60, 500)
		if seed%50 == 7 {
			n = 40_000
		}
		tbl, columns := m.table(t, n, of...)
		by := [][]string{{"c0"}, {"c1", "c0"}, {"c2", "c1", "c0"}}[m.IntN(3)]
		what := fmt.Sprintf("seed %d, %d rows of %v by %v", seed, n, of, by)
		signed, desc := slices.Clone(by), make([]bool, len(by))
		for k := range by {
			if desc[k] = m.IntN(2) == 0; desc[k] {
				signed[k] = "-" + by[k]
			}
		}
		want := make([]int, n)
		for i := range want {
			want[i] = i
		}
		slices.SortStableFunc(want, func(a, b int) int {
			for k, name := range by {
				if c := orderIn(of[name[1]-'0'], columns[name][a], columns[name][b], desc[k]); c != 0 {
					return c
				}
			}
			return 0
		})
		got, err := tbl.SortedRows(signed...)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%s: sorted by %v: %v, %v, want %v", what, signed, err, head(got), head(want))
		}
		firsts, members := []int{}, map[string][]int{}
		for i := range n {
			k := keysOf(columns, by, i)
			if members[k] == nil {
				firsts = append(firsts, i)
			}
			members[k] = append(members[k], i)
		}
		unique := must(t)(tbl.Unique(by...))
		for name := range columns {
			wantValues(t, what+": unique", unique, name, columns[name], firsts)
		}
		checkGroups(t, what, tbl, of, columns, by, firsts, members)
	}
}

func checkGroups(t *testing.T, what string, tbl *arrowio.Table, of []arrow.DataType, columns map[string][]any, by []string, firsts []int, members map[string][]int) {
	t.Helper()
	aggs := []arrowio.Agg{arrowio.Count(), arrowio.CountValid("c0"), arrowio.CountUnique("c0"), arrowio.Min("c0"), arrowio.Max("c0"), arrowio.First("c0"), arrowio.Last("c0")}
	_, isNumber := columns["c0"], arrow.IsInteger(of[0].ID()) || arrow.IsFloating(of[0].ID())
	if isNumber {
		aggs = append(aggs, arrowio.Mean("c0"), arrowio.Var("c0"), arrowio.Median("c0"), arrowio.Quantile("c0", 0.3).Named("q"))
	}
	groups := must(t)(tbl.GroupBy(by...).Agg(aggs...))
	for _, name := range by {
		wantValues(t, what+": keys", groups, name, columns[name], firsts)
	}
	for g, first := range firsts {
		rows := members[keysOf(columns, by, first)]
		var valid []int
		unique := map[string]bool{}
		least, greatest := -1, -1
		isNaN := func(row int) bool { f, ok := columns["c0"][row].(float64); return ok && f != f }
		for _, row := range rows {
			v := columns["c0"][row]
			if v == nil {
				continue
			}
			valid = append(valid, row)
			unique[groupKey(v)] = true
			if least < 0 || isNaN(least) && !isNaN(row) || !isNaN(row) && orderIn(of[0], v, columns["c0"][least], false) < 0 {
				least = row
			}
			if greatest < 0 || isNaN(greatest) && !isNaN(row) || !isNaN(row) && orderIn(of[0], v, columns["c0"][greatest], false) > 0 {
				greatest = row
			}
		}
		wanted := map[string]any{"count": int64(len(rows)), "c0_valid": int64(len(valid)), "c0_unique": int64(len(unique)),
			"c0_first": columns["c0"][rows[0]], "c0_last": columns["c0"][rows[len(rows)-1]], "c0_min": nil, "c0_max": nil}
		if least >= 0 {
			wanted["c0_min"], wanted["c0_max"] = columns["c0"][least], columns["c0"][greatest]
		}
		for name, w := range wanted {
			if got, err := groups.Value(g, name); err != nil || !sameValue(got, w) {
				t.Fatalf("%s: %s of group %d is %#v, want %#v; %v", what, name, g, got, w, err)
			}
		}
		if !isNumber {
			continue
		}
		var floats []float64
		for _, row := range valid {
			switch v := columns["c0"][row].(type) {
			case int64:
				floats = append(floats, float64(v))
			case uint64:
				floats = append(floats, float64(v))
			case float64:
				floats = append(floats, v)
			}
		}
		for name, w := range statistics(floats) {
			got, err := groups.Value(g, name)
			if err != nil || !nearValue(got, w) {
				t.Fatalf("%s: %s of group %d, of %v, is %#v, want %#v; %v", what, name, g, floats, got, w, err)
			}
		}
	}
}

func statistics(v []float64) map[string]any {
	out := map[string]any{"c0_mean": nil, "c0_var": nil, "c0_median": nil, "q": nil}
	if len(v) == 0 {
		return out
	}
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	mean := sum / float64(len(v))
	out["c0_mean"] = mean
	if len(v) > 1 {
		squares := 0.0
		for _, x := range v {
			squares += (x - mean) * (x - mean)
		}
		out["c0_var"] = squares / float64(len(v)-1)
	}
	sorted := slices.Sorted(slices.Values(v))
	quantile := func(q float64) any {
		if sorted[0] != sorted[0] { // NaN comes first
			return math.NaN()
		}
		at := q * float64(len(v)-1)
		k := int(at)
		if frac := at - float64(k); frac > 0 {
			low, high := sorted[k], sorted[k+1]
			if low == high {
				return low
			}
			return low + (high-low)*frac
		}
		return sorted[k]
	}
	out["c0_median"], out["q"] = quantile(0.5), quantile(0.3)
	return out
}

func nearValue(got, want any) bool {
	a, ok := got.(float64)
	b, ok2 := want.(float64)
	if !ok || !ok2 {
		return got == want
	}
	return a == b || a != a && b != b || math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))
}

// TestRandomJoins joins random tables by one or two keys of every type, in every
// way, beside nested loops.
func TestRandomJoins(t *testing.T) {
	types := slices.DeleteFunc(flatTypes(), func(dt arrow.DataType) bool { return dt.ID() == arrow.NULL })
	for seed := range uint64(200) {
		m := newMaker(checked(t), seed)
		of := []arrow.DataType{pick(m, types...), pick(m, types...)}
		keys := []string{"c0", "c1"}[:1+m.IntN(2)]
		n, k := pick(m, 0, 1, 3, 20), pick(m, 0, 1, 3, 20)
		left, lc := m.table(t, n, of...)
		right, rc := m.table(t, k, of...)
		left, right = must(t)(left.WithValues("l", upTo(n))), must(t)(right.WithValues("r", upTo(k)))
		matches := func(i, j int) bool {
			for _, name := range keys {
				if lc[name][i] == nil || rc[name][j] == nil || groupKey(lc[name][i]) != groupKey(rc[name][j]) {
					return false
				}
			}
			return true
		}
		for _, how := range []string{"inner", "left", "right", "outer", "semi", "anti"} {
			what := fmt.Sprintf("seed %d, %d and %d rows of %v, %s by %v", seed, n, k, of, how, keys)
			wantL, wantR := []int{}, []int{}
			add := func(l, r int) { wantL, wantR = append(wantL, l), append(wantR, r) }
			outer, inner := n, k
			if how == "right" {
				outer, inner = k, n
			}
			partnered := make([]bool, k)
			for i := range outer {
				found := 0
				for j := range inner {
					l, r := i, j
					if how == "right" {
						l, r = j, i
					}
					if matches(l, r) {
						found++
						partnered[r] = true
						if how != "semi" && how != "anti" {
							add(l, r)
						}
					}
				}
				switch {
				case how == "right" && found == 0:
					add(-1, i)
				case (how == "left" || how == "outer" || how == "anti") && found == 0, how == "semi" && found > 0:
					add(i, -1)
				}
			}
			for j := range k {
				if how == "outer" && !partnered[j] {
					add(-1, j)
				}
			}
			got := must(t)(left.Join(right, how, keys...))
			wantValues(t, what, got, "l", anys(n), wantL)
			for _, name := range []string{"c0", "c1"} {
				values, rows := lc[name], slices.Clone(wantL)
				if slices.Contains(keys, name) { // of whichever side has the row
					values = append(slices.Clone(values), rc[name]...)
					for i, l := range rows {
						if l < 0 {
							rows[i] = n + wantR[i]
						}
					}
				}
				wantValues(t, what, got, name, values, rows)
			}
			if how != "semi" && how != "anti" {
				wantValues(t, what, got, "r", anys(k), wantR)
				if len(keys) == 1 {
					wantValues(t, what, got, "c1_right", rc["c1"], wantR)
				}
			}
		}
	}
}

func upTo(n int) []int {
	v := make([]int, n)
	for i := range v {
		v[i] = i
	}
	return v
}

func anys(n int) []any {
	v := make([]any, n)
	for i := range v {
		v[i] = int64(i)
	}
	return v
}
