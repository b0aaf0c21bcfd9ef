package interp

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"unsafe"
)

// A closure that a variable holds, or a goroutine that runs on, calls functions
// as they were when it was made. When such a function is declared again with the
// same type, its former versions are led to the new one, as in Python and where
// functions are variables. yaegi calls in a function's place what is in the rval
// of its node, so that nothing else gets slower.

// redirection is where calls of a function's former versions go.
type redirection struct {
	sig     string
	current atomic.Pointer[reflect.Value]
	via     reflect.Value // a function that calls the current version
}

// redirect leads the version old of a function to fn, its current version.
func (s *engine) redirect(key, sig, old string, fn any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := reflect.ValueOf(fn)
	to := s.redirected[key]
	if to == nil || to.sig != sig || to.via.Type() != f.Type() {
		to = &redirection{sig: sig}
		to.via = reflect.MakeFunc(f.Type(), func(in []reflect.Value) []reflect.Value {
			if f := *to.current.Load(); f.Type().IsVariadic() {
				return f.CallSlice(in)
			} else {
				return f.Call(in)
			}
		})
		s.redirected[key] = to
	}
	to.current.Store(&f)
	s.keep.lead(old, to.via)
}

// lead makes the calls of a function of the package go to another one.
func (k *keeper) lead(name string, to reflect.Value) {
	_, symbols := k.scope()
	if !symbols.IsValid() {
		return
	}
	sym := symbols.MapIndex(reflect.ValueOf(name))
	if !sym.IsValid() || sym.IsNil() {
		return
	}
	if n := *(*node)(unsafe.Add(sym.UnsafePointer(), k.symNode)); n != nil {
		*(*reflect.Value)(unsafe.Add(n, k.rval)) = to
	}
}

// places finds in a symbol and in a node what lead needs.
func (k *keeper) places(symbol reflect.Type) error {
	n, ok := symbol.FieldByName("node")
	if !ok || n.Type.Kind() != reflect.Pointer {
		return fmt.Errorf("yaegi: this version has no node in %s", symbol)
	}
	v, ok := n.Type.Elem().FieldByName("rval")
	if !ok || v.Type != reflect.TypeFor[reflect.Value]() {
		return fmt.Errorf("yaegi: this version has no rval in %s", n.Type)
	}
	k.symNode, k.rval = n.Offset, v.Offset
	return nil
}
