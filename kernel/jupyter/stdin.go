package jupyter

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"divvy/kernel/cell"
)

// stdinGrace is how long a client's stdin connection may come after its
// request: its sockets connect in any order.
const stdinGrace = time.Second

// errInterrupted is why an input ends that the user interrupted.
var errInterrupted = errors.New(cell.InputInterrupted)

// input is the one question that may be open at a time.
type input struct {
	turn sync.Mutex // held by who asks

	mu       sync.Mutex
	identity string          // who is asked; empty when nobody is
	asked    map[string]bool // the parents that a true answer may have
	answer   chan answer     // with room for one
}

type answer struct {
	value string
	err   error
}

// ask sends an input_request to the client that sent r and waits for its
// answer, for the end of ctx or for an interrupt. io.EOF is the user's Ctrl-D.
func (s *Server) ask(ctx context.Context, r *request, prompt string, password bool) (string, error) {
	in := &s.input
	in.turn.Lock()
	defer in.turn.Unlock()
	identity := string(r.Idents[0])
	if err := s.awaitStdin(ctx, identity); err != nil {
		return "", err
	}
	frames, id, err := s.session.Encode(Outgoing{
		Idents: r.Idents, Type: "input_request", Parent: r.RawHeader, Subshell: r.Header.Subshell,
		Content: map[string]any{"prompt": prompt, "password": password},
	})
	if err != nil {
		return "", err
	}
	answered := in.open(identity, id, r.Header.ID)
	defer in.close()
	if !s.stdin.Send(identity, frames[1:]) {
		return "", errNoStdin
	}
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-s.ctx.Done():
		return "", context.Cause(s.ctx)
	}
}

// awaitStdin waits a moment for the client's stdin connection.
func (s *Server) awaitStdin(ctx context.Context, identity string) error {
	for end := time.Now().Add(stdinGrace); !s.stdin.Connected(identity); {
		if time.Now().After(end) {
			return errNoStdin
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

func (in *input) open(identity string, parents ...string) chan answer {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.identity, in.asked, in.answer = identity, map[string]bool{"": true}, make(chan answer, 1)
	for _, p := range parents {
		in.asked[p] = true
	}
	return in.answer
}

func (in *input) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.identity, in.asked, in.answer = "", nil, nil
}

// cancel ends an open question.
func (in *input) cancel() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.give(answer{err: errInterrupted})
}

// give answers the open question, if there is one without an answer.
func (in *input) give(a answer) bool {
	if in.answer == nil {
		return false
	}
	select {
	case in.answer <- a:
		return true
	default:
		return false
	}
}

// fromStdin takes an input_reply. An answer that comes too late, to a question
// that was interrupted, must not answer the next one: its parent is another.
// Some clients write no parent; theirs is believed.
func (s *Server) fromStdin(frames [][]byte) {
	defer s.survive(onStdin)
	m, err := s.session.Decode(frames)
	if err != nil {
		s.log.Warn("message dropped", "channel", onStdin, "err", err)
		return
	}
	var q struct {
		Value string `json:"value"`
	}
	if m.Header.Type != "input_reply" {
		s.log.Warn("message of an unknown type ignored", "type", m.Header.Type, "channel", onStdin)
		return
	}
	if err := json.Unmarshal(m.Content, &q); err != nil {
		s.log.Warn("malformed input_reply dropped", "err", err)
		return
	}
	in := &s.input
	in.mu.Lock()
	defer in.mu.Unlock()
	if string(m.Idents[0]) != in.identity || !in.asked[m.Parent.ID] {
		s.log.Warn("input_reply to no open question dropped")
		return
	}
	a := answer{value: q.Value}
	if q.Value == "\x04" {
		a = answer{err: io.EOF}
	}
	in.give(a)
}
