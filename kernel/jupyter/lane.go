package jupyter

import (
	"context"
	"sync"
	"time"
)

// A "Run All" is a burst of requests, and a cell that fails at once would be
// answered before the last of them are here. They are to be aborted as well.
const (
	// burstGap is the longest time between two requests of one burst.
	burstGap = 5 * time.Millisecond
	// burstMax is how long the answer waits for the end of a burst.
	burstMax = 50 * time.Millisecond
	// abortGrace is how long after the answer a request may still arrive that
	// was made before it.
	abortGrace = 100 * time.Millisecond
)

// lane handles requests one after the other, in the order of their arrival.
type lane struct {
	name   string
	handle func(*request)

	mu       sync.Mutex
	wake     sync.Cond
	queue    []*request
	comms    int       // comm messages in queue
	current  *request  // what is being handled
	arrived  time.Time // the last request
	closed   bool
	failedAt time.Time // when a cell failed that stops those after it
}

func newLane(name string, handle func(*request)) *lane {
	l := &lane{name: name, handle: handle}
	l.wake.L = &l.mu
	return l
}

// push appends a request. It reports whether the lane still takes any.
func (l *lane) push(r *request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.arrived = time.Now()
	if r.isExecute() && l.fallsWith(r) {
		r.aborted = true
	}
	if r.isComm() {
		l.comms++
	}
	l.queue = append(l.queue, r)
	l.wake.Signal()
	return true
}

// settle waits for the end of the burst that is arriving, if one is. After a cell
// that ran for longer than a burst's gap it does not wait.
func (l *lane) settle() {
	for end := time.Now().Add(burstMax); time.Now().Before(end); {
		l.mu.Lock()
		gap := time.Since(l.arrived)
		l.mu.Unlock()
		if gap >= burstGap {
			return
		}
		time.Sleep(burstGap - gap)
	}
}

// fallsWith reports whether a request that arrives now was sent by someone who
// did not know yet that a cell before it had failed: it was made before the
// failure was told. Clients write a request's date into its header; where a
// client's clock is wrong, the grace bounds the damage.
func (l *lane) fallsWith(r *request) bool {
	if l.failedAt.IsZero() || time.Since(l.failedAt) > abortGrace {
		return false
	}
	made := r.Header.created()
	return !made.IsZero() && made.Before(l.failedAt)
}

// abort marks the cells that wait, and those that are on their way, as aborted.
func (l *lane) abort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failedAt = time.Now()
	for _, r := range l.queue {
		if r.isExecute() {
			r.aborted = true
		}
	}
}

// overtakes reports whether a comm message may be handled beside the cell that
// runs now: a widget that a cell waits for, or that a user moves meanwhile. A
// comm message never overtakes another one, nor a comm_open a waiting cell,
// which may be the one that registers its target.
func (l *lane) overtakes(open bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil || !l.current.isExecute() {
		return false
	}
	return len(l.queue) == 0 || !open && l.comms == 0
}

// running is the cell being handled, nil if there is none.
func (l *lane) running() *request {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != nil && l.current.isExecute() {
		return l.current
	}
	return nil
}

// cancel ends what is being handled, unless it is a cell: an interpreter stops
// a cell by itself.
func (l *lane) cancel() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current != nil && !l.current.isExecute() {
		l.current.cancel()
	}
}

// run handles requests until the lane is closed.
func (l *lane) run() {
	for {
		l.mu.Lock()
		for len(l.queue) == 0 && !l.closed {
			l.wake.Wait()
		}
		if l.closed {
			l.mu.Unlock()
			return
		}
		r := l.queue[0]
		l.queue[0] = nil
		l.queue = l.queue[1:]
		if r.isComm() {
			l.comms--
		}
		l.current = r
		l.mu.Unlock()

		l.handle(r)

		l.mu.Lock()
		l.current = nil
		l.mu.Unlock()
	}
}

// close stops the lane after the current request and returns what still waited.
func (l *lane) close() []*request {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	rest := l.queue
	l.queue = nil
	l.wake.Signal()
	return rest
}

// request is a message that is handled.
type request struct {
	*Message
	from    channel
	lane    *lane
	ctx     context.Context
	cancel  context.CancelFunc
	aborted bool   // answered without being run
	idle    bool   // its idle has been published; guarded by Server.idling
	after   func() // called when it has been handled
}

func (r *request) isExecute() bool { return r.Header.Type == "execute_request" }

// isAside reports whether a request is a question of the editor, which changes
// nothing and is worth nothing later: who types does not wait for a cell to end.
func (r *request) isAside() bool {
	switch r.Header.Type {
	case "complete_request", "inspect_request", "is_complete_request":
		return true
	}
	return false
}

func (r *request) isComm() bool {
	switch r.Header.Type {
	case "comm_open", "comm_msg", "comm_close":
		return true
	}
	return false
}
