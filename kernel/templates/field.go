package templates

import (
	"fmt"
	"go/ast"
	"reflect"
	"strings"

	"divvy/kernel/symbols/box"
)

// field is what names with dots between them select in a value one after the
// other. The last one has the arguments.
func (e Env) field(missing int, from reflect.Value, names string, args ...reflect.Value) (v reflect.Value, err error) {
	for name, rest, more := strings.Cut(names, "."); ; name, rest, more = strings.Cut(rest, ".") {
		if !more {
			return e.member(missing, from, name, args)
		}
		if from, err = e.member(missing, from, name, nil); err != nil {
			return from, err
		}
	}
}

// member is what a name selects: a method, which is called, a field of a struct
// or a key of a map.
func (e Env) member(missing int, from reflect.Value, name string, args []reflect.Value) (reflect.Value, error) {
	t, v := valueOf(from)
	if t == nil {
		return e.plainField(missing, from, name, args)
	}
	if t.Kind == reflect.Pointer && v.IsNil() {
		if _, ok := t.Elem.Sigs[name]; ok && ast.IsExported(name) {
			return errorf("error calling %s: value method %s.%s called using nil *%s pointer", name, t.Elem, name, t.Elem.Short)
		}
	}
	if m, recv := methodOf(t, v, name); m != nil {
		return e.callFunc(name, m.calls, reflect.ValueOf(m.code), args, recv)
	}
	top := t
	if t, v = follow(t, v); t == nil {
		return e.plainField(missing, v, name, args)
	}
	if m, recv := methodOf(t, v, name); m != nil {
		return e.callFunc(name, m.calls, reflect.ValueOf(m.code), args, recv)
	}
	switch v = box.Bare(t, v); t.Kind {
	case reflect.Struct:
		f, ft, found, err := fieldOf(top, t, v, name)
		if err != nil {
			return errorf("%v", err)
		}
		if !found {
			break
		}
		if len(args) > 0 {
			return errorf("%s has arguments but cannot be invoked as function", name)
		}
		return viewOf(ft, f), nil
	case reflect.Map:
		if !reflect.TypeFor[string]().AssignableTo(v.Type().Key()) || !t.Key.Plain {
			break
		}
		return mapKey(missing, t.Elem, v, name, args)
	case reflect.Pointer: // nil
		if s := t.Elem; s.Kind == reflect.Struct {
			if _, _, found, _ := fieldOf(top, s, reflect.New(v.Type().Elem()).Elem(), name); !found {
				break
			}
		}
		return errorf("nil pointer evaluating %s.%s", top, name)
	}
	return errorf("can't evaluate field %s in type %s", name, top)
}

// mapKey is the element of a map with a key that a template names.
func mapKey(missing int, elem *box.Type, m reflect.Value, name string, args []reflect.Value) (reflect.Value, error) {
	if len(args) > 0 {
		return errorf("%s is not a method but has arguments", name)
	}
	v := m.MapIndex(reflect.ValueOf(name))
	switch {
	case v.IsValid():
	case missing == missingZero:
		v = reflect.Zero(m.Type().Elem())
	case missing == missingError:
		return errorf("map has no entry for key %q", name)
	default:
		return reflect.Value{}, nil
	}
	return viewOf(elem, v), nil
}

// method is a method of a cell's type.
type method struct {
	code  any
	calls *box.Type
}

// methodOf finds a method of a value, or of the pointer to it, and its receiver.
func methodOf(t *box.Type, v reflect.Value, name string) (*method, reflect.Value) {
	if !ast.IsExported(name) {
		return nil, v
	}
	if p := t.Ptr(); p != nil && v.CanAddr() {
		if _, ok := p.Sigs[name]; ok {
			return &method{p.Method(name), p.Call(name)}, v.Addr()
		}
	}
	if _, ok := t.Sigs[name]; ok && t.Kind != reflect.Interface {
		return &method{t.Method(name), t.Call(name)}, v
	}
	return nil, v
}

// fieldOf finds a field of a struct, through those that it embeds.
func fieldOf(top, t *box.Type, v reflect.Value, name string) (f reflect.Value, ft *box.Type, found bool, err error) {
	type at struct {
		t   *box.Type
		v   reflect.Value
		nil string // the embedded type that a nil pointer was to
	}
	for level := []at{{t, v, ""}}; len(level) > 0; {
		var next []at
		n := 0
		for _, s := range level {
			for i, d := range s.t.Fields {
				var x reflect.Value
				if s.v.IsValid() {
					x = s.v.Field(i)
				}
				switch {
				case d.Name == name:
					n++
					f, ft = x, d.Type
					if !d.Exported {
						err = fmt.Errorf("%s is an unexported field of struct type %s", name, top)
					} else if !x.IsValid() {
						err = fmt.Errorf("reflect: indirection through nil pointer to embedded struct field %s", s.nil)
					}
				case d.Embedded:
					et := d.Type
					if et.Kind == reflect.Pointer && et.Elem != nil {
						if et = et.Elem; x.IsValid() {
							x = x.Elem()
						}
					}
					if et.Plain && x.IsValid() { // of compiled code
						for x.Kind() == reflect.Pointer && !x.IsNil() {
							x = x.Elem()
						}
						if x.Kind() == reflect.Struct {
							if y := x.FieldByName(name); y.IsValid() && ast.IsExported(name) {
								next = append(next, at{&box.Type{Fields: []box.Field{{Name: name, Exported: true, Type: &box.Type{Plain: true}}}}, oneField(y), ""})
							}
						}
						continue
					}
					if et.Kind == reflect.Struct && len(level) < 64 {
						down := at{et, x, s.nil}
						if !x.IsValid() && down.nil == "" {
							down.nil = et.Short
						}
						next = append(next, down)
					}
				}
			}
		}
		switch {
		case n == 1:
			return f, ft, true, err
		case n > 1:
			return f, ft, false, nil
		}
		level = next
	}
	return f, nil, false, nil
}

// oneField is a struct with y as its field.
func oneField(y reflect.Value) reflect.Value {
	s := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "F", Type: y.Type()}})).Elem()
	s.Field(0).Set(y)
	return s
}

// plainField is field for values that are no cell's, as text/template has it.
func (e Env) plainField(missing int, v reflect.Value, name string, args []reflect.Value) (reflect.Value, error) {
	if !v.IsValid() {
		if missing == missingError {
			return errorf("nil data; no entry for key %q", name)
		}
		return reflect.Value{}, nil
	}
	top, isNil := v, false
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		if isNil = v.IsNil(); isNil {
			break
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Interface {
		return errorf("nil pointer evaluating %s.%s", top.Type(), name)
	}
	ptr := v
	if v.Kind() != reflect.Pointer && v.CanAddr() {
		ptr = v.Addr()
	}
	if m := ptr.MethodByName(name); m.IsValid() {
		return e.callFunc(name, nil, m, args)
	}
	switch v.Kind() {
	case reflect.Struct:
		sf, ok := v.Type().FieldByName(name)
		if !ok {
			break
		}
		f, err := v.FieldByIndexErr(sf.Index)
		switch {
		case !sf.IsExported():
			return errorf("%s is an unexported field of struct type %s", name, top.Type())
		case err != nil:
			return errorf("%v", err)
		case len(args) > 0:
			return errorf("%s has arguments but cannot be invoked as function", name)
		}
		return f, nil
	case reflect.Map:
		if reflect.TypeFor[string]().AssignableTo(v.Type().Key()) {
			return mapKey(missing, nil, v, name, args)
		}
	case reflect.Pointer:
		if s := v.Type().Elem(); s.Kind() == reflect.Struct {
			if _, ok := s.FieldByName(name); !ok {
				break
			}
		}
		return errorf("nil pointer evaluating %s.%s", top.Type(), name)
	}
	return errorf("can't evaluate field %s in type %s", name, top.Type())
}
