package arrowio_test

import (
	"fmt"
	"strings"
	"testing"

	"divvy/arrowio"
)

// TestJSONLimits: text that is no table ends with an error, not with all memory.
func TestJSONLimits(t *testing.T) {
	const many = 1_000_000
	nested := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	ids := func(n int) string { // a map from ids to what belongs to them, one a line
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "{\"id%d\": 1}\n", i)
		}
		return b.String()
	}
	wide := `{"a": 0`
	for i := range 12_000 {
		wide += fmt.Sprintf(`, "w%d": %d`, i, i)
	}
	for name, c := range map[string]struct{ text, want string }{
		"objects that never end": {strings.Repeat(`{"a":`, many), "line 1: "},
		"lists that never end":   {`{"a":` + strings.Repeat("[", many), "line 1: "},
		"deep":                   {nested(many), "line 1: "},
		"deep enough":            {nested(65), ""},
		"too deep":               {nested(66), "nested deeper than 64 levels"},
		"ids for keys":           {ids(60_000), "line 10001: "},
		"few ids for keys":       {ids(1000), ""},
		"one wide row":           {wide + "}\n" + wide + "}", ""},
	} {
		tbl, err := arrowio.DecodeJSONLines(strings.NewReader(c.text))
		if err == nil {
			tbl.Release()
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 2000) {
			t.Errorf("%s: %.3000v", name, err)
		}
	}
}
