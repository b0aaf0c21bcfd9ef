// Package templates executes text and HTML templates over values of types that
// cells declare.
//
// Package text/template finds fields and methods by reflection. Values of a
// cell's type lie in boxes (package box), whose methods are functions that no
// reflection finds. So a template is executed in a copy whose pipelines call
// functions of this package instead: {{.Name.First 3}} becomes a call of field
// that looks for Name in a box or in a plain value, as the package does, and of
// another for First. Everything else, the escaping of html/template included, is
// left to the packages themselves. Errors name what the template says.
package templates

import (
	"errors"
	"fmt"
	html "html/template"
	"io"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"divvy/kernel/symbols/box"
)

// Env is what the interpreter knows about interface types.
type Env struct {
	// Implements reports whether the dynamic type of x implements t, an interface
	// type that a cell declared or the empty one.
	Implements func(x any, t *box.Type) bool
	// Adapt gives x, a box, as an interface type of compiled code, if it implements that.
	Adapt func(x any, t reflect.Type) (reflect.Value, bool)
	// Sprint is fmt.Sprint for boxes too.
	Sprint func(args ...any) string
}

// Text executes the template of a name, or t itself when it is empty.
func (e Env) Text(t *template.Template, w io.Writer, name string, data any) error {
	c, err := t.Clone()
	if err != nil {
		return err
	}
	r := &rewriter{funcs: functionsOf(t), missing: missingKey(reflect.ValueOf(t).Elem())}
	for _, x := range c.Templates() {
		if x.Tree = x.Tree.Copy(); x.Tree != nil {
			r.list(x.Tree.Root)
		}
	}
	c.Funcs(e.functions())
	return reworded(execute(c, w, name, data), r, func() (trees []*parse.Tree) {
		for _, x := range t.Templates() {
			trees = append(trees, x.Tree.Copy())
		}
		return trees
	})
}

// executor is a template of either package.
type executor interface {
	Execute(w io.Writer, data any) error
	ExecuteTemplate(w io.Writer, name string, data any) error
}

func execute(t executor, w io.Writer, name string, data any) error {
	if name == "" {
		return t.Execute(w, data)
	}
	return t.ExecuteTemplate(w, name, data)
}

// HTML is Text for html/template.
func (e Env) HTML(t *html.Template, w io.Writer, name string, data any) error {
	c, err := t.Clone()
	if err != nil {
		return err
	}
	text := reflect.ValueOf(t).Elem().FieldByName("text").Elem()
	r := &rewriter{funcs: functionsIn(text), missing: missingKey(text)}
	for _, x := range c.Templates() {
		if x.Tree != nil {
			r.list(x.Tree.Root)
		}
	}
	c.Funcs(e.functions())
	return reworded(execute(c, w, name, data), r, func() (trees []*parse.Tree) {
		for _, x := range t.Templates() {
			trees = append(trees, x.Tree.Copy())
		}
		return trees
	})
}

// HasFuncs reports whether a template was given functions.
func HasFuncs(t *template.Template) bool { return len(functionsOf(t)) > 0 }

func functionsOf(t *template.Template) map[string]bool {
	return functionsIn(reflect.ValueOf(t).Elem())
}

// functionsIn lists the functions that a template was given, and tells which of
// them Func made. They are in its private state, as is its option: without them
// it has those built in.
func functionsIn(t reflect.Value) map[string]bool {
	names := map[string]bool{}
	if c := t.FieldByName("common"); c.Kind() == reflect.Pointer && !c.IsNil() {
		if m := c.Elem().FieldByName("execFuncs"); m.IsValid() && m.Type() == reflect.TypeFor[map[string]reflect.Value]() {
			for k, f := range *(*map[string]reflect.Value)(m.Addr().UnsafePointer()) {
				names[k] = f.Type() == reflect.TypeFor[func(...reflect.Value) (reflect.Value, error)]()
			}
		}
	}
	return names
}

// What a template does about a key that a map lacks.
const (
	missingInvalid = iota
	missingZero
	missingError
)

func missingKey(t reflect.Value) int {
	if c := t.FieldByName("common"); c.Kind() == reflect.Pointer && !c.IsNil() {
		if o := c.Elem().FieldByName("option"); o.Kind() == reflect.Struct {
			if m := o.FieldByName("missingKey"); m.CanInt() {
				return int(m.Int())
			}
		}
	}
	return missingInvalid
}

// worded is an error of a template in the words of the template.
type worded struct {
	text string
	err  error
}

func (e *worded) Error() string { return e.text }
func (e *worded) Unwrap() error { return e.err }

// reworded puts what a template says in the place of what it was rewritten to.
func reworded(err error, r *rewriter, trees func() []*parse.Tree) error {
	if err == nil || !strings.Contains(err.Error(), prefix) {
		return err
	}
	r.was, r.heads = map[string]string{}, map[string]string{}
	for _, t := range trees() {
		if t != nil {
			r.list(t.Root)
		}
	}
	text := err.Error()
	if i, j := strings.Index(text, " at <"), strings.Index(text, ">: "); i >= 0 && j > i {
		if head, ok := r.heads[text[i+len(" at <"):j]]; ok {
			text = text[:i+len(" at <")] + head + text[j:]
		}
	}
	rewritten := make([]string, 0, len(r.was))
	for s := range r.was {
		rewritten = append(rewritten, s)
	}
	slices.SortFunc(rewritten, func(a, b string) int { return len(b) - len(a) })
	for _, s := range rewritten {
		text = strings.ReplaceAll(text, s, r.was[s])
	}
	for _, f := range []string{length, index, slice, call, spaced} { // templates have these
		text = strings.ReplaceAll(text, f, strings.TrimPrefix(f, prefix))
	}
	for _, f := range []string{field, number, cond, each, show, plain, basic} {
		text = strings.ReplaceAll(text, "error calling "+f+": ", "")
	}
	var e template.ExecError
	if errors.As(err, &e) {
		return template.ExecError{Name: e.Name, Err: &worded{text, e.Err}}
	}
	return &worded{text, err}
}

// typeName names the type of v as Go does.
func typeName(t *box.Type, v reflect.Value) string {
	if t != nil {
		return t.Name
	}
	if !v.IsValid() {
		return "nil"
	}
	return v.Type().String()
}

func errorf(format string, a ...any) (reflect.Value, error) {
	return reflect.Value{}, fmt.Errorf(format, a...)
}
