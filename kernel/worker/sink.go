package worker

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"

	"divvy/kernel/cell"
)

// sink is the worker's stand-in for the sink of a call.
type sink struct {
	server *server
	id     uint64
}

// newSink makes the sink of call id. Goroutines of the cell may keep it for as
// long as they like; when the last has let go, the supervisor is told that it
// can let go of the real one.
func (s *server) newSink(id uint64) *sink {
	k := &sink{server: s, id: id}
	out := s.out
	runtime.AddCleanup(k, func(id uint64) { out.send(kindRelease, id, nil) }, id)
	return k
}

// Emit sends what a cell shows. Text waits for nothing; all else returns when
// the operating system has taken it.
func (k *sink) Emit(e cell.Event) {
	out := k.server.out
	k.server.order.wait()
	if e.Kind == cell.Stream {
		if e.Text != "" {
			kind := kindStdout
			if e.Stream == "stderr" {
				kind = kindStderr
			}
			out.stream(kind, k.id, e.Text)
		}
		return
	}
	head, parts, err := encodeEvent(e)
	if err == nil {
		err = out.send(kindEvent, k.id, head, parts...)
	}
	if err != nil { // nothing that was displayed may vanish without a word
		out.stream(kindStderr, k.id, err.Error()+"\n")
	}
}

// Input asks the user for a line.
func (k *sink) Input(ctx context.Context, prompt string, password bool) (string, error) {
	s := k.server
	answer := make(chan inputReply, 1)
	s.mu.Lock()
	s.number++
	number := s.number
	s.inputs[number] = answer
	s.mu.Unlock()

	head, err := json.Marshal(inputRequest{Number: number, Prompt: prompt, Password: password})
	if err == nil {
		err = s.out.send(kindInput, k.id, head)
	}
	if err == nil {
		select {
		case r := <-answer:
			if r.Error != "" {
				return "", errors.New(r.Error)
			}
			return r.Value, nil
		case <-ctx.Done():
			err = ctx.Err()
			head, _ := json.Marshal(inputReply{Number: number})
			s.out.send(kindInputCancel, k.id, head)
		}
	}
	s.mu.Lock()
	delete(s.inputs, number)
	s.mu.Unlock()
	return "", err
}
