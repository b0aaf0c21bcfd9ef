package interp

import (
	"cmp"
	"iter"
	"maps"
	"math/rand/v2"
	"reflect"
	goruntime "runtime"
	"slices"
	"sync"
	"unsafe"
	"weak"

	"divvy/kernel/symbols/box"
)

// A shim does by reflection what a generic function of the standard library
// does: out are the places of its results, a its arguments.
type shim func(out, a []reflect.Value)

var shims = func() map[string]shim {
	m := map[string]shim{}
	maps.Copy(m, sliceShims)
	maps.Copy(m, mapShims)
	maps.Copy(m, otherShims)
	return m
}()

func hasShim(key string) bool { return shims[key] != nil }

func callShim(key string, out []any, args ...any) {
	o := make([]reflect.Value, len(out))
	for i, p := range out {
		o[i] = reflect.ValueOf(p).Elem()
	}
	a := make([]reflect.Value, len(args))
	for i, x := range args {
		a[i] = reflect.ValueOf(x)
	}
	shims[key](o, a)
}

// as gives v, an argument of which the static type was lost when it is an
// interface, as a value of type t.
func as(v reflect.Value, t reflect.Type) reflect.Value {
	if !v.IsValid() {
		return reflect.Zero(t)
	}
	if t.Kind() == reflect.Interface && v.Type() != t {
		p := reflect.New(t).Elem()
		p.Set(v)
		return p
	}
	return v
}

// bare is the slice that v is, or is a struct around (see box.Self).
func bare(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Struct {
		return v.Field(0)
	}
	return v
}

// same reports v == w for values of one type.
func same(v, w reflect.Value) bool {
	if v.Kind() == reflect.Interface || w.Kind() == reflect.Interface {
		var x, y any
		if v.IsValid() {
			x = v.Interface()
		}
		if w.IsValid() {
			y = w.Interface()
		}
		return equal(x, y)
	}
	return v.Equal(w)
}

func compare(v, w reflect.Value) int {
	switch {
	case v.CanFloat():
		return cmp.Compare(v.Float(), w.Float())
	default:
		return box.Compare(v, w)
	}
}

func callInt(f reflect.Value, a ...reflect.Value) int {
	n := int(f.Call(a)[0].Int())
	stopIfInterrupted()
	return n
}

func callBool(f reflect.Value, a ...reflect.Value) bool {
	b := f.Call(a)[0].Bool()
	stopIfInterrupted()
	return b
}

// each runs an iterator of any type; it stops when yield gives false.
func each(seq reflect.Value, yield func(v []reflect.Value) bool) {
	yt := seq.Type().In(0)
	seq.Call([]reflect.Value{reflect.MakeFunc(yt, func(a []reflect.Value) []reflect.Value {
		return []reflect.Value{reflect.ValueOf(yield(a))}
	})})
}

// seqOf makes an iterator of type t.
func seqOf(t reflect.Type, run func(yield func(v ...reflect.Value) bool)) reflect.Value {
	return reflect.MakeFunc(t, func(a []reflect.Value) []reflect.Value {
		run(func(v ...reflect.Value) bool { return a[0].Call(v)[0].Bool() })
		return nil
	})
}

func setInt(out []reflect.Value, n int)   { out[0].SetInt(int64(n)) }
func setBool(out []reflect.Value, b bool) { out[0].SetBool(b) }

var otherShims = map[string]shim{
	"cmp.Compare": func(out, a []reflect.Value) { setInt(out, compare(a[0], a[1])) },
	"cmp.Less":    func(out, a []reflect.Value) { setBool(out, compare(a[0], a[1]) < 0) },
	"cmp.Or": func(out, a []reflect.Value) {
		for i := range a[0].Len() {
			if v := a[0].Index(i); !v.IsZero() {
				out[0].Set(v)
				return
			}
		}
	},
	"sync.OnceValue": func(out, a []reflect.Value) {
		f := a[0]
		once := sync.OnceValue(func() []reflect.Value { return f.Call(nil) })
		out[0].Set(reflect.MakeFunc(out[0].Type(), func([]reflect.Value) []reflect.Value { return once() }))
	},
	"sync.OnceValues": func(out, a []reflect.Value) {
		f := a[0]
		once := sync.OnceValue(func() []reflect.Value { return f.Call(nil) })
		out[0].Set(reflect.MakeFunc(out[0].Type(), func([]reflect.Value) []reflect.Value { return once() }))
	},
	"unique.Make": func(out, a []reflect.Value) { out[0].Set(reflect.ValueOf(handle{a[0].Interface()})) },
	"weak.Make":   func(out, a []reflect.Value) { out[0].Set(reflect.ValueOf(makeWeak(a[0]))) },
	"runtime.AddCleanup": func(out, a []reflect.Value) {
		f, arg := a[1], as(a[2], a[1].Type().In(0))
		out[0].Set(reflect.ValueOf(goruntime.AddCleanup((*byte)(a[0].UnsafePointer()), func(arg reflect.Value) { f.Call([]reflect.Value{arg}) }, arg)))
	},
	"iter.Pull":  pull,
	"iter.Pull2": pull,
	"math/rand/v2.N": func(out, a []reflect.Value) {
		if a[0].CanInt() {
			out[0].SetInt(rand.Int64N(a[0].Int()))
		} else {
			out[0].SetUint(rand.Uint64N(a[0].Uint()))
		}
	},
}

// handle stands for unique.Handle of any type.
type handle struct{ v any }

// Value is what the handle was made of.
func (h *handle) Value() any { return h.v }

// weakPointer stands for weak.Pointer of any type.
type weakPointer struct {
	p weak.Pointer[byte]
	t reflect.Type // of what it points to
}

func makeWeak(p reflect.Value) (w weakPointer) {
	if !p.IsNil() {
		w = weakPointer{weak.Make((*byte)(p.UnsafePointer())), p.Type().Elem()}
	}
	return w
}

// Value is the pointer, nil when what it points to is no more.
func (w *weakPointer) Value() any {
	p := w.p.Value()
	if p == nil {
		return nil
	}
	return reflect.NewAt(w.t, unsafe.Pointer(p)).Interface()
}

func pull(out, a []reflect.Value) {
	seq := a[0]
	nt := out[0].Type()
	next, stop := iter.Pull(func(yield func([]reflect.Value) bool) {
		each(seq, func(v []reflect.Value) bool { return yield(slices.Clone(v)) })
	})
	out[0].Set(reflect.MakeFunc(nt, func([]reflect.Value) []reflect.Value {
		v, ok := next()
		if !ok {
			for i := range nt.NumOut() - 1 {
				v = append(v, reflect.Zero(nt.Out(i)))
			}
		}
		return append(v, reflect.ValueOf(ok))
	}))
	out[1].Set(reflect.ValueOf(stop))
}
