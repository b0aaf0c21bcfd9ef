package arrowio

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// categories gives text as a dictionary of that type.
func categories(mem memory.Allocator, a arrow.Array, dt *arrow.DictionaryType) arrow.Array {
	values, ok := stringValues(a)
	if !ok || !arrow.TypeEqual(dt.ValueType, a.DataType()) {
		a.Retain()
		return a
	}
	valid := make([]bool, a.Len())
	for i := range valid {
		valid[i] = !isNull(a, i)
	}
	d := withMoreNulls(mem, dictionaryArray(mem, values), valid)
	defer d.Release()
	return withIndexType(mem, d.(*array.Dictionary), dt)
}

// withIndexType gives a dictionary with indices of another width, or as it is
// where that is too narrow.
func withIndexType(mem memory.Allocator, a *array.Dictionary, dt *arrow.DictionaryType) arrow.Array {
	width := dt.IndexType.(arrow.FixedWidthDataType)
	if !arrow.IsInteger(width.ID()) || width.Bytes() < 8 && a.Dictionary().Len() > 1<<(width.BitWidth()-1) {
		a.Retain()
		return a
	}
	index := newBuffer(mem, a.Len()*width.Bytes())
	for i := range a.Len() {
		if !isNull(a, i) {
			putIndex(index.Bytes(), width.Bytes(), i, uint64(a.GetValueIndex(i)))
		}
	}
	return newDictionary(dt, a.Len(), []*memory.Buffer{validityOf(mem, a), index}, a.Dictionary(), a.NullN())
}

// putIndex writes an index of a width in bytes.
func putIndex(dst []byte, width, i int, v uint64) {
	switch width {
	case 1:
		dst[i] = byte(v)
	case 2:
		view[uint16](dst)[i] = uint16(v)
	case 4:
		view[uint32](dst)[i] = uint32(v)
	case 8:
		view[uint64](dst)[i] = v
	}
}
