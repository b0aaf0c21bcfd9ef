package interp

import (
	"go/ast"
	"reflect"
)

var identT = reflect.TypeOf((*ast.Ident)(nil))
var objT = reflect.TypeOf((*ast.Object)(nil))
var scopeT = reflect.TypeOf((*ast.Scope)(nil))

// clone deep copies an AST (dropping ast.Object links). m maps clone -> original.
func clone[N ast.Node](n N, m map[ast.Node]ast.Node) N {
	return cloneV(reflect.ValueOf(n), m).Interface().(N)
}

func cloneV(v reflect.Value, m map[ast.Node]ast.Node) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		if v.Type() == objT || v.Type() == scopeT {
			return reflect.Zero(v.Type())
		}
		n := reflect.New(v.Type().Elem())
		n.Elem().Set(cloneV(v.Elem(), m))
		if a, ok := n.Interface().(ast.Node); ok {
			o := v.Interface().(ast.Node)
			if m != nil {
				if oo, ok := m[o]; ok {
					o = oo
				}
				m[a] = o
			}
		}
		return n
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		n := reflect.New(v.Type()).Elem()
		n.Set(cloneV(v.Elem(), m))
		return n
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		n := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := 0; i < v.Len(); i++ {
			n.Index(i).Set(cloneV(v.Index(i), m))
		}
		return n
	case reflect.Struct:
		n := reflect.New(v.Type()).Elem()
		for i := 0; i < v.NumField(); i++ {
			n.Field(i).Set(cloneV(v.Field(i), m))
		}
		return n
	}
	return v
}
