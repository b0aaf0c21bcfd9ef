package arrowio

import (
	"math/bits"
	"runtime"
	"sync/atomic"
)

// distinct numbers codes by their first appearance. With texts, codes are
// hashes, and rows are equal where their texts are too.
func distinct(w *work, codes []uint64, texts texts) grouping {
	if len(codes) == 0 {
		return grouping{}
	}
	if texts != nil {
		// First as if no two texts had one hash, which is nearly sure: then each
		// row is compared only with the first of its group, in the rows' order.
		if g := distinctCodes(w, codes); sameTexts(w, g, texts) {
			return g
		}
		return distinctChunks(w, codes, texts)
	}
	if low, span := codeRange(w, codes); span < uint64(max(1<<16, min(len(codes), 1<<22))) {
		return distinctSmall(codes, low, int(span)+1)
	}
	return distinctCodes(w, codes)
}

func distinctCodes(w *work, codes []uint64) grouping {
	if manyDistinct(codes) {
		return distinctParted(w, codes)
	}
	return distinctChunks(w, codes, nil)
}

// sameTexts tells whether every row has the text of its group's first row.
func sameTexts(w *work, g grouping, texts texts) bool {
	var differ atomic.Bool
	blocks(w, len(g.ids), func(from, to int) {
		for i := from; i < to; i++ {
			if first := g.firsts[g.ids[i]]; int(first) != i && texts.at(first) != texts.at(int32(i)) {
				differ.Store(true)
				return
			}
		}
	})
	return !differ.Load()
}

func codeRange(w *work, codes []uint64) (low, span uint64) {
	lows, highs := make([]uint64, numBlocks(len(codes))), make([]uint64, numBlocks(len(codes)))
	blocks(w, len(codes), func(from, to int) {
		lo, hi := codes[from], codes[from]
		for _, c := range codes[from:to] {
			lo, hi = min(lo, c), max(hi, c)
		}
		lows[from/blockRows], highs[from/blockRows] = lo, hi
	})
	lo, hi := lows[0], highs[0]
	for i := range lows {
		lo, hi = min(lo, lows[i]), max(hi, highs[i])
	}
	return lo, hi - lo
}

// distinctSmall looks codes up in an array.
func distinctSmall(codes []uint64, low uint64, span int) grouping {
	table := make([]int32, span) // number + 1
	g := grouping{ids: make([]int32, len(codes))}
	for i, c := range codes {
		id := table[c-low]
		if id == 0 {
			g.firsts = append(g.firsts, int32(i))
			id = int32(len(g.firsts))
			table[c-low] = id
		}
		g.ids[i] = id - 1
	}
	return g
}

// manyDistinct guesses from a sample whether a hash table of all codes would
// leave the cache.
func manyDistinct(codes []uint64) bool {
	const sample = 1 << 13
	if len(codes) < 8*sample {
		return false
	}
	seen := make(map[uint64]struct{}, sample)
	step := len(codes) / sample
	for i := range sample {
		seen[codes[i*step]] = struct{}{}
	}
	return len(seen) > sample/4*3
}

// A codeTable numbers codes in the order in which they come.
type codeTable struct {
	slots  []codeSlot
	skip   int // bits of the mix that are the same for all codes
	shift  int
	firsts []int32
	texts  texts
}

type codeSlot struct {
	code uint64
	id   int32 // number + 1; 0 is an empty slot
}

func newCodeTable(size, skip int, texts texts) *codeTable {
	b := bits.Len(uint(max(size, 8)*2 - 1))
	return &codeTable{slots: make([]codeSlot, 1<<b), skip: skip, shift: 64 - b, texts: texts}
}

// mix spreads codes over all bits, the high ones best (Fibonacci hashing).
func mix(code uint64) uint64 {
	code ^= code >> 32
	return code * 0x9E3779B97F4A7C15
}

// number gives the number of a row's code.
func (t *codeTable) number(code uint64, row int32) int32 {
	mask := uint64(len(t.slots) - 1)
	for at := mix(code) << t.skip >> t.shift; ; at = (at + 1) & mask {
		s := &t.slots[at]
		if s.id == 0 {
			t.firsts = append(t.firsts, row)
			*s = codeSlot{code, int32(len(t.firsts))}
			if 2*len(t.firsts) > len(t.slots) {
				t.grow()
			}
			return int32(len(t.firsts)) - 1
		}
		if s.code == code && (t.texts == nil || t.texts.at(t.firsts[s.id-1]) == t.texts.at(row)) {
			return s.id - 1
		}
	}
}

func (t *codeTable) grow() {
	old := t.slots
	t.slots = make([]codeSlot, 2*len(old))
	t.shift--
	mask := uint64(len(t.slots) - 1)
	for _, s := range old {
		if s.id != 0 {
			at := mix(s.code) << t.skip >> t.shift
			for t.slots[at].id != 0 {
				at = (at + 1) & mask
			}
			t.slots[at] = s
		}
	}
}

// distinctChunks gives each core a part of the rows and a table of its own, and
// then numbers the tables' codes together, part after part.
func distinctChunks(w *work, codes []uint64, texts texts) grouping {
	parts := max(1, min(runtime.GOMAXPROCS(0), len(codes)/(4*blockRows)))
	bound := func(p int) int { return len(codes) * p / parts }
	g := grouping{ids: make([]int32, len(codes))}
	tables := make([]*codeTable, parts)
	tasks(w, parts, func(p int) {
		t := newCodeTable(1024, 0, texts)
		for i := bound(p); i < bound(p+1); i++ {
			g.ids[i] = t.number(codes[i], int32(i))
		}
		tables[p] = t
	})
	all := tables[0]
	maps := make([][]int32, parts)
	for p, t := range tables[1:] {
		maps[p+1] = make([]int32, len(t.firsts))
		for j, row := range t.firsts {
			maps[p+1][j] = all.number(codes[row], row)
		}
	}
	tasks(w, parts, func(p int) {
		if m := maps[p]; m != nil {
			for i := bound(p); i < bound(p+1); i++ {
				g.ids[i] = m[g.ids[i]]
			}
		}
	})
	g.firsts = all.firsts
	return g
}

// distinctParted brings codes together that share the first bits of their mix,
// so that the table of each such part stays in the cache.
func distinctParted(w *work, codes []uint64) grouping {
	const partBits = 8
	n := len(codes)
	sorted := partition(w, codes, nil, 1<<partBits, func(c uint64) uint64 { return mix(c) >> (64 - partBits) })
	ids := make([]int32, n)
	tables := make([]*codeTable, 1<<partBits)
	tasks(w, len(tables), func(p int) {
		part := sorted.part(p)
		t := newCodeTable(min(len(part)/2, 1<<12), partBits, nil)
		for _, e := range part {
			ids[e.row] = t.number(e.code, e.row)
		}
		tables[p] = t
	})
	// Number the groups of all parts by their first rows.
	isFirst := make([]uint64, (n+63)/64)
	for _, t := range tables {
		for _, row := range t.firsts {
			isFirst[row>>6] |= 1 << (row & 63)
		}
	}
	ranks := make([]int, len(isFirst))
	for i, w := range isFirst {
		ranks[i] = bits.OnesCount64(w)
	}
	g := grouping{firsts: make([]int32, prefixSums(ranks))}
	tasks(w, len(tables), func(p int) {
		t := tables[p]
		final := make([]int32, len(t.firsts))
		for j, row := range t.firsts {
			rank := ranks[row>>6] + bits.OnesCount64(isFirst[row>>6]&(1<<(row&63)-1))
			final[j] = int32(rank)
			g.firsts[rank] = row
		}
		for _, e := range sorted.part(p) {
			ids[e.row] = final[ids[e.row]]
		}
	})
	g.ids = ids
	return g
}
