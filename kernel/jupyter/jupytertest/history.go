package jupytertest

import (
	"fmt"
	"strings"
	"testing"

	"divvy/kernel/jupyter"
)

// CheckHistory checks what every history must do. h is empty and its session
// the first.
func CheckHistory(t *testing.T, h jupyter.History) {
	t.Helper()
	show := func(entries []jupyter.Entry, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, e := range entries {
			all = append(all, fmt.Sprintf("%d/%d %s", e.Session, e.Line, strings.ReplaceAll(e.Input, "\n", "¶")))
		}
		return strings.Join(all, ", ")
	}
	if got := show(h.Tail(5)); got != "" {
		t.Errorf("at first there is %s", got)
	}
	for i, input := range []string{"a := 1", "b[0]", "a := 1", "café\nif x {\n}", "A := 1", "a := 1"} {
		if err := h.Append(jupyter.Entry{Session: 99, Line: i + 1, Input: input, Output: fmt.Sprint("out", i+1)}); err != nil {
			t.Fatal(err)
		}
	}
	const all = "1/1 a := 1, 1/2 b[0], 1/3 a := 1, 1/4 café¶if x {¶}, 1/5 A := 1, 1/6 a := 1"
	for _, test := range []struct {
		name, got, want string
	}{
		{"tail", show(h.Tail(2)), "1/5 A := 1, 1/6 a := 1"},
		{"whole tail", show(h.Tail(0)), all},
		{"tail of more than there is", show(h.Tail(100)), all},
		{"range", show(h.Range(0, 2, 4)), "1/2 b[0], 1/3 a := 1"},
		{"range of the session by number", show(h.Range(1, 1, 3)), "1/1 a := 1, 1/2 b[0]"},
		{"open range", show(h.Range(0, 5, 0)), "1/5 A := 1, 1/6 a := 1"},
		{"whole range", show(h.Range(0, 0, 0)), all},
		{"empty range", show(h.Range(0, 4, 4)), ""},
		{"range of a session that was not", show(h.Range(-1, 0, 0)), ""},
		{"range of a session to come", show(h.Range(7, 0, 0)), ""},
		{"search", show(h.Search("a*", 0, false)), "1/1 a := 1, 1/3 a := 1, 1/6 a := 1"},
		{"search is for the whole input", show(h.Search("a", 0, false)), ""},
		{"search, last two", show(h.Search("a*", 2, false)), "1/3 a := 1, 1/6 a := 1"},
		{"search, unique", show(h.Search("*:= 1", 0, true)), "1/5 A := 1, 1/6 a := 1"},
		{"search, unique, last", show(h.Search("*", 2, true)), "1/5 A := 1, 1/6 a := 1"},
		{"question mark", show(h.Search("? := 1", 1, false)), "1/6 a := 1"},
		{"question mark is a character", show(h.Search("caf?¶*", 0, false)) + show(h.Search("caf?\n*", 0, false)), "1/4 café¶if x {¶}"},
		{"over lines", show(h.Search("*if*}", 0, false)), "1/4 café¶if x {¶}"},
		{"brackets are themselves", show(h.Search("b[0]", 0, false)), "1/2 b[0]"},
		{"an open bracket", show(h.Search("b[*", 0, false)), "1/2 b[0]"},
		{"nothing", show(h.Search("zzz*", 0, true)), ""},
	} {
		if test.got != test.want {
			t.Errorf("%s: %q, not %q", test.name, test.got, test.want)
		}
	}
	if entries, err := h.Tail(1); err != nil || entries[0].Output != "out6" {
		t.Errorf("output: %v, %v", entries, err)
	}
}
