package interp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"slices"
	"strings"
	"sync"

	yaegi "github.com/traefik/yaegi/interp"

	"divvy/kernel/cell"
)

// diagnostics collects the errors of a cell; it is itself one.
type diagnostics []cell.Diagnostic

func (d *diagnostics) add(s *engine, p token.Pos, msg string) {
	e := cell.Diagnostic{Cell: s.cellName, Message: plainMessage(msg)}
	if p.IsValid() {
		pos := s.fset.Position(p)
		e.Cell, e.Line, e.Column = cellOf(pos.Filename), pos.Line, pos.Column
	}
	*d = append(*d, e)
}

func (d diagnostics) err() error {
	if len(d) == 0 {
		return nil
	}
	d = slices.Clone(d)
	slices.SortStableFunc(d, func(a, b cell.Diagnostic) int {
		if c := cmp.Compare(a.Line, b.Line); c != 0 || a.Cell != b.Cell {
			return c
		}
		return cmp.Compare(a.Column, b.Column)
	})
	return &compileError{slices.Compact(d)}
}

// compileError is why a cell was not run.
type compileError struct{ list diagnostics }

func (e *compileError) Error() string {
	lines := make([]string, len(e.list))
	for i, d := range e.list {
		lines[i] = place(d) + d.Message
	}
	return strings.Join(lines, "\n")
}

// place writes where a diagnostic is: "In[3]:4:2: ".
func place(d cell.Diagnostic) string {
	switch {
	case d.Cell == "":
		return ""
	case d.Line == 0:
		return d.Cell + ": "
	}
	return fmt.Sprintf("%s:%d:%d: ", d.Cell, d.Line, d.Column)
}

// plainMessage removes internal names from a message.
func plainMessage(s string) string {
	s = strings.ReplaceAll(s, oldSuffix, "")
	s = strings.ReplaceAll(s, " (declared at -)", "") // in compiled code
	for {
		i := strings.Index(s, "pk_")
		if i < 0 {
			return s
		}
		j := i
		for j < len(s) && isIdent(s[j]) {
			j++
		}
		name := s[i:j]
		s = s[:i] + name[strings.LastIndexByte(name, '_')+1:] + s[j:]
	}
}

func cellOf(filename string) string {
	name := strings.TrimSuffix(filename, "/_.go")
	if i := strings.LastIndexByte(name, '/'); i >= 0 && strings.HasPrefix(name[i+1:], "In[") {
		name = name[i+1:]
	}
	return name
}

// pos writes a position: "In[3]:4:2".
func (s *engine) pos(p token.Pos) string {
	at := s.fset.Position(p)
	return fmt.Sprintf("%s:%d:%d", cellOf(at.Filename), at.Line, at.Column)
}

func (s *engine) perr(p token.Pos, format string, a ...any) error {
	var d diagnostics
	d.add(s, p, fmt.Sprintf(format, a...))
	return d.err()
}

// syntaxErrors are the parser's errors, one for a line.
func (s *engine) syntaxErrors(err error) error {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return err
	}
	list = slices.DeleteFunc(list, func(e *scanner.Error) bool { // the scanner has named the character
		return strings.HasSuffix(e.Msg, "found 'ILLEGAL'")
	})
	list.RemoveMultiples()
	lines := strings.Split(s.sources[s.cellName], "\n")
	if n := len(list); n > 1 && beyond(list[n-1], lines) { // what an error before it leads to
		list = list[:n-1]
	}
	var d diagnostics
	for _, e := range list {
		if beyond(e, lines) {
			// The parser met the end of what was put around the cell.
			e.Pos.Line, e.Pos.Column = len(lines), len(lines[len(lines)-1])+1
			if i := strings.Index(e.Msg, "found "); i >= 0 {
				e.Msg = e.Msg[:i] + "found the end of the cell"
			}
		}
		d = append(d, cell.Diagnostic{Cell: cellOf(e.Pos.Filename), Line: e.Pos.Line, Column: e.Pos.Column, Message: "syntax error: " + strings.TrimPrefix(e.Msg, "syntax error: ") + syntaxHint(e.Msg, lineOf(lines, e.Pos.Line), e.Pos.Column)})
	}
	return d.err()
}

// beyond tells whether an error lies in what was put around the cell.
func beyond(e *scanner.Error, lines []string) bool {
	return e.Pos.Line > len(lines) || e.Pos.Line == len(lines) && e.Pos.Column > len(lines[len(lines)-1])
}

// trace collects the frames that a panic unwinds.
type trace struct {
	mu     sync.Mutex
	frames []frame
}

func (t *trace) len() int {
	if t == nil {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.frames)
}

// truncate forgets all but the first n frames.
func (t *trace) truncate(n int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	t.frames = t.frames[:min(n, len(t.frames))]
	t.mu.Unlock()
}

// trace is that of the calling goroutine's cell, or nil.
func (r *runtime) trace() *trace {
	if cur := r.runs.current(); cur != nil {
		return &cur.trace
	}
	return nil
}

// unwinding takes what yaegi writes when a panic passes a frame.
type unwinding struct {
	runs  *runs
	spans *spans
	begun func(text string) // told of each frame
}

func (u unwinding) Write(p []byte) (int, error) {
	u.begun("panic")
	if f, ok := u.spans.frameOf(strings.TrimSuffix(string(p), "\n")); ok {
		if r := u.runs.current(); r != nil {
			r.trace.mu.Lock()
			if len(r.trace.frames) < 1000 {
				r.trace.frames = append(r.trace.frames, f)
			}
			r.trace.mu.Unlock()
		}
	}
	return len(p), nil
}

const (
	red   = "\x1b[31m"
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
	reset = "\x1b[0m"
)

// report describes why a cell failed.
func (s *Session) report(r *run, err error) *cell.Error {
	var (
		ce  *compileError
		pe  yaegi.Panic
		lim *limitation
		me  *magicError
		qe  *queryError
		so  *stackOverflow
		un  *unhandled
	)
	switch {
	case errors.As(err, &ce):
		return s.reportCompile(ce)
	case errors.As(err, &lim):
		msg := lim.Error()
		return &cell.Error{Name: cell.ErrCompile, Value: msg, Traceback: []string{red + cell.ErrCompile + reset + ": " + msg},
			Diagnostics: []cell.Diagnostic{{Cell: r.name, Message: msg}}}
	case errors.As(err, &me):
		return &cell.Error{Name: cell.ErrCompile, Value: me.Error(), Traceback: []string{red + me.Error() + reset}}
	case errors.As(err, &qe):
		return &cell.Error{Name: cell.ErrChecked, Value: qe.Error(), Traceback: []string{red + "error: " + reset + bold + qe.Error() + reset}}
	case errors.As(err, &un):
		return s.reportUnhandled(r, un)
	case errors.As(err, &pe):
		return s.reportPanic(r, pe.Value)
	case errors.As(err, &so):
		return &cell.Error{Name: cell.ErrPanic, Value: so.Error(), Traceback: []string{red + "fatal error: " + reset + bold + so.Error() + reset, faint + "    " + so.place + reset}}
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return &cell.Error{Name: cell.ErrInterrupt, Value: "the cell was interrupted", Traceback: []string{red + cell.ErrInterrupt + reset + ": the cell was interrupted"}}
	case errors.Is(err, context.DeadlineExceeded):
		return &cell.Error{Name: cell.ErrInterrupt, Value: "the cell ran out of time", Traceback: []string{red + cell.ErrInterrupt + reset + ": the cell ran out of time"}}
	}
	return &cell.Error{Name: cell.ErrInternal, Value: err.Error(), Traceback: []string{red + cell.ErrInternal + reset + ": " + err.Error()}}
}

// errInterrupted is the cause of a cell's end by Interrupt.
var errInterrupted = errors.New("interrupted")

func (s *Session) reportCompile(e *compileError) *cell.Error {
	first := e.list[0]
	value := place(first) + first.Message
	if n := len(e.list); n > 1 {
		value += fmt.Sprintf(" (and %d more)", n-1)
	}
	out := &cell.Error{Name: cell.ErrCompile, Value: value, Diagnostics: e.list}
	again := map[string][]string{} // where else there is the same message
	var told diagnostics
	for _, d := range e.list {
		if i := slices.IndexFunc(told, func(t cell.Diagnostic) bool { return t.Message == d.Message && t.Cell == d.Cell }); i >= 0 {
			if at := fmt.Sprint(d.Line); d.Line != told[i].Line && !slices.Contains(again[d.Message], at) {
				again[d.Message] = append(again[d.Message], at)
			}
			continue
		}
		told = append(told, d)
	}
	for i, d := range told {
		if i == mostErrors {
			out.Traceback = append(out.Traceback, fmt.Sprintf("… and %d more errors", len(told)-i))
			break
		}
		out.Traceback = append(out.Traceback, red+place(d)+reset+bold+d.Message+reset)
		out.Traceback = append(out.Traceback, s.excerpt(d)...)
		switch lines := again[d.Message]; len(lines) {
		case 0:
		case 1:
			out.Traceback = append(out.Traceback, "      and in line "+lines[0])
		default:
			out.Traceback = append(out.Traceback, "      and in lines "+strings.Join(lines, ", "))
		}
	}
	return out
}

// mostErrors is how many different errors of a cell are shown, as many as Go's
// compiler shows.
const mostErrors = 10

// excerpt is the source line of a diagnostic with a caret below.
func (s *Session) excerpt(d cell.Diagnostic) []string {
	line, ok := s.sourceLine(d.Cell, d.Line)
	if !ok {
		return nil
	}
	prefix := fmt.Sprintf("%5d | ", d.Line)
	pad := strings.Repeat(" ", 5) + " | "
	for i, c := range line {
		if i >= d.Column-1 {
			break
		}
		if c == '\t' {
			pad += "\t"
		} else {
			pad += " "
		}
	}
	return []string{faint + prefix + reset + line, faint + pad[:8] + reset + pad[8:] + red + "^" + reset}
}

func (s *Session) sourceLine(name string, n int) (string, bool) {
	src, ok := s.engine.sources[name]
	lines := strings.Split(src, "\n")
	if !ok || n < 1 || n > len(lines) {
		return "", false
	}
	return strings.TrimSuffix(lines[n-1], "\r"), true
}

func (s *Session) reportPanic(r *run, v any) *cell.Error {
	r.trace.mu.Lock()
	frames := r.trace.frames
	r.trace.mu.Unlock()
	at := ""
	if p, ok := unwrapValue(v).(*panicked); ok {
		at = p.place
	}
	if e, ok := unwrapValue(v).(exitPanic); ok {
		return &cell.Error{Name: cell.ErrExit, Value: e.Error(), Traceback: []string{red + e.Error() + reset}}
	}
	text := panicText(recovered(v))
	out := &cell.Error{Name: cell.ErrPanic, Value: text, Traceback: []string{red + "panic: " + reset + bold + text + reset}}
	if n := len(frames); n > 1 && frames[0].file == preludeName { // no panic to whoever wrote check(err)
		frames, at = frames[1:], ""
		out.Name, out.Traceback[0] = cell.ErrChecked, red+"error: "+reset+bold+text+reset
	}
	if at != "" {
		frames = s.engine.rt.spans.exact(frames, at)
	}
	last := frame{}
	repeated := 0
	flush := func() {
		if repeated > 0 {
			out.Traceback = append(out.Traceback, faint+fmt.Sprintf("    ... %d more calls of %s", repeated, last.fn)+reset)
			repeated = 0
		}
	}
	for _, f := range frames {
		if f.again(last) {
			if !f.made && !last.made {
				repeated++
			}
			last.made = f.made
			continue
		}
		flush()
		last = f
		out.Diagnostics = append(out.Diagnostics, cell.Diagnostic{Cell: f.file, Line: f.line, Message: text})
		where := f.file
		if f.line > 0 {
			where += fmt.Sprintf(":%d", f.line)
		}
		if f.fn != "" {
			where += " in " + f.fn
		}
		text, _ := s.sourceLine(f.file, f.line)
		out.Traceback = append(out.Traceback, faint+"    "+where+reset+"\t"+strings.TrimSpace(text))
	}
	flush()
	if text == nilDereference.Error() && len(out.Diagnostics) > 0 {
		source, _ := s.sourceLine(out.Diagnostics[0].Cell, out.Diagnostics[0].Line)
		for _, name := range s.engine.nils(source) {
			out.Traceback = append(out.Traceback, name+" is nil: nothing was put into it, or the cell that does so ended before")
		}
	}
	for _, line := range r.told(text == nilDereference.Error()) {
		out.Traceback = append(out.Traceback, line)
	}
	return out
}
