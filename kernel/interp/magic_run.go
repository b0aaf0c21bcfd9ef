package interp

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"divvy/arrowio/atomicfile"
	"divvy/kernel/cell"
)

// usage is the error of a magic that lacks something.
func usage(name, args string) error {
	return &magicError{fmt.Errorf("usage: %s %s", name, args)}
}

func (s *Session) magicTime(r *run, c invocation) error {
	if strings.TrimSpace(c.args+c.body) == "" {
		return usage("%time", "statements")
	}
	start := time.Now()
	err := s.engine.eval(r, c.code())
	if err == nil {
		fmt.Fprintf(s.engine.rt.stdout, "time: %v\n", time.Since(start).Round(time.Microsecond))
	}
	return err
}

func (s *Session) magicTimeit(r *run, c invocation) error {
	code := strings.TrimSpace(c.args + "\n" + c.body)
	if code == "" {
		return usage("%timeit", "statements")
	}
	// What is wrong with the statements is told where they stand, not in the loop.
	if err := s.engine.try(r.name, c.code()); err != nil {
		return err
	}
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

func (s *Session) magicWho(*run, invocation) error {
	var lines []string
	s.engine.mu.Lock()
	for n, v := range s.engine.vars {
		if !v.predeclared {
			lines = append(lines, fmt.Sprintf("var  %-16s %s", n, types.TypeString(v.typ, shortQualifier)))
		}
	}
	for k, d := range s.engine.decls {
		if d.cell == preludeName {
			continue
		}
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

func (s *Session) magicReset(r *run, _ invocation) error {
	err := s.start()
	s.engine.belongTo(r)
	return err
}

func (s *Session) magicEnv(_ *run, c invocation) error {
	name, value, set := strings.Cut(c.args, "=")
	if !set {
		name, value, set = strings.Cut(c.args, " ")
	}
	switch {
	case set:
		if err := os.Setenv(strings.TrimSpace(name), unquoted(strings.TrimSpace(value))); err != nil {
			return &magicError{fmt.Errorf("%%env: %w", err)}
		}
	case c.args != "":
		value, ok := os.LookupEnv(c.args)
		if !ok {
			return &magicError{fmt.Errorf("%%env: %s is not set; %%env %s=VALUE sets it", c.args, c.args)}
		}
		fmt.Fprintln(s.engine.rt.stdout, value)
	default:
		env := os.Environ()
		sort.Strings(env)
		fmt.Fprintln(s.engine.rt.stdout, strings.Join(env, "\n"))
	}
	return nil
}

// unquoted is a value without the quotes around it, if it has any.
func unquoted(s string) string {
	if len(s) > 1 && (s[0] == '"' || s[0] == '`') {
		if u, err := strconv.Unquote(s); err == nil {
			return u
		}
	}
	if len(s) > 1 && s[0] == '\'' && s[len(s)-1] == '\'' {
		return s[1 : len(s)-1]
	}
	return s
}

// fileName is the name of a file that follows a magic.
func fileName(args string) string {
	args = unquoted(args)
	if home, err := os.UserHomeDir(); err == nil && (args == "~" || strings.HasPrefix(args, "~/")) {
		return home + strings.TrimPrefix(args, "~")
	}
	return args
}

func (s *Session) magicCd(_ *run, c invocation) error {
	to := fileName(cmpOr(c.args, "~"))
	if to == "-" {
		if s.lastDir == "" {
			return &magicError{fmt.Errorf("%%cd -: there is no directory before this one")}
		}
		to = s.lastDir
	}
	from, err := os.Getwd()
	if err != nil {
		from = "" // it may have been removed
	}
	if err := os.Chdir(to); err != nil {
		return &magicError{fmt.Errorf("%%cd: %w", err)}
	}
	s.lastDir = from
	dir, err := os.Getwd()
	if err != nil {
		return &magicError{fmt.Errorf("%%cd: %w", err)}
	}
	fmt.Fprintln(s.engine.rt.stdout, dir)
	return nil
}

// magicLoad runs a file; errors name it.
func (s *Session) magicLoad(r *run, c invocation) error {
	if c.args == "" {
		return usage("%load", "FILE")
	}
	name := fileName(c.args)
	src, err := os.ReadFile(name)
	if err != nil {
		return &magicError{fmt.Errorf("%%load: %w", err)}
	}
	cellName := r.name
	defer func() { r.name = cellName }()
	r.name = filepath.Base(name)
	return s.engine.eval(r, string(src))
}

// magicPkg is met only where the process around has not taken the line: it changes
// the worker, and so must come before what runs in it.
func (s *Session) magicPkg(*run, invocation) error {
	return &magicError{errors.New("%pkg must come first in a cell, before any Go and other commands")}
}

func (s *Session) magicHelp(_ *run, c invocation) error {
	if c.args == "" {
		for _, m := range magics() {
			fmt.Fprintf(s.engine.rt.stdout, "%-28s %s\n", strings.TrimSpace(m.name+" "+m.args), m.help)
		}
		fmt.Fprintf(s.engine.rt.stdout, "%-28s %s\n", "?NAME", "documents a name; ??NAME says more")
		fmt.Fprintf(s.engine.rt.stdout, "%-28s %s\n", "must(f()), check(err)", "end the cell at that line if there is an error")
		return nil
	}
	for _, m := range magics() {
		if strings.TrimLeft(m.name, "%") == strings.TrimLeft(c.args, "%") {
			fmt.Fprintln(s.engine.rt.stdout, m.describe())
			return nil
		}
	}
	return &magicError{fmt.Errorf("%%help: %s is not a command here; %%help lists them, ?%s documents a name of Go", c.args, c.args)}
}

// describe is all that is said of a magic.
func (m magic) describe() string {
	text := strings.TrimSpace(m.name+" "+m.args) + "\n\n" + m.help
	if m.more != "" {
		text += "\n\n" + m.more
	}
	return text
}

func (s *Session) magicBash(r *run, c invocation) error { return s.shell(r, "", c.body) }

func (s *Session) magicWriteFile(_ *run, c invocation) error {
	rest, more := strings.CutPrefix(c.args, "-a ")
	if c.args = strings.TrimSpace(rest); c.args == "" {
		return usage("%%writefile", "[-a] FILE")
	}
	name := fileName(c.args)
	if err := writeText(name, c.body, more); err != nil {
		return &magicError{fmt.Errorf("%%%%writefile: %w", err)}
	}
	fmt.Fprintf(s.engine.rt.stdout, "wrote %d bytes to %s\n", len(c.body), name)
	return nil
}

// writeText replaces a file, or writes at its end. Nothing but a file, a pipe for
// one, is replaced.
func writeText(name, text string, more bool) error {
	if st, err := os.Stat(name); !more && (err != nil || st.Mode().IsRegular()) {
		err := atomicfile.Write(name, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		return nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func (s *Session) magicHTML(r *run, c invocation) error {
	r.sink.Emit(cell.Event{Kind: cell.Display, Bundle: &cell.Bundle{Data: map[string]any{"text/html": c.body, "text/plain": c.body}}})
	return nil
}

func (s *Session) magicMarkdown(r *run, c invocation) error {
	r.sink.Emit(cell.Event{Kind: cell.Display, Bundle: &cell.Bundle{Data: map[string]any{"text/markdown": c.body, "text/plain": c.body}}})
	return nil
}
