package widget

import (
	"sync"

	"divvy/stdlib/display"
)

// The kinds of Message.
const (
	CommOpen  = "comm_open"
	CommMsg   = "comm_msg"
	CommClose = "comm_close"
)

// Message is a message of a comm, Jupyter's channel between an object in the
// kernel and its counterpart in a front end, in either direction.
type Message struct {
	Kind     string // one of the constants
	ID       string // of the comm
	Target   string // what the comm is for; CommOpen only
	Data     map[string]any
	Metadata map[string]any
	Buffers  [][]byte
}

// Host is what a kernel does for widgets. Its methods may be called from any
// goroutine.
type Host interface {
	// Send passes a message to the front ends.
	Send(m Message)
	// Cell is the cell that the calling goroutine belongs to, nil if none.
	Cell() any
	// Later runs f as a part of a cell when no cell runs, after the functions
	// that already wait. One that waits under the same key, unless that is nil,
	// is replaced in its place. f must not outlast an interrupt.
	Later(cell, key any, f func())
	// Capture runs f and passes to out what it and the goroutines that it starts
	// print or display meanwhile, and how it failed, if it panics or is
	// interrupted. It tells whether f returned.
	Capture(out Sink, f func()) bool
	// Bundle shows a value as the result of a cell is shown.
	Bundle(v any) display.Bundle
}

// Sink takes output in the place of a cell.
type Sink interface {
	// Stream takes text printed to "stdout" or "stderr".
	Stream(name, text string)
	// Display is that of display.Sink.
	Display(b display.Bundle, id string, update bool)
	// Clear is that of display.Sink.
	Clear(wait bool)
	// Fail takes an error: its kind, its message, and the lines of a traceback.
	Fail(name, value string, traceback []string)
}

// The host belongs to the process, as display's sink does: whatever a cell
// calls, however deep, shows its widgets in the same notebook.
var current struct {
	sync.RWMutex
	host Host
}

// SetHost makes h the host of all widgets and gives the one before it. Nil, as in
// the beginning, means that nobody sees a widget but by its text.
func SetHost(h Host) (previous Host) {
	current.Lock()
	defer current.Unlock()
	previous, current.host = current.host, h
	return previous
}

func host() Host {
	current.RLock()
	defer current.RUnlock()
	if current.host == nil {
		return nobody{}
	}
	return current.host
}

// nobody is the host without a kernel.
type nobody struct{}

func (nobody) Send(Message)                {}
func (nobody) Cell() any                   { return nil }
func (nobody) Later(_, _ any, f func())    { f() }
func (nobody) Bundle(v any) display.Bundle { return display.Of(v) }
func (nobody) Capture(_ Sink, f func()) bool {
	f()
	return true
}
