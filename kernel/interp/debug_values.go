package interp

import (
	"fmt"
	"go/types"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"divvy/kernel/debug"
	"divvy/kernel/symbols/box"
)

// How much of a value is shown before it is expanded.
const (
	shownRunes = 200
	shownItems = 10
	shownDepth = 3
	sortedKeys = 10_000 // a map of more is listed as it comes
)

// shown is a value with its type as the cell wrote it; typ is nil where only
// the value's own type is known, that of compiled code.
type shown struct {
	p   debugged
	typ types.Type
	v   reflect.Value
}

// variable makes a variable of a value.
func (p debugged) variable(name, expr string, t types.Type, v reflect.Value) debug.Variable {
	s := p.resolve(t, v)
	out := debug.Variable{Name: name, Value: s.text(0), Type: s.typeText(t), Expr: expr}
	if c := s.children(expr); c != nil && c.Len() > 0 {
		out.Children = c
	}
	return out
}

// resolve looks through interfaces, and boxes in them, to the dynamic value.
func (p debugged) resolve(t types.Type, v reflect.Value) shown {
	for v.IsValid() && v.Kind() == reflect.Interface {
		if v.IsNil() {
			return shown{p, t, reflect.Value{}}
		}
		inner := readable(v).Elem()
		if inner.CanInterface() {
			if b, ok := box.Of(inner.Interface()); ok {
				inner = reflect.ValueOf(b.V)
				t = p.typeOfBox(b.T)
				v = addressable(inner)
				continue
			}
		}
		if t != nil && isInterface(t) {
			t = nil
		}
		v = addressable(inner)
	}
	return shown{p, t, v}
}

// typeOfBox is the type that a description is of.
func (p debugged) typeOfBox(b *box.Type) types.Type {
	e := p.s.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, d := range e.descs {
		if d.Type == b {
			return d.typ
		}
	}
	return nil
}

// addressable copies a value to where its fields can be read.
func addressable(v reflect.Value) reflect.Value {
	if !v.IsValid() || v.CanAddr() || !v.CanInterface() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

// typeText is a type as Go writes it; for an interface value with the dynamic
// type behind it.
func (s shown) typeText(static types.Type) string {
	own := ""
	switch {
	case s.typ != nil:
		own = typeText(s.typ)
	case s.v.IsValid():
		own = strings.ReplaceAll(s.v.Type().String(), "interface {}", "any")
	}
	if static == nil || !isInterface(static) {
		return own
	}
	if !s.v.IsValid() {
		return typeText(static)
	}
	return typeText(static) + " (" + own + ")"
}

// typeText writes a type with packages by their names, those of cells without.
func typeText(t types.Type) string {
	text := types.TypeString(t, func(p *types.Package) string {
		if p.Path() == "main" {
			return ""
		}
		return p.Name()
	})
	return strings.ReplaceAll(text, "interface{}", "any")
}

// under is the underlying type where one is known.
func (s shown) under() types.Type {
	if s.typ == nil {
		return nil
	}
	return s.typ.Underlying()
}

// elem is the type of what a pointer, slice, array or map holds.
func (s shown) elem() types.Type {
	switch u := s.under().(type) {
	case *types.Pointer:
		return u.Elem()
	case *types.Slice:
		return u.Elem()
	case *types.Array:
		return u.Elem()
	case *types.Map:
		return u.Elem()
	}
	return nil
}

// text is a value in one line.
func (s shown) text(depth int) string {
	v := s.v
	if !v.IsValid() {
		return "nil"
	}
	if t, ok := s.known(); ok {
		return t
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if b, ok := s.typ.(*types.Basic); ok && b.Name() == "rune" && utf8.ValidRune(rune(v.Int())) {
			return fmt.Sprintf("%d %q", v.Int(), rune(v.Int()))
		}
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Uintptr:
		return fmt.Sprintf("%#x", v.Uint())
	case reflect.Float32:
		return strconv.FormatFloat(v.Float(), 'g', -1, 32)
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Complex64, reflect.Complex128:
		return fmt.Sprint(v.Complex())
	case reflect.String:
		return quoted(v.String())
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return "nil"
		}
		return s.items("[", "]", v.Len(), depth, func(i int) string {
			return s.p.resolve(s.elem(), v.Index(i)).text(depth + 1)
		})
	case reflect.Map:
		if v.IsNil() {
			return "nil"
		}
		return fmt.Sprintf("len %d", v.Len()) // what is in it is looked at when asked for
	case reflect.Chan:
		if v.IsNil() {
			return "nil"
		}
		return fmt.Sprintf("len %d, cap %d", v.Len(), v.Cap())
	case reflect.Func:
		if v.IsNil() {
			return "nil"
		}
		return "func"
	case reflect.Pointer:
		if v.IsNil() {
			return "nil"
		}
		if depth >= shownDepth {
			return "&…"
		}
		return "&" + s.p.resolve(s.elem(), v.Elem()).text(depth+1)
	case reflect.Struct:
		fields := s.fields()
		return s.items("{", "}", len(fields), depth, func(i int) string {
			return fields[i].name + ": " + s.p.resolve(fields[i].typ, fields[i].v).text(depth+1)
		})
	}
	return v.Type().String()
}

// known writes values that say themselves best, of types whose methods are
// known to be harmless.
func (s shown) known() (string, bool) {
	if !s.v.CanInterface() {
		return "", false
	}
	switch x := s.v.Interface().(type) {
	case time.Time:
		return x.Format(time.RFC3339Nano), true
	case time.Duration:
		return x.String(), true
	case *big.Int:
		return x.String(), true
	case reflect.Type:
		return x.String(), true
	}
	return "", false
}

func quoted(text string) string {
	if utf8.RuneCountInString(text) <= shownRunes {
		return strconv.Quote(text)
	}
	return strconv.Quote(string([]rune(text)[:shownRunes])) + fmt.Sprintf("… (%d bytes)", len(text))
}

// items writes the parts of a value, as far as they fit.
func (s shown) items(open, end string, n, depth int, item func(i int) string) string {
	if n > 0 && depth >= shownDepth {
		return open + "…" + end
	}
	var b strings.Builder
	b.WriteString(open)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == shownItems || b.Len() > shownRunes {
			b.WriteString("…")
			break
		}
		b.WriteString(item(i))
	}
	b.WriteString(end)
	if depth == 0 && n > shownItems && open == "[" {
		fmt.Fprintf(&b, " (len %d)", n)
	}
	return b.String()
}

// part is a field of a struct.
type part struct {
	name string
	typ  types.Type
	v    reflect.Value
}

func (s shown) fields() []part {
	var out []part
	st, _ := s.under().(*types.Struct)
	if st != nil {
		for i := range min(st.NumFields(), s.v.NumField()) {
			out = append(out, part{st.Field(i).Name(), st.Field(i).Type(), readable(s.v.Field(i))})
		}
		return out
	}
	for i := range s.v.NumField() {
		out = append(out, part{s.v.Type().Field(i).Name, nil, readable(s.v.Field(i))})
	}
	return out
}

// children are the parts of a value; expr gives the value, or is empty.
func (s shown) children(expr string) debug.Children {
	if !s.v.IsValid() {
		return nil
	}
	if _, ok := s.known(); ok {
		return nil
	}
	switch s.v.Kind() {
	case reflect.Struct:
		return structParts{s, expr}
	case reflect.Slice, reflect.Array:
		return elements{s, expr}
	case reflect.Map:
		return &entries{shown: s, expr: expr}
	case reflect.Pointer:
		if s.v.IsNil() {
			return nil
		}
		inner := s.p.resolve(s.elem(), s.v.Elem())
		if inner.v.IsValid() && inner.v.Kind() == reflect.Struct {
			return inner.children(expr)
		}
		star := ""
		if expr != "" {
			star = "*" + expr
		}
		return variables{s.p.variable("*", star, s.elem(), s.v.Elem())}
	}
	return nil
}

type structParts struct {
	shown
	expr string
}

func (c structParts) Len() int      { return len(c.fields()) }
func (c structParts) Indexed() bool { return false }
func (c structParts) Slice(start, n int) []debug.Variable {
	var out []debug.Variable
	fields := c.fields()
	for _, f := range fields[start:min(len(fields), start+n)] {
		expr := ""
		if c.expr != "" {
			expr = c.expr + "." + f.name
		}
		out = append(out, c.p.variable(f.name, expr, f.typ, f.v))
	}
	return out
}

type elements struct {
	shown
	expr string
}

func (c elements) Len() int      { return c.v.Len() }
func (c elements) Indexed() bool { return true }
func (c elements) Slice(start, n int) []debug.Variable {
	var out []debug.Variable
	for i := start; i < min(c.v.Len(), start+n); i++ {
		name, expr := fmt.Sprintf("[%d]", i), ""
		if c.expr != "" {
			expr = c.expr + name
		}
		out = append(out, c.p.variable(name, expr, c.elem(), c.v.Index(i)))
	}
	return out
}

// entries are those of a map, in the order of its keys when they are first
// asked for.
type entries struct {
	shown
	expr string
	keys []reflect.Value
}

func (c *entries) Len() int      { return c.v.Len() }
func (c *entries) Indexed() bool { return true }
func (c *entries) Slice(start, n int) []debug.Variable {
	if c.keys == nil {
		if c.keys = c.v.MapKeys(); len(c.keys) <= sortedKeys {
			sortValues(c.keys)
		}
	}
	var kt types.Type
	if m, ok := c.under().(*types.Map); ok {
		kt = m.Key()
	}
	var out []debug.Variable
	for i := start; i < min(len(c.keys), start+n); i++ {
		key := c.p.resolve(kt, addressable(c.keys[i]))
		name, expr := key.text(1), ""
		switch c.keys[i].Kind() {
		case reflect.String, reflect.Int, reflect.Bool:
			if c.expr != "" {
				expr = c.expr + "[" + name + "]"
			}
		}
		v := c.v.MapIndex(c.keys[i])
		if !v.IsValid() {
			continue // it has gone since
		}
		out = append(out, c.p.variable(name, expr, c.elem(), addressable(v)))
	}
	return out
}
