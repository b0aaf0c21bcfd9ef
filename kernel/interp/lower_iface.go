package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// conv lowers e where a value of type target is wanted. Only the conversion to
// an interface does anything: it is where a value of a cell's type gets its box.
func (l *lowerer) conv(e ast.Expr, target types.Type) ast.Expr {
	if target == nil {
		return l.expr(e)
	}
	target = l.st(target)
	src := l.typeOf(e)
	if l.isNil(e) && l.wrapped(target) {
		return &ast.CompositeLit{Type: l.typAt(target, e.Pos())}
	}
	if src != nil && !isInterface(target) {
		x := l.expr(e)
		if u := src.Underlying(); l.isDeclaredFunc(e) {
			// yaegi loses a declared function on the way to a result or a variable.
			x = l.keptAs(x, l.key(u), l.typ(u))
		}
		return l.rewrap(x, src, target)
	}
	if !isInterface(target) || src == nil || l.isNil(e) {
		return l.expr(e)
	}
	if isStream(l.info, e) && compiledIface(target) {
		// Written to directly, in order with what fmt prints.
		if n := types.Unalias(target).(*types.Named).Obj(); n.Pkg() != nil && n.Pkg().Path() == "io" && n.Name() == "Writer" {
			return call(rtFn("Writer"), strLit(unparen(e).(*ast.SelectorExpr).Sel.Name))
		}
	}
	return l.toIface(l.expr(e), src, target, e.Pos())
}

// isDeclaredFunc reports whether e names a function that a cell declares.
func (l *lowerer) isDeclaredFunc(e ast.Expr) bool {
	x, ok := calledIdent(unparen(e))
	if !ok {
		return false
	}
	f, ok := l.info.Uses[x].(*types.Func)
	return ok && isMain(f)
}

// toIface converts a lowered value of type src to interface type target.
func (l *lowerer) toIface(x ast.Expr, src, target types.Type, p token.Pos) ast.Expr {
	compiled := compiledIface(target)
	if _, ok := src.(*types.Tuple); ok {
		return x
	}
	x = l.kept(x, src)
	if isInterface(src) {
		switch {
		case types.Identical(src, target) || compiledIface(src) && compiled || !compiledIface(src) && !compiled:
			return x
		case compiled:
			return call(idAt(l.toCompiled(target, p), p), x)
		default:
			return call(rtFn("Norm"), x)
		}
	}
	if b, ok := src.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		if b.Kind() == types.UntypedNil {
			return x
		}
		src = types.Default(src)
		if src != types.Typ[types.Int] && src != types.Typ[types.String] && src != types.Typ[types.Bool] {
			x = call(l.typ(src), x)
		}
	}
	boxed := hasCell(src)
	switch {
	case boxed && compiled:
		if !hasAdapter(target) {
			l.fail(p, "compiled code cannot see a value of type %s as %s: that interface can only be implemented by its own package", src, target)
		}
		return call(idAt(l.toCompiled(target, p), p), l.box(x, src))
	case boxed:
		return l.box(x, src)
	case compiled:
		return call(idAt(l.toCompiled(target, p), p), call(rtFn("Any"), x))
	}
	return call(rtFn("Any"), x)
}

func (l *lowerer) box(x ast.Expr, t types.Type) ast.Expr {
	return call(rtFn("Box"), l.typeID(t), x)
}

// toCompiled is func(any) I, for an interface that compiled code knows.
func (l *lowerer) toCompiled(t types.Type, _ token.Pos) string {
	return l.helper("to", l.key(t), func(fn string) {
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("x", anyType())}, []*ast.Field{result(l.typ(t))}),
			declareVar("v", l.typ(t)), exprStmt(call(rtFn("To"), id("x"), addr(id("v")))), ret(id("v"))))
	})
}

// assertion lowers x.(T) with one result.
func (l *lowerer) assertion(e *ast.TypeAssertExpr) ast.Expr {
	t := l.typeOf(e.Type)
	fn := l.helper("must", l.key(t), func(fn string) {
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("x", anyType()), field("src", id("string"))}, []*ast.Field{result(l.typ(t))}),
			declareVar("v", l.typ(t)), exprStmt(call(rtFn("Must"), id("x"), l.typeID(t), id("src"), addr(id("v")))), ret(id("v"))))
	})
	return call(idAt(fn, e.Lparen), l.expr(e.X), strLit(typeString(l.typeOf(e.X))))
}

// assertionOK lowers x.(T) with two results.
func (l *lowerer) assertionOK(e *ast.TypeAssertExpr) ast.Expr {
	return call(idAt(l.asserter(l.typeOf(e.Type)), e.Lparen), l.expr(e.X))
}

// asserter is func(any) (T, bool).
func (l *lowerer) asserter(t types.Type) string {
	return l.helper("as", l.key(t), func(fn string) {
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("x", anyType())}, []*ast.Field{result(l.typ(t)), result(id("bool"))}),
			declareVar("v", l.typ(t)), define([]string{"ok"}, call(rtFn("As"), id("x"), l.typeID(t), addr(id("v")))), ret(id("v"), id("ok"))))
	})
}

// dispatcher is the function that calls a method of an interface value that
// the interpreter keeps as an empty interface:
//
//	func(x any, a0 A) R { var f func(any, A) R; rt__.Method(x, "M", &f); return f(x, a0) }
func (l *lowerer) dispatcher(name string, sg *types.Signature) string {
	return l.helper("call_"+name, l.key(sg), func(fn string) {
		l.inPackage(l.sub, func() {
			ft := l.sig(sg, true)
			args := append([]ast.Expr{id("x__")}, paramNames(ft)...)
			for _, r := range resultFields(ft) {
				r.Names = nil
			}
			ft.Params.List = append([]*ast.Field{field("x__", anyType())}, ft.Params.List...)
			bare := l.sig(sg, false)
			bare.Params.List = append([]*ast.Field{{Type: anyType()}}, bare.Params.List...)
			c := call(id("f__"), args...)
			if sg.Variadic() {
				c.Ellipsis = 1
			}
			l.emit(&ast.FuncDecl{Name: id(fn), Type: ft, Body: block(
				declareVar("f__", bare),
				exprStmt(call(rtFn("Method"), id("x__"), strLit(name), addr(id("f__")))),
				returnOrCall(sg, c))})
		})
	})
}

// lookup finds a method of t, or of *t.
func (l *lowerer) lookup(t types.Type, name string) *types.Selection {
	if s := types.NewMethodSet(t).Lookup(l.pkg, name); s != nil || isPtr(t) {
		return s
	}
	return types.NewMethodSet(types.NewPointer(t)).Lookup(l.pkg, name)
}

// methodCall builds a call of method s on x of type t.
func (l *lowerer) methodCall(x ast.Expr, t types.Type, s *types.Selection, args []ast.Expr, spread bool, p token.Pos) *ast.CallExpr {
	c := &ast.CallExpr{Args: args, Lparen: p, Rparen: p}
	if spread {
		c.Ellipsis = max(p, 1)
	}
	f := s.Obj().(*types.Func)
	idx := s.Index()
	x, t = l.path(x, t, idx[:len(idx)-1], p)
	t = l.st(t)
	n := cellNamed(t)
	switch {
	case isInterface(t) && !compiledIface(t):
		c.Fun = idAt(l.dispatcher(f.Name(), l.st(f.Type()).(*types.Signature)), p)
		c.Args = append([]ast.Expr{x}, args...)
		return c
	case n == nil && !isInterface(t) && methodSubstitutes[methodOwner(s)] != "":
		if isPtr(f.Signature().Recv().Type()) && !isPtr(t) {
			x = addr(x)
		}
		c.Fun = rtFn(methodSubstitutes[methodOwner(s)])
		c.Args = append([]ast.Expr{x}, args...)
		return c
	case isInterface(t) || n == nil:
		c.Fun = &ast.SelectorExpr{X: x, Sel: idAt(f.Name(), p)}
		return c
	}
	switch want, have := isPtr(f.Signature().Recv().Type()), isPtr(t); {
	case want && !have:
		x = &ast.UnaryExpr{Op: token.AND, X: x, OpPos: p}
	case !want && have:
		x = &ast.StarExpr{X: x, Star: p}
	}
	c.Fun = idAt(l.methodFunc(f, n), p)
	c.Args = append([]ast.Expr{x}, args...)
	return c
}

// methodValue lowers x.M: the receiver is evaluated now.
func (l *lowerer) methodValue(e *ast.SelectorExpr, rt types.Type) ast.Expr {
	p := e.Pos()
	s := l.lookup(rt, e.Sel.Name)
	if s == nil {
		l.fail(p, "internal: no method %s on %s", e.Sel.Name, rt)
	}
	if isStream(l.info, e.X) && (e.Sel.Name == "Write" || e.Sel.Name == "WriteString") {
		return sel(call(rtFn("Writer"), strLit(unparen(e.X).(*ast.SelectorExpr).Sel.Name)), e.Sel.Name)
	}
	if compiledIface(rt) { // of a compiled value yaegi takes x.M for T.M where a variable of the package holds it
		return &ast.SelectorExpr{X: l.expr(e.X), Sel: idAt(e.Sel.Name, p)}
	}
	sg := l.st(s.Type()).(*types.Signature)
	x, bt := l.path(l.expr(e.X), rt, s.Index()[:len(s.Index())-1], p)
	bt = l.st(bt)
	r := l.fresh("recv")
	var pre []ast.Stmt
	switch pt, have := bt.Underlying().(*types.Pointer); {
	case isInterface(bt): // a nil has no method
		pre = append(pre, l.notNil(id(r), p))
	case isPtr(s.Obj().(*types.Func).Signature().Recv().Type()) && !have:
		x, bt = addr(x), types.NewPointer(bt)
	case !isPtr(s.Obj().(*types.Func).Signature().Recv().Type()) && have:
		x, bt = star(x), pt.Elem() // the value is copied now
	}
	s = l.lookup(bt, e.Sel.Name)
	ft := l.sig(sg, true)
	for _, f := range resultFields(ft) {
		f.Names = nil
	}
	c := l.methodCall(id(r), bt, s, paramNames(ft), sg.Variadic(), p)
	inner := &ast.FuncLit{Type: ft, Body: block(returnOrCall(sg, c))}
	outer := &ast.FuncLit{Type: funcType([]*ast.Field{field(r, l.typ(bt))}, []*ast.Field{result(l.sig(sg, false))}), Body: block(append(pre, ret(inner))...)}
	return call(outer, x)
}

// methodExpr lowers T.M: a function whose first parameter is the receiver.
func (l *lowerer) methodExpr(e *ast.SelectorExpr, rt types.Type) ast.Expr {
	sg := l.st(l.info.Types[e].Type).(*types.Signature)
	ft := l.sig(sg, true)
	args := paramNames(ft)
	for _, f := range resultFields(ft) {
		f.Names = nil
	}
	c := l.methodCall(args[0], rt, l.lookup(rt, e.Sel.Name), args[1:], sg.Variadic(), e.Pos())
	return &ast.FuncLit{Type: ft, Body: block(returnOrCall(sg, c))}
}

// typeSwitch lowers to an index of the case that matches and a plain switch.
func (l *lowerer) typeSwitch(s *ast.TypeSwitchStmt) []ast.Stmt {
	var x ast.Expr
	bind := false
	switch a := s.Assign.(type) {
	case *ast.AssignStmt:
		bind = true
		x = a.Rhs[0].(*ast.TypeAssertExpr).X
	case *ast.ExprStmt:
		x = a.X.(*ast.TypeAssertExpr).X
	}
	var out []ast.Stmt
	if s.Init != nil {
		out = append(out, l.stmt(s.Init)...)
	}
	xv := l.fresh("x")
	src := l.typeOf(x)
	out = append(out, declareVar(xv, l.typ(src)), assign(id(xv), l.expr(x)))
	which := call(rtFn("Which"), id(xv))
	sw := &ast.SwitchStmt{Switch: s.Switch, Body: &ast.BlockStmt{Lbrace: s.Body.Lbrace, Rbrace: s.Body.Rbrace}}
	l.enter(true, false)
	defer l.leave(true, false)
	n := 0
	for _, c := range s.Body.List {
		cc := c.(*ast.CaseClause)
		nc := &ast.CaseClause{Case: cc.Case, Colon: cc.Colon}
		for _, e := range cc.List {
			if l.isNil(e) {
				which.Args = append(which.Args, intLit(-1))
			} else {
				which.Args = append(which.Args, l.typeID(l.typeOf(e)))
			}
			nc.List = append(nc.List, intLit(n))
			n++
		}
		var body []ast.Stmt
		if o := l.info.Implicits[cc]; bind && o != nil && l.uses(cc.Body, o) {
			v := l.local(o)
			if len(cc.List) == 1 && !l.isNil(cc.List[0]) {
				body = append(body, define([]string{v, "_"}, call(id(l.asserter(l.typeOf(cc.List[0]))), id(xv))))
			} else {
				body = append(body, declareVar(v, l.typ(src)), assign(id(v), id(xv)))
			}
		}
		nc.Body = append(body, clause(l.stmts(cc.Body))...)
		sw.Body.List = append(sw.Body.List, nc)
	}
	sw.Tag = which
	return append(out, sw)
}

// uses reports whether an object is used in statements.
func (l *lowerer) uses(ss []ast.Stmt, o types.Object) (used bool) {
	for _, s := range ss {
		ast.Inspect(s, func(n ast.Node) bool {
			if i, ok := n.(*ast.Ident); ok && l.info.Uses[i] == o {
				used = true
			}
			return !used
		})
	}
	return used
}
