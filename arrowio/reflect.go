package arrowio

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// FromStructs makes a table of a slice of structs (or of pointers to them, none
// of which may be nil): a row of each element, a column of each exported field.
// A field is named by its tag `arrow:"name"`, else `json:"name"`, else by its
// own name; "-" leaves it out. Embedded structs without a tag give their fields.
//
// A struct type declared in a notebook cell arrives here without its name, and
// its unexported fields with an X before theirs; such a field counts too and
// loses that X.
func FromStructs(slice any) (*Table, error) { return FromStructsIn(memory.DefaultAllocator, slice) }

// FromStructsIn is FromStructs in memory of the given allocator.
func FromStructsIn(mem memory.Allocator, slice any) (*Table, error) {
	rows := reflect.ValueOf(slice)
	if rows.Kind() != reflect.Slice && rows.Kind() != reflect.Array {
		return nil, fmt.Errorf("arrowio: from structs: want a slice of structs, got %T", slice)
	}
	elem := rows.Type().Elem()
	if elem.Kind() == reflect.Interface {
		var err error
		if elem, err = dynamicType(rows); err != nil {
			return nil, fmt.Errorf("arrowio: from structs: %w", err)
		}
	}
	st := elem
	if st.Kind() == reflect.Pointer {
		st = st.Elem()
	}
	if st.Kind() != reflect.Struct || st == timeType {
		return nil, fmt.Errorf("arrowio: from structs: want a slice of structs, got %T", slice)
	}
	b := NewTableIn(mem)
	for _, f := range structFields(st) {
		dt, err := arrowType(f.typ)
		if err != nil {
			return nil, fmt.Errorf("arrowio: from structs: field %s: %w", f.name, err)
		}
		bldr := array.NewBuilder(mem, dt)
		bldr.Reserve(rows.Len())
		for i := 0; i < rows.Len() && err == nil; i++ {
			row := indirect(rows.Index(i))
			if !row.IsValid() {
				err = fmt.Errorf("row %d is nil", i)
			} else if err = appendValue(bldr, fieldByIndex(row, f.index)); err != nil {
				err = fmt.Errorf("row %d: %w", i, err)
			}
		}
		if err != nil {
			bldr.Release()
			releaseAll(b.cols)
			return nil, fmt.Errorf("arrowio: from structs: field %s: %w", f.name, err)
		}
		b.add(f.name, bldr.NewArray())
		bldr.Release()
	}
	return b.Build()
}

// reflectColumn makes an array of any slice of values that arrowType knows.
func reflectColumn(mem memory.Allocator, slice any) (arrow.Array, error) {
	values := reflect.ValueOf(slice)
	if values.Kind() != reflect.Slice && values.Kind() != reflect.Array {
		return nil, fmt.Errorf("want a slice, got %T", slice)
	}
	elem := values.Type().Elem()
	if elem.Kind() == reflect.Interface {
		var err error
		if elem, err = dynamicType(values); err != nil {
			return nil, err
		}
	}
	dt, err := arrowType(elem)
	if err != nil {
		return nil, err
	}
	bldr := array.NewBuilder(mem, dt)
	defer bldr.Release()
	bldr.Reserve(values.Len())
	for i := range values.Len() {
		if err := appendValue(bldr, values.Index(i)); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
	}
	return bldr.NewArray(), nil
}

// dynamicType gives the one type that the elements of a slice of interfaces
// have, nil ones apart.
func dynamicType(values reflect.Value) (reflect.Type, error) {
	var t reflect.Type
	for i := range values.Len() {
		v := values.Index(i).Elem()
		switch {
		case !v.IsValid():
		case t == nil:
			t = v.Type()
		case t != v.Type():
			return nil, fmt.Errorf("row %d is a %v, rows before it are %v", i, v.Type(), t)
		}
	}
	if t == nil {
		return nil, fmt.Errorf("no value tells the type")
	}
	return t, nil
}

type structField struct {
	name  string
	index []int
	typ   reflect.Type
}

// structFields lists the fields of a struct type that make columns, in order.
func structFields(t reflect.Type) []structField {
	var fields []structField
	for i := range t.NumField() {
		f := t.Field(i)
		name, tagged := tagName(f)
		if name == "-" || !f.IsExported() {
			continue
		}
		if f.Anonymous && !tagged && f.Type.Kind() == reflect.Struct && f.Type != timeType {
			for _, sub := range structFields(f.Type) {
				sub.index = append([]int{i}, sub.index...)
				fields = append(fields, sub)
			}
			continue
		}
		if !tagged && t.Name() == "" {
			name = cellFieldName(name)
		}
		fields = append(fields, structField{name, []int{i}, f.Type})
	}
	return fields
}

func tagName(f reflect.StructField) (name string, tagged bool) {
	for _, key := range []string{"arrow", "json"} {
		if tag, ok := f.Tag.Lookup(key); ok {
			if name, _, _ := strings.Cut(tag, ","); name != "" {
				return name, true
			}
		}
	}
	return f.Name, false
}

// cellFieldName undoes what the interpreter does to an unexported field's name.
func cellFieldName(name string) string {
	rest, ok := strings.CutPrefix(name, "X")
	if r, _ := utf8.DecodeRuneInString(rest); ok && (r == '_' || 'a' <= r && r <= 'z') {
		return rest
	}
	return name
}

func fieldByIndex(v reflect.Value, index []int) reflect.Value {
	for _, i := range index {
		v = v.Field(i)
	}
	return v
}

// indirect follows pointers and interfaces; the zero Value stands for nil.
func indirect(v reflect.Value) reflect.Value {
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		v = v.Elem()
	}
	return v
}

var (
	timeType     = reflect.TypeFor[time.Time]()
	durationType = reflect.TypeFor[time.Duration]()
)

var scalarTypes = map[reflect.Kind]arrow.DataType{
	reflect.Bool: arrow.FixedWidthTypes.Boolean, reflect.String: arrow.BinaryTypes.String,
	reflect.Int: arrow.PrimitiveTypes.Int64, reflect.Int64: arrow.PrimitiveTypes.Int64,
	reflect.Int32: arrow.PrimitiveTypes.Int32, reflect.Int16: arrow.PrimitiveTypes.Int16, reflect.Int8: arrow.PrimitiveTypes.Int8,
	reflect.Uint: arrow.PrimitiveTypes.Uint64, reflect.Uint64: arrow.PrimitiveTypes.Uint64,
	reflect.Uint32: arrow.PrimitiveTypes.Uint32, reflect.Uint16: arrow.PrimitiveTypes.Uint16, reflect.Uint8: arrow.PrimitiveTypes.Uint8,
	reflect.Float64: arrow.PrimitiveTypes.Float64, reflect.Float32: arrow.PrimitiveTypes.Float32,
}

// arrowType gives the Arrow type that holds values of a Go type.
func arrowType(t reflect.Type) (arrow.DataType, error) {
	switch t {
	case timeType:
		return timestampNS, nil
	case durationType:
		return arrow.FixedWidthTypes.Duration_ns, nil
	}
	if dt, ok := scalarTypes[t.Kind()]; ok {
		return dt, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return arrowType(t.Elem())
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return arrow.BinaryTypes.Binary, nil
		}
		elem, err := arrowType(t.Elem())
		if err != nil {
			return nil, err
		}
		return arrow.ListOf(elem), nil
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return nil, fmt.Errorf("a map needs text keys to be a column, %v has not", t)
		}
		elem, err := arrowType(t.Elem())
		if err != nil {
			return nil, err
		}
		return arrow.MapOf(arrow.BinaryTypes.String, elem), nil
	case reflect.Struct:
		var fields []arrow.Field
		for _, f := range structFields(t) {
			dt, err := arrowType(f.typ)
			if err != nil {
				return nil, fmt.Errorf("field %s: %w", f.name, err)
			}
			fields = append(fields, arrow.Field{Name: f.name, Type: dt, Nullable: true})
		}
		if len(fields) > 0 {
			return arrow.StructOf(fields...), nil
		}
	}
	return nil, fmt.Errorf("no column holds a %v", t)
}

// appendValue appends v to a builder of the type that arrowType gave for it.
func appendValue(b array.Builder, v reflect.Value) error {
	if k := v.Kind(); k == reflect.Pointer || k == reflect.Interface {
		v = indirect(v)
	}
	if !v.IsValid() {
		b.AppendNull()
		return nil
	}
	switch b := b.(type) {
	case *array.BooleanBuilder:
		b.Append(v.Bool())
	case *array.StringBuilder:
		b.Append(v.String())
	case *array.Int64Builder:
		b.Append(v.Int())
	case *array.Int32Builder:
		b.Append(int32(v.Int()))
	case *array.Int16Builder:
		b.Append(int16(v.Int()))
	case *array.Int8Builder:
		b.Append(int8(v.Int()))
	case *array.Uint64Builder:
		b.Append(v.Uint())
	case *array.Uint32Builder:
		b.Append(uint32(v.Uint()))
	case *array.Uint16Builder:
		b.Append(uint16(v.Uint()))
	case *array.Uint8Builder:
		b.Append(uint8(v.Uint()))
	case *array.Float64Builder:
		b.Append(v.Float())
	case *array.Float32Builder:
		b.Append(float32(v.Float()))
	case *array.DurationBuilder:
		b.Append(arrow.Duration(v.Int()))
	case *array.TimestampBuilder:
		t, ok := v.Interface().(time.Time)
		if !ok {
			return fmt.Errorf("want a time.Time, got %v", v.Type())
		}
		b.Append(arrow.Timestamp(t.UnixNano()))
	case *array.BinaryBuilder:
		if v.Kind() == reflect.Slice && v.IsNil() {
			b.AppendNull()
			return nil
		}
		data := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(data), v)
		b.Append(data)
	case *array.ListBuilder:
		b.Append(true)
		for i := range v.Len() {
			if err := appendValue(b.ValueBuilder(), v.Index(i)); err != nil {
				return err
			}
		}
	case *array.MapBuilder:
		b.Append(true)
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		for _, k := range keys {
			if err := appendValue(b.KeyBuilder(), k); err != nil {
				return err
			}
			if err := appendValue(b.ItemBuilder(), v.MapIndex(k)); err != nil {
				return err
			}
		}
	case *array.StructBuilder:
		b.Append(true)
		for i, f := range structFields(v.Type()) {
			if err := appendValue(b.FieldBuilder(i), fieldByIndex(v, f.index)); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("no builder for %v", v.Type())
	}
	return nil
}
