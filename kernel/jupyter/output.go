package jupyter

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"
	"unicode/utf8"

	"divvy/kernel/cell"
)

const (
	// flushEvery is how long text waits for more of it. The first text of a
	// cell, and text after a pause, does not wait.
	flushEvery = 20 * time.Millisecond
	// flushSize is how much text does not wait for the time to be over.
	flushSize = 64 << 10
)

// output is the sink of one request. It gathers what is printed into few
// messages, keeps the order of everything, and bounds what a runaway loop can
// send. It lives on after its request: a goroutine that outlives its cell
// still writes to that cell.
type output struct {
	s      *Server
	r      *request
	count  int
	silent bool // publish nothing but comm messages
	stdin  bool // the front end can ask for input

	mu      sync.Mutex
	pending pending
	flushed time.Time // when text was last sent
	timer   *time.Timer
	armed   bool
	result  string // the text of the last execute_result, for the history
}

func (s *Server) newOutput(r *request, count int) *output {
	return &output{s: s, r: r, count: count, pending: newPending(s.o.Output)}
}

// Emit publishes an event, or soon will.
func (o *output) Emit(e cell.Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch e.Kind {
	case cell.Stream:
		if o.silent || e.Text == "" {
			return
		}
		o.pending.write(streamName(e.Stream), e.Text)
	case cell.Display, cell.UpdateDisplay, cell.ExecuteResult:
		if o.silent || e.Bundle == nil {
			return
		}
		if text, ok := e.Bundle.Data["text/plain"].(string); ok && e.Kind == cell.ExecuteResult {
			o.result = text
		}
		o.pending.show(e)
	case cell.ClearOutput:
		if o.silent {
			return
		}
		o.pending.show(e)
	case cell.DebugEvent:
		if json.Valid(e.Debug) {
			o.s.publish(o.r.RawHeader, "debug_event", json.RawMessage(e.Debug))
		}
		return
	case cell.CommOpen, cell.CommMsg, cell.CommClose:
		if e.Comm == nil {
			return
		}
		o.flush(false) // a widget's output and its state keep their order
		o.sendComm(e)
		o.pending.sent(0, false)
		return
	default:
		o.s.log.Warn("event of an unknown kind dropped", "kind", e.Kind)
		return
	}
	o.schedule()
}

// schedule flushes now where that is due, and otherwise when it will be.
func (o *output) schedule() {
	wait := flushEvery - time.Since(o.flushed)
	if wait <= 0 || o.pending.size >= flushSize || o.pending.events > 0 {
		o.flush(false)
	}
	if o.pending.empty() || o.armed {
		return
	}
	o.armed = true
	wait = max(wait, time.Millisecond)
	if o.timer == nil {
		o.timer = time.AfterFunc(wait, o.tick)
	} else {
		o.timer.Reset(wait)
	}
}

func (o *output) tick() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.armed = false
	o.flush(false)
	if !o.pending.empty() { // throttled, or half a character
		o.armed = true
		o.timer.Reset(flushEvery)
	}
}

// finish sends everything that waits. It is called before the reply.
func (o *output) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flush(true)
}

// flush sends what the limits allow, or all of it.
func (o *output) flush(all bool) {
	for {
		item, ok := o.pending.next(all)
		if !ok {
			return
		}
		o.flushed = time.Now()
		o.pending.sent(o.send(item), item.kind() == cell.Stream)
	}
}

// send publishes an item and returns its size on the wire.
func (o *output) send(i item) int {
	m := Outgoing{Type: i.kind(), Parent: o.r.RawHeader}
	if i.event == nil {
		m.Content = stream{i.stream, string(i.text)}
		return o.s.broadcast(m, true)
	}
	e := i.event
	switch e.Kind {
	case cell.ClearOutput:
		m.Content = map[string]bool{"wait": e.Wait}
	default:
		content := displayContent{Data: object(e.Bundle.Data), Metadata: object(e.Bundle.Metadata), Transient: transient{e.DisplayID}}
		if e.Kind == cell.ExecuteResult {
			m.Content = executeResult{content, o.count}
		} else {
			m.Content = content
		}
	}
	size := o.s.broadcast(m, e.Kind != cell.ExecuteResult)
	if size == 0 {
		o.s.publish(o.r.RawHeader, "stream", stream{"stderr", "[a display was left out: it cannot be written as JSON]\n"})
	}
	return size
}

func (o *output) sendComm(e cell.Event) {
	o.s.broadcast(Outgoing{
		Type: e.Kind, Parent: o.r.RawHeader, Metadata: object(e.Comm.Metadata),
		Content: commContent{e.Comm.ID, e.Comm.Target, object(e.Comm.Data)}, Buffers: e.Comm.Buffers,
	}, false)
}

// resultText is the text of the cell's result, empty if it had none.
func (o *output) resultText() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.result
}

var errNoStdin = errors.New("this front end does not support input")

// Input asks the user for a line.
func (o *output) Input(ctx context.Context, prompt string, password bool) (string, error) {
	if !o.stdin {
		return "", errNoStdin
	}
	o.finish() // the prompt comes after what was printed
	return o.s.ask(ctx, o.r, prompt, password)
}

func streamName(s string) string {
	if s == "stderr" {
		return s
	}
	return "stdout"
}

// partialRune is the length of the character at the end of b of which only the
// beginning is there.
func partialRune(b []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-n:]) {
				return n
			}
			return 0
		}
	}
	return 0
}
