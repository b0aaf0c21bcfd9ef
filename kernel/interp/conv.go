package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// toIface lowers e for assignment to a location of type target. Values of
// session types go through an interpreted identity function when they become
// interfaces: that is where yaegi v0.16.1 both copies the value and records its
// dynamic type (a plain assignment does neither).
func (l *lowerer) toIface(e ast.Expr, target types.Type) ast.Expr {
	x := l.expr(e)
	if target == nil {
		return x
	}
	target = l.st(target)
	t := l.typeOf(e)
	if t == nil || !types.IsInterface(target) || types.IsInterface(t) || mainNamed(t) == nil {
		return x
	}
	fn := l.helper("toI", target, func(n string) {
		l.u.funcs = append(l.u.funcs, &ast.FuncDecl{Name: id(n), Type: &ast.FuncType{Params: &ast.FieldList{List: []*ast.Field{{Names: []*ast.Ident{id("x")}, Type: l.typ(target, 0)}}}, Results: &ast.FieldList{List: []*ast.Field{{Type: l.typ(target, 0)}}}},
			Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ReturnStmt{Results: []ast.Expr{id("x")}}}}})
	})
	_ = token.NoPos
	return call(idp(fn, e.Pos()), x)
}

func (l *lowerer) toIfaces(es []ast.Expr, targets func(i int) types.Type) (out []ast.Expr) {
	for i, e := range es {
		out = append(out, l.toIface(e, targets(i)))
	}
	return
}
