package interp

import (
	"go/ast"
	"go/types"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"divvy/kernel/symbols"
	"divvy/kernel/symbols/box"
)

func sortStrings(s []string) { sort.Strings(s) }

// desc returns the description of a type, and sees to it that the methods of
// the types in it can be called by compiled code.
func (l *lowerer) desc(t types.Type) *typeDesc {
	t = types.Unalias(l.st(t))
	k := l.key(t)
	if d, ok := l.s.descs[k]; ok {
		l.refresh(d, t)
		return d
	}
	d := &typeDesc{Type: &box.Type{Name: typeString(t)}, id: len(l.s.rt.types), typ: t}
	l.s.descs[k] = d
	l.s.rt.types = append(l.s.rt.types, d.Type)
	l.u.newDescs = append(l.u.newDescs, k)
	d.Key0, d.Plain = k, !hasCell(t)
	if n, ok := t.(*types.Named); ok {
		d.Short = n.Obj().Name()
	}
	elem := func(t types.Type) *box.Type { return l.desc(t).Type }
	switch u := t.Underlying().(type) {
	case *types.Basic:
		d.Kind = basicKind(u)
	case *types.Pointer:
		d.Kind, d.Elem = reflect.Pointer, elem(u.Elem())
	case *types.Slice:
		d.Kind, d.Elem = reflect.Slice, elem(u.Elem())
	case *types.Array:
		d.Kind, d.Elem = reflect.Array, elem(u.Elem())
	case *types.Chan:
		d.Kind = reflect.Chan
		if !d.Plain {
			d.Elem = elem(u.Elem())
		}
	case *types.Map:
		d.Kind, d.Key, d.Elem = reflect.Map, elem(u.Key()), elem(u.Elem())
	case *types.Signature:
		d.Kind = reflect.Func
		l.describeFunc(d, u)
	case *types.Struct:
		d.Kind = reflect.Struct
		for i := range u.NumFields() {
			f := u.Field(i)
			bf := box.Field{Name: f.Name(), Tag: reflect.StructTag(u.Tag(i)), Exported: f.Exported(), Embedded: f.Embedded()}
			if d.Plain {
				bf.Type = &box.Type{Name: typeString(f.Type()), Plain: true}
			} else {
				bf.Type = elem(f.Type())
			}
			d.Fields = append(d.Fields, bf)
		}
	case *types.Interface:
		d.Kind = reflect.Interface
		for i := range u.NumMethods() {
			m := u.Method(i)
			bm := box.Method{Name: m.Name(), Sig: l.key(m.Type())}
			d.Iface = append(d.Iface, bm)
		}
		sort.Slice(d.Iface, func(i, j int) bool { return d.Iface[i].Name < d.Iface[j].Name })
	}
	l.refresh(d, t)
	if n, ok := t.(*types.Named); ok && d.Kind != reflect.Interface && !d.Plain {
		if p := types.NewPointer(n); types.NewMethodSet(p).Len() > types.NewMethodSet(n).Len() {
			d.SetPtr(l.desc(p).Type)
		}
	}
	return d
}

func basicKind(b *types.Basic) reflect.Kind {
	if b.Kind() >= types.Bool && b.Kind() <= types.Complex128 {
		return reflect.Kind(b.Kind()) // go/types and reflect number them alike
	}
	switch b.Kind() {
	case types.String, types.UntypedString:
		return reflect.String
	case types.UnsafePointer:
		return reflect.UnsafePointer
	}
	return basicKind(types.Default(b).(*types.Basic))
}

// refresh brings the methods of a description up to date: those whose code
// changed since, or that were added, are registered when the cell starts.
func (l *lowerer) refresh(d *typeDesc, t types.Type) {
	d.typ = t
	if d.Plain || d.Kind == reflect.Interface {
		return
	}
	ms := types.NewMethodSet(t)
	for i := range ms.Len() {
		f := ms.At(i).Obj().(*types.Func)
		if !f.Exported() && !isMain(f) {
			continue
		}
		if d.Sigs == nil {
			d.Sigs = map[string]string{}
		}
		sg := l.st(ms.At(i).Type()).(*types.Signature)
		d.Sigs[f.Name()] = l.key(sg)
		code := l.methodCode(ms.At(i), t)
		k := d.Name + "\x00" + l.key(t) + "." + f.Name()
		if l.s.registered[k] == code {
			continue
		}
		old, had := l.s.registered[k]
		l.s.registered[k] = code
		l.u.onRollback = append(l.u.onRollback, func() {
			if delete(l.s.registered, k); had {
				l.s.registered[k] = old
			}
		})
		l.register(d, t, ms.At(i), sg)
	}
	l.describeMethods(d, ms)
}

// describesFuncs reports whether the parameters and results of functions are
// described: templates need that, and nothing else.
func (s *engine) describesFuncs() bool {
	for _, p := range s.imports {
		if p == "text/template" || p == "html/template" {
			return true
		}
	}
	return false
}

// describeEarlier describes the methods of the types of earlier cells, when the
// first cell imports templates.
func (l *lowerer) describeEarlier() {
	if l.s.described || !l.s.describesFuncs() {
		return
	}
	for _, d := range l.s.descs {
		if t := l.current(d.typ); t != nil {
			l.describeMethods(d, types.NewMethodSet(t))
		}
	}
	l.u.onCommit = append(l.u.onCommit, func() { l.s.described = true })
}

func (l *lowerer) describeFunc(d *typeDesc, sg *types.Signature) {
	if d.Plain || !l.s.describesFuncs() {
		return
	}
	for v := range sg.Params().Variables() {
		d.In = append(d.In, l.desc(v.Type()).Type)
	}
	for v := range sg.Results().Variables() {
		d.Out = append(d.Out, l.desc(v.Type()).Type)
	}
}

// describeMethods describes the methods of a type, once in a cell.
func (l *lowerer) describeMethods(d *typeDesc, ms *types.MethodSet) {
	if l.described[d] || !l.s.describesFuncs() {
		return
	}
	if l.described == nil {
		l.described = map[*typeDesc]bool{}
	}
	l.described[d] = true
	for i := range ms.Len() {
		if f := ms.At(i).Obj(); f.Exported() {
			d.SetCall(f.Name(), l.desc(ms.At(i).Type()).Type)
		}
	}
}

// methodCode names the function that a method is, to see when it changed.
func (l *lowerer) methodCode(s *types.Selection, t types.Type) string {
	f := s.Obj().(*types.Func)
	recv := f.Signature().Recv()
	if recv == nil {
		return "compiled"
	}
	if n := cellNamed(recv.Type()); n != nil && !isInterface(n) {
		if d := l.s.decls[n.Obj().Name()+"."+f.Name()]; d != nil {
			return d.iname
		}
	}
	return "compiled"
}

// register emits the registration of a method's code:
//
//	rt__.Reg(id, "M", func(r any, a0 A) R { return T_M(recv(r), a0) })
func (l *lowerer) register(d *typeDesc, t types.Type, s *types.Selection, sg *types.Signature) {
	savedSub := l.sub
	l.inPackage(savedSub, func() {
		ft := l.sig(sg, true)
		args := paramNames(ft)
		for _, r := range resultFields(ft) {
			r.Names = nil
		}
		recv := call(id(l.unboxer(t)), id("r__"))
		var x ast.Expr = recv
		var pre []ast.Stmt
		if !isPtr(t) { // a method may take the receiver's address
			pre = append(pre, define([]string{"v__"}, recv))
			x = id("v__")
		}
		c := l.methodCall(x, t, s, args, sg.Variadic(), 0)
		ft.Params.List = append([]*ast.Field{field("r__", anyType())}, ft.Params.List...)
		fn := l.fresh("m_" + s.Obj().Name())
		l.emit(&ast.FuncDecl{Name: id(fn), Type: ft, Body: block(append(pre, returnOrCall(sg, c))...)})
		l.u.prolog = append(l.u.prolog, exprStmt(call(rtFn("Reg"), intLit(d.id), strLit(s.Obj().Name()), id(fn))))
	})
}

func resultFields(ft *ast.FuncType) []*ast.Field {
	if ft.Results == nil {
		return nil
	}
	return ft.Results.List
}

func returnOrCall(sg *types.Signature, c ast.Expr) ast.Stmt {
	if sg.Results().Len() > 0 {
		return ret(c)
	}
	return exprStmt(c)
}

// unboxer is func(any) T: what lies in an interface value that is known to
// hold a T.
func (l *lowerer) unboxer(t types.Type) string {
	return l.helper("raw", l.key(t), func(fn string) {
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("x", anyType())}, []*ast.Field{result(l.typ(t))}),
			declareVar("v", l.typ(t)), exprStmt(call(rtFn("Raw"), id("x"), addr(id("v")))), ret(id("v"))))
	})
}

// typeString names a type as fmt's %T does.
func typeString(t types.Type) string {
	var b strings.Builder
	writeTypeString(&b, t)
	return b.String()
}

func writeTypeString(b *strings.Builder, t types.Type) {
	elem := func(prefix string, t types.Type) {
		b.WriteString(prefix)
		writeTypeString(b, t)
	}
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		b.WriteString(types.Typ[t.Kind()].Name())
	case *types.Pointer:
		elem("*", t.Elem())
	case *types.Slice:
		elem("[]", t.Elem())
	case *types.Array:
		elem("["+strconv.FormatInt(t.Len(), 10)+"]", t.Elem())
	case *types.Map:
		elem("map[", t.Key())
		elem("]", t.Elem())
	case *types.Chan:
		elem([]string{"chan ", "chan<- ", "<-chan "}[t.Dir()], t.Elem())
	case *types.Signature:
		writeSignature(b, t)
	case *types.Struct:
		writeStruct(b, t)
	case *types.Interface:
		writeInterface(b, t)
	case *types.Named:
		o := t.Obj()
		if o.Pkg() != nil {
			b.WriteString(o.Pkg().Name() + ".")
		}
		b.WriteString(o.Name())
		for i := range t.TypeArgs().Len() {
			elem([]string{"[", ","}[min(i, 1)], t.TypeArgs().At(i))
		}
		if t.TypeArgs().Len() > 0 {
			b.WriteString("]")
		}
	default:
		b.WriteString(t.String())
	}
}

func writeSignature(b *strings.Builder, t *types.Signature) {
	tuple := func(t *types.Tuple, variadic bool) {
		for i := range t.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			s, ok := t.At(i).Type().Underlying().(*types.Slice)
			if ok && variadic && i == t.Len()-1 {
				b.WriteString("...")
				writeTypeString(b, s.Elem())
				continue
			}
			writeTypeString(b, t.At(i).Type())
		}
	}
	b.WriteString("func(")
	tuple(t.Params(), t.Variadic())
	b.WriteString(")")
	switch t.Results().Len() {
	case 0:
	case 1:
		b.WriteString(" ")
		tuple(t.Results(), false)
	default:
		b.WriteString(" (")
		tuple(t.Results(), false)
		b.WriteString(")")
	}
}

func writeStruct(b *strings.Builder, t *types.Struct) {
	if t.NumFields() == 0 {
		b.WriteString("struct {}")
		return
	}
	b.WriteString("struct { ")
	for i := range t.NumFields() {
		if i > 0 {
			b.WriteString("; ")
		}
		f := t.Field(i)
		if !f.Embedded() {
			b.WriteString(f.Name() + " ")
		}
		writeTypeString(b, f.Type())
		if tag := t.Tag(i); tag != "" {
			b.WriteString(" " + strconv.Quote(tag))
		}
	}
	b.WriteString(" }")
}

func writeInterface(b *strings.Builder, t *types.Interface) {
	if t.NumMethods() == 0 {
		b.WriteString("interface {}")
		return
	}
	b.WriteString("interface { ")
	for i := range t.NumMethods() {
		if i > 0 {
			b.WriteString("; ")
		}
		var sig strings.Builder
		writeSignature(&sig, t.Method(i).Signature())
		b.WriteString(t.Method(i).Name() + strings.TrimPrefix(sig.String(), "func"))
	}
	b.WriteString(" }")
}

func isIdent(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// hasAdapter reports whether compiled code can see a cell's value as t.
func hasAdapter(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok {
		return false
	}
	if n.Obj().Pkg() == nil {
		return true // error
	}
	_, ok = symbols.Table(n.Obj().Pkg().Path())["_"+n.Obj().Name()]
	return ok
}
