package interp

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"divvy/kernel/cell"
	"divvy/kernel/native"
)

// A cell that begins with %%native declares functions that the go tool
// compiles. To the checker they are what they are in any cell. What the
// interpreter gets in their place hands its arguments to the compiled program
// (native_lower.go, rt_native.go). Functions that a native one calls are
// compiled along with it; when one of them is declared again, so is the program
// made again.

// natives is the compiled programs of a session.
type natives struct {
	compiler native.Compiler
	programs map[string]*native.Program // by key
	absent   error                      // why none can be made, such as no go tool
	cell     bool                       // the cell being worked on is native
}

func newNatives() *natives { return &natives{programs: map[string]*native.Program{}} }

// close ends the processes. They start again when they are called.
func (n *natives) close() {
	for _, p := range n.programs {
		p.Close()
	}
}

// tryPrepare is prepare under the lock, which a panic of the front end, an error
// for the user, does not keep: the next cell would wait for ever.
func (s *engine) tryPrepare(name, src string, nativeCell bool) (*unit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.natives.cell = nativeCell
	defer func() { s.natives.cell = false }()
	return s.prepare(name, src)
}

// needsBuild is panicked with, as the cause of an unsupported, when a cell can
// be lowered only after a program was compiled.
type needsBuild struct {
	key string
	src *native.Source
}

func (e *needsBuild) Error() string { return "internal: a program was not compiled" }

// ready prepares a cell, and compiles what it needs in between: the session is
// free for completion meanwhile.
func (s *engine) ready(r *run, src string, nativeCell bool) (*unit, error) {
	s.natives.absent = nil
	for {
		u, err := s.tryPrepare(r.name, src, nativeCell)
		var need *needsBuild
		if !errors.As(err, &need) {
			return u, err
		}
		if err := s.build(r, need); err != nil {
			return nil, err
		}
	}
}

// build compiles a program and tells how it goes.
func (s *engine) build(r *run, need *needsBuild) error {
	names := strings.Join(need.src.Funcs, ", ")
	show := progress(r)
	start := time.Now()
	stop := make(chan struct{})
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		for wait := 200 * time.Millisecond; ; wait = time.Second {
			select {
			case <-stop:
				return
			case <-time.After(wait):
				show("compiling " + names + since(start))
			}
		}
	}()
	p, cached, err := s.natives.compiler.Build(r.ctx, need.src)
	close(stop)
	<-shown
	var bad *native.BuildError
	switch {
	case err == nil:
		s.mu.Lock()
		s.natives.programs[need.key] = p
		s.mu.Unlock()
		if cached {
			show("compiled before: " + names)
		} else {
			show(fmt.Sprintf("compiled %s in %.2f s", names, time.Since(start).Seconds()))
		}
		return nil
	case r.ctx.Err() != nil:
		return context.Cause(r.ctx)
	case errors.As(err, &bad):
		var d diagnostics
		for _, m := range bad.List {
			d = append(d, cell.Diagnostic{Cell: m.Cell, Line: m.Line, Column: m.Column, Message: m.Text})
		}
		return d.err()
	case errors.Is(err, native.ErrNoGo), errors.Is(err, native.ErrNotHere):
		s.natives.absent = err
		fmt.Fprintf(s.rt.stderr, "%%%%native: %v; %s: interpreted instead\n", err, names)
		return nil
	}
	return &magicError{fmt.Errorf("%%%%native: %w", err)}
}

// since is how long something has taken, once that is worth telling.
func since(start time.Time) string {
	if d := time.Since(start); d >= time.Second {
		return fmt.Sprintf(": %.0f s", d.Seconds())
	}
	return ""
}

// progress returns a function that shows a line in place of the one before.
func progress(r *run) func(line string) {
	kind, id := cell.Display, fmt.Sprintf("native-%p-%d", r, time.Now().UnixNano())
	return func(line string) {
		r.sink.Emit(cell.Event{Kind: kind, DisplayID: id, Bundle: &cell.Bundle{Data: map[string]any{"text/plain": line}, Metadata: map[string]any{}}})
		kind = cell.UpdateDisplay
	}
}

func (s *Session) magicNative(r *run, c invocation) error {
	if c.args != "" {
		return &magicError{fmt.Errorf("%%%%native takes nothing on its line; the functions follow below")}
	}
	if strings.TrimSpace(c.body) == "" {
		return &magicError{fmt.Errorf("%%%%native: the functions to compile follow below the line")}
	}
	return s.engine.evalAs(r, c.code(), true)
}

// dropUnused ends the processes of programs that no declaration needs. What
// still calls them, such as a function value, starts them again.
func (s *engine) dropUnused() {
	used := map[*native.Program]bool{}
	for _, d := range s.decls {
		for _, c := range s.rt.compiled {
			if c.iname == d.iname {
				used[c.program] = true
			}
		}
	}
	keys := make([]string, 0, len(s.natives.programs))
	for k, p := range s.natives.programs {
		if !used[p] {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	for _, k := range keys {
		s.natives.programs[k].Close()
	}
}
