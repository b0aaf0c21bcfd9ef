package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"divvy/kernel/cell"
)

// maxStack bounds a goroutine's stack in the worker. Go's own limit of 1 GB is
// reached by copying 512 MB to 1 GB: a runaway recursion would take seconds and
// more memory than many machines have to spare. 256 MB still hold a recursion
// of some 400,000 interpreted calls.
const maxStack = 256 << 20

// closeGrace is how long an interpreter may take to close.
const closeGrace = 200 * time.Millisecond

// interruptTries is how often, at about 127 ms from one to the next, a cell that
// runs on is asked to stop.
const interruptTries = 8

// Serve is the child half: it makes an interpreter and serves it to the
// supervisor that started this process. It returns only when the process was
// not started by one; otherwise the process ends with the supervisor's pipe, or
// when asked to.
func Serve(newInterpreter func() (cell.Interpreter, error)) error {
	in, out, err := inheritedPipes()
	if err != nil {
		return err
	}
	debug.SetMaxStack(maxStack)
	limitMemory()
	prepareChild()
	s := &server{
		in:      in,
		out:     &sender{w: out},
		cancels: map[uint64]context.CancelFunc{},
		inputs:  map[uint64]chan inputReply{},

		delivered: make(chan struct{}),
	}
	close(s.delivered) // there were none
	endOnSignal(s.end)
	s.interp, err = newInterpreter()
	var ready readiness
	if err != nil {
		ready.Error = err.Error()
	}
	head, _ := json.Marshal(ready)
	if sendErr := s.out.send(kindReady, 0, head); sendErr != nil || err != nil {
		os.Exit(1) // the supervisor is gone, or knows why this worker is useless
	}
	s.rest = newRest()
	s.loop()
	s.end()
	return nil
}

// server is the child's end of the pipes.
type server struct {
	in     io.Reader
	out    *sender
	interp cell.Interpreter
	ending sync.Once
	order  outputOrder
	rest   *rest

	// Used by the loop only.
	lastExecute uint64        // the id of the last cell
	early       uint64        // the cell that was interrupted before it came
	delivered   chan struct{} // closed when all interrupts so far have had their effect

	mu      sync.Mutex // guards what follows
	cancels map[uint64]context.CancelFunc
	inputs  map[uint64]chan inputReply
	number  uint64 // of the last input request
}

// loop reads until the pipe ends.
func (s *server) loop() {
	var frames assembler
	buf := make([]byte, 64<<10)
	for {
		n, err := s.in.Read(buf)
		if feedErr := frames.feed(buf[:n], s.handle); feedErr != nil || err != nil {
			return
		}
	}
}

// errEnd ends the loop.
var errEnd = errors.New("asked to end")

// handle acts on one frame. Calls run in goroutines of their own, so that an
// interrupt or a completion gets through while a cell runs.
func (s *server) handle(f frame) error {
	switch f.kind {
	case kindClose:
		return errEnd
	case kindInterrupt:
		if f.id > s.lastExecute {
			s.early = f.id // it overtook its cell
			return nil
		}
		s.interrupt(f.id)
	case kindCancel:
		s.mu.Lock()
		if cancel := s.cancels[f.id]; cancel != nil {
			cancel()
		}
		s.mu.Unlock()
	case kindInputReply:
		var r inputReply
		if json.Unmarshal(f.head, &r) == nil {
			s.mu.Lock()
			if ch := s.inputs[r.Number]; ch != nil {
				ch <- r // capacity 1, one reply a number
				delete(s.inputs, r.Number)
			}
			s.mu.Unlock()
		}
	default:
		ctx, cancel := context.WithCancel(context.Background())
		s.mu.Lock()
		s.cancels[f.id] = cancel
		s.mu.Unlock()
		if f.kind != kindExecute {
			go s.call(ctx, f)
			return nil
		}
		// An interrupt that was meant for the last cell must not hit this one.
		earlier := s.delivered
		go func() {
			<-earlier
			s.call(ctx, f)
		}()
		s.lastExecute = f.id
		if s.early == f.id {
			s.interrupt(f.id)
		}
	}
	return nil
}

// call runs one call and sends its reply.
func (s *server) call(ctx context.Context, f frame) {
	value, err := s.dispatch(ctx, f)
	s.mu.Lock()
	s.cancels[f.id]()
	delete(s.cancels, f.id)
	s.mu.Unlock()
	s.order.wait()
	s.out.send(kindReply, f.id, encodeReply(value, err))
}

// interrupt stops the cell of call id, or whatever else runs when id is 0. It
// asks again while the cell runs on, because the first request may have come
// before the interpreter had begun.
func (s *server) interrupt(id uint64) {
	earlier, delivered := s.delivered, make(chan struct{})
	s.delivered = delivered
	go func() {
		defer close(delivered)
		defer func() { <-earlier }()
		if id == 0 {
			s.interp.Interrupt(context.Background())
		}
		for range interruptTries {
			if !s.running(id) {
				return
			}
			s.interp.Interrupt(context.Background())
			for wait := time.Millisecond; wait <= 64*time.Millisecond; wait *= 2 {
				if time.Sleep(wait); !s.running(id) {
					return
				}
			}
		}
	}()
}

func (s *server) running(id uint64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cancels[id] != nil
}

func (s *server) dispatch(ctx context.Context, f frame) (value any, err error) {
	defer func() {
		if p := recover(); p != nil {
			value, err = internalError(f.kind, p)
		}
	}()
	var q query
	switch f.kind {
	case kindExecute:
		var r cell.Request
		if err := json.Unmarshal(f.head, &r); err != nil {
			return nil, err
		}
		s.rest.busy()
		defer s.rest.idle()
		return s.interp.Execute(ctx, r, s.newSink(f.id)), nil
	case kindComm:
		var m cell.CommMessage
		if err := json.Unmarshal(f.head, &m); err != nil {
			return nil, err
		}
		m.Buffers = f.parts
		return nil, s.interp.Comm(ctx, m, s.newSink(f.id))
	case kindDebug:
		d, ok := s.interp.(cell.Debugger)
		if !ok || len(f.parts) != 1 {
			return nil, errors.New("this interpreter has no debugger")
		}
		reply, err := d.Debug(ctx, f.parts[0], s.newSink(f.id))
		return json.RawMessage(reply), err
	}
	if err := json.Unmarshal(f.head, &q); err != nil {
		return nil, err
	}
	switch f.kind {
	case kindComplete:
		return s.interp.Complete(ctx, q.Code, q.Cursor)
	case kindInspect:
		return s.interp.Inspect(ctx, q.Code, q.Cursor, q.Detail)
	case kindIsComplete:
		return s.interp.IsComplete(ctx, q.Code)
	case kindComms:
		return s.interp.Comms(ctx, q.Target)
	}
	return nil, fmt.Errorf("a call of unknown kind %d", f.kind)
}

// internalError reports a panic of the interpreter itself. The worker lives on:
// its state is most likely whole, and the user decides whether to restart.
func internalError(kind byte, p any) (any, error) {
	text := fmt.Sprintf("the interpreter panicked: %v", p)
	if kind != kindExecute {
		return nil, fmt.Errorf("%s", text)
	}
	return cell.Result{Error: &cell.Error{
		Name:      cell.ErrInternal,
		Value:     text,
		Traceback: []string{text, string(debug.Stack())},
	}}, nil
}

// end leaves the process, and takes the subprocesses that cells have started
// along. It does not return, whoever calls it first.
func (s *server) end() {
	s.ending.Do(func() {
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			defer func() { recover() }() // an interpreter that cannot close must not keep the process
			if s.interp != nil {
				s.interp.Close()
			}
		}()
		select {
		case <-closed:
		case <-time.After(closeGrace):
		}
		s.out.flush()
		endGroup()
	})
	select {} // endGroup is ending the process
}
