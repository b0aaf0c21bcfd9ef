package diversity

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"divvy/stdlib/display"
	"divvy/stdlib/paper"
	"divvy/stdlib/tokenize"
)

// Options of every measure. The zero value is the paper's definition: 2-grams,
// decay index 0.5, the first 512 ids of each prompt.
type Options struct {
	// N is the order of the N-grams, 2 by default and at most MaxN.
	N int
	// P is the decay index p of d = |D|^p r, 0.5 by default. (d with p = 0 is
	// the ratio r, which every result has.)
	P float64
	// MaxTokens cuts each prompt to its first ids, BOS included: 512 by default,
	// a negative number for no cut.
	MaxTokens int
	// Workers is the number of goroutines, 0 for as many as there are cores. The
	// result does not depend on it.
	Workers int
	// Progress, when set, is called now and then with the number of N-grams done
	// and of all N-grams, from one goroutine at a time. Without one a notebook shows
	// a bar when a call takes more than a second.
	Progress func(done, total int64)
}

// MaxN is the greatest order of N-grams. Fewer fit a large vocabulary: N times the
// bits of an id are at most 128.
const MaxN = 16

// withDefaults fills in what is not set and refuses what cannot be.
func (o Options) withDefaults() (Options, error) {
	if o.N == 0 {
		o.N = paper.NGram
	}
	if o.P == 0 {
		o.P = paper.DecayIndex
	}
	if o.MaxTokens == 0 {
		o.MaxTokens = paper.DiversityMaxTokens
	}
	if o.MaxTokens < 0 {
		o.MaxTokens = math.MaxInt
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Progress == nil {
		o.Progress = display.AutoFunc("Counting", fmt.Sprintf("%d-grams", o.N))
	}
	switch {
	case o.N < 1 || o.N > MaxN:
		return o, fmt.Errorf("diversity: N-grams of order %d: N must be from 1 to %d", o.N, MaxN)
	case math.IsNaN(o.P) || math.IsInf(o.P, 0):
		return o, fmt.Errorf("diversity: decay index %v is not a number", o.P)
	}
	return o, nil
}

// Result is the diversity of a list of prompts.
type Result struct {
	Prompts int     // |D|, duplicates counted
	N       int     // order of the N-grams
	P       float64 // decay index
	Unique  int64   // distinct N-grams
	Total   int64   // all N-grams
	Ratio   float64 // r = Unique / Total; 0 when there are no N-grams
	D       float64 // d = |D|^p r
}

// newResult computes r and d from the counts.
func newResult(prompts int, unique, total int64, o Options) Result {
	r := Result{Prompts: prompts, N: o.N, P: o.P, Unique: unique, Total: total}
	if total > 0 { // else d is 0 as r is, for a negative p and no prompts, too
		r.Ratio = float64(unique) / float64(total)
		r.D = math.Pow(float64(prompts), o.P) * r.Ratio
	}
	return r
}

// String is the result in one line.
func (r Result) String() string {
	return fmt.Sprintf("d = %.4f (%d prompts, %d unique of %d %d-grams, r = %.4f, p = %g)",
		r.D, r.Prompts, r.Unique, r.Total, r.N, r.Ratio, r.P)
}

// Measure is the diversity of prompts, given as token ids: section 3 of the
// paper. N-grams are pooled over the prompts and never cross from one to the
// next.
func Measure(ctx context.Context, ids *tokenize.IDs, o Options) (Result, error) {
	o, err := o.withDefaults()
	if err != nil {
		return Result{}, err
	}
	fresh, err := firstSeen(ctx, ids, o)
	if err != nil {
		return Result{}, err
	}
	unique := int64(0)
	for _, n := range fresh {
		unique += int64(n)
	}
	return newResult(ids.Len(), unique, allGrams(ids, o), o), nil
}

// firstSeen is how many of each prompt's N-grams occur in it for the first time.
func firstSeen(ctx context.Context, ids *tokenize.IDs, o Options) ([]int32, error) {
	total := allGrams(ids, o)
	e, err := newEngine(o, ids.VocabSize(), total, false)
	if err != nil {
		return nil, err
	}
	defer e.release()
	fresh := hugeSlice[int32](ids.Len())
	if err := e.add(ctx, ids, fresh, reporter(o, total)); err != nil {
		return nil, err
	}
	return fresh, nil
}

// reporter calls o.Progress with what was done so far; it is nil without one.
func reporter(o Options, total int64) func(int64) {
	if o.Progress == nil {
		return nil
	}
	done := int64(0)
	return func(n int64) {
		done += n
		o.Progress(done, total)
	}
}

// allGrams is the number of N-grams of all prompts.
func allGrams(ids *tokenize.IDs, o Options) (total int64) {
	_, offsets := ids.Flat()
	for i := range ids.Len() {
		total += grams(int(offsets[i+1]-offsets[i]), o)
	}
	return total
}

// grams is the number of N-grams of a prompt of so many ids.
func grams(ids int, o Options) int64 {
	return int64(max(0, min(ids, o.MaxTokens)-o.N+1))
}
