package cpu

import (
	"runtime"
	"sync"
	"sync/atomic"
)

func workerCount(n int) int {
	if n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

// parallel calls f(i) for 0 <= i < n on up to workers goroutines, the calling
// one among them, and returns when all are done. Which goroutine takes which i
// is left to chance, so f's results must not depend on it.
func parallel(workers, n int, f func(i int)) {
	if workers > n {
		workers = n
	}
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	work := func() {
		for {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			f(i)
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
}

// chunks calls f(lo, hi) over 0..n in pieces of size grain.
func chunks(workers, n, grain int, f func(lo, hi int)) {
	if n <= grain {
		if n > 0 {
			f(0, n)
		}
		return
	}
	parallel(workers, (n+grain-1)/grain, func(i int) {
		f(i*grain, min(n, (i+1)*grain))
	})
}
