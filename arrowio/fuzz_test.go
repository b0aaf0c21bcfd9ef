package arrowio_test

import (
	"strings"
	"testing"

	"divvy/arrowio"
)

// FuzzExpression gives the parser what nobody would write: an error or a table.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{"n > 1 and ok", "if(ok, 'a', text) == `text`", "n in (1, 2.5e3) or not is_null(score)", "-(-n) % 3 <> 1", "'\\n''\"", "((", "when > '2024-01-01'"} {
		f.Add(s)
	}
	tbl := sample(f, checked(f))
	f.Fuzz(func(t *testing.T, s string) {
		for _, run := range []func(string) (*arrowio.Table, error){tbl.Filter, func(s string) (*arrowio.Table, error) { return tbl.WithColumn("y", s) }} {
			if got, err := run(s); err == nil {
				got.Release()
			}
		}
	})
}

// FuzzText reads any text as CSV and as JSON lines; what comes back as CSV is
// read again as the same table.
func FuzzText(f *testing.F) {
	for _, s := range []string{"a,b\n1,x\n", "a\n\"1\"\"\"\n", "{\"a\":[1,{\"b\":null}]}\n", "a,a\r\n,\r\n", "a\n2024-01-02T03:04:05Z\n", "\xef\xbb\xbfa\n00\n", "0,\x000\x000\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if tbl, err := arrowio.DecodeJSONLines(strings.NewReader(s)); err == nil {
			_ = tbl.String()
		}
		tbl, err := arrowio.DecodeCSV(strings.NewReader(s))
		if err != nil || tbl.NumCols() < 2 { // an empty line of one column is a null
			return
		}
		var out strings.Builder
		if err := tbl.EncodeCSV(&out); err != nil {
			t.Fatal(err)
		}
		// Much NUL looks like UTF-16, unless one says what it is.
		back, err := arrowio.DecodeCSV(strings.NewReader(out.String()), arrowio.CSVOptions{Read: arrowio.ReadOptions{Encoding: "utf-8"}})
		if err != nil {
			t.Fatalf("%v\n%q", err, out.String())
		}
		if a, b := tbl.View(arrowio.ViewOptions{Rows: 1 << 20}).String(), back.View(arrowio.ViewOptions{Rows: 1 << 20}).String(); a != b {
			t.Errorf("%q became %q:\n%s\n%s", s, out.String(), a, b)
		}
	})
}
