package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"divvy/kernel/cell"
)

// process is one worker process, seen from the supervisor.
type process struct {
	os *os.Process
	to *sender

	// order is held while anything that comes from the worker is handled, so
	// that it is handled in one order.
	order    sync.Mutex
	frames   *inlet
	stdout   *inlet
	stderr   *inlet
	out, err *capture // what stdout and stderr feed
	closed   bool     // the inlets must not be read any more

	// shown is the sink of what arrives on the descriptors: that of the running
	// cell, or of the last one.
	shown atomic.Pointer[cell.Sink]

	up           chan struct{} // closed when it has an interpreter
	disconnected chan struct{} // closed when its pipe has ended
	ended        chan struct{} // closed when it is gone and all it wrote was delivered
	death        death         // why; valid when ended is closed

	mu      sync.Mutex // guards what follows
	ready   bool       // it has an interpreter
	asked   string     // why the supervisor ended it
	failure error      // why it cannot be understood, the first such reason
	reaped  bool       // its number may belong to another process
	calls   map[uint64]chan frame
	sinks   map[uint64]cell.Sink
	// inputs holds what ends the questions that the worker has asked.
	inputs map[uint64]context.CancelFunc
}

// startProcess starts a worker and returns without waiting for it to be ready:
// what is sent to it meanwhile waits in the pipe.
//
// onEnd is called once, when the worker has ended, before the calls under way
// are told.
func startProcess(newCommand func() (*exec.Cmd, error), onEnd func(*process)) (*process, error) {
	cmd, err := newCommand()
	if err != nil {
		return nil, fmt.Errorf("preparing the worker's command: %w", err)
	}
	pipes, err := newPipes()
	if err != nil {
		return nil, fmt.Errorf("making the worker's pipes: %w", err)
	}
	passPipes(cmd, pipes.childIn, pipes.childOut)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = nil, pipes.childStdout, pipes.childStderr

	p := &process{
		to:           &sender{w: pipes.toChild},
		up:           make(chan struct{}),
		disconnected: make(chan struct{}),
		ended:        make(chan struct{}),
		calls:        map[uint64]chan frame{},
		sinks:        map[uint64]cell.Sink{},
		inputs:       map[uint64]context.CancelFunc{},
	}
	if err := p.listen(pipes); err != nil {
		pipes.close()
		return nil, fmt.Errorf("listening to the worker's pipes: %w", err)
	}
	started := make(chan error)
	go func() {
		// Linux signals the death of the thread that started a child, not of
		// its process: this thread starts the worker and stays until it ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer pipes.close()
		kills := oomKills()
		err := cmd.Start()
		p.os = cmd.Process
		pipes.closeChilds()
		started <- err
		if err != nil {
			return
		}
		cmd.Wait() // its error is the exit status, which is looked at below
		p.finish(cmd.ProcessState, kills)
		onEnd(p)
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting a worker process (%s): %w", cmd.Path, err)
	}
	go p.stdout.run(p)
	go p.stderr.run(p)
	go func() {
		err := p.frames.run(p)
		p.disconnect(err)
		close(p.disconnected)
	}()
	return p, nil
}

// disconnect ends a worker that cannot be heard or understood any more: most
// often one that is ending anyway.
func (p *process) disconnect(err error) {
	p.mu.Lock()
	if p.failure == nil {
		p.failure = err
	}
	p.mu.Unlock()
	p.kill("")
}

// listenPatience is how long after the end of a worker its pipe may stay open:
// a copy of the process that C code made by fork can hold it.
const listenPatience = time.Second

// finish records how the worker ended, and delivers what it had still written.
func (p *process) finish(state *os.ProcessState, kills int) {
	p.mu.Lock()
	p.reaped = true
	p.mu.Unlock()
	killGroup(p.os) // what it has started
	select {
	case <-p.disconnected:
	case <-time.After(listenPatience):
	}
	p.order.Lock()
	p.frames.drain()
	p.stdout.drain()
	p.stderr.drain()
	p.out.lastWords()
	report, tail := p.err.lastWords()
	p.closed = true
	p.order.Unlock()

	p.mu.Lock()
	defer p.mu.Unlock()
	p.death = death{
		state: state, asked: p.asked, report: report, tail: tail,
		oom: oomKills() > kills, failure: p.failure, newborn: !p.ready,
	}
	for _, cancel := range p.inputs {
		cancel()
	}
	clear(p.sinks)
}

// listen prepares the inlets.
func (p *process) listen(pipes *pipes) (err error) {
	show := func(stream string) func(string) { return func(text string) { p.show(stream, text) } }
	p.out = &capture{order: &p.order, deliver: show("stdout")}
	p.err = &capture{order: &p.order, deliver: show("stderr"), watch: true}
	var a assembler
	note := func(err error) error { // whoever reads the frames may meet a fault in them
		if err != nil {
			p.disconnect(err)
		}
		return err
	}
	if p.frames, err = newInlet(pipes.fromChild, func(b []byte) error { return note(a.feed(b, p.handle)) }); err != nil {
		return err
	}
	p.frames.large = a.rest
	p.frames.filled = func(n int) error { return note(a.advance(n, p.handle)) }
	if p.stdout, err = newInlet(pipes.stdout, p.out.take); err != nil {
		return err
	}
	p.stderr, err = newInlet(pipes.stderr, p.err.take)
	return err
}

// because notes why the supervisor is about to end the worker; it becomes the
// cause of its death.
func (p *process) because(why string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked == "" {
		p.asked = why
	}
}

// kill ends the worker and its subprocesses.
func (p *process) kill(why string) {
	p.because(why)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		killGroup(p.os)
	}
}

// show delivers text of descriptor 1 or 2.
func (p *process) show(stream, text string) {
	if sink := p.shown.Load(); sink != nil {
		(*sink).Emit(cell.Event{Kind: cell.Stream, Stream: stream, Text: text})
	}
}

// begin registers a call, and its sink when it has one.
func (p *process) begin(id uint64, sink cell.Sink) chan frame {
	done := make(chan frame, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[id] = done
	if sink != nil {
		p.sinks[id] = sink
	}
	return done
}

func (p *process) abandon(id uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.calls, id)
}

// call sends a request and waits for its reply, which is decoded into value.
func (p *process) call(ctx context.Context, id uint64, kind byte, args any, sink cell.Sink, value any, parts ...[]byte) error {
	head, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("encoding a request: %w", err)
	}
	done := p.begin(id, sink)
	defer p.abandon(id)
	if err := p.to.send(kind, id, head, parts...); err != nil {
		p.awaitEnd(ctx) // the pipe is broken because the worker is ending
	}
	select {
	case f := <-done:
		return decodeReply(f, value)
	case <-p.ended:
		select {
		case f := <-done: // it replied, and then it ended
			return decodeReply(f, value)
		default:
			return &endedError{&p.death}
		}
	case <-ctx.Done():
		p.to.send(kindCancel, id, nil)
		return ctx.Err()
	}
}

func (p *process) awaitEnd(ctx context.Context) {
	select {
	case <-p.ended:
	case <-ctx.Done():
	}
}

func decodeReply(f frame, value any) error {
	var r reply
	if err := json.Unmarshal(f.head, &r); err != nil {
		return fmt.Errorf("decoding a reply: %w", err)
	}
	if r.Error != "" {
		return errors.New(r.Error)
	}
	if value == nil || r.Value == nil {
		return nil
	}
	if err := unmarshalExact(r.Value, value); err != nil {
		return fmt.Errorf("decoding a reply: %w", err)
	}
	return nil
}

// endedError is the error of a call whose worker ended.
type endedError struct{ death *death }

func (e *endedError) Error() string { return "the worker process ended: " + e.death.cause() }
