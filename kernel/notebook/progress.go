package notebook

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"divvy/kernel/cell"
)

// NewTerminalProgress returns a Progress that keeps one line of a terminal up
// to date while a cell runs: which cell of how many, its first line, the time.
// columns is the terminal's width.
func NewTerminalProgress(w io.Writer, columns int) Progress {
	return &terminal{w: w, columns: max(columns, 40)}
}

type terminal struct {
	w       io.Writer
	columns int

	mu   sync.Mutex // one line at a time
	stop chan struct{}
}

func (t *terminal) Start(s Step) {
	begun := time.Now()
	stop := make(chan struct{})
	t.stop = stop
	t.line(s, "…", 0, false)
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				t.mu.Lock()
				select {
				case <-stop: // Done has written the last line
				default:
					t.write(s, "…", time.Since(begun), false)
				}
				t.mu.Unlock()
			case <-stop:
				return
			}
		}
	}()
}

func (t *terminal) Done(s Step, took time.Duration, err *cell.Error) {
	close(t.stop)
	t.line(s, mark(err), took, true)
}

func (t *terminal) line(s Step, mark string, took time.Duration, last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.write(s, mark, took, last)
}

func (t *terminal) write(s Step, mark string, took time.Duration, last bool) {
	end := ""
	if last {
		end = "\n"
	}
	fmt.Fprintf(t.w, "\r%s\x1b[K%s", format(s, mark, took, t.columns-1), end)
}

// NewLogProgress returns a Progress that writes a line for each cell that has
// ended, and one a minute for a cell that takes long: for logs, where nothing
// can be taken back.
func NewLogProgress(w io.Writer) Progress { return &logger{w: w} }

type logger struct {
	w    io.Writer
	mu   sync.Mutex
	stop chan struct{}
}

func (l *logger) Start(s Step) {
	begun := time.Now()
	stop := make(chan struct{})
	l.stop = stop
	go func() {
		tick := time.NewTicker(time.Minute)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				l.print(s, "…", time.Since(begun))
			case <-stop:
				return
			}
		}
	}()
}

func (l *logger) Done(s Step, took time.Duration, err *cell.Error) {
	close(l.stop)
	l.print(s, mark(err), took)
}

func (l *logger) print(s Step, mark string, took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, format(s, mark, took, 100))
}

func mark(err *cell.Error) string {
	if err != nil {
		return "✗"
	}
	return "✓"
}

// format makes the line of a step: "✓ [ 3/12] fig := figure.New()      0.8 s".
func format(s Step, mark string, took time.Duration, columns int) string {
	digits := len(fmt.Sprint(s.Of))
	head := fmt.Sprintf("%s [%*d/%d] ", mark, digits, s.Number, s.Of)
	tail := fmt.Sprintf(" %7s", seconds(took))
	room := columns - utf8.RuneCountInString(head) - len(tail)
	title := clip(title(s.Cell), room)
	return head + title + strings.Repeat(" ", max(0, room-utf8.RuneCountInString(title))) + tail
}

// seconds writes a time for people.
func seconds(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d:%02d min", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d:%02d h", int(d.Hours()), int(d.Minutes())%60)
}

// title is the first line of a cell that says something: code rather than an
// import, a comment or a bracket.
func title(c *Cell) string {
	first := ""
	inImport := false
	for line := range strings.Lines(c.Source()) {
		line = strings.Join(strings.Fields(printable(line)), " ")
		if first == "" {
			first = line
		}
		switch {
		case inImport:
			inImport = line != ")"
		case line == "import (":
			inImport = true
		case line == "", line == ")", line == "}", strings.HasPrefix(line, "import "):
		case strings.HasPrefix(line, "//"):
			return strings.TrimSpace(strings.TrimLeft(line, "/ %"))
		default:
			return line
		}
	}
	return first
}

// printable takes out what could steer a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\t' || r == '\n' {
			return r
		}
		return -1
	}, s)
}

func clip(s string, n int) string {
	if n < 1 {
		return ""
	}
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
