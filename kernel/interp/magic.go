package interp

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/types"
	"os"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"divvy/kernel/cell"
)

// A magic is a line that is no Go: %name or !command. A cell whose first line
// is %%name belongs to that magic as a whole.

// magic is a command with what %help says of it.
type magic struct {
	name, args, help string
	run              func(s *Session, r *run, args, body string) error
}

// magics lists the commands.
func magics() []magic {
	return []magic{
		{"%time", "statements", "runs statements and tells how long they took; %%time does so for a cell", (*Session).magicTime},
		{"%timeit", "statements", "runs statements many times and tells how long one run takes; %%timeit for a cell", (*Session).magicTimeit},
		{"%who", "", "lists the variables, functions and types of the session", (*Session).magicWho},
		{"%reset", "", "forgets all that cells have declared", (*Session).magicReset},
		{"%env", "[NAME[=VALUE]]", "shows or sets environment variables", (*Session).magicEnv},
		{"%cd", "DIR", "changes the working directory", (*Session).magicCd},
		{"%load", "FILE", "runs a Go file as if it were a cell", (*Session).magicLoad},
		{"%pkg", "add|remove|list …", "lets cells import another module: %pkg add MODULE[@VERSION], or a local one's folder", (*Session).magicPkg},
		{"%help", "", "lists these commands", (*Session).magicHelp},
		{"%%native", "", "compiles the cell's functions with the go tool; other cells call them as before", (*Session).magicNative},
		{"%%bash", "", "runs the cell in bash", (*Session).magicBash},
		{"%%writefile", "[-a] FILE", "writes the cell to a file; -a appends", (*Session).magicWriteFile},
		{"%%html", "", "shows the cell as HTML", (*Session).magicHTML},
		{"%%markdown", "", "shows the cell as Markdown", (*Session).magicMarkdown},
		{"!", "COMMAND", "runs a shell command", nil},
	}
}

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
	magic string // the line, or "" for Go
	code  string // Go, with the other lines blank so that places stay
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
			out = append(out, segment{magic: text})
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
		return s.runMagic(r, strings.TrimSpace(head), body)
	}
	for _, seg := range s.segments(code) {
		err := r.ctx.Err()
		switch {
		case err != nil:
			return context.Cause(r.ctx)
		case seg.magic != "":
			err = s.runMagic(r, seg.magic, "")
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

func (s *Session) runMagic(r *run, line, body string) error {
	if cmd, ok := strings.CutPrefix(line, "!"); ok {
		return s.shell(r, cmd, "")
	}
	name, args, _ := strings.Cut(line, " ")
	args = strings.TrimSpace(args)
	for _, m := range magics() {
		if m.name == name || "%"+m.name == name && (m.name == "%time" || m.name == "%timeit") {
			if err := m.run(s, r, args, body); err != nil {
				var p *compileError
				if errors.As(err, &p) || errors.Is(err, errInterrupted) || r.ctx.Err() != nil {
					return err
				}
				return err
			}
			return nil
		}
	}
	return &magicError{fmt.Errorf("%s is not a command here; %%help lists them", name)}
}

func (s *Session) magicTime(r *run, args, body string) error {
	start := time.Now()
	err := s.engine.eval(r, args+"\n"+body)
	if err == nil {
		fmt.Fprintf(s.engine.rt.stdout, "time: %v\n", time.Since(start).Round(time.Microsecond))
	}
	return err
}

func (s *Session) magicTimeit(r *run, args, body string) error {
	code := strings.TrimSpace(args + "\n" + body)
	if x, err := parser.ParseExpr(code); err == nil {
		if _, ok := x.(*ast.CallExpr); !ok { // a value alone is no statement
			code = "_ = " + code
		}
	}
	timed := func(n int) (time.Duration, error) {
		start := time.Now()
		err := s.engine.eval(r, fmt.Sprintf("for range %d {\n%s\n}", n, code))
		return time.Since(start), err
	}
	n := 1
	for {
		d, err := timed(n)
		if err != nil {
			return err
		}
		if d > 100*time.Millisecond || n >= 1<<24 {
			break
		}
		n *= 4
	}
	var runs []time.Duration
	for range 5 {
		d, err := timed(n)
		if err != nil {
			return err
		}
		runs = append(runs, d/time.Duration(n))
	}
	slices.Sort(runs)
	fmt.Fprintf(s.engine.rt.stdout, "%v per loop (median of %d runs of %d loops; %v to %v)\n", runs[2], len(runs), n, runs[0], runs[len(runs)-1])
	return nil
}

func (s *Session) magicWho(r *run, _, _ string) error {
	var lines []string
	s.engine.mu.Lock()
	for n, v := range s.engine.vars {
		if !v.predeclared {
			lines = append(lines, fmt.Sprintf("var  %-16s %s", n, types.TypeString(v.typ, shortQualifier)))
		}
	}
	for k, d := range s.engine.decls {
		kind := "func"
		if !strings.Contains(k, ".") && s.engine.pkg != nil {
			if _, ok := s.engine.pkg.Scope().Lookup(k).(*types.TypeName); ok {
				kind = "type"
			}
		}
		if strings.HasPrefix(k, "const:") {
			kind, k = "const", strings.TrimPrefix(k, "const:")
		}
		lines = append(lines, fmt.Sprintf("%-4s %-16s %s", kind, k, d.cell))
	}
	s.engine.mu.Unlock()
	sort.Strings(lines)
	if len(lines) == 0 {
		lines = []string{"nothing is declared"}
	}
	fmt.Fprintln(s.engine.rt.stdout, strings.Join(lines, "\n"))
	return nil
}

func (s *Session) magicReset(*run, string, string) error { return s.start() }

func (s *Session) magicEnv(_ *run, args, _ string) error {
	name, value, set := strings.Cut(args, "=")
	if !set {
		name, value, set = strings.Cut(args, " ")
	}
	switch {
	case set:
		if err := os.Setenv(strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return &magicError{fmt.Errorf("%%env: %w", err)}
		}
	case args != "":
		fmt.Fprintln(s.engine.rt.stdout, os.Getenv(args))
	default:
		env := os.Environ()
		sort.Strings(env)
		fmt.Fprintln(s.engine.rt.stdout, strings.Join(env, "\n"))
	}
	return nil
}

func (s *Session) magicCd(_ *run, args, _ string) error {
	if home, err := os.UserHomeDir(); err == nil && (args == "" || args == "~" || strings.HasPrefix(args, "~/")) {
		args = home + strings.TrimPrefix(args, "~")
	}
	if err := os.Chdir(args); err != nil {
		return &magicError{fmt.Errorf("%%cd: %w", err)}
	}
	dir, err := os.Getwd()
	if err != nil {
		return &magicError{fmt.Errorf("%%cd: %w", err)}
	}
	fmt.Fprintln(s.engine.rt.stdout, dir)
	return nil
}

func (s *Session) magicLoad(r *run, args, _ string) error {
	src, err := os.ReadFile(args)
	if err != nil {
		return &magicError{fmt.Errorf("%%load: %w", err)}
	}
	return s.engine.eval(r, string(src))
}

func (s *Session) magicHelp(*run, string, string) error {
	for _, m := range magics() {
		fmt.Fprintf(s.engine.rt.stdout, "%-28s %s\n", strings.TrimSpace(m.name+" "+m.args), m.help)
	}
	return nil
}

// magicPkg is met only where the process around has not taken the line: it changes
// the worker, and so must come before what runs in it.
func (s *Session) magicPkg(*run, string, string) error {
	return &magicError{errors.New("%pkg must come first in a cell, before any Go and other commands")}
}

func (s *Session) magicBash(r *run, _, body string) error { return s.shell(r, "", body) }

func (s *Session) magicWriteFile(_ *run, args, body string) error {
	flags := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if rest, ok := strings.CutPrefix(args, "-a "); ok {
		flags, args = os.O_CREATE|os.O_WRONLY|os.O_APPEND, strings.TrimSpace(rest)
	}
	f, err := os.OpenFile(args, flags, 0o644)
	if err != nil {
		return &magicError{fmt.Errorf("%%%%writefile: %w", err)}
	}
	_, err = f.WriteString(body)
	if err = errors.Join(err, f.Close()); err != nil {
		return &magicError{fmt.Errorf("%%%%writefile: %w", err)}
	}
	fmt.Fprintf(s.engine.rt.stdout, "wrote %d bytes to %s\n", len(body), args)
	return nil
}

func (s *Session) magicHTML(r *run, _, body string) error {
	r.sink.Emit(cell.Event{Kind: cell.Display, Bundle: &cell.Bundle{Data: map[string]any{"text/html": body, "text/plain": body}}})
	return nil
}

func (s *Session) magicMarkdown(r *run, _, body string) error {
	r.sink.Emit(cell.Event{Kind: cell.Display, Bundle: &cell.Bundle{Data: map[string]any{"text/markdown": body, "text/plain": body}}})
	return nil
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
		if strings.HasPrefix(m.name, line) {
			c.Matches = append(c.Matches, cell.Match{Text: m.name, Kind: "keyword", Signature: m.help})
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
		if m.name == name {
			text := strings.TrimSpace(m.name+" "+m.args) + "\n\n" + m.help
			return cell.Inspection{Found: true, Bundle: cell.Bundle{Data: map[string]any{"text/plain": text}}}, true
		}
	}
	return cell.Inspection{}, false
}
