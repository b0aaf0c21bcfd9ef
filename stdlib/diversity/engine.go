package diversity

import (
	"context"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"

	"divvy/stdlib/tokenize"
)

// The engine answers one question: how many of each prompt's N-grams occur in
// it for the first time. Every other measure follows from these counts, the
// whole curve of d over nested prefixes too.
//
// What costs is not arithmetic but memory: a set of 10^7 N-grams fits no cache,
// and an N-gram looked up on its own waits for main memory. So N-grams are dealt
// out first and looked up after, in two phases:
//
//  1. scatter: the prompts are cut into runs, and each run's N-grams are written
//     into buckets, one a partition of the set, in the order of the prompts.
//  2. insert: a worker takes a partition and puts the N-grams of its buckets in,
//     counting the new ones for the prompt that they came from. A partition fits
//     the second-level cache.
//
// The runs are inserted in the order of the prompts, so the counts do not depend
// on the number of workers.
//
// Where all prompts are known from the beginning, which is nearly always, one
// round of the two phases sees everything, and the set need not outlive it: a
// partition is built in the cache and thrown away. Main memory is then only
// written and read once, from end to end. Where prompts are still to come (a
// Counter), or the buckets would be too large, the set is kept, and every round
// reads and writes all of it.
type engine struct {
	options Options
	set     seenSet
	workers []*worker
	runs    []*run
	grams   int64 // N-grams added so far
	expect  int64 // N-grams that will have been added at the end, 0 if not known
}

// seenSet is a set of N-grams, cut into partitions.
type seenSet interface {
	// partitions is the number of partitions of one pass.
	partitions() int
	// passes is how often a round is walked through, each time for other N-grams:
	// the buckets need not hold them all at once.
	passes() int
	// roundGrams is how many N-grams a round has at most.
	roundGrams() int64
	// scatter deals out the N-grams of a run.
	scatter(r *round, w *worker, run *run)
	// expect tells how many N-grams a round brings the set to, and how many there
	// will be in the end, so that it can grow to the right size at once.
	expect(seen, total int64)
	// insert puts what all runs have for a partition into the set. It adds 1 to
	// w.counts[i] for each N-gram first seen in prompt i of the round.
	insert(partition int, runs []*run, w *worker)
	// groupSize is how many prompts an entry of a bucket can tell apart. A run
	// begins at a multiple of it, so that groups never overlap.
	groupSize() int
}

// round is the prompts of one round.
type round struct {
	ids      []int32
	offsets  []int64
	first    int // the round's first prompt
	n        int // how many
	maxIDs   int
	gramSize int
	pass     uint64
}

// prompt is the ids that count of the round's prompt i.
func (r *round) prompt(i int) []int32 {
	from, to := r.offsets[r.first+i], r.offsets[r.first+i+1]
	return r.ids[from : from+min(to-from, int64(r.maxIDs))]
}

// run is some prompts in a row and the buckets of their N-grams.
type run struct {
	first, to int // its prompts
	grams     int64
	narrow    buckets[uint32] // entries of the bitmap
	wide      buckets[uint64] // entries of the hash sets
	firsts    []uint64        // of single tokens: prompt<<32 | token
}

// worker is the memory of one goroutine.
type worker struct {
	counts []int32
	hashes []uint64    // those of one prompt
	words  []uint64    // a partition that is thrown away
	pairs  [][2]uint64 // the same of a wideHashSet
}

// runsPerWorker is above 1 so that a worker that is held up, by another program
// on its core, does not hold up the others.
const runsPerWorker = 4

func newEngine(o Options, vocab int, expect int64, keep bool) (*engine, error) {
	set, err := chooseSet(o, vocab, expect, keep)
	if err != nil {
		return nil, err
	}
	e := &engine{options: o, set: set, expect: expect}
	for range o.Workers {
		e.workers = append(e.workers, spareWorkers.Get().(*worker))
	}
	return e, nil
}

// Spare memory of engines that are done. It is package-level state because the
// calls that follow one another, as those of a slider do, share nothing else,
// and touching fresh pages takes as long as counting in memory that is already
// there. The garbage collector empties it.
var (
	spareWorkers = sync.Pool{New: func() any { return &worker{} }}
	spareRuns    = sync.Pool{New: func() any { return &run{} }}
)

// release gives the engine's memory back. The engine must not be used again.
func (e *engine) release() {
	for _, w := range e.workers {
		spareWorkers.Put(w)
	}
	for _, r := range e.runs {
		spareRuns.Put(r)
	}
	e.workers, e.runs, e.set = nil, nil, nil
}

// chooseSet picks the structure by size. keep says that prompts may come later.
// The bitmap of vocab^2 bits costs the least for each 2-gram, but all of it must
// be cleared; below a million 2-grams a hash set wins.
func chooseSet(o Options, vocab int, expect int64, keep bool) (seenSet, error) {
	if o.N == 1 {
		return newUnigrams(vocab), nil
	}
	width := bits.Len(uint(max(vocab-1, 1)))
	switch bytes := int64(vocab) * int64(vocab) / 8; {
	case o.N == 2 && bytes <= maxBitmap && (bytes <= 1<<16 || expect > 1<<20):
		return newBitmap(vocab, keep || expect > bitmapRound), nil
	case width*o.N <= 64:
		return newHashSet(o.N, expect, keep), nil
	case width*o.N <= 128:
		return newWideHashSet(o.N, expect, keep), nil
	}
	return nil, fmt.Errorf("diversity: %d-grams over a vocabulary of %d need %d bits, at most 128 are supported", o.N, vocab, width*o.N)
}

const maxBitmap = 512 << 20 // bytes: up to a vocabulary of 65,536

// add counts the prompts of ids into fresh, which has one element for each.
func (e *engine) add(ctx context.Context, ids *tokenize.IDs, fresh []int32, progress func(int64)) error {
	flat, offsets := ids.Flat()
	for from := 0; from < ids.Len(); {
		to, total := from, int64(0)
		for to < ids.Len() && (to == from || total < e.set.roundGrams()) {
			total += grams(int(offsets[to+1]-offsets[to]), e.options)
			to++
		}
		r := &round{ids: flat, offsets: offsets, first: from, n: to - from, maxIDs: e.options.MaxTokens, gramSize: e.options.N}
		e.grams += total
		e.set.expect(e.grams, max(e.expect, e.grams))
		if !e.round(ctx, r, total, fresh[from:to], progress) {
			return fmt.Errorf("diversity: counting %d-grams of prompts %d to %d of %d: %w", e.options.N, from, to-1, ids.Len(), context.Cause(ctx))
		}
		from = to
	}
	return nil
}

// round runs both phases, once a pass. fresh gets a count for each of the
// round's prompts. It gives false when ctx ended.
func (e *engine) round(ctx context.Context, r *round, total int64, fresh []int32, progress func(int64)) bool {
	workers := e.workers
	if total < 1<<14 {
		workers = workers[:1] // not worth a goroutine
	}
	runs := e.share(r, total, len(workers)*runsPerWorker)
	for _, w := range workers {
		w.counts = resize(w.counts, r.n)
		clear(w.counts)
	}
	told := newTeller(total, progress, e.set.passes()*(len(runs)+e.set.partitions()))
	for pass := range e.set.passes() {
		r.pass = uint64(pass)
		e.parallel(ctx, workers, len(runs), told, func(w *worker, i int) { e.set.scatter(r, w, runs[i]) })
		e.parallel(ctx, workers, e.set.partitions(), told, func(w *worker, p int) { e.set.insert(p, runs, w) })
	}
	if ctx.Err() != nil {
		return false
	}
	told.end()
	for i := range fresh {
		n := int32(0)
		for _, w := range workers {
			n += w.counts[i]
		}
		fresh[i] = n
	}
	return true
}

// parallel calls work for 0 … n-1, each worker the next one that is left, until
// ctx ends.
func (e *engine) parallel(ctx context.Context, workers []*worker, n int, told *teller, work func(w *worker, i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for _, w := range workers {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				work(w, i)
				told.step()
			}
		})
	}
	wait.Wait()
}

// share cuts the prompts into runs with about equally many N-grams.
func (e *engine) share(r *round, total int64, n int) []*run {
	for len(e.runs) < n {
		e.runs = append(e.runs, spareRuns.Get().(*run))
	}
	group := e.set.groupSize()
	at, done := 0, int64(0)
	for i, run := range e.runs[:n] {
		run.first, run.grams = at, -done
		goal := total * int64(i+1) / int64(n)
		for at < r.n && (done < goal || at%group != 0 || i == n-1) {
			done += grams(int(r.offsets[r.first+at+1]-r.offsets[r.first+at]), e.options)
			at++
		}
		run.to, run.grams = at, run.grams+done
	}
	return e.runs[:n]
}

// teller makes N-grams done of steps done.
type teller struct {
	mu           sync.Mutex
	progress     func(int64)
	total, told  int64
	steps, count int64
}

func newTeller(total int64, progress func(int64), steps int) *teller {
	return &teller{total: total, progress: progress, steps: int64(steps)}
}

func (t *teller) step() {
	if t.progress == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count++
	// Not every step is told: a callback in a notebook is not free.
	if now := t.total * t.count / (t.steps + 1); now-t.told > t.total/64 {
		t.progress(now - t.told)
		t.told = now
	}
}

func (t *teller) end() {
	if t.progress != nil {
		t.progress(t.total - t.told)
	}
}
