package display

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// Sink takes what is displayed. A kernel supplies one that sends it to the front
// end. It must be safe for concurrent use.
type Sink interface {
	// Display shows a bundle. With an id, a later call with update set replaces
	// what was shown under it; without an id neither is.
	Display(b Bundle, id string, update bool)
	// Clear removes the output of the running cell, at once or (wait) when the
	// next output comes, which avoids flicker.
	Clear(wait bool)
}

// The sink belongs to the process, as os.Stdout does: whatever a cell calls,
// however deep, displays into the same notebook.
var current struct {
	sync.RWMutex
	sink Sink
}

// SetSink directs all displays to s and gives the sink before it. Nil, as in the
// beginning, means that their text is written to standard output.
func SetSink(s Sink) (previous Sink) {
	current.Lock()
	defer current.Unlock()
	previous, current.sink = current.sink, s
	return previous
}

func sink() Sink {
	current.RLock()
	defer current.RUnlock()
	if current.sink == nil {
		return printSink{os.Stdout}
	}
	return current.sink
}

func attached() bool {
	current.RLock()
	defer current.RUnlock()
	return current.sink != nil
}

// printSink writes the text of displays; it cannot take anything back.
type printSink struct{ w io.Writer }

func (p printSink) Display(b Bundle, _ string, _ bool) { fmt.Fprintln(p.w, b.Text()) }
func (p printSink) Clear(bool)                         {}

// Show displays each value, one below the other.
func Show(vs ...any) {
	for _, v := range vs {
		sink().Display(Of(v), "", false)
	}
}

// ShowID displays a value under an id of the caller's and gives the handle by
// which it is replaced.
func ShowID(id string, v any) *Handle {
	h := &Handle{id: id}
	h.Update(v)
	return h
}

// Clear removes the output of the running cell, at once or (wait) when the next
// output comes.
func Clear(wait bool) { sink().Clear(wait) }

// Handle is a place in the notebook whose content can be replaced, from any
// cell and any goroutine: a figure that follows a computation.
type Handle struct {
	id    string
	shown atomic.Bool
}

var handles atomic.Int64 // numbers the handles of this process

// NewHandle makes a handle with an id of its own, which shows nothing yet.
func NewHandle() *Handle {
	return &Handle{id: fmt.Sprintf("divvy-%d-%d", os.Getpid(), handles.Add(1))}
}

// ID is the display id by which front ends know the place.
func (h *Handle) ID() string { return h.id }

// Update shows v: the first time below the output so far, then always in the
// place of what the handle showed before.
func (h *Handle) Update(v any) { sink().Display(Of(v), h.id, h.shown.Swap(true)) }

// String names the handle.
func (h *Handle) String() string { return "display handle " + h.id }
