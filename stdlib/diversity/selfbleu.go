package diversity

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"divvy/stdlib/display"
	"divvy/stdlib/tokenize"
)

// SelfBLEU is the mean BLEU of each sampled text against all other sampled texts
// as references (Zhu et al. 2018); less is more diverse. It is sentence BLEU up
// to order N (4 by default) with equal weights, the closest reference length,
// and NLTK's smoothing method 1: an order without a match counts 0.1 matches. A
// text shorter than N ids is scored on all orders as NLTK does it, with at least
// one N-gram in the denominator.
//
// The time is linear in the sample: for each N-gram the two largest counts of
// any text are kept, so that the largest count among the others is known without
// looking at them.
func SelfBLEU(ctx context.Context, ids *tokenize.IDs, o SampleOptions) (float64, error) {
	if o.N == 0 {
		o.N = 4
	}
	options, err := o.Options.withDefaults()
	if err != nil {
		return 0, err
	}
	n := o.Sample
	if n <= 0 {
		n = 1000
	}
	if n < ids.Len() {
		rows := rand.New(rand.NewPCG(o.Seed, 0)).Perm(ids.Len())[:n]
		slices.Sort(rows)
		ids = ids.Take(rows)
	}
	if ids.Len() < 2 {
		return 0, fmt.Errorf("diversity: self-BLEU of %d texts: it takes two", ids.Len())
	}
	b := newSelfBLEU(ids, options)
	tell := o.Options.Progress
	if tell == nil {
		tell = display.AutoFunc("Self-BLEU", "texts")
	}
	// step is called for each text, twice an order, and gives false when ctx has
	// ended. Its units are texts of one order.
	steps := int64(0)
	step := func() bool {
		if steps++; steps%256 == 1 && ctx.Err() != nil {
			return false
		}
		if all := 2 * int64(options.N*len(b.texts)); tell != nil && (steps%256 == 0 || steps == all) {
			tell(steps/2, all/2)
		}
		return true
	}
	for order := 1; order <= options.N; order++ {
		if !b.order(order, step) {
			return 0, fmt.Errorf("diversity: self-BLEU of %d texts, order %d of %d: %w", len(b.texts), order, options.N, context.Cause(ctx))
		}
	}
	return b.mean(), nil
}

// selfBLEU is the scores of texts, order by order.
type selfBLEU struct {
	orders  int
	texts   [][]int32
	lengths []int     // of the texts, sorted
	scores  []float64 // sums of log precisions
	alien   []bool    // no id of the text is in another: BLEU 0
}

func newSelfBLEU(ids *tokenize.IDs, o Options) *selfBLEU {
	n := ids.Len()
	b := &selfBLEU{orders: o.N, texts: make([][]int32, n), lengths: make([]int, n), scores: make([]float64, n), alien: make([]bool, n)}
	for i := range b.texts {
		b.texts[i] = ids.At(i)[:min(len(ids.At(i)), o.MaxTokens)]
		b.lengths[i] = len(b.texts[i])
	}
	slices.Sort(b.lengths)
	return b
}

// order adds the precisions of one order. It ends, with false, when step does.
func (b *selfBLEU) order(order int, step func() bool) bool {
	counts := make([]map[string]int, len(b.texts))
	best := map[string]top{}
	for i, text := range b.texts {
		if !step() {
			return false
		}
		counts[i] = gramCounts(text, order)
		for gram, c := range counts[i] {
			best[gram] = best[gram].with(c, i)
		}
	}
	for i, text := range b.texts {
		if !step() {
			return false
		}
		matches := 0
		for gram, c := range counts[i] {
			matches += min(c, best[gram].without(i))
		}
		precision := float64(matches)
		if matches == 0 {
			precision = 0.1
			b.alien[i] = b.alien[i] || order == 1
		}
		b.scores[i] += math.Log(precision/float64(max(1, len(text)-order+1))) / float64(b.orders)
	}
	return true
}

// mean is the mean score, with the penalty of texts that are shorter than the
// others.
func (b *selfBLEU) mean() (mean float64) {
	for i, text := range b.texts {
		if b.alien[i] {
			continue
		}
		score := math.Exp(b.scores[i])
		if closest := closestOther(b.lengths, len(text)); len(text) < closest {
			score *= math.Exp(1 - float64(closest)/float64(len(text)))
		}
		mean += score / float64(len(b.texts))
	}
	return mean
}

// top is the two largest counts of an N-gram in any text, and whose the largest
// is.
type top struct{ first, owner, second int }

func (t top) with(count, text int) top {
	switch {
	case count > t.first:
		return top{count, text, t.first}
	case count > t.second:
		t.second = count
	}
	return t
}

// without is the largest count of another text.
func (t top) without(text int) int {
	if t.owner == text && t.first > 0 {
		return t.second
	}
	return t.first
}

func gramCounts(text []int32, n int) map[string]int {
	counts := map[string]int{}
	key := make([]byte, 0, 4*n)
	for i := 0; i+n <= len(text); i++ {
		key = key[:0]
		for _, id := range text[i : i+n] {
			key = append(key, byte(id), byte(id>>8), byte(id>>16), byte(id>>24))
		}
		counts[string(key)]++
	}
	return counts
}

// closestOther is the length nearest to length among the sorted lengths without
// one of its own; of two equally near the shorter.
func closestOther(lengths []int, length int) int {
	at, _ := slices.BinarySearch(lengths, length)
	// lengths[at] is length itself; a second text of the length is the nearest.
	if at+1 < len(lengths) && lengths[at+1] == length {
		return length
	}
	switch {
	case at == 0:
		return lengths[1]
	case at+1 == len(lengths):
		return lengths[at-1]
	case length-lengths[at-1] <= lengths[at+1]-length:
		return lengths[at-1]
	}
	return lengths[at+1]
}
