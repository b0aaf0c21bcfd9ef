package interp_test

import (
	"context"
	"strings"
	"testing"

	"divvy/arrowio"
	"divvy/arrowio/duckdb"
	"divvy/kernel/cell"
)

func TestSQL(t *testing.T) {
	if !duckdb.Available {
		t.Skip("built without DuckDB")
	}
	s := session(t)
	must(t, s, `runs := must(arrowio.NewTable().Strings("source", []string{"hh", "oasst", "hh"}).Floats("reward", []float64{.1, .5, .7}).Build())
least, source := 0.2, "hh' or true --"
ds := dataset.Example()
law := must(budget.Published("PRO"))`)
	for _, c := range []struct{ code, want string }{
		{"%sql select count(*) as n from runs", "  3"},
		{"%%sql\nselect source, reward\nfrom RUNS -- $10\nwhere reward > $least and source <> 'oasst'", "hh         0.7"},
		{"%%sql select sum(reward) as s\nfrom runs where source = $source", "null"},
		{"%sql select count(*) as n, len(any_value(responses)) as k from ds", "720    4"},
		{"%%sql best\nselect max(reward) as reward from runs", "0.7"},
		{"best.NumRows() + 41", "42"},
		{"x := 5\n%sql select $x + 1 as y", "  6"},
	} {
		out := &collector{}
		var shown []any
		s.OnResult(func(vs []any) { shown = vs })
		r := s.Execute(context.Background(), cell.Request{Code: c.code}, out)
		s.OnResult(nil)
		if r.Error != nil || len(shown) != 1 {
			t.Errorf("%q: %v, %v", c.code, r.Error, shown)
			continue
		}
		text := ""
		switch v := shown[0].(type) {
		case *arrowio.Table:
			text = v.String()
		case int:
			text = map[bool]string{true: "42"}[v == 42]
		}
		if !strings.Contains(text, c.want) {
			t.Errorf("%q shows %v, want %q", c.code, shown[0], c.want)
		}
	}
	for code, want := range map[string]string{
		"%sql":                          "usage: %sql QUERY",
		"%%sql\n\n":                     "usage: %sql QUERY",
		"%sql select * from law":        "Variables of the session that are tables: ",
		"%sql select $nothing":          "$nothing is no variable of the session",
		"%sql selec 1":                  "syntax error at or near \"selec\"",
		"%sql select nothing from runs": "\"nothing\" not found",
	} {
		r := s.Execute(context.Background(), cell.Request{Code: code}, &collector{})
		if r.Error == nil || !strings.Contains(r.Error.Value, want) || strings.Contains(strings.Join(r.Error.Traceback, "\n"), "arrowio.SQL(") {
			t.Errorf("%q: %v, want %q", code, r.Error, want)
		}
	}
}
