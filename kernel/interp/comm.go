package interp

import (
	"context"
	"errors"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"divvy/kernel/cell"
	"divvy/stdlib/display"
	"divvy/stdlib/widget"
)

// Functions that widgets call, such as a slider's, run between cells: one at a
// time, in a queue of their own, with the sink and the labels of the cell that
// registered them. So they can be interrupted as a cell can, and what they print
// appears where a goroutine of that cell would print.

//go:linkname setLabels runtime/pprof.runtime_setProfLabel
func setLabels(unsafe.Pointer)

// callbackGrace is how long a comm message waits for the functions that it
// makes run. A front end sends the next change of a slider when the last has
// been handled, so this paces it; what takes longer is paced by the queue.
const callbackGrace = 100 * time.Millisecond

// origin is the cell to which the functions that it registers belong.
type origin struct {
	run  *run
	done chan struct{} // on which its frames wait for an interrupt; may be nil
}

// callbacks is the queue of a session.
type callbacks struct {
	mu     sync.Mutex
	queue  []pendingCall
	idle   chan struct{} // closed when the queue is done; nil when it is
	closed bool
}

type pendingCall struct {
	from *origin
	key  any
	call func()
}

// later appends a call, or replaces the one that waits under its key.
func (s *Session) later(c pendingCall) {
	q := &s.callbacks
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	for i := range q.queue {
		if c.key != nil && q.queue[i].key == c.key {
			q.queue[i] = c
			return
		}
	}
	q.queue = append(q.queue, c)
	if q.idle == nil {
		q.idle = make(chan struct{})
		go s.drain()
	}
}

// drain runs what waits. Cells get their turn after those calls that waited
// when the last cell ended.
func (s *Session) drain() {
	q := &s.callbacks
	for {
		s.mu.Lock()
		q.mu.Lock()
		turn := q.queue
		q.queue = nil
		q.mu.Unlock()
		for _, c := range turn {
			s.callback(c)
		}
		s.mu.Unlock()

		q.mu.Lock()
		if len(q.queue) == 0 {
			close(q.idle)
			q.idle = nil
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
	}
}

// callback runs one call as a part of its cell. The session is held.
func (s *Session) callback(c pendingCall) {
	r := &run{sink: c.from.run.sink, name: c.from.run.name, session: s, origin: c.from, labels: c.from.run.labels}
	r.ctx, r.stop = context.WithCancelCause(context.Background())
	defer r.stop(nil)
	s.setCurrent(r)
	defer s.setCurrent(nil)
	defer enterAs(r)()
	s.engine.rt.ctx = r.ctx
	err := s.guard(func() error { return s.engine.exec.invoke(r.ctx, c.from.done, c.call) })
	if s.engine.usesFiles {
		s.flush()
	}
	if err != nil {
		e := s.report(r, err)
		text := "in a function that a widget has called:\n" + strings.Join(e.Traceback, "\n") + "\n"
		r.sink.Emit(cell.Event{Kind: cell.Stream, Stream: "stderr", Text: text})
	}
}

// enterAs makes the calling goroutine, and all others that have the labels of r,
// belong to r for a while.
func enterAs(r *run) (leave func()) {
	before := getLabels()
	old, known := owners.byLabels.Load(r.labels)
	owners.byLabels.Store(r.labels, r)
	setLabels(r.labels)
	return func() {
		setLabels(before)
		if known {
			owners.byLabels.Store(r.labels, old)
		} else {
			owners.byLabels.Delete(r.labels)
		}
	}
}

// Comm implements cell.Interpreter. The state of a widget changes at once, also
// while a cell runs.
func (s *Session) Comm(ctx context.Context, m cell.CommMessage, out cell.Sink) error {
	s.running.Lock()
	busy := s.current != nil
	s.running.Unlock()
	err := widget.Deliver(widget.Message{
		Kind: m.Kind, ID: m.ID, Target: m.Target, Data: m.Data, Metadata: m.Metadata, Buffers: m.Buffers,
	}, func(a widget.Message) { out.Emit(commEvent(a)) })
	s.callbacks.mu.Lock()
	idle := s.callbacks.idle
	s.callbacks.mu.Unlock()
	if idle == nil || busy {
		return err
	}
	grace := time.NewTimer(callbackGrace)
	defer grace.Stop()
	select {
	case <-idle:
	case <-grace.C:
	case <-ctx.Done():
	}
	return err
}

// Comms implements cell.Interpreter.
func (s *Session) Comms(_ context.Context, target string) (map[string]string, error) {
	return widget.Comms(target), nil
}

// dropCallbacks forgets what waits and takes no more.
func (s *Session) dropCallbacks() {
	s.callbacks.mu.Lock()
	defer s.callbacks.mu.Unlock()
	s.callbacks.queue, s.callbacks.closed = nil, true
}

func commEvent(m widget.Message) cell.Event {
	return cell.Event{Kind: m.Kind, Comm: &cell.CommMessage{
		Kind: m.Kind, ID: m.ID, Target: m.Target, Data: m.Data, Metadata: m.Metadata, Buffers: m.Buffers,
	}}
}

// connectWidgets makes the running cells the host of all widgets, once for the
// process.
var connectWidgets = sync.OnceFunc(func() { widget.SetHost(widgetHost{}) })

// widgetHost finds the session by the calling goroutine.
type widgetHost struct{}

var _ widget.Host = widgetHost{}

// Send implements widget.Host.
func (widgetHost) Send(m widget.Message) {
	if s := displayTo(); s != nil {
		s.Emit(commEvent(m))
	}
}

// Cell implements widget.Host.
func (widgetHost) Cell() any {
	r := owner()
	if r == nil {
		r = owners.latest.Load()
	}
	if r == nil {
		return nil
	}
	s := r.session
	s.running.Lock()
	defer s.running.Unlock()
	if r.origin == nil {
		r.origin = &origin{run: r}
		if s.current == r {
			// Its frames wait on this channel; the next cell has another one.
			r.origin.done = *s.engine.exec.done
		}
	}
	return r.origin
}

// Later implements widget.Host.
func (widgetHost) Later(from, key any, f func()) {
	if o, ok := from.(*origin); ok {
		o.run.session.later(pendingCall{o, key, f})
	}
}

// Bundle implements widget.Host.
func (widgetHost) Bundle(v any) display.Bundle { return display.Of(showable(v)) }

// Capture implements widget.Host.
func (widgetHost) Capture(out widget.Sink, f func()) (ok bool) {
	r := owner()
	if r == nil { // a goroutine that no cell has started; nothing finds its output
		f()
		return true
	}
	inner := &run{
		sink: captured{out, r.sink}, name: r.name, stdin: r.stdin,
		ctx: r.ctx, stop: r.stop, session: r.session, origin: r.origin,
	}
	before := getLabels()
	id := strconv.FormatInt(owners.n.Add(1), 10)
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(cellLabel, id)))
	inner.labels = getLabels()
	owners.byLabels.Store(inner.labels, inner)
	defer func() {
		setLabels(before)
		owners.byLabels.Delete(inner.labels)
		// A panic of an interrupted function only says that it was.
		p, cause := recover(), context.Cause(r.ctx)
		var e *cell.Error
		switch {
		case errors.Is(cause, errInterrupted), errors.Is(cause, context.DeadlineExceeded):
			e = r.session.report(inner, cause)
		case p != nil:
			e = r.session.reportPanic(inner, p)
		default:
			return
		}
		ok = false
		out.Fail(e.Name, e.Value, e.Traceback)
	}()
	f()
	return true
}

// captured is a sink whose output goes to a widget.
type captured struct {
	out widget.Sink
	cell.Sink
}

// Emit implements cell.Sink.
func (c captured) Emit(e cell.Event) {
	switch e.Kind {
	case cell.Stream:
		c.out.Stream(e.Stream, e.Text)
	case cell.Display, cell.UpdateDisplay, cell.ExecuteResult:
		c.out.Display(display.Bundle{Data: e.Bundle.Data, Metadata: e.Bundle.Metadata}, e.DisplayID, e.Kind == cell.UpdateDisplay)
	case cell.ClearOutput:
		c.out.Clear(e.Wait)
	default:
		c.Sink.Emit(e)
	}
}
