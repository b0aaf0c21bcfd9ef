package dataset

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"divvy/stdlib/display"
)

// blockRows is how many rows a goroutine takes at a time: enough to make taking
// them cheap, few enough to stop soon.
const blockRows = 512

// each calls visit for blocks of rows from several goroutines, which take the
// blocks in order. It ends early with ctx, or with the error of the first row
// that has one. doing names the work in the error, and in the bar that a notebook
// shows when it takes more than a second.
func (d *Dataset) each(ctx context.Context, doing string, workers int, visit func(from, to int) error) error {
	tell := display.AutoFunc(doing, "rows")
	var mu sync.Mutex
	var failed error
	next, failedAt, done := 0, d.n, 0
	take := func() (from, to int) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil || next >= failedAt {
			return d.n, d.n
		}
		from = next
		next = min(next+blockRows, d.n)
		return from, next
	}
	finish := func(from, to int, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil && from < failedAt {
			failed, failedAt = err, from
		}
		if done += to - from; tell != nil {
			tell(int64(done), int64(d.n))
		}
	}
	work := func() {
		for from, to := take(); from < to; from, to = take() {
			finish(from, to, visit(from, to))
		}
	}
	if workers = min(workers, (d.n+blockRows-1)/blockRows); workers <= 1 {
		work()
	} else {
		var wait sync.WaitGroup
		for range workers {
			wait.Go(work)
		}
		wait.Wait()
	}
	if failed != nil {
		return failed
	}
	if ctx.Err() != nil {
		return fmt.Errorf("dataset: %s, %d of %d rows done: %w", lower(doing), done, d.n, context.Cause(ctx))
	}
	return nil
}

// lower is a sentence's beginning in the middle of another.
func lower(s string) string { return string(s[0]|0x20) + s[1:] }

// cores is as many goroutines as there are cores.
func cores() int { return runtime.GOMAXPROCS(0) }
