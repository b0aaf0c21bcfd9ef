package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"divvy/kernel/cell"
)

// logPause is how long a display that changes is left alone in a log, where
// nothing can be taken back.
const logPause = 10 * time.Second

// echo prints what cells show: streams as they are, displays and results as text.
// A display of one line that is updated, such as a progress bar, keeps its line of a
// terminal; in a log it has a line when it comes, one in a while, and its last.
type echo struct {
	out, err io.Writer
	columns  int // of the terminal that out is, 0 for a log
	now      func() time.Time

	mu    sync.Mutex
	open  string   // the display whose line the cursor is in
	later []string // displays whose last text is to be printed, oldest first
	texts map[string]string
	told  map[string]time.Time
}

func newEcho(out, err io.Writer, columns int) *echo {
	return &echo{out: out, err: err, columns: columns, now: time.Now, texts: map[string]string{}, told: map[string]time.Time{}}
}

// event prints one event.
func (o *echo) event(e cell.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch e.Kind {
	case cell.Stream:
		o.settle("")
		w := o.out
		if e.Stream == "stderr" {
			w = o.err
		}
		io.WriteString(w, e.Text)
	case cell.Display, cell.UpdateDisplay, cell.ExecuteResult:
		if e.Bundle == nil {
			return
		}
		if text, ok := e.Bundle.Data["text/plain"].(string); ok {
			o.show(e, strings.TrimRight(text, "\n"))
		}
	}
}

func (o *echo) show(e cell.Event, text string) {
	id := e.DisplayID
	o.settle(id)
	changed := e.Kind == cell.UpdateDisplay
	switch {
	case id == "" || strings.Contains(text, "\n"):
		o.settle("")
		fmt.Fprintln(o.out, text)
	case o.columns > 0:
		if n := utf8.RuneCountInString(text); n >= o.columns {
			text = string([]rune(text)[:o.columns-1])
		}
		fmt.Fprint(o.out, "\r\x1b[K", text)
		o.open = id
	case changed && o.now().Sub(o.told[id]) < logPause:
		if _, waits := o.texts[id]; !waits {
			o.later = append(o.later, id)
		}
		o.texts[id] = text
	default:
		o.drop(id)
		o.told[id] = o.now()
		fmt.Fprintln(o.out, text)
	}
}

// drop forgets a text that a newer one replaces.
func (o *echo) drop(id string) {
	if _, waits := o.texts[id]; !waits {
		return
	}
	delete(o.texts, id)
	for i, other := range o.later {
		if other == id {
			o.later = append(o.later[:i], o.later[i+1:]...)
			return
		}
	}
}

// settle ends the line of a display other than the named one, and prints the last
// texts that were held back, because something else is printed now.
func (o *echo) settle(but string) {
	if o.open != "" && o.open != but {
		fmt.Fprintln(o.out)
		o.open = ""
	}
	var keep []string
	for _, id := range o.later {
		if id == but {
			keep = append(keep, id)
			continue
		}
		fmt.Fprintln(o.out, o.texts[id])
		delete(o.texts, id)
	}
	o.later = keep
}

// end is for when all cells have run.
func (o *echo) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settle("")
}
