package arrowio_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"

	"divvy/arrowio"
)

// TestRandomTablesThroughSQL has DuckDB give back tables of every type, value for
// value.
func TestRandomTablesThroughSQL(t *testing.T) {
	if !arrowio.HasSQL() {
		t.Log("built without SQL")
		return
	}
	for seed := range uint64(60) {
		m := newMaker(checked(t), seed)
		types := []arrow.DataType{m.anyType(0), m.anyType(1), m.anyType(2)}
		n := pick(m, 0, 1, 7, 70)
		tbl, want := m.table(t, n, types...)
		what := fmt.Sprintf("seed %d, %d rows of %v", seed, n, types)
		got, err := tbl.SQL(t.Context(), "select * from t")
		if err != nil {
			if !strings.Contains(err.Error(), "DuckDB has decimals of 38 digits") {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		for name := range want {
			for i := range n {
				v, err := got.Value(i, name)
				if err != nil {
					t.Fatal(err)
				}
				if g, w := inMicroseconds(v), inMicroseconds(want[name][i]); !sameValue(g, w) {
					col, _ := got.Column(name)
					t.Errorf("%s: row %d of %s, %v: %#v, want %#v", what, i, name, col.DataType(), g, w)
				}
			}
		}
		got.Release()
	}
}

// inMicroseconds cuts off what DuckDB has not of times with a zone, times of day and
// durations.
func inMicroseconds(v any) any {
	switch v := v.(type) {
	case time.Time:
		return v.Add(-time.Duration(v.UnixNano() % 1000))
	case time.Duration:
		return v.Truncate(time.Microsecond)
	case string:
		if at, err := time.Parse("15:04:05.999999999", v); err == nil {
			return at.Format("15:04:05.000000")
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = inMicroseconds(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k := range v {
			out[k] = inMicroseconds(v[k])
		}
		return out
	}
	return v
}
