package arrowio

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"unsafe"

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
	h := newHasher()
	codes := make([]uint64, n)
	blocks(w, n, func(from, to int) {
		for i := from; i < to; i++ {
			codes[i] = h.hash(t.at(int32(i)))
		}
	})
	return codes
}

// hasher hashes texts, in each run of the program otherwise: short ones, as most
// keys are, by two multiplications of 64 bits, as wyhash does
// (https://github.com/wangyi-fudan/wyhash), in a third of maphash's time.
type hasher struct {
	seed maphash.Seed
	a, b uint64
}

func newHasher() hasher {
	h := hasher{seed: maphash.MakeSeed()}
	h.a, h.b = maphash.String(h.seed, "a"), maphash.String(h.seed, "b")
	return h
}

func (h hasher) hash(s string) uint64 {
	n := len(s)
	if n > 16 {
		return maphash.String(h.seed, s)
	}
	text := unsafe.Slice(unsafe.StringData(s), n)
	var x, y uint64
	switch {
	case n >= 8:
		x, y = binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])
	case n >= 4:
		x, y = uint64(binary.LittleEndian.Uint32(text)), uint64(binary.LittleEndian.Uint32(text[n-4:]))
	case n > 0:
		x = uint64(text[0])<<16 | uint64(text[n/2])<<8 | uint64(text[n-1])
	}
	hi, lo := bits.Mul64(x^h.a, y^h.b)
	hi, lo = bits.Mul64(lo^h.b^uint64(n), hi^h.a)
	return hi ^ lo
}
