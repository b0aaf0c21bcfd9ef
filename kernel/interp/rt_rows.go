package interp

import (
	"go/token"
	"reflect"
	"strings"
)

// hiddenTag is among the tags of an unexported field in the representation of a
// struct: package reflect knows no other way to leave it out of JSON and XML.
const hiddenTag = `json:"-" xml:"-"`

// openRows opens a box for tables: a slice of a cell's structs gives all of their
// fields, also those with small names, whose representation begins with an X, as
// arrowio.FromStructs expects of a cell.
func openRows(x any) any {
	v := reflect.ValueOf(openBare(x))
	if v.Kind() != reflect.Slice || v.IsNil() {
		return openBare(x)
	}
	elem := v.Type().Elem()
	pointers := elem.Kind() == reflect.Pointer
	if pointers {
		elem = elem.Elem()
	}
	if elem.Kind() != reflect.Struct || elem.Name() != "" {
		return v.Interface()
	}
	var fields []reflect.StructField
	hidden := false
	for i := range elem.NumField() {
		f := elem.Field(i)
		if !f.IsExported() {
			return v.Interface()
		}
		if small := strings.TrimPrefix(f.Name, "X"); small != f.Name && small != "" && !token.IsExported(small) {
			tag := strings.Replace(string(f.Tag), hiddenTag, "", 1)
			hidden = hidden || tag != string(f.Tag)
			f.Tag = reflect.StructTag(strings.TrimSpace(tag))
		}
		fields = append(fields, reflect.StructField{Name: f.Name, Type: f.Type, Tag: f.Tag, Anonymous: f.Anonymous})
	}
	if !hidden {
		return v.Interface()
	}
	// The same fields in the same order lie in the same places.
	same := reflect.StructOf(fields)
	if pointers {
		same = reflect.PointerTo(same)
	}
	return reflect.SliceAt(same, v.UnsafePointer(), v.Len()).Interface()
}
