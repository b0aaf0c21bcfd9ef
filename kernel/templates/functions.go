package templates

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"text/template"
	"text/template/parse"

	"divvy/kernel/symbols/box"
)

func sortKeys(keys []reflect.Value) { slices.SortFunc(keys, box.Compare) }

// functions are what rewritten pipelines call.
func (e Env) functions() template.FuncMap {
	constantOf := func(k parse.NodeType) func(s string) constant {
		return func(s string) constant { return constant{k, s} }
	}
	return template.FuncMap{
		field:  e.field,
		number: constantOf(parse.NodeNumber), text: constantOf(parse.NodeString), truth: constantOf(parse.NodeBool), null: constantOf(parse.NodeNil),
		cond: condOf, each: rangeOver, show: shown, basic: basicOf, length: lenOf,
		plain:  func(v reflect.Value) reflect.Value { return boxed(valueOf(v)) },
		index:  e.index,
		slice:  sliceOf,
		call:   e.call,
		spaced: e.Sprint,
	}
}

// Func makes of a function over types of a cell one that a template can call.
func (e Env) Func(name string, b box.Box) any {
	fn := reflect.ValueOf(b.V)
	if fn.Kind() != reflect.Func {
		fn = box.Bare(b.T, fn)
	}
	return func(args ...reflect.Value) (reflect.Value, error) {
		v, err := e.callFunc(name, b.T, fn, args)
		if in := errors.Unwrap(err); in != nil { // the package says what it called
			err = in
		}
		return v, err
	}
}

func (e Env) call(callee string, fn reflect.Value, args ...reflect.Value) (reflect.Value, error) {
	t, f := valueOf(fn)
	if t != nil {
		f = box.Bare(t, f)
	}
	switch {
	case !f.IsValid():
		return errorf("call of nil")
	case f.Kind() != reflect.Func:
		return errorf("non-function %s of type %s", callee, typeName(t, f))
	case f.IsNil():
		return errorf("call of nil function")
	}
	for i, a := range args { // numbers of other types are taken too
		if at, x := valueOf(a); at == nil && x.IsValid() && i < f.Type().NumIn() {
			if p := f.Type().In(i); isInt(x.Kind()) && isInt(p.Kind()) && x.CanConvert(p) {
				args[i] = x.Convert(p)
			}
		}
	}
	return e.callFunc(callee, t, f, args)
}

func isInt(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Uintptr }

// indexOf is an index of something of the given length.
func indexOf(i reflect.Value, n int) (int, error) {
	_, v := valueOf(i)
	x := int64(-1)
	switch {
	case !v.IsValid():
		return 0, fmt.Errorf("cannot index slice/array with nil")
	case v.CanInt():
		x = v.Int()
	case v.CanUint():
		x = int64(v.Uint())
	default:
		return 0, fmt.Errorf("cannot index slice/array with type %s", v.Type())
	}
	if x < 0 || x > int64(n) {
		return 0, fmt.Errorf("index out of range: %d", x)
	}
	return int(x), nil
}

func (e Env) index(item reflect.Value, indexes ...reflect.Value) (reflect.Value, error) {
	t, v := valueOf(item)
	if !v.IsValid() {
		return errorf("index of untyped nil")
	}
	for _, i := range indexes {
		t, v = follow(t, v)
		for t == nil && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && !v.IsNil() {
			t, v = valueOf(v.Elem())
			t, v = follow(t, v)
		}
		var elem, key *box.Type
		if t != nil {
			elem, key, v = t.Elem, t.Key, box.Bare(t, v)
		}
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			return errorf("index of nil pointer")
		case reflect.Array, reflect.Slice, reflect.String:
			n, err := indexOf(i, v.Len())
			if err != nil {
				return reflect.Value{}, err
			}
			if n == v.Len() {
				return errorf("reflect: slice index out of range")
			}
			v = v.Index(n)
		case reflect.Map:
			if kt, x := valueOf(i); kt == nil && x.IsValid() && isInt(x.Kind()) && isInt(v.Type().Key().Kind()) && (key == nil || key.Plain) {
				i = x.Convert(v.Type().Key())
			}
			k, err := e.argument(i, key, v.Type().Key())
			if err != nil {
				return reflect.Value{}, err
			}
			m := v.Type()
			if v = v.MapIndex(k); !v.IsValid() {
				v = reflect.Zero(m.Elem())
			}
		default:
			return errorf("can't index item of type %s", typeName(t, v))
		}
		if t = elem; t != nil && (t.Plain || t.Kind == reflect.Interface) {
			t, v = valueOf(v)
		} else if t == nil {
			t, v = valueOf(v)
		}
	}
	return viewOf(t, v), nil
}

// sliceOf is the function slice of templates.
func sliceOf(item reflect.Value, indexes ...reflect.Value) (reflect.Value, error) {
	t, v := valueOf(item)
	if t, v = follow(t, v); t != nil {
		v = box.Bare(t, v)
	}
	for t == nil && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && !v.IsNil() {
		v = v.Elem()
	}
	limit := 0
	switch v.Kind() {
	case reflect.Invalid:
		return errorf("slice of untyped nil")
	case reflect.Pointer:
		return errorf("slice of nil pointer")
	case reflect.String:
		if limit = v.Len(); len(indexes) == 3 {
			return errorf("cannot 3-index slice a string")
		}
	case reflect.Array, reflect.Slice:
		limit = v.Cap()
	default:
		return errorf("can't slice item of type %s", typeName(t, v))
	}
	if len(indexes) > 3 {
		return errorf("too many slice indexes: %d", len(indexes))
	}
	at := []int{0, v.Len(), limit}
	for i, x := range indexes {
		n, err := indexOf(x, limit)
		if err != nil {
			return reflect.Value{}, err
		}
		at[i] = n
	}
	switch {
	case at[0] > at[1]:
		return errorf("invalid slice index: %d > %d", at[0], at[1])
	case len(indexes) == 3 && at[1] > at[2]:
		return errorf("invalid slice index: %d > %d", at[1], at[2])
	case v.Kind() == reflect.Array && !v.CanAddr():
		return errorf("slice of unaddressable array")
	}
	out := v.Slice(at[0], at[1])
	if len(indexes) == 3 {
		out = v.Slice3(at[0], at[1], at[2])
	}
	if t == nil {
		return out, nil
	}
	if out.Type() != v.Type() || v.Kind() == reflect.Array { // no description of a slice of it
		items := make([]any, out.Len())
		for i := range items {
			items[i] = element(viewOf(t.Elem, out.Index(i)))
		}
		return reflect.ValueOf(items), nil
	}
	return rewrapped(t, item, out), nil
}

// rewrapped gives a slice of what item holds the type of that.
func rewrapped(t *box.Type, item, out reflect.Value) reflect.Value {
	_, v := valueOf(item)
	if _, v = follow(t, v); v.Type() == out.Type() {
		return viewOf(t, out)
	}
	w := reflect.New(v.Type()).Elem() // see box.Self
	w.Field(0).Set(out)
	return viewOf(t, w)
}
