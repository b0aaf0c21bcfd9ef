package augment

import (
	"math"
	"math/bits"
)

// A finder holds prompts, by their places in gramSets, and finds those that are
// similar to another. Queries may run side by side, each with a scratch of its
// own; insertions may not.
type finder interface {
	insert(doc int)
	// find gives a held prompt whose Jaccard index with doc is at least the
	// finder's threshold, or -1, and the index. Which one of several it is depends
	// on what was inserted, in which order, alone.
	find(doc int, s *scratch) (at int, jaccard float64)
}

// scratch is the memory of the queries of one goroutine.
type scratch struct {
	counts  []int32 // N-grams shared with each held prompt
	touched []int32 // held prompts with a count, in the order of touching
	marks   []uint64
}

// sized gives n counts of zero. All counts are zero between queries.
func (s *scratch) sized(n int) []int32 {
	if len(s.counts) < n {
		s.counts = make([]int32, n+n/2)
	}
	return s.counts[:n]
}

// postings are lists of held prompts, one an N-gram, in one piece of memory.
type postings struct {
	start []int64 // list of gram g is docs[start[g]:start[g]+len[g]]
	used  []int32
	docs  []int32
}

// newPostings makes room for the lists of the N-grams below heavy, each as long
// as the N-gram's document frequency. N-grams of one prompt have no list: they
// are shared with nobody.
func newPostings(g *gramSets, heavy int) *postings {
	p := &postings{start: make([]int64, heavy+1), used: make([]int32, heavy)}
	at := int64(0)
	for gram, f := range g.df[:heavy] {
		p.start[gram] = at
		if f > 1 {
			at += int64(f)
		}
	}
	p.docs = make([]int32, at)
	return p
}

func (p *postings) add(gram uint32, slot int) {
	p.docs[p.start[gram]+int64(p.used[gram])] = int32(slot)
	p.used[gram]++
}

func (p *postings) list(gram uint32) []int32 {
	from := p.start[gram]
	return p.docs[from : from+int64(p.used[gram])]
}

// countIndex is an inverted index that counts, for a query, the N-grams shared
// with every held prompt (ScanCount, Li et al. 2008). Its cost hardly depends on
// the threshold, so it serves low ones and the search for the nearest prompt.
//
// Prompts of a chat share their boilerplate: the posting lists of a few N-grams
// hold everyone. Those heavy N-grams are a 64-bit mask a prompt instead of lists,
// and are counted by AND and popcount in the pass that compares the counts.
type countIndex struct {
	sets      *gramSets
	threshold float64
	heavy     int // the first heavy N-gram
	firstList int // N-grams below are in one prompt only
	lists     *postings
	docs      []int32 // what is held: slot -> place in sets
	sizes     []int32
	masks     []uint64
}

func newCountIndex(g *gramSets, threshold float64) *countIndex {
	x := &countIndex{sets: g, threshold: threshold, heavy: g.distinct()}
	for x.heavy > 0 && g.distinct()-x.heavy < 64 && int(g.df[x.heavy-1]) > g.len()/32 {
		x.heavy--
	}
	for x.firstList < x.heavy && g.df[x.firstList] < 2 {
		x.firstList++
	}
	x.lists = newPostings(g, x.heavy)
	return x
}

func (x *countIndex) insert(doc int) {
	slot := len(x.docs)
	set := x.sets.at(doc)
	light, mask := x.split(set)
	for _, gram := range light {
		x.lists.add(gram, slot)
	}
	x.docs, x.sizes, x.masks = append(x.docs, int32(doc)), append(x.sizes, int32(len(set))), append(x.masks, mask)
}

// split cuts a set into the N-grams that have lists and the mask of heavy ones.
func (x *countIndex) split(set []uint32) (light []uint32, mask uint64) {
	from, to := 0, len(set)
	for from < to && int(set[from]) < x.firstList {
		from++
	}
	for to > from && int(set[to-1]) >= x.heavy {
		to--
		mask |= 1 << (int(set[to]) - x.heavy)
	}
	return set[from:to], mask
}

// count counts the light N-grams that a query shares with each held prompt.
func (x *countIndex) count(light []uint32, counts []int32) {
	for _, gram := range light {
		for _, slot := range x.lists.list(gram) {
			counts[slot]++
		}
	}
}

func (x *countIndex) find(doc int, s *scratch) (int, float64) {
	set := x.sets.at(doc)
	light, mask := x.split(set)
	counts := s.sized(len(x.docs))
	x.count(light, counts)
	defer clear(counts)
	// both >= t (a + b - both)  <=>  both >= t/(1+t) (a + b), but for rounding:
	// what is within a hair of it is computed in full.
	part := x.threshold / (1 + x.threshold)
	base := part*float64(len(set)) - 1e-9*float64(len(set)+1)
	for slot, n := range counts {
		both := int(n) + bits.OnesCount64(mask&x.masks[slot])
		if float64(both) < base+part*float64(x.sizes[slot]) {
			continue
		}
		if j := index(both, len(set), int(x.sizes[slot])); j >= x.threshold {
			return int(x.docs[slot]), j
		}
	}
	return -1, 0
}

// nearest is the held prompt of the greatest Jaccard index, of equal ones that
// which was inserted first; -1 when no prompt shares an N-gram. doc itself is
// never found.
func (x *countIndex) nearest(doc int, s *scratch) (at int, jaccard float64) {
	set := x.sets.at(doc)
	light, mask := x.split(set)
	counts := s.sized(len(x.docs))
	x.count(light, counts)
	// Indices are compared as fractions of whole numbers: both/(a+b-both).
	at = -1
	var best, bestOf int64 = 0, 1
	a := int64(len(set))
	for slot, n := range counts {
		both := int64(n) + int64(bits.OnesCount64(mask&x.masks[slot]))
		counts[slot] = 0
		if all := a + int64(x.sizes[slot]) - both; both*bestOf > best*all && int(x.docs[slot]) != doc {
			best, bestOf, at = both, all, int(x.docs[slot])
		}
	}
	return at, float64(best) / float64(bestOf)
}

// all calls visit for every held prompt whose Jaccard index with doc is at
// least the threshold.
func (x *countIndex) all(doc int, s *scratch, visit func(at int, jaccard float64)) {
	set := x.sets.at(doc)
	light, mask := x.split(set)
	counts := s.sized(len(x.docs))
	x.count(light, counts)
	for slot, n := range counts {
		counts[slot] = 0
		both := int(n) + bits.OnesCount64(mask&x.masks[slot])
		if j := index(both, len(set), int(x.sizes[slot])); j >= x.threshold && both > 0 {
			visit(int(x.docs[slot]), j)
		}
	}
}

// prefixIndex is PPJoin (Xiao et al. 2008): two sets whose Jaccard index reaches
// t must share one of their first |x| - ceil(t |x|) + 1 N-grams, the rarest ones,
// so only those are looked up; sizes must be within a factor t; and where in both
// sets a shared N-gram stands bounds what can still follow. It serves higher
// thresholds, where prefixes are short.
type prefixIndex struct {
	sets      *gramSets
	threshold float64
	lists     *postings
	positions []int32 // beside lists.docs: where in its set the N-gram stands
	docs      []int32
	sizes     []int32
}

func newPrefixIndex(g *gramSets, threshold float64) *prefixIndex {
	x := &prefixIndex{sets: g, threshold: threshold, lists: newPostings(g, g.distinct())}
	x.positions = make([]int32, len(x.lists.docs))
	return x
}

// prefix is how many N-grams of a set of that size must be looked at.
func prefix(size int, threshold float64) int {
	least := int(math.Ceil(threshold*float64(size) - 1e-9)) // in common with any similar set
	return max(0, min(size, size-least+1))
}

func (x *prefixIndex) insert(doc int) {
	slot := len(x.docs)
	set := x.sets.at(doc)
	x.docs, x.sizes = append(x.docs, int32(doc)), append(x.sizes, int32(len(set)))
	for i, gram := range set[:prefix(len(set), x.threshold)] {
		if x.sets.df[gram] > 1 {
			x.positions[x.lists.start[gram]+int64(x.lists.used[gram])] = int32(i)
			x.lists.add(gram, slot)
		}
	}
}

// ruledOut marks, in the counts, a held prompt that cannot be similar.
const ruledOut = math.MinInt32 / 2

func (x *prefixIndex) find(doc int, s *scratch) (int, float64) {
	set := x.sets.at(doc)
	a := len(set)
	counts := s.sized(len(x.docs))
	s.touched = s.touched[:0]
	low, high := x.threshold*float64(a)-1e-9*float64(a), float64(a)/x.threshold+1e-9*float64(a)
	part := x.threshold / (1 + x.threshold)
	looked := prefix(a, x.threshold)
	for i, gram := range set[:looked] {
		if x.sets.df[gram] < 2 {
			continue
		}
		list := x.lists.list(gram)
		from := x.lists.start[gram]
		positions := x.positions[from : from+int64(len(list))]
		for k, slot := range list {
			n := counts[slot]
			if n < 0 {
				continue
			}
			size := int(x.sizes[slot])
			if n == 0 {
				s.touched = append(s.touched, slot)
				if b := float64(size); b < low || b > high {
					counts[slot] = ruledOut
					continue
				}
			}
			most := int(n) + min(a-i, size-int(positions[k])) // this N-gram and all behind it
			if float64(most) < part*float64(a+size)-1e-9*float64(a+size) {
				counts[slot] = ruledOut
				continue
			}
			counts[slot] = n + 1
		}
	}
	at, jaccard := -1, 0.0
	for _, slot := range s.touched {
		if at < 0 && counts[slot] > 0 {
			b := x.sets.at(int(x.docs[slot]))
			// Both prefixes end somewhere in the common order of N-grams; up to the
			// nearer end all that is shared has been counted.
			rest := len(b) - prefix(len(b), x.threshold)
			if set[looked-1] < b[len(b)-rest-1] {
				rest = a - looked
			}
			if most := int(counts[slot]) + rest; float64(most) < (part-1e-9)*float64(a+len(b)) {
				counts[slot] = 0
				continue
			}
			if j := index(intersection(set, b), a, len(b)); j >= x.threshold {
				at, jaccard = int(x.docs[slot]), j
			}
		}
		counts[slot] = 0
	}
	return at, jaccard
}
