package diversity

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"divvy/arrowio"
	"divvy/stdlib/display"
	"divvy/stdlib/tokenize"
)

// DistinctN is distinct-n (Li et al. 2016): distinct n-grams over all n-grams,
// pooled over the texts. It is the r of d, here without a cut at 512 ids.
func DistinctN(ctx context.Context, ids *tokenize.IDs, n int) (float64, error) {
	r, err := Measure(ctx, ids, Options{N: n, MaxTokens: -1})
	return r.Ratio, err
}

// TypeTokenRatio is the number of distinct ids over the number of ids, without a
// cut.
func TypeTokenRatio(ctx context.Context, ids *tokenize.IDs) (float64, error) {
	return DistinctN(ctx, ids, 1)
}

// CompressionRatio is the size of the texts, a line each, over their size after
// gzip at its best level (Shaib et al. 2024). More is less diverse. The exact
// value depends on the implementation of gzip: here the standard library's.
func CompressionRatio(ctx context.Context, texts []string) (float64, error) {
	var out counting
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return 0, err
	}
	tell := display.AutoFunc("Compressing", "texts")
	size := 0
	for i, text := range texts {
		if i%1024 == 0 {
			if ctx.Err() != nil {
				return 0, fmt.Errorf("diversity: compressing text %d of %d: %w", i, len(texts), context.Cause(ctx))
			}
			if tell != nil {
				tell(int64(i), int64(len(texts)))
			}
		}
		size += len(text) + 1
		if _, err := io.WriteString(z, text+"\n"); err != nil {
			return 0, err
		}
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	if tell != nil {
		tell(int64(len(texts)), int64(len(texts)))
	}
	if size == 0 {
		return 0, nil
	}
	return float64(size) / float64(out), nil
}

// counting is a writer that counts.
type counting int

func (c *counting) Write(p []byte) (int, error) {
	*c += counting(len(p))
	return len(p), nil
}

// SampleOptions are those of the measures that look at a sample.
type SampleOptions struct {
	// Options has the order of the N-grams and the cut; self-BLEU takes all orders
	// up to N, which is 4 for it by default.
	Options
	// Sample is how many texts (self-BLEU, 1000 by default) or pairs of texts
	// (Jaccard, 100,000 by default) are looked at.
	Sample int
	// Seed of the sample, PCG of math/rand/v2 with (Seed, 0).
	Seed uint64
}

// Jaccard is the distribution of the Jaccard index of pairs of prompts.
type Jaccard struct {
	Pairs                       int
	Mean, Std, Median, P95, Max float64
	// Histogram is how many pairs have an index in each hundredth from 0 to 1.
	Histogram []int
}

// PairwiseJaccard is the Jaccard index |A n B| / |A u B| of the N-gram sets of
// pairs of different prompts, drawn at random with replacement. Two prompts
// without N-grams have index 0.
func PairwiseJaccard(ctx context.Context, ids *tokenize.IDs, o SampleOptions) (Jaccard, error) {
	options, err := o.Options.withDefaults()
	if err != nil {
		return Jaccard{}, err
	}
	packer, err := newGramKeys(options, ids.VocabSize())
	if err != nil {
		return Jaccard{}, err
	}
	if ids.Len() < 2 {
		return Jaccard{}, fmt.Errorf("diversity: pairs of %d prompts", ids.Len())
	}
	pairs := o.Sample
	if pairs <= 0 {
		pairs = 100_000
	}
	sets := make([][]uint64, ids.Len()) // sorted, distinct; made when first needed
	set := func(i int) []uint64 {
		if sets[i] == nil {
			keys := []uint64{}
			packer.each(ids.At(i), func(key uint64) { keys = append(keys, key) })
			slices.Sort(keys)
			sets[i] = slices.Compact(keys)
		}
		return sets[i]
	}
	// The units are pairs, not N-grams, so the bar is one of its own.
	tell := o.Options.Progress
	if tell == nil {
		tell = display.AutoFunc("Comparing", "pairs")
	}
	r := rand.New(rand.NewPCG(o.Seed, 0))
	values := make([]float64, pairs)
	for p := range values {
		if p%4096 == 0 {
			if ctx.Err() != nil {
				return Jaccard{}, fmt.Errorf("diversity: Jaccard of pair %d of %d: %w", p, pairs, context.Cause(ctx))
			}
			if tell != nil {
				tell(int64(p), int64(pairs))
			}
		}
		a := r.IntN(ids.Len())
		b := r.IntN(ids.Len() - 1)
		if b >= a {
			b++
		}
		values[p] = overlap(set(a), set(b))
	}
	if tell != nil {
		tell(int64(pairs), int64(pairs))
	}
	slices.Sort(values)
	j := Jaccard{Pairs: pairs, Median: values[pairs/2], P95: values[pairs*95/100], Max: values[pairs-1]}
	j.Histogram = make([]int, 100)
	for _, v := range values {
		j.Mean += v
		j.Histogram[min(int(v*100), 99)]++
	}
	j.Mean /= float64(pairs)
	for _, v := range values {
		j.Std += (v - j.Mean) * (v - j.Mean)
	}
	j.Std = math.Sqrt(j.Std / float64(pairs))
	return j, nil
}

// overlap is the Jaccard index of two sorted sets.
func overlap(a, b []uint64) float64 {
	both, all := 0, len(a)+len(b)
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			both++
			a, b = a[1:], b[1:]
		}
	}
	if all == both {
		return 0
	}
	return float64(both) / float64(all-both)
}

// Profile is every measure of this package side by side.
type Profile struct {
	Measures []string
	Values   []float64
}

// NewProfile measures prompts by everything here: d, entropy and pairwise Jaccard
// of N-grams as o says, distinct-1 to distinct-4 without a cut, self-BLEU-4, and the
// compression ratio. texts are the same prompts as text; without them there is no
// compression ratio.
func NewProfile(ctx context.Context, ids *tokenize.IDs, texts []string, o SampleOptions) (*Profile, error) {
	p := &Profile{}
	add := func(name string, value float64) {
		p.Measures, p.Values = append(p.Measures, name), append(p.Values, value)
	}
	d, err := Measure(ctx, ids, o.Options)
	if err != nil {
		return nil, err
	}
	add("d", d.D)
	for n := 1; n <= 4; n++ {
		v, err := DistinctN(ctx, ids, n)
		if err != nil {
			return nil, err
		}
		add([]string{"type-token ratio (distinct-1)", "distinct-2", "distinct-3", "distinct-4"}[n-1], v)
	}
	entropy, err := Entropy(ctx, ids, o.Options)
	if err != nil {
		return nil, err
	}
	add("N-gram entropy (bits)", entropy)
	four := o // self-BLEU takes orders up to 4 whatever N is
	four.N = 4
	bleu, err := SelfBLEU(ctx, ids, four)
	if err != nil {
		return nil, err
	}
	add("self-BLEU-4", bleu)
	if texts != nil {
		ratio, err := CompressionRatio(ctx, texts)
		if err != nil {
			return nil, err
		}
		add("compression ratio", ratio)
	}
	jaccard, err := PairwiseJaccard(ctx, ids, o)
	if err != nil {
		return nil, err
	}
	add("mean pairwise Jaccard", jaccard.Mean)
	return p, nil
}

// Table is the profile with the columns measure and value.
func (p *Profile) Table() *arrowio.Table {
	return table([]string{"measure", "value"}, p.Measures, p.Values)
}
