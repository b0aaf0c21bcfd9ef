package modules

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"divvy/kernel/cell"
	"divvy/kernel/worker"
)

// Interpreter is a worker that %pkg can give more modules. It passes all else on.
type Interpreter struct {
	*worker.Supervisor
	builder Builder
	program string // of a worker to which nothing was added
	memory  string // the folder for what was added
	folder  string // of the notebook
	log     *slog.Logger

	// Used by Execute only, of which there is one at a time.
	now     memory // what the worker has
	ran     bool   // a cell has run, so that there may be variables
	pending string // for the first cell: why it has not what was added

	mu     sync.Mutex
	stop   context.CancelCauseFunc // of the build that a cell waits for
	behind []context.CancelCauseFunc
	done   sync.WaitGroup // builds in the background
}

// New starts a worker for the notebooks of a folder, which has what was added for
// them if it was built for this kernel and is still in the cache. Without any, the
// worker is the given program; an empty one is the program that runs.
func New(program, folder string, log *slog.Logger) *Interpreter {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	folder, err := filepath.Abs(folder)
	if err != nil { // the working directory is gone
		log.Warn("the notebook's folder", "error", err)
	}
	if program == "" {
		if program, err = os.Executable(); err != nil {
			log.Error("the kernel's own program", "error", err)
		}
	}
	k := &Interpreter{program: program, folder: folder, log: log}
	k.builder = Builder{Source: findSource, CompiledIn: k.compiledIn}
	if k.builder.Cache, err = DefaultCache(); err == nil {
		k.memory, err = DefaultMemory()
	}
	if err != nil {
		log.Warn("modules that are added will not be remembered", "error", err)
	}
	k.Supervisor = worker.New(worker.Config{Command: k.command(k.atStart()), Log: log})
	return k
}

// compiledIn asks the worker's program for the packages that every kernel has.
func (k *Interpreter) compiledIn() ([]string, error) {
	out, err := exec.Command(k.program, "packages").Output()
	if err != nil {
		return nil, fmt.Errorf("asking %s what is compiled in: %w", k.program, err)
	}
	return strings.Fields(string(out)), nil
}

// atStart is the program to begin with, empty for this one.
func (k *Interpreter) atStart() string {
	m, err := recall(k.memory, k.folder)
	if err != nil {
		k.log.Warn("modules", "error", err)
	}
	k.now = memory{Folder: k.folder}
	if len(m.Modules) == 0 {
		return ""
	}
	own, err := identify(k.program)
	if err == nil && m.Kernel == own {
		if _, err := os.Stat(m.Program); err == nil {
			k.now = m
			return m.Program
		}
	}
	k.pending = fmt.Sprintf("What %%pkg has added here (%s) must be built again, for Divvy has changed or the cache was emptied: %%pkg add\n", names(m.Modules))
	return ""
}

// command makes the command of a worker from a program; empty is the one to which
// nothing was added, which also takes the place of one that is gone.
func (k *Interpreter) command(program string) func() (*exec.Cmd, error) {
	return func() (*exec.Cmd, error) {
		if _, err := os.Stat(program); err != nil {
			program = k.program
		}
		cmd := exec.Command(program, "worker")
		cmd.Dir = k.folder
		return cmd, nil
	}
}

// Execute runs a cell; lines with %pkg come first in it.
func (k *Interpreter) Execute(ctx context.Context, r cell.Request, out cell.Sink) cell.Result {
	commands, rest := cut(r.Code)
	if len(commands) > 0 {
		if err := k.run(ctx, commands, out); err != nil {
			return failed(err)
		}
		k.pending = ""
		r.Code = rest
		if strings.TrimSpace(rest) == "" && len(r.UserExpressions) == 0 {
			return cell.Result{}
		}
	}
	if k.pending != "" {
		out.Emit(cell.Event{Kind: cell.Stream, Stream: "stderr", Text: k.pending})
		k.pending = ""
	}
	k.ran = true
	return k.Supervisor.Execute(ctx, r, out)
}

func failed(err error) cell.Result {
	name := "PackageError"
	if errors.Is(err, errInterrupted) {
		name = cell.ErrInterrupt
	}
	text := err.Error()
	first, _, _ := strings.Cut(text, "\n")
	return cell.Result{Error: &cell.Error{Name: name, Value: first, Traceback: []string{"\x1b[31m" + name + "\x1b[0m: " + text}}}
}

// errInterrupted is the cause of a build that the user has stopped.
var errInterrupted = errors.New("the build was stopped; nothing has changed")

// Interrupt stops a build that a cell waits for, or else the cell.
func (k *Interpreter) Interrupt(ctx context.Context) error {
	k.mu.Lock()
	stop := k.stop
	k.mu.Unlock()
	if stop != nil {
		stop(errInterrupted)
		return nil
	}
	return k.Supervisor.Interrupt(ctx)
}

// Close ends the worker, and builds that nobody will use.
func (k *Interpreter) Close() error {
	k.mu.Lock()
	for _, stop := range append(k.behind, k.stop) {
		if stop != nil {
			stop(errors.New("the kernel is shutting down"))
		}
	}
	k.mu.Unlock()
	err := k.Supervisor.Close()
	k.done.Wait()
	return err
}

// Complete completes the words of %pkg here.
func (k *Interpreter) Complete(ctx context.Context, code string, cursor int) (cell.Completion, error) {
	before := string([]rune(code)[:min(max(cursor, 0), utf8.RuneCountInString(code))])
	line := before[strings.LastIndexByte(before, '\n')+1:]
	if word, ok := strings.CutPrefix(line, "%pkg "); ok && !strings.Contains(word, " ") {
		c := cell.Completion{Start: cursor - utf8.RuneCountInString(word), End: cursor}
		for _, name := range []string{"add", "list", "remove"} {
			if strings.HasPrefix(name, word) {
				c.Matches = append(c.Matches, cell.Match{Text: name, Kind: "keyword"})
			}
		}
		return c, nil
	}
	return k.Supervisor.Complete(ctx, code, cursor)
}

// cut takes the %pkg lines off the beginning of a cell. What is left keeps its
// lines' numbers.
func cut(code string) (commands []string, rest string) {
	if !strings.Contains(code, "%pkg") {
		return nil, code
	}
	lines := strings.SplitAfter(code, "\n")
	last := -1 // the last command
	for i, line := range lines {
		text := strings.TrimSpace(line)
		word, _, _ := strings.Cut(text, " ")
		if word == "%pkg" {
			commands = append(commands, strings.TrimSpace(strings.TrimPrefix(text, "%pkg")))
			last = i
		} else if text != "" && !strings.HasPrefix(text, "//") {
			break
		}
	}
	return commands, strings.Repeat("\n", last+1) + strings.Join(lines[last+1:], "")
}

// report tells a cell how a build goes, on a line that is written over.
type report struct {
	out   cell.Sink
	begun time.Time

	mu     sync.Mutex
	stage  string
	since  time.Time
	detail string
	wide   int // of the line that is there
	ended  chan struct{}
}

func newReport(out cell.Sink) *report {
	r := &report{out: out, begun: time.Now(), ended: make(chan struct{})}
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				r.mu.Lock()
				r.draw()
				r.mu.Unlock()
			case <-r.ended:
				return
			}
		}
	}()
	return r
}

// tell is a Progress.
func (r *report) tell(stage, detail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stage != r.stage {
		r.stage, r.since = stage, time.Now()
		r.detail = detail
		r.draw()
		return
	}
	r.detail = detail // drawn at the next tick
}

func (r *report) draw() {
	if r.stage == "" {
		return
	}
	line := r.stage
	if r.detail != "" {
		line += " " + r.detail
	}
	if runes := []rune(line); len(runes) > 70 {
		line = string(runes[:69]) + "…"
	}
	r.write(fmt.Sprintf("%s, %.0f s", line, time.Since(r.begun).Seconds()))
}

func (r *report) write(line string) {
	n := utf8.RuneCountInString(line)
	pad := strings.Repeat(" ", max(0, r.wide-n))
	r.wide = n
	r.out.Emit(cell.Event{Kind: cell.Stream, Stream: "stdout", Text: "\r" + line + pad})
}

// end leaves a last line.
func (r *report) end(line string) {
	close(r.ended)
	r.mu.Lock()
	defer r.mu.Unlock()
	if line == "" && r.wide == 0 {
		return
	}
	r.write(line)
	r.out.Emit(cell.Event{Kind: cell.Stream, Stream: "stdout", Text: "\n"})
}
