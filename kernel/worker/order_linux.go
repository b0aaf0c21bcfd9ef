package worker

import (
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// outputOrder keeps the order between what C code or a subprocess writes to the
// descriptors and what the cell emits after it: before a frame is sent, the
// supervisor has read the descriptors empty. For its part, the supervisor
// delivers all frames that have come before it reads the descriptors. So a
// program that writes here and there in turn is shown in the order in which it
// wrote, although three pipes carry it.
type outputOrder struct {
	impatient atomic.Int64 // until when, in Unix nanoseconds, nothing is waited for
}

// How long a frame waits for the descriptors, and for how long, after it waited
// in vain (a subprocess writes without end), no other one does.
const (
	maxWait   = 20 * time.Millisecond
	sulkAfter = time.Second
)

// wait returns when the descriptors are empty, which they nearly always are.
// Where a system cannot tell, it returns at once.
func (o *outputOrder) wait() {
	if drained(1) && drained(2) {
		return
	}
	begun := time.Now()
	if begun.UnixNano() < o.impatient.Load() {
		return
	}
	for !drained(1) || !drained(2) {
		if time.Since(begun) > maxWait {
			o.impatient.Store(time.Now().Add(sulkAfter).UnixNano())
			return
		}
		time.Sleep(20 * time.Microsecond)
	}
}

// drained reports whether nothing waits in the pipe behind a descriptor.
func drained(fd int) bool {
	n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	return err != nil || n == 0
}
