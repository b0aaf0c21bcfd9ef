package interp

import (
	"fmt"
	"reflect"
	"strings"

	"divvy/kernel/cell"
	"divvy/stdlib/display"
)

// setError is an error that a statement at the top of a cell has set.
type setError struct {
	name, place string
	value       any
	unread      bool // by the rest of the cell
	past        bool // the variable was set again
}

// String is the line that tells of it.
func (e setError) String() string {
	return fmt.Sprintf("%s: %s is not nil: %s", e.place, e.name, display.Of(showable(e.value)).Text())
}

// noted takes note of what a statement has set an error to.
func (r *run) noted(name, place string, value any, unread bool) {
	kept := r.errors[:0]
	for _, e := range r.errors {
		if e.name == name {
			e.past = true
		}
		if !e.past || e.unread {
			kept = append(kept, e)
		}
	}
	r.errors = kept
	if value != nil && len(r.errors) < 20 {
		r.errors = append(r.errors, setError{name, place, value, unread, false})
	}
}

// told are the errors that the user has to hear of: those that the cell does not
// look at, and, where they may explain what is missing, all that are set.
func (r *run) told(all bool) (lines []string) {
	for _, e := range r.errors {
		if e.unread || all && !e.past {
			lines = append(lines, e.String())
		}
	}
	return lines
}

// returned takes the results of a cell's last call, whose last one is an error.
func (r *runtime) returned(line int, vs ...any) {
	last := len(vs) - 1
	if vs[last] == nil {
		if last > 0 {
			r.result(vs)
		}
		return
	}
	if r.failed == nil {
		r.result(vs)
		return
	}
	for _, v := range vs[:last] {
		if !isZero(v) {
			r.result(vs[:last])
			break
		}
	}
	r.failed(line, vs[last])
}

// isZero tells whether there is nothing to see in a value.
func isZero(v any) bool {
	v = open(v)
	return v == nil || reflect.ValueOf(v).IsZero()
}

// unhandled is an error that the last call of a cell has returned.
type unhandled struct {
	text string
	line int
}

func (e *unhandled) Error() string { return e.text }

// reportUnhandled is the end of a cell whose last call failed.
func (s *Session) reportUnhandled(r *run, e *unhandled) *cell.Error {
	source, _ := s.sourceLine(r.name, e.line)
	return &cell.Error{
		Name: cell.ErrChecked, Value: e.text,
		Traceback: []string{
			red + "error: " + reset + bold + e.text + reset,
			faint + fmt.Sprintf("    %s:%d", r.name, e.line) + reset + "\t" + strings.TrimSpace(source),
		},
		Diagnostics: []cell.Diagnostic{{Cell: r.name, Line: e.line, Message: e.text}},
	}
}
