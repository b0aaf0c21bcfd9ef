package display

import (
	"fmt"
	"html"
	"math"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// bar is a way to show the state of a Progress.
type bar interface {
	draw(s state)
	every() time.Duration
}

// state is what there is to show at one moment.
type state struct {
	what, unit   string
	count, total int64
	spent        time.Duration
	rate         float64 // units per second of late, 0 when not known
	done         bool
}

// share is the part that is done, from 0 to 1.
func (s state) share() float64 {
	if s.total <= 0 {
		return 0
	}
	return min(1, max(0, float64(s.count)/float64(s.total)))
}

// numbers writes counts, rate and times: "1,200/5,000 prompts · 310/s · 12s left".
func (s state) numbers() string {
	out := thousands(s.count)
	if s.total > 0 {
		out += "/" + thousands(s.total)
	}
	out += s.unit
	rate := s.rate
	if (rate == 0 || s.done) && s.spent > 0 {
		rate = float64(s.count) / s.spent.Seconds()
	}
	if rate > 0 {
		out += " · " + rateText(rate)
	}
	switch {
	case s.done:
		out += " · " + duration(s.spent)
	case rate > 0 && s.total > s.count:
		left := float64(s.total-s.count) / rate
		out += " · " + duration(time.Duration(left*float64(time.Second))) + " left"
	}
	return out
}

func (s state) line() string {
	const cells = 24
	out := s.what
	if out != "" {
		out += " "
	}
	if s.total > 0 {
		full := int(s.share() * cells)
		out += fmt.Sprintf("%3.0f%% %s%s ", math.Floor(100*s.share()), strings.Repeat("█", full), strings.Repeat("░", cells-full))
	}
	return out + s.numbers()
}

// html is a bar of inline styles: style sheets do not survive in a notebook
// that the front end does not trust.
func (s state) html() string {
	width, colour := 100*s.share(), "#0072b2"
	if s.total <= 0 {
		width = 100
		colour = "#b8cfe0"
	}
	if s.done {
		colour = "#009e73"
		if s.total > 0 && s.count < s.total { // given up half way
			colour = "#d55e00"
		}
	}
	return fmt.Sprintf(`<div style="font-size:13px;max-width:560px"><div><b>%s</b> <span style="opacity:0.75">%s</span></div>`+
		`<div style="background:rgba(128,128,128,0.25);border-radius:3px;height:8px;margin-top:3px">`+
		`<div style="background:%s;border-radius:3px;height:8px;width:%.1f%%"></div></div></div>`,
		html.EscapeString(s.what), html.EscapeString(s.numbers()), colour, width)
}

// newBar finds out where the progress is seen.
func newBar() bar {
	switch {
	case attached():
		return &notebookBar{handle: NewHandle()}
	case term.IsTerminal(int(os.Stderr.Fd())):
		return &terminalBar{}
	}
	return &logBar{}
}

type notebookBar struct{ handle *Handle }

func (b *notebookBar) every() time.Duration { return 100 * time.Millisecond }
func (b *notebookBar) draw(s state) {
	b.handle.Update(Bundle{Data: map[string]any{MIMEText: s.line(), MIMEHTML: s.html()}})
}

// terminalBar rewrites one line of standard error, so that standard output can
// be piped.
type terminalBar struct{ length int }

func (b *terminalBar) every() time.Duration { return 100 * time.Millisecond }
func (b *terminalBar) draw(s state) {
	line := s.line()
	if w, _, err := term.GetSize(int(os.Stderr.Fd())); err == nil && w > 0 {
		line = firstRunes(line, w-1) // a line that wraps cannot be rewritten
	}
	n := utf8.RuneCountInString(line)
	fmt.Fprint(os.Stderr, "\r"+line+strings.Repeat(" ", max(0, b.length-n)))
	b.length = n
	if s.done {
		fmt.Fprintln(os.Stderr)
	}
}

// logBar writes a line now and then.
type logBar struct{}

func (logBar) every() time.Duration { return 10 * time.Second }
func (logBar) draw(s state) {
	if s.count > 0 || s.done {
		fmt.Fprintln(os.Stderr, s.line())
	}
}

func firstRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:max(n, 0)])
	}
	return s
}

func rateText(r float64) string {
	switch {
	case r >= 100:
		return thousands(int64(math.Round(r))) + "/s"
	case r >= 1:
		return fmt.Sprintf("%.1f/s", r)
	}
	return fmt.Sprintf("%s each", duration(time.Duration(float64(time.Second)/r)))
}

// duration writes a time as people read it: 0.4s, 12s, 3m05s, 2h10m.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	digits := len(strings.TrimPrefix(s, "-"))
	for i := len(s) - 3; digits > 3; i, digits = i-3, digits-3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
