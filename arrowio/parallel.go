package arrowio

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// blockRows is how many rows one step of parallel work takes: enough to make
// the hand-over cheap, few enough to stay in a core's cache.
const blockRows = 1 << 15

// tasks calls f for each of 0..n-1, on all cores, and stops the work between two
// calls if its context has ended. A panic of f is one of the caller: on another
// goroutine it would end the process.
func tasks(w *work, n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			w.check()
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed any
	for range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer func() {
				if r := recover(); r != nil {
					mu.Lock()
					failed = r
					mu.Unlock()
				}
			}()
			for i := int(next.Add(1)) - 1; i < n && !w.ended(); i = int(next.Add(1)) - 1 {
				f(i)
			}
		}()
	}
	wg.Wait()
	if failed != nil {
		panic(failed)
	}
	w.check()
}

// blocks calls f for ranges [from, to) that together are 0..n-1, on all cores.
// All but the last range begin and end at a multiple of 64, so that workers may
// write one bitmap.
func blocks(w *work, n int, f func(from, to int)) {
	tasks(w, numBlocks(n), func(i int) { f(i*blockRows, min(n, (i+1)*blockRows)) })
}

// tryBlocks is blocks for what can fail; the error is that of the first range.
func tryBlocks(w *work, n int, f func(from, to int) error) error {
	errs := make([]error, numBlocks(n))
	blocks(w, n, func(from, to int) { errs[from/blockRows] = f(from, to) })
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func numBlocks(n int) int { return (n + blockRows - 1) / blockRows }

// prefixSums replaces counts by the sum of those before each, and gives the sum
// of all.
func prefixSums(counts []int) int {
	sum := 0
	for i, c := range counts {
		counts[i] = sum
		sum += c
	}
	return sum
}
