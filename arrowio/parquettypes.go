package arrowio

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/flight"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// What Arrow v17's Parquet writer and reader cannot do, Parquet can: durations,
// large lists, lists of a fixed size with nulls, null lists that have values
// below them. So such columns are written in the plain type beneath, with the
// Arrow schema of the table in the file's metadata, as all implementations of
// Arrow do; and what is read is brought back to the type that the schema says.

// parquetSchemaKey is where a Parquet file has its Arrow schema.
const parquetSchemaKey = "ARROW:schema"

// schemaText is the Arrow schema as the metadata of a Parquet file have it.
func schemaText(s *arrow.Schema, mem memory.Allocator) string {
	return base64.StdEncoding.EncodeToString(flight.SerializeSchema(s, mem))
}

// plainType gives the type in which a column is written.
func plainType(dt arrow.DataType) arrow.DataType {
	switch dt := dt.(type) {
	case *arrow.DurationType:
		return arrow.PrimitiveTypes.Int64
	case *arrow.ListType:
		return arrow.ListOfField(plainField(dt.ElemField()))
	case *arrow.LargeListType:
		return arrow.ListOfField(plainField(dt.ElemField()))
	case *arrow.FixedSizeListType:
		return arrow.ListOfField(plainField(dt.ElemField()))
	case *arrow.StructType:
		fields := slices.Clone(dt.Fields())
		for i := range fields {
			fields[i] = plainField(fields[i])
		}
		return arrow.StructOf(fields...)
	case *arrow.MapType:
		m := arrow.MapOf(innerPlainType(dt.KeyType()), innerPlainType(dt.ItemType()))
		m.KeysSorted = dt.KeysSorted
		return m
	}
	return dt
}

// innerPlainType is plainType of what lies in a list or struct, where the reader
// knows no dictionaries.
func innerPlainType(dt arrow.DataType) arrow.DataType {
	if d, ok := dt.(*arrow.DictionaryType); ok {
		dt = d.ValueType
	}
	return plainType(dt)
}

func plainField(f arrow.Field) arrow.Field {
	f.Type = innerPlainType(f.Type)
	return f
}

func plainSchema(s *arrow.Schema) *arrow.Schema {
	fields := slices.Clone(s.Fields())
	for i := range fields {
		fields[i].Type = plainType(fields[i].Type)
	}
	return arrow.NewSchema(fields, nil)
}

// isPlain tells whether an array can be written as it is, by itself or inside
// another.
func isPlain(a arrow.Array, inside bool) bool {
	switch a := a.(type) {
	case *array.Duration, *array.LargeList, *array.FixedSizeList:
		return false
	case *array.Dictionary:
		return !inside
	case *array.List:
		return a.NullN() == 0 && isPlain(a.ListValues(), true)
	case *array.Map:
		return a.NullN() == 0 && isPlain(a.Keys(), true) && isPlain(a.Items(), true)
	case *array.Struct:
		for i := range a.NumField() {
			if !isPlain(a.Field(i), true) {
				return false
			}
		}
	}
	return true
}

// toPlain gives an array of plainType, or of innerPlainType when it lies inside
// another. It takes over no reference.
func toPlain(w *work, mem memory.Allocator, a arrow.Array, inside bool) (arrow.Array, error) {
	if isPlain(a, inside) {
		a.Retain()
		return a, nil
	}
	switch a := a.(type) {
	case *array.Dictionary:
		return spelledOut(w, mem, a)
	case *array.Duration:
		return recast(a, arrow.PrimitiveTypes.Int64), nil
	case *array.Struct:
		children := make([]arrow.Array, a.NumField())
		defer func() { releaseAll(children) }()
		for i := range children {
			var err error
			if children[i], err = toPlain(w, mem, a.Field(i), true); err != nil {
				return nil, err
			}
		}
		return rebuild(mem, a, plainType(a.DataType()), children), nil
	}
	// A list of any kind: its values one after another, none below a null.
	lists := a.(array.ListLike)
	var inner []int32
	buf, ends := newFixed[int32](mem, a.Len()+1)
	values := lists.ListValues()
	for i := range a.Len() {
		if !isNull(a, i) {
			from, to := lists.ValueOffsets(i)
			for j := from; j < to; j++ {
				inner = append(inner, int32(j))
			}
		}
		if len(inner) > math.MaxInt32 || values.Len() > math.MaxInt32 {
			buf.Release()
			return nil, errors.New("a list column of more than 2^31 values cannot be Parquet")
		}
		ends[i+1] = int32(len(inner))
	}
	buffers := []*memory.Buffer{validityOf(mem, a), buf}
	taken, err := take(w, mem, values, inner, false)
	if err != nil {
		releaseBuffers(buffers)
		return nil, fmt.Errorf("in a list: %w", err)
	}
	defer taken.Release()
	child, err := toPlain(w, mem, taken, true)
	if err != nil {
		releaseBuffers(buffers)
		return nil, err
	}
	defer child.Release()
	return newArray(plainType(a.DataType()), a.Len(), buffers, []arrow.ArrayData{child.Data()}, a.NullN()), nil
}

// fromPlain gives an array of the type that a file's Arrow schema says, or as it
// is where that does not go. It takes over the reference of a.
func fromPlain(w *work, mem memory.Allocator, a arrow.Array, dt arrow.DataType) (arrow.Array, error) {
	if arrow.TypeEqual(a.DataType(), dt, arrow.CheckMetadata()) && a.DataType().String() == dt.String() { // which has the names in lists
		return a, nil
	}
	defer a.Release()
	same := func() (arrow.Array, error) { a.Retain(); return a, nil }
	switch a := a.(type) {
	case *array.String, *array.LargeString:
		if d, ok := dt.(*arrow.DictionaryType); ok {
			return categories(mem, a, d), nil
		}
	case *array.Int64:
		if dt.ID() == arrow.DURATION {
			return recast(a, dt), nil
		}
	case *array.Timestamp: // Parquet knows no seconds
		seconds, ok := dt.(*arrow.TimestampType)
		if ms := a.DataType().(*arrow.TimestampType); ok && seconds.Unit == arrow.Second && ms.Unit == arrow.Millisecond {
			values := make([]int64, a.Len())
			for i, v := range a.TimestampValues() {
				values[i] = int64(v) / 1000
			}
			return withNullsOf(mem, fixedArray(mem, dt, values), a), nil
		}
	case *array.Time32:
		if arrow.TypeEqual(dt, arrow.FixedWidthTypes.Time32s) && arrow.TypeEqual(a.DataType(), arrow.FixedWidthTypes.Time32ms) {
			values := make([]int32, a.Len())
			for i, v := range a.Time32Values() {
				values[i] = int32(v) / 1000
			}
			return withNullsOf(mem, fixedArray(mem, dt, values), a), nil
		}
	case *array.Date32: // and no dates in milliseconds
		if dt.ID() == arrow.DATE64 {
			values := make([]int64, a.Len())
			for i, v := range a.Date32Values() {
				values[i] = int64(v) * 86_400_000
			}
			return withNullsOf(mem, fixedArray(mem, dt, values), a), nil
		}
	case *array.Dictionary:
		if d, ok := dt.(*arrow.DictionaryType); ok && arrow.TypeEqual(d.ValueType, a.Dictionary().DataType()) {
			return withIndexType(mem, a, d), nil
		}
	case *array.Struct:
		st, ok := dt.(*arrow.StructType)
		if !ok || st.NumFields() != a.NumField() {
			return same()
		}
		children := make([]arrow.Array, a.NumField())
		defer func() { releaseAll(children) }()
		for i := range children {
			a.Field(i).Retain()
			var err error
			if children[i], err = fromPlain(w, mem, a.Field(i), st.Field(i).Type); err != nil {
				return nil, err
			}
		}
		return rebuild(mem, a, dt, children), nil
	case *array.Map:
		if m, ok := dt.(*arrow.MapType); ok {
			return mapOf(w, mem, a, m)
		}
	case *array.List:
		switch dt := dt.(type) {
		case *arrow.FixedSizeListType:
			return fixedListOf(w, mem, a, dt)
		case *arrow.ListType, *arrow.LargeListType:
			return listOf(w, mem, a, dt)
		}
	}
	return same()
}

// listOf gives lists of the type dt, with 64-bit offsets where that has them.
func listOf(w *work, mem memory.Allocator, a *array.List, dt arrow.DataType) (arrow.Array, error) {
	a.ListValues().Retain()
	child, err := fromPlain(w, mem, a.ListValues(), dt.(arrow.ListLikeType).Elem())
	if err != nil {
		return nil, err
	}
	defer child.Release()
	offsets := a.Offsets()[a.Data().Offset() : a.Data().Offset()+a.Len()+1]
	var buf *memory.Buffer
	if dt.ID() == arrow.LARGE_LIST {
		var wide []int64
		buf, wide = newFixed[int64](mem, len(offsets))
		for i, o := range offsets {
			wide[i] = int64(o)
		}
		dt = arrow.LargeListOfField(childField(dt, child))
	} else {
		var narrow []int32
		buf, narrow = newFixed[int32](mem, len(offsets))
		copy(narrow, offsets)
		dt = arrow.ListOfField(childField(dt, child))
	}
	return newArray(dt, a.Len(), []*memory.Buffer{validityOf(mem, a), buf}, []arrow.ArrayData{child.Data()}, a.NullN()), nil
}

// mapOf gives maps of the type dt.
func mapOf(w *work, mem memory.Allocator, a *array.Map, dt *arrow.MapType) (arrow.Array, error) {
	entries := a.ListValues()
	entries.Retain()
	child, err := fromPlain(w, mem, entries, dt.Elem())
	if err != nil {
		return nil, err
	}
	defer child.Release()
	m := withChildTypes(dt, []arrow.DataType{child.DataType()})
	buf, offsets := newFixed[int32](mem, a.Len()+1)
	copy(offsets, a.Offsets()[a.Data().Offset():])
	return newArray(m, a.Len(), []*memory.Buffer{validityOf(mem, a), buf}, []arrow.ArrayData{child.Data()}, a.NullN()), nil
}

func childField(dt arrow.DataType, child arrow.Array) arrow.Field {
	f := dt.(arrow.ListLikeType).ElemField()
	f.Type = child.DataType()
	return f
}

// fixedListOf gives lists of a fixed size, with nulls below those that are null.
func fixedListOf(w *work, mem memory.Allocator, a *array.List, dt *arrow.FixedSizeListType) (arrow.Array, error) {
	inner := make([]int32, 0, a.Len()*int(dt.Len()))
	for i := range a.Len() {
		from, to := a.ValueOffsets(i)
		if isNull(a, i) {
			inner = append(inner, slices.Repeat([]int32{noRow}, int(dt.Len()))...)
			continue
		}
		if to-from != int64(dt.Len()) {
			return nil, fmt.Errorf("row %d has a list of %d values, and the column is of lists of %d", i, to-from, dt.Len())
		}
		for j := from; j < to; j++ {
			inner = append(inner, int32(j))
		}
	}
	child, err := take(w, mem, a.ListValues(), inner, a.NullN() > 0)
	if err != nil {
		return nil, err
	}
	if child, err = fromPlain(w, mem, child, dt.Elem()); err != nil {
		return nil, err
	}
	defer child.Release()
	return newArray(arrow.FixedSizeListOfField(dt.Len(), childField(dt, child)), a.Len(),
		[]*memory.Buffer{validityOf(mem, a)}, []arrow.ArrayData{child.Data()}, a.NullN()), nil
}

// recast sees an array as one of another type of the same layout.
func recast(a arrow.Array, dt arrow.DataType) arrow.Array {
	d := array.NewData(dt, a.Len(), a.Data().Buffers(), nil, a.NullN(), a.Data().Offset())
	defer d.Release()
	return array.MakeFromData(d)
}

// rebuild gives a struct with other children, which begin where its rows do.
func rebuild(mem memory.Allocator, a *array.Struct, dt arrow.DataType, children []arrow.Array) arrow.Array {
	fields := slices.Clone(dt.(*arrow.StructType).Fields())
	data := make([]arrow.ArrayData, len(children))
	for i, c := range children {
		data[i], fields[i].Type = c.Data(), c.DataType()
	}
	return newArray(arrow.StructOf(fields...), a.Len(), []*memory.Buffer{validityOf(mem, a)}, data, a.NullN())
}

// validityOf copies the bitmap of what is there, so that it begins with row 0.
func validityOf(mem memory.Allocator, a arrow.Array) *memory.Buffer {
	if a.NullN() == 0 {
		return nil
	}
	return shiftBitmap(mem, a.NullBitmapBytes(), a.Data().Offset(), a.Len())
}

// withNullsOf gives the array with the nulls of another, taking over its reference.
func withNullsOf(mem memory.Allocator, a, nulls arrow.Array) arrow.Array {
	if nulls.NullN() == 0 {
		return a
	}
	defer a.Release()
	d := array.NewData(a.DataType(), a.Len(), append([]*memory.Buffer{validityOf(mem, nulls)}, a.Data().Buffers()[1:]...), nil, nulls.NullN(), 0)
	defer d.Release()
	d.Buffers()[0].Release()
	return array.MakeFromData(d)
}

// checkLists sees to it that the values of lists are there, as the reader does
// not, and some writers do not.
func checkLists(a arrow.Array) error {
	switch a := a.(type) {
	case array.ListLike:
		if n := a.Len(); n > 0 {
			if _, end := a.ValueOffsets(n - 1); end > int64(a.ListValues().Len()) {
				return fmt.Errorf("the lists end at value %d of %d", end, a.ListValues().Len())
			}
		}
		return checkLists(a.ListValues())
	case *array.Struct:
		for i := range a.NumField() {
			if err := checkLists(a.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}
