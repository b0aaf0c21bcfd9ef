package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"divvy/kernel/symbols/box"
)

// typ returns the type by which the interpreter represents t.
func (l *lowerer) typ(t types.Type) ast.Expr { return l.typAt(t, token.NoPos) }

func (l *lowerer) typAt(t types.Type, p token.Pos) ast.Expr {
	t = types.Unalias(l.st(t))
	switch t := t.(type) {
	case *types.Basic:
		if t.Info()&types.IsUntyped != 0 {
			return l.typAt(types.Default(t), p)
		}
		if t.Kind() == types.UnsafePointer {
			return l.pkgSel("unsafe", "Pointer", p)
		}
		return idAt(types.Typ[t.Kind()].Name(), p)
	case *types.Pointer:
		return &ast.StarExpr{Star: p, X: l.typAt(t.Elem(), p)}
	case *types.Slice:
		return &ast.ArrayType{Lbrack: p, Elt: l.typAt(t.Elem(), p)}
	case *types.Array:
		return &ast.ArrayType{Lbrack: p, Len: lit(token.INT, strconv.FormatInt(t.Len(), 10)), Elt: l.typAt(t.Elem(), p)}
	case *types.Map:
		return &ast.MapType{Map: p, Key: l.typAt(t.Key(), p), Value: l.typAt(t.Elem(), p)}
	case *types.Chan:
		d := ast.SEND | ast.RECV
		switch t.Dir() {
		case types.SendOnly:
			d = ast.SEND
		case types.RecvOnly:
			d = ast.RECV
		}
		return &ast.ChanType{Begin: p, Dir: d, Value: l.typAt(t.Elem(), p)}
	case *types.Signature:
		return l.sig(t, false)
	case *types.Struct:
		return l.structType(t, "")
	case *types.Interface:
		return anyType()
	case *types.Named:
		return l.namedType(t, p)
	}
	l.fail(p, "type %s is not supported", t)
	return nil
}

func (l *lowerer) namedType(t *types.Named, p token.Pos) ast.Expr {
	o := t.Obj()
	switch {
	case o.Pkg() == nil: // error
		return rtFn("Error")
	case isMain(o):
		if isInterface(t) {
			return anyType()
		}
		return l.cellType(t, p)
	case t.TypeArgs().Len() > 0:
		if n, ok := genericTypes[o.Pkg().Path()+"."+o.Name()]; ok {
			return rtFn(n)
		}
		switch u := t.Underlying().(type) {
		case *types.Signature, *types.Slice, *types.Map:
			return l.typAt(u, p) // iter.Seq[T] and the like are their structure
		}
		l.fail(p, "the generic type %s of compiled code is not available in cells", t)
	case !o.Exported():
		l.fail(p, "the type %s cannot be named in a cell", t)
	}
	return l.pkgSel(o.Pkg().Path(), o.Name(), p)
}

// genericTypes are the compiled substitutes of generic types.
var genericTypes = map[string]string{
	"sync/atomic.Pointer": "AtomicPointer",
	"unique.Handle":       "Handle",
	"weak.Pointer":        "WeakPointer",
}

// cellType returns the representation of a type that a cell declared: structs
// and recursive types are declared once, all others are their structure.
func (l *lowerer) cellType(t *types.Named, p token.Pos) ast.Expr {
	if _, ok := t.Underlying().(*types.Struct); !ok && !recursive(t) {
		return l.typAt(t.Underlying(), p)
	}
	key := "type:" + l.key(t)
	if n, ok := l.s.inst[key]; ok {
		return idAt(n, p)
	}
	n := l.fresh(t.Obj().Name())
	l.setInst(key, n)
	sub := l.sub
	if l.pkgLevel(t.Obj()) {
		sub = nil
	}
	l.inPackage(sub, func() {
		var te ast.Expr
		switch u := l.st(t.Underlying()).(type) {
		case *types.Struct:
			te = l.structType(u, n)
		default:
			if te = l.typ(u); l.wrapped(t) {
				f := field(box.Self, te)
				f.Tag = lit(token.STRING, strconv.Quote(selfTag(n)))
				te = &ast.StructType{Fields: &ast.FieldList{List: []*ast.Field{f}}}
			}
		}
		l.u.types = append(l.u.types, &ast.GenDecl{Tok: token.TYPE, Specs: []ast.Spec{&ast.TypeSpec{Name: id(n), Type: te}}})
		l.u.structs = append(l.u.structs, cellStruct{n, t})
	})
	return idAt(n, p)
}

// structType lowers a struct. Embedded fields become plain ones: promotion is
// resolved when selectors are lowered. A mark in a tag keeps the
// representations of distinct types distinct.
func (l *lowerer) structType(t *types.Struct, mark string) ast.Expr {
	fl := &ast.FieldList{}
	for i := range t.NumFields() {
		af := &ast.Field{Names: []*ast.Ident{id(fieldName(t, i))}, Type: l.typ(t.Field(i).Type())}
		if tag := fieldTag(t, i, mark); tag != "" {
			af.Tag = lit(token.STRING, strconv.Quote(tag))
		}
		fl.List = append(fl.List, af)
	}
	if mark != "" && t.NumFields() == 0 {
		fl.List = []*ast.Field{{Names: []*ast.Ident{id("Z__")}, Type: &ast.StructType{Fields: &ast.FieldList{}},
			Tag: lit(token.STRING, strconv.Quote(`json:"-" xml:"-" cell:`+strconv.Quote(mark)))}}
	}
	return &ast.StructType{Fields: fl}
}

// fieldName is the name of a field in the representation.
func fieldName(t *types.Struct, i int) string {
	if n := t.Field(i).Name(); n != "_" {
		return n
	}
	return fmt.Sprintf("Blank__%d", i)
}

// sig lowers a function type; named says whether to name its parameters.
func (l *lowerer) sig(t *types.Signature, named bool) *ast.FuncType {
	ft := &ast.FuncType{Params: &ast.FieldList{}}
	for i := range t.Params().Len() {
		v := t.Params().At(i)
		var te ast.Expr
		if t.Variadic() && i == t.Params().Len()-1 {
			if s, ok := l.st(v.Type()).Underlying().(*types.Slice); ok {
				te = &ast.Ellipsis{Elt: l.typ(s.Elem())}
			}
		}
		if te == nil {
			te = l.typ(v.Type())
		}
		f := &ast.Field{Type: te}
		if named {
			f.Names = []*ast.Ident{id(l.param(v))}
		}
		ft.Params.List = append(ft.Params.List, f)
	}
	if t.Results().Len() == 0 {
		return ft
	}
	ft.Results = &ast.FieldList{}
	for i := range t.Results().Len() {
		v := t.Results().At(i)
		f := &ast.Field{Type: l.typ(v.Type())}
		if named && v.Name() != "" {
			f.Names = []*ast.Ident{id(l.param(v))}
		}
		ft.Results.List = append(ft.Results.List, f)
	}
	return ft
}

// param names a parameter or result; those without a name get one.
func (l *lowerer) param(v *types.Var) string {
	if v.Name() == "" || v.Name() == "_" {
		n, ok := l.names[v]
		if !ok {
			n = l.fresh("p")
			l.names[v] = n
		}
		return n
	}
	return l.local(v)
}

// paramNames lists the names of a lowered parameter list as arguments.
func paramNames(ft *ast.FuncType) []ast.Expr {
	var args []ast.Expr
	for _, f := range ft.Params.List {
		for _, n := range f.Names {
			args = append(args, id(n.Name))
		}
	}
	return args
}

// typeName returns the internal name of a type that a cell declared.
func (l *lowerer) typeName(t *types.Named) string {
	o := t.Obj()
	if l.pkgLevel(o) || o.Parent() == nil || o.Parent() == o.Pkg().Scope() {
		if d := l.s.decls[o.Name()]; d != nil && d.iname != "" {
			return d.iname
		}
		l.fail(o.Pos(), "internal: no declaration of type %s", o.Name())
	}
	// Declared in a function: its place names it, with the type arguments there.
	n := fmt.Sprintf("%s@%d", o.Name(), o.Pos())
	var args []string
	for p := range l.sub {
		if declaredIn(o, p.Obj().Parent()) {
			args = append(args, fmt.Sprintf("%d=%s", p.Index(), l.key(p)))
		}
	}
	if len(args) > 0 {
		sortStrings(args)
		n += "{" + strings.Join(args, ",") + "}"
	}
	return n
}

// declaredIn reports whether a scope is that of an object or around it.
func declaredIn(o types.Object, around *types.Scope) bool {
	s := o.Parent()
	for s != nil && s != around {
		s = s.Parent()
	}
	return s != nil
}
