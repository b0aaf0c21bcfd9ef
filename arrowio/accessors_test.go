package arrowio_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
)

// TestRandomColumnsAsSlices reads random columns of every type as Go slices, beside
// their values one by one.
func TestRandomColumnsAsSlices(t *testing.T) {
	types := flatTypes()
	for _, item := range []arrow.DataType{arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Float64, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Uint64} {
		types = append(types, arrow.ListOf(item), arrow.LargeListOf(item), arrow.FixedSizeListOf(2, item))
	}
	read := 0
	for seed := range uint64(20) {
		for _, dt := range types {
			m := newMaker(checked(t), seed)
			tbl, want := m.table(t, pick(m, 0, 1, 9, 40), dt)
			values := want["c0"]
			what := fmt.Sprintf("seed %d, %v", seed, dt)
			valid, err := tbl.Valid("c0")
			for i, v := range values {
				if err != nil || valid[i] != (v != nil) {
					t.Fatalf("%s: valid %v of %v, %v", what, valid, values, err)
				}
			}
			same := func(name string, got []any, err error) {
				t.Helper()
				if err != nil {
					return // of another type, or with nulls, which a slice has not
				}
				read++
				for i, w := range values {
					if g := got[i]; !sameValue(g, w) {
						t.Fatalf("%s: %s[%d] is %#v, want %#v", what, name, i, g, w)
					}
				}
			}
			floats, err := tbl.Floats("c0")
			for i, w := range values {
				if err != nil {
					break
				}
				x, known := 0.0, true
				switch w := w.(type) {
				case nil:
					x = math.NaN()
				case int64:
					x = float64(w)
				case uint64:
					x = float64(w)
				case float64:
					x = w
				default:
					known = false // decimals
				}
				if known && !sameValue(floats[i], x) {
					t.Fatalf("%s: Floats[%d] is %v, want %v", what, i, floats[i], x)
				}
			}
			ints, err := tbl.Ints("c0")
			same("Ints", asAny(ints, func(v int) any {
				if _, unsigned := first(values).(uint64); unsigned {
					return uint64(v)
				}
				return int64(v)
			}), err)
			texts, err := tbl.Strings("c0")
			same("Strings", asAny(texts, func(v string) any { return v }), err)
			bools, err := tbl.Bools("c0")
			same("Bools", asAny(bools, func(v bool) any { return v }), err)
			times, err := tbl.Times("c0")
			same("Times", asAny(times, func(v time.Time) any { return v }), err)
			intLists, err := tbl.IntLists("c0")
			same("IntLists", asAny(intLists, func(l []int32) any {
				return asAny(l, func(v int32) any {
					if dt.(arrow.ListLikeType).Elem().ID() == arrow.UINT64 {
						return uint64(v)
					}
					return int64(v)
				})
			}), err)
			floatLists, err := tbl.FloatLists("c0")
			if err == nil {
				for i, w := range values {
					for j, x := range w.([]any) {
						switch x := x.(type) {
						case nil:
							if g := floatLists[i][j]; g == g {
								t.Fatalf("%s: FloatLists[%d][%d] is %v, want NaN for null", what, i, j, g)
							}
						case float64:
							if !sameValue(floatLists[i][j], x) {
								t.Fatalf("%s: FloatLists[%d][%d] is %v, want %v", what, i, j, floatLists[i][j], x)
							}
						}
					}
				}
			}
		}
	}
	if read < 100 {
		t.Errorf("only %d columns read", read)
	}
}

func asAny[T any](v []T, f func(T) any) []any {
	out := make([]any, len(v))
	for i, x := range v {
		out[i] = f(x)
	}
	return out
}

func first(v []any) any {
	for _, x := range v {
		if x != nil {
			return x
		}
	}
	return nil
}
