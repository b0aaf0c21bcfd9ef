package augment

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"divvy/stdlib/display"
)

// batch is how many prompts a worker takes at a time: enough to make taking them
// cheap, few enough to share the work evenly and to stop soon.
const batch = 16

// parallel calls work for batches of 0 … n-1 from several goroutines, each of
// which has a number below workers. It ends early with ctx's error, told as what.
func parallel(ctx context.Context, n, workers int, progress display.Reporter, what string, work func(worker, from, to int)) error {
	if n == 0 {
		return ctx.Err()
	}
	start(progress, int64(n), what)
	defer done(progress)
	var next atomic.Int64
	var wait sync.WaitGroup
	for w := range min(workers, (n+batch-1)/batch) {
		wait.Go(func() {
			for ctx.Err() == nil {
				from := int(next.Add(batch)) - batch
				if from >= n {
					return
				}
				to := min(n, from+batch)
				work(w, from, to)
				add(progress, to-from)
			}
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("augment: %s of %d prompts: %w", what, n, context.Cause(ctx))
	}
	return nil
}

// orAuto is r, or the bar that a notebook shows when nobody gave one.
func orAuto(r display.Reporter) display.Reporter {
	if r == nil {
		return display.Auto("prompts")
	}
	return r
}

// The three calls of a Reporter that may be nil.

func start(r display.Reporter, total int64, what string) {
	if r != nil {
		r.Start(total, what)
	}
}

func add(r display.Reporter, n int) {
	if r != nil {
		r.Add(int64(n))
	}
}

func done(r display.Reporter) {
	if r != nil {
		r.Done()
	}
}
