package interp_test

import (
	"context"
	"strings"
	"testing"

	"divvy/kernel/cell"
)

// A slice of structs is shown as a table, of a cell's type as of a library's.
func TestSlicesOfStructsAreTables(t *testing.T) {
	for code, want := range map[string][]string{
		"type run struct {\n\tName string\n\tSize int\n\treward float64\n}\n[]run{{\"first\", 500, 0.5}, {\"second\", 1000, 0.75}}": {">Name<", ">Size<", ">reward<", ">first<", ">1000<", ">0.75<"},
		"type run struct{ Name string }\n[]*run{{\"by pointer\"}}":                                                                  nil,
		"type run struct{ Name string }\nfunc (r run) String() string { return r.Name }\n[]run{{\"has text\"}}":                     nil,
		"type run struct{ Do func() }\n[]run{{nil}}":                                                                                nil,
		"type run struct{ N int }\n[]run{}":                                                                                         nil,
		"type runs []struct{ N int }\nruns{{1}, {2}}":                                                                               {">N<", ">2<"},
		"[]struct{ N int }{{1}, {2}}":                                                                                               {">N<", ">2<"},
	} {
		s := session(t)
		out := &collector{}
		if r := s.Execute(context.Background(), cell.Request{Count: 1, Code: code}, out); r.Error != nil {
			t.Errorf("%s: %v", code, r.Error)
			continue
		}
		page := ""
		for _, e := range out.events {
			if e.Kind == cell.ExecuteResult {
				page, _ = e.Bundle.Data["text/html"].(string)
			}
		}
		if (page != "") != (want != nil) {
			t.Errorf("%s: page %q", code, page)
		}
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s: no %q in %s", code, w, page)
			}
		}
		if shownBy(out) == "" {
			t.Errorf("%s: no text", code)
		}
	}
}

// Tables are made of a cell's structs, with all of their fields.
func TestTablesOfStructs(t *testing.T) {
	s := session(t)
	must(t, s, "type run struct {\n\tName string\n\treward float64\n\tTags []string\n}\nruns := []run{{\"a\", 0.5, nil}, {\"b\", 0.75, []string{\"x\"}}}")
	for code, want := range map[string]string{
		"t, err := arrowio.FromStructs(runs)\nfmt.Sprint(t.Columns(), err)":                                                                                                      "[Name reward Tags] <nil>",
		"t, err := arrowio.FromStructs([]*run{&runs[1]})\nfmt.Sprint(t.Columns(), err)":                                                                                          "[Name reward Tags] <nil>",
		"rewards, err := must(arrowio.FromStructs(runs)).Floats(\"reward\")\nfmt.Sprint(rewards, err)":                                                                           "[0.5 0.75] <nil>",
		"t, err := arrowio.NewTable().Values(\"run\", runs).Build()\nfmt.Sprint(t.Types(), err)":                                                                                 "[struct[3]] <nil>",
		"t, err := must(arrowio.FromStructs(runs)).WithValues(\"again\", runs)\nfmt.Sprint(t.NumCols(), err)":                                                                    "4 <nil>",
		"type small struct{ first, Second, X int }\nt, err := arrowio.FromStructs([]small{{1, 2, 3}})\nfmt.Sprint(t.Columns(), err)":                                             "[first Second X] <nil>",
		"type apart struct {\n\tA int\n\tb int `json:\"-\"`\n\tC int `json:\"-\" xml:\"-\"`\n}\nt, err := arrowio.FromStructs([]apart{{1, 2, 3}})\nfmt.Sprint(t.Columns(), err)": "[A] <nil>",
		"t, err := arrowio.FromStructs([]struct{ A, b int }{{1, 2}})\nfmt.Sprint(t.Columns(), err)":                                                                              "[A b] <nil>",
		"type level int\nt, err := arrowio.NewTable().Values(\"l\", []level{1, 2}).Build()\nfmt.Sprint(t.Types())":                                                               "[i64]",
	} {
		out := &collector{}
		r := s.Execute(context.Background(), cell.Request{Count: 2, Code: code}, out)
		if got := shownBy(out); r.Error != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", code, got, r.Error, want)
		}
	}
}
