package cpu

import (
	"math"
	"slices"
)

// Queries are taken in blocks that share the reading of keys. A block has up to
// queryBlock queries, a multiple of every inner block's rows; whether its keys
// are seen is asked for keyBlock of them at a time.
const (
	queryBlock = 72
	queryUnit  = 12
	keyBlock   = 32
)

// segment is a run of queries of a row, whose first is the first key that any
// of them sees: a text, or several short ones.
type segment struct {
	row, lo, hi int
	blocks      []queries
}

// queries is a block of queries lo..hi of a row and the keys that they see.
type queries struct {
	row, lo, hi int
	spans       []span // stretches of keys of which some are seen
	mixed       []span // stretches of them of which not every query sees every key
	width       int    // keys in all spans
}

// span is the keys from..to; col is where they stand among all of a block.
type span struct{ from, to, col int }

// segments cuts a row between texts that see nothing of each other, and those
// into blocks of much the same length.
func (h *heads[T]) segments(row int) []segment {
	var cuts []int
	if h.at == nil {
		top := int32(-1)
		for i, r := range h.reach[row*h.tk : (row+1)*h.tk] {
			if i > 0 && int(top) < i {
				cuts = append(cuts, i)
			}
			top = max(top, r)
		}
	}
	cuts = append(cuts, h.tq)
	var out []segment
	lo := 0
	for k, hi := range cuts {
		if k+1 < len(cuts) && cuts[k+1]-lo <= queryBlock {
			continue // one with the next
		}
		s := segment{row: row, lo: lo, hi: hi}
		n := (hi - lo + queryBlock - 1) / queryBlock
		size := ((hi-lo+n-1)/n + queryUnit - 1) / queryUnit * queryUnit
		for i := lo; i < hi; i += size {
			s.blocks = append(s.blocks, h.block(row, i, min(hi, i+size), lo))
		}
		out = append(out, s)
		lo = hi
	}
	return out
}

// block finds the keys, from first on, that queries lo..hi of a row see.
func (h *heads[T]) block(row, lo, hi, first int) queries {
	b := queries{row: row, lo: lo, hi: hi}
	from, to := math.MaxInt, -1 // places of the queries
	for i := lo; i < hi; i++ {
		p := h.place(row, i)
		from, to = min(from, p), max(to, p)
	}
	if h.at != nil {
		first = 0
	}
	reach := h.reach[row*h.tk : (row+1)*h.tk]
	for j0 := first; j0 < h.tk && j0 <= to; j0 += keyBlock {
		j1 := min(h.tk, j0+keyBlock, to+1)
		r := reach[j0:j1]
		if int(slices.Max(r)) < from {
			continue
		}
		if j1-1 > from || int(slices.Min(r)) < to {
			b.mixed = append(b.mixed, span{j0, j1, b.width})
		}
		if n := len(b.spans); n > 0 && b.spans[n-1].to == j0 {
			b.spans[n-1].to = j1
		} else {
			b.spans = append(b.spans, span{j0, j1, b.width})
		}
		b.width += j1 - j0
	}
	return b
}

// place is where query i of a row stands among the row's keys.
func (h *heads[T]) place(row, i int) int {
	if h.at == nil {
		return i
	}
	return int(h.at[row*h.tq+i])
}

// mask sets the scores of unseen keys to -Inf. s is [hi-lo, width].
func (h *heads[T]) mask(s []T, b *queries) {
	inf := T(math.Inf(-1))
	for _, m := range b.mixed {
		reach := h.reach[b.row*h.tk+m.from : b.row*h.tk+m.to]
		for i := b.lo; i < b.hi; i++ {
			p := h.place(b.row, i)
			z := s[(i-b.lo)*b.width+m.col:][:len(reach)]
			before := min(max(p+1-m.from, 0), len(reach)) // keys that do not lie behind
			for j, r := range reach[:before] {
				if p > int(r) {
					z[j] = inf
				}
			}
			for j := before; j < len(z); j++ {
				z[j] = inf
			}
		}
	}
}
