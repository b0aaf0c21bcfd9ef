package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

func (l *lowerer) call(e *ast.CallExpr) ast.Expr {
	p := e.Pos()
	fun := unparen(e.Fun)
	if tv := l.info.Types[e.Fun]; tv.IsType() {
		return l.conversion(e, tv.Type)
	}
	if x, ok := fun.(*ast.Ident); ok {
		if b, ok := l.info.Uses[x].(*types.Builtin); ok {
			return l.builtin(b.Name(), e)
		}
	}
	if se, ok := fun.(*ast.SelectorExpr); ok && isUnsafe(l.info, se) {
		return l.unsafeCall(se.Sel.Name, e)
	}
	sg := l.typeOf(e.Fun).Underlying().(*types.Signature)
	if se := calledSelector(fun); se != nil {
		if x, ok := se.X.(*ast.Ident); ok {
			if pn, ok := l.info.Uses[x].(*types.PkgName); ok {
				return l.compiledCall(e, pn.Imported().Path(), se, sg)
			}
		}
		if s := l.info.Selections[se]; s != nil && s.Kind() == types.MethodVal {
			return l.callMethod(e, se, l.st(s.Recv()), sg)
		}
	}
	if x, ok := calledIdent(fun); ok {
		if o := l.info.Uses[x]; o != nil && o.Pkg() != nil && !isMain(o) && o.Parent() == o.Pkg().Scope() { // dot import
			if in, ok := l.info.Instances[x]; ok {
				return l.shim(o.Pkg().Path()+"."+o.Name(), in, e)
			}
			return l.finish(e, l.pkgSel(o.Pkg().Path(), o.Name(), p), l.args(e, sg, true))
		}
	}
	return l.finish(e, l.core(e.Fun), l.args(e, sg, false))
}

func isUnsafe(info *types.Info, se *ast.SelectorExpr) bool {
	x, ok := se.X.(*ast.Ident)
	if !ok {
		return false
	}
	pn, ok := info.Uses[x].(*types.PkgName)
	return ok && pn.Imported() == types.Unsafe
}

// calledSelector returns the selector that is called, instantiated or not.
func calledSelector(fun ast.Expr) *ast.SelectorExpr {
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = unparen(x.X)
	case *ast.IndexListExpr:
		fun = unparen(x.X)
	}
	se, _ := fun.(*ast.SelectorExpr)
	return se
}

func calledIdent(fun ast.Expr) (*ast.Ident, bool) {
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = unparen(x.X)
	case *ast.IndexListExpr:
		fun = unparen(x.X)
	}
	x, ok := fun.(*ast.Ident)
	return x, ok
}

func (l *lowerer) finish(e *ast.CallExpr, fun ast.Expr, args []ast.Expr) *ast.CallExpr {
	return &ast.CallExpr{Fun: fun, Lparen: e.Lparen, Args: args, Ellipsis: e.Ellipsis, Rparen: e.Rparen}
}

// paramType is the type that argument i of a call must have.
func paramType(sg *types.Signature, i int, spread bool) types.Type {
	n := sg.Params().Len()
	if sg.Variadic() && i >= n-1 && !spread {
		if s, ok := sg.Params().At(n - 1).Type().Underlying().(*types.Slice); ok {
			return s.Elem()
		}
	}
	if i >= n {
		return nil
	}
	return sg.Params().At(i).Type()
}

// args lowers the arguments of a call. Compiled functions take plain values
// for an empty interface as they are.
func (l *lowerer) args(e *ast.CallExpr, sg *types.Signature, compiled bool) []ast.Expr {
	if len(e.Args) == 1 {
		if t, ok := l.typeOf(e.Args[0]).(*types.Tuple); ok {
			return l.spreadArgs(e, t, sg)
		}
	}
	out := make([]ast.Expr, len(e.Args))
	for i, a := range e.Args {
		t := paramType(sg, i, e.Ellipsis.IsValid())
		if compiled && isInterface(l.st(t)) && !compiledIface(l.st(t)) && !isInterface(l.typeOf(a)) && !hasCell(l.typeOf(a)) && !isFunc(l.typeOf(a)) && !isStream(l.info, a) {
			out[i] = l.expr(a)
			continue
		}
		if out[i] = l.conv(a, t); compiled {
			out[i] = l.kept(out[i], l.typeOf(a))
		}
		switch {
		case l.isNil(a) && compiledIface(l.st(t)):
			out[i] = call(id(l.toCompiled(l.st(t), a.Pos())), id("nil"))
		case l.isNil(a) && e.Ellipsis.IsValid() && i == len(e.Args)-1:
			out[i] = call(&ast.ParenExpr{X: l.typ(t)}, id("nil"))
		}
	}
	return out
}

// kept makes a function literal a value before yaegi gives it to compiled code
// or puts it in a composite literal: there it would go on to share the frame
// around it, and see the variables of later iterations.
func (l *lowerer) kept(x ast.Expr, t types.Type) ast.Expr {
	if _, ok := unparen(x).(*ast.FuncLit); !ok {
		return x
	}
	return l.keptAs(x, l.key(t.Underlying()), l.typ(t.Underlying()))
}

// keptAs is kept for a literal of type ft.
func (l *lowerer) keptAs(x ast.Expr, key string, ft ast.Expr) ast.Expr {
	fn := l.helper("keep", key, func(fn string) {
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("f", ft)}, []*ast.Field{result(ft)}), ret(id("f"))))
	})
	return call(id(fn), x)
}

func isFunc(t types.Type) bool { _, ok := t.Underlying().(*types.Signature); return ok }

// spreadArgs lowers the arguments of f(g()) for a g of several results.
func (l *lowerer) spreadArgs(e *ast.CallExpr, t *types.Tuple, sg *types.Signature) []ast.Expr {
	same := true
	for i := range t.Len() {
		if pt := l.st(paramType(sg, i, false)); !types.Identical(pt, t.At(i).Type()) && isInterface(pt) {
			same = false
		}
	}
	if same && !sg.Variadic() {
		return l.exprs(e.Args)
	}
	// A helper converts the results one by one.
	var res []*ast.Field
	var names []string
	var vals []ast.Expr
	for i := range t.Len() {
		pt := l.st(paramType(sg, i, false))
		n := l.fresh("v")
		names = append(names, n)
		res = append(res, result(l.typ(pt)))
		vals = append(vals, l.toIfaceIf(id(n), l.st(t.At(i).Type()), pt, e.Pos()))
	}
	// f takes the values from a function literal without parameters.
	fl := &ast.FuncLit{Type: funcType(nil, res), Body: block(define(names, l.expr(e.Args[0])), ret(vals...))}
	return []ast.Expr{call(fl)}
}

// toIfaceIf is toIface for a target of any kind.
func (l *lowerer) toIfaceIf(x ast.Expr, src, target types.Type, p token.Pos) ast.Expr {
	if !isInterface(target) {
		return l.rewrap(x, src, target)
	}
	return l.toIface(x, src, target, p)
}

func (l *lowerer) conversion(e *ast.CallExpr, t types.Type) ast.Expr {
	t = l.st(t)
	if isInterface(t) {
		if x := l.conv(e.Args[0], t); !l.isNil(e.Args[0]) {
			return x
		} else if compiledIface(t) {
			return call(id(l.toCompiled(t, e.Pos())), x)
		} else {
			return call(rtFn("Any"), x)
		}
	}
	if a := e.Args[0]; l.wrapped(t) || l.wrapped(l.typeOf(a)) {
		return l.conv(a, t)
	}
	if _, ok := t.Underlying().(*types.Signature); ok && (cellNamed(t) != nil || l.isNil(e.Args[0])) {
		if !l.isNil(e.Args[0]) {
			return l.expr(e.Args[0]) // the representation is the same
		}
	}
	if x := l.unsafeConversion(e, t); x != nil {
		return x
	}
	te := l.typAt(t, e.Pos())
	switch te.(type) {
	case *ast.Ident, *ast.SelectorExpr, *ast.ArrayType, *ast.MapType:
	default:
		te = &ast.ParenExpr{X: te}
	}
	return &ast.CallExpr{Fun: te, Lparen: e.Lparen, Args: l.exprs(e.Args), Rparen: e.Rparen}
}

// compiledCall lowers a call of a function of a compiled package.
func (l *lowerer) compiledCall(e *ast.CallExpr, path string, se *ast.SelectorExpr, sg *types.Signature) ast.Expr {
	key := path + "." + se.Sel.Name
	if in, ok := l.info.Instances[se.Sel]; ok {
		return l.shim(key, in, e)
	}
	fun := l.pkgSel(path, se.Sel.Name, e.Pos())
	if s, ok := substitutes[key]; ok {
		fun = rtFn(s)
	}
	if s, ok := spacedPrints[key]; ok && l.mayPrintBox(e) {
		fun = rtFn(s)
	}
	args := l.args(e, sg, true)
	if path == "divvy/stdlib/display" {
		for i, a := range e.Args {
			if t := l.typeOf(a); i < len(args) && (isInterface(t) || hasCell(t)) {
				args[i] = l.shown(t, paramType(sg, i, e.Ellipsis.IsValid()), args[i])
			}
		}
	}
	if callbackPackages[path] {
		for i, a := range e.Args {
			if t := l.typeOf(a); t != nil && isFunc(t) && i < len(args) && !l.isNil(a) {
				args[i] = call(id(l.callback(t)), args[i])
			}
		}
	}
	l.guardCallback(key, e, args)
	if from, ok := rawParams[key]; ok {
		for i := from; i < len(args) && !e.Ellipsis.IsValid(); i++ {
			args[i] = l.raw(key, e.Args[min(i, len(e.Args)-1)], args[i])
		}
	}
	return l.finish(e, fun, args)
}

// mayPrintBox reports whether an operand of a print may be in a box.
func (l *lowerer) mayPrintBox(e *ast.CallExpr) bool {
	for _, a := range e.Args {
		t := l.typeOf(a)
		if _, ok := t.(*types.Tuple); ok || e.Ellipsis.IsValid() || isInterface(t) || hasCell(t) {
			return true
		}
	}
	return false
}

// raw passes what lies in a box, for functions that look into a value or fill
// it by reflection.
func (l *lowerer) raw(key string, orig, x ast.Expr) ast.Expr {
	t := l.typeOf(orig)
	if _, ok := t.(*types.Tuple); ok || !isInterface(t) && !hasCell(t) {
		return x
	}
	if open, ok := openers[key]; ok {
		return call(rtFn(open), x)
	}
	return call(rtFn("Open"), x)
}

// shown gives package display a value that has its cell's methods.
func (l *lowerer) shown(t, param types.Type, x ast.Expr) ast.Expr {
	if i, ok := l.st(param).Underlying().(*types.Interface); !ok || i.NumMethods() > 0 {
		return x
	}
	return call(rtFn("Shown"), x)
}

// guardedCallbacks are compiled functions that call one of a cell in a goroutine
// of their own, with the index of that parameter.
var guardedCallbacks = map[string]int{"sync.WaitGroup.Go": 0, "time.AfterFunc": 1, "context.AfterFunc": 1}

// guardCallback makes a function that runs in a goroutine report a panic, as a
// go statement does: it would end the process.
func (l *lowerer) guardCallback(key string, e *ast.CallExpr, args []ast.Expr) {
	if i, ok := guardedCallbacks[key]; ok && i < len(args) && i < len(e.Args) && !l.isNil(e.Args[i]) {
		args[i] = call(rtFn("Guarded"), l.kept(args[i], l.typeOf(e.Args[i])), l.place(e.Args[i].Pos()))
	}
}

// callbackPackages call functions of cells many times over. After an
// interrupt such a call must end rather than go on with zero values.
var callbackPackages = map[string]bool{"sort": true, "strings": true, "bytes": true, "path/filepath": true, "io/fs": true, "regexp": true, "testing": true}

// callback is func(F) F: a function that panics once its cell is interrupted.
func (l *lowerer) callback(t types.Type) string {
	return l.helper("cb", l.key(t), func(fn string) {
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("f", l.typ(t))}, []*ast.Field{result(l.typ(t))}),
			declareVar("g", l.typ(t)), exprStmt(call(rtFn("Callback"), id("f"), addr(id("g")))), ret(id("g"))))
	})
}

// callMethod lowers x.M(args).
func (l *lowerer) callMethod(e *ast.CallExpr, se *ast.SelectorExpr, rt types.Type, sg *types.Signature) ast.Expr {
	p := e.Pos()
	s := l.lookup(rt, se.Sel.Name)
	if s == nil {
		l.fail(p, "internal: no method %s on %s", se.Sel.Name, rt)
	}
	owner := methodOwner(s)
	if isStream(l.info, se.X) && (se.Sel.Name == "Write" || se.Sel.Name == "WriteString") {
		return l.finish(e, sel(call(rtFn("Writer"), strLit(unparen(se.X).(*ast.SelectorExpr).Sel.Name)), se.Sel.Name), l.args(e, sg, true))
	}
	if n := cellNamed(rt); n == nil && !hasCell(rt) && (!isInterface(rt) || compiledIface(rt)) {
		if sub, ok := methodSubstitutes[owner]; ok {
			x := l.expr(se.X)
			if isPtr(s.Obj().(*types.Func).Signature().Recv().Type()) && !isPtr(rt) {
				x = addr(x)
			}
			return l.finish(e, rtFn(sub), append([]ast.Expr{x}, l.args(e, sg, true)...))
		}
		args := l.args(e, sg, true)
		l.guardCallback(owner, e, args)
		if from, ok := rawMethods[owner]; ok {
			for i := from; i < len(args); i++ {
				args[i] = l.raw(owner, e.Args[min(i, len(e.Args)-1)], args[i])
			}
		}
		return l.finish(e, &ast.SelectorExpr{X: l.expr(se.X), Sel: idAt(se.Sel.Name, se.Sel.Pos())}, args)
	}
	if g, ok := genericMethods[owner]; ok {
		return l.genericMethod(g, e, se, rt, sg)
	}
	args := l.args(e, sg, false)
	l.guardCallback(owner, e, args)
	if len(e.Args) == 1 && len(args) == 1 {
		if _, multi := l.typeOf(e.Args[0]).(*types.Tuple); multi {
			return l.finish(e, &ast.ParenExpr{X: l.methodValue(se, rt)}, args)
		}
	}
	c := l.methodCall(l.expr(se.X), rt, s, args, e.Ellipsis.IsValid(), p)
	c.Lparen, c.Rparen = e.Lparen, e.Rparen
	return c
}

// methodOwner names a compiled method: "path.Type.Method".
func methodOwner(s *types.Selection) string {
	f := s.Obj().(*types.Func)
	r := f.Signature().Recv()
	if r == nil || f.Pkg() == nil {
		return ""
	}
	if n, ok := types.Unalias(deref(r.Type())).(*types.Named); ok {
		return f.Pkg().Path() + "." + n.Obj().Name() + "." + f.Name()
	}
	return ""
}

// genericMethods lists the methods of generic compiled types' substitutes
// with how many of their results have the type argument's type.
var genericMethods = map[string]string{
	"unique.Handle.Value":                "Value",
	"weak.Pointer.Value":                 "Value",
	"sync/atomic.Pointer.Load":           "Load",
	"sync/atomic.Pointer.Store":          "Store",
	"sync/atomic.Pointer.Swap":           "Swap",
	"sync/atomic.Pointer.CompareAndSwap": "CompareAndSwap",
}

// genericMethod lowers a method call on a generic type's substitute, whose
// methods take and give untyped values:
//
//	func(x *rt.AtomicPointer) (v *T) { rt__.Into(x.Load(), &v); return v }
func (l *lowerer) genericMethod(name string, e *ast.CallExpr, se *ast.SelectorExpr, rt types.Type, sg *types.Signature) ast.Expr {
	fn := l.helper("gm_"+name, l.key(deref(rt))+l.key(sg), func(fn string) {
		l.inPackage(l.sub, func() {
			ft := l.sig(sg, true)
			args := paramNames(ft)
			for _, r := range resultFields(ft) {
				r.Names = nil
			}
			ft.Params.List = append([]*ast.Field{field("x__", star(l.typ(deref(rt))))}, ft.Params.List...)
			c := call(sel(id("x__"), name), args...)
			body := []ast.Stmt{returnOrCall(sg, c)}
			if sg.Results().Len() == 1 && !isBoolean(sg.Results().At(0).Type()) {
				body = []ast.Stmt{declareVar("v__", l.typ(sg.Results().At(0).Type())), exprStmt(call(rtFn("Into"), c, addr(id("v__")))), ret(id("v__"))}
			}
			l.emit(&ast.FuncDecl{Name: id(fn), Type: ft, Body: block(body...)})
		})
	})
	x := l.expr(se.X)
	t := rt
	s := l.lookup(rt, se.Sel.Name)
	x, t = l.path(x, t, s.Index()[:len(s.Index())-1], e.Pos())
	if !isPtr(t) {
		x = addr(x)
	}
	return l.finish(e, id(fn), append([]ast.Expr{x}, l.exprs(e.Args)...))
}
