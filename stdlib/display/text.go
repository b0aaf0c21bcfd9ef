package display

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What a page can hold. A value that is longer is cut, and its length stated.
const (
	maxText   = 32 << 10 // bytes of a whole text
	maxString = 300      // bytes of a string inside another value
	maxItems  = 100      // elements shown of a slice that has no more
	headItems = 20       // elements shown at the front of a longer one
	tailItems = 5        // and at its end
	maxDepth  = 8
	lineWidth = 100
)

// Text writes a value as Go would, with field names, on one line when it is
// short. Strings inside other values are quoted; a string by itself is written
// as it is, with control characters made visible. Long values are shortened and
// followed by their length.
func Text(v any) string {
	if s, ok := v.(string); ok {
		if s == "" {
			return `""`
		}
		return shorten(clean(s), maxText)
	}
	rv, ok := v.(reflect.Value)
	if !ok {
		rv = reflect.ValueOf(v)
	}
	p := printer{}
	return shorten(p.block(rv, 0, 0), maxText)
}

// printer writes values; it remembers the pointers that it is inside of.
type printer struct {
	inside map[uintptr]bool
}

// block writes v on one line if it fits, else one element a line.
func (p *printer) block(v reflect.Value, depth, indent int) string {
	line := p.line(v, depth)
	if len(line)+2*indent <= lineWidth || depth > 3 {
		return line
	}
	if _, ok := p.custom(v); ok {
		return line
	}
	amp := ""
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		if v.IsNil() || v.Kind() == reflect.Pointer && v.Elem().Kind() != reflect.Struct {
			return line
		}
		if v.Kind() == reflect.Pointer {
			amp = "&"
			if !p.enter(v) {
				return line
			}
			defer p.leave(v)
		}
		v = v.Elem()
	}
	pad := "\n" + strings.Repeat("  ", indent+1)
	end := "\n" + strings.Repeat("  ", indent)
	var b strings.Builder
	switch v.Kind() {
	case reflect.Struct:
		b.WriteString(amp + typeName(v.Type()) + "{")
		for i := range v.NumField() {
			b.WriteString(pad + fieldName(v.Type(), i) + ": " + p.block(v.Field(i), depth+1, indent+1) + ",")
		}
		return b.String() + end + "}"
	case reflect.Map:
		keys, more := firstKeys(v, maxItems)
		b.WriteString("map[")
		for _, k := range keys {
			b.WriteString(pad + p.line(k, depth+1) + ": " + p.block(v.MapIndex(k), depth+1, indent+1))
		}
		if more {
			b.WriteString(pad + fmt.Sprintf("… (len %d)", v.Len()))
		}
		return b.String() + end + "]"
	case reflect.Slice, reflect.Array:
		if scalar(v.Type().Elem().Kind()) {
			return line
		}
		b.WriteString("[")
		p.items(v, func(i int) { b.WriteString(pad + p.block(v.Index(i), depth+1, indent+1)) },
			func() { b.WriteString(pad + "…") })
		b.WriteString(end + "]")
		if v.Len() > maxItems {
			fmt.Fprintf(&b, " (len %d)", v.Len())
		}
		return b.String()
	}
	return line
}

// line writes v without a line break.
func (p *printer) line(v reflect.Value, depth int) string {
	if !v.IsValid() {
		return "nil"
	}
	if depth > maxDepth {
		return "…"
	}
	if s, ok := p.custom(v); ok {
		return s
	}
	switch v.Kind() {
	case reflect.String:
		return quote(v.String())
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Float32:
		return strconv.FormatFloat(v.Float(), 'g', -1, 32)
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Complex64:
		return strconv.FormatComplex(v.Complex(), 'g', -1, 64)
	case reflect.Complex128:
		return strconv.FormatComplex(v.Complex(), 'g', -1, 128)
	case reflect.Interface:
		if v.IsNil() {
			return "nil"
		}
		return p.line(v.Elem(), depth)
	case reflect.Pointer:
		return p.pointer(v, depth)
	case reflect.Struct:
		var b strings.Builder
		b.WriteString(typeName(v.Type()) + "{")
		for i := range v.NumField() {
			if i > 0 {
				b.WriteString(", ")
			}
			if b.Len() > maxText {
				b.WriteString("…")
				break
			}
			b.WriteString(fieldName(v.Type(), i) + ": " + p.line(v.Field(i), depth+1))
		}
		return b.String() + "}"
	case reflect.Map:
		return p.mapLine(v, depth)
	case reflect.Slice, reflect.Array:
		return p.list(v, depth)
	case reflect.Chan:
		if v.IsNil() {
			return "(" + v.Type().String() + ")(nil)"
		}
		return fmt.Sprintf("%s (len %d, cap %d)", v.Type(), v.Len(), v.Cap())
	case reflect.Func:
		if v.IsNil() {
			return "(" + v.Type().String() + ")(nil)"
		}
	}
	return v.Type().String()
}

func (p *printer) pointer(v reflect.Value, depth int) string {
	switch {
	case v.IsNil():
		if depth == 0 {
			return "(" + v.Type().String() + ")(nil)"
		}
		return "nil"
	case !p.enter(v):
		return "↩ " + v.Type().String()
	}
	defer p.leave(v)
	return "&" + p.line(v.Elem(), depth+1)
}

func (p *printer) enter(v reflect.Value) bool {
	if p.inside[v.Pointer()] {
		return false
	}
	if p.inside == nil {
		p.inside = map[uintptr]bool{}
	}
	p.inside[v.Pointer()] = true
	return true
}

func (p *printer) leave(v reflect.Value) { delete(p.inside, v.Pointer()) }

func (p *printer) mapLine(v reflect.Value, depth int) string {
	if v.IsNil() {
		return "map[]"
	}
	if !p.enter(v) {
		return "↩ " + v.Type().String()
	}
	defer p.leave(v)
	keys, more := firstKeys(v, maxItems)
	var b strings.Builder
	b.WriteString("map[")
	for i, k := range keys {
		if i > 0 {
			b.WriteByte(' ')
		}
		if b.Len() > maxText {
			more = true
			break
		}
		b.WriteString(p.line(k, depth+1) + ":" + p.line(v.MapIndex(k), depth+1))
	}
	if more {
		return b.String() + fmt.Sprintf(" …] (len %d)", v.Len())
	}
	return b.String() + "]"
}

func (p *printer) list(v reflect.Value, depth int) string {
	if v.Kind() == reflect.Slice {
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return bytesText(v.Bytes())
		}
		if v.Len() > 0 {
			if !p.enter(v) {
				return "↩ " + v.Type().String()
			}
			defer p.leave(v)
		}
	}
	var b strings.Builder
	b.WriteByte('[')
	p.items(v, func(i int) {
		if i > 0 {
			b.WriteByte(' ')
		}
		if b.Len() <= maxText {
			b.WriteString(p.line(v.Index(i), depth+1))
		}
	}, func() { b.WriteString(" …") })
	b.WriteByte(']')
	if v.Len() > maxItems {
		fmt.Fprintf(&b, " (len %d)", v.Len())
	}
	return b.String()
}

// items visits the elements that are shown, and gap where some are left out.
func (p *printer) items(v reflect.Value, show func(i int), gap func()) {
	n := v.Len()
	for i := 0; i < n; i++ {
		if n > maxItems && i == headItems {
			gap()
			i = n - tailItems
		}
		show(i)
	}
}

// custom writes what knows its own text: times, errors and Stringers.
func (p *printer) custom(v reflect.Value) (s string, ok bool) {
	if !v.IsValid() || !v.CanInterface() || v.Kind() == reflect.Interface {
		return "", false
	}
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return "", false
	}
	defer func() {
		if r := recover(); r != nil {
			s, ok = fmt.Sprintf("%s (its String panicked: %v)", v.Type(), r), true
		}
	}()
	switch x := v.Interface().(type) {
	case time.Time:
		return x.Format("2006-01-02 15:04:05.999999999 -0700 MST"), true
	case reflect.Value:
		return p.line(x, maxDepth-1), true
	case error:
		return clean(x.Error()), true
	case fmt.Stringer:
		return clean(x.String()), true
	}
	return "", false
}

// typeName names a type; a struct without a name has none.
func typeName(t reflect.Type) string {
	if t.Name() == "" {
		return ""
	}
	return strings.TrimPrefix(t.String(), "main.")
}

// fieldName names a field. yaegi gives the unexported fields of a type made in a
// cell, which reaches us without its name, an X in front: it is taken off.
func fieldName(t reflect.Type, i int) string {
	name := t.Field(i).Name
	if rest, ok := strings.CutPrefix(name, "X"); ok && t.Name() == "" {
		if r, _ := utf8.DecodeRuneInString(rest); unicode.IsLower(r) || r == '_' {
			return rest
		}
	}
	return name
}

// firstKeys gives the n smallest keys in order, without sorting a map that may
// have millions.
func firstKeys(m reflect.Value, n int) (keys []reflect.Value, more bool) {
	for it := m.MapRange(); it.Next(); {
		k := it.Key()
		if len(keys) == n {
			more = true
			if compareKeys(k, keys[n-1]) >= 0 {
				continue
			}
			keys = keys[:n-1]
		}
		at, _ := slices.BinarySearchFunc(keys, k, compareKeys)
		keys = slices.Insert(keys, at, k)
	}
	return keys, more
}

func compareKeys(a, b reflect.Value) int {
	if a.Kind() == reflect.Interface {
		a = a.Elem()
	}
	if b.Kind() == reflect.Interface {
		b = b.Elem()
	}
	switch {
	case a.Kind() == reflect.String && b.Kind() == reflect.String:
		return strings.Compare(a.String(), b.String())
	case a.CanInt() && b.CanInt():
		return compare(a.Int(), b.Int())
	case a.CanUint() && b.CanUint():
		return compare(a.Uint(), b.Uint())
	case a.CanFloat() && b.CanFloat():
		return compare(a.Float(), b.Float())
	}
	p := printer{}
	return strings.Compare(p.line(a, maxDepth-1), p.line(b, maxDepth-1))
}

func compare[T int64 | uint64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func scalar(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Complex128
}
