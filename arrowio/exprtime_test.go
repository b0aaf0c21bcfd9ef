package arrowio_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio"
)

// TestTimesInExpressions filters by parts and texts of times, in the column's zone,
// and by dates that nanoseconds do not reach.
func TestTimesInExpressions(t *testing.T) {
	mem := checked(t)
	b := arrowio.NewTableIn(mem)
	for _, c := range []struct {
		name string
		dt   arrow.DataType
		json string
	}{
		{"utc", &arrow.TimestampType{Unit: arrow.Second, TimeZone: "UTC"}, `["2024-06-30T23:30:00Z", "2024-12-31T23:30:00Z", null, "2024-03-04T00:00:00Z"]`},
		{"berlin", &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "Europe/Berlin"}, `["2024-06-30T23:30:00Z", "2024-12-31T23:30:00Z", null, "2024-03-04T00:00:00Z"]`},
		{"day", arrow.FixedWidthTypes.Date32, `["2024-06-30", "9999-12-31", null, "0001-01-01"]`},
	} {
		col, _, err := array.FromJSON(mem, c.dt, strings.NewReader(c.json))
		if err != nil {
			t.Fatal(err)
		}
		b.Array(c.name, col)
		col.Release()
	}
	tbl := must(t)(must(t)(b.Build()).WithValues("i", []int{0, 1, 2, 3}))
	for expr, want := range map[string][]any{
		"month(utc) = 6":                           {int64(0)},
		"month(berlin) = 7":                        {int64(0)},
		"year(berlin) = 2025":                      {int64(1)},
		"day(berlin) = 1":                          {int64(0), int64(1)},
		"hour(berlin) = 0 and minute(berlin) = 30": {int64(1)}, // 1 o'clock in summer
		"weekday(utc) = 7":                         {int64(0)},
		"weekday(utc) = 1":                         {int64(3)},
		"utc >= '2024-12-31 23:30'":                {int64(1)},
		"berlin >= '2025-01-01'":                   {int64(1)},
		"berlin == '2024-07-01 01:30:00'":          {int64(0)},
		"berlin == '2024-06-30T23:30:00Z'":         {int64(0)},
		"day > '2024-01-01'":                       {int64(0), int64(1)},
		"day < '2024-01-01'":                       {int64(3)},
		"month(coalesce(berlin, utc)) = 7":         {int64(0)},
		"hour(if(i = 0, utc, berlin)) = 0":         {int64(3)},
	} {
		kept, err := tbl.Filter(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		if got := values(t, kept, "i"); !slices.Equal(got, want) {
			t.Errorf("%s keeps %v, want %v", expr, got, want)
		}
		kept.Release()
	}
	for _, expr := range []string{"year(day)", "coalesce(day, utc)", "day == day"} {
		if _, err := tbl.WithColumn("x", expr); err == nil || !strings.Contains(err.Error(), "outside the years 1678 to 2262") {
			t.Errorf("%s: error %v", expr, err)
		}
	}
	if _, err := tbl.Sort("day desc"); err == nil || err.Error() != `arrowio: sort: "day" sorts from the least up, "-day" from the greatest down, not "day desc"` {
		t.Error(err)
	}
	if _, err := tbl.Times("utc"); err == nil || !strings.Contains(err.Error(), "has 1 null,") {
		t.Error(err)
	}
}

// TestSQLSaysWhatThereIs looks at names, and at the zone of results.
func TestSQLSaysWhatThereIs(t *testing.T) {
	if !arrowio.HasSQL() {
		t.Log("built without SQL")
		return
	}
	tbl := must(t)(arrowio.DecodeCSV(strings.NewReader("when\n2024-03-31T23:30:00Z\n"), arrowio.CSVOptions{Read: arrowio.ReadOptions{Allocator: checked(t)}}))
	if _, err := tbl.SQL(t.Context(), "select * from sales"); err == nil || !strings.Contains(err.Error(), `The tables of this query are called "t"`) {
		t.Error(err)
	}
	took := must(t)(tbl.SQL(t.Context(), `select "when" - '2024-03-29 22:00:00Z'::timestamptz as long, interval 3 month as months, null::interval as none from t`))
	if got := fmt.Sprint(took.Types()); got != "[duration[ns] interval duration[ns]]" {
		t.Error(got)
	}
	if row, err := took.Row(0); err != nil || row["long"] != 49*time.Hour+30*time.Minute || row["months"] != "3 months, 0 days, 0s" || row["none"] != nil {
		t.Error(row, err)
	}
	wide, _, err := array.FromJSON(memory.DefaultAllocator, arrow.ListOf(&arrow.Decimal256Type{Precision: 50, Scale: 1}), strings.NewReader(`[["1234567890123456789012345678901234567890"]]`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := must(t)(arrowio.NewTable().Array("x", wide).Build()).SQL(t.Context(), "select 1"); err == nil || !strings.Contains(err.Error(), `table "t": column "x" of type list[decimal[50, 1]]: DuckDB has decimals of 38 digits, and row 0 has 1234567890123456789012345678901234567890.0; leave the column out with Drop`) {
		t.Error(err)
	}
	t.Setenv("TZ", "Asia/Tokyo")
	months := must(t)(tbl.SQL(t.Context(), `select "when", date_trunc('month', "when") as month, timezone('Europe/Berlin', "when") as berlin from t`))
	if got := fmt.Sprint(months.Types()); got != "[datetime[us, UTC] datetime[us, UTC] datetime[us]]" {
		t.Error(got)
	}
	if got := strings.Split(months.String(), "\n")[3]; got != "2024-03-31 23:30:00  2024-03-01         2024-04-01 01:30:00" {
		t.Errorf("%q", got)
	}
}
