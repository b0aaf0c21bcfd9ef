package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"divvy/kernel/cell"
)

// handle acts on a frame from the worker. p.order is held.
func (p *process) handle(f frame) error {
	switch f.kind {
	case kindReady:
		var r readiness
		if err := json.Unmarshal(f.head, &r); err != nil {
			return errMalformed
		}
		if r.Error != "" {
			return fmt.Errorf("it could not make an interpreter: %s", r.Error)
		}
		p.mu.Lock()
		if !p.ready {
			p.ready = true
			close(p.up)
		}
		p.mu.Unlock()
	case kindReply:
		// What a cell has written is shown before it ends.
		if err := errors.Join(p.stdout.drain(), p.stderr.drain()); err != nil {
			return err
		}
		p.mu.Lock()
		done := p.calls[f.id]
		delete(p.calls, f.id)
		p.mu.Unlock()
		if done != nil {
			done <- f
		}
	case kindStdout, kindStderr:
		if len(f.parts) != 1 {
			return errMalformed
		}
		stream := "stdout"
		if f.kind == kindStderr {
			stream = "stderr"
		}
		p.emit(f.id, cell.Event{Kind: cell.Stream, Stream: stream, Text: string(f.parts[0])})
	case kindEvent:
		e, err := decodeEvent(f)
		if err != nil {
			return err
		}
		p.emit(f.id, e)
	case kindInput:
		var r inputRequest
		if err := json.Unmarshal(f.head, &r); err != nil {
			return errMalformed
		}
		p.ask(f.id, r)
	case kindInputCancel:
		var r inputReply
		if err := json.Unmarshal(f.head, &r); err != nil {
			return errMalformed
		}
		p.mu.Lock()
		if cancel := p.inputs[r.Number]; cancel != nil {
			cancel()
		}
		p.mu.Unlock()
	case kindRelease:
		p.mu.Lock()
		delete(p.sinks, f.id)
		p.mu.Unlock()
	default:
		return errMalformed
	}
	return nil
}

func (p *process) sink(id uint64) cell.Sink {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sinks[id]
}

func (p *process) emit(id uint64, e cell.Event) {
	if sink := p.sink(id); sink != nil {
		sink.Emit(e)
	}
}

// ask puts a question of the worker to the front end. The answer may take as
// long as the user does; meanwhile all else goes on.
func (p *process) ask(id uint64, r inputRequest) {
	ctx, cancel := context.WithCancel(context.Background())
	p.mu.Lock()
	p.inputs[r.Number] = cancel
	p.mu.Unlock()
	go func() {
		defer cancel()
		answer := inputReply{Number: r.Number, Error: "nobody is there to ask"}
		if sink := p.sink(id); sink != nil {
			value, err := sink.Input(ctx, r.Prompt, r.Password)
			if answer.Value, answer.Error = value, ""; err != nil {
				answer.Error = err.Error()
			}
		}
		p.mu.Lock()
		delete(p.inputs, r.Number)
		p.mu.Unlock()
		if head, err := json.Marshal(answer); err == nil {
			p.to.send(kindInputReply, id, head)
		}
	}()
}
