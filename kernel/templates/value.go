package templates

import (
	"fmt"
	"reflect"

	"divvy/kernel/symbols/box"
)

// view is a value of a cell's type with the place where it is, if it has one: of
// a value in a place a template calls the methods of the pointer too.
type view struct {
	box.Box
	at reflect.Value
}

// falsy is a box with a value that is not true: of no length, so that packages
// take it for false.
type falsy []box.Box

func (f falsy) Unbox() box.Box                { return f[:1][0] }
func (f falsy) Format(s fmt.State, verb rune) { f.Unbox().Format(s, verb) }

// valueOf gives the value in a box with its type, and nil for the type of any
// other value.
func valueOf(v reflect.Value) (*box.Type, reflect.Value) {
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	if !v.IsValid() || !v.CanInterface() {
		return nil, v
	}
	switch x := v.Interface().(type) {
	case view:
		if x.at.IsValid() {
			return x.T, x.at
		}
		return x.T, reflect.ValueOf(x.V)
	case box.Boxed:
		b := x.Unbox()
		return b.T, reflect.ValueOf(b.V)
	}
	return nil, v
}

// viewOf is the opposite of valueOf.
func viewOf(t *box.Type, v reflect.Value) reflect.Value {
	if t == nil || t.Plain || t.Kind == reflect.Interface || !v.IsValid() {
		return v
	}
	w := view{Box: box.Box{T: t, V: v.Interface()}}
	if v.CanAddr() {
		w.at = v
	}
	return reflect.ValueOf(w)
}

// boxed is v, of type t, as compiled code and functions of cells want it.
func boxed(t *box.Type, v reflect.Value) reflect.Value {
	if t == nil || t.Plain {
		return v
	}
	return reflect.ValueOf(box.Make(t, v.Interface()))
}

// follow goes through pointers, to a nil one at most.
func follow(t *box.Type, v reflect.Value) (*box.Type, reflect.Value) {
	for t != nil && t.Kind == reflect.Pointer && !v.IsNil() {
		if t, v = t.Elem, v.Elem(); t != nil && t.Plain {
			t = nil
		}
	}
	if t != nil && t.Kind == reflect.Interface {
		return valueOf(v)
	}
	return t, v
}

func isBasic(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Complex128 || k == reflect.String
}

// prints reports whether t has a method by which fmt prints its values.
func prints(t *box.Type) bool {
	return t != nil && (t.Has("Error", "func() string") || t.Has("String", "func() string"))
}

// condOf gives a value whose truth is that of v.
func condOf(v reflect.Value) reflect.Value {
	t, x := valueOf(v)
	if t == nil {
		return v
	}
	b := box.Bare(t, x)
	switch {
	case t.Kind == reflect.Struct:
		return v
	case t.Kind == reflect.Array || t.Kind == reflect.Map || t.Kind == reflect.Slice || t.Kind == reflect.String:
		if b.Len() > 0 {
			return v
		}
	case !b.IsZero():
		return v
	}
	return reflect.ValueOf(falsy([]box.Box{{T: t, V: x.Interface()}}[:0]))
}

// shown gives what is printed of v.
func shown(v reflect.Value) (reflect.Value, error) {
	t, x := valueOf(v)
	if t == nil {
		return v, nil
	}
	t, x = follow(t, x)
	switch {
	case t == nil:
		return x, nil
	case prints(t):
	case x.CanAddr() && prints(t.Ptr()):
		return printed(t.Ptr(), x.Addr()), nil
	case t.Kind == reflect.Chan || t.Kind == reflect.Func:
		return errorf("can't print value of type %s", t)
	}
	return printed(t, x), nil
}

// basicOf opens a value of a basic kind: these are compared by what they are.
func basicOf(v reflect.Value) reflect.Value {
	t, x := valueOf(v)
	switch {
	case t == nil:
		return v
	case isBasic(t.Kind) || t.Kind == reflect.Pointer && x.IsNil():
		return x
	}
	return boxed(t, x)
}

// lenOf is the function len of templates.
func lenOf(v reflect.Value) (int, error) {
	t, x := valueOf(v)
	if t, x = follow(t, x); t != nil {
		x = box.Bare(t, x)
	}
	for t == nil && (x.Kind() == reflect.Pointer || x.Kind() == reflect.Interface) && !x.IsNil() {
		x = x.Elem()
	}
	switch x.Kind() {
	case reflect.Array, reflect.Chan, reflect.Map, reflect.Slice, reflect.String:
		return x.Len(), nil
	case reflect.Pointer, reflect.Interface:
		return 0, fmt.Errorf("len of nil pointer")
	}
	return 0, fmt.Errorf("len of type %s", typeName(t, x))
}

// stringer is a box whose String method is all that counts: html/template would
// write the value as JSON in a script.
type stringer struct{ b box.Box }

func (s stringer) String() string { return fmt.Sprint(s.b) }

// printed is what is printed of x, of type t.
func printed(t *box.Type, x reflect.Value) reflect.Value {
	if t.Has("String", "func() string") && !t.Has("Error", "func() string") && !t.Has("MarshalJSON", "func() ([]uint8, error)") {
		return reflect.ValueOf(stringer{box.Box{T: t, V: x.Interface()}})
	}
	return boxed(t, x)
}

// rangeOver gives what range goes through in v, for n variables.
func rangeOver(n int, v reflect.Value) (reflect.Value, error) {
	t, x := valueOf(v)
	if t == nil {
		return v, nil
	}
	if t, x = follow(t, x); t == nil {
		return x, nil
	}
	x = box.Bare(t, x)
	switch t.Kind {
	case reflect.Slice, reflect.Array:
		out := make([]any, x.Len())
		for i := range out {
			out[i] = element(viewOf(t.Elem, x.Index(i)))
		}
		return reflect.ValueOf(out), nil
	case reflect.Map:
		return rangeMap(n, t, x), nil
	case reflect.Chan:
		if x.IsNil() {
			return reflect.Value{}, nil
		}
		if x.Type().ChanDir() == reflect.SendDir {
			return errorf("range over send-only channel of type %s", t)
		}
		return received(n, t, x), nil
	case reflect.Func:
		return iterated(t, x)
	}
	if x.CanInt() || x.CanUint() {
		if n > 1 {
			return errorf("can't use %v to iterate over more than one variable", x)
		}
		var out []any
		for i := range x.Seq() {
			out = append(out, element(viewOf(t, i)))
		}
		return reflect.ValueOf(out), nil
	}
	return errorf("range can't iterate over value of type %s", t)
}

func element(v reflect.Value) any {
	if !v.IsValid() {
		return nil
	}
	return v.Interface()
}

func rangeMap(n int, t *box.Type, m reflect.Value) reflect.Value {
	keys := m.MapKeys()
	sortKeys(keys)
	if n > 1 {
		return reflect.ValueOf(func(yield func(k, v any) bool) {
			for _, k := range keys {
				if !yield(element(viewOf(t.Key, k)), element(viewOf(t.Elem, m.MapIndex(k)))) {
					return
				}
			}
		})
	}
	out := make([]any, len(keys))
	for i, k := range keys {
		out[i] = element(viewOf(t.Elem, m.MapIndex(k)))
	}
	return reflect.ValueOf(out)
}

func received(n int, t *box.Type, c reflect.Value) reflect.Value {
	if n > 1 {
		return reflect.ValueOf(func(yield func(i, v any) bool) {
			for i := 0; ; i++ {
				if v, ok := c.Recv(); !ok || !yield(i, element(viewOf(t.Elem, v))) {
					return
				}
			}
		})
	}
	return reflect.ValueOf(func(yield func(v any) bool) {
		for {
			if v, ok := c.Recv(); !ok || !yield(element(viewOf(t.Elem, v))) {
				return
			}
		}
	})
}

// iterated is the iterator f with views of what it yields.
func iterated(t *box.Type, f reflect.Value) (reflect.Value, error) {
	if !f.Type().CanSeq() && !f.Type().CanSeq2() || len(t.In) != 1 {
		return errorf("range can't iterate over value of type %s", t)
	}
	of := func(i int, v reflect.Value) any {
		if y := t.In[0]; i < len(y.In) {
			return element(viewOf(y.In[i], v))
		}
		return element(v)
	}
	if f.Type().CanSeq() {
		return reflect.ValueOf(func(yield func(v any) bool) {
			f.Seq()(func(v reflect.Value) bool { return yield(of(0, v)) })
		}), nil
	}
	return reflect.ValueOf(func(yield func(k, v any) bool) {
		f.Seq2()(func(k, v reflect.Value) bool { return yield(of(0, k), of(1, v)) })
	}), nil
}
