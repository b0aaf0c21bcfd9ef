// Package box carries values of types that a cell declares through compiled
// code.
//
// The interpreter represents such a value by its bare structure, without name
// or methods. Whenever one becomes an interface value, it is put in a box with
// a description of its type, so that type switches, comparisons, fmt,
// encoding/json and errors see what the cell wrote. The package knows neither
// the interpreter nor the front end that makes the descriptions.
package box

import (
	"fmt"
	"log/slog"
	"reflect"
	"sync"
)

// Type describes a type in which a type that a cell declared occurs. There is
// one Type for each distinct type, so that pointers compare as types do.
type Type struct {
	Name   string // as fmt's %T prints it: "main.P", "[]*main.P"
	Short  string // the name alone for a declared type ("P"), else empty
	Kind   reflect.Kind
	Elem   *Type // of pointers, slices, arrays, channels and maps
	Key    *Type // of maps
	Fields []Field
	// Plain is set for a type in which no cell type occurs: its values need no box.
	Plain bool
	// Key0 spells a plain type the same for the same type.
	Key0 string
	// Sigs holds the method set: name -> signature, spelled the same for the
	// same signature.
	Sigs map[string]string
	// Iface lists the methods that an interface type asks for.
	Iface []Method
	// In and Out are the parameters and results of a function type, where they
	// were asked for.
	In, Out []*Type

	mu      sync.RWMutex
	ptr     *Type // the pointer to a declared type, when it has more methods
	methods map[string]any
	calls   map[string]*Type
	rep     reflect.Type
}

// Field is a field of a struct type.
type Field struct {
	Name     string
	Type     *Type
	Tag      reflect.StructTag
	Exported bool
	Embedded bool
}

// Method is a method that an interface asks for. Func is its reflect type
// when no cell type occurs in it, else nil.
type Method struct {
	Name, Sig string
	Func      reflect.Type
}

// SetMethod gives the method's current code: a function whose first parameter,
// of type any, is the receiver as it lies in a box.
func (t *Type) SetMethod(name string, fn any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.methods == nil {
		t.methods = map[string]any{}
	}
	t.methods[name] = fn
}

// Method returns the code of a method, or nil.
func (t *Type) Method(name string) any {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.methods[name]
}

// SetCall tells the type of a method as a function.
func (t *Type) SetCall(name string, f *Type) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls == nil {
		t.calls = map[string]*Type{}
	}
	t.calls[name] = f
}

// Call is what SetCall told, or nil.
func (t *Type) Call(name string) *Type {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.calls[name]
}

// SetRep tells how the interpreter represents values of t.
func (t *Type) SetRep(rep reflect.Type) {
	t.mu.Lock()
	t.rep = rep
	t.mu.Unlock()
}

// SetPtr tells the type of a pointer to t, when it has methods that t has not.
func (t *Type) SetPtr(p *Type) {
	t.mu.Lock()
	t.ptr = p
	t.mu.Unlock()
}

// Ptr is the type that SetPtr told, or nil.
func (t *Type) Ptr() *Type {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.ptr
}

// Rep is how the interpreter represents values of t, nil while none was seen.
func (t *Type) Rep() reflect.Type {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.rep
}

// Has reports whether the method set has a method of this signature.
func (t *Type) Has(name, sig string) bool {
	s, ok := t.Sigs[name]
	return ok && s == sig
}

func (t *Type) String() string { return t.Name }

// Box is a value of a type that a cell declared, or one made of such types.
// Two boxes are equal when type and value are.
type Box struct {
	T *Type
	V any
}

// Self is the field of the struct that represents a value of a type that
// contains itself, such as type Tree map[string]Tree.
const Self = "Self__"

// Bare is the map, slice, channel or function that v, of type t, is, or is a
// struct around (see Self).
func Bare(t *Type, v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Struct && t.Kind != reflect.Struct && t.Kind != reflect.Interface && !t.Plain && v.NumField() == 1 && v.Type().Field(0).Name == Self {
		return v.Field(0)
	}
	return v
}

// Boxed is what all kinds of boxes, and the adapters of interfaces, are.
type Boxed interface{ Unbox() Box }

// Unbox returns the box itself.
func (b Box) Unbox() Box { return b }

// Method returns the code of a method of the value's type. It is meant for
// adapters, which call it for methods that the type checker has seen.
func (b Box) Method(name string) any {
	if m := b.T.Method(name); m != nil {
		return m
	}
	panic(fmt.Errorf("internal: no code for method %s of %s", name, b.T))
}

// Of returns what lies in x when it is a box or an adapter around one.
func Of(x any) (Box, bool) {
	if b, ok := x.(Boxed); ok {
		return b.Unbox(), true
	}
	return Box{}, false
}

// Make puts v, as the interpreter represents it, in a box. The result's Go
// type depends on t alone; it has the methods that compiled code looks for in
// any value (Error, Unwrap, Is, As, String) when t has them.
func Make(t *Type, v any) any {
	if t.Plain {
		return v
	}
	b := Box{t, v}
	const none = "func() "
	if t.Has("Error", none+"string") {
		return errorBox(t, b)
	}
	logs := t.Has("LogValue", logValue)
	switch str := t.Has("String", none+"string"); {
	case str && logs:
		return stringerLogger{stringer{b}}
	case str:
		return stringer{b}
	case logs:
		return logger{b}
	}
	return b
}

// Norm brings an interface value to the form in which the interpreter keeps
// it: an adapter becomes the box within.
func Norm(x any) any {
	if b, ok := x.(Boxed); ok {
		u := b.Unbox()
		return Make(u.T, u.V)
	}
	return x
}

type stringer struct{ Box }

func (b stringer) String() string { return b.Method("String").(func(any) string)(b.V) }

type err struct{ Box }

func (b err) Error() string { return b.Method("Error").(func(any) string)(b.V) }

// LogValue makes log/slog write the message, as it does for errors that do not
// marshal themselves.
func (b err) LogValue() slog.Value {
	if b.T.Has("LogValue", logValue) {
		return logger{b.Box}.LogValue()
	}
	return slog.StringValue(b.Error())
}

// logger is a slog.LogValuer.
type logger struct{ Box }

const logValue = "func() log/slog.Value"

func (b logger) LogValue() slog.Value { return b.Method("LogValue").(func(any) slog.Value)(b.V) }

type stringerLogger struct{ stringer }

func (b stringerLogger) LogValue() slog.Value { return logger{b.Box}.LogValue() }

type unwrapper struct{ Box }

func (b unwrapper) Unwrap() error { return b.Method("Unwrap").(func(any) error)(b.V) }

type multiUnwrapper struct{ Box }

func (b multiUnwrapper) Unwrap() []error { return b.Method("Unwrap").(func(any) []error)(b.V) }

type iser struct{ Box }

func (b iser) Is(target error) bool { return b.Method("Is").(func(any, error) bool)(b.V, target) }

type timeouter struct{ Box }

func (b timeouter) Timeout() bool { return b.Method("Timeout").(func(any) bool)(b.V) }

// The combinations of an error's optional methods. Each holds the box once:
// the embedded parts are made anew from it for a call.
type (
	errUnwrap      struct{ err }
	errMulti       struct{ err }
	errIs          struct{ err }
	errUnwrapIs    struct{ err }
	errMultiIs     struct{ err }
	errTimeout     struct{ err }
	errUnwrapTimed struct{ err }
)

func (e errUnwrap) Unwrap() error      { return unwrapper{e.Box}.Unwrap() }
func (e errMulti) Unwrap() []error     { return multiUnwrapper{e.Box}.Unwrap() }
func (e errIs) Is(t error) bool        { return iser{e.Box}.Is(t) }
func (e errUnwrapIs) Unwrap() error    { return unwrapper{e.Box}.Unwrap() }
func (e errUnwrapIs) Is(t error) bool  { return iser{e.Box}.Is(t) }
func (e errMultiIs) Unwrap() []error   { return multiUnwrapper{e.Box}.Unwrap() }
func (e errMultiIs) Is(t error) bool   { return iser{e.Box}.Is(t) }
func (e errTimeout) Timeout() bool     { return timeouter{e.Box}.Timeout() }
func (e errUnwrapTimed) Unwrap() error { return unwrapper{e.Box}.Unwrap() }
func (e errUnwrapTimed) Timeout() bool { return timeouter{e.Box}.Timeout() }

func errorBox(t *Type, b Box) any {
	unwrap := t.Has("Unwrap", "func() error")
	multi := t.Has("Unwrap", "func() []error")
	is := t.Has("Is", "func(error) bool")
	timeout := t.Has("Timeout", "func() bool")
	switch e := (err{b}); {
	case unwrap && is:
		return errUnwrapIs{e}
	case multi && is:
		return errMultiIs{e}
	case unwrap && timeout:
		return errUnwrapTimed{e}
	case unwrap:
		return errUnwrap{e}
	case multi:
		return errMulti{e}
	case is:
		return errIs{e}
	case timeout:
		return errTimeout{e}
	default:
		return e
	}
}
