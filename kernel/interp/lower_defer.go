package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// yaegi runs deferred calls while it holds a lock on the frame, loses those
// that follow one that panics, and lets recover see a panic from any depth. So
// the support runs them (rt_defer.go): a function that defers keeps its results
// in variables and runs its body as a function literal:
//
//	func f(x int) error {
//		var r error
//		d := rt__.Defers()
//		d.Run(func() { d.Add(func() { g(x) }); r = h(); return })
//		return r
//	}

// hasDefer reports whether statements defer a call, other than in a function
// literal. The body of a range over a function defers for the function around.
func hasDefer(ss []ast.Stmt) (found bool) {
	for _, s := range ss {
		ast.Inspect(s, func(n ast.Node) bool {
			switch n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.DeferStmt:
				found = true
			}
			return !found
		})
	}
	return found
}

// functionBody lowers the body of a function with the signature sg, whose
// lowered type is ft.
func (l *lowerer) functionBody(label string, sg *types.Signature, ft *ast.FuncType, body *ast.BlockStmt) *ast.BlockStmt {
	lower := func() *ast.BlockStmt { return l.marked(label, body, func() *ast.BlockStmt { return l.block(body) }) }
	var pre []ast.Stmt
	if l.fn.panicking == "" && callsRecover(body, l.info) {
		l.fn.panicking = l.fresh("panicking")
		pre = append(pre, define([]string{l.fn.panicking}, call(rtFn("Pending"))))
	}
	if !hasDefer(body.List) {
		b := lower()
		b.List = append(append(pre, l.zeroResults(sg)...), b.List...)
		return b
	}
	for i := range sg.Results().Len() {
		v := sg.Results().At(i)
		n := l.param(v)
		l.fn.results = append(l.fn.results, n)
		pre = append(pre, declareVar(n, l.typ(v.Type())))
	}
	for _, f := range resultFields(ft) {
		f.Names = nil
	}
	pre = append(pre, l.deferring(func() []ast.Stmt { return lower().List })...)
	if len(l.fn.results) > 0 {
		pre = append(pre, ret(ids(l.fn.results)...))
	}
	return &ast.BlockStmt{Lbrace: body.Lbrace, List: pre, Rbrace: body.Rbrace}
}

// deferring returns the statements that run a body that defers.
func (l *lowerer) deferring(body func() []ast.Stmt) []ast.Stmt {
	l.fn.defers = l.fresh("d")
	run := &ast.FuncLit{Type: funcType(nil, nil), Body: block(body()...)}
	return []ast.Stmt{
		define([]string{l.fn.defers}, call(rtFn("Defers"))),
		exprStmt(call(sel(id(l.fn.defers), "Run"), run)),
	}
}

// setResults assigns what a function that defers returns.
func (l *lowerer) setResults(vals []ast.Expr) []ast.Stmt {
	res := l.fn.sig.Results()
	var out []ast.Stmt
	if len(vals) == 1 {
		return []ast.Stmt{assign(id(l.fn.results[0]), vals[0])}
	}
	tmp := make([]string, len(vals))
	for i, v := range vals { // a value must not read a result set before
		tmp[i] = l.fresh("t")
		out = append(out, declareVar(tmp[i], l.typ(res.At(i).Type())), assign(id(tmp[i]), v))
	}
	for i := range vals {
		out = append(out, assign(id(l.fn.results[i]), id(tmp[i])))
	}
	return out
}

// deferStmt lowers a deferred call: its function and arguments are evaluated
// now, in variables of their own.
func (l *lowerer) deferStmt(s *ast.DeferStmt) []ast.Stmt {
	add := func(name string, f ast.Expr) ast.Stmt {
		f = l.keptAs(f, name, unparen(f).(*ast.FuncLit).Type)
		return exprStmt(&ast.CallExpr{Fun: sel(id(l.fn.defers), name), Lparen: s.Defer, Args: []ast.Expr{f}})
	}
	fl, isLit := unparen(s.Call.Fun).(*ast.FuncLit)
	rec := isLit && callsRecover(fl.Body, l.info)
	if isLit && !rec && len(s.Call.Args) == 0 {
		return []ast.Stmt{add("Add", l.expr(fl))}
	}
	p := ""
	if rec {
		p = l.fresh("panicking")
		l.panicking = p
	}
	pre, c := l.bound(s.Call)
	l.panicking = ""
	body := block(exprStmt(c))
	switch {
	case rec:
		return append(pre, add("AddRecovering", &ast.FuncLit{Type: funcType([]*ast.Field{field(p, star(rtFn("Panicking")))}, nil), Body: body}))
	case isLit || l.cannotRecover(s.Call.Fun):
		return append(pre, add("Add", &ast.FuncLit{Type: funcType(nil, nil), Body: body}))
	}
	if x, ok := unparen(s.Call.Fun).(*ast.Ident); ok {
		if b, ok := l.info.Uses[x].(*types.Builtin); ok && b.Name() == "recover" {
			body = block() // is not called by a deferred function
		}
	}
	return append(pre, add("AddCall", &ast.FuncLit{Type: funcType(nil, nil), Body: body}))
}

// cannotRecover reports whether a function that is deferred is known not to call
// recover itself; what it calls recovers nothing.
func (l *lowerer) cannotRecover(fun ast.Expr) bool {
	fun = unparen(fun)
	key := ""
	if s := l.selectionOf(fun); s != nil {
		f, ok := s.Obj().(*types.Func)
		if !ok || isInterface(l.receiver(s)) {
			return false
		}
		if !isMain(f) {
			return true
		}
		key = declKey(f)
	} else if x, ok := calledIdent(fun); ok {
		if f, ok := l.obj(x).(*types.Func); !ok || !isMain(f) {
			return ok
		}
		key = x.Name
	} else if se := calledSelector(fun); se != nil {
		_, isFunc := l.info.Uses[se.Sel].(*types.Func)
		return isFunc // of a compiled package
	}
	d := l.s.decls[key]
	if d == nil {
		return false
	}
	f, ok := l.origNode(d).(*ast.FuncDecl)
	return ok && f.Body != nil && !callsRecover(f.Body, l.info)
}

// callsRecover reports whether a body itself calls recover.
func callsRecover(body *ast.BlockStmt, info *types.Info) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			if x, ok := unparen(n.Fun).(*ast.Ident); ok {
				if b, ok := info.Uses[x].(*types.Builtin); ok && b.Name() == "recover" {
					found = true
				}
			}
		}
		return !found
	})
	return found
}

// recoverCall lowers recover().
func (l *lowerer) recoverCall(p token.Pos) ast.Expr {
	by := id("nil")
	if l.fn != nil && l.fn.panicking != "" {
		by = id(l.fn.panicking)
	}
	return &ast.CallExpr{Fun: rtFn("Recovered"), Lparen: p, Args: []ast.Expr{by}}
}
