package arrowio

import (
	"math/bits"
	"slices"
	"strings"
)

// An entry is a row with the code by which it is brought into order.
type entry struct {
	code uint64
	row  int32
}

// parted are entries brought together by parts, in their old order within each.
type parted struct {
	entries []entry
	starts  []int // of parts, and the end
}

func (p *parted) part(i int) []entry { return p.entries[p.starts[i]:p.starts[i+1]] }

// partition brings the codes of rows (nil: 0, 1, …) together by their part, on
// all cores.
func partition(w *work, codes []uint64, rows []int32, parts int, partOf func(code uint64) uint64) parted {
	n := len(codes)
	const block = 8 * blockRows
	numBlocks := (n + block - 1) / block
	counts := make([]int, numBlocks*parts) // by part, then by block
	tasks(w, numBlocks, func(b int) {
		local := make([]int, parts)
		for _, c := range codes[b*block : min(n, (b+1)*block)] {
			local[partOf(c)]++
		}
		for p, k := range local {
			counts[p*numBlocks+b] = k
		}
	})
	prefixSums(counts)
	out := parted{entries: make([]entry, n), starts: make([]int, parts+1)}
	for p := range parts {
		out.starts[p] = counts[p*numBlocks]
	}
	out.starts[parts] = n
	tasks(w, numBlocks, func(b int) {
		next := make([]int, parts)
		for p := range next {
			next[p] = counts[p*numBlocks+b]
		}
		for i := b * block; i < min(n, (b+1)*block); i++ {
			row := int32(i)
			if rows != nil {
				row = rows[i]
			}
			p := partOf(codes[i])
			out.entries[next[p]] = entry{codes[i], row}
			next[p]++
		}
	})
	return out
}

// sortByCode gives the rows (nil: 0, 1, …) in the order of their codes, and of
// rows with equal codes in the order in which they were.
func sortByCode(w *work, codes []uint64, rows []int32) []int32 {
	n := len(codes)
	sorted := make([]int32, n)
	if n == 0 {
		return sorted
	}
	low, span := codeRange(w, codes)
	width := bits.Len64(span)
	partBits := min(width, 10)
	if n < 1<<14 {
		partBits = 0
	}
	first := partition(w, codes, rows, 1<<partBits, func(c uint64) uint64 { return (c - low) >> (width - partBits) })
	scratch := make([]entry, n)
	tasks(w, 1<<partBits, func(p int) {
		from, to := first.starts[p], first.starts[p+1]
		if width > partBits {
			sortEntries(first.entries[from:to], scratch[from:to])
		}
		for i := from; i < to; i++ {
			sorted[i] = first.entries[i].row
		}
	})
	return sorted
}

// sortEntries sorts entries by code, stably: large lists are parted by the first
// bits in which they differ until they fit the cache, and there sorted by the
// others from the last to the first.
func sortEntries(entries, scratch []entry) {
	if len(entries) < 48 {
		insertionSort(entries)
		return
	}
	all, any := entries[0].code, entries[0].code
	for _, e := range entries {
		all &= e.code
		any |= e.code
	}
	differ := all ^ any
	width := bits.Len64(differ)
	if width == 0 {
		return
	}
	const inCache = 1 << 15
	if len(entries) <= inCache || width <= 16 {
		sortDigits(entries, scratch, differ)
		return
	}
	shift := width - 8
	var starts [257]int
	for _, e := range entries {
		starts[(e.code>>shift)&255+1]++
	}
	for i := range 256 {
		starts[i+1] += starts[i]
	}
	next := starts
	for _, e := range entries {
		d := (e.code >> shift) & 255
		scratch[next[d]] = e
		next[d]++
	}
	copy(entries, scratch)
	for i := range 256 {
		if from, to := starts[i], starts[i+1]; to-from > 1 {
			sortEntries(entries[from:to], scratch[from:to])
		}
	}
}

// sortDigits is a radix sort from the last digit on, over those digits of 8 bits
// in which codes differ.
func sortDigits(entries, scratch []entry, differ uint64) {
	a, b := entries, scratch
	for shift := 0; shift < 64 && differ>>shift != 0; {
		if skip := bits.TrailingZeros64(differ >> shift); skip > 0 {
			shift += skip
			continue
		}
		var next [256]int
		for _, e := range a {
			next[(e.code>>shift)&255]++
		}
		sum := 0
		for i, c := range next {
			next[i] = sum
			sum += c
		}
		for _, e := range a {
			d := (e.code >> shift) & 255
			b[next[d]] = e
			next[d]++
		}
		a, b = b, a
		shift += 8
	}
	if &a[0] != &entries[0] {
		copy(entries, a)
	}
}

func insertionSort(entries []entry) {
	for i := 1; i < len(entries); i++ {
		e, j := entries[i], i
		for ; j > 0 && entries[j-1].code > e.code; j-- {
			entries[j] = entries[j-1]
		}
		entries[j] = e
	}
}

// sortTexts gives the rows in the order of the bytes of their texts, of which
// those before depth are equal.
func sortTexts(w *work, texts texts, rows []int32, depth int) []int32 {
	codes := make([]uint64, len(rows))
	blocks(w, len(rows), func(from, to int) {
		for i := from; i < to; i++ {
			codes[i] = prefixCode(texts.at(rows[i])[depth:])
		}
	})
	sorted := sortByCode(w, codes, rows)
	// Runs of equal codes differ further on, or in that one ends in zeros.
	type run struct{ from, to int }
	var runs []run
	for i := 0; i < len(sorted); {
		code := prefixCode(texts.at(sorted[i])[depth:])
		j := i + 1
		for j < len(sorted) && prefixCode(texts.at(sorted[j])[depth:]) == code {
			j++
		}
		if j-i > 1 {
			runs = append(runs, run{i, j})
		}
		i = j
	}
	tasks(w, len(runs), func(k int) {
		part := sorted[runs[k].from:runs[k].to]
		shortest := len(texts.at(part[0]))
		for _, r := range part {
			shortest = min(shortest, len(texts.at(r)))
		}
		if len(part) > 1<<10 && shortest >= depth+8 {
			copy(part, sortTexts(w, texts, part, depth+8))
			return
		}
		slices.SortStableFunc(part, func(a, b int32) int { return strings.Compare(texts.at(a)[depth:], texts.at(b)[depth:]) })
	})
	return sorted
}

// prefixCode orders texts by their first eight bytes.
func prefixCode(s string) uint64 {
	if len(s) >= 8 {
		return uint64(s[7]) | uint64(s[6])<<8 | uint64(s[5])<<16 | uint64(s[4])<<24 |
			uint64(s[3])<<32 | uint64(s[2])<<40 | uint64(s[1])<<48 | uint64(s[0])<<56
	}
	var code uint64
	for i := range len(s) {
		code |= uint64(s[i]) << (56 - 8*i)
	}
	return code
}
