package diversity

import (
	"context"
	"fmt"
	"slices"

	"github.com/axiomhq/hyperloglog"

	"divvy/stdlib/tokenize"
)

// ApproximateError is the standard error of an approximate count of distinct
// N-grams, relative to the count: 1.04/sqrt(2^16) (Flajolet et al. 2007).
const ApproximateError = 1.04 / 256

// CurveApproximate is Curve with the distinct N-grams estimated by HyperLogLog,
// in 64 KB whatever the number of N-grams. Two thirds of its counts are within
// ApproximateError of the exact ones, and so are ratio and d; nearly all within
// three times that. The implementation is github.com/axiomhq/hyperloglog, which
// is maintained and follows HyperLogLog++ and LogLog-Beta.
//
// The exact Curve is as fast as this for N = 2; it is for longer N-grams and
// little memory. Sizes must be given.
func CurveApproximate(ctx context.Context, ids *tokenize.IDs, sizes []int, o Options) (*Series, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	keys, err := newGramKeys(o, ids.VocabSize())
	if err != nil {
		return nil, err
	}
	sizes = slices.Clone(sizes)
	s := newSeries(sizes, o)
	sketch, err := hyperloglog.NewSketch(16, false)
	if err != nil {
		return nil, fmt.Errorf("diversity: HyperLogLog: %w", err)
	}
	total := int64(0)
	at := 0
	last := 0
	for _, n := range sizes {
		if n < 0 || n > ids.Len() {
			return nil, fmt.Errorf("diversity: a subset of %d prompts of %d", n, ids.Len())
		}
		last = max(last, n)
	}
	all := allGrams(ids.Prefix(last), o)
	order := rising(sizes)
	for i := range sizes {
		if order != nil {
			i = order[i]
		}
		for ; at < sizes[i]; at++ {
			if at%4096 == 0 {
				if err := ctx.Err(); err != nil {
					return nil, fmt.Errorf("diversity: approximate curve at prompt %d: %w", at, context.Cause(ctx))
				}
				if o.Progress != nil {
					o.Progress(total, all)
				}
			}
			keys.eachHash(ids.At(at), func(hash uint64) { sketch.InsertHash(hash) })
			total += grams(len(ids.At(at)), o)
		}
		s.set(i, int64(sketch.Estimate()), total, o)
	}
	if o.Progress != nil {
		o.Progress(total, all)
	}
	return s, nil
}
