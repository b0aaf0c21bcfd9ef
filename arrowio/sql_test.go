//go:build cgo && !noduckdb && ((linux && (amd64 || arm64)) || (darwin && (amd64 || arm64)) || (windows && amd64))

package arrowio_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"divvy/arrowio"
)

func TestSQL(t *testing.T) {
	mem := checked(t)
	tbl := random(t, mem, 20_000, 11)
	other := must(t)(arrowio.NewTableIn(mem).Strings("cat", []string{"a", "b", "c"}).Floats("weight", []float64{1, 2, 3}).Build())
	// A query for some of the columns, in another order: what goes wrong on
	// DuckDB's own view of an Arrow stream.
	got := must(t)(arrowio.SQL(t.Context(), `select cat, count(*) as count, sum(small) as small_sum, max("at") as at_max, min(row) as row_first
		from t group by cat order by row_first`, map[string]*arrowio.Table{"t": tbl}))
	want := must(t)(tbl.GroupBy("cat").Agg(arrowio.Count(), arrowio.Sum("small"), arrowio.Max("at"), arrowio.First("row")))
	for _, c := range want.Columns() {
		a, b := values(t, got, c), values(t, want, c)
		if c == "at_max" {
			for i := range a {
				a[i], b[i] = a[i].(time.Time).UnixNano(), b[i].(time.Time).UnixNano()
			}
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("column %s: %v, want %v", c, a, b)
		}
	}
	if got.Types()[2] != "i64" {
		t.Errorf("types %v", got.Types())
	}
	joined := must(t)(arrowio.SQL(t.Context(), "select w.weight, t.row from t join w on t.cat = w.cat order by t.row", map[string]*arrowio.Table{"t": tbl, "w": other}))
	ours := must(t)(must(t)(tbl.Join(other, "inner", "cat")).Select("weight", "row"))
	if !reflect.DeepEqual(values(t, joined, "row"), values(t, ours, "row")) || !reflect.DeepEqual(values(t, joined, "weight"), values(t, ours, "weight")) {
		t.Error("the join differs")
	}
}

// TestSQLKeepsEveryType sends each kind of column through DuckDB and back.
func TestSQLKeepsEveryType(t *testing.T) {
	tbl := sample(t, checked(t))
	got := must(t)(tbl.SQL(t.Context(), "select * from t"))
	for _, c := range tbl.Columns() {
		a, b := values(t, got, c), values(t, tbl, c)
		if c == "when" { // DuckDB's time with a zone has microseconds
			for i := range b {
				b[i] = b[i].(time.Time).Truncate(time.Microsecond)
			}
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("column %s: %v, want %v", c, a, b)
		}
	}
	empty := must(t)(tbl.SQL(t.Context(), "select n, text from t where n > 1e30"))
	if empty.NumRows() != 0 || strings.Join(empty.Columns(), " ") != "n text" {
		t.Errorf("empty result:\n%v", empty)
	}
	twice := must(t)(tbl.SQL(t.Context(), "create table u as select n from t; select n, n, -n as n from u"))
	if strings.Join(twice.Columns(), " ") != "n n_2 n_3" || twice.NumRows() != 4 {
		t.Errorf("several statements:\n%v", twice)
	}
}

func TestSQLErrorsAndInterrupt(t *testing.T) {
	tbl := sample(t, checked(t))
	if _, err := tbl.SQL(t.Context(), "select nope from t"); err == nil || !strings.Contains(err.Error(), "nope") {
		t.Errorf("unknown column: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := tbl.SQL(ctx, "select count(*) from range(10000000) a, range(10000000) b where a.range * b.range % 7 = 3")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("interrupt: %v", err)
	}
	cancel()
	if _, err := tbl.SQL(ctx, "select 1"); err == nil {
		t.Error("a query after the end of its context")
	}
}

func TestSQLParameters(t *testing.T) {
	mem := checked(t)
	tbl := sample(t, mem)
	other := must(t)(arrowio.NewTableIn(mem).Ints("n", []int{1, 3}).Strings("w", []string{"o'ne", "three"}).Build())
	tables := map[string]*arrowio.Table{"t": tbl, "w": other}
	for _, test := range []struct {
		query  string
		params []any
		want   []any
	}{
		{"select n from t where n > ? and text <> ? order by n", []any{0, "plain"}, []any{int64(3), int64(1 << 60)}},
		{"select t.n from t join w using (n) where w.w = $name or t.score > $least order by 1", []any{map[string]any{"name": "o'ne", "least": 1e10}}, []any{int64(1), int64(3)}},
		{"select ?::varchar || ?::varchar || coalesce(?, 'null') as n", []any{true, uint8(7), nil}, []any{"true7null"}},
		{"create table u as select n from t; select n from u where n = ?", []any{int32(-2)}, []any{int64(-2)}},
		{"select n from t where \"when\" >= ? order by n", []any{time.Date(2024, 3, 16, 13, 0, 0, 0, time.UTC)}, []any{int64(-2)}},
		{"select octet_length(?) as n", []any{[]byte{0, 1, 2}}, []any{int64(3)}},
	} {
		got := must(t)(arrowio.SQL(t.Context(), test.query, tables, test.params...))
		if v := values(t, got, "n"); !reflect.DeepEqual(v, test.want) {
			t.Errorf("%s: %v, want %v", test.query, v, test.want)
		}
	}
	for query, want := range map[string]string{
		"select n from t\nwhere nope = ?":       "LINE 2: where nope = ?\n              ^",
		"select ? + ?":                          "1 values for 2 parameters",
		"selct ?":                               "LINE 1: selct ?",
		"select ?; select n from t where n = ?": "statement 1 has 1 parameters",
	} {
		_, err := arrowio.SQL(t.Context(), query, tables, 1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
	if _, err := tbl.SQL(t.Context(), "select $a + $b", map[string]any{"a": 1}); err == nil || !strings.Contains(err.Error(), "$b") {
		t.Errorf("a name without a value: %v", err)
	}
	if _, err := tbl.SQL(t.Context(), "select ?", make(chan int)); err == nil || !strings.Contains(err.Error(), "parameter 1 is a chan int") {
		t.Errorf("a channel: %v", err)
	}
	if _, err := tbl.SQL(t.Context(), "select text\nfrom t\nwhere scor > 1"); err == nil || !strings.Contains(err.Error(), "LINE 3: where scor > 1") || !strings.Contains(err.Error(), `"score"`) {
		t.Errorf("an error without its place: %v", err)
	}
	f := &followed{}
	must(t)(tbl.Within(t.Context(), f).SQL(t.Context(), "select sum(a.range * b.range % 7) as n from range(3000) a, range(20000) b"))
	if len(f.stages) != 1 || f.over || f.running {
		t.Errorf("stages %q, %d of %d", f.stages, f.count, f.total)
	}
}
