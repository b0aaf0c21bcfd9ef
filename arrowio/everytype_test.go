package arrowio_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"divvy/arrowio"
)

// TestOperationsOnWideTypes sorts, groups, joins and filters by values that are wider
// than 64 bits or narrower than 32, and by those of nested types what can be.
func TestOperationsOnWideTypes(t *testing.T) {
	for _, tt := range []struct {
		dt     arrow.DataType
		json   string // five values: high, null, low, middle, high
		filter string // keeps the middle one
	}{
		{&arrow.Decimal128Type{Precision: 38, Scale: 2}, `["99999999999999999999999.99", null, "-99999999999999999999999.98", "0.5", "99999999999999999999999.99"]`, "x > 0.4 and x < 0.6"},
		{&arrow.Decimal128Type{Precision: 5, Scale: 2}, `["10.01", null, "-3.5", "-0.01", "10.01"]`, "x == -0.01"},
		{&arrow.Decimal256Type{Precision: 60, Scale: 1}, `["9999999999999999999999999999999999999999999999999.9", null, "-9999999999999999999999999999999999999999999999999.8", "7.0", "9999999999999999999999999999999999999999999999999.9"]`, "x * 2 = 14"},
		{arrow.FixedWidthTypes.Float16, `[2.5, null, -1.5, -0.5, 2.5]`, "x == -0.5"},
		{&arrow.FixedSizeBinaryType{ByteWidth: 2}, `["eno=", null, "AAE=", "AQA=", "eno="]`, ""},
		{arrow.FixedWidthTypes.Date64, `["9999-12-31", null, "1969-12-31", "2024-02-29", "9999-12-31"]`, "x == '2024-02-29'"},
	} {
		t.Run(tt.dt.String(), func(t *testing.T) {
			mem := checked(t)
			col, _, err := array.FromJSON(mem, tt.dt, strings.NewReader(tt.json))
			if err != nil {
				t.Fatal(err)
			}
			tbl := must(t)(must(t)(arrowio.NewTableIn(mem).Array("x", col).Build()).WithValues("i", []int{0, 1, 2, 3, 4}))
			col.Release()
			rows := func(what string, got *arrowio.Table, err error, want ...int) {
				t.Helper()
				if err != nil {
					t.Errorf("%s: %v", what, err)
					return
				}
				defer got.Release()
				list, err := got.Ints("i")
				if err != nil || !slices.Equal(list, want) {
					t.Errorf("%s: rows %v, want %v; %v", what, list, want, err)
				}
			}
			up, err := tbl.Sort("x")
			rows("sort", up, err, 2, 3, 0, 4, 1)
			down, err := tbl.Sort("-x")
			rows("sort down", down, err, 0, 4, 3, 2, 1)
			unique, err := tbl.Unique("x")
			rows("unique", unique, err, 0, 1, 2, 3)
			both, err := tbl.Join(must(t)(tbl.Select("x")), "semi", "x")
			rows("join", both, err, 0, 2, 3, 4)
			missing, err := tbl.Filter("x is null")
			rows("null", missing, err, 1)
			if tt.filter != "" {
				kept, err := tbl.Filter(tt.filter)
				rows(tt.filter, kept, err, 3)
			}
			ends := must(t)(tbl.GroupBy().Agg(arrowio.Min("x"), arrowio.Max("x"), arrowio.CountUnique("x")))
			for name, row := range map[string]int{"x_min": 2, "x_max": 0} {
				got, err := ends.Value(0, name)
				want, _ := tbl.Value(row, "x")
				if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s is %v, want %v; %v", name, got, want, err)
				}
			}
			described := must(t)(tbl.Describe())
			if n, err := described.Value(0, "unique"); err != nil || n != int64(3) {
				t.Errorf("%v different values, %v", n, err)
			}
		})
	}
}

// TestNestedTypesHaveNulls filters by nulls of every nested type, describes them, and
// says what cannot be done with them.
func TestNestedTypesHaveNulls(t *testing.T) {
	for _, tt := range []struct {
		dt   arrow.DataType
		json string
	}{
		{arrow.ListOf(arrow.PrimitiveTypes.Int32), `[[1], null, []]`},
		{arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int32, Nullable: true}), `[{"a":1}, null, {"a":null}]`},
		{arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int32), `[[{"key":"a","value":1}], null, []]`},
		{arrow.BinaryTypes.Binary, `["AA==", null, ""]`},
		{arrow.FixedWidthTypes.Duration_ms, `[1, null, 0]`},
		{arrow.FixedWidthTypes.Time64us, `["12:00:00", null, "00:00:00"]`},
	} {
		mem := checked(t)
		col, _, err := array.FromJSON(mem, tt.dt, strings.NewReader(tt.json))
		if err != nil {
			t.Fatal(err)
		}
		tbl := must(t)(arrowio.NewTableIn(mem).Array("x", col).Build())
		col.Release()
		for expr, want := range map[string]int{"is_null(x)": 1, "x is not null": 2} {
			kept, err := tbl.Filter(expr)
			if err != nil {
				t.Errorf("%v: %s: %v", tt.dt, expr, err)
				continue
			}
			if kept.NumRows() != want {
				t.Errorf("%v: %s keeps %d rows", tt.dt, expr, kept.NumRows())
			}
			kept.Release()
		}
		described := must(t)(tbl.Describe())
		if n, err := described.Value(0, "nulls"); err != nil || n != int64(1) {
			t.Errorf("%v: %v nulls, %v", tt.dt, n, err)
		}
		if _, err := tbl.Filter("x == x"); err == nil || !strings.Contains(err.Error(), `x == x`) {
			t.Errorf("%v: %v", tt.dt, err)
		}
	}
}
