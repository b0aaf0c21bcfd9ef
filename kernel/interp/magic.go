package interp

import (
	"context"
	"fmt"
	"go/types"
	"slices"
	"strings"
	"unicode/utf8"

	"divvy/kernel/cell"
)

// A magic is a line that is no Go: %name or !command. A cell whose first line
// is %%name belongs to that magic as a whole.

// magic is a command with what %help says of it.
type magic struct {
	name, args, help string
	run              func(s *Session, r *run, c invocation) error
	more             string // what %help says when it is asked about this one
}

// invocation is a magic as it stands in a cell: what follows its name, the lines
// below for one that takes the whole cell, and where what follows begins.
type invocation struct {
	args, body   string
	line, column int // lines before it, bytes before it on its line
}

// code is Go on the magic's line and below, with all at the places that it has in
// the cell.
func (c invocation) code() string {
	return strings.Repeat("\n", c.line) + strings.Repeat(" ", c.column) + c.args + "\n" + c.body
}

// names are the ways to write a magic: some take a line or, with one more %, a cell.
func (m magic) names() []string {
	switch m.name {
	case "%time", "%timeit", "%sql":
		return []string{m.name, "%" + m.name}
	}
	return []string{m.name}
}

// magics lists the commands.
func magics() []magic {
	return []magic{
		{"%time", "statements", "runs statements and tells how long they took; %%time does so for a cell", (*Session).magicTime, ""},
		{"%timeit", "statements", "runs statements many times and tells how long one run takes; %%timeit for a cell", (*Session).magicTimeit, ""},
		{"%sql", "QUERY", "runs a query over the session's tables; %%sql [NAME] for a cell, NAME keeps the result", (*Session).magicSQL, sqlHelp},
		{"%who", "", "lists the variables, functions and types of the session", (*Session).magicWho, ""},
		{"%reset", "", "forgets all that cells have declared", (*Session).magicReset, ""},
		{"%env", "[NAME[=VALUE]]", "shows or sets environment variables", (*Session).magicEnv, ""},
		{"%cd", "[DIR]", "changes the working directory; - is the one before, none your home", (*Session).magicCd, ""},
		{"%load", "FILE", "runs a Go file as if it were a cell", (*Session).magicLoad, ""},
		{"%pkg", "add|remove|list …", "lets cells import another module: %pkg add MODULE[@VERSION], or a local one's folder", (*Session).magicPkg, ""},
		{"%help", "[COMMAND]", "lists these commands, or tells more of one", (*Session).magicHelp, ""},
		{"%%native", "", "compiles the cell's functions with the go tool; other cells call them as before", (*Session).magicNative, nativeHelp},
		{"%%bash", "", "runs the cell in bash", (*Session).magicBash, ""},
		{"%%writefile", "[-a] FILE", "writes the cell to a file; -a appends", (*Session).magicWriteFile, ""},
		{"%%html", "", "shows the cell as HTML", (*Session).magicHTML, ""},
		{"%%markdown", "", "shows the cell as Markdown", (*Session).magicMarkdown, ""},
		{"!", "COMMAND", "runs a shell command", nil, ""},
	}
}

// nativeHelp is what %help %%native adds.
const nativeHelp = `The cell holds functions, types and constants. Its functions, and what they need
of earlier cells, are compiled and run in a process of their own; they are
called, completed and redefined like any others. Programs are kept in your cache
folder. Slices, maps and pointers that are passed are changed in place; an error
comes back as its text. Session variables are not seen: pass them. Functions
that take or return functions, channels or interfaces, methods, and generic
functions are compiled for use by the others, and interpreted when a cell calls
them. A call costs about 20 microseconds, 1e6 float64 about 5 ms: do the loop on
the compiled side. An interrupt ends the process and leaves the session as it was.
Without a go tool the cell is interpreted.`

// isMagic reports whether a cell begins with a magic.
func isMagic(code string) bool {
	t := strings.TrimLeft(code, " \t\r\n")
	return strings.HasPrefix(t, "%") || isShell(t, func(string) bool { return false })
}

// isShell reports whether a line runs a command: !x is Go where x is a name
// that the session knows.
func isShell(line string, known func(name string) bool) bool {
	rest, ok := strings.CutPrefix(line, "!")
	if !ok || rest == "" || strings.HasPrefix(rest, "=") || strings.HasPrefix(rest, "(") || strings.HasPrefix(rest, "!") {
		return false
	}
	name := wordAt(rest, 0)
	if name == "true" || name == "false" || known(name) {
		return false
	}
	return true
}

// segment is a part of a cell that is run by itself: Go, or a magic.
type segment struct {
	magic  string // the line, or "" for Go
	line   int    // lines of the cell before the magic
	indent int    // bytes before it on its line
	code   string // Go, with the other lines blank so that places stay
}

// segments cuts a cell at its magic lines. A line within an unfinished piece
// of Go is no magic.
func (s *Session) segments(code string) []segment {
	if !strings.Contains(code, "%") && !strings.Contains(code, "!") {
		return []segment{{code: code}}
	}
	lines := strings.SplitAfter(code, "\n")
	var out []segment
	var cur strings.Builder
	pending := false // cur holds Go
	blankLines := 0
	flush := func() {
		if pending {
			out = append(out, segment{code: cur.String()})
		}
		cur.Reset()
		cur.WriteString(strings.Repeat("\n", blankLines))
		pending = false
	}
	written := map[string]bool{} // names in the Go before
	known := func(name string) bool { return written[name] || s.knows(name) }
	for _, line := range lines {
		text := strings.TrimSpace(line)
		magic := strings.HasPrefix(text, "%") || isShell(text, known)
		if magic && pending && completeness(cur.String()).Status == "incomplete" {
			magic = false
		}
		blankLines++
		if magic {
			flush()
			out = append(out, segment{magic: text, line: blankLines - 1, indent: strings.Index(line, text)})
			continue
		}
		for _, name := range strings.FieldsFunc(line, func(r rune) bool { return r < 0x80 && !isIdent(byte(r)) }) {
			written[name] = true
		}
		cur.WriteString(line)
		pending = pending || text != ""
	}
	flush()
	return out
}

// knows reports whether a name means something in the session.
func (s *Session) knows(name string) bool {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	return s.engine.vars[name] != nil || s.engine.decls[name] != nil || s.engine.imports[name] != "" || types.Universe.Lookup(name) != nil
}

// runCell runs all of a cell.
func (s *Session) runCell(r *run, code string) error {
	trimmed := strings.TrimLeft(code, " \t\r\n")
	if strings.HasPrefix(trimmed, "%%") {
		head, body, _ := strings.Cut(trimmed, "\n")
		before := code[:len(code)-len(trimmed)]
		return s.runMagic(r, segment{magic: strings.TrimSpace(head), line: strings.Count(before, "\n"), indent: len(before) - strings.LastIndexByte(before, '\n') - 1}, body)
	}
	for _, seg := range s.segments(code) {
		err := r.ctx.Err()
		switch {
		case err != nil:
			return context.Cause(r.ctx)
		case seg.magic != "":
			if err = wholeCell(seg.magic); err == nil {
				err = s.runMagic(r, seg, "")
			}
		default:
			err = s.engine.eval(r, seg.code)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// magicError is a magic that could not do what it should.
type magicError struct{ err error }

func (e *magicError) Error() string { return e.err.Error() }
func (e *magicError) Unwrap() error { return e.err }

// wholeCell refuses a magic that takes a whole cell within one.
func wholeCell(line string) error {
	if name, _, _ := strings.Cut(line, " "); strings.HasPrefix(name, "%%") {
		return &magicError{fmt.Errorf("%s takes the whole cell: it has to be the first line", name)}
	}
	return nil
}

func (s *Session) runMagic(r *run, seg segment, body string) error {
	line := seg.magic
	if cmd, ok := strings.CutPrefix(line, "!"); ok {
		return s.shell(r, cmd, "")
	}
	name, rest, _ := strings.Cut(line, " ")
	c := invocation{args: strings.TrimSpace(rest), body: body, line: seg.line}
	c.column = seg.indent + len(line) - len(strings.TrimLeft(rest, " \t"))
	for _, m := range magics() {
		if slices.Contains(m.names(), name) {
			return m.run(s, r, c)
		}
	}
	for _, m := range magics() {
		if m.name != "!" && strings.TrimLeft(m.name, "%") == strings.ToLower(strings.TrimLeft(name, "%")) {
			return &magicError{fmt.Errorf("%s is not a command here; did you mean %s?", name, m.name)}
		}
	}
	return &magicError{fmt.Errorf("%s is not a command here; %%help lists them", name)}
}

// completeMagic completes the names of magics.
func completeMagic(code string, at int) (cell.Completion, bool) {
	line := code[strings.LastIndexByte(code[:at], '\n')+1 : at]
	if !strings.HasPrefix(line, "%") || strings.ContainsAny(line, " \t") {
		return cell.Completion{}, false
	}
	end := utf8.RuneCountInString(code[:at])
	c := cell.Completion{Start: end - utf8.RuneCountInString(line), End: end}
	for _, m := range magics() {
		for _, name := range m.names() {
			if strings.HasPrefix(name, line) {
				c.Matches = append(c.Matches, cell.Match{Text: name, Kind: "keyword", Signature: m.help})
			}
		}
	}
	return c, true
}

// inspectMagic describes the magic that a cell begins with.
func inspectMagic(code string) (cell.Inspection, bool) {
	name := strings.TrimSpace(code)
	if i := strings.IndexAny(name, " \t\n"); i >= 0 {
		name = name[:i]
	}
	for _, m := range magics() {
		if slices.Contains(m.names(), name) {
			return cell.Inspection{Found: true, Bundle: cell.Bundle{Data: map[string]any{"text/plain": m.describe()}}}, true
		}
	}
	return cell.Inspection{}, false
}
