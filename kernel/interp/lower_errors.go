package interp

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A cell has no caller to return an error to, and no compiler complains about
// one that is set and never read. So a statement at the top of a cell tells the
// run which errors it has set (rt_errors.go), and an error that the last call
// of a cell returns ends the cell.

// topStmtNoted lowers the i-th statement of the cell, and has the run told of its
// errors.
func (l *lowerer) topStmtNoted(ck *checked, i int) []ast.Stmt {
	st := ck.stmts[i]
	if x := l.dropsError(st); x != nil {
		return append(l.checks(st), l.noteDropped(x)...)
	}
	return append(l.topStmt(st), l.noteErrors(ck, i)...)
}

// noteErrors tells the run what errors the i-th statement of the cell has set.
func (l *lowerer) noteErrors(ck *checked, i int) (out []ast.Stmt) {
	for _, x := range setErrors(ck.stmts[i], l.errorAt) {
		v := l.toIface(l.topVar(x), l.errorAt(x), types.NewInterfaceType(nil, nil), x.Pos())
		unread := "false"
		if l.unread(ck, i, x.Name) {
			unread = "true"
		}
		out = append(out, exprStmt(call(rtFn("Noted"), strLit(x.Name), strLit(l.line(x.Pos())), v, id(unread))))
	}
	return out
}

// dropsError gives the call of a statement that leaves its error unread, or nil.
func (l *lowerer) dropsError(st ast.Stmt) *ast.CallExpr {
	s, ok := st.(*ast.ExprStmt)
	if !ok || l.prints(s.X) {
		return nil
	}
	c, ok := ast.Unparen(s.X).(*ast.CallExpr)
	if t := l.info.Types[s.X].Type; !ok || t == nil || !l.returned(c, t) {
		return nil
	}
	return c
}

// noteDropped makes a call whose results nobody takes, and tells the run of its
// error.
func (l *lowerer) noteDropped(c *ast.CallExpr) []ast.Stmt {
	t := l.info.Types[c].Type
	names := []string{l.fresh("v")}
	if tup, ok := t.(*types.Tuple); ok {
		names = names[:0]
		for range tup.Len() - 1 {
			names = append(names, "_")
		}
		names = append(names, l.fresh("v"))
		t = tup.At(tup.Len() - 1).Type()
	}
	last := names[len(names)-1]
	return []ast.Stmt{
		define(names, l.expr(c)),
		exprStmt(call(rtFn("Noted"), strLit("the error of "+types.ExprString(c.Fun)), strLit(l.line(c.Pos())),
			l.toIface(id(last), t, types.NewInterfaceType(nil, nil), c.Pos()), id("true"))),
	}
}

// errorAt is the type of a variable of the session if that is error.
func (l *lowerer) errorAt(x *ast.Ident) types.Type {
	if x.Name == "_" || strings.HasSuffix(x.Name, oldSuffix) {
		return nil
	}
	o := l.info.ObjectOf(x)
	if o == nil { // defined at the top, so hoisted
		o = l.pkg.Scope().Lookup(x.Name)
	}
	v, ok := o.(*types.Var)
	if !ok || v.Parent() != l.pkg.Scope() || !types.Identical(v.Type(), types.Universe.Lookup("error").Type()) {
		return nil
	}
	return v.Type()
}

// setErrors are the variables among those that a statement sets which isError
// knows.
func setErrors(st ast.Stmt, isError func(*ast.Ident) types.Type) (ids []*ast.Ident) {
	var set []ast.Expr
	switch x := st.(type) {
	case *ast.AssignStmt:
		set = x.Lhs
	case *ast.DeclStmt:
		if g, ok := x.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, sp := range g.Specs {
				if vs := sp.(*ast.ValueSpec); len(vs.Values) > 0 {
					for _, n := range vs.Names {
						set = append(set, n)
					}
				}
			}
		}
	}
	for _, e := range set {
		if x, ok := e.(*ast.Ident); ok && isError(x) != nil {
			ids = append(ids, x)
		}
	}
	return ids
}

// unread tells whether nothing reads a variable from behind the i-th statement
// of the cell to where it is set again.
func (l *lowerer) unread(ck *checked, i int, name string) bool {
	reads := func(n ast.Node, sets []*ast.Ident) (read bool) {
		ast.Inspect(n, func(n ast.Node) bool {
			x, ok := n.(*ast.Ident)
			read = read || ok && strings.TrimSuffix(x.Name, oldSuffix) == name && !slices.Contains(sets, x) && !l.inFunc(x)
			return !read
		})
		return read
	}
	for _, d := range ck.syntax.decls {
		if reads(d, nil) {
			return false
		}
	}
	for _, st := range ck.stmts[i+1:] {
		sets := setErrors(st, l.errorAt)
		if reads(st, sets) {
			return false
		}
		if slices.ContainsFunc(sets, func(x *ast.Ident) bool { return x.Name == name }) {
			break
		}
	}
	return true
}

// inFunc tells whether a name is that of a function's own variable or parameter.
func (l *lowerer) inFunc(x *ast.Ident) bool {
	o := l.info.ObjectOf(x)
	return o != nil && o.Parent() != l.pkg.Scope()
}

// line writes the cell and line of a position: "In[3]:4".
func (l *lowerer) line(p token.Pos) string {
	at := l.s.pos(p)
	return at[:strings.LastIndexByte(at, ':')]
}

// makesErrors tells whether a call is there for the error that it returns: that
// is shown as any value is, where another's ends the cell.
func (l *lowerer) makesErrors(c *ast.CallExpr) bool {
	var name *ast.Ident
	switch f := ast.Unparen(c.Fun).(type) {
	case *ast.Ident:
		name = f
	case *ast.SelectorExpr:
		name = f.Sel
	default:
		return false
	}
	f, ok := l.info.Uses[name].(*types.Func)
	if !ok {
		_, conversion := l.info.Uses[name].(*types.TypeName)
		return conversion
	}
	if p := f.Pkg(); p != nil && (p.Path() == "errors" || p.Path() == "fmt" && f.Name() == "Errorf") {
		return true
	}
	return slices.Contains([]string{"Err", "Unwrap", "Cause"}, f.Name())
}

// returned tells whether an error among the results of an expression is one that
// its call failed with.
func (l *lowerer) returned(e ast.Expr, t types.Type) bool {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || l.makesErrors(c) {
		return false
	}
	if tup, ok := t.(*types.Tuple); ok {
		if tup.Len() == 0 {
			return false
		}
		t = tup.At(tup.Len() - 1).Type()
	}
	return types.Identical(t, types.Universe.Lookup("error").Type())
}
