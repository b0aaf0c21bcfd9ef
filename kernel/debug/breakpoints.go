package debug

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
)

// breakpoint is one line at which the program is to stop.
type breakpoint struct {
	id        int
	line      int // of the statement
	asked     int // the line that the front end asked for
	condition string
	after     int    // how often it must be reached; 0 is once
	log       string // a message instead of a stop
	problem   string // why it cannot work

	reached atomic.Int64
	failed  atomic.Bool // its condition failed, which has been said
}

// setBreakpoints puts the breakpoints of a cell in the place of those before.
func (t *Tracer) setBreakpoints(path string, points []*breakpoint) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.points[path] = points; len(points) == 0 {
		delete(t.points, path)
	}
	for _, f := range t.funcs[path] {
		t.arm(f)
	}
}

// arm notes the breakpoints of a function at its sites. Of several sites in one
// line the first stops. t.mu is held.
func (t *Tracer) arm(f *Func) {
	byLine := map[int]*breakpoint{}
	for _, p := range t.points[f.path] {
		if p.problem == "" && byLine[p.line] == nil {
			byLine[p.line] = p
		}
	}
	for _, s := range f.Sites {
		if s.Again {
			s.stop.Store(nil)
			continue
		}
		s.stop.Store(byLine[s.Line])
		delete(byLine, s.Line)
	}
}

// hit reports whether a breakpoint that a frame has come to stops it.
func (t *Tracer) hit(fr *Frame, p *breakpoint) bool {
	t.mu.Lock()
	program, tell := t.program, t.events
	t.mu.Unlock()
	if program == nil {
		return false
	}
	if p.condition != "" {
		ok, err := program.Condition(fr, p.condition)
		if err != nil {
			if !p.failed.Swap(true) {
				tell(event{output: fmt.Sprintf("%s: the condition %q of a breakpoint: %v\n", fr.Func.Name, p.condition, err)})
			}
			return true // better once too often than never
		}
		if !ok {
			return false
		}
	}
	if n := p.reached.Add(1); n < int64(p.after) {
		return false
	}
	if p.log != "" {
		tell(event{output: logText(program, fr, p.log) + "\n"})
		return false
	}
	return true
}

// logText fills the expressions in braces of a log point's message in.
func logText(program Program, fr *Frame, message string) string {
	vars := map[string]string{}
	for _, v := range program.Locals(fr) {
		vars[v.Name] = v.Value
	}
	var b strings.Builder
	for {
		open := strings.IndexByte(message, '{')
		end := strings.IndexByte(message, '}')
		if open < 0 || end < open {
			b.WriteString(message)
			return b.String()
		}
		b.WriteString(message[:open])
		name := strings.TrimSpace(message[open+1 : end])
		if v, ok := vars[name]; ok {
			b.WriteString(v)
		} else {
			b.WriteString("{" + name + "}")
		}
		message = message[end+1:]
	}
}

// hitCount reads a hit condition: a number, or one after >= or ==.
func hitCount(s string) (int, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimLeft(s, ">= ")))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("the hit condition %q is no number", s)
	}
	return n, nil
}
