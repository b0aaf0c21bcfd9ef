package notebook

import (
	"strings"
	"unicode/utf8"
)

// streamText collects the text of one stream output. Carriage returns and
// backspaces act as on a terminal, as they do in JupyterLab: what a progress bar
// has overwritten is not stored.
type streamText struct {
	output map[string]any // the output that it becomes the text of
	done   strings.Builder
	line   []rune // the current line
	at     int    // where the next character of it goes
	held   bool   // a carriage return came last: it may begin "\r\n"
}

func (t *streamText) write(s string) {
	for len(s) > 0 {
		// The usual text has neither; it is copied a line at a time.
		if len(t.line) == 0 && !t.held {
			if i := strings.LastIndexByte(s, '\n'); i >= 0 && !strings.ContainsAny(s[:i], "\r\b") {
				t.done.WriteString(s[:i+1])
				s = s[i+1:]
				continue
			}
		}
		i := strings.IndexByte(s, '\n') + 1
		if i == 0 {
			i = len(s)
		}
		t.overwrite(s[:i])
		s = s[i:]
	}
}

// overwrite handles text that may end with a newline, and has none before.
func (t *streamText) overwrite(s string) {
	for len(s) > 0 {
		if rest, ok := strings.CutPrefix(s, "\x1b[K"); ok { // erase to the end of the line
			if t.held {
				t.at, t.held = 0, false
			}
			t.line, s = t.line[:t.at], rest
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		if r == '\n' {
			t.done.WriteString(string(t.line))
			t.done.WriteByte('\n')
			t.line, t.at, t.held = t.line[:0], 0, false
			continue
		}
		if t.held {
			t.at, t.held = 0, false
		}
		switch r {
		case '\r':
			t.held = true
		case '\b':
			t.at = max(0, t.at-1)
		default:
			if t.at < len(t.line) {
				t.line[t.at] = r
			} else {
				t.line = append(t.line, r)
			}
			t.at++
		}
	}
}

// String is the text as a terminal would show it now.
func (t *streamText) String() string { return t.done.String() + string(t.line) }
