package modules

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"divvy/kernel/cell"
)

// run does what the %pkg lines of a cell say. Lines that add, one after the other,
// are one build.
func (k *Interpreter) run(ctx context.Context, commands []string, out cell.Sink) error {
	for i := 0; i < len(commands); {
		verb, args := word(commands[i])
		i++
		switch verb {
		case "add":
			behind := false
			var list []string
			for {
				fields := strings.Fields(args)
				if n := len(fields); n > 0 && fields[n-1] == "&" {
					fields, behind = fields[:n-1], true
				}
				list = append(list, fields...)
				if i == len(commands) {
					break
				}
				next, more := word(commands[i])
				if next != "add" {
					break
				}
				args = more
				i++
			}
			if err := k.add(ctx, list, behind, out); err != nil {
				return err
			}
		case "remove":
			if err := k.remove(ctx, strings.Fields(args), out); err != nil {
				return err
			}
		case "list":
			k.list(out)
		case "":
			return errors.New(usage)
		default:
			return fmt.Errorf("%%pkg has no command %s\n%s", verb, usage)
		}
	}
	return nil
}

const usage = `usage:
  %pkg add MODULE[@VERSION] …   let cells import a module, a package of it, or a local module by its folder (./dir)
  %pkg add MODULE &             build it in the background; adding it afterwards takes a second
  %pkg add                      build again what was added here
  %pkg list                     what was added for the notebooks of this folder
  %pkg remove MODULE …          take it away again`

func word(text string) (first, rest string) {
	first, rest, _ = strings.Cut(strings.TrimSpace(text), " ")
	return first, strings.TrimSpace(rest)
}

func print(out cell.Sink, format string, args ...any) {
	out.Emit(cell.Event{Kind: cell.Stream, Stream: "stdout", Text: fmt.Sprintf(format, args...)})
}

// add gives the worker more modules.
func (k *Interpreter) add(ctx context.Context, list []string, behind bool, out cell.Sink) error {
	have, err := recall(k.memory, k.folder)
	if err != nil {
		return err
	}
	var more []Spec
	for _, text := range list {
		s, err := ParseSpec(text, k.folder)
		if err != nil {
			return err
		}
		more = append(more, s)
	}
	if len(list) == 0 && len(have.Modules) == 0 {
		return fmt.Errorf("nothing was added here before\n%s", usage)
	}
	want := merge(have.Modules, more)
	if behind {
		k.prepare(want, out)
		return nil
	}
	if k.has(want) {
		print(out, "%s: there already\n", names(more))
		return nil
	}
	return k.change(ctx, want, out)
}

// has reports whether the worker has all of that, without asking the go tool: not
// for a local module, whose files may have changed, nor for one whose version is
// left open and that is not there.
func (k *Interpreter) has(want []Spec) bool {
	for _, s := range want {
		i := slices.IndexFunc(k.now.Modules, func(h Spec) bool { return h.Path == s.Path })
		if i < 0 || s.Dir != "" || k.now.Modules[i].Dir != "" || s.Version != "" && s.Version != k.now.Modules[i].Version {
			return false
		}
	}
	return len(want) == len(k.now.Modules)
}

func (k *Interpreter) remove(ctx context.Context, list []string, out cell.Sink) error {
	have, err := recall(k.memory, k.folder)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("%%pkg remove needs a module; %%pkg list shows them")
	}
	left := slices.Clone(have.Modules)
	for _, text := range list {
		path, _, _ := strings.Cut(text, "@")
		if isLocal(text) {
			if s, err := ParseSpec(text, k.folder); err == nil {
				path = s.Path
			}
		}
		n := len(left)
		left = slices.DeleteFunc(left, func(s Spec) bool { return s.Path == path })
		if len(left) == n {
			return fmt.Errorf("%s was not added here; %%pkg list shows what was", text)
		}
	}
	return k.change(ctx, left, out)
}

func (k *Interpreter) list(out cell.Sink) {
	have, err := recall(k.memory, k.folder)
	switch {
	case err != nil:
		print(out, "%v\n", err)
	case len(have.Modules) == 0:
		print(out, "nothing was added for the notebooks in %s\n", k.folder)
	default:
		for _, s := range have.Modules {
			text := s.String()
			if s.Dir != "" {
				text = s.Path + " (" + s.Dir + ")"
			}
			print(out, "%s\n", text)
		}
		if !k.has(have.Modules) && !slices.Equal(have.Modules, k.now.Modules) {
			print(out, "not in this worker; to build it: %%pkg add\n")
		}
	}
}

// change brings the worker to a set of modules.
func (k *Interpreter) change(ctx context.Context, want []Spec, out cell.Sink) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	k.mu.Lock()
	k.stop = stop
	k.mu.Unlock()
	defer func() {
		k.mu.Lock()
		k.stop = nil
		k.mu.Unlock()
	}()
	program := &Program{} // this one, when nothing is left
	r := newReport(out)
	if len(want) > 0 {
		var err error
		if program, err = k.builder.Build(ctx, want, r.tell); err != nil {
			r.end("")
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err
		}
	}
	same := program.Path == k.now.Program
	if !same || !program.Cached {
		if !same {
			r.tell("starting", "")
		}
		if err := k.Replace(ctx, k.command(program.Path)); err != nil {
			r.end("")
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("the worker with these modules does not start, so the old one goes on: %w", err)
		}
	}
	r.end(k.changed(program, same, time.Since(r.begun)))
	for _, note := range program.Notes {
		print(out, "note: %s\n", note)
	}
	own, err := identify(k.program)
	k.now = memory{Folder: k.folder, Modules: program.Specs, Program: program.Path, Kernel: own}
	if !same {
		k.ran = false
	}
	return errors.Join(err, remember(k.memory, k.now))
}

// changed is what to tell of a change.
func (k *Interpreter) changed(p *Program, same bool, took time.Duration) string {
	line := "this worker has what Divvy has and no more"
	if len(p.Specs) > 0 {
		line = "ready: " + names(p.Specs)
	}
	line += fmt.Sprintf(" (%.1f s)", took.Seconds())
	if k.ran && !same {
		line += "; the worker was restarted, and all variables are gone"
	}
	return line
}

// prepare builds in the background, into the cache.
func (k *Interpreter) prepare(want []Spec, out cell.Sink) {
	ctx, stop := context.WithCancelCause(context.Background())
	k.mu.Lock()
	k.behind = append(k.behind, stop)
	k.mu.Unlock()
	k.done.Go(func() {
		defer stop(nil)
		r := newReport(out)
		p, err := k.builder.Build(ctx, want, r.tell)
		if err != nil {
			r.end("")
			out.Emit(cell.Event{Kind: cell.Stream, Stream: "stderr", Text: "%pkg add: " + err.Error() + "\n"})
			return
		}
		r.end(fmt.Sprintf("built: %s (%.1f s); run %%pkg add %s to change to it", names(p.Specs), time.Since(r.begun).Seconds(), names(p.Specs)))
	})
}
