package augment

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"divvy/stdlib/display"
	"divvy/stdlib/tokenize"
)

// gramSets is the N-grams of a list of prompts: for each prompt the set of its
// distinct N-grams, and how many N-grams it has with repetitions.
//
// N-grams are numbered from 0 in the order of rising document frequency (how
// many prompts have it), so that a sorted set begins with its rarest N-grams.
// That is the order that prefix filtering wants: a rare N-gram in common says
// much and is shared by few.
type gramSets struct {
	flat    []uint32 // the sets end to end, each sorted
	offsets []int64  // set i is flat[offsets[i]:offsets[i+1]]
	total   []int32  // N-grams of prompt i, repetitions counted
	df      []int32  // document frequency of each N-gram
}

func (g *gramSets) len() int          { return len(g.total) }
func (g *gramSets) at(i int) []uint32 { return g.flat[g.offsets[i]:g.offsets[i+1]] }
func (g *gramSets) size(i int) int    { return int(g.offsets[i+1] - g.offsets[i]) }
func (g *gramSets) distinct() int     { return len(g.df) }

// newGramSets numbers the N-grams of several lists of prompts, one list after
// the other. Each prompt is cut to its first maxTokens ids.
func newGramSets(ctx context.Context, n, maxTokens int, progress display.Reporter, lists ...*tokenize.IDs) (*gramSets, error) {
	var prompts int
	var tokens int64
	for _, ids := range lists {
		prompts += ids.Len()
		tokens += ids.Tokens()
	}
	if tokens > math.MaxUint32 {
		return nil, fmt.Errorf("augment: %d ids in one call, at most %d are supported", tokens, uint32(math.MaxUint32))
	}
	g := &gramSets{flat: make([]uint32, 0, tokens), offsets: make([]int64, 1, prompts+1), total: make([]int32, 0, prompts)}
	k := newNumberer(n, lists)
	start(progress, int64(prompts), fmt.Sprintf("%d-grams", n))
	defer done(progress)
	for _, ids := range lists {
		for i := range ids.Len() {
			add(progress, 1)
			if i%1024 == 0 && ctx.Err() != nil {
				return nil, fmt.Errorf("augment: %d-grams of prompt %d of %d: %w", n, len(g.total), prompts, context.Cause(ctx))
			}
			seq := ids.At(i)
			seq = seq[:min(len(seq), maxTokens)]
			from := len(g.flat)
			g.flat = k.appendGrams(g.flat, seq)
			g.total = append(g.total, int32(len(g.flat)-from))
			set := g.flat[from:]
			slices.Sort(set)
			g.flat = g.flat[:from+len(slices.Compact(set))]
			g.offsets = append(g.offsets, int64(len(g.flat)))
		}
	}
	g.orderByFrequency(k.count())
	return g, nil
}

// orderByFrequency counts how many prompts have each N-gram, renumbers N-grams
// in that order and sorts the sets again.
func (g *gramSets) orderByFrequency(distinct int) {
	df := make([]int32, distinct)
	most := int32(0)
	for _, gram := range g.flat {
		df[gram]++
		most = max(most, df[gram])
	}
	// A counting sort by frequency: frequencies are at most the number of prompts.
	next := make([]uint32, most+2)
	for _, f := range df {
		next[f+1]++
	}
	for f := 1; f < len(next); f++ {
		next[f] += next[f-1]
	}
	rank := make([]uint32, distinct)
	g.df = make([]int32, distinct)
	for gram, f := range df {
		rank[gram] = next[f]
		g.df[next[f]] = f
		next[f]++
	}
	for i, gram := range g.flat {
		g.flat[i] = rank[gram]
	}
	for i := range g.len() {
		slices.Sort(g.at(i))
	}
}

// numberer gives each distinct N-gram a number, in the order of first
// occurrence. N-grams that fit 64 bits are looked up at once; longer ones are
// made of a numbered prefix and the tokens that follow, so numbers are exact for
// every N.
type numberer struct {
	n      int
	width  uint       // bits an id takes
	per    int        // ids that fit a key on the first level
	levels []*numbers // the first of the first per ids, each further one of one id more
}

func newNumberer(n int, lists []*tokenize.IDs) *numberer {
	vocab := 1
	for _, ids := range lists {
		vocab = max(vocab, ids.VocabSize())
	}
	k := &numberer{n: n, width: uint(max(1, bits.Len(uint(vocab-1))))}
	k.per = min(n, int(64/k.width))
	for range n - k.per + 1 {
		k.levels = append(k.levels, newNumbers())
	}
	return k
}

func (k *numberer) count() int { return k.levels[len(k.levels)-1].used }

// appendGrams appends the numbers of the N-grams of ids, in their order.
func (k *numberer) appendGrams(dst []uint32, ids []int32) []uint32 {
	for i := 0; i+k.n <= len(ids); i++ {
		key := uint64(0)
		for _, id := range ids[i : i+k.per] {
			key = key<<k.width | uint64(uint32(id))
		}
		gram := k.levels[0].number(key)
		for level := 1; level < len(k.levels); level++ {
			gram = k.levels[level].number(uint64(gram)<<32 | uint64(uint32(ids[i+k.per+level-1])))
		}
		dst = append(dst, gram)
	}
	return dst
}

// numbers is a hash table of keys in the order in which they came: open
// addressing with linear probing, a third of the time of a Go map.
type numbers struct {
	keys  []uint64
	value []uint32 // number + 1, 0 for an empty slot
	used  int
	shift uint
}

func newNumbers() *numbers {
	const start = 16
	return &numbers{keys: make([]uint64, 1<<start), value: make([]uint32, 1<<start), shift: 64 - start}
}

// hash spreads a key over 64 bits (the multiplier of Fibonacci hashing; the
// upper half is folded in, since ids of one text share their upper bits).
func hash(key uint64) uint64 {
	key ^= key >> 32
	return key * 0x9e3779b97f4a7c15
}

func (t *numbers) number(key uint64) uint32 {
	mask := len(t.keys) - 1
	at := int(hash(key) >> t.shift)
	for t.value[at] != 0 {
		if t.keys[at] == key {
			return t.value[at] - 1
		}
		at = (at + 1) & mask
	}
	t.used++
	t.keys[at], t.value[at] = key, uint32(t.used)
	n := uint32(t.used - 1)
	if t.used > len(t.keys)/8*5 {
		t.grow()
	}
	return n
}

func (t *numbers) grow() {
	keys, value := t.keys, t.value
	t.keys, t.value = make([]uint64, 2*len(keys)), make([]uint32, 2*len(keys))
	t.shift--
	mask := len(t.keys) - 1
	for i, v := range value {
		if v == 0 {
			continue
		}
		at := int(hash(keys[i]) >> t.shift)
		for t.value[at] != 0 {
			at = (at + 1) & mask
		}
		t.keys[at], t.value[at] = keys[i], v
	}
}

// intersection is the number of elements that two sorted sets share.
func intersection(a, b []uint32) int {
	both := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		x, y := a[i], b[j]
		if x == y {
			both++
		}
		// Without a branch: which set is ahead cannot be predicted.
		if x <= y {
			i++
		}
		if y <= x {
			j++
		}
	}
	return both
}

// index is the Jaccard index of two sets of sizes a and b that share both
// elements: |A n B| / |A u B|, and 0 for two empty sets.
func index(both, a, b int) float64 {
	if both == 0 {
		return 0
	}
	return float64(both) / float64(a+b-both)
}
