package interp

import (
	"context"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"
	"unsafe"

	yaegi "github.com/traefik/yaegi/interp"
)

// executor runs lowered functions and can stop them.
//
// yaegi stops a run by giving the interpreter a new run number, which every
// frame compares with its own, and by closing a channel that blocked channel
// operations also wait on. Both outlive the run: closures made before would
// return zero values ever after. So the executor does it by itself: it changes
// the number, hands a token to each blocked operation, waits for the cell to
// end, and for a while for the goroutines that it has started, and then puts the
// number back. Goroutines of earlier cells that happen to run in these
// milliseconds end too; all state stays as it is.
type executor struct {
	y    *yaegi.Interpreter
	id   *uint64        // the interpreter's run number
	done *chan struct{} // its channel for blocked operations
}

// newExecutor finds the two private fields by name, and refuses a version of
// yaegi that lacks them.
func newExecutor(y *yaegi.Interpreter) (*executor, error) {
	t := reflect.TypeFor[yaegi.Interpreter]()
	base := unsafe.Pointer(y)
	id, ok := t.FieldByName("id")
	if !ok || id.Type.Kind() != reflect.Uint64 {
		return nil, fmt.Errorf("yaegi: this version has no run number in %s", t)
	}
	done, ok := t.FieldByName("done")
	if !ok || done.Type != reflect.TypeFor[chan struct{}]() {
		return nil, fmt.Errorf("yaegi: this version has no done channel in %s", t)
	}
	return &executor{y: y, id: (*uint64)(unsafe.Add(base, id.Offset)), done: (*chan struct{})(unsafe.Add(base, done.Offset))}, nil
}

// call runs a lowered function without parameters until it returns, panics or
// ctx ends.
func (x *executor) call(ctx context.Context, fn string) error {
	return x.guarded(ctx, func() error {
		// The context is not the caller's: yaegi would close its channel.
		_, err := x.y.EvalWithContext(context.Background(), fn+"()")
		return err
	})
}

// invoke is call for a function value of an earlier cell, whose frames wait on
// the given channel.
func (x *executor) invoke(ctx context.Context, done chan struct{}, f func()) error {
	if done != nil {
		*x.done = done
	}
	return x.guarded(ctx, func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = yaegi.Panic{Value: p}
			}
		}()
		f()
		return nil
	})
}

// guarded runs f, and makes its frames end when ctx does.
func (x *executor) guarded(ctx context.Context, f func() error) error {
	ended := make(chan struct{})
	restored := make(chan struct{})
	before := atomic.LoadUint64(x.id)
	r := owner()
	go func() {
		defer close(restored)
		select {
		case <-ended:
			return
		case <-ctx.Done():
		}
		x.halt(ended, func() bool { return false })
		if r != nil && r.ctx.Err() != nil && r.interpreted() > 0 {
			end := time.Now().Add(straggling)
			x.halt(nil, func() bool { return time.Now().After(end) || r.interpreted() == 0 })
		}
		atomic.StoreUint64(x.id, before)
	}()
	err := f()
	close(ended)
	<-restored
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// straggling is how long goroutines that an interrupted cell has started may take
// to end. One that computes has to be given a processor first.
const straggling = 200 * time.Millisecond

// halt makes all running frames end, again and again until ended is closed or over
// is true: a frame that was just being made may have the new number.
func (x *executor) halt(ended <-chan struct{}, over func() bool) {
	pause := 200 * time.Microsecond
	for {
		atomic.AddUint64(x.id, 1)
		for range 64 { // operations that wait on a channel
			select {
			case *x.done <- struct{}{}:
				continue
			default:
			}
			break
		}
		select {
		case <-ended:
			return
		case <-time.After(pause):
			pause = min(2*pause, 5*time.Millisecond)
		}
		if over() {
			return
		}
	}
}
