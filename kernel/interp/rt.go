package interp

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"io"
	"os"
	"reflect"
	"sort"
	"strings"
	"sync"

	yaegi "github.com/traefik/yaegi/interp"
)

var rtGenericTypes = map[string]string{}

// desc describes a static Go type for the runtime.
type desc struct {
	name   string
	kind   reflect.Kind
	main   bool
	reg    string // key of registered methods
	elem   *desc
	key    *desc
	fields []dfield
	n      int
}
type dfield struct {
	name     string
	exported bool
	d        *desc
}

// RT is the compiled support library of lowered cells.
type RT struct {
	s      *engine
	Out    io.Writer
	Show   bool
	mu     sync.Mutex
	descs  []*desc
	meths  map[string]reflect.Value // "T__1.String", "*T__1.String"
	shims  map[string]func(t reflect.Type, a []reflect.Value) []reflect.Value
	Panics []string
}

func newRT(s *engine) *RT {
	r := &RT{s: s, Out: os.Stdout, meths: map[string]reflect.Value{}}
	r.shims = shims
	return r
}

func (r *RT) has(k string) bool { _, ok := r.shims[k]; return ok }

func (r *RT) exports() yaegi.Exports {
	return yaegi.Exports{"rt/rt": {
		"F":       reflect.ValueOf(r.F),
		"Display": reflect.ValueOf(r.Display),
		"GoPanic": reflect.ValueOf(r.GoPanic),
		"Call0":   reflect.ValueOf(r.Call0),
		"Call1":   reflect.ValueOf(r.Call1),
		"CallN":   reflect.ValueOf(r.CallN),
		"Reg":     reflect.ValueOf(r.Reg),
	}}
}

func (r *RT) Reg(key string, fn any) { r.meths[key] = reflect.ValueOf(fn) }

func (r *RT) GoPanic(v any, where string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Panics = append(r.Panics, fmt.Sprintf("panic in goroutine started at %s: %v", where, v))
	fmt.Fprintf(r.Out, "panic in goroutine started at %s: %v\n", where, v)
}

func toVals(args []any) []reflect.Value {
	vs := make([]reflect.Value, len(args))
	for i, a := range args {
		vs[i] = reflect.ValueOf(a)
	}
	return vs
}

func (r *RT) Call0(key string, _ any, args ...any) { r.shims[key](nil, toVals(args)) }
func (r *RT) Call1(key string, z any, args ...any) any {
	t := reflect.TypeOf(z).Elem()
	v := r.shims[key](t, toVals(args))[0]
	if v.IsValid() && v.Type() != t && v.Type().ConvertibleTo(t) {
		v = v.Convert(t)
	}
	if !v.IsValid() {
		v = reflect.Zero(t)
	}
	return v.Interface()
}
func (r *RT) CallN(key string, z any, args ...any) []any {
	var out []any
	for _, v := range r.shims[key](reflect.TypeOf(z).Elem(), toVals(args)) {
		out = append(out, v.Interface())
	}
	return out
}

// desc interns a type descriptor and registers the methods fmt needs.
func (r *RT) desc(l *lowerer, t types.Type) int {
	memo := map[string]*desc{}
	var mk func(t types.Type) *desc
	mk = func(t types.Type) *desc {
		t = types.Unalias(l.st(t))
		k := l.typeKey(t)
		if d, ok := memo[k]; ok {
			return d
		}
		d := &desc{name: types.TypeString(t, func(p *types.Package) string { return p.Name() })}
		memo[k] = d
		m := map[string]bool{}
		mainTypes(t, m, 0)
		d.main = len(m) > 0
		if !d.main {
			return d
		}
		if n := mainNamed(t); n != nil && !types.IsInterface(n) && !types.IsInterface(t) {
			if pt, ok := t.(*types.Pointer); !ok || mainNamed(pt.Elem()) != nil {
				d.reg = l.namedType(n)
				if ok {
					d.reg = "*" + d.reg
				}
				for _, mn := range []string{"Error", "String"} {
					sel, ok := l.lookup(t, mn)
					if !ok || types.NewMethodSet(t).Lookup(l.pkg, mn) == nil {
						continue
					}
					sg := sel.Obj().Type().(*types.Signature)
					if sg.Params().Len() != 0 || sg.Results().Len() != 1 || sg.Results().At(0).Type() != types.Typ[types.String] {
						continue
					}
					key := d.reg + "." + mn
					// func(r T) string { return <method call> }
					c := l.methodCall(id("r__"), t, sel, nil, false, 0)
					fl := &ast.FuncLit{Type: &ast.FuncType{Params: &ast.FieldList{List: []*ast.Field{{Names: []*ast.Ident{id("r__")}, Type: l.typ(t, 0)}}}, Results: &ast.FieldList{List: []*ast.Field{{Type: id("string")}}}},
						Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ReturnStmt{Results: []ast.Expr{c}}}}}
					l.u.prolog = append(l.u.prolog, &ast.ExprStmt{X: call(rtfn("Reg"), strlit(key), fl)})
				}
			}
		}
		switch u := t.Underlying().(type) {
		case *types.Pointer:
			d.kind, d.elem = reflect.Pointer, mk(u.Elem())
		case *types.Slice:
			d.kind, d.elem = reflect.Slice, mk(u.Elem())
		case *types.Array:
			d.kind, d.elem, d.n = reflect.Array, mk(u.Elem()), int(u.Len())
		case *types.Map:
			d.kind, d.key, d.elem = reflect.Map, mk(u.Key()), mk(u.Elem())
		case *types.Struct:
			d.kind = reflect.Struct
			for i := 0; i < u.NumFields(); i++ {
				d.fields = append(d.fields, dfield{u.Field(i).Name(), u.Field(i).Exported(), mk(u.Field(i).Type())})
			}
		case *types.Interface:
			d.kind = reflect.Interface
		}
		return d
	}
	r.descs = append(r.descs, mk(t))
	return len(r.descs) - 1
}

type fw struct {
	r *RT
	d *desc
	v any
}

func (r *RT) F(id int, v any) any { return fw{r, r.descs[id], v} }

func (f fw) Format(st fmt.State, verb rune) {
	plus, sharp := st.Flag('+'), st.Flag('#')
	rv := reflect.ValueOf(f.v)
	var b strings.Builder
	switch verb {
	case 'v':
		f.r.format(&b, f.d, rv, plus, sharp, 0, true)
	case 's', 'q', 'x', 'X':
		if s, ok := f.r.strOf(f.d, rv); ok {
			fmt.Fprintf(st, fmt.FormatString(st, verb), s)
			return
		}
		fallthrough
	default:
		fmt.Fprintf(st, fmt.FormatString(st, verb), f.v)
		return
	}
	w, ok := st.Width()
	if ok {
		f := "%*s"
		if st.Flag('-') {
			f = "%-*s"
		}
		fmt.Fprintf(st, f, w, b.String())
		return
	}
	io.WriteString(st, b.String())
}

func (r *RT) strOf(d *desc, v reflect.Value) (string, bool) {
	if d.reg == "" || !v.IsValid() {
		return "", false
	}
	for _, m := range []string{".Error", ".String"} {
		if fn, ok := r.meths[d.reg+m]; ok {
			if v.Type() != fn.Type().In(0) {
				if !v.Type().ConvertibleTo(fn.Type().In(0)) {
					continue
				}
				v = v.Convert(fn.Type().In(0))
			}
			return fn.Call([]reflect.Value{v})[0].String(), true
		}
	}
	return "", false
}

func (r *RT) format(b *strings.Builder, d *desc, v reflect.Value, plus, sharp bool, depth int, meth bool) {
	if v.IsValid() && v.Kind() == reflect.Interface && (d == nil || d.kind != reflect.Interface) {
		v = v.Elem()
	}
	if !v.IsValid() {
		b.WriteString("<nil>")
		return
	}
	if d == nil || !d.main {
		f := "%v"
		if sharp {
			f = "%#v"
		} else if plus {
			f = "%+v"
		}
		if v.CanInterface() {
			fmt.Fprintf(b, f, v.Interface())
		} else {
			fmt.Fprintf(b, f, v)
		}
		return
	}
	if !sharp && meth {
		if s, ok := r.strOf(d, v); ok {
			b.WriteString(s)
			return
		}
	}
	switch d.kind {
	case reflect.Struct:
		if v.Kind() != reflect.Struct || v.NumField() != len(d.fields) {
			fmt.Fprintf(b, "%v", v)
			return
		}
		if sharp {
			b.WriteString(d.name)
		}
		b.WriteByte('{')
		for i, f := range d.fields {
			if i > 0 {
				if sharp {
					b.WriteString(", ")
				} else {
					b.WriteByte(' ')
				}
			}
			if plus || sharp {
				b.WriteString(f.name + ":")
			}
			r.format(b, f.d, v.Field(i), plus, sharp, depth+1, meth && f.exported)
		}
		b.WriteByte('}')
	case reflect.Slice, reflect.Array:
		if sharp {
			b.WriteString(d.name + "{")
		} else {
			b.WriteByte('[')
		}
		for i := 0; i < v.Len(); i++ {
			if i > 0 {
				if sharp {
					b.WriteString(", ")
				} else {
					b.WriteByte(' ')
				}
			}
			r.format(b, d.elem, v.Index(i), plus, sharp, depth+1, meth)
		}
		if sharp {
			b.WriteByte('}')
		} else {
			b.WriteByte(']')
		}
	case reflect.Map:
		if sharp {
			b.WriteString(d.name + "{")
		} else {
			b.WriteString("map[")
		}
		ks := v.MapKeys()
		sort.Slice(ks, func(i, j int) bool { return cmpV(ks[i], ks[j]) < 0 })
		for i, k := range ks {
			if i > 0 {
				if sharp {
					b.WriteString(", ")
				} else {
					b.WriteByte(' ')
				}
			}
			r.format(b, d.key, k, plus, sharp, depth+1, meth)
			b.WriteByte(':')
			r.format(b, d.elem, v.MapIndex(k), plus, sharp, depth+1, meth)
		}
		if sharp {
			b.WriteByte('}')
		} else {
			b.WriteByte(']')
		}
	case reflect.Pointer:
		if v.IsNil() {
			b.WriteString("<nil>")
			return
		}
		if depth == 0 && d.elem != nil {
			switch d.elem.kind {
			case reflect.Struct, reflect.Slice, reflect.Array, reflect.Map:
				b.WriteByte('&')
				r.format(b, d.elem, v.Elem(), plus, sharp, depth+1, meth)
				return
			}
		}
		fmt.Fprintf(b, "0x%x", v.Pointer())
	case reflect.Interface:
		if v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if !v.IsValid() {
			b.WriteString("<nil>")
			return
		}
		fmt.Fprintf(b, "%v", v.Interface())
	default:
		fmt.Fprintf(b, "%v", v)
	}
}

func (r *RT) Display(id int, vs ...any) {
	if !r.Show {
		return
	}
	var b strings.Builder
	if len(vs) > 0 {
		if vs[0] == nil {
			b.WriteString("<nil>")
		} else {
			r.format(&b, r.descs[id], reflect.ValueOf(vs[0]), false, false, 0, true)
		}
	}
	fmt.Fprintf(r.Out, "=> %s\n", b.String())
}

func cmpV(a, b reflect.Value) int {
	for a.Kind() == reflect.Interface {
		a, b = a.Elem(), b.Elem()
	}
	switch {
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	case a.Kind() == reflect.String:
		return strings.Compare(a.String(), b.String())
	}
	return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

func one(v reflect.Value) []reflect.Value { return []reflect.Value{v} }

func sortRef(s reflect.Value, less func(i, j int) bool, stable bool) {
	if !stable {
		switch x := s.Interface().(type) {
		case nil:
		default:
			_ = x
		}
	}
	sw := reflect.Swapper(s.Interface())
	st := sorter{s.Len(), less, sw}
	if stable {
		sort.Stable(st)
	} else {
		sort.Sort(st)
	}
}

type sorter struct {
	n    int
	less func(i, j int) bool
	swap func(i, j int)
}

func (s sorter) Len() int           { return s.n }
func (s sorter) Less(i, j int) bool { return s.less(i, j) }
func (s sorter) Swap(i, j int)      { s.swap(i, j) }

func cloneSlice(s reflect.Value) reflect.Value {
	c := reflect.MakeSlice(s.Type(), s.Len(), s.Len())
	reflect.Copy(c, s)
	return c
}

func seqOf(t reflect.Type, each func(yield func(...reflect.Value) bool)) reflect.Value {
	return reflect.MakeFunc(t, func(a []reflect.Value) []reflect.Value {
		each(func(v ...reflect.Value) bool { return a[0].Call(v)[0].Bool() })
		return nil
	})
}

func collect(seq reflect.Value, t reflect.Type) reflect.Value {
	out := reflect.MakeSlice(t, 0, 0)
	y := reflect.MakeFunc(seq.Type().In(0), func(a []reflect.Value) []reflect.Value {
		out = reflect.Append(out, a[0])
		return one(reflect.ValueOf(true))
	})
	seq.Call(one(y))
	return out
}

var shims = map[string]func(t reflect.Type, a []reflect.Value) []reflect.Value{
	"slices.Sort": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		s := a[0]
		sortRef(s, func(i, j int) bool { return cmpV(s.Index(i), s.Index(j)) < 0 }, false)
		return nil
	},
	"slices.SortFunc": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		s := a[0]
		sortRef(s, func(i, j int) bool { return a[1].Call([]reflect.Value{s.Index(i), s.Index(j)})[0].Int() < 0 }, false)
		return nil
	},
	"slices.Contains": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		for i := 0; i < a[0].Len(); i++ {
			if a[0].Index(i).Equal(a[1]) {
				return one(reflect.ValueOf(true))
			}
		}
		return one(reflect.ValueOf(false))
	},
	"slices.Index": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		for i := 0; i < a[0].Len(); i++ {
			if a[0].Index(i).Equal(a[1]) {
				return one(reflect.ValueOf(i))
			}
		}
		return one(reflect.ValueOf(-1))
	},
	"slices.Max": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		m := a[0].Index(0)
		for i := 1; i < a[0].Len(); i++ {
			if cmpV(a[0].Index(i), m) > 0 {
				m = a[0].Index(i)
			}
		}
		return one(m)
	},
	"slices.Reverse": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		sw := reflect.Swapper(a[0].Interface())
		for i, j := 0, a[0].Len()-1; i < j; i, j = i+1, j-1 {
			sw(i, j)
		}
		return nil
	},
	"slices.Sorted": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		s := collect(a[0], t)
		sortRef(s, func(i, j int) bool { return cmpV(s.Index(i), s.Index(j)) < 0 }, false)
		return one(s)
	},
	"slices.Collect": func(t reflect.Type, a []reflect.Value) []reflect.Value { return one(collect(a[0], t)) },
	"slices.Clone":   func(t reflect.Type, a []reflect.Value) []reflect.Value { return one(cloneSlice(a[0])) },
	"maps.Keys": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		return one(seqOf(t, func(y func(...reflect.Value) bool) {
			for _, k := range a[0].MapKeys() {
				if !y(k) {
					return
				}
			}
		}))
	},
	"maps.Values": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		return one(seqOf(t, func(y func(...reflect.Value) bool) {
			for _, k := range a[0].MapKeys() {
				if !y(a[0].MapIndex(k)) {
					return
				}
			}
		}))
	},
	"maps.Clone": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		m := reflect.MakeMap(a[0].Type())
		for _, k := range a[0].MapKeys() {
			m.SetMapIndex(k, a[0].MapIndex(k))
		}
		return one(m)
	},
	"cmp.Compare": func(t reflect.Type, a []reflect.Value) []reflect.Value { return one(reflect.ValueOf(cmpV(a[0], a[1]))) },
	"sync.OnceValue": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		var once sync.Once
		var r []reflect.Value
		return one(reflect.MakeFunc(t, func([]reflect.Value) []reflect.Value { once.Do(func() { r = a[0].Call(nil) }); return r }))
	},
	"errors.AsType": func(t reflect.Type, a []reflect.Value) []reflect.Value {
		p := reflect.New(t)
		ok := errors.As(a[0].Interface().(error), p.Interface())
		return []reflect.Value{p.Elem(), reflect.ValueOf(ok)}
	},
}
