package interp

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"divvy/kernel/symbols/box"
	"divvy/stdlib/display"
)

// What a text shows of a long value.
const (
	maxItems   = 100
	headItems  = 20
	maxNesting = 6
)

// textOf writes a value of a cell's type as Go would, with the names of types
// and fields, on one line when it is short. Methods that fmt calls are called.
func textOf(b box.Box) string {
	var w textWriter
	line := w.value(b.T, reflect.ValueOf(b.V), 0)
	if len(line) <= 100 {
		return line
	}
	w.lines = true
	return w.value(b.T, reflect.ValueOf(b.V), 0)
}

type textWriter struct{ lines bool }

func (w *textWriter) value(t *box.Type, v reflect.Value, depth int) string {
	if t.Kind == reflect.Interface {
		for v.IsValid() && v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if !v.IsValid() {
			return "nil"
		}
		if b, ok := box.Of(v.Interface()); ok {
			return w.value(b.T, reflect.ValueOf(b.V), depth)
		}
		return display.Text(v)
	}
	if !v.IsValid() {
		return "nil"
	}
	if t.Plain {
		if v.Kind() == reflect.String {
			return strconv.Quote(v.String())
		}
		return display.Text(v)
	}
	if hasText(t) {
		return box.Sprint(t, v)
	}
	v = box.Bare(t, v)
	switch t.Kind {
	case reflect.Struct:
		return w.list(t.Name+"{", "}", depth, len(t.Fields), func(i int) string {
			return t.Fields[i].Name + ": " + w.value(t.Fields[i].Type, v.Field(i), depth+1)
		})
	case reflect.Pointer:
		if v.IsNil() {
			return "(" + t.Name + ")(nil)"
		}
		if depth < maxNesting && t.Elem.Kind == reflect.Struct {
			return "&" + w.value(t.Elem, v.Elem(), depth+1)
		}
		return fmt.Sprintf("(%s)(0x%x)", t.Name, v.Pointer())
	case reflect.Slice, reflect.Array:
		return w.list("[", "]", depth, v.Len(), func(i int) string { return w.value(t.Elem, v.Index(i), depth+1) })
	case reflect.Map:
		keys := v.MapKeys()
		sortValues(keys)
		return w.list("map[", "]", depth, len(keys), func(i int) string {
			return w.value(t.Key, keys[i], depth+1) + ": " + w.value(t.Elem, v.MapIndex(keys[i]), depth+1)
		})
	case reflect.Func, reflect.Chan:
		if v.IsNil() {
			return "(" + t.Name + ")(nil)"
		}
		return t.Name
	case reflect.String:
		return strconv.Quote(v.String())
	}
	return box.Sprint(t, v)
}

// list writes the items of a value, shortened when there are many.
func (w *textWriter) list(open, end string, depth, n int, item func(i int) string) string {
	if depth > maxNesting {
		return open + "…" + end
	}
	var items []string
	for i := range n {
		if n > maxItems && i == headItems {
			items = append(items, "…")
			break
		}
		items = append(items, item(i))
	}
	suffix := ""
	if n > maxItems {
		suffix = fmt.Sprintf(" (len %d)", n)
	}
	if w.lines && n > 0 {
		pad := "\n" + strings.Repeat("  ", depth+1)
		return open + pad + strings.Join(items, ","+pad) + ",\n" + strings.Repeat("  ", depth) + end + suffix
	}
	return open + strings.Join(items, ", ") + end + suffix
}

func sortValues(vs []reflect.Value) {
	slices.SortFunc(vs, box.Compare)
}
