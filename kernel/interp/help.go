package interp

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"divvy/kernel/cell"
)

// helpQuestion is a name with a question mark before or behind it, two for all
// that is known, as in IPython. No Go begins or ends so.
var helpQuestion = regexp.MustCompile(`^\s*(?:(\?\??)\s*([\pL_][\pL\pN_]*(?:\.[\pL_][\pL\pN_]*)*)|([\pL_][\pL\pN_]*(?:\.[\pL_][\pL\pN_]*)*)\s*(\?\??))\s*$`)

// helpOn tells whether a cell asks about a name, and how much it wants to know.
func helpOn(code string) (name string, detail int, ok bool) {
	m := helpQuestion.FindStringSubmatch(code)
	if m == nil {
		return "", 0, false
	}
	return m[2] + m[3], len(m[1]+m[4]) - 1, true
}

// leaves reports whether a cell is the word with which people leave a console. A
// name of their own goes first.
func (s *Session) leaves(code string) bool {
	word := strings.TrimSuffix(strings.TrimSpace(code), "()")
	return (word == "exit" || word == "quit") && !s.knows(word)
}

// help answers a cell that asks about a name: with a page for the pager.
func (s *Session) help(ctx context.Context, r *run, name string, detail int) cell.Result {
	in, err := s.Inspect(ctx, name, utf8.RuneCountInString(name), detail)
	switch {
	case err != nil:
		return cell.Result{Error: s.report(r, err)}
	case !in.Found:
		return cell.Result{Error: s.report(r, fmt.Errorf("nothing is known by the name of %s", name))}
	}
	return cell.Result{Pages: []cell.Bundle{in.Bundle}}
}
