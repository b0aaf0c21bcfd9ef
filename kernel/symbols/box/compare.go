package box

import (
	"cmp"
	"reflect"
)

// Compare orders map keys as fmt prints them.
func Compare(a, b reflect.Value) int {
	for a.Kind() == reflect.Interface && !a.IsNil() && b.Kind() == reflect.Interface && !b.IsNil() {
		a, b = a.Elem(), b.Elem()
		if x, ok := Of(a.Interface()); ok {
			a = reflect.ValueOf(x.V)
		}
		if x, ok := Of(b.Interface()); ok {
			b = reflect.ValueOf(x.V)
		}
	}
	if a.Kind() != b.Kind() {
		return cmp.Compare(a.Kind(), b.Kind())
	}
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	}
	switch a.Kind() {
	case reflect.String:
		return cmp.Compare(a.String(), b.String())
	case reflect.Bool:
		return cmp.Compare(bit(a.Bool()), bit(b.Bool()))
	case reflect.Pointer, reflect.Chan, reflect.UnsafePointer:
		return cmp.Compare(a.Pointer(), b.Pointer())
	case reflect.Struct:
		for i := range a.NumField() {
			if c := Compare(a.Field(i), b.Field(i)); c != 0 {
				return c
			}
		}
	case reflect.Array:
		for i := range a.Len() {
			if c := Compare(a.Index(i), b.Index(i)); c != 0 {
				return c
			}
		}
	}
	return 0
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
