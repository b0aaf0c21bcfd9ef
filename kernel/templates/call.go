package templates

import (
	"fmt"
	"reflect"
	"strconv"
	"text/template/parse"

	"divvy/kernel/symbols/box"
)

// constant is a constant of a template where a method takes it.
type constant struct {
	kind parse.NodeType
	text string
}

// callFunc calls a function with the arguments of a template. A method of a cell
// comes with its receiver, and t says what the parameters and results are.
func (e Env) callFunc(name string, t *box.Type, fn reflect.Value, args []reflect.Value, recv ...reflect.Value) (reflect.Value, error) {
	ft, first := fn.Type(), len(recv)
	n := ft.NumIn() - first
	switch {
	case ft.IsVariadic() && len(args) < n-1:
		return errorf("wrong number of args for %s: want at least %d got %d", name, n-1, len(args))
	case !ft.IsVariadic() && len(args) != n:
		return errorf("wrong number of args for %s: want %d got %d", name, n, len(args))
	case ft.NumOut() != 1 && (ft.NumOut() != 2 || ft.Out(1) != reflect.TypeFor[error]()):
		return errorf("can't call method/function %q with %d results", name, ft.NumOut())
	}
	in := recv
	for i, a := range args {
		p, pt := ft.In(min(i, n-1)+first), (*box.Type)(nil)
		if t != nil && len(t.In) == n {
			pt = t.In[min(i, n-1)]
		}
		if ft.IsVariadic() && i >= n-1 {
			if p = p.Elem(); pt != nil {
				pt = pt.Elem
			}
		}
		x, err := e.argument(a, pt, p)
		if err != nil {
			return x, err
		}
		in = append(in, x)
	}
	out, err := safely(fn, in)
	if err != nil {
		return errorf("error calling %s: %w", name, err)
	}
	if len(out) == 2 && !out[1].IsNil() {
		return errorf("error calling %s: %w", name, out[1].Interface().(error))
	}
	if t != nil && len(t.Out) > 0 {
		return viewOf(t.Out[0], out[0]), nil
	}
	return out[0], nil
}

// safely calls fn; a panic is an error, as it is in a template.
func safely(fn reflect.Value, in []reflect.Value) (out []reflect.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			if e, ok := r.(error); ok {
				err = e
			} else {
				err = fmt.Errorf("%v", r)
			}
		}
	}()
	return fn.Call(in), nil
}

// argument makes a parameter of type p, which a cell knows as t, of an argument.
func (e Env) argument(a reflect.Value, t *box.Type, p reflect.Type) (reflect.Value, error) {
	if a.IsValid() && a.CanInterface() {
		if c, ok := a.Interface().(constant); ok {
			return c.as(p)
		}
	}
	have, v := valueOf(a)
	wrong := func() (reflect.Value, error) {
		want := p.String()
		if t != nil {
			want = t.Name
		}
		return errorf("wrong type for value; expected %s; got %s", want, typeName(have, v))
	}
	switch {
	case !v.IsValid():
		switch p.Kind() {
		case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
			return reflect.Zero(p), nil
		}
		return errorf("invalid value; expected %s", p)
	case p.Kind() == reflect.Interface && have != nil:
		x := box.Make(have, v.Interface())
		switch {
		case p.NumMethod() > 0:
			if y, ok := e.Adapt(x, p); ok {
				return y, nil
			}
		case t == nil || t.Kind != reflect.Interface || e.Implements(x, t):
			return reflect.ValueOf(x), nil
		}
		return wrong()
	case p.Kind() == reflect.Interface && t != nil && t.Kind == reflect.Interface && p.NumMethod() == 0 && !e.Implements(v.Interface(), t):
		return wrong()
	case have == nil && (t == nil || t.Plain || t.Kind == reflect.Interface):
		return assign(v, p)
	case have != nil && v.Type() == p && (have == t || unnamed(have, t) || unnamed(t, have)):
		return v, nil
	case have != nil && have.Kind == reflect.Pointer && v.Type().Elem() == p && have.Elem == t:
		if v.IsNil() {
			return errorf("dereference of nil pointer of type %s", t)
		}
		return v.Elem(), nil
	case have != nil && v.CanAddr() && t != nil && t.Kind == reflect.Pointer && t.Elem == have:
		return v.Addr(), nil
	}
	return wrong()
}

// unnamed reports whether t, which may be plain, is the structure of the declared
// type d: their values can be assigned to each other.
func unnamed(d, t *box.Type) bool {
	if d == nil || d.Short == "" {
		return false
	}
	return t == nil || t.Short == "" && (t.Plain || t.Kind == d.Kind && t.Elem == d.Elem && t.Key == d.Key && t.Kind != reflect.Struct)
}

// assign makes a value of type p of a plain one.
func assign(v reflect.Value, p reflect.Type) (reflect.Value, error) {
	switch {
	case v.Type().AssignableTo(p):
		return v, nil
	case v.Kind() == reflect.Pointer && v.Type().Elem().AssignableTo(p):
		if v.IsNil() {
			return errorf("dereference of nil pointer of type %s", p)
		}
		return v.Elem(), nil
	case v.CanAddr() && reflect.PointerTo(v.Type()).AssignableTo(p):
		return v.Addr(), nil
	}
	return errorf("wrong type for value; expected %s; got %s", p, v.Type())
}

// as gives a constant as a value of type p.
func (c constant) as(p reflect.Type) (reflect.Value, error) {
	v := reflect.New(p).Elem()
	k := p.Kind()
	if k == reflect.Interface && p.NumMethod() == 0 {
		x, err := c.ideal()
		if err != nil || x == nil {
			return v, err
		}
		return reflect.ValueOf(x), nil
	}
	switch {
	case c.kind == parse.NodeNil:
		switch k {
		case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice:
			return v, nil
		}
		return errorf("cannot assign nil to %s", p)
	case k == reflect.Bool:
		if c.kind != parse.NodeBool {
			return errorf("expected bool; found %s", c)
		}
		v.SetBool(c.text == "true")
		return v, nil
	case k == reflect.String:
		if c.kind != parse.NodeString {
			return errorf("expected string; found %s", c)
		}
		v.SetString(c.text)
		return v, nil
	}
	kinds := "integer"
	if c.kind == parse.NodeNumber {
		n, err := c.number()
		if err != nil {
			return v, err
		}
		switch {
		case v.CanInt() && n.IsInt:
			v.SetInt(n.Int64)
			return v, nil
		case v.CanUint() && n.IsUint:
			v.SetUint(n.Uint64)
			return v, nil
		case v.CanFloat() && n.IsFloat:
			v.SetFloat(n.Float64)
			return v, nil
		case v.CanComplex() && n.IsComplex:
			v.SetComplex(n.Complex128)
			return v, nil
		}
	}
	switch {
	case v.CanUint():
		kinds = "unsigned integer"
	case v.CanFloat():
		kinds = "float"
	case v.CanComplex():
		kinds = "complex"
	case !v.CanInt():
		return errorf("can't handle %s for arg of type %s", c, p)
	}
	return errorf("expected %s; found %s", kinds, c)
}

func (c constant) String() string {
	if c.kind == parse.NodeString {
		return strconv.Quote(c.text)
	}
	return c.text
}

// number reads a number as the template's parser does.
func (c constant) number() (*parse.NumberNode, error) {
	trees, err := parse.Parse("", "{{"+c.text+"}}", "", "")
	if err != nil {
		return nil, err
	}
	n, ok := trees[""].Root.Nodes[0].(*parse.ActionNode).Pipe.Cmds[0].Args[0].(*parse.NumberNode)
	if !ok {
		return nil, fmt.Errorf("%s is not a number", c.text)
	}
	return n, nil
}

// ideal is a constant where any type will do.
func (c constant) ideal() (any, error) {
	switch c.kind {
	case parse.NodeBool:
		return c.text == "true", nil
	case parse.NodeString:
		return c.text, nil
	case parse.NodeNil:
		return nil, nil
	}
	n, err := c.number()
	if err != nil {
		return nil, err
	}
	switch {
	case n.IsComplex && !n.IsInt && !n.IsFloat:
		return n.Complex128, nil
	case n.IsFloat && !n.IsInt:
		return n.Float64, nil
	case n.IsInt && int64(int(n.Int64)) == n.Int64:
		return int(n.Int64), nil
	case n.IsFloat && !n.IsUint:
		return n.Float64, nil
	}
	return nil, fmt.Errorf("%s overflows int", c.text)
}
