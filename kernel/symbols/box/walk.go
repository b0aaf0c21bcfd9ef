package box

import (
	"reflect"
	"slices"
)

// holdsInterface reports whether interfaces occur in values of t other than
// through a pointer.
func holdsInterface(t reflect.Type, within []reflect.Type) bool {
	if slices.Contains(within, t) {
		return false
	}
	within = append(within, t)
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Slice, reflect.Array:
		return holdsInterface(t.Elem(), within)
	case reflect.Map:
		return holdsInterface(t.Key(), within) || holdsInterface(t.Elem(), within)
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsInterface(t.Field(i).Type, within) {
				return true
			}
		}
	}
	return false
}

// walked describes a type of compiled code in whose values a printer must find
// boxes by itself.
func walked(t reflect.Type, met map[reflect.Type]*Type) *Type {
	if w := met[t]; w != nil {
		return w
	}
	w := &Type{Name: t.String(), Kind: t.Kind(), Plain: !holdsInterface(t, nil)}
	met[t] = w
	if w.Plain {
		return w
	}
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		w.Elem = walked(t.Elem(), met)
	case reflect.Map:
		w.Key, w.Elem = walked(t.Key(), met), walked(t.Elem(), met)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			w.Fields = append(w.Fields, Field{Name: f.Name, Type: walked(f.Type, met), Exported: f.IsExported(), Embedded: f.Anonymous})
		}
	}
	return w
}
