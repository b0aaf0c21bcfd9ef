package arrowio

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// concatenate joins the chunks of a column of type dt, which may be none.
// Strings that together pass the reach of 32-bit offsets get 64-bit ones.
func concatenate(mem memory.Allocator, dt arrow.DataType, chunks []arrow.Array) (arrow.Array, error) {
	switch len(chunks) {
	case 0:
		b := array.NewBuilder(mem, dt)
		defer b.Release()
		return b.NewArray(), nil
	case 1:
		chunks[0].Retain()
		return chunks[0], nil
	}
	if dt.ID() == arrow.STRING {
		total := 0
		for _, c := range chunks {
			total += len(c.(*array.String).ValueBytes())
		}
		if !fitsInt32(total) {
			wide := make([]arrow.Array, len(chunks))
			for i, c := range chunks {
				wide[i] = widenString(mem, c.(*array.String))
			}
			defer releaseAll(wide)
			return array.Concatenate(wide, mem)
		}
	}
	return array.Concatenate(chunks, mem)
}

// widenString gives the same text with 64-bit offsets, sharing the bytes.
func widenString(mem memory.Allocator, a *array.String) arrow.Array {
	buf, offsets := newFixed[int64](mem, a.Len()+1)
	defer buf.Release()
	for i, o := range a.ValueOffsets() {
		offsets[i] = int64(o)
	}
	validity := a.Data().Buffers()[0]
	if a.Data().Offset() != 0 && validity != nil {
		validity = shiftBitmap(mem, validity.Bytes(), a.Data().Offset(), a.Len())
		defer validity.Release()
	}
	data := array.NewData(arrow.BinaryTypes.LargeString, a.Len(),
		[]*memory.Buffer{validity, buf, a.Data().Buffers()[2]}, nil, a.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data)
}
