package arrowio_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"divvy/arrowio"
)

// TestTextOfTypes says how values that are neither text nor plain numbers stand in
// CSV, in JSON lines, on the page and as a Go value.
func TestTextOfTypes(t *testing.T) {
	zone := &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "Europe/Berlin"}
	for _, tt := range []struct {
		dt                        arrow.DataType
		json                      string // what Arrow's own reader takes
		csv, line, shown, goValue string
	}{
		{arrow.FixedWidthTypes.Time32s, `"12:34:56"`, "12:34:56", `"12:34:56"`, "12:34:56", `"12:34:56"`},
		{arrow.FixedWidthTypes.Time64us, `"00:00:01.000007"`, "00:00:01.000007", `"00:00:01.000007"`, "00:00:01.000007", `"00:00:01.000007"`},
		{&arrow.Decimal128Type{Precision: 10, Scale: 2}, `"12345678.9"`, "12345678.90", "12345678.90", "12345678.90", `"12345678.90"`},
		{&arrow.Decimal128Type{Precision: 10, Scale: 2}, `"-0.05"`, "-0.05", "-0.05", "-0.05", `"-0.05"`},
		{&arrow.Decimal128Type{Precision: 38, Scale: 0}, `"12345678901234567890123456789012345678"`, "12345678901234567890123456789012345678", "12345678901234567890123456789012345678", "12345678901234567890123456789012345678", `"12345678901234567890123456789012345678"`},
		{&arrow.Decimal256Type{Precision: 50, Scale: 10}, `"-0.0000000001"`, "-0.0000000001", "-0.0000000001", "-0.0000000001", `"-0.0000000001"`},
		{arrow.FixedWidthTypes.Float16, `1.5`, "1.5", "1.5", "1.5", "1.5"},
		{arrow.FixedWidthTypes.Float16, `"+Inf"`, "inf", "null", "Inf", "+Inf"},
		{arrow.PrimitiveTypes.Uint64, `"18446744073709551615"`, "18446744073709551615", "18446744073709551615", "18446744073709551615", "0xffffffffffffffff"},
		{zone, `"2024-07-01T10:00:00Z"`, "2024-07-01T10:00:00Z", `"2024-07-01T10:00:00Z"`, "2024-07-01 12:00:00", ""},
		{arrow.ListOf(arrow.FixedWidthTypes.Time32s), `["12:34:56"]`, `"[""12:34:56""]"`, `["12:34:56"]`, "[12:34:56]", `[]interface {}{"12:34:56"}`},
		{arrow.ListOf(arrow.PrimitiveTypes.Float64), `["+Inf"]`, "[null]", "[null]", "[Inf]", "[]interface {}{+Inf}"},
	} {
		mem := checked(t)
		col, _, err := array.FromJSON(mem, tt.dt, strings.NewReader("["+tt.json+"]"))
		if err != nil {
			t.Fatalf("%v of %s: %v", tt.dt, tt.json, err)
		}
		tbl := must(t)(arrowio.NewTableIn(mem).Array("x", col).Build())
		col.Release()
		var csv, lines bytes.Buffer
		if err := tbl.EncodeCSV(&csv); err != nil {
			t.Fatal(err)
		}
		if err := tbl.EncodeJSONLines(&lines); err != nil {
			t.Fatal(err)
		}
		if got, want := csv.String(), "x\n"+tt.csv+"\n"; got != want {
			t.Errorf("%v in CSV: %q, want %q", tt.dt, got, want)
		}
		if got, want := lines.String(), `{"x":`+tt.line+"}\n"; got != want {
			t.Errorf("%v in JSON lines: %q, want %q", tt.dt, got, want)
		}
		if got := strings.TrimSpace(strings.Split(tbl.String(), "\n")[3]); got != tt.shown {
			t.Errorf("%v is shown as %q, want %q", tt.dt, got, tt.shown)
		}
		v, err := tbl.Value(0, "x")
		if got := fmt.Sprintf("%#v", v); err != nil || tt.goValue != "" && got != tt.goValue {
			t.Errorf("%v is %s %v, want %s", tt.dt, got, err, tt.goValue)
		}
	}
}

// TestTimesAreShownAlike gives the times of a column one form.
func TestTimesAreShownAlike(t *testing.T) {
	for text, want := range map[string]string{
		"2024-03-16\n2024-03-17":                           "2024-03-16 2024-03-17",
		"2024-03-16T00:00:00Z\n2024-03-17T00:00:00Z":       "2024-03-16 2024-03-17",
		"2024-03-16T00:00:00Z\n2024-03-17T10:00:00Z":       "2024-03-16 00:00:00 2024-03-17 10:00:00",
		"2024-03-16T00:00:00.5Z\n2024-03-17T10:00:00Z":     "2024-03-16 00:00:00.500 2024-03-17 10:00:00.000",
		"2024-03-16T00:00:00.000001Z\n2024-03-17T10:00Z":   "2024-03-16T00:00:00.000001Z 2024-03-17T10:00Z", // which is no RFC 3339
		"2024-03-16T00:00:00.000001Z\n2024-03-17 10:00:01": "2024-03-16 00:00:00.000001 2024-03-17 10:00:01.000000",
	} {
		tbl := must(t)(arrowio.DecodeCSV(strings.NewReader("when\n"+text+"\n"), arrowio.CSVOptions{Read: arrowio.ReadOptions{Allocator: checked(t)}}))
		lines := strings.Split(tbl.String(), "\n")
		if got := strings.TrimSpace(lines[3]) + " " + strings.TrimSpace(lines[4]); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}
