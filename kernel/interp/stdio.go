package interp

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"reflect"
	"strings"
	"sync"
	"time"

	yaegi "github.com/traefik/yaegi/interp"

	"divvy/kernel/cell"
	"divvy/kernel/symbols/box"
)

// overrides are the symbols that a cell gets in place of the compiled ones:
// those that write to the standard streams, which are the running cell's, and
// those that would end the process.
func (s *Session) overrides() yaegi.Exports {
	out, errw := stream{&s.runs, "stdout"}, stream{&s.runs, "stderr"}
	logger := log.New(errw, "", log.LstdFlags)
	fn := reflect.ValueOf
	all := s.readers()
	for key, table := range (yaegi.Exports{
		"fmt/./fmt": {
			"Print":   fn(func(a ...any) (int, error) { return fmt.Fprint(out, a...) }),
			"Println": fn(func(a ...any) (int, error) { return fmt.Fprintln(out, a...) }),
			"Printf":  fn(func(f string, a ...any) (int, error) { f, a = typeNames(f, a); return fmt.Fprintf(out, f, a...) }),
			"Sprintf": fn(func(f string, a ...any) string { f, a = typeNames(f, a); return fmt.Sprintf(f, a...) }),
			"Fprintf": fn(func(w io.Writer, f string, a ...any) (int, error) {
				f, a = typeNames(f, a)
				return fmt.Fprintf(w, f, a...)
			}),
			"Errorf":  fn(func(f string, a ...any) error { f, a = typeNames(f, a); return fmt.Errorf(f, a...) }),
			"Appendf": fn(func(b []byte, f string, a ...any) []byte { f, a = typeNames(f, a); return fmt.Appendf(b, f, a...) }),
			"Scan":    fn(func(a ...any) (int, error) { return fmt.Fscan(s.stdin(), a...) }),
			"Scanln":  fn(func(a ...any) (int, error) { return fmt.Fscanln(s.stdin(), a...) }),
			"Scanf":   fn(func(f string, a ...any) (int, error) { return fmt.Fscanf(s.stdin(), f, a...) }),
		},
		"log/./log": {
			"Print": fn(logger.Print), "Printf": fn(logger.Printf), "Println": fn(logger.Println),
			"Panic": fn(logger.Panic), "Panicf": fn(logger.Panicf), "Panicln": fn(logger.Panicln),
			"Output": fn(logger.Output), "Flags": fn(logger.Flags), "SetFlags": fn(logger.SetFlags),
			"Prefix": fn(logger.Prefix), "SetPrefix": fn(logger.SetPrefix), "Writer": fn(logger.Writer),
			"SetOutput": fn(logger.SetOutput), "Default": fn(func() *log.Logger { return logger }),
			"Fatal":   fn(func(a ...any) { fatal(logger, a...) }),
			"Fatalf":  fn(func(f string, a ...any) { fatalf(logger, f, a...) }),
			"Fatalln": fn(func(a ...any) { fatalln(logger, a...) }),
		},
		"flag/./flag":     {"Parse": fn(func() { parseFlags(s.args) })},
		"log/slog/./slog": slogSymbols(logger),
		"os/./os": {
			"Exit":   fn(exit),
			"Stdout": fn(&s.files.stdout).Elem(),
			"Stderr": fn(&s.files.stderr).Elem(),
			"Args":   fn(&s.args).Elem(),
		},
	}) {
		if all[key] == nil {
			all[key] = table
		}
		maps.Copy(all[key], table)
	}
	return all
}

// exitPanic is what os.Exit in a cell panics with.
type exitPanic int

func (e exitPanic) Error() string {
	return fmt.Sprintf("os.Exit(%d): the cell was ended; the session goes on", int(e))
}

func exit(code int) { panic(exitPanic(code)) }

func fatal(l *log.Logger, a ...any)            { _ = l.Output(3, fmt.Sprint(a...)); exit(1) }
func fatalf(l *log.Logger, f string, a ...any) { _ = l.Output(3, fmt.Sprintf(f, a...)); exit(1) }
func fatalln(l *log.Logger, a ...any)          { _ = l.Output(3, fmt.Sprintln(a...)); exit(1) }

// parseFlags is flag.Parse for the arguments of a cell, which the process has not.
func parseFlags(args []string) {
	if len(args) > 0 {
		args = args[1:]
	}
	flag.CommandLine.Init(flag.CommandLine.Name(), flag.ContinueOnError)
	switch err := flag.CommandLine.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		exit(0)
	case err != nil:
		exit(2)
	}
}

// typeNames replaces %T in a format where fmt could only name the box: by %s
// of the type's name.
func typeNames(format string, args []any) (string, []any) {
	if !strings.Contains(format, "T") {
		return format, args
	}
	f, out := []byte(format), args
	n := 0
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			continue
		}
		for i++; i < len(f) && strings.IndexByte("+-# 0123456789.[]*", f[i]) >= 0; i++ {
			switch f[i] {
			case '*':
				n++
			case '[':
				v := 0
				for i++; i < len(f) && f[i] != ']'; i++ {
					v = 10*v + int(f[i]-'0')
				}
				n = v - 1
			}
		}
		if i >= len(f) || f[i] == '%' {
			continue
		}
		if f[i] == 'T' && n >= 0 && n < len(args) {
			if b, ok := box.Of(args[n]); ok {
				if &out[0] == &args[0] {
					out = append([]any{}, args...)
				}
				f[i], out[n] = 's', b.T.Name
			}
		}
		n++
	}
	return string(f), out
}

// stdin reads from the front end of the running cell, a line at a time.
func (s *Session) stdin() io.Reader { return s.input }

// input is the standard input of cells.
type input struct {
	s    *Session
	mu   sync.Mutex
	rest []byte
}

func (in *input) Read(p []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.rest) == 0 {
		r := in.s.runs.current()
		if r == nil || !r.stdin {
			return 0, errNoInput
		}
		line, err := r.ask("", false)
		if err != nil {
			return 0, err
		}
		in.rest = []byte(line + "\n")
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}

var errNoInput = errors.New("this front end cannot be asked for input")

// ask puts a question to the cell's user. The error may come from another process,
// as its text.
func (r *run) ask(prompt string, password bool) (string, error) {
	line, err := r.sink.Input(r.ctx, prompt, password)
	switch {
	case err == nil:
		return line, nil
	case strings.Contains(err.Error(), cell.InputEnded):
		return "", io.EOF
	case strings.Contains(err.Error(), cell.InputInterrupted):
		// A cell that passed over the error would go on, and be stopped elsewhere.
		select {
		case <-r.ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return "", fmt.Errorf("input: %w", err)
}

// reader is the front end where a cell reads os.Stdin, which is a file and cannot
// tell when somebody waits for it; a function that takes a reader can.
func (s *Session) reader(r io.Reader) io.Reader {
	if f, ok := r.(*os.File); ok && f == os.Stdin {
		return s.input
	}
	return r
}

// readers are the functions through which programs read standard input.
func (s *Session) readers() yaegi.Exports {
	fn := reflect.ValueOf
	return yaegi.Exports{
		"bufio/./bufio": {
			"NewReader":     fn(func(r io.Reader) *bufio.Reader { return bufio.NewReader(s.reader(r)) }),
			"NewReaderSize": fn(func(r io.Reader, n int) *bufio.Reader { return bufio.NewReaderSize(s.reader(r), n) }),
			"NewScanner":    fn(func(r io.Reader) *bufio.Scanner { return bufio.NewScanner(s.reader(r)) }),
		},
		"io/./io": {
			"ReadAll": fn(func(r io.Reader) ([]byte, error) { return io.ReadAll(s.reader(r)) }),
			"Copy":    fn(func(w io.Writer, r io.Reader) (int64, error) { return io.Copy(w, s.reader(r)) }),
		},
		"fmt/./fmt": {
			"Fscan":   fn(func(r io.Reader, a ...any) (int, error) { return fmt.Fscan(s.reader(r), a...) }),
			"Fscanln": fn(func(r io.Reader, a ...any) (int, error) { return fmt.Fscanln(s.reader(r), a...) }),
			"Fscanf": fn(func(r io.Reader, f string, a ...any) (int, error) {
				return fmt.Fscanf(s.reader(r), f, a...)
			}),
		},
	}
}

// files are the *os.File values that a cell sees as its standard streams. What
// is written to them comes back through pipes.
type files struct {
	stdout, stderr *os.File
	marks          chan string
	drained        []chan struct{}
	closers        []io.Closer
}

// openFiles makes the pipes and starts to read them.
func (s *Session) openFiles() error {
	for _, name := range []string{"stdout", "stderr"} {
		r, w, err := os.Pipe()
		if err != nil {
			return fmt.Errorf("pipe for %s: %w", name, err)
		}
		if name == "stdout" {
			s.files.stdout = w
		} else {
			s.files.stderr = w
		}
		done := make(chan struct{}, 1)
		s.files.drained = append(s.files.drained, done)
		s.files.closers = append(s.files.closers, r, w)
		go s.pump(r, name, done)
	}
	return nil
}

// flushMark in a pipe asks its reader to say that all before it was emitted.
const flushMark = "\x00\x16divvy flush\x16\x00"

func (s *Session) pump(r io.Reader, name string, done chan<- struct{}) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		text, marked := strings.CutSuffix(string(buf[:n]), flushMark)
		if run := s.runs.latest.Load(); run != nil && text != "" {
			run.sink.Emit(cell.Event{Kind: cell.Stream, Stream: name, Text: text})
		}
		if marked {
			done <- struct{}{}
		}
		if err != nil {
			return
		}
	}
}

// flush waits until all that was written to the files has been emitted.
func (s *Session) flush() {
	for i, w := range []*os.File{s.files.stdout, s.files.stderr} {
		if _, err := io.WriteString(w, flushMark); err != nil {
			continue // closed by the cell
		}
		select {
		case <-s.files.drained[i]:
		case <-time.After(time.Second): // its reader is gone
		}
	}
}

func (s *Session) closeFiles() {
	for _, c := range s.files.closers {
		c.Close()
	}
}
