package interp

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"divvy/kernel/symbols"
	"divvy/kernel/symbols/box"
)

// matches reports whether the dynamic type of x is t, or implements t.
// Interfaces of compiled code are told by rep.
func matches(x any, t *box.Type, rep reflect.Type) (ok bool, missing string) {
	if x == nil {
		return false, ""
	}
	b, boxed := box.Of(x)
	if t.Kind != reflect.Interface {
		switch {
		case !t.Plain:
			return boxed && b.T == t, ""
		case boxed:
			return false, ""
		case rep != nil:
			return reflect.TypeOf(x) == rep, ""
		}
		return reflectKey(reflect.TypeOf(x)) == t.Key0, ""
	}
	for _, m := range t.Iface {
		if boxed && !b.T.Has(m.Name, m.Sig) || !boxed && !hasMethod(reflect.TypeOf(x), m) {
			return false, m.Name
		}
	}
	return true, ""
}

func hasMethod(t reflect.Type, m box.Method) bool {
	rm, ok := t.MethodByName(m.Name)
	if !ok {
		return false
	}
	return methodKey(rm.Type, t.Kind() != reflect.Interface) == m.Sig
}

// as stores x where p points when its type is type number id.
func (r *runtime) as(x any, id int, p any) bool {
	t := r.types[id]
	dst := reflect.ValueOf(p).Elem()
	if ok, _ := matches(x, t, dst.Type()); !ok {
		return false
	}
	r.store(x, t, dst)
	return true
}

func (r *runtime) store(x any, t *box.Type, dst reflect.Value) {
	switch {
	case t.Kind != reflect.Interface:
		dst.Set(reflect.ValueOf(open(x)))
	case dst.NumMethod() == 0:
		dst.Set(reflect.ValueOf(box.Norm(x)))
	default:
		dst.Set(adapt(x, dst.Type()))
	}
}

func (r *runtime) must(x any, id int, src string, p any) {
	t := r.types[id]
	dst := reflect.ValueOf(p).Elem()
	ok, missing := matches(x, t, dst.Type())
	switch {
	case ok:
		r.store(x, t, dst)
	case x == nil && t.Kind == reflect.Interface:
		panic(assertionError("interface conversion: interface is nil, not " + t.Name))
	case x == nil:
		panic(assertionError("interface conversion: " + src + " is nil, not " + t.Name))
	case missing != "":
		panic(assertionError("interface conversion: " + dynamicName(x) + " is not " + t.Name + ": missing method " + missing))
	default:
		panic(assertionError("interface conversion: " + src + " is " + dynamicName(x) + ", not " + t.Name))
	}
}

func dynamicName(x any) string {
	if b, ok := box.Of(x); ok {
		return b.T.Name
	}
	return reflect.TypeOf(x).String()
}

// which returns the index of the first type that x has, or -1; the type
// number -1 stands for nil.
func (r *runtime) which(x any, ids ...int) int {
	for i, id := range ids {
		if id < 0 {
			if x == nil {
				return i
			}
			continue
		}
		if ok, _ := matches(x, r.types[id], nil); ok {
			return i
		}
	}
	return -1
}

// to stores x, an interface value as the interpreter keeps it, in the
// interface of compiled code to which p points.
func to(x, p any) {
	if x == nil {
		return
	}
	dst := reflect.ValueOf(p).Elem()
	dst.Set(adapt(x, dst.Type()))
}

var adapters sync.Map // reflect.Type of an interface -> func(box.Box) any

// adapt gives x as a value that implements interface t.
func adapt(x any, t reflect.Type) reflect.Value {
	b, boxed := box.Of(x)
	if !boxed || t == errorType {
		return reflect.ValueOf(x)
	}
	fn, ok := adapters.Load(t)
	if !ok {
		v := symbols.Table(t.PkgPath())["_"+t.Name()]
		if !v.IsValid() {
			panic(fmt.Errorf("a value of type %s cannot be seen as %s by compiled code", b.T, t))
		}
		fn = v.Interface()
		adapters.Store(t, fn)
	}
	return reflect.ValueOf(fn.(func(box.Box) any)(b))
}

var errorType = reflect.TypeFor[error]()

// errorsAs is errors.As for targets and errors of cells' types too.
func (r *runtime) errorsAs(err error, target any) bool {
	if err == nil {
		return false
	}
	t, boxed := box.Of(target)
	ptr := target
	if boxed {
		ptr = t.V
	}
	dst := reflect.ValueOf(ptr)
	if dst.Kind() != reflect.Pointer || dst.IsNil() {
		panic("errors: target must be a non-nil pointer")
	}
	dst = dst.Elem()
	var found func(e error) bool
	found = func(e error) bool {
		b, isBox := box.Of(e)
		switch {
		case boxed:
			if ok, _ := matches(e, t.T.Elem, dst.Type()); ok {
				r.store(e, t.T.Elem, dst)
				return true
			}
		case !isBox && reflect.TypeOf(e).AssignableTo(dst.Type()):
			dst.Set(reflect.ValueOf(e))
			return true
		case isBox && dst.Kind() == reflect.Interface && implements(b.T, dst.Type()):
			dst.Set(adapt(e, dst.Type()))
			return true
		}
		if isBox && b.T.Has("As", "func(interface{}) bool") && b.Method("As").(func(any, any) bool)(b.V, target) {
			return true
		}
		if x, ok := e.(interface{ As(any) bool }); ok && x.As(target) {
			return true
		}
		switch x := e.(type) {
		case interface{ Unwrap() error }:
			if u := x.Unwrap(); u != nil {
				return found(u)
			}
		case interface{ Unwrap() []error }:
			for _, u := range x.Unwrap() {
				if u != nil && found(u) {
					return true
				}
			}
		}
		return false
	}
	if !boxed && dst.Kind() != reflect.Interface && !dst.Type().Implements(errorType) {
		return errors.As(err, target) // panics with Go's own message
	}
	return found(err)
}

// implements reports whether a cell's type implements an interface of
// compiled code.
func implements(t *box.Type, iface reflect.Type) bool {
	for i := range iface.NumMethod() {
		m := iface.Method(i)
		if !t.Has(m.Name, methodKey(m.Type, false)) {
			return false
		}
	}
	return true
}

// methodKey spells a method's signature as the lowerer's key does.
func methodKey(t reflect.Type, receiver bool) string {
	var b strings.Builder
	writeSig(&b, t, receiver)
	return b.String()
}

var reflectKeys sync.Map // reflect.Type -> string

func reflectKey(t reflect.Type) string {
	if k, ok := reflectKeys.Load(t); ok {
		return k.(string)
	}
	var b strings.Builder
	writeReflectKey(&b, t)
	reflectKeys.Store(t, b.String())
	return b.String()
}

func writeSig(b *strings.Builder, t reflect.Type, receiver bool) {
	b.WriteString("func(")
	from := 0
	if receiver {
		from = 1
	}
	for i := from; i < t.NumIn(); i++ {
		if i > from {
			b.WriteString(", ")
		}
		if t.IsVariadic() && i == t.NumIn()-1 {
			b.WriteString("...")
			writeReflectKey(b, t.In(i).Elem())
			continue
		}
		writeReflectKey(b, t.In(i))
	}
	b.WriteString(")")
	switch t.NumOut() {
	case 0:
	case 1:
		b.WriteString(" ")
		writeReflectKey(b, t.Out(0))
	default:
		b.WriteString(" (")
		for i := range t.NumOut() {
			if i > 0 {
				b.WriteString(", ")
			}
			writeReflectKey(b, t.Out(i))
		}
		b.WriteString(")")
	}
}

// writeReflectKey is the lowerer's writeKey for types of compiled code.
func writeReflectKey(b *strings.Builder, t reflect.Type) {
	if t.Name() != "" {
		if t.PkgPath() != "" {
			b.WriteString(t.PkgPath() + ".")
		}
		b.WriteString(t.Name())
		return
	}
	elem := func(prefix string, t reflect.Type) {
		b.WriteString(prefix)
		writeReflectKey(b, t)
	}
	switch t.Kind() {
	case reflect.Pointer:
		elem("*", t.Elem())
	case reflect.Slice:
		elem("[]", t.Elem())
	case reflect.Array:
		elem(fmt.Sprintf("[%d]", t.Len()), t.Elem())
	case reflect.Map:
		elem("map[", t.Key())
		elem("]", t.Elem())
	case reflect.Chan:
		elem(map[reflect.ChanDir]string{reflect.BothDir: "chan ", reflect.SendDir: "chan<- ", reflect.RecvDir: "<-chan "}[t.ChanDir()], t.Elem())
	case reflect.Func:
		writeSig(b, t, false)
	case reflect.Struct:
		b.WriteString("struct{")
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Anonymous {
				b.WriteString("!")
			}
			elem(f.Name+" ", f.Type)
			fmt.Fprintf(b, " %q;", string(f.Tag))
		}
		b.WriteString("}")
	case reflect.Interface:
		b.WriteString("interface{")
		for i := range t.NumMethod() {
			b.WriteString(t.Method(i).Name)
			writeSig(b, t.Method(i).Type, false)
			b.WriteString(";")
		}
		b.WriteString("}")
	}
}
