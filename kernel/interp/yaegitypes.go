package interp

import (
	"reflect"
	"strings"
	"unsafe"
)

// setTypes gives the declared types of these names their reflect types: in
// yaegi's types all that mentions one of them is led to one description, which
// has its reflect type from the start.
func (k *keeper) setTypes(types func(other func(name string) reflect.Type) map[string]reflect.Type) {
	_, symbols := k.scope()
	open := func(v reflect.Value) reflect.Value { // a private field of an addressable value
		return reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	}
	symbol := func(name string) reflect.Value { // its *itype
		s := symbols.MapIndex(reflect.ValueOf(name))
		return open(reflect.NewAt(s.Type().Elem(), s.UnsafePointer()).Elem().FieldByName("typ"))
	}
	made := types(func(name string) reflect.Type {
		t := symbol(name)
		return reflect.NewAt(t.Type().Elem(), t.UnsafePointer()).MethodByName("TypeOf").Call(nil)[0].Interface().(reflect.Type)
	})
	seen := map[unsafe.Pointer]bool{}
	var walk func(ref reflect.Value)
	walk = func(ref reflect.Value) { // an addressable *itype
		if ref.IsNil() {
			return
		}
		t := reflect.NewAt(ref.Type().Elem(), ref.UnsafePointer()).Elem()
		name := t.FieldByName("name").String()
		if rt, ok := made[name]; ok {
			one := symbol(name)
			if ref.UnsafePointer() != one.UnsafePointer() {
				ref.Set(one)
				return
			}
			open(t.FieldByName("rtype")).Set(reflect.ValueOf(&rt).Elem())
		} else if r := open(t.FieldByName("rtype")); !r.IsNil() && strings.Contains(r.Interface().(reflect.Type).String(), "unsafe2.dummy") {
			r.SetZero()
		}
		if seen[ref.UnsafePointer()] {
			return
		}
		seen[ref.UnsafePointer()] = true
		for _, f := range []string{"key", "val"} {
			walk(open(t.FieldByName(f)))
		}
		for _, f := range []string{"arg", "ret"} {
			for i, list := 0, open(t.FieldByName(f)); i < list.Len(); i++ {
				walk(list.Index(i))
			}
		}
		for i, list := 0, open(t.FieldByName("field")); i < list.Len(); i++ {
			walk(open(list.Index(i).FieldByName("typ")))
		}
	}
	for name := range made {
		walk(symbol(name))
	}
}
