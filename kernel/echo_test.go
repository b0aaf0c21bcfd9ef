package main

import (
	"strings"
	"testing"
	"time"

	"divvy/kernel/cell"
)

func TestEcho(t *testing.T) {
	text := func(kind, id, s string) cell.Event {
		return cell.Event{Kind: kind, DisplayID: id, Bundle: &cell.Bundle{Data: map[string]any{"text/plain": s}}}
	}
	printed := func(s string) cell.Event { return cell.Event{Kind: cell.Stream, Stream: "stdout", Text: s} }
	bar := []cell.Event{text(cell.Display, "b", "0/3"), text(cell.UpdateDisplay, "b", "1/3"), text(cell.UpdateDisplay, "b", "3/3")}
	tests := []struct {
		name          string
		events        []cell.Event
		log, terminal string
	}{
		{"streams and results", []cell.Event{printed("a"), printed("b\n"), text(cell.ExecuteResult, "", "42")}, "ab\n42\n", "ab\n42\n"},
		{"a bar", bar, "0/3\n3/3\n", "\r\x1b[K0/3\r\x1b[K1/3\r\x1b[K3/3\n"},
		{"a bar and then a print", append(bar[:2:2], printed("x\n"), bar[2]), "0/3\n1/3\nx\n3/3\n", "\r\x1b[K0/3\r\x1b[K1/3\nx\n\r\x1b[K3/3\n"},
		{"several lines", []cell.Event{text(cell.Display, "t", "a\nb"), text(cell.UpdateDisplay, "t", "a\nc")}, "a\nb\na\nc\n", "a\nb\na\nc\n"},
		{"too long", []cell.Event{text(cell.Display, "b", strings.Repeat("x", 50))}, strings.Repeat("x", 50) + "\n", "\r\x1b[K" + strings.Repeat("x", 39) + "\n"},
		{"no text", []cell.Event{{Kind: cell.Display, Bundle: &cell.Bundle{Data: map[string]any{"text/html": "x"}}}, {Kind: cell.ClearOutput}}, "", ""},
	}
	for _, tc := range tests {
		for columns, want := range map[int]string{0: tc.log, 40: tc.terminal} {
			var out, err strings.Builder
			o := newEcho(&out, &err, columns)
			for _, e := range tc.events {
				o.event(e)
			}
			o.end()
			if out.String() != want || err.Len() > 0 {
				t.Errorf("%s, %d columns: %q, want %q", tc.name, columns, out.String(), want)
			}
		}
	}
}

// A log tells now and then how far a long bar has come.
func TestEchoInALog(t *testing.T) {
	var out strings.Builder
	o := newEcho(&out, &out, 0)
	now := time.Now()
	o.now = func() time.Time { return now }
	for _, s := range []string{"0", "1", "2", "3"} {
		kind := cell.UpdateDisplay
		if s == "0" {
			kind = cell.Display
		}
		o.event(cell.Event{Kind: kind, DisplayID: "b", Bundle: &cell.Bundle{Data: map[string]any{"text/plain": s}}})
		now = now.Add(6 * time.Second)
	}
	o.end()
	if out.String() != "0\n2\n3\n" {
		t.Errorf("%q", out.String())
	}
}
