package interp

import (
	html "html/template"
	"io"
	"reflect"
	"text/template"

	"divvy/kernel/symbols/box"
	"divvy/kernel/templates"
)

// templateTable holds what lowered code calls for methods of templates.
func templateTable(table map[string]reflect.Value) {
	e := templates.Env{
		Implements: func(x any, t *box.Type) bool { ok, _ := matches(x, t, nil); return ok },
		Adapt: func(x any, t reflect.Type) (v reflect.Value, ok bool) {
			if b, boxed := box.Of(x); !boxed || !implements(b.T, t) {
				return v, false
			}
			return adapt(x, t), true
		},
		Sprint: spaced,
	}
	text := func(t *template.Template, w io.Writer, name string, data any) error {
		if plainData(data) && !templates.HasFuncs(t) {
			if name == "" {
				return t.Execute(w, data)
			}
			return t.ExecuteTemplate(w, name, data)
		}
		return e.Text(t, w, name, data)
	}
	funcs := func(m map[string]any) map[string]any {
		out := make(map[string]any, len(m))
		for name, f := range m {
			if b, ok := box.Of(f); ok && b.T.Kind == reflect.Func {
				f = e.Func(name, b)
			}
			out[name] = f
		}
		return out
	}
	for name, f := range map[string]any{
		"TextExecute":      func(t *template.Template, w io.Writer, data any) error { return text(t, w, "", data) },
		"TextExecuteNamed": text,
		"TextFuncs":        func(t *template.Template, m template.FuncMap) *template.Template { return t.Funcs(funcs(m)) },
		"HTMLExecute":      func(t *html.Template, w io.Writer, data any) error { return e.HTML(t, w, "", data) },
		"HTMLExecuteNamed": func(t *html.Template, w io.Writer, name string, data any) error { return e.HTML(t, w, name, data) },
		"HTMLFuncs":        func(t *html.Template, m html.FuncMap) *html.Template { return t.Funcs(funcs(m)) },
	} {
		table[name] = reflect.ValueOf(f)
	}
}

// plainData reports whether no value of a cell's type can be in data.
func plainData(data any) bool {
	if _, ok := box.Of(data); ok {
		return false
	}
	return data == nil || !holdsInterfaces(reflect.TypeOf(data), map[reflect.Type]bool{})
}
