package notebook

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"divvy/kernel/cell"
)

func TestFormat(t *testing.T) {
	long := strings.Repeat("wide ", 40)
	tests := []struct {
		source string
		took   time.Duration
		want   string
	}{
		{"x := 1", 800 * time.Millisecond, "✓ [ 3/12] x := 1                          0.8 s"},
		{"import (\n\t\"fmt\"\n)\n\nfmt.Println(1)", 75 * time.Second, "✓ [ 3/12] fmt.Println(1)               1:15 min"},
		{"// Load the data\nx := 1", 2 * time.Hour, "✓ [ 3/12] Load the data                  2:00 h"},
		{"import \"fmt\"", 0, "✓ [ 3/12] import \"fmt\"                    0.0 s"},
		{long, 0, "✓ [ 3/12] wide wide wide wide wide wid…   0.0 s"},
		{"x\x1b[2J\u202e\ty", 0, "✓ [ 3/12] x[2J y                          0.0 s"},
	}
	for _, tc := range tests {
		s := Step{Number: 3, Of: 12, Cell: newCell("code", "", tc.source)}
		got := format(s, "✓", tc.took, 47)
		if got != tc.want {
			t.Errorf("%.40q:\n%s\nwant\n%s", tc.source, got, tc.want)
		}
		if n := utf8.RuneCountInString(got); n > 47 {
			t.Errorf("%.40q: %d columns", tc.source, n)
		}
	}
}

func TestProgress(t *testing.T) {
	var log, screen bytes.Buffer
	for _, p := range []Progress{NewLogProgress(&log), NewTerminalProgress(&screen, 60)} {
		for i, err := range []*cell.Error{nil, {Name: "Panic"}} {
			s := Step{Number: i + 1, Of: 2, Cell: newCell("code", "", "x := 1")}
			p.Start(s)
			p.Done(s, time.Second, err)
		}
	}
	if got := strings.Count(log.String(), "\n"); got != 2 || strings.ContainsAny(log.String(), "\r\x1b") {
		t.Errorf("log %q", log.String())
	}
	if !strings.HasPrefix(log.String(), "✓ [1/2] x := 1") || !strings.Contains(log.String(), "\n✗ [2/2] x := 1") {
		t.Errorf("log %q", log.String())
	}
	if got := screen.String(); strings.Count(got, "\n") != 2 || !strings.HasPrefix(got, "\r… [1/2] x := 1\x1b[K") && !strings.HasPrefix(got, "\r… [1/2] x := 1") {
		t.Errorf("screen %q", got)
	}
}
