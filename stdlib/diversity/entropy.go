package diversity

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"divvy/stdlib/tokenize"
)

// Entropy is the Shannon entropy of the distribution of N-grams, in bits. Its
// greatest value is log2 of the number of N-grams, when all are distinct.
func Entropy(ctx context.Context, ids *tokenize.IDs, o Options) (float64, error) {
	o, err := o.withDefaults()
	if err != nil {
		return 0, err
	}
	packer, err := newGramKeys(o, ids.VocabSize())
	if err != nil {
		return 0, err
	}
	total := allGrams(ids, o)
	const steps = 3 // counting, dealing out, sorting: each tells of all N-grams
	tell := reporter(o, steps*total)
	if tell == nil {
		tell = func(int64) {}
	}
	stopped := func(step int) error {
		return fmt.Errorf("diversity: entropy of %d %d-grams, step %d of %d: %w", total, o.N, step, steps, context.Cause(ctx))
	}
	// Equal N-grams are dealt into one part, so that each part can be sorted and
	// counted by itself.
	var ends [entropyParts + 1]int
	if !packer.walk(ctx, ids, tell, func(key uint64) { ends[entropyPart(key)+1]++ }) {
		return 0, stopped(1)
	}
	for p := range entropyParts {
		ends[p+1] += ends[p]
	}
	keys := make([]uint64, total)
	at := ends
	if !packer.walk(ctx, ids, tell, func(key uint64) { p := entropyPart(key); keys[at[p]] = key; at[p]++ }) {
		return 0, stopped(2)
	}
	repeated := repetitions(ctx, keys, &ends, o.Workers, tell)
	if ctx.Err() != nil {
		return 0, stopped(3)
	}
	if total == 0 {
		return 0, nil
	}
	// With counts c of n: H = log n - (1/n) sum c log c, summed in the order of c
	// so that the result does not depend on the number of workers.
	sum, n := 0.0, float64(total)
	for _, c := range slices.Sorted(maps.Keys(repeated)) {
		sum += float64(repeated[c]) * float64(c) * math.Log2(float64(c))
	}
	return math.Log2(n) - sum/n, nil
}

const entropyParts = 1 << 10 // 64-54 bits of a hash

func entropyPart(key uint64) uint64 { return mix(mix(key)) >> 54 }

// walk visits the N-grams of all prompts, and gives false when ctx has ended.
func (k *gramKeys) walk(ctx context.Context, ids *tokenize.IDs, tell func(int64), visit func(key uint64)) bool {
	o := Options{N: k.n, MaxTokens: k.maxIDs}
	told := int64(0)
	for i := range ids.Len() {
		k.each(ids.At(i), visit)
		told += grams(len(ids.At(i)), o)
		if i%1024 == 1023 || i+1 == ids.Len() {
			if ctx.Err() != nil {
				return false
			}
			tell(told)
			told = 0
		}
	}
	return true
}

// repetitions is how many different keys occur so often, those of part p being
// keys[ends[p]:ends[p+1]]; of as many parts as were done when ctx ended.
func repetitions(ctx context.Context, keys []uint64, ends *[entropyParts + 1]int, workers int, tell func(int64)) map[int]int {
	repeated := map[int]int{}
	var mu sync.Mutex
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for p := next.Add(1) - 1; p < entropyParts && ctx.Err() == nil; p = next.Add(1) - 1 {
				own := keys[ends[p]:ends[p+1]]
				slices.Sort(own)
				counts := map[int]int{}
				for from := 0; from < len(own); {
					to := from
					for to < len(own) && own[to] == own[from] {
						to++
					}
					counts[to-from]++
					from = to
				}
				mu.Lock()
				for c, n := range counts {
					repeated[c] += n
				}
				tell(int64(len(own)))
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return repeated
}
