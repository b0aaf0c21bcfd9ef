package arrowio

import (
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

// uncountedData gives n values from an offset into the buffers on.
func uncountedData(d *array.Data, offset, n int) *array.Data {
	dt := d.DataType()
	words, isDictionary := d.Dictionary().(*array.Data)
	isDictionary = isDictionary && words != nil
	if n == 0 && !isDictionary {
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
	children := make([]arrow.ArrayData, len(d.Children()))
	for i, c := range d.Children() {
		child := c.(*array.Data)
		from, count := child.Offset(), child.Len()
		switch dt.ID() {
		case arrow.STRUCT:
			from, count = from+offset, n
		case arrow.LIST, arrow.MAP:
			if o := view[int32](buffers[1].Bytes())[offset : offset+n+1]; o[0] == o[n] {
				count, buffers[1] = 0, memory.NewBufferBytes(make([]byte, 4*(offset+n+1)))
			}
		case arrow.LARGE_LIST:
			if o := view[int64](buffers[1].Bytes())[offset : offset+n+1]; o[0] == o[n] {
				count, buffers[1] = 0, memory.NewBufferBytes(make([]byte, 8*(offset+n+1)))
			}
		}
		children[i] = uncountedData(child, from, count)
	}
	if dt.ID() == arrow.STRUCT { // its children begin where its rows do
		if buffers[0] != nil {
			buffers[0] = shiftBitmap(memory.NewGoAllocator(), buffers[0].Bytes(), offset, n)
		}
		offset = 0
	}
	return array.NewData(dt, n, buffers, children, nulls, offset)
}
