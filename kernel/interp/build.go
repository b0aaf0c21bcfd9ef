package interp

import (
	"go/ast"
	"go/token"
	"strconv"
)

// Short makers of syntax for the lowerer. A zero position is filled in by
// fixPos.

func id(name string) *ast.Ident { return &ast.Ident{Name: name} }

func idAt(name string, p token.Pos) *ast.Ident { return &ast.Ident{Name: name, NamePos: p} }

func lit(k token.Token, v string) *ast.BasicLit { return &ast.BasicLit{Kind: k, Value: v} }

func intLit(i int) ast.Expr {
	if i < 0 {
		return &ast.UnaryExpr{Op: token.SUB, X: lit(token.INT, strconv.Itoa(-i))}
	}
	return lit(token.INT, strconv.Itoa(i))
}

func strLit(s string) ast.Expr { return lit(token.STRING, strconv.Quote(s)) }

func call(f ast.Expr, args ...ast.Expr) *ast.CallExpr { return &ast.CallExpr{Fun: f, Args: args} }

func sel(x ast.Expr, name string) *ast.SelectorExpr { return &ast.SelectorExpr{X: x, Sel: id(name)} }

// rtFn names a function of the runtime support (see exports in rt.go).
func rtFn(name string) ast.Expr { return sel(id("rt__"), name) }

func addr(x ast.Expr) ast.Expr { return &ast.UnaryExpr{Op: token.AND, X: x} }

func star(x ast.Expr) *ast.StarExpr { return &ast.StarExpr{X: x} }

func define(names []string, rhs ...ast.Expr) *ast.AssignStmt {
	return &ast.AssignStmt{Lhs: ids(names), Tok: token.DEFINE, Rhs: rhs}
}

func assign(lhs, rhs ast.Expr) *ast.AssignStmt {
	return &ast.AssignStmt{Lhs: []ast.Expr{lhs}, Tok: token.ASSIGN, Rhs: []ast.Expr{rhs}}
}

func ids(names []string) []ast.Expr {
	es := make([]ast.Expr, len(names))
	for i, n := range names {
		es[i] = id(n)
	}
	return es
}

func declareVar(name string, t ast.Expr) ast.Stmt {
	return &ast.DeclStmt{Decl: &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id(name)}, Type: t}}}}
}

func block(ss ...ast.Stmt) *ast.BlockStmt { return &ast.BlockStmt{List: ss} }

func ret(es ...ast.Expr) *ast.ReturnStmt { return &ast.ReturnStmt{Results: es} }

func exprStmt(x ast.Expr) *ast.ExprStmt { return &ast.ExprStmt{X: x} }

func field(name string, t ast.Expr) *ast.Field {
	return &ast.Field{Names: []*ast.Ident{id(name)}, Type: t}
}

func result(t ast.Expr) *ast.Field { return &ast.Field{Type: t} }

func fields(fs ...*ast.Field) *ast.FieldList { return &ast.FieldList{List: fs} }

func funcType(params, results []*ast.Field) *ast.FuncType {
	t := &ast.FuncType{Params: fields(params...)}
	if len(results) > 0 {
		t.Results = fields(results...)
	}
	return t
}

func funcDecl(name string, t *ast.FuncType, body ...ast.Stmt) *ast.FuncDecl {
	return &ast.FuncDecl{Name: id(name), Type: t, Body: block(body...)}
}

func anyType() ast.Expr { return &ast.InterfaceType{Methods: &ast.FieldList{}} }

// unparen strips parentheses.
func unparen(e ast.Expr) ast.Expr {
	for {
		p, ok := e.(*ast.ParenExpr)
		if !ok {
			return e
		}
		e = p.X
	}
}
