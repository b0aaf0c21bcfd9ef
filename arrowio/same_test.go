package arrowio_test

import (
	"math"
	"testing"
	"time"

	"divvy/arrowio"
)

// sameValue tells whether two values that Table.Value may give are the same, NaN
// as NaN and -0 not as 0.
func sameValue(a, b any) bool {
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		return ok && (math.Float64bits(x) == math.Float64bits(y) || x != x && y != y)
	case time.Time:
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	case []byte:
		y, ok := b.([]byte)
		return ok && string(x) == string(y)
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !sameValue(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k := range x {
			if v, ok := y[k]; !ok || !sameValue(x[k], v) {
				return false
			}
		}
		return true
	}
	return a == b
}

// wantValues compares a column with the values of the given rows, nil for all;
// row -1 is null.
func wantValues(t testing.TB, what string, tbl *arrowio.Table, name string, want []any, rows []int) {
	t.Helper()
	if rows == nil {
		for i := range want {
			rows = append(rows, i)
		}
	}
	if tbl.NumRows() != len(rows) {
		t.Fatalf("%s: %d rows, want %d", what, tbl.NumRows(), len(rows))
	}
	for i, row := range rows {
		got, err := tbl.Value(i, name)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		var w any
		if row >= 0 {
			w = want[row]
		}
		if !sameValue(got, w) {
			col, _ := tbl.Column(name)
			t.Fatalf("%s: row %d of %s, %v: %#v, want %#v", what, i, name, col.DataType(), got, w)
		}
	}
}
