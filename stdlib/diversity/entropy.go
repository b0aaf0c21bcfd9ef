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
	stopped := func(step int) error {
		return fmt.Errorf("diversity: entropy of %d %d-grams, step %d of %d: %w", total, o.N, step, steps, context.Cause(ctx))
	}
	// walk visits all N-grams, and gives false when ctx has ended.
	walk := func(visit func(key uint64)) bool {
		told := int64(0)
		for i := range ids.Len() {
			packer.each(ids.At(i), visit)
			told += grams(len(ids.At(i)), o)
			if i%1024 == 1023 || i+1 == ids.Len() {
				if ctx.Err() != nil {
					return false
				}
				if tell != nil {
					tell(told)
				}
				told = 0
			}
		}
		return true
	}
	// Equal N-grams are dealt into one part, so that each part can be sorted and
	// counted by itself.
	const parts = 1 << 10 // 64-54 bits of a hash
	part := func(key uint64) uint64 { return mix(mix(key)) >> 54 }
	var ends [parts + 1]int
	if !walk(func(key uint64) { ends[part(key)+1]++ }) {
		return 0, stopped(1)
	}
	for p := range parts {
		ends[p+1] += ends[p]
	}
	keys := make([]uint64, total)
	at := ends
	if !walk(func(key uint64) { p := part(key); keys[at[p]] = key; at[p]++ }) {
		return 0, stopped(2)
	}
	repeated := map[int]int{} // how many different N-grams occur so often
	var mu sync.Mutex
	var next atomic.Int64
	var wait sync.WaitGroup
	for range o.Workers {
		wait.Go(func() {
			for p := next.Add(1) - 1; p < parts && ctx.Err() == nil; p = next.Add(1) - 1 {
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
				if tell != nil {
					tell(int64(len(own)))
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
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
