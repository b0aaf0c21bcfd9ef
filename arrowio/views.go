package arrowio

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// hasViews tells whether a type holds string or binary views, or runs, at any depth.
func hasViews(dt arrow.DataType) bool {
	switch dt := dt.(type) {
	case *arrow.StringViewType, *arrow.BinaryViewType, *arrow.RunEndEncodedType:
		return true
	case *arrow.DictionaryType:
		return hasViews(dt.ValueType)
	case arrow.NestedType:
		for _, f := range dt.Fields() {
			if hasViews(f.Type) {
				return true
			}
		}
	}
	return false
}

// hasNullWords tells whether a dictionary, at any depth, has null among its words.
func hasNullWords(d arrow.ArrayData) bool {
	if words, ok := d.Dictionary().(*array.Data); ok && words != nil {
		return words.NullN() > 0 || words.DataType().ID() == arrow.NULL || hasNullWords(words)
	}
	for _, c := range d.Children() {
		if hasNullWords(c) {
			return true
		}
	}
	return false
}

// withoutViews gives a column as every operation here expects it: string and
// binary views, as Polars writes them, are strings and bytes of the common layout,
// runs of equal values are those values, and a value is null by its own bitmap, not because it stands for a word of its
// dictionary that is null. Everything else is shared. It takes over the reference
// of a.
func withoutViews(mem memory.Allocator, a arrow.Array) arrow.Array {
	if !hasViews(a.DataType()) && !hasNullWords(a.Data()) {
		return a
	}
	defer a.Release()
	out, _ := mapLeaves(a, func(a arrow.Array) (arrow.Array, error) { return leafWithoutViews(mem, a), nil }) // which knows no error
	return out
}

func leafWithoutViews(mem memory.Allocator, a arrow.Array) arrow.Array {
	switch v := a.(type) {
	case *array.StringView:
		text, ends, valid := viewBytes(a.Len(), v.IsValid, func(i int) []byte { return []byte(v.Value(i)) })
		return withMoreNulls(mem, textArray(mem, text, ends), valid)
	case *array.BinaryView:
		text, ends, valid := viewBytes(a.Len(), v.IsValid, v.Value)
		return withMoreNulls(mem, asBinary(textArray(mem, text, ends)), valid)
	case *array.RunEndEncoded:
		rows := make([]int32, v.Len())
		for i := range rows {
			rows[i] = int32(v.GetPhysicalIndex(i))
		}
		values := withoutViews(mem, retained(v.Values()))
		defer values.Release()
		if all, err := take(nil, mem, values, rows, false); err == nil {
			return all
		}
	case *array.Dictionary:
		v.Dictionary().Retain()
		words := withoutViews(mem, v.Dictionary())
		defer words.Release()
		dt := *v.DataType().(*arrow.DictionaryType)
		dt.ValueType = words.DataType()
		d := array.NewDataWithDictionary(&dt, v.Len(), v.Data().Buffers(), v.NullN(), v.Data().Offset(), words.Data().(*array.Data))
		defer d.Release()
		return withoutNullWords(mem, array.MakeFromData(d).(*array.Dictionary))
	}
	a.Retain()
	return a
}

func retained(a arrow.Array) arrow.Array {
	a.Retain()
	return a
}

// withoutNullWords moves the nulls from the words to the values. It takes over the
// reference of a.
func withoutNullWords(mem memory.Allocator, a *array.Dictionary) arrow.Array {
	words := a.Dictionary()
	if words.NullN() == 0 {
		return a
	}
	valid := make([]bool, a.Len())
	for i := range valid {
		valid[i] = !isNull(a, i) && !isNull(words, a.GetValueIndex(i))
	}
	d := words.Data()
	named := array.NewData(d.DataType(), d.Len(), append([]*memory.Buffer{nil}, d.Buffers()[1:]...), d.Children(), 0, d.Offset())
	defer named.Release()
	nulls := withMoreNulls(mem, a, valid)
	defer nulls.Release()
	out := array.NewDataWithDictionary(nulls.DataType(), nulls.Len(), nulls.Data().Buffers(), nulls.NullN(), nulls.Data().Offset(), named)
	defer out.Release()
	return array.MakeFromData(out)
}

func viewBytes(n int, isValid func(int) bool, value func(int) []byte) (text []byte, ends []int64, valid []bool) {
	ends, valid = make([]int64, n), make([]bool, n)
	for i := range n {
		if valid[i] = isValid(i); valid[i] {
			text = append(text, value(i)...)
		}
		ends[i] = int64(len(text))
	}
	return text, ends, valid
}

// asBinary sees a string array as one of bytes, taking over its reference.
func asBinary(a arrow.Array) arrow.Array {
	defer a.Release()
	var dt arrow.DataType = arrow.BinaryTypes.Binary
	if a.DataType().ID() == arrow.LARGE_STRING {
		dt = arrow.BinaryTypes.LargeBinary
	}
	d := array.NewData(dt, a.Len(), a.Data().Buffers(), nil, a.NullN(), a.Data().Offset())
	defer d.Release()
	return array.MakeFromData(d)
}
