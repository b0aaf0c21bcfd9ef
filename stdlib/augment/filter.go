package augment

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"divvy/stdlib/display"
	"divvy/stdlib/diversity"
	"divvy/stdlib/paper"
	"divvy/stdlib/tokenize"
)

// Method is how Filter finds similar prompts.
type Method string

const (
	// Exact chooses Counting or Prefix by the threshold; all three give the very
	// same candidates.
	Exact Method = "exact"
	// Counting is an inverted index that counts shared N-grams: best at thresholds
	// below 0.2.
	Counting Method = "counting"
	// Prefix is an inverted index with length, prefix and positional filters
	// (PPJoin): best from 0.2 on.
	Prefix Method = "prefix"
	// LSH is MinHash with locality-sensitive hashing. It may miss a similar prompt
	// and so keep more than it should; how often is measured.
	LSH Method = "lsh"
)

// FilterOptions of Filter. Threshold must be given.
type FilterOptions struct {
	// Threshold is the Jaccard index that no two kept prompts reach, above 0 and
	// at most 1.
	Threshold float64
	// Method is Exact by default.
	Method Method
	// Keep ends the search when so many candidates are kept; 0 looks at all.
	Keep int
	// PoolOnly compares candidates with kept candidates only, not with the seeds.
	PoolOnly bool
	// N is the order of the N-grams, 2 by default.
	N int
	// P is the decay index of d, 0.5 by default.
	P float64
	// MaxTokens cuts each prompt to its first ids: 512 by default, a negative
	// number for no cut.
	MaxTokens int
	// Rows and Bands are the shape of LSH; 0 chooses one by Recall.
	Rows, Bands int
	// Recall is the share of pairs at the threshold that LSH is to find, 0.95 by
	// default. Pairs above the threshold are found more often.
	Recall float64
	// Sample is for how many candidates LSH's recall is measured, 500 by default.
	Sample int
	// Seed of LSH's hashes and of the sample.
	Seed uint64
	// Workers is the number of goroutines, 0 for as many as there are cores. The
	// result does not depend on it.
	Workers int
	// Progress, when set, is told how far the work has come. Without one a notebook
	// shows a bar when a call takes more than a second.
	Progress display.Reporter
}

func (o FilterOptions) withDefaults() (FilterOptions, error) {
	o.N, o.MaxTokens, o.Workers = common(o.N, o.MaxTokens, o.Workers)
	o.Progress = orAuto(o.Progress)
	o.Method, o.P, o.Recall, o.Sample = or(o.Method, Exact), or(o.P, paper.DecayIndex), or(o.Recall, 0.95), or(o.Sample, 500)
	if o.Method == Exact {
		if o.Method = Prefix; o.Threshold < countingBelow || o.N == 1 && o.Threshold < countingBelow1 {
			o.Method = Counting
		}
	}
	switch {
	case !(o.Threshold > 0 && o.Threshold <= 1):
		return o, fmt.Errorf("augment: filter: threshold %v is not above 0 and at most 1", o.Threshold)
	case !(o.Recall > 0 && o.Recall < 1):
		return o, fmt.Errorf("augment: filter: recall %v is not between 0 and 1", o.Recall)
	case o.N > diversity.MaxN:
		return o, fmt.Errorf("augment: filter: N-grams of order %d: N must be from 1 to %d", o.N, diversity.MaxN)
	case o.N < 1 || o.Keep < 0 || o.Rows < 0 || o.Bands < 0 || o.Sample < 0:
		return o, fmt.Errorf("augment: filter: N %d, Keep %d, Rows %d, Bands %d and Sample %d must not be negative", o.N, o.Keep, o.Rows, o.Bands, o.Sample)
	case o.Method != Counting && o.Method != Prefix && o.Method != LSH:
		return o, fmt.Errorf("augment: filter: method %q: want one of %q", o.Method, []Method{Exact, Counting, Prefix, LSH})
	}
	if o.Keep == 0 {
		o.Keep = math.MaxInt
	}
	if o.Method == LSH && (o.Rows == 0 || o.Bands == 0) {
		var err error
		if o.Rows, o.Bands, err = bandsFor(o.Threshold, o.Recall); err != nil {
			return o, err
		}
	}
	return o, nil
}

// The thresholds from which the prefix filter is faster, for single tokens, which
// many prompts share, and for longer N-grams; see BenchmarkFilter. On the real
// prompts of the package comment the two are within a tenth of each other there.
const (
	countingBelow1 = 0.6
	countingBelow  = 0.2
)

// Filtered is the candidates that Filter kept.
type Filtered struct {
	// Options are those of the call, defaults filled in.
	Options FilterOptions
	// Rows are the kept candidates, as rows of the pool, in its order.
	Rows []int
	// Blocker is, for each refused candidate, a prompt that it is too similar to:
	// a seed's row, or a row of the pool plus the number of seeds; -1 for others.
	Blocker []int
	// Jaccard is the Jaccard index with the blocker, 0 without one.
	Jaccard []float64
	// Accepted, Refused and Unseen are how many candidates were kept, refused, and
	// not looked at, because Keep had been reached.
	Accepted, Refused, Unseen int
	// Before and After are the diversity of the seeds, and of the seeds and the
	// kept candidates.
	Before, After diversity.Result
	// MeasuredRecall is the share of the RecallPairs similar pairs of a sample of
	// candidates with all seeds and candidates that the method finds: 1 for the
	// exact ones, measured for LSH (NaN where the sample has no such pairs).
	MeasuredRecall float64
	RecallPairs    int

	seeds, pool int
}

// block is how many candidates are looked at side by side. Within a block the
// order of the pool still decides.
const block = 128

// Filter walks through the pool in order and keeps a candidate if its Jaccard
// index with every seed and with every candidate kept before is below the
// threshold. N-grams are compared as sets.
func Filter(ctx context.Context, seeds, pool *tokenize.IDs, o FilterOptions) (*Filtered, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	sets, err := newGramSets(ctx, o.N, o.MaxTokens, o.Progress, seeds, pool)
	if err != nil {
		return nil, err
	}
	f := &Filtered{Options: o, seeds: seeds.Len(), pool: pool.Len(), MeasuredRecall: 1}
	f.Options.Progress = nil
	held, err := newFinder(ctx, sets, o)
	if err != nil {
		return nil, err
	}
	if err := f.walk(ctx, sets, held, o); err != nil {
		return nil, err
	}
	if lsh, ok := held.(*lshIndex); ok {
		if err := f.measureRecall(ctx, sets, lsh, o); err != nil {
			return nil, err
		}
	}
	all, err := join(seeds, pool.Take(f.Rows))
	if err != nil {
		return nil, err
	}
	s, err := diversity.Curve(ctx, all, []int{f.seeds, all.Len()}, diversity.Options{N: o.N, P: o.P, MaxTokens: o.MaxTokens, Workers: o.Workers})
	if err != nil {
		return nil, fmt.Errorf("augment: measuring the result: %w", err)
	}
	f.Before, f.After = s.At(0), s.At(1)
	return f, nil
}

func newFinder(ctx context.Context, sets *gramSets, o FilterOptions) (finder, error) {
	switch o.Method {
	case Counting:
		return newCountIndex(sets, o.Threshold), nil
	case Prefix:
		return newPrefixIndex(sets, o.Threshold), nil
	}
	return newLSHIndex(ctx, sets, o)
}

// walk decides about the candidates, a block at a time: all of a block are
// compared with what is held, those that pass with one another, and then the
// order decides.
func (f *Filtered) walk(ctx context.Context, sets *gramSets, held finder, o FilterOptions) error {
	if !o.PoolOnly {
		for doc := range f.seeds {
			held.insert(doc)
		}
	}
	f.Blocker, f.Jaccard = make([]int, f.pool), make([]float64, f.pool)
	for row := range f.Blocker {
		f.Blocker[row] = -1
	}
	start(o.Progress, int64(f.pool), "similar prompts")
	defer done(o.Progress)
	scratches := make([]scratch, o.Workers)
	looked := 0
	for from := 0; from < f.pool && len(f.Rows) < o.Keep; from = looked {
		rows := make([]int, min(block, f.pool-from))
		err := parallel(ctx, len(rows), o.Workers, nil, "similar prompts", func(worker, a, b int) {
			for i := a; i < b; i++ {
				f.Blocker[from+i], f.Jaccard[from+i] = held.find(f.seeds+from+i, &scratches[worker])
			}
		})
		if err != nil {
			return fmt.Errorf("%w (at candidate %d of %d)", err, from, f.pool)
		}
		rows = rows[:0]
		for row := from; row < min(from+block, f.pool); row++ {
			if f.Blocker[row] < 0 {
				rows = append(rows, row)
			}
		}
		similar, err := f.within(ctx, sets, rows, o)
		if err != nil {
			return err
		}
		looked = min(from+block, f.pool)
		kept := []int{} // of this block, as places in rows
		for i, row := range rows {
			blocked := slices.IndexFunc(kept, func(k int) bool { return similar[i][k] >= o.Threshold })
			if blocked >= 0 {
				f.Blocker[row], f.Jaccard[row] = f.seeds+rows[kept[blocked]], similar[i][kept[blocked]]
				continue
			}
			kept = append(kept, i)
			f.Rows = append(f.Rows, row)
			held.insert(f.seeds + row)
			if len(f.Rows) == o.Keep {
				looked = row + 1
				break
			}
		}
		add(o.Progress, looked-from)
	}
	for row := looked; row < f.pool; row++ { // compared, but the search had ended
		f.Blocker[row], f.Jaccard[row] = -1, 0
	}
	f.Accepted, f.Unseen = len(f.Rows), f.pool-looked
	f.Refused = looked - f.Accepted
	return nil
}

// within is the Jaccard index of each of some candidates with those before it.
// An index that cannot reach the threshold is left 0.
func (f *Filtered) within(ctx context.Context, sets *gramSets, rows []int, o FilterOptions) ([][]float64, error) {
	similar := make([][]float64, len(rows))
	err := parallel(ctx, len(rows), o.Workers, nil, "similar prompts", func(_, from, to int) {
		for i := from; i < to; i++ {
			similar[i] = make([]float64, i)
			a := sets.at(f.seeds + rows[i])
			for k := range i {
				b := sets.at(f.seeds + rows[k])
				if small, large := min(len(a), len(b)), max(len(a), len(b)); float64(small) >= o.Threshold*float64(large)-1e-9*float64(large) {
					similar[i][k] = index(intersection(a, b), len(a), len(b))
				}
			}
		}
	})
	return similar, err
}

// measureRecall compares, for a sample of candidates, what LSH brings together
// with what is similar.
func (f *Filtered) measureRecall(ctx context.Context, sets *gramSets, lsh *lshIndex, o FilterOptions) error {
	exact := newCountIndex(sets, o.Threshold)
	lsh.clear()
	first := 0
	if o.PoolOnly {
		first = f.seeds
	}
	for doc := first; doc < sets.len(); doc++ {
		exact.insert(doc)
		lsh.insert(doc)
	}
	var s scratch
	found := 0
	sample := rand.New(rand.NewPCG(o.Seed, 1)).Perm(f.pool)
	sample = sample[:min(len(sample), o.Sample)]
	start(o.Progress, int64(len(sample)), "recall of LSH")
	defer done(o.Progress)
	for i, row := range sample {
		if ctx.Err() != nil {
			return fmt.Errorf("augment: measuring recall at sample %d of %d: %w", i, len(sample), context.Cause(ctx))
		}
		doc := f.seeds + row
		similar := map[int]bool{}
		exact.all(doc, &s, func(at int, _ float64) { similar[at] = at != doc })
		lsh.candidates(doc, &s, func(other int) bool {
			if similar[other] {
				found++
			}
			return true
		})
		for _, other := range similar {
			if other {
				f.RecallPairs++
			}
		}
		add(o.Progress, 1)
	}
	f.MeasuredRecall = float64(found) / float64(f.RecallPairs) // NaN of no pairs
	return nil
}
