package interp

import (
	"reflect"

	"divvy/kernel/symbols/box"
)

// cellType is the reflect.Type of a type that a cell declared: that of its
// representation, under its own name and with its own methods.
type cellType struct {
	reflect.Type
	t *box.Type
}

// typeOf is reflect.TypeOf for values in boxes too.
func typeOf(x any) reflect.Type {
	if b, ok := box.Of(x); ok {
		return wrapType(b.T, reflect.TypeOf(b.V))
	}
	return reflect.TypeOf(x)
}

func wrapType(t *box.Type, rep reflect.Type) reflect.Type {
	if t.Plain || rep == nil {
		return rep
	}
	return cellType{rep, t}
}

func (c cellType) Name() string   { return c.t.Short }
func (c cellType) String() string { return c.t.Name }

func (c cellType) PkgPath() string {
	if c.t.Short != "" {
		return "main"
	}
	return ""
}

func (c cellType) NumMethod() int {
	if c.t.Kind == reflect.Interface {
		return len(c.t.Iface)
	}
	n := 0
	for name := range c.t.Sigs {
		if exported(name) {
			n++
		}
	}
	return n
}

func exported(name string) bool { return name[0] >= 'A' && name[0] <= 'Z' }

func (c cellType) Method(i int) reflect.Method {
	names := methodNames(c.t)
	m, _ := c.MethodByName(names[i])
	m.Index = i
	return m
}

func (c cellType) MethodByName(name string) (reflect.Method, bool) {
	code := c.t.Method(name)
	if code == nil || !exported(name) {
		return reflect.Method{}, false
	}
	fn := reflect.ValueOf(code)
	return reflect.Method{Name: name, Type: fn.Type(), Func: fn}, true
}

func (c cellType) Elem() reflect.Type {
	if c.t.Elem == nil {
		return c.Type.Elem()
	}
	return wrapType(c.t.Elem, c.Type.Elem())
}

func (c cellType) Key() reflect.Type { return wrapType(c.t.Key, c.Type.Key()) }

func (c cellType) NumField() int { return len(c.t.Fields) }

func (c cellType) Field(i int) reflect.StructField {
	f := c.Type.Field(i)
	d := c.t.Fields[i]
	f.Name, f.Tag, f.Anonymous = d.Name, d.Tag, d.Embedded
	f.Type = wrapType(d.Type, f.Type)
	if !d.Exported {
		f.PkgPath = "main"
	}
	return f
}

func (c cellType) FieldByName(name string) (reflect.StructField, bool) {
	for i, f := range c.t.Fields {
		if f.Name == name {
			return c.Field(i), true
		}
	}
	return reflect.StructField{}, false
}

func (c cellType) Implements(u reflect.Type) bool {
	i, ok := u.(cellType)
	if !ok {
		return implements(c.t, u)
	}
	for _, m := range i.t.Iface {
		if !c.t.Has(m.Name, m.Sig) {
			return false
		}
	}
	return true
}

func methodNames(t *box.Type) []string {
	var names []string
	for name := range t.Sigs {
		if exported(name) {
			names = append(names, name)
		}
	}
	sortStrings(names)
	return names
}

// known returns the type of a value whose representation tells it: that of
// structs, and of pointers, slices, arrays and maps of them.
func (r *runtime) known(rep reflect.Type) *box.Type {
	if t, ok := r.byRep.Load(rep); ok {
		return t.(*box.Type)
	}
	switch rep.Kind() {
	case reflect.Pointer:
		e := r.known(rep.Elem())
		if e == nil {
			return nil
		}
		for _, t := range r.types {
			if t.Kind == reflect.Pointer && t.Elem == e {
				return t
			}
		}
	}
	return nil
}

func (r *runtime) valueType(v reflect.Value) reflect.Type {
	if t := r.known(v.Type()); t != nil {
		return wrapType(t, v.Type())
	}
	return v.Type()
}

func (r *runtime) valueInterface(v reflect.Value) any {
	if t := r.known(v.Type()); t != nil {
		return box.Make(t, v.Interface())
	}
	return v.Interface()
}

// bound is the method value of a cell's value.
func (r *runtime) bound(v reflect.Value, name string) reflect.Value {
	t := r.known(v.Type())
	if t == nil {
		return v.MethodByName(name)
	}
	code := t.Method(name)
	if code == nil || !exported(name) {
		return reflect.Value{}
	}
	fn := reflect.ValueOf(code)
	ft := fn.Type()
	in := make([]reflect.Type, ft.NumIn()-1)
	for i := range in {
		in[i] = ft.In(i + 1)
	}
	out := make([]reflect.Type, ft.NumOut())
	for i := range out {
		out[i] = ft.Out(i)
	}
	recv := reflect.ValueOf(box.Make(t, v.Interface()))
	return reflect.MakeFunc(reflect.FuncOf(in, out, ft.IsVariadic()), func(args []reflect.Value) []reflect.Value {
		args = append([]reflect.Value{recv}, args...)
		if ft.IsVariadic() {
			return fn.CallSlice(args)
		}
		return fn.Call(args)
	})
}

func (r *runtime) valueMethodByName(v reflect.Value, name string) reflect.Value {
	return r.bound(v, name)
}

func (r *runtime) valueMethod(v reflect.Value, i int) reflect.Value {
	if t := r.known(v.Type()); t != nil {
		return r.bound(v, methodNames(t)[i])
	}
	return v.Method(i)
}

func (r *runtime) valueNumMethod(v reflect.Value) int {
	if t := r.known(v.Type()); t != nil {
		return len(methodNames(t))
	}
	return v.NumMethod()
}

func (r *runtime) valueString(v reflect.Value) string {
	if v.IsValid() && v.Kind() != reflect.String {
		return "<" + r.valueType(v).String() + " Value>"
	}
	return v.String()
}

func deepEqual(a, b any) bool {
	x, ok1 := box.Of(a)
	y, ok2 := box.Of(b)
	if ok1 != ok2 || ok1 && x.T != y.T {
		return false
	}
	return reflect.DeepEqual(open(a), open(b))
}

// representation is the type by which the interpreter has values of t.
func representation(t reflect.Type) reflect.Type {
	if c, ok := t.(cellType); ok {
		return c.Type
	}
	return t
}

func reflectNew(t reflect.Type) reflect.Value  { return reflect.New(representation(t)) }
func reflectZero(t reflect.Type) reflect.Value { return reflect.Zero(representation(t)) }

func reflectMakeSlice(t reflect.Type, n, c int) reflect.Value {
	return reflect.MakeSlice(representation(t), n, c)
}
func reflectMakeMap(t reflect.Type) reflect.Value { return reflect.MakeMap(representation(t)) }
