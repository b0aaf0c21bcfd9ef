package interp

import (
	"fmt"
	"reflect"

	"divvy/kernel/symbols/box"
)

// boxScanner lets fmt call the Scan method of a cell's type.
type boxScanner struct{ box.Box }

func (s boxScanner) Scan(state fmt.ScanState, verb rune) error {
	return s.Method("Scan").(func(any, fmt.ScanState, rune) error)(s.V, state, verb)
}

// openScanner opens a box for fmt to scan into.
func openScanner(x any) any {
	b, ok := box.Of(x)
	if !ok {
		return x
	}
	if _, ok := b.T.Method("Scan").(func(any, fmt.ScanState, rune) error); ok {
		return boxScanner{b}
	}
	return b.V
}

// openBare opens a box for compiled code that looks at what is in it by reflection.
func openBare(x any) any {
	b, ok := box.Of(x)
	if !ok || b.V == nil {
		return open(x)
	}
	return box.Bare(b.T, reflect.ValueOf(b.V)).Interface()
}

// holdsInterfaces reports whether values of t may have boxes somewhere in them.
func holdsInterfaces(t reflect.Type, seen map[reflect.Type]bool) bool {
	if known, ok := seen[t]; ok {
		return known
	}
	seen[t] = false
	holds := false
	switch t.Kind() {
	case reflect.Interface:
		holds = t.NumMethod() == 0
	case reflect.Map, reflect.Slice, reflect.Array, reflect.Pointer:
		holds = holdsInterfaces(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			holds = holds || t.Field(i).IsExported() && holdsInterfaces(t.Field(i).Type, seen)
		}
	}
	seen[t] = holds
	return holds
}

// openExported opens a box for gob, without the unexported fields of structs: in
// their representation gob would take them for exported ones. Below a type that
// contains itself they stay.
func openExported(x any) any {
	b, ok := box.Of(x)
	if !ok {
		return x
	}
	t := exportedOnly(b.T, reflect.TypeOf(b.V), map[*box.Type]bool{})
	if t == reflect.TypeOf(b.V) {
		return b.V
	}
	out := reflect.New(t).Elem()
	copyExported(out, reflect.ValueOf(b.V))
	return out.Interface()
}

func exportedOnly(t *box.Type, rep reflect.Type, within map[*box.Type]bool) reflect.Type {
	if t == nil || t.Plain || within[t] || t.Kind != rep.Kind() {
		return rep
	}
	within[t] = true
	defer delete(within, t)
	elem := func() (e reflect.Type, same bool) {
		e = exportedOnly(t.Elem, rep.Elem(), within)
		return e, e == rep.Elem()
	}
	switch t.Kind {
	case reflect.Pointer:
		if e, same := elem(); !same {
			return reflect.PointerTo(e)
		}
	case reflect.Slice:
		if e, same := elem(); !same {
			return reflect.SliceOf(e)
		}
	case reflect.Array:
		if e, same := elem(); !same {
			return reflect.ArrayOf(rep.Len(), e)
		}
	case reflect.Map:
		if e, same := elem(); !same {
			return reflect.MapOf(rep.Key(), e)
		}
	case reflect.Struct:
		var fields []reflect.StructField
		changed := false
		for i, f := range t.Fields {
			if !f.Exported {
				changed = true
				continue
			}
			r := rep.Field(i)
			ft := exportedOnly(f.Type, r.Type, within)
			changed = changed || ft != r.Type
			fields = append(fields, reflect.StructField{Name: r.Name, Type: ft, Tag: r.Tag})
		}
		if changed {
			return reflect.StructOf(fields)
		}
	}
	return rep
}

// copyExported copies src to dst, whose type exportedOnly made of src's.
func copyExported(dst, src reflect.Value) {
	if dst.Type() == src.Type() {
		dst.Set(src)
		return
	}
	switch src.Kind() {
	case reflect.Pointer:
		if !src.IsNil() {
			dst.Set(reflect.New(dst.Type().Elem()))
			copyExported(dst.Elem(), src.Elem())
		}
	case reflect.Slice:
		if !src.IsNil() {
			dst.Set(reflect.MakeSlice(dst.Type(), src.Len(), src.Len()))
		}
		fallthrough
	case reflect.Array:
		for i := range src.Len() {
			copyExported(dst.Index(i), src.Index(i))
		}
	case reflect.Map:
		if !src.IsNil() {
			dst.Set(reflect.MakeMap(dst.Type()))
		}
		for k, v := range src.Seq2() {
			e := reflect.New(dst.Type().Elem()).Elem()
			copyExported(e, v)
			dst.SetMapIndex(k, e)
		}
	case reflect.Struct:
		for i := range dst.NumField() {
			copyExported(dst.Field(i), src.FieldByName(dst.Type().Field(i).Name))
		}
	}
}
