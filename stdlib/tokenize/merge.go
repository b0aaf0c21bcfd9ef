package tokenize

import (
	"container/heap"
	"math"
	"math/bits"
)

// mergeTable holds the merges of a BPE vocabulary: which pair of symbols joins
// into which symbol, and how early. It is a read-only open-addressing table,
// because the lookup is what encoding a word that is not in the cache costs: a
// Go map takes three times as long.
type mergeTable struct {
	keys   []uint64 // left<<32 | right, noPair where empty
	values []uint64 // rank<<32 | merged symbol
	shift  uint
}

const (
	noPair  = math.MaxUint64
	noMerge = math.MaxUint64 // as a value: these two do not join
)

// newMergeTable makes room for n merges at a load of at most one half.
func newMergeTable(n int) *mergeTable {
	size := uint(bits.Len(uint(max(n, 8)) * 2))
	t := &mergeTable{keys: make([]uint64, 1<<size), values: make([]uint64, 1<<size), shift: 64 - size}
	for i := range t.keys {
		t.keys[i] = noPair
	}
	return t
}

func pairKey(left, right int32) uint64 { return uint64(uint32(left))<<32 | uint64(uint32(right)) }

// slot is the place of key, or the empty place where it belongs.
func (t *mergeTable) slot(key uint64) int {
	mask := len(t.keys) - 1
	i := int(key * 0x9E3779B97F4A7C15 >> t.shift) // Fibonacci hashing
	for t.keys[i&mask] != key && t.keys[i&mask] != noPair {
		i++
	}
	return i & mask
}

// add keeps the first of two merges of the same pair.
func (t *mergeTable) add(left, right int32, rank uint32, merged int32) {
	i := t.slot(pairKey(left, right))
	if t.keys[i] == noPair {
		t.keys[i] = pairKey(left, right)
		t.values[i] = uint64(rank)<<32 | uint64(uint32(merged))
	}
}

func (t *mergeTable) find(left, right int32) uint64 {
	i := t.slot(pairKey(left, right))
	if t.keys[i] == noPair {
		return noMerge
	}
	return t.values[i]
}

// merger applies a merge table to the symbols of one word. It is scratch memory
// of one goroutine.
type merger struct {
	pairs []uint64 // pairs[i] is the merge of symbols i and i+1, or noMerge
	queue mergeQueue
	next  []int32
	prev  []int32
	spare []int32
}

// longWord is the number of symbols from which the queue, whose cost is
// n log n, beats scanning for the best pair, whose cost is n^2.
const longWord = 48

// apply joins symbols, lowest rank first and leftmost among equal ranks, until
// no pair joins. It works in place and returns the shortened slice.
func (m *merger) apply(t *mergeTable, symbols []int32) []int32 {
	if len(symbols) >= longWord {
		return m.applyQueue(t, symbols)
	}
	pairs := m.pairs[:0]
	for i := 0; i+1 < len(symbols); i++ {
		pairs = append(pairs, t.find(symbols[i], symbols[i+1]))
	}
	m.pairs = pairs
	for len(pairs) > 0 {
		// Ranks are the high half: comparing them alone keeps the leftmost.
		at, best := 0, pairs[0]>>32
		for i, p := range pairs[1:] {
			if p>>32 < best {
				at, best = i+1, p>>32
			}
		}
		if pairs[at] == noMerge {
			break
		}
		symbols[at] = int32(uint32(pairs[at]))
		symbols = append(symbols[:at+1], symbols[at+2:]...)
		pairs = append(pairs[:at], pairs[at+1:]...)
		if at > 0 {
			pairs[at-1] = t.find(symbols[at-1], symbols[at])
		}
		if at < len(pairs) {
			pairs[at] = t.find(symbols[at], symbols[at+1])
		}
	}
	return symbols
}

// candidate is a merge that was possible when it was queued; it is stale when
// either symbol has changed since.
type candidate struct {
	merge       uint64
	at          int32
	left, right int32
}

type mergeQueue []candidate

func (q mergeQueue) Len() int      { return len(q) }
func (q mergeQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q mergeQueue) Less(i, j int) bool {
	if a, b := q[i].merge>>32, q[j].merge>>32; a != b {
		return a < b
	}
	return q[i].at < q[j].at
}
func (q *mergeQueue) Push(x any) { *q = append(*q, x.(candidate)) }
func (q *mergeQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// gone marks a symbol that was joined to the one on its left.
const gone = -1

func (m *merger) applyQueue(t *mergeTable, symbols []int32) []int32 {
	n := int32(len(symbols))
	next, prev := m.next[:0], m.prev[:0]
	for i := range n {
		next, prev = append(next, i+1), append(prev, i-1)
	}
	m.next, m.prev = next, prev
	q := &m.queue
	*q = (*q)[:0]
	consider := func(at int32) candidate {
		right := next[at]
		return candidate{t.find(symbols[at], symbols[right]), at, symbols[at], symbols[right]}
	}
	for i := int32(0); i+1 < n; i++ {
		if c := consider(i); c.merge != noMerge {
			*q = append(*q, c)
		}
	}
	heap.Init(q)
	for q.Len() > 0 {
		c := heap.Pop(q).(candidate)
		right := next[c.at]
		if symbols[c.at] != c.left || right >= n || symbols[right] != c.right {
			continue
		}
		symbols[c.at] = int32(uint32(c.merge))
		symbols[right] = gone
		next[c.at] = next[right]
		if next[right] < n {
			prev[next[right]] = c.at
		}
		if left := prev[c.at]; left >= 0 {
			if c := consider(left); c.merge != noMerge {
				heap.Push(q, c)
			}
		}
		if next[c.at] < n {
			if c := consider(c.at); c.merge != noMerge {
				heap.Push(q, c)
			}
		}
	}
	kept := symbols[:0]
	for _, s := range symbols {
		if s != gone {
			kept = append(kept, s)
		}
	}
	return kept
}
