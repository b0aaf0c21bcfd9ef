package arrowio

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// hasViews tells whether a type holds string or binary views, at any depth.
func hasViews(dt arrow.DataType) bool {
	switch dt := dt.(type) {
	case *arrow.StringViewType, *arrow.BinaryViewType:
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

// withoutViews gives a column in which string and binary views, as Polars writes
// them, are strings and bytes of the common layout; everything else is shared.
// It takes over the reference of a.
func withoutViews(mem memory.Allocator, a arrow.Array) arrow.Array {
	if !hasViews(a.DataType()) {
		return a
	}
	defer a.Release()
	switch v := a.(type) {
	case *array.StringView:
		text, ends, valid := viewBytes(a.Len(), v.IsValid, func(i int) []byte { return []byte(v.Value(i)) })
		return withMoreNulls(mem, textArray(mem, text, ends), valid)
	case *array.BinaryView:
		text, ends, valid := viewBytes(a.Len(), v.IsValid, v.Value)
		return withMoreNulls(mem, asBinary(textArray(mem, text, ends)), valid)
	case *array.Dictionary:
		v.Dictionary().Retain()
		words := withoutViews(mem, v.Dictionary())
		defer words.Release()
		dt := *v.DataType().(*arrow.DictionaryType)
		dt.ValueType = words.DataType()
		d := array.NewDataWithDictionary(&dt, v.Len(), v.Data().Buffers(), v.NullN(), v.Data().Offset(), words.Data().(*array.Data))
		defer d.Release()
		return array.MakeFromData(d)
	}
	children := make([]arrow.ArrayData, len(a.Data().Children()))
	arrays := make([]arrow.Array, len(children))
	for i, c := range a.Data().Children() {
		arrays[i] = withoutViews(mem, array.MakeFromData(c))
		children[i] = arrays[i].Data()
	}
	defer releaseAll(arrays)
	d := array.NewData(typeWithoutViews(a.DataType()), a.Len(), a.Data().Buffers(), children, a.NullN(), a.Data().Offset())
	defer d.Release()
	return array.MakeFromData(d)
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

// typeWithoutViews is the type of a nested column of which withoutViews has
// replaced the children.
func typeWithoutViews(dt arrow.DataType) arrow.DataType {
	field := func(f arrow.Field) arrow.Field {
		f.Type = typeWithoutViews(f.Type)
		return f
	}
	switch dt := dt.(type) {
	case *arrow.StringViewType:
		return arrow.BinaryTypes.String
	case *arrow.BinaryViewType:
		return arrow.BinaryTypes.Binary
	case *arrow.ListType:
		return arrow.ListOfField(field(dt.ElemField()))
	case *arrow.LargeListType:
		return arrow.LargeListOfField(field(dt.ElemField()))
	case *arrow.FixedSizeListType:
		return arrow.FixedSizeListOfField(dt.Len(), field(dt.ElemField()))
	case *arrow.MapType:
		m := arrow.MapOf(typeWithoutViews(dt.KeyType()), typeWithoutViews(dt.ItemType()))
		m.KeysSorted = dt.KeysSorted
		return m
	case *arrow.StructType:
		fields := make([]arrow.Field, dt.NumFields())
		for i := range fields {
			fields[i] = field(dt.Field(i))
		}
		return arrow.StructOf(fields...)
	}
	return dt
}
