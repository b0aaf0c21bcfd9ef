package arrowio

import (
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// mapLeaves gives a column with other arrays in the place of those that are no
// lists, maps or structs, at any depth, and with the type that this makes it. leaf
// gives a reference of its own.
func mapLeaves(a arrow.Array, leaf func(arrow.Array) (arrow.Array, error)) (arrow.Array, error) {
	if _, nested := a.DataType().(arrow.NestedType); !nested || a.DataType().ID() == arrow.RUN_END_ENCODED {
		return leaf(a)
	}
	old := a.Data().Children()
	children := make([]arrow.ArrayData, len(old))
	arrays := make([]arrow.Array, len(old))
	defer func() { releaseAll(arrays) }()
	types := make([]arrow.DataType, len(old))
	for i, c := range old {
		child := array.MakeFromData(c)
		var err error
		arrays[i], err = mapLeaves(child, leaf)
		child.Release()
		if err != nil {
			return nil, err
		}
		children[i], types[i] = arrays[i].Data(), arrays[i].DataType()
	}
	d := array.NewData(withChildTypes(a.DataType(), types), a.Len(), a.Data().Buffers(), children, a.NullN(), a.Data().Offset())
	defer d.Release()
	return array.MakeFromData(d), nil
}

// withChildTypes is a list, map or struct of other types; what is none of these
// stays as it is.
func withChildTypes(dt arrow.DataType, types []arrow.DataType) arrow.DataType {
	first := func(f arrow.Field) arrow.Field {
		f.Type = types[0]
		return f
	}
	switch dt := dt.(type) {
	case *arrow.ListType:
		return arrow.ListOfField(first(dt.ElemField()))
	case *arrow.LargeListType:
		return arrow.LargeListOfField(first(dt.ElemField()))
	case *arrow.FixedSizeListType:
		return arrow.FixedSizeListOfField(dt.Len(), first(dt.ElemField()))
	case *arrow.MapType:
		entries := types[0].(*arrow.StructType)
		m := arrow.MapOf(entries.Field(0).Type, entries.Field(1).Type)
		m.KeysSorted = dt.KeysSorted
		m.SetItemNullable(dt.ItemField().Nullable)
		return m
	case *arrow.StructType:
		fields := slices.Clone(dt.Fields())
		for i := range fields {
			fields[i].Type = types[i]
		}
		return arrow.StructOf(fields...)
	}
	return dt
}
