package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// goStmt runs the call in a goroutine that reports a panic instead of ending
// the process. Compiled code does that: while a cell is being interrupted no
// deferred function of interpreted code runs.
func (l *lowerer) goStmt(s *ast.GoStmt) []ast.Stmt {
	pre, c := l.bound(s.Call)
	f := l.fresh("f")
	body := &ast.FuncLit{Type: funcType(nil, nil), Body: block(exprStmt(c))}
	return append(pre, define([]string{f}, body), &ast.GoStmt{Go: s.Go, Call: call(rtFn("Go"), id(f), l.place(s.Go))})
}

// bound lowers a call with its function and arguments evaluated now, in fresh
// variables: yaegi keeps references to what it should copy.
func (l *lowerer) bound(e *ast.CallExpr) ([]ast.Stmt, *ast.CallExpr) {
	c, ok := unparen(l.expr(e)).(*ast.CallExpr)
	if !ok {
		l.fail(e.Pos(), "this call cannot be deferred or run in a goroutine")
	}
	var pre []ast.Stmt
	bind := func(x ast.Expr) ast.Expr {
		switch x := x.(type) {
		case *ast.BasicLit, *ast.FuncLit:
			return x
		case *ast.Ident:
			if x.Name == "nil" || x.Name == "true" || x.Name == "false" {
				return x
			}
		case *ast.ArrayType, *ast.MapType, *ast.ChanType, *ast.StarExpr, *ast.InterfaceType:
			if _, ok := x.(*ast.StarExpr); !ok {
				return x // a type, of make or new
			}
		}
		n := l.fresh("b")
		pre = append(pre, &ast.AssignStmt{Lhs: []ast.Expr{id(n)}, Tok: token.DEFINE, TokPos: e.Pos(), Rhs: []ast.Expr{x}})
		return id(n)
	}
	fun := unparen(e.Fun)
	if x, ok := fun.(*ast.Ident); ok {
		if v, ok := l.obj(x).(*types.Var); ok && v != nil {
			c.Fun = bind(c.Fun)
		}
	} else if _, ok := c.Fun.(*ast.CallExpr); ok || l.isFuncPlace(fun) {
		c.Fun = bind(c.Fun)
	} else if se, ok := c.Fun.(*ast.SelectorExpr); ok && !isSupport(se) {
		if s := l.selectionOf(fun); s != nil && s.Kind() == types.MethodVal { // of a compiled method
			f := s.Obj().(*types.Func)
			if isPtr(f.Signature().Recv().Type()) && !isPtr(l.receiver(s)) {
				se.X = addr(se.X)
			}
			se.X = bind(se.X)
		}
	}
	for i, a := range c.Args {
		c.Args[i] = bind(a)
	}
	if s := l.selectionOf(fun); s != nil && s.Kind() == types.MethodVal && isInterface(l.receiver(s)) {
		if se, ok := c.Fun.(*ast.SelectorExpr); ok && !isSupport(se) {
			pre = append(pre, l.notNil(se.X, e.Pos()))
		} else if len(c.Args) > 0 {
			pre = append(pre, l.notNil(c.Args[0], e.Pos()))
		}
	}
	return pre, c
}

// isSupport reports whether a lowered selector names a function of the support.
func isSupport(se *ast.SelectorExpr) bool {
	x, ok := se.X.(*ast.Ident)
	return ok && x.Name == "rt__"
}

// notNil panics where an interface value, whose method is taken, is nil.
func (l *lowerer) notNil(x ast.Expr, p token.Pos) ast.Stmt {
	return &ast.IfStmt{Cond: &ast.BinaryExpr{X: x, Op: token.EQL, Y: id("nil")}, Body: block(exprStmt(call(rtFn("NilMethod"), l.place(p))))}
}

// isFuncPlace reports whether what is called lies in a field, an element or where a
// pointer points to, or is asserted.
func (l *lowerer) isFuncPlace(fun ast.Expr) bool {
	switch x := fun.(type) {
	case *ast.StarExpr, *ast.TypeAssertExpr:
		return !l.info.Types[fun].IsType()
	case *ast.SelectorExpr:
		s := l.info.Selections[x]
		return s != nil && s.Kind() == types.FieldVal
	case *ast.IndexExpr:
		t := l.typeOf(x.X)
		return t != nil && !isFunc(t)
	}
	return false
}

// receiver is the type of what a selected method belongs to: that of the last
// embedded field on the way to it, if there is one.
func (l *lowerer) receiver(s *types.Selection) types.Type {
	t := l.st(s.Recv())
	for _, i := range s.Index()[:len(s.Index())-1] {
		t = l.st(deref(t).Underlying().(*types.Struct).Field(i).Type())
	}
	return t
}

// selectionOf returns what a selector that is called selects, or nil.
func (l *lowerer) selectionOf(fun ast.Expr) *types.Selection {
	se := calledSelector(fun)
	if se == nil {
		return nil
	}
	return l.info.Selections[se]
}
