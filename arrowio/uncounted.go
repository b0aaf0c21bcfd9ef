package arrowio

import (
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// uncounted gives rows [from, to) of a record, over the same memory, as Arrow
// v17's IPC writer wants them: its buffers count no references, since that writer
// keeps one of each dictionary for good; and where there are no values, there are
// no buffers of them, since it asks even then where the first of them begins, and
// panics. The memory must outlive the record.
func uncounted(rec arrow.Record, from, to int64) arrow.Record {
	cols := make([]arrow.Array, rec.NumCols())
	for i := range cols {
		d := rec.Column(i).Data().(*array.Data)
		data := uncountedData(d, d.Offset()+int(from), int(to-from))
		cols[i] = array.MakeFromData(data)
		data.Release()
	}
	defer releaseAll(cols)
	return array.NewRecord(rec.Schema(), cols, to-from)
}

// uncountedData gives n values from an offset into the buffers on. What is nested
// begins where its lists do, since the writer cuts it down to where there is none.
func uncountedData(d *array.Data, offset, n int) *array.Data {
	dt := d.DataType()
	words, isDictionary := d.Dictionary().(*array.Data)
	isDictionary = isDictionary && words != nil
	_, isNested := dt.(arrow.NestedType)
	if n == 0 && !isDictionary && !isNested {
		b := array.NewBuilder(memory.NewGoAllocator(), dt)
		defer b.Release()
		return b.NewArray().Data().(*array.Data)
	}
	buffers := make([]*memory.Buffer, len(d.Buffers()))
	for i, b := range d.Buffers() {
		if b != nil {
			buffers[i] = memory.NewBufferBytes(b.Bytes())
		}
	}
	nulls := d.NullN()
	if nulls > 0 && (offset != d.Offset() || n != d.Len()) {
		nulls = array.UnknownNullCount
	}
	if isDictionary {
		return array.NewDataWithDictionary(dt, n, buffers, nulls, offset, uncountedData(words, words.Offset(), words.Len()))
	}
	if !isNested {
		return array.NewData(dt, n, buffers, nil, nulls, offset)
	}
	children := make([]arrow.ArrayData, len(d.Children()))
	for i, c := range d.Children() {
		child := c.(*array.Data)
		from, count := child.Offset(), child.Len() // of a union
		switch dt.ID() {
		case arrow.STRUCT:
			from, count = from+offset, n
		case arrow.FIXED_SIZE_LIST:
			size := int(dt.(*arrow.FixedSizeListType).Len())
			from, count = from+offset*size, n*size
		case arrow.LIST, arrow.MAP:
			begin := 0
			buffers[1], begin, count = offsetsFromZero[int32](d.Buffers()[1], offset, n)
			from += begin
		case arrow.LARGE_LIST:
			begin := 0
			buffers[1], begin, count = offsetsFromZero[int64](d.Buffers()[1], offset, n)
			from += begin
		}
		children[i] = uncountedData(child, from, count)
	}
	switch dt.ID() {
	case arrow.STRUCT, arrow.FIXED_SIZE_LIST, arrow.LIST, arrow.MAP, arrow.LARGE_LIST:
		if buffers[0] != nil && offset > 0 {
			buffers[0] = shiftBitmap(memory.NewGoAllocator(), buffers[0].Bytes(), offset, n)
		}
		offset = 0
	}
	return array.NewData(dt, n, buffers, children, nulls, offset)
}

// offsetsFromZero gives the offsets of n lists as if theirs were the first values,
// and where these begin and how many they are.
func offsetsFromZero[O int32 | int64](b *memory.Buffer, offset, n int) (offsets *memory.Buffer, begin, count int) {
	all := view[O](bytesOf(b))
	if n == 0 || len(all) == 0 {
		return memory.NewBufferBytes(make([]byte, unsafe.Sizeof(O(0)))), 0, 0
	}
	part := all[offset : offset+n+1]
	begin, count = int(part[0]), int(part[n]-part[0])
	if offset == 0 && begin == 0 {
		return memory.NewBufferBytes(b.Bytes()), begin, count
	}
	moved, dst := newFixed[O](memory.NewGoAllocator(), n+1)
	for i, o := range part {
		dst[i] = o - part[0]
	}
	return moved, begin, count
}
