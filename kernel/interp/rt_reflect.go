package interp

import (
	"fmt"
	"reflect"
	"slices"

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
	if rep.Kind() == reflect.Struct && t.Kind != reflect.Struct && rep.NumField() == 1 {
		rep = rep.Field(0).Type // see box.Self
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
	index := fieldByName(c.t, name)
	if index == nil {
		return reflect.StructField{}, false
	}
	return c.FieldByIndex(index), true
}

func (c cellType) FieldByIndex(index []int) reflect.StructField {
	var t reflect.Type = c
	var f reflect.StructField
	for n, i := range index {
		if n > 0 && t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		f = t.Field(i)
		t = f.Type
	}
	f.Index = index
	return f
}

// fieldByName is the path to a field, through embedded ones, or nil: the nearest
// counts, and two that are equally near hide each other.
func fieldByName(t *box.Type, name string) []int {
	type at struct {
		t    *box.Type
		path []int
	}
	for level := []at{{t, nil}}; len(level) > 0 && len(level[0].path) < 8; {
		var next []at
		var found [][]int
		for _, l := range level {
			for i, f := range l.t.Fields {
				path := append(slices.Clone(l.path), i)
				if f.Name == name {
					found = append(found, path)
				}
				if e := f.Type; f.Embedded && e != nil {
					if e.Kind == reflect.Pointer && e.Elem != nil {
						e = e.Elem
					}
					next = append(next, at{e, path})
				}
			}
		}
		if len(found) > 0 {
			if len(found) > 1 {
				return nil
			}
			return found[0]
		}
		level = next
	}
	return nil
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

// learn remembers which types the structs in a representation stand for.
func (r *runtime) learn(t *box.Type, rep reflect.Type) {
	if t == nil || rep == nil || t.Plain {
		return
	}
	if rep.Kind() == reflect.Struct {
		if _, met := r.byRep.LoadOrStore(rep, t); met {
			return
		}
		if t.Kind != reflect.Struct {
			rep = rep.Field(0).Type // see box.Self
		}
	}
	if rep.Kind() != t.Kind {
		return
	}
	switch t.Kind {
	case reflect.Struct:
		for i, f := range t.Fields {
			r.learn(f.Type, rep.Field(i).Type)
		}
	case reflect.Map:
		r.learn(t.Key, rep.Key())
		r.learn(t.Elem, rep.Elem())
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan:
		r.learn(t.Elem, rep.Elem())
	}
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

// valueField is v.Field(i): what compiled Go would not let a program change or
// take out stays so, though the representation exports every field.
func (r *runtime) valueField(v reflect.Value, i int) reflect.Value {
	t := r.known(v.Type())
	if t == nil || i >= len(t.Fields) || t.Fields[i].Exported || !v.CanInterface() {
		return v.Field(i)
	}
	rep := v.Type()
	fields := make([]reflect.StructField, rep.NumField())
	for k := range fields {
		fields[k] = reflect.StructField{Name: fmt.Sprintf("field%d", k), PkgPath: "main", Type: rep.Field(k).Type}
	}
	if !v.CanAddr() {
		c := reflect.New(rep).Elem()
		c.Set(v)
		// Of a copy that cannot be addressed either.
		return reflect.ValueOf(reflect.NewAt(reflect.StructOf(fields), c.Addr().UnsafePointer()).Elem().Interface()).Field(i)
	}
	return reflect.NewAt(reflect.StructOf(fields), v.Addr().UnsafePointer()).Elem().Field(i)
}

func (r *runtime) valueFieldByName(v reflect.Value, name string) reflect.Value {
	t := r.known(v.Type())
	if t == nil {
		return v.FieldByName(name)
	}
	path := fieldByName(t, name)
	if path == nil {
		return reflect.Value{}
	}
	return r.valueFieldByIndex(v, path)
}

func (r *runtime) valueFieldByIndex(v reflect.Value, path []int) reflect.Value {
	for n, i := range path {
		if n > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				panic("reflect: indirection through nil pointer to embedded struct")
			}
			v = v.Elem()
		}
		v = r.valueField(v, i)
	}
	return v
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
