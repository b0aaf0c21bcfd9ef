//go:build unix

package worker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"divvy/kernel/cell"
)

// The test binary is its own worker: a Supervisor of these tests starts it with
// the argument "worker", as it starts the kernel.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "supervise" {
		supervise()
	}
	if len(os.Args) > 1 && os.Args[1] == "worker" {
		err := Serve(func() (cell.Interpreter, error) {
			if text := os.Getenv("FAKE_REFUSES"); text != "" {
				return nil, errors.New(text)
			}
			return &fake{stop: make(chan struct{}, 1), values: map[string]string{}}, nil
		})
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// fake is an interpreter whose cells are lines of "verb argument".
type fake struct {
	stop   chan struct{}
	mu     sync.Mutex
	values map[string]string
}

func (f *fake) Execute(ctx context.Context, r cell.Request, out cell.Sink) cell.Result {
	select { // like a real one, it forgets interrupts that came when nothing ran
	case <-f.stop:
	default:
	}
	for _, line := range strings.Split(r.Code, "\n") {
		verb, arg, _ := strings.Cut(line, " ")
		if err := f.run(ctx, verb, arg, r, out); err != nil {
			return cell.Result{Error: err}
		}
	}
	return cell.Result{}
}

var grown [][]byte // what "grow" fills; global, so that it stays alive

func (f *fake) run(ctx context.Context, verb, arg string, r cell.Request, out cell.Sink) *cell.Error {
	text := func(stream, s string) cell.Event {
		return cell.Event{Kind: cell.Stream, Stream: stream, Text: s}
	}
	switch verb {
	case "nothing":
	case "print":
		out.Emit(text("stdout", arg+"\n"))
	case "prints": // so many lines
		n, _ := strconv.Atoi(arg)
		for i := range n {
			out.Emit(text("stdout", fmt.Sprintf("line %d\n", i)))
		}
	case "fd1": // as C's printf would
		syscall.Write(1, []byte(arg+"\n"))
	case "fd2":
		syscall.Write(2, []byte(arg+"\n"))
	case "raw1": // bytes as Go quotes them, no newline
		s, err := strconv.Unquote(arg)
		if err != nil {
			panic(err)
		}
		syscall.Write(1, []byte(s))
	case "sh":
		cmd := exec.Command("sh", "-c", arg)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.Run()
	case "spawn": // a subprocess that outlives the cell; its number is printed
		cmd := exec.Command("sleep", arg)
		cmd.Start()
		out.Emit(text("stdout", strconv.Itoa(cmd.Process.Pid)))
	case "set":
		k, v, _ := strings.Cut(arg, "=")
		f.values[k] = v
	case "get":
		if v, ok := f.values[arg]; ok {
			out.Emit(text("stdout", v))
			return nil
		}
		return &cell.Error{Name: cell.ErrCompile, Value: "undefined: " + arg, Diagnostics: []cell.Diagnostic{{Message: "undefined: " + arg}}}
	case "wait": // until interrupted
		select {
		case <-f.stop:
		case <-ctx.Done():
		}
		return &cell.Error{Name: cell.ErrInterrupt, Value: "interrupted"}
	case "stuck": // deaf to interrupts
		d, _ := time.ParseDuration(arg)
		time.Sleep(d)
	case "stuckuntil": // a file is there
		for ; ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(arg); err == nil {
				return nil
			}
		}
	case "late":
		go func() {
			time.Sleep(50 * time.Millisecond)
			out.Emit(text("stdout", arg))
		}()
	case "display":
		size, _ := strconv.Atoi(arg)
		out.Emit(cell.Event{Kind: cell.Display, DisplayID: "d", Bundle: &cell.Bundle{
			Data: map[string]any{
				"text/plain":       "a figure",
				"image/png":        strings.Repeat("A", size),
				"application/json": map[string]any{"big": int64(1<<62 + 1), "list": []float64{0.5, 2}},
			},
			Metadata: map[string]any{"image/png": map[string]any{"width": 480}},
		}})
	case "undisplayable":
		out.Emit(cell.Event{Kind: cell.Display, Bundle: &cell.Bundle{Data: map[string]any{"application/json": func() {}}}})
	case "ask":
		s, err := out.Input(ctx, arg, true)
		if err != nil {
			return &cell.Error{Name: cell.ErrPanic, Value: err.Error()}
		}
		out.Emit(text("stdout", "got "+s))
	case "askbriefly":
		ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		_, err := out.Input(ctx, arg, false)
		out.Emit(text("stdout", fmt.Sprint(err)))
	case "collect":
		for range 3 { // cleanups run some time after a collection
			collectGarbage()
		}
	case "expressions":
		res := map[string]cell.ExpressionResult{}
		for k, v := range r.UserExpressions {
			res[k] = cell.ExpressionResult{Bundle: &cell.Bundle{Data: map[string]any{"text/plain": v}}}
		}
		out.Emit(text("stdout", fmt.Sprint(len(res))))
	case "ipanic":
		panic("a fault of the interpreter")
	default:
		die(verb, arg)
	}
	return nil
}

func (f *fake) Complete(_ context.Context, code string, cursor int) (cell.Completion, error) {
	if code == "die" {
		os.Exit(4)
	}
	return cell.Completion{Start: 0, End: cursor, Matches: []cell.Match{{Text: code + "!", Kind: "function", Signature: "func()"}}}, nil
}

func (f *fake) Inspect(_ context.Context, code string, _, detail int) (cell.Inspection, error) {
	return cell.Inspection{Found: true, Bundle: cell.Bundle{Data: map[string]any{"text/plain": fmt.Sprint(code, detail)}}}, nil
}

func (f *fake) IsComplete(_ context.Context, code string) (cell.Completeness, error) {
	if code == "" {
		return cell.Completeness{}, errors.New("no code")
	}
	return cell.Completeness{Status: "incomplete", Indent: "\t"}, nil
}

func (f *fake) Comm(_ context.Context, m cell.CommMessage, out cell.Sink) error {
	out.Emit(cell.Event{Kind: m.Kind, Comm: &m}) // echo
	return nil
}

func (f *fake) Comms(_ context.Context, target string) (map[string]string, error) {
	return map[string]string{"id": target}, nil
}

func (f *fake) Interrupt(context.Context) error {
	select {
	case f.stop <- struct{}{}:
	default:
	}
	return nil
}

func (f *fake) Close() error { return nil }
