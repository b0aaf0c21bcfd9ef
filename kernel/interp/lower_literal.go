package interp

import (
	"go/ast"
	"go/types"

	"divvy/kernel/symbols/box"
)

// composite lowers a composite literal, with its type spelled out.
func (l *lowerer) composite(e *ast.CompositeLit) ast.Expr {
	t := l.typeOf(e)
	if p, ok := t.Underlying().(*types.Pointer); ok && e.Type == nil { // elided &T
		return addr(l.compositeOf(e, p.Elem()))
	}
	return l.compositeOf(e, t)
}

func (l *lowerer) compositeOf(e *ast.CompositeLit, t types.Type) ast.Expr {
	c := &ast.CompositeLit{Type: l.typAt(l.coreType(t), e.Pos()), Lbrace: e.Lbrace, Rbrace: e.Rbrace}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for i, el := range e.Elts {
			j, value := i, el
			if kv, ok := el.(*ast.KeyValueExpr); ok {
				j, value = fieldIndex(u, kv.Key.(*ast.Ident).Name), kv.Value
			}
			if l.isNil(value) || u.Field(j).Name() == "_" && !l.calls(value) {
				continue // what it is anyway, or may be
			}
			c.Elts = append(c.Elts, &ast.KeyValueExpr{Key: id(fieldName(u, j)), Value: l.element(value, u.Field(j).Type())})
		}
	case *types.Map:
		for _, el := range e.Elts {
			kv := el.(*ast.KeyValueExpr)
			c.Elts = append(c.Elts, &ast.KeyValueExpr{Key: l.mapKey(kv.Key, u), Colon: kv.Colon, Value: l.present(l.element(kv.Value, u.Elem()), l.typeOf(kv.Value))})
		}
	default:
		var elem types.Type
		switch u := u.(type) {
		case *types.Slice:
			elem = u.Elem()
		case *types.Array:
			elem = u.Elem()
		}
		for _, el := range e.Elts {
			if kv, ok := el.(*ast.KeyValueExpr); ok {
				c.Elts = append(c.Elts, &ast.KeyValueExpr{Key: l.expr(kv.Key), Colon: kv.Colon, Value: l.element(kv.Value, elem)})
				continue
			}
			c.Elts = append(c.Elts, l.element(el, elem))
		}
	}
	if l.wrapped(t) { // addressable, as a call of wrap is not
		return &ast.CompositeLit{Type: l.typAt(t, e.Pos()), Lbrace: e.Lbrace, Rbrace: e.Rbrace, Elts: []ast.Expr{&ast.KeyValueExpr{Key: id(box.Self), Value: c}}}
	}
	return c
}

// element lowers a value of a composite literal.
func (l *lowerer) element(e ast.Expr, t types.Type) ast.Expr {
	return l.kept(l.conv(e, t), l.typeOf(e))
}

// present takes what a pointer points to before it becomes an element of a map,
// from where yaegi would delete the element if the pointer is nil.
func (l *lowerer) present(x ast.Expr, t types.Type) ast.Expr {
	s, ok := unparen(x).(*ast.StarExpr)
	if !ok {
		return x
	}
	fn := l.helper("deref", l.key(t), func(fn string) {
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("p", star(l.typ(t)))}, []*ast.Field{result(l.typ(t))}), ret(star(id("p")))))
	})
	return call(id(fn), s.X)
}

func (l *lowerer) isMapElem(x ast.Expr) bool {
	e, ok := unparen(x).(*ast.IndexExpr)
	if !ok {
		return false
	}
	_, ok = l.typeOf(e.X).Underlying().(*types.Map)
	return ok
}

func fieldIndex(t *types.Struct, name string) int {
	for i := range t.NumFields() {
		if t.Field(i).Name() == name {
			return i
		}
	}
	return -1
}
