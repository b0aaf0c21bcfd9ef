package worker

import (
	"runtime"
	"runtime/debug"
	"time"
)

// Memory of the worker. Go's collector lets the heap grow to twice what is
// alive before it collects, and gives memory back slowly. That is right while
// cells run, and wasteful in a kernel that waits for its user for minutes, as
// many do side by side on one machine.
const (
	// idleAfter is how long nothing must have run before memory is given back.
	idleAfter = 2 * time.Second
	// worthwhile is how much must be gained by it.
	worthwhile = 8 << 20
	// tooLarge is a heap that is not collected for this: it would take seconds,
	// and its garbage is a small part of it.
	tooLarge = 2 << 30
)

// rest gives memory back to the system when the worker has been idle for
// a while. Each call begins the wait anew.
type rest struct{ timer *time.Timer }

func newRest() *rest {
	r := &rest{time.AfterFunc(time.Hour, giveBack)}
	r.timer.Reset(idleAfter) // making the interpreter has left garbage, too
	return r
}

func (r *rest) busy() { r.timer.Stop() }
func (r *rest) idle() { r.timer.Reset(idleAfter) }

func giveBack() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	held := m.HeapSys - m.HeapReleased
	if m.HeapAlloc < tooLarge && held > m.HeapAlloc*3/4+worthwhile {
		debug.FreeOSMemory()
	}
}
