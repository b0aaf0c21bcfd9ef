package interp

import (
	"reflect"
	"sync"
	"time"
)

// Calls that block in compiled code are made so that an interrupt ends the
// wait. What they waited for is then abandoned: a lock that comes later is
// released at once. They do not return then, since what follows them counts on
// what has not come: an Unlock of a mutex that is not locked ends the process.

func (r *runtime) await(start func(ready chan<- struct{})) {
	ready := make(chan struct{}, 1)
	go start(ready)
	select {
	case <-ready:
	case <-r.done():
		panic(errInterrupted)
	}
}

// done ends when the cell of the calling goroutine is interrupted.
func (r *runtime) done() <-chan struct{} {
	if cur := r.runs.current(); cur != nil {
		return cur.ctx.Done()
	}
	return nil
}

func (r *runtime) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.done():
		panic(errInterrupted)
	}
}

func (r *runtime) wgWait(wg *sync.WaitGroup) {
	r.await(func(ready chan<- struct{}) { wg.Wait(); ready <- struct{}{} })
}

func (r *runtime) lock(m *sync.Mutex) {
	if !m.TryLock() {
		r.acquire(m.Lock, m.Unlock)
	}
}

func (r *runtime) rwLock(m *sync.RWMutex) {
	if !m.TryLock() {
		r.acquire(m.Lock, m.Unlock)
	}
}

func (r *runtime) rLock(m *sync.RWMutex) {
	if !m.TryRLock() {
		r.acquire(m.RLock, m.RUnlock)
	}
}

func (r *runtime) acquire(lock, unlock func()) {
	got := make(chan struct{})
	gone := r.done()
	go func() {
		lock()
		select {
		case got <- struct{}{}:
		case <-gone:
			unlock()
		}
	}()
	select {
	case <-got:
	case <-gone:
		panic(errInterrupted)
	}
}

// runeStarts lists the places of the runes of a string.
func runeStarts(s string) []int {
	at := make([]int, 0, len(s))
	for i := range s {
		at = append(at, i)
	}
	return at
}

// callback stores f where p points, made to panic once its cell is interrupted.
func callback(f, p any) {
	fn := reflect.ValueOf(f)
	dst := reflect.ValueOf(p).Elem()
	dst.Set(reflect.MakeFunc(dst.Type(), func(in []reflect.Value) []reflect.Value {
		out := fn.Call(in)
		stopIfInterrupted()
		return out
	}))
}

// stopIfInterrupted ends a loop of compiled code over functions of a cell that
// was interrupted, whose results mean nothing any more.
func stopIfInterrupted() {
	if r := owner(); r != nil && r.ctx.Err() != nil {
		panic(errInterrupted)
	}
}
