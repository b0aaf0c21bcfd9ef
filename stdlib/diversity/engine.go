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
// and an N-gram looked up on its own waits for main memory. So prompts are
// taken in rounds of some million N-grams, and a round has two phases.
//
//  1. scatter: each worker takes a run of prompts and writes their N-grams into
//     buckets, one a partition of the set, in the order of the prompts.
//  2. insert: each worker takes a partition, reads it once from end to end, which
//     brings it into the cache at full bandwidth, and puts the bucket's N-grams
//     in, counting the new ones for the prompt that they came from.
//
// The buckets of a partition are inserted in the order of the prompts, so the
// counts do not depend on the number of workers. On one core this is two to
// three times as fast as setting bits in one large bitmap prompt by prompt.
type engine struct {
	options Options
	set     seenSet
	workers []*worker
	grams   int64 // N-grams added so far
	expect  int64 // N-grams that will have been added at the end, 0 if not known
}

// seenSet is a set of N-grams, cut into partitions.
type seenSet interface {
	// partitions is the number of partitions; buckets hold as many parts.
	partitions() int
	// roundGrams is how many N-grams a round has at most. More make the pass over
	// the set cheaper, fewer keep the buckets small.
	roundGrams() int64
	// groupSize is how many prompts an entry of a bucket can tell apart.
	groupSize() int
	// scatter writes the N-grams of prompts from to to of r into w's buckets.
	scatter(r *round, w *worker, from, to int)
	// expect tells how many N-grams a round brings the set to, and how many there
	// will be in the end, so that it can grow to the right size at once.
	expect(seen, total int64)
	// insert puts what all workers have for a partition into the set. It adds 1
	// to counts[i] for each N-gram first seen in prompt i of the round.
	insert(partition int, workers []*worker, counts []int32)
	// unique is the number of N-grams in the set.
	unique() int64
}

// round is the prompts of one round.
type round struct {
	ids      []int32
	offsets  []int64
	first    int // the round's first prompt
	n        int // how many
	maxIDs   int
	gramSize int
}

// prompt is the ids that count of the round's prompt i.
func (r *round) prompt(i int) []int32 {
	from, to := r.offsets[r.first+i], r.offsets[r.first+i+1]
	return r.ids[from : from+min(to-from, int64(r.maxIDs))]
}

// worker is the memory of one goroutine of a round.
type worker struct {
	narrow []uint32 // bucket entries of the bitmap
	wide   []uint64 // bucket entries of the hash sets
	hashes []uint64 // the hashes of the run's N-grams, before they are in buckets
	// starts has the place in the entries where each partition begins for each
	// group of prompts: starts[group*partitions + partition]. Group g of a
	// partition ends where group g+1 begins.
	starts []int32
	first  int // the first prompt of this worker's run
	to     int
	counts []int32
	next   []int32 // for each partition, where its next entry goes
	round  *round  // set by unigrams alone
}

func newEngine(o Options, vocab int, expect int64) (*engine, error) {
	set, err := chooseSet(o, vocab, expect)
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
// and touching 128 MB of fresh pages takes longer than counting 10 million
// 2-grams in memory that is already there. The garbage collector empties it.
var (
	spareWorkers = sync.Pool{New: func() any { return &worker{} }}
	spareBits    sync.Pool // of *[]uint64
)

// release gives the engine's memory back. The engine must not be used again.
func (e *engine) release() {
	for _, w := range e.workers {
		w.round = nil
		spareWorkers.Put(w)
	}
	if m, ok := e.set.(*bitmap); ok {
		spareBits.Put(&m.memory)
	}
	e.workers, e.set = nil, nil
}

// clearBits gives n words of zeros.
func clearBits(n int) []uint64 {
	if p, ok := spareBits.Get().(*[]uint64); ok && cap(*p) >= n {
		words := (*p)[:n]
		clear(words)
		return words
	}
	return make([]uint64, n)
}

// chooseSet picks the structure by size. The bitmap of vocab^2 bits costs the
// least for each 2-gram, but its pages must be touched first, about 0.4 ns a
// byte in a fresh process; below some millions of 2-grams a hash set wins.
func chooseSet(o Options, vocab int, expect int64) (seenSet, error) {
	if o.N == 1 {
		return newUnigrams(vocab), nil
	}
	width := bits.Len(uint(max(vocab-1, 1)))
	switch bytes := int64(vocab) * int64(vocab) / 8; {
	case o.N == 2 && bytes <= maxBitmap && (bytes <= 1<<16 || expect > bytes/bitmapBytesPerGram):
		return newBitmap(vocab), nil
	case width*o.N <= 64:
		return newHashSet(o.N, expect), nil
	case width*o.N <= 128:
		return newWideHashSet(o.N, expect), nil
	}
	return nil, fmt.Errorf("diversity: %d-grams over a vocabulary of %d need %d bits, at most 128 are supported", o.N, vocab, width*o.N)
}

const (
	maxBitmap          = 400 << 20 // bytes: up to a vocabulary of about 58,000
	bitmapBytesPerGram = 40
)

// add counts the prompts of ids into fresh, which has one element for each.
func (e *engine) add(ctx context.Context, ids *tokenize.IDs, fresh []int32, progress func(int64)) error {
	flat, offsets := ids.Flat()
	for from := 0; from < ids.Len(); {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("diversity: counting %d-grams at prompt %d of %d: %w", e.options.N, from, ids.Len(), context.Cause(ctx))
		}
		to, total := from, int64(0)
		for to < ids.Len() && (to == from || total < e.set.roundGrams()) {
			total += grams(int(offsets[to+1]-offsets[to]), e.options)
			to++
		}
		r := &round{ids: flat, offsets: offsets, first: from, n: to - from, maxIDs: e.options.MaxTokens, gramSize: e.options.N}
		e.grams += total
		e.set.expect(e.grams, max(e.expect, e.grams))
		e.round(r, total, fresh[from:to])
		if progress != nil {
			progress(total)
		}
		from = to
	}
	return nil
}

// round runs both phases. fresh gets a count for each of the round's prompts.
func (e *engine) round(r *round, total int64, fresh []int32) {
	workers := e.workers
	if total < 1<<14 {
		workers = workers[:1] // not worth a goroutine
	}
	e.share(r, total, workers)
	var wait sync.WaitGroup
	for _, w := range workers {
		wait.Go(func() { e.set.scatter(r, w, w.first, w.to) })
	}
	wait.Wait()
	var next atomic.Int64
	for _, w := range workers {
		wait.Go(func() {
			w.counts = resize(w.counts, r.n)
			clear(w.counts)
			for p := int(next.Add(1)) - 1; p < e.set.partitions(); p = int(next.Add(1)) - 1 {
				e.set.insert(p, workers, w.counts)
			}
		})
	}
	wait.Wait()
	for i := range fresh {
		n := int32(0)
		for _, w := range workers {
			n += w.counts[i]
		}
		fresh[i] = n
	}
}

// share gives each worker a run of prompts with about equally many N-grams. A
// run begins at a multiple of the group size, so that groups never overlap.
func (e *engine) share(r *round, total int64, workers []*worker) {
	group := e.set.groupSize()
	at, done := 0, int64(0)
	for i, w := range workers {
		w.first = at
		goal := total * int64(i+1) / int64(len(workers))
		for at < r.n && (done < goal || at%group != 0 || i == len(workers)-1) {
			done += grams(int(r.offsets[r.first+at+1]-r.offsets[r.first+at]), e.options)
			at++
		}
		w.to = at
	}
}

// resize gives a slice of length n, the same memory where that is large enough.
// What is in it is not defined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/8)
	}
	return s[:n]
}

// buckets turns the number of entries of each partition, which is in w.next,
// into places, and gives the number of all entries.
func (w *worker) buckets() int {
	at := int32(0)
	for p, n := range w.next {
		w.next[p] = at
		at += n
	}
	w.starts = append(w.starts[:0], w.next...)
	return int(at)
}

// endGroup notes where the next group of prompts begins.
func (w *worker) endGroup() { w.starts = append(w.starts, w.next...) }

// each calls visit for each group's entries of one partition: prompt is the
// group's first prompt, from and to the entries' places.
func (w *worker) each(partition, partitions, group int, visit func(prompt int, from, to int32)) {
	prompt := w.first
	for at := partition; at+partitions < len(w.starts); at += partitions {
		visit(prompt, w.starts[at], w.starts[at+partitions])
		prompt += group
	}
}

// entries is how many entries a worker has for a partition.
func (w *worker) entries(partition, partitions int) int {
	if len(w.starts) < 2*partitions {
		return 0
	}
	return int(w.starts[len(w.starts)-partitions+partition] - w.starts[partition])
}
