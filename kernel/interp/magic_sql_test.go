package interp_test

import (
	"context"
	"os"
	"slices"
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

func TestCompleteSQL(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("runs.parquet", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := session(t)
	must(t, s, `runs := must(arrowio.NewTable().Strings("source", []string{"hh"}).Floats("reward", []float64{.1}).Floats("a b", []float64{.1}).Build())
other := must(runs.Rename("source", "origin"))
least, rewarded := 0.2, true
ds := dataset.Example()`)
	for _, c := range []struct{ code, want, not string }{
		{"%%sql\nselect | from runs", "source reward \"a b\" runs other ds", "origin select rewarded"},
		{"%%sql best\nselect rew| from runs", "reward", "source rewarded"},
		{"%%sql\nselect * fr|", "from", "FROM runs"},
		{"%%sql\nSELECT * FR|", "FROM", "from"},
		{"%%sql\nselect * from o|", "other on", "runs"},
		{"%%sql\nselect a.x from other as a where other.|", "origin reward", "source runs select"},
		{"%%sql\nselect * from runs where reward > $le|", "least", "len lead"},
		{"%%sql\nselect * from 'ru|'", "runs.parquet", "runs"},
		{"  %sql select so| from runs", "source", ""},
		{"x := 1\n%sql select * from d|", "ds", "display"},
		{"%sq|", "%sql", "%%sql"},
		{"%%s|", "%%sql", "%sql"},
		{"%sql select 1\nle|", "least len", "lead"},
	} {
		code, at := strings.Replace(c.code, "|", "", 1), strings.Index(c.code, "|")
		got, err := s.Complete(context.Background(), code, at)
		if err != nil {
			t.Error(err)
		}
		var names []string
		for _, m := range got.Matches {
			names = append(names, m.Text)
		}
		for _, w := range strings.Fields(strings.ReplaceAll(c.want, `"a b"`, "a_b")) {
			if w = strings.ReplaceAll(w, "a_b", `"a b"`); !slices.Contains(names, w) {
				t.Errorf("%q: %s is missing in %q", c.code, w, names)
			}
		}
		for _, w := range strings.Fields(c.not) {
			if slices.Contains(names, w) {
				t.Errorf("%q: %s is in %q", c.code, w, names)
			}
		}
	}
}
