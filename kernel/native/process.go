package native

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"divvy/kernel/native/helper"
	"divvy/kernel/native/wire"
)

// Program is a compiled program. Its process is started when it is needed.
type Program struct {
	bin   string
	funcs []string

	mu   sync.Mutex // held during a call: they are made one at a time
	proc *process
}

func newProgram(bin string, src *Source) *Program {
	return &Program{bin: bin, funcs: slices.Clone(src.Funcs)}
}

// Panic is a panic of compiled code, with the lines of cells that it came
// through.
type Panic struct {
	Kind  byte // helper.Threw…
	Text  string
	Trace []Place
}

func (e *Panic) Error() string { return e.Text }

// Place is a line of a function in a cell.
type Place struct {
	Func, Cell string
	Line       int
}

// Died is the error of a call that ended its process.
type Died struct {
	How string // "exit status 3", "signal: killed"
	Log string // what it wrote last
}

func (e *Died) Error() string {
	s := "the process of the compiled code ended (" + e.How + ")"
	if i := strings.Index(e.Log, "fatal error: "); i >= 0 {
		line, _, _ := strings.Cut(e.Log[i:], "\n")
		s += ": " + line
	} else if i := strings.Index(e.Log, "panic: "); i >= 0 {
		line, _, _ := strings.Cut(e.Log[i:], "\n")
		s += ": " + line + " (in a goroutine)"
	}
	return s + "; the session is as before, and the next call starts a new one"
}

// Call calls a function. args and results are pointers to its parameters and
// results; what the call changes in the memory that the arguments reach is
// changed there. When ctx ends the process is killed. What the function writes
// goes to stdout and stderr.
func (p *Program) Call(ctx context.Context, fn string, args, results []any, stdout, stderr io.Writer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	i := slices.Index(p.funcs, fn)
	if i < 0 {
		return fmt.Errorf("the program has no function %s", fn)
	}
	ats, aps := typed(args)
	g := &wire.Graph{}
	pieces, err := g.Write(ats, aps)
	if err != nil {
		return fmt.Errorf("calling %s: %w", fn, err)
	}
	if p.proc == nil {
		if p.proc, err = startProcess(p.bin); err != nil {
			return err
		}
	}
	q := p.proc
	q.out.passTo(stdout)
	q.err.passTo(stderr)
	stop := context.AfterFunc(ctx, q.kill)
	msg, err := q.exchange(append([][]byte{binary.AppendUvarint(nil, uint64(i))}, pieces...))
	stopped := stop()
	q.out.drain()
	q.err.drain()
	if !stopped || err != nil {
		p.proc = nil
		how := q.end()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return &Died{how, q.err.last()}
	}
	return p.answer(fn, g, msg, ats, aps, results)
}

// answer reads what a call returned.
func (p *Program) answer(fn string, g *wire.Graph, msg []byte, ts []reflect.Type, ps []unsafe.Pointer, results []any) error {
	if len(msg) == 0 {
		return fmt.Errorf("calling %s: an empty answer", fn)
	}
	var thrown error
	switch kind := msg[0]; kind {
	case helper.Returned:
		rts, rps := typed(results)
		ts, ps = append(ts, rts...), append(ps, rps...)
		msg = msg[1:]
	case helper.Panicked:
		n, k := binary.Uvarint(msg[1:])
		if k <= 0 || uint64(len(msg)-1-k) < n {
			return fmt.Errorf("calling %s: the answer is cut short", fn)
		}
		thrown = readPanic(msg[1+k : 1+k+int(n)])
		msg = msg[1+k+int(n):]
	default:
		return fmt.Errorf("calling %s: %s", fn, msg[1:])
	}
	if err := g.Read(msg, ts, ps); err != nil {
		return fmt.Errorf("calling %s: %w", fn, err)
	}
	return thrown
}

func typed(ptrs []any) (ts []reflect.Type, ps []unsafe.Pointer) {
	for _, x := range ptrs {
		v := reflect.ValueOf(x)
		ts, ps = append(ts, v.Type().Elem()), append(ps, v.UnsafePointer())
	}
	return ts, ps
}

var stackLine = regexp.MustCompile(`(?m)^main\.(.+)\(.*\)\n\t.*` + placePrefix + `(.+?):(\d+)`)

func readPanic(b []byte) *Panic {
	e := &Panic{Kind: b[0]}
	n, k := binary.Uvarint(b[1:])
	e.Text = string(b[1+k : 1+k+int(n)])
	for _, m := range stackLine.FindAllStringSubmatch(string(b[1+k+int(n):]), -1) {
		line, _ := strconv.Atoi(m[3])
		e.Trace = append(e.Trace, Place{m[1], m[2], line})
	}
	return e
}

// Close ends the process, if there is one. A later call starts it again.
func (p *Program) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.proc != nil {
		p.proc.kill()
		p.proc.end()
		p.proc = nil
	}
}

// process is a running program.
type process struct {
	cmd      *exec.Cmd
	calls    *os.File
	answers  *os.File
	life     *os.File // the program ends when this is closed
	out, err *outlet
}

func startProcess(bin string) (*process, error) {
	q := &process{cmd: exec.Command(bin)}
	var theirs, ours []*os.File
	closeAll := func(fs []*os.File) {
		for _, f := range fs {
			f.Close()
		}
	}
	for i := range 5 {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(append(theirs, ours...))
			return nil, fmt.Errorf("starting compiled code: %w", err)
		}
		if i == 0 || i == 2 { // what the kernel writes, or would
			theirs, ours = append(theirs, r), append(ours, w)
		} else {
			theirs, ours = append(theirs, w), append(ours, r)
		}
	}
	q.calls, q.answers, q.life = ours[0], ours[1], ours[2]
	q.cmd.ExtraFiles = theirs[:3]
	q.cmd.Stdout, q.cmd.Stderr = theirs[3], theirs[4]
	widen(ours[:2])
	// Blocking reads: a thread that waits is woken sooner than one that polls,
	// and a call lasts half as long. The end of the process ends the wait.
	q.answers.Fd()
	err := q.cmd.Start()
	closeAll(theirs)
	if err != nil {
		closeAll(ours)
		return nil, fmt.Errorf("starting compiled code: %w", err)
	}
	if q.out, err = newOutlet(ours[3]); err == nil {
		q.err, err = newOutlet(ours[4])
	}
	if err != nil {
		q.kill()
		q.cmd.Wait()
		closeAll(ours)
		return nil, fmt.Errorf("starting compiled code: %w", err)
	}
	return q, nil
}

// exchange sends a call and waits for its answer.
func (q *process) exchange(pieces [][]byte) ([]byte, error) {
	if err := helper.Send(q.calls, pieces); err != nil {
		return nil, err
	}
	return helper.Receive(q.answers)
}

func (q *process) kill() { q.cmd.Process.Kill() }

// end waits for the end of the process, which is under way, and says how it ended.
func (q *process) end() string {
	q.calls.Close()
	q.life.Close()
	err := q.cmd.Wait()
	q.answers.Close()
	q.out.close()
	q.err.close()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.Error()
	}
	return "exit status 0"
}
