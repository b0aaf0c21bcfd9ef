package arrowio_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"

	"divvy/arrowio"
)

func TestReshape(t *testing.T) {
	mem := checked(t)
	tbl := must(t)(arrowio.NewTableIn(mem).Ints("n", []int{10, 20, 10, 20, 30}).Strings("r", []string{"2", "2", "4", "4", "2"}).
		Floats("x", []float64{1, 2, 3, 4, 5}).Build())
	wide := must(t)(tbl.Pivot("n", "r", arrowio.Mean("x")))
	if got := wide.String(); got != `  n    2     4
i64  f64   f64
───  ───  ────
 10  1.0   3.0
 20  2.0   4.0
 30  5.0  null
3 rows × 3 columns` {
		t.Errorf("pivot:\n%s", got)
	}
	both := must(t)(arrowio.Concat(tbl, must(t)(tbl.Select("x", "r", "n"))))
	if both.NumRows() != 10 || !reflect.DeepEqual(values(t, both, "n")[5:], values(t, tbl, "n")) {
		t.Errorf("concat:\n%v", both)
	}
	if _, err := arrowio.Concat(tbl, must(t)(tbl.WithColumn("n", "'x'"))); err == nil || !strings.Contains(err.Error(), `column "n": type str after i64`) {
		t.Errorf("concat of other types: %v", err)
	}
	u := must(t)(both.Unique())
	if !array.RecordEqual(u.Record(), tbl.Record()) {
		t.Errorf("unique:\n%v", u)
	}
	vc := must(t)(tbl.ValueCounts("n"))
	if !reflect.DeepEqual(values(t, vc, "count"), []any{int64(2), int64(2), int64(1)}) {
		t.Errorf("value counts:\n%v", vc)
	}
	if top := must(t)(tbl.Top(2, "-x")); !reflect.DeepEqual(values(t, top, "x"), []any{5.0, 4.0}) {
		t.Errorf("top:\n%v", top)
	}
	s := sample(t, mem)
	for _, tt := range []struct {
		column string
		value  any
		want   any
	}{{"score", -1, -1.0}, {"score", 0.5, 0.5}, {"maybe", `it's \ "x"`, `it's \ "x"`}, {"ok", true, true}, {"group", "none", "none"}, {"small", 7, int64(7)}} {
		f := must(t)(s.FillNull(tt.column, tt.value))
		old := values(t, s, tt.column)
		for i, v := range values(t, f, tt.column) {
			if w := old[i]; w == nil && v != tt.want || w != nil && v != w {
				t.Errorf("fill %s: row %d is %v", tt.column, i, v)
			}
		}
	}
	for _, bad := range []struct {
		column string
		value  any
	}{{"score", "x"}, {"maybe", 1}, {"ids", 1}, {"score", nil}, {"score", math.NaN()}} {
		if _, err := s.FillNull(bad.column, bad.value); err == nil {
			t.Errorf("filling %s with %v gave no error", bad.column, bad.value)
		}
	}
	if d := must(t)(s.DropNull("score", "ok")); d.NumRows() != 2 {
		t.Errorf("drop null:\n%v", d)
	}
}
