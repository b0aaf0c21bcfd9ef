package arrowio

import (
	"hash/maphash"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// texts sees the texts or bytes of arrays that follow each other, without
// copying them. What it shows at nulls is arbitrary.
type texts []textChunk

type textChunk struct {
	n     int32
	data  string
	off32 []int32
	off64 []int64
	list  []string // of dictionaries
}

// newTexts sees columns whose keyClass is text or bytes.
func newTexts(w *work, chunks []arrow.Array) texts {
	t := make(texts, len(chunks))
	for k, c := range chunks {
		chunk := textChunk{n: int32(c.Len())}
		switch a := c.(type) {
		case *array.String:
			chunk.data, chunk.off32 = dataOf(a), a.ValueOffsets()
		case *array.LargeString:
			chunk.data, chunk.off64 = dataOf(a), a.ValueOffsets()
		case *array.Binary:
			chunk.data, chunk.off32 = dataOf(a), a.ValueOffsets()
		case *array.LargeBinary:
			chunk.data, chunk.off64 = dataOf(a), offsets64(a.Data(), a.Len())
		case *array.Dictionary:
			words := newTexts(w, []arrow.Array{a.Dictionary()})
			chunk.list = make([]string, a.Len())
			blocks(w, a.Len(), func(from, to int) {
				for i := from; i < to; i++ {
					if !isNull(a, i) {
						chunk.list[i] = words.at(int32(a.GetValueIndex(i)))
					}
				}
			})
		}
		if keys := wideKeys(c); keys != nil {
			chunk.list = keys
		}
		t[k] = chunk
	}
	return t
}

func dataOf(a arrow.Array) string { return unsafeString(bytesOf(a.Data().Buffers()[2])) }

// at gives the text of a row.
func (t texts) at(row int32) string {
	for k := range t {
		c := &t[k]
		if row >= c.n {
			row -= c.n
			continue
		}
		switch {
		case c.off32 != nil:
			return c.data[c.off32[row]:c.off32[row+1]]
		case c.off64 != nil:
			return c.data[c.off64[row]:c.off64[row+1]]
		}
		return c.list[row]
	}
	panic("arrowio: a text beyond the last")
}

// hashes gives a hash of each text.
func (t texts) hashes(w *work) []uint64 {
	n := 0
	for _, c := range t {
		n += int(c.n)
	}
	seed := maphash.MakeSeed()
	codes := make([]uint64, n)
	blocks(w, n, func(from, to int) {
		for i := from; i < to; i++ {
			codes[i] = maphash.String(seed, t.at(int32(i)))
		}
	})
	return codes
}
