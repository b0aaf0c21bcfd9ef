package worker

import (
	"runtime"
	"runtime/debug"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
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

// limitMemory tells the collector how much memory there is: nine tenths of what
// the container, or else the machine, has. As a heap comes near it, Go collects
// more often instead of growing to twice what is alive, which in a container is
// the difference between a slow cell and a dead one. GOMEMLIMIT, when set, wins.
// A system that does not tell its limit has none.
func limitMemory() {
	memlimit.Set(memlimit.WithRatio(0.9),
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)))
}

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
	unmapImage()
}
