package worker

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Memory of the worker. Go's collector lets the heap grow to twice what is
// alive before it collects, and gives memory back slowly. That is right while
// cells run, and wasteful in a kernel that waits for its user for minutes, as
// many do side by side on one machine.
const (
	// startedAfter is when a process has long started, and its user begins to write:
	// what only the start has touched can go.
	startedAfter = 300 * time.Millisecond
	// idleAfter is how long nothing must have run before memory is given back.
	idleAfter = time.Second
	// worthwhile is how much must be gained by it.
	worthwhile = 8 << 20
	// tooLarge is a heap that is not collected for this: it would take seconds,
	// and its garbage is a small part of it.
	tooLarge = 2 << 30
)

// limitMemory tells the collector how much memory there is: nine tenths of what
// the container, or else the machine, has. As a heap comes near it, Go collects
// more often instead of growing to twice what is alive, which in a container is
// the difference between a slow cell and a dead one. GOMEMLIMIT, when set, wins.
// A system that does not tell its limit has none.
func limitMemory() {
	memlimit.Set(memlimit.WithRatio(0.9),
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)))
}

// rest gives memory back to the system.
type rest struct {
	timer *time.Timer
	due   atomic.Bool // for soon: the timer runs
}

func newRest() *rest {
	time.AfterFunc(startedAfter, unmapImage)
	r := &rest{}
	r.timer = time.AfterFunc(idleAfter, func() { // starting has left garbage, too
		r.due.Store(false)
		giveBack()
	})
	return r
}

// busy and idle are for the worker, which gives back when it has been idle for a
// while. Each call begins the wait anew.
func (r *rest) busy() { r.timer.Stop() }
func (r *rest) idle() { r.timer.Reset(idleAfter) }

// soon is for the front process, which has next to nothing to do while cells run:
// it gives back once in a while then, too.
func (r *rest) soon() {
	if !r.due.Swap(true) {
		r.timer.Reset(idleAfter)
	}
}

func giveBack() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	held := m.HeapSys - m.HeapReleased
	if m.HeapAlloc < tooLarge && held > m.HeapAlloc*3/4+worthwhile {
		debug.FreeOSMemory()
	}
	unmapImage()
}
