package train

import (
	"fmt"
	"html"
	"strings"
	"time"
	"unicode/utf8"

	"divvy/stdlib/display"
)

// streams turns the tokens of several texts into pieces of text. What may yet
// change is held back: the bytes of half a character, white space at the end,
// and what may be the beginning of a stop.
type streams struct {
	decode func([]int32) (string, error)
	stops  []string
	emit   func(prompt int, text string) // nil: nobody
	texts  map[int]*streamed
	live   *liveTexts
}

type streamed struct {
	ids  []int32
	sent string
}

func newStreams(decode func([]int32) (string, error), stops []string, emit func(int, string)) *streams {
	return &streams{decode: decode, stops: stops, emit: emit, texts: map[int]*streamed{}}
}

// show also shows the texts in the notebook.
func (s *streams) show(prompts []string) { s.live = newLiveTexts(prompts) }

// token is told of each token.
func (s *streams) token(prompt int, id int32) {
	if s.emit == nil && s.live == nil {
		return
	}
	t := s.texts[prompt]
	if t == nil {
		t = &streamed{}
		s.texts[prompt] = t
	}
	t.ids = append(t.ids, id)
	text, err := s.decode(t.ids)
	if err != nil {
		return // the end says so
	}
	s.send(prompt, t, s.settled(text))
}

// settled is the part of an unfinished text that will not change.
func (s *streams) settled(text string) string {
	text = strings.TrimLeft(text, " \t\r\n")
	if at := cutAt(text, s.stops); at >= 0 {
		return strings.TrimSpace(text[:at])
	}
	// Decoding puts this in the place of bytes that are no character, yet.
	text = strings.TrimRight(text, string(utf8.RuneError))
	hold := 0
	for _, stop := range s.stops {
		for n := min(len(stop)-1, len(text)); n > hold; n-- {
			if strings.HasSuffix(text, stop[:n]) {
				hold = n
			}
		}
	}
	return strings.TrimRight(text[:len(text)-hold], " \t\r\n")
}

// send passes on what of text was not sent yet.
func (s *streams) send(prompt int, t *streamed, text string) {
	if len(text) <= len(t.sent) || !strings.HasPrefix(text, t.sent) {
		return
	}
	piece := text[len(t.sent):]
	t.sent = text
	if s.emit != nil {
		s.emit(prompt, piece)
	}
	if s.live != nil {
		s.live.text(prompt, text)
	}
}

// end sends the rest of a text that is written.
func (s *streams) end(prompt int, text string) {
	if t := s.texts[prompt]; t != nil {
		s.send(prompt, t, text)
	}
}

// close leaves the last state standing.
func (s *streams) close() {
	if s.live != nil {
		s.live.draw()
	}
}

// liveTexts shows texts while they are written.
type liveTexts struct {
	prompts, texts []string
	handle         *display.Handle
	drawn          time.Time
}

// shownTexts is how many are shown, each with the end of its prompt.
const (
	shownTexts  = 6
	shownPrompt = 160
	liveEvery   = 200 * time.Millisecond
)

func newLiveTexts(prompts []string) *liveTexts {
	n := min(len(prompts), shownTexts)
	return &liveTexts{prompts: prompts[:n], texts: make([]string, n), handle: display.NewHandle()}
}

func (l *liveTexts) text(prompt int, text string) {
	if prompt >= len(l.texts) {
		return
	}
	l.texts[prompt] = text
	if time.Since(l.drawn) > liveEvery {
		l.draw()
	}
}

func (l *liveTexts) draw() {
	l.drawn = time.Now()
	l.handle.Update(*l)
}

// String is the texts, each below the end of its prompt.
func (l liveTexts) String() string {
	var b strings.Builder
	for i, t := range l.texts {
		fmt.Fprintf(&b, "%s\n  > %s\n", l.end(i), t)
	}
	return b.String()
}

// MIMEBundle adds the form for a notebook.
func (l liveTexts) MIMEBundle() map[string]any {
	var b strings.Builder
	for i, t := range l.texts {
		fmt.Fprintf(&b, `<p style="margin:0.4em 0"><span style="opacity:0.6;white-space:pre-wrap">%s</span> <b style="white-space:pre-wrap">%s</b></p>`,
			html.EscapeString(l.end(i)), html.EscapeString(t))
	}
	return map[string]any{display.MIMEText: l.String(), display.MIMEHTML: b.String()}
}

// end is the end of a prompt, on one line.
func (l liveTexts) end(i int) string {
	p := []rune(strings.Join(strings.Fields(l.prompts[i]), " "))
	if n := len(p) - shownPrompt; n > 0 {
		return "…" + string(p[n:])
	}
	return string(p)
}
