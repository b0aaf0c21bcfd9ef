package interp

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"strings"
)

// emitFunc lowers a function, or a method as a function whose first parameter
// is the receiver.
func (l *lowerer) emitFunc(n *ast.FuncDecl, f *types.Func, name string, sub map[*types.TypeParam]types.Type) {
	l.inPackage(sub, func() {
		sg := f.Signature()
		l.fn = &fnCtx{sig: sg, traced: l.traceFunc(funcLabel(f), n)}
		ft := l.sig(sg, true)
		if r := sg.Recv(); r != nil {
			ft.Params.List = append([]*ast.Field{field(l.param(r), l.typ(r.Type()))}, ft.Params.List...)
		}
		fd := &ast.FuncDecl{Name: idAt(name, n.Name.NamePos), Type: ft}
		l.emit(fd)
		if n.Body == nil {
			l.fail(n.Pos(), "missing function body")
		}
		fd.Body = l.functionBody(funcLabel(f), sg, ft, n.Body)
		key, _ := declNames(n)
		if sg.Recv() != nil {
			key = declKey(f)
		}
		if l.recursive(key, n) {
			fd.Body.List = append(l.counted(funcLabel(f), n.Pos(), n.Body), fd.Body.List...)
		}
		fd.Body.List = append(l.enterTraced(n.Body.Lbrace), fd.Body.List...)
	})
}

// zeroResults sets named results to zero: yaegi lets them begin with what an
// earlier call of the same expression returned.
func (l *lowerer) zeroResults(sg *types.Signature) []ast.Stmt {
	var out []ast.Stmt
	for i := range sg.Results().Len() {
		if v := sg.Results().At(i); v.Name() != "" && v.Name() != "_" {
			z := l.fresh("z")
			out = append(out, declareVar(z, l.typ(v.Type())), assign(id(l.param(v)), id(z)))
		}
	}
	return out
}

// funcInst returns the name of an instance of a generic function.
func (l *lowerer) funcInst(f *types.Func, targs *types.TypeList, p token.Pos) string {
	d := l.s.decls[f.Name()]
	if d == nil {
		l.fail(p, "internal: no generic function %s", f.Name())
	}
	key := "func:" + d.iname + "[" + l.keys(targs) + "]"
	if n, ok := l.s.inst[key]; ok {
		return n
	}
	n := l.fresh(f.Name())
	l.setInst(key, n)
	orig := l.origNode(d).(*ast.FuncDecl)
	fo := l.info.Defs[orig.Name].(*types.Func)
	l.emitFunc(orig, fo, n, l.bind(fo.Signature().TypeParams(), targs))
	return n
}

// bind maps type parameters to the arguments of an instance. Those around stay:
// an argument may be a type that a generic function declares.
func (l *lowerer) bind(ps *types.TypeParamList, args *types.TypeList) map[*types.TypeParam]types.Type {
	sub := make(map[*types.TypeParam]types.Type, len(l.sub)+ps.Len())
	maps.Copy(sub, l.sub)
	for i := range ps.Len() {
		sub[ps.At(i)] = l.st(args.At(i))
	}
	return sub
}

// methodFunc returns the name of the function that a method is.
func (l *lowerer) methodFunc(f *types.Func, recv *types.Named) string {
	f = f.Origin()
	tn := recv.Obj().Name()
	if r := f.Signature().Recv(); r != nil { // a promoted method belongs to another type
		if n := cellNamed(r.Type()); n != nil {
			tn = n.Obj().Name()
		}
	}
	d := l.s.decls[tn+"."+f.Name()]
	if d == nil {
		l.fail(f.Pos(), "internal: no method %s.%s", tn, f.Name())
	}
	if recv.TypeArgs().Len() == 0 {
		return d.iname
	}
	key := "meth:" + d.iname + "[" + l.keys(recv.TypeArgs()) + "]"
	if n, ok := l.s.inst[key]; ok {
		return n
	}
	n := l.fresh(tn + "_" + f.Name())
	l.setInst(key, n)
	orig := l.origNode(d).(*ast.FuncDecl)
	fo := l.info.Defs[orig.Name].(*types.Func)
	l.emitFunc(orig, fo, n, l.bind(fo.Signature().RecvTypeParams(), recv.TypeArgs()))
	return n
}

// topStmt lowers a statement at the top of a cell: what it defines are
// variables of the session.
func (l *lowerer) topStmt(st ast.Stmt) []ast.Stmt {
	switch x := st.(type) {
	case *ast.AssignStmt:
		if x.Tok == token.DEFINE {
			return l.topAssign(x.Lhs, x.Rhs, x.TokPos)
		}
	case *ast.DeclStmt:
		g := x.Decl.(*ast.GenDecl)
		if g.Tok != token.VAR {
			break
		}
		var out []ast.Stmt
		for _, sp := range g.Specs {
			vs := sp.(*ast.ValueSpec)
			lhs := make([]ast.Expr, len(vs.Names))
			for i, n := range vs.Names {
				lhs[i] = n
			}
			if len(vs.Values) > 0 {
				out = append(out, l.topAssign(lhs, vs.Values, vs.Pos())...)
				continue
			}
			for _, n := range vs.Names { // declared again: its zero value again
				if n.Name == "_" {
					continue
				}
				z := l.fresh("z")
				out = append(out, declareVar(z, l.typ(l.pkg.Scope().Lookup(n.Name).Type())), assign(l.topVar(n), id(z)))
			}
		}
		return out
	}
	return append(l.checks(st), l.stmt(st)...)
}

func (l *lowerer) topVar(e ast.Expr) ast.Expr {
	x := e.(*ast.Ident)
	if x.Name == "_" {
		return idAt("_", x.NamePos)
	}
	return idAt(l.varName(x.Name, x.NamePos), x.NamePos)
}

func (l *lowerer) topAssign(lhs, rhs []ast.Expr, p token.Pos) []ast.Stmt {
	typ := func(i int) types.Type {
		if x := lhs[i].(*ast.Ident); x.Name != "_" {
			return l.pkg.Scope().Lookup(x.Name).Type()
		}
		return nil
	}
	if len(lhs) == len(rhs) {
		var out []ast.Stmt
		vals := make([]ast.Expr, len(rhs))
		for i, v := range rhs {
			vals[i] = l.conv(v, typ(i))
			if (len(rhs) > 1 || isReceive(v)) && !isBlank(lhs[i]) {
				n := l.fresh("t")
				out = append(out, declareVar(n, l.typ(typ(i))), assign(id(n), vals[i]))
				vals[i] = id(n)
			}
		}
		for i := range lhs {
			if isBlank(lhs[i]) {
				out = append(out, l.discard(vals[i], p))
				continue
			}
			out = append(out, &ast.AssignStmt{TokPos: p, Tok: token.ASSIGN, Lhs: []ast.Expr{l.topVar(lhs[i])}, Rhs: []ast.Expr{vals[i]}})
		}
		return out
	}
	x, src := l.multi(rhs[0])
	names := make([]string, len(lhs))
	for i := range lhs {
		if names[i] = "_"; !isBlank(lhs[i]) {
			names[i] = l.fresh("t")
		}
	}
	out := []ast.Stmt{&ast.AssignStmt{Lhs: ids(names), Tok: defineOr(names), TokPos: p, Rhs: []ast.Expr{x}}}
	for i := range lhs {
		if names[i] != "_" {
			out = append(out, assign(l.topVar(lhs[i]), l.toIfaceIf(id(names[i]), src(i), typ(i), p)))
		}
	}
	return out
}

// display shows the value of the cell's last expression.
func (l *lowerer) display(e ast.Expr) []ast.Stmt {
	tv := l.info.Types[e]
	if tv.IsVoid() || tv.Type == nil {
		return l.exprStmt(&ast.ExprStmt{X: e})
	}
	if l.prints(e) {
		return []ast.Stmt{exprStmt(l.expr(e))}
	}
	empty := types.NewInterfaceType(nil, nil)
	tup, isTuple := tv.Type.(*types.Tuple)
	if isTuple && tup.Len() == 0 {
		return []ast.Stmt{exprStmt(l.expr(e))}
	}
	show := func(vs ...ast.Expr) ast.Expr { return call(rtFn("Result"), vs...) }
	if l.returned(e, tv.Type) {
		show = func(vs ...ast.Expr) ast.Expr {
			return call(rtFn("Returned"), append([]ast.Expr{intLit(l.s.fset.Position(e.Pos()).Line)}, vs...)...)
		}
	}
	if isTuple {
		names := make([]string, tup.Len())
		args := make([]ast.Expr, tup.Len())
		for i := range names {
			names[i] = l.fresh("v")
			args[i] = l.toIface(id(names[i]), tup.At(i).Type(), empty, e.Pos())
		}
		return []ast.Stmt{define(names, l.expr(e)), exprStmt(show(args...))}
	}
	if tv.IsNil() {
		return []ast.Stmt{exprStmt(call(rtFn("Result"), id("nil")))}
	}
	return []ast.Stmt{exprStmt(show(l.conv(e, empty)))}
}

// funcLabel names a function in a trace: f, T.M or (*T).M.
func funcLabel(f *types.Func) string {
	r := f.Signature().Recv()
	if r == nil {
		return f.Name()
	}
	t := typeString(r.Type())
	if n := cellNamed(r.Type()); n != nil {
		t = n.Obj().Name()
		if isPtr(r.Type()) {
			t = "(*" + t + ")"
		}
	}
	return t + "." + f.Name()
}

// prints reports whether e is a call of fmt's Print functions, whose count of
// bytes nobody wants to see.
func (l *lowerer) prints(e ast.Expr) bool {
	c, ok := unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	se, ok := unparen(c.Fun).(*ast.SelectorExpr)
	if !ok {
		return false
	}
	f, ok := l.info.Uses[se.Sel].(*types.Func)
	return ok && f.Pkg() != nil && f.Pkg().Path() == "fmt" && strings.Contains(f.Name(), "rint") && f.Signature().Recv() == nil && f.Signature().Results().Len() == 2
}
