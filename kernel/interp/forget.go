package interp

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	yaegi "github.com/traefik/yaegi/interp"
)

// yaegi keeps the syntax of all that it ever ran: in a list for its debugger,
// as child scopes of the package, and as symbols. A session would grow by 15 KB
// with each cell. The keeper drops what no later cell can name.
type keeper struct {
	roots reflect.Value // []*node
	scope func() (children, symbols reflect.Value)

	symNode, rval uintptr // see lead
}

// newKeeper finds yaegi's private fields by name; a version without them is
// refused, as it would grow without bound.
func newKeeper(y *yaegi.Interpreter) (*keeper, error) {
	v := reflect.ValueOf(y).Elem()
	field := func(v reflect.Value, name string, kind reflect.Kind) (reflect.Value, error) {
		f := v.FieldByName(name)
		if !f.IsValid() || f.Kind() != kind {
			return f, fmt.Errorf("yaegi: this version has no %s %s in %s", kind, name, v.Type())
		}
		// The field is not exported; its address makes it usable.
		return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem(), nil
	}
	roots, err := field(v, "roots", reflect.Slice)
	if err != nil {
		return nil, err
	}
	scopes, err := field(v, "scopes", reflect.Map)
	if err != nil {
		return nil, err
	}
	st := scopes.Type().Elem()
	if st.Kind() != reflect.Pointer {
		return nil, fmt.Errorf("yaegi: scopes are %s", st)
	}
	for name, kind := range map[string]reflect.Kind{"child": reflect.Slice, "sym": reflect.Map} {
		if _, err := field(reflect.New(st.Elem()).Elem(), name, kind); err != nil {
			return nil, err
		}
	}
	k := &keeper{roots: roots}
	sym, _ := st.Elem().FieldByName("sym")
	if sym.Type.Elem().Kind() != reflect.Pointer {
		return nil, fmt.Errorf("yaegi: symbols are %s", sym.Type.Elem())
	}
	k.scope = func() (children, symbols reflect.Value) {
		sc := scopes.MapIndex(reflect.ValueOf("main"))
		if !sc.IsValid() || sc.IsNil() {
			return reflect.Value{}, reflect.Value{}
		}
		children, _ = field(sc.Elem(), "child", reflect.Slice)
		symbols, _ = field(sc.Elem(), "sym", reflect.Map)
		return children, symbols
	}
	return k, k.places(sym.Type.Elem().Elem())
}

// forget drops syntax that is only kept for a debugger, and the functions of
// these names.
func (k *keeper) forget(names []string) {
	k.roots.SetZero()
	children, symbols := k.scope()
	if !children.IsValid() {
		return
	}
	children.SetZero()
	for _, n := range names {
		symbols.SetMapIndex(reflect.ValueOf(n), reflect.Value{})
	}
}

// stale lists the internal functions that nothing can call any more: that of
// the cell, and those of declarations that were made again.
func (s *engine) stale(u *unit) []string {
	var names []string
	if u.cellFn != "" {
		names = append(names, u.cellFn)
	}
	for _, n := range u.replaced {
		if !strings.Contains(n, ".") {
			names = append(names, n)
		}
	}
	return names
}
