package jupytertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"

	"divvy/kernel/cell"
)

// Mock is an interpreter of a language made for tests: each line of a cell is a
// command and its argument. See [Mock.commands].
type Mock struct {
	mu        sync.Mutex
	interrupt context.CancelFunc
	comms     map[string]string
	closed    bool
	executing int

	received []cell.CommMessage
	requests []cell.Request
	// What Complete and Inspect, and what Interrupt, do first.
	slow, slowInterrupt func(context.Context)
}

// NewMock returns a Mock that knows the comm target "echo".
func NewMock() *Mock { return &Mock{comms: map[string]string{}} }

type run struct {
	m   *Mock
	ctx context.Context
	q   cell.Request
	out cell.Sink
}

// commands are the language: what a line may begin with. A command without a
// result goes on with the next line.
func (m *Mock) commands() map[string]func(run, string) *cell.Error {
	emit := func(e func(string) cell.Event) func(run, string) *cell.Error {
		return func(r run, arg string) *cell.Error { r.out.Emit(e(arg)); return nil }
	}
	return map[string]func(run, string) *cell.Error{
		"set":    func(run, string) *cell.Error { return nil },
		"print":  emit(func(s string) cell.Event { return text("stdout", s+"\n") }),
		"eprint": emit(func(s string) cell.Event { return text("stderr", s+"\n") }),
		"raw":    emit(func(s string) cell.Event { return text("stdout", s) }),
		"result": func(r run, arg string) *cell.Error {
			if !r.q.Silent {
				r.out.Emit(cell.Event{Kind: cell.ExecuteResult, Bundle: plain(arg)})
			}
			return nil
		},
		"display": emit(func(s string) cell.Event {
			mime, data, _ := strings.Cut(s, " ")
			return cell.Event{Kind: cell.Display, Bundle: &cell.Bundle{Data: map[string]any{mime: data, "text/plain": data}}}
		}),
		"named": emit(func(s string) cell.Event {
			return cell.Event{Kind: cell.Display, DisplayID: "d1", Bundle: plain(s)}
		}),
		"update": emit(func(s string) cell.Event {
			return cell.Event{Kind: cell.UpdateDisplay, DisplayID: "d1", Bundle: plain(s)}
		}),
		"clear": emit(func(s string) cell.Event { return cell.Event{Kind: cell.ClearOutput, Wait: s == "wait"} }),
		"unencodable": emit(func(string) cell.Event {
			return cell.Event{Kind: cell.Display, Bundle: &cell.Bundle{Data: map[string]any{"text/plain": func() {}}}}
		}),
		"strange": emit(func(string) cell.Event { return cell.Event{Kind: "no such kind"} }),
		"prints":  repeat(func(r run, i int) { r.out.Emit(text("stdout", "line "+strconv.Itoa(i)+" of the throughput test\n")) }),
		"both": repeat(func(r run, i int) {
			r.out.Emit(text("stdout", fmt.Sprintln("o", i)))
			r.out.Emit(text("stderr", fmt.Sprintln("e", i)))
		}),
		"updates": repeat(func(r run, i int) {
			r.out.Emit(cell.Event{Kind: cell.UpdateDisplay, DisplayID: "d1", Bundle: plain(strconv.Itoa(i))})
		}),
		"displays": repeat(func(r run, i int) {
			r.out.Emit(cell.Event{Kind: cell.Display, Bundle: plain(strconv.Itoa(i))})
		}),
		"fail": func(_ run, arg string) *cell.Error {
			return &cell.Error{Name: "Panic", Value: arg, Traceback: []string{"In[1]:1: " + arg}}
		},
		"panic":   func(_ run, arg string) *cell.Error { panic(arg) },
		"forever": func(r run, _ string) *cell.Error { <-r.ctx.Done(); return interrupted() },
		"flood": func(r run, _ string) *cell.Error {
			for i := 0; r.ctx.Err() == nil; i++ {
				r.out.Emit(text("stdout", "a line of a loop that never ends "+strconv.Itoa(i)+"\n"))
			}
			return interrupted()
		},
		"sleep": func(r run, arg string) *cell.Error {
			ms, _ := strconv.Atoi(arg)
			select {
			case <-r.ctx.Done():
				return interrupted()
			case <-time.After(time.Duration(ms) * time.Millisecond):
				return nil
			}
		},
		"late": func(r run, arg string) *cell.Error {
			time.AfterFunc(50*time.Millisecond, func() { r.out.Emit(text("stdout", arg+"\n")) })
			return nil
		},
		"input":    func(r run, arg string) *cell.Error { return r.ask(arg, false) },
		"password": func(r run, arg string) *cell.Error { return r.ask(arg, true) },
		"comm": func(r run, id string) *cell.Error {
			m.mu.Lock()
			m.comms[id] = "kernel"
			m.mu.Unlock()
			r.out.Emit(cell.Event{Kind: cell.CommOpen, Comm: &cell.CommMessage{
				Kind: cell.CommOpen, ID: id, Target: "kernel", Data: map[string]any{"state": 1},
				Metadata: map[string]any{"version": "2.1.0"}, Buffers: [][]byte{{0, 1, 2, 255}},
			}})
			return nil
		},
	}
}

func repeat(f func(run, int)) func(run, string) *cell.Error {
	return func(r run, arg string) *cell.Error {
		n, _ := strconv.Atoi(arg)
		for i := range n {
			f(r, i)
		}
		return nil
	}
}

func (r run) ask(prompt string, password bool) *cell.Error {
	s, err := r.out.Input(r.ctx, prompt, password)
	switch {
	case errors.Is(err, io.EOF):
		r.out.Emit(text("stdout", "end of input\n"))
		return nil
	case r.ctx.Err() != nil:
		return interrupted()
	case err != nil:
		return &cell.Error{Name: "Error", Value: err.Error()}
	}
	r.out.Emit(text("stdout", fmt.Sprintf("got %q\n", s)))
	return nil
}

func text(stream, s string) cell.Event {
	return cell.Event{Kind: cell.Stream, Stream: stream, Text: s}
}

func plain(s string) *cell.Bundle { return &cell.Bundle{Data: map[string]any{"text/plain": s}} }

func interrupted() *cell.Error { return &cell.Error{Name: cell.ErrInterrupt, Value: "interrupted"} }

// Execute implements cell.Interpreter. A code that is a number's sum or any
// line without a known command is a CompileError.
func (m *Mock) Execute(ctx context.Context, q cell.Request, out cell.Sink) (res cell.Result) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m.mu.Lock()
	m.interrupt = cancel
	m.requests = append(m.requests, q)
	m.executing++
	if m.executing > 1 {
		panic("two Execute at a time")
	}
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		m.interrupt = nil
		m.executing--
		m.mu.Unlock()
	}()
	commands := m.commands()
	for line := range strings.Lines(q.Code) {
		word, arg, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch f := commands[word]; {
		case word == "":
		case word == "leave":
			res.Leave = true
		case word == "page":
			res.Pages = append(res.Pages, *plain(arg))
		case f == nil:
			res.Error = &cell.Error{Name: cell.ErrCompile, Value: "undefined: " + word, Traceback: []string{"undefined: " + word}}
			return res
		default:
			if res.Error = f(run{m, ctx, q, out}, arg); res.Error != nil {
				return res
			}
		}
	}
	res.UserExpressions = map[string]cell.ExpressionResult{}
	for name, x := range q.UserExpressions {
		if arg, ok := strings.CutPrefix(x, "result "); ok {
			res.UserExpressions[name] = cell.ExpressionResult{Bundle: plain(arg)}
		} else {
			res.UserExpressions[name] = cell.ExpressionResult{Error: &cell.Error{Name: cell.ErrCompile, Value: "undefined: " + x}}
		}
	}
	return res
}

// Complete implements cell.Interpreter: commands that begin with the word
// before the cursor.
func (m *Mock) Complete(ctx context.Context, code string, cursor int) (cell.Completion, error) {
	m.wait(ctx, &m.slow)
	runes := []rune(code)[:cursor]
	start := cursor
	for start > 0 && runes[start-1] != '\n' && runes[start-1] != ' ' {
		start--
	}
	c := cell.Completion{Start: start, End: cursor}
	for word := range maps.Keys(m.commands()) {
		if strings.HasPrefix(word, string(runes[start:])) {
			c.Matches = append(c.Matches, cell.Match{Text: word, Kind: "function", Signature: "func()"})
		}
	}
	return c, ctx.Err()
}

// Inspect implements cell.Interpreter.
func (m *Mock) Inspect(ctx context.Context, code string, cursor, detail int) (cell.Inspection, error) {
	m.wait(ctx, &m.slow)
	word := strings.Fields(code + " .")[0]
	if m.commands()[word] == nil {
		return cell.Inspection{}, ctx.Err()
	}
	return cell.Inspection{Found: true, Bundle: *plain(fmt.Sprint(word, " at ", cursor, " detail ", detail))}, ctx.Err()
}

// IsComplete implements cell.Interpreter: "…" asks for more, "?" is invalid.
func (m *Mock) IsComplete(_ context.Context, code string) (cell.Completeness, error) {
	switch {
	case strings.HasSuffix(code, "…"):
		return cell.Completeness{Status: "incomplete", Indent: "\t"}, nil
	case strings.HasSuffix(code, "?"):
		return cell.Completeness{Status: "invalid"}, nil
	case strings.HasSuffix(code, "!"):
		return cell.Completeness{}, errors.New("cannot tell")
	}
	return cell.Completeness{Status: "complete"}, nil
}

// Comm implements cell.Interpreter: the target "echo" sends back what it gets.
func (m *Mock) Comm(_ context.Context, c cell.CommMessage, out cell.Sink) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.received = append(m.received, c)
	switch c.Kind {
	case cell.CommOpen:
		if c.Target != "echo" {
			return fmt.Errorf("no target %q", c.Target)
		}
		m.comms[c.ID] = c.Target
	case cell.CommMsg:
		if m.comms[c.ID] == "" {
			return fmt.Errorf("no comm %q", c.ID)
		}
		if c.Data["panic"] != nil {
			panic("in a comm")
		}
		out.Emit(text("stdout", "before\n"))
		out.Emit(cell.Event{Kind: cell.CommMsg, Comm: &cell.CommMessage{Kind: cell.CommMsg, ID: c.ID, Data: c.Data, Metadata: c.Metadata, Buffers: c.Buffers}})
	case cell.CommClose:
		delete(m.comms, c.ID)
	}
	return nil
}

// Comms implements cell.Interpreter.
func (m *Mock) Comms(_ context.Context, target string) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	open := map[string]string{}
	for id, t := range m.comms {
		if target == "" || t == target {
			open[id] = t
		}
	}
	return open, nil
}

// Interrupt implements cell.Interpreter.
func (m *Mock) Interrupt(ctx context.Context) error {
	m.wait(ctx, &m.slowInterrupt)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.interrupt != nil {
		m.interrupt()
	}
	return nil
}

// Close implements cell.Interpreter.
func (m *Mock) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// Slow makes Complete and Inspect call f first.
func (m *Mock) Slow(f func(context.Context)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slow = f
}

// SlowInterrupt makes Interrupt call f first.
func (m *Mock) SlowInterrupt(f func(context.Context)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slowInterrupt = f
}

func (m *Mock) wait(ctx context.Context, f *func(context.Context)) {
	m.mu.Lock()
	call := *f
	m.mu.Unlock()
	if call != nil {
		call(ctx)
	}
}

// Messages are the comm messages that came, in order.
func (m *Mock) Messages() []cell.CommMessage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]cell.CommMessage(nil), m.received...)
}

// Ran are the cells that were run, in order.
func (m *Mock) Ran() []cell.Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]cell.Request(nil), m.requests...)
}

// Forget forgets the cells and messages so far.
func (m *Mock) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests, m.received = nil, nil
}
