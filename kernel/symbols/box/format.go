package box

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Format implements fmt.Formatter: it prints what compiled Go would print.
func (b Box) Format(s fmt.State, verb rune) {
	p := printer{state: s, verb: verb, plus: s.Flag('+'), sharp: s.Flag('#')}
	if verb == 'v' && (p.plus || p.sharp) || verb == 'v' {
		p.leaf = fmt.FormatString(s, 'v')
	} else {
		p.leaf = fmt.FormatString(s, verb)
	}
	p.value(b.T, reflect.ValueOf(b.V), 0, true)
	s.Write(p.buf.Bytes())
}

// Sprint writes a value as %v does.
func Sprint(t *Type, v reflect.Value) string {
	p := printer{verb: 'v', leaf: "%v"}
	p.value(t, v, 0, true)
	return p.buf.String()
}

type printer struct {
	state       fmt.State
	verb        rune
	plus, sharp bool
	leaf        string // the directive for a leaf
	buf         bytes.Buffer
}

func (p *printer) ws(s string) { p.buf.WriteString(s) }

// value prints v of type t. Methods are only called where fmt could reach
// them: not below an unexported field.
func (p *printer) value(t *Type, v reflect.Value, depth int, reachable bool) {
	for v.IsValid() && v.Kind() == reflect.Interface && t.Kind != reflect.Interface {
		v = v.Elem()
	}
	if t.Kind == reflect.Interface {
		p.iface(t, v, depth, reachable)
		return
	}
	if t.Plain || !v.IsValid() {
		p.plain(t, v, depth, reachable)
		return
	}
	if reachable && p.methods(t, v) {
		return
	}
	v = Bare(t, v)
	switch t.Kind {
	case reflect.Struct:
		p.open(t, "{")
		for i, f := range t.Fields {
			p.sep(i)
			if p.plus || p.sharp {
				p.ws(f.Name + ":")
			}
			p.value(f.Type, v.Field(i), depth+1, reachable && f.Exported)
		}
		p.ws("}")
	case reflect.Slice, reflect.Array:
		p.list(t, v, depth, reachable)
	case reflect.Map:
		p.mapping(t, v, depth, reachable)
	case reflect.Pointer:
		if depth == 0 && !v.IsNil() && p.composite(t.Elem) {
			p.ws("&")
			p.value(t.Elem, v.Elem(), depth+1, reachable)
			return
		}
		p.pointer(t, v, depth)
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		p.pointer(t, v, depth)
	default:
		p.basic(t, v)
	}
}

func (p *printer) composite(t *Type) bool {
	switch t.Kind {
	case reflect.Struct, reflect.Slice, reflect.Array, reflect.Map:
		return true
	}
	return false
}

func (p *printer) sep(i int) {
	if i == 0 {
		return
	}
	if p.sharp && p.verb == 'v' {
		p.ws(", ")
	} else {
		p.ws(" ")
	}
}

// open begins a composite value: Go syntax names the type first.
func (p *printer) open(t *Type, bracket string) {
	if p.sharp && p.verb == 'v' {
		p.ws(t.Name)
	}
	p.ws(bracket)
}

func (p *printer) list(t *Type, v reflect.Value, depth int, reachable bool) {
	if t.Elem.Kind == reflect.Uint8 && t.Elem.Plain && p.verb != 'v' {
		p.printf(p.leaf, v.Bytes())
		return
	}
	sharp := p.sharp && p.verb == 'v'
	if sharp && t.Kind == reflect.Slice && v.IsNil() {
		p.ws(t.Name + "(nil)")
		return
	}
	if sharp {
		p.ws(t.Name + "{")
	} else {
		p.ws("[")
	}
	for i := range v.Len() {
		p.sep(i)
		p.value(t.Elem, v.Index(i), depth+1, reachable)
	}
	if sharp {
		p.ws("}")
	} else {
		p.ws("]")
	}
}

func (p *printer) mapping(t *Type, v reflect.Value, depth int, reachable bool) {
	sharp := p.sharp && p.verb == 'v'
	switch {
	case sharp && v.IsNil():
		p.ws(t.Name + "(nil)")
		return
	case sharp:
		p.ws(t.Name + "{")
	default:
		p.ws("map[")
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, Compare)
	for i, k := range keys {
		p.sep(i)
		p.value(t.Key, k, depth+1, reachable)
		p.ws(":")
		p.value(t.Elem, v.MapIndex(k), depth+1, reachable)
	}
	if sharp {
		p.ws("}")
	} else {
		p.ws("]")
	}
}

func (p *printer) pointer(t *Type, v reflect.Value, depth int) {
	switch {
	case p.verb != 'v':
		p.printf(p.leaf, v.Interface())
	case p.sharp && v.IsNil():
		p.ws("(" + t.Name + ")(nil)")
	case p.sharp:
		p.ws("(" + t.Name + ")(0x" + strconv.FormatUint(uint64(v.Pointer()), 16) + ")")
	case v.IsNil():
		p.pad("<nil>")
	default:
		p.pad("0x" + strconv.FormatUint(uint64(v.Pointer()), 16))
	}
}

// pad writes s with the width that was asked for.
func (p *printer) pad(s string) {
	if p.state == nil {
		p.ws(s)
		return
	}
	if w, ok := p.state.Width(); ok {
		f := "%*s"
		if p.state.Flag('-') {
			f = "%-*s"
		}
		fmt.Fprintf(&p.buf, f, w, s)
		return
	}
	p.ws(s)
}

func (p *printer) printf(format string, a ...any) { fmt.Fprintf(&p.buf, format, a...) }

// basic prints a number, a string or a boolean of a declared type.
func (p *printer) basic(t *Type, v reflect.Value) {
	if !verbFits(p.verb, v.Kind()) {
		p.ws("%!" + string(p.verb) + "(" + t.Name + "=")
		p.printf("%v", basicOf(v))
		p.ws(")")
		return
	}
	p.printf(p.leaf, basicOf(v))
}

// verbFits reports whether fmt prints a value of this kind with a verb.
func verbFits(verb rune, k reflect.Kind) bool {
	verbs := "vbcdoOqxXU"
	switch k {
	case reflect.Bool:
		verbs = "vt"
	case reflect.String:
		verbs = "vsxXq"
	case reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		verbs = "vbgGxXfFeE"
	}
	return strings.ContainsRune(verbs, verb)
}

// basicOf returns v as its predeclared type, also from an unexported field.
func basicOf(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if v.Kind() == reflect.Uint8 {
			return uint8(v.Uint())
		}
		return v.Uint()
	case reflect.Float32:
		return float32(v.Float())
	case reflect.Float64:
		return v.Float()
	case reflect.Complex64:
		return complex64(v.Complex())
	case reflect.Complex128:
		return v.Complex()
	}
	return v.Interface()
}

func (p *printer) plain(t *Type, v reflect.Value, depth int, reachable bool) {
	switch {
	case !v.IsValid():
		if p.verb == 'v' {
			p.pad("<nil>")
		} else {
			p.ws("%!" + string(p.verb) + "(<nil>)")
		}
	case depth > 0 && v.Kind() == reflect.Pointer && v.IsNil() && !p.sharp && p.verb == 'v':
		p.pad("<nil>")
	case depth > 0 && v.Kind() == reflect.Pointer && p.verb == 'v' && !(reachable && hasText(v)):
		// Below the top fmt prints pointers as addresses.
		p.pointer(t, v, depth)
	case v.CanInterface() && reachable:
		p.printf(p.leaf, v.Interface())
	case holdsInterface(v.Type(), nil): // and perhaps boxes, which fmt would take for structs
		p.value(walked(v.Type(), map[reflect.Type]*Type{}), v, depth, false)
	case v.CanInterface():
		p.printf(p.leaf, readOnly(v))
	default:
		p.printf(p.leaf, v) // fmt prints what a reflect.Value holds, without its methods
	}
}

// readOnly is v as the value of an unexported field, whose methods fmt does not
// call.
func readOnly(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type())
	c.Elem().Set(v)
	t := reflect.StructOf([]reflect.StructField{{Name: "v", PkgPath: "main", Type: v.Type()}})
	return reflect.NewAt(t, c.UnsafePointer()).Elem().Field(0)
}

func hasText(v reflect.Value) bool {
	if !v.CanInterface() {
		return false
	}
	switch v.Interface().(type) {
	case error, fmt.Stringer, fmt.Formatter:
		return true
	}
	return false
}

// iface prints what an interface holds.
func (p *printer) iface(t *Type, v reflect.Value, depth int, reachable bool) {
	if v.IsValid() && v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() {
		switch {
		case p.sharp && p.verb == 'v':
			p.ws(t.Name + "(nil)")
		case p.verb == 'v':
			p.pad("<nil>")
		default:
			p.ws("%!" + string(p.verb) + "(<nil>)")
		}
		return
	}
	if v.CanInterface() {
		if b, ok := Of(v.Interface()); ok {
			p.value(b.T, reflect.ValueOf(b.V), depth, reachable)
			return
		}
	}
	p.plain(t, v, depth, reachable)
}

// methods prints v through its Format, GoString, Error or String method,
// catching a panic on a nil receiver as fmt does.
func (p *printer) methods(t *Type, v reflect.Value) (done bool) {
	if t.Sigs == nil || !v.CanInterface() {
		return false
	}
	defer func() {
		if r := recover(); r != nil {
			if v.Kind() == reflect.Pointer && v.IsNil() {
				p.ws("<nil>")
			} else {
				p.ws("%!" + string(p.verb) + "(PANIC=" + p.which(t) + " method: " + fmt.Sprint(r) + ")")
			}
			done = true
		}
	}()
	x := v.Interface()
	if t.Has("Format", "func(fmt.State, int32)") && p.state != nil {
		sub := &substate{State: p.state, buf: &p.buf}
		t.Method("Format").(func(any, fmt.State, rune))(x, sub, p.verb)
		return true
	}
	if p.sharp && p.verb == 'v' {
		if t.Has("GoString", "func() string") {
			p.ws(t.Method("GoString").(func(any) string)(x))
			return true
		}
		return false
	}
	if !strings.ContainsRune("vsxXq", p.verb) {
		return false
	}
	name := p.which(t)
	if name == "" {
		return false
	}
	p.printf(p.leaf, t.Method(name).(func(any) string)(x))
	return true
}

func (p *printer) which(t *Type) string {
	for _, name := range []string{"Error", "String"} {
		if t.Has(name, "func() string") && t.Method(name) != nil {
			return name
		}
	}
	return ""
}

// substate is a fmt.State that writes where its printer does.
type substate struct {
	fmt.State
	buf *bytes.Buffer
}

func (s *substate) Write(b []byte) (int, error) { return s.buf.Write(b) }
