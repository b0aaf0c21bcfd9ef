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
	texts := make([][]int32, ids.Len())
	lengths := make([]int, ids.Len())
	for i := range texts {
		texts[i] = ids.At(i)[:min(len(ids.At(i)), options.MaxTokens)]
		lengths[i] = len(texts[i])
	}
	slices.Sort(lengths)
	scores := make([]float64, len(texts)) // sums of log precisions
	alien := make([]bool, len(texts))     // no id of the text is in another: BLEU 0
	tell := o.Options.Progress
	if tell == nil {
		tell = display.AutoFunc("Self-BLEU", "texts")
	}
	// step is called for each text, twice an order, and gives false when ctx has
	// ended. Its units are texts of one order.
	steps := int64(0)
	step := func() bool {
		if steps++; steps%256 == 0 && ctx.Err() != nil {
			return false
		}
		if all := 2 * int64(options.N*len(texts)); tell != nil && (steps%256 == 0 || steps == all) {
			tell(steps/2, all/2)
		}
		return true
	}
	stopped := func(order int) error {
		return fmt.Errorf("diversity: self-BLEU of %d texts, order %d of %d: %w", len(texts), order, options.N, context.Cause(ctx))
	}
	for order := 1; order <= options.N; order++ {
		if ctx.Err() != nil {
			return 0, stopped(order)
		}
		counts := make([]map[string]int, len(texts))
		best := map[string]top{}
		for i, text := range texts {
			if !step() {
				return 0, stopped(order)
			}
			counts[i] = gramCounts(text, order)
			for gram, c := range counts[i] {
				best[gram] = best[gram].with(c, i)
			}
		}
		for i, text := range texts {
			if !step() {
				return 0, stopped(order)
			}
			matches := 0
			for gram, c := range counts[i] {
				matches += min(c, best[gram].without(i))
			}
			precision := float64(matches)
			if matches == 0 {
				precision = 0.1
				alien[i] = alien[i] || order == 1
			}
			scores[i] += math.Log(precision/float64(max(1, len(text)-order+1))) / float64(options.N)
		}
	}
	mean := 0.0
	for i, text := range texts {
		score := 0.0
		if !alien[i] {
			closest := closestOther(lengths, len(text))
			brevity := 1.0
			if len(text) < closest {
				brevity = math.Exp(1 - float64(closest)/float64(len(text)))
			}
			score = brevity * math.Exp(scores[i])
		}
		mean += score / float64(len(texts))
	}
	return mean, nil
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
