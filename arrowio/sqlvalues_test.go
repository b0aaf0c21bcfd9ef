package arrowio_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

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

// TestSQLWideIntegers gives integers of 128 bits whole, or says that it cannot.
func TestSQLWideIntegers(t *testing.T) {
	if !arrowio.HasSQL() {
		t.Log("built without SQL")
		return
	}
	for query, want := range map[string]string{
		"select 9223372036854775807::hugeint x":                                  "9223372036854775807",
		"select 170141183460469231731687303715884105727::hugeint x":              "170141183460469231731687303715884105727",
		"select (-170141183460469231731687303715884105727)::hugeint x":           "-170141183460469231731687303715884105727",
		"select 170141183460469231731687303715884105727::uhugeint x":             "170141183460469231731687303715884105727",
		"select 5::uhugeint x":                                                   "5",
		"select 1 y; select 170141183460469231731687303715884105728::uhugeint x": `column "x" is of type UHUGEINT and has a value of 2^127 or more`,
		"select 340282366920938463463374607431768211455::uhugeint::varchar x":    "340282366920938463463374607431768211455",
	} {
		got, err := arrowio.SQL(t.Context(), query, nil)
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", query, err)
			}
			continue
		}
		if v, err := got.Value(0, "x"); err != nil || fmt.Sprint(v) != want {
			t.Errorf("%s: %v, %v", query, v, err)
		}
		got.Release()
	}
}

// TestSQLGivesTheLastResult runs several statements, of which more than one has a
// result.
func TestSQLGivesTheLastResult(t *testing.T) {
	if !arrowio.HasSQL() {
		t.Log("built without SQL")
		return
	}
	for query, want := range map[string]string{
		"select 1 as x; select 2 as x": "2",
		"create table a as select 7 as x; insert into a values (8); select 1 as x; select max(x) as x from a;": "8",
		"set threads = 1; pragma enable_object_cache; select 3 as x -- ; select 4 as x":                        "3",
		"select ';' as x": ";",
	} {
		got, err := arrowio.SQL(t.Context(), query, nil)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if v, err := got.Value(0, "x"); err != nil || fmt.Sprint(v) != want {
			t.Errorf("%s: %v, %v, want %s", query, v, err, want)
		}
		got.Release()
	}
	if _, err := arrowio.SQL(t.Context(), "select 1; selec 2", nil); err == nil || !strings.Contains(err.Error(), "syntax error") {
		t.Error(err)
	}
	if _, err := arrowio.SQL(t.Context(), "select 1 as x; select nothing", nil); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Error(err)
	}
}

// TestIntervalsAndRuns brings rare types into SQL and through the operations.
func TestIntervalsAndRuns(t *testing.T) {
	mem := checked(t)
	days := array.NewDayTimeIntervalBuilder(mem)
	defer days.Release()
	days.AppendNull()
	days.Append(arrow.DayTimeInterval{Days: 2, Milliseconds: 5})
	days.Append(arrow.DayTimeInterval{Days: -1, Milliseconds: -3_600_000})
	runs := array.NewRunEndEncodedBuilder(mem, arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String)
	defer runs.Release()
	for _, s := range []string{"z", "b", "b", "a", ""} {
		if err := runs.AppendValueFromString(s); err != nil {
			t.Fatal(err)
		}
	}
	column := array.NewSlice(cleanup(t, runs.NewArray()), 1, 4)
	defer column.Release()
	tbl := must(t)(arrowio.NewTableIn(mem).Array("days", cleanup(t, days.NewArray())).Array("runs", column).Build())
	if got := fmt.Sprint(tbl.Types(), values(t, must(t)(tbl.Sort("runs")), "runs"), values(t, tbl, "runs")); got != "[day_time_interval str] [a b b] [b b a]" {
		t.Error(got)
	}
	if !arrowio.HasSQL() {
		t.Log("built without SQL")
		return
	}
	got := must(t)(tbl.SQL(t.Context(), "select days, runs from t"))
	if v := values(t, got, "days"); v[0] != nil || v[1] != 48*time.Hour+5*time.Millisecond || v[2] != -25*time.Hour {
		t.Errorf("%v", v)
	}
	if v := fmt.Sprint(values(t, got, "runs")); v != "[b b a]" {
		t.Error(v)
	}
}

func cleanup(t *testing.T, a arrow.Array) arrow.Array {
	t.Cleanup(a.Release)
	return a
}
