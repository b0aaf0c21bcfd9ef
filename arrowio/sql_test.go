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
