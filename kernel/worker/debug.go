package worker

import (
	"context"
	"encoding/json"
	"sync"

	"divvy/kernel/cell"
	"divvy/kernel/debug"
)

// debugging is the debugger as front ends see it: it outlives the workers.
type debugging struct {
	journal debug.Journal

	mu      sync.Mutex // held while a worker is brought to the journal's state; guards what follows
	process *process   // the worker that is in that state
	out     cell.Sink  // where events go
}

// Debug implements cell.Debugger.
func (s *Supervisor) Debug(ctx context.Context, request []byte, out cell.Sink) ([]byte, error) {
	p, err := s.worker()
	if err != nil {
		return nil, err
	}
	out = debugSink{out, &s.debugging.journal}
	s.restoreDebugger(ctx, p)
	s.debugging.mu.Lock()
	s.debugging.out = out
	s.debugging.mu.Unlock()
	var reply json.RawMessage
	if err := p.call(ctx, s.lastID.Add(1), kindDebug, nil, out, &reply, request); err != nil {
		return nil, err
	}
	s.debugging.journal.Note(request, reply)
	return reply, nil
}

// debugSink takes note of what a worker's debugger tells.
type debugSink struct {
	cell.Sink
	journal *debug.Journal
}

// Emit implements cell.Sink.
func (k debugSink) Emit(e cell.Event) {
	if e.Kind == cell.DebugEvent {
		k.journal.Event(e.Debug)
	}
	k.Sink.Emit(e)
}

// restoreDebugger brings a worker that has taken another's place to the state
// that front ends know: breakpoints and all. Its events go where those of the
// one before went.
func (s *Supervisor) restoreDebugger(ctx context.Context, p *process) {
	d := &s.debugging
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.process == p {
		return
	}
	first := d.process == nil
	d.process = p
	if first {
		return
	}
	for _, request := range d.journal.Requests() {
		if err := p.call(ctx, s.lastID.Add(1), kindDebug, nil, d.out, nil, request); err != nil {
			s.config.Log.Warn("debugger not restored", "error", err)
			return
		}
	}
}

// debuggeeEnded tells front ends that nothing is held any more.
func (s *Supervisor) debuggeeEnded(p *process) {
	d := &s.debugging
	d.mu.Lock()
	out := d.out
	mine := d.process == p
	d.mu.Unlock()
	if event := d.journal.Ended(); event != nil && mine && out != nil {
		out.Emit(cell.Event{Kind: cell.DebugEvent, Debug: event})
	}
}
