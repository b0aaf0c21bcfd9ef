package interp

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"
)

func (l *lowerer) obj(x *ast.Ident) types.Object {
	if o := l.info.Uses[x]; o != nil {
		return o
	}
	return l.info.Defs[x]
}

func (l *lowerer) typeOf(e ast.Expr) types.Type {
	if tv, ok := l.info.Types[e]; ok {
		return l.st(tv.Type)
	}
	if x, ok := e.(*ast.Ident); ok {
		if o := l.obj(x); o != nil {
			return l.st(o.Type())
		}
	}
	return nil
}

func (l *lowerer) exprs(es []ast.Expr) (out []ast.Expr) {
	for _, e := range es {
		out = append(out, l.expr(e))
	}
	return
}

func (l *lowerer) ident(x *ast.Ident) ast.Expr {
	if n, ok := l.ck.old[x]; ok {
		return idp(l.s.vars[n].iname, x.NamePos)
	}
	o := l.obj(x)
	switch o := o.(type) {
	case nil:
		return idp(x.Name, x.NamePos)
	case *types.Var:
		if l.pkgLevel(o) {
			return idp(l.varName(o.Name(), x.NamePos), x.NamePos)
		}
	case *types.Func:
		if isMain(o) {
			if in, ok := l.info.Instances[x]; ok {
				return idp(l.funcInst(o, in.TypeArgs, x.NamePos), x.NamePos)
			}
			d := l.s.decls[o.Name()]
			if d == nil {
				l.fail(x.NamePos, "internal: no func %s", o.Name())
			}
			return idp(d.iname, x.NamePos)
		}
	}
	if o.Pkg() != nil && !isMain(o) && o.Parent() == o.Pkg().Scope() { // dot import
		return l.pkgSel(o.Pkg().Path(), x.Name, x.NamePos)
	}
	return idp(x.Name, x.NamePos)
}

func (l *lowerer) varName(n string, p token.Pos) string {
	if v := l.s.vars[n]; v != nil {
		return v.iname
	}
	l.fail(p, "internal: no variable %s", n)
	return ""
}

func (l *lowerer) pkgSel(path, name string, p token.Pos) ast.Expr {
	a := alias(path)
	l.u.imports[a] = path
	aliasPaths[a] = path
	return &ast.SelectorExpr{X: idp(a, p), Sel: idp(name, p)}
}

func (l *lowerer) expr(e ast.Expr) ast.Expr {
	if e == nil {
		return nil
	}
	p := e.Pos()
	if tv, ok := l.info.Types[e]; ok {
		if tv.IsType() {
			return l.typ(tv.Type, p)
		}
		if tv.Value != nil {
			if c := l.constant(tv.Value, tv.Type, p); c != nil {
				return c
			}
		}
	}
	switch e := e.(type) {
	case *ast.Ident:
		return l.ident(e)
	case *ast.BasicLit:
		return lit(e.Kind, e.Value, p)
	case *ast.ParenExpr:
		return &ast.ParenExpr{Lparen: p, X: l.expr(e.X)}
	case *ast.StarExpr:
		return &ast.StarExpr{Star: p, X: l.expr(e.X)}
	case *ast.UnaryExpr:
		return &ast.UnaryExpr{OpPos: p, Op: e.Op, X: l.expr(e.X)}
	case *ast.BinaryExpr:
		return &ast.BinaryExpr{X: l.expr(e.X), OpPos: e.OpPos, Op: e.Op, Y: l.expr(e.Y)}
	case *ast.KeyValueExpr:
		return &ast.KeyValueExpr{Key: l.expr(e.Key), Colon: e.Colon, Value: l.expr(e.Value)}
	case *ast.SelectorExpr:
		return l.selector(e)
	case *ast.IndexExpr:
		if x, ok := l.instIdent(e.X); ok {
			return x
		}
		return &ast.IndexExpr{X: l.expr(e.X), Lbrack: e.Lbrack, Index: l.expr(e.Index)}
	case *ast.IndexListExpr:
		if x, ok := l.instIdent(e.X); ok {
			return x
		}
	case *ast.SliceExpr:
		return &ast.SliceExpr{X: l.expr(e.X), Lbrack: e.Lbrack, Low: l.expr(e.Low), High: l.expr(e.High), Max: l.expr(e.Max), Slice3: e.Slice3}
	case *ast.TypeAssertExpr:
		var t ast.Expr
		if e.Type != nil {
			t = l.expr(e.Type)
		}
		return &ast.TypeAssertExpr{X: l.expr(e.X), Lparen: e.Lparen, Type: t}
	case *ast.CompositeLit:
		return l.composite(e)
	case *ast.FuncLit:
		sg := l.info.Types[e].Type.(*types.Signature)
		return l.funcLit(sg, e.Body, p)
	case *ast.CallExpr:
		return l.call(e)
	case *ast.Ellipsis:
		return &ast.Ellipsis{Ellipsis: p, Elt: l.expr(e.Elt)}
	}
	l.fail(p, "unsupported expression %T", e)
	return nil
}

func (l *lowerer) instIdent(x ast.Expr) (ast.Expr, bool) {
	if i, ok := x.(*ast.Ident); ok {
		if _, ok := l.info.Instances[i]; ok {
			return l.ident(i), true
		}
	}
	return nil, false
}

func (l *lowerer) funcLit(sg *types.Signature, body *ast.BlockStmt, p token.Pos) *ast.FuncLit {
	saved := l.fn
	l.fn = &fnCtx{sig: sg}
	f := &ast.FuncLit{Type: l.sig(sg, p, true), Body: l.block(body)}
	l.fn = saved
	return f
}

func (l *lowerer) composite(e *ast.CompositeLit) ast.Expr {
	c := &ast.CompositeLit{Lbrace: e.Lbrace, Rbrace: e.Rbrace}
	t := l.typeOf(e)
	if e.Type != nil {
		c.Type = l.typ(t, e.Pos())
	} else if _, ok := t.(*types.Pointer); ok {
		t = t.(*types.Pointer).Elem()
	}
	_, isStruct := t.Underlying().(*types.Struct)
	for _, el := range e.Elts {
		if kv, ok := el.(*ast.KeyValueExpr); ok && isStruct {
			c.Elts = append(c.Elts, &ast.KeyValueExpr{Key: idp(kv.Key.(*ast.Ident).Name, kv.Key.Pos()), Colon: kv.Colon, Value: l.expr(kv.Value)})
			continue
		}
		c.Elts = append(c.Elts, l.expr(el))
	}
	return c
}

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// path applies a field index path.
func (l *lowerer) path(x ast.Expr, t types.Type, idx []int, p token.Pos) (ast.Expr, types.Type) {
	for _, i := range idx {
		st := deref(t).Underlying().(*types.Struct)
		f := st.Field(i)
		x = &ast.SelectorExpr{X: x, Sel: idp(f.Name(), p)}
		t = f.Type()
	}
	return x, t
}

func (l *lowerer) selector(e *ast.SelectorExpr) ast.Expr {
	p := e.Pos()
	if x, ok := e.X.(*ast.Ident); ok {
		if pn, ok := l.info.Uses[x].(*types.PkgName); ok {
			if _, ok := l.info.Instances[e.Sel]; ok {
				l.fail(p, "generic compiled function %s.%s can only be called directly", x.Name, e.Sel.Name)
			}
			return l.pkgSel(pn.Imported().Path(), e.Sel.Name, p)
		}
	}
	sel := l.info.Selections[e]
	if sel == nil {
		l.fail(p, "internal: no selection for %s", e.Sel.Name)
	}
	switch sel.Kind() {
	case types.FieldVal:
		rt := l.st(sel.Recv())
		if isMainStruct(rt) || len(sel.Index()) > 1 {
			x, _ := l.path(l.expr(e.X), rt, sel.Index(), p)
			return x
		}
		return &ast.SelectorExpr{X: l.expr(e.X), Sel: idp(e.Sel.Name, e.Sel.Pos())}
	case types.MethodVal:
		return l.methodValue(e, sel)
	case types.MethodExpr:
		rt := l.st(sel.Recv())
		if n := mainNamed(rt); n != nil && !types.IsInterface(n) {
			sel2, _ := l.lookup(rt, sel.Obj().Name())
			if len(sel2.Index()) == 1 {
				f := sel2.Obj().(*types.Func)
				if _, wantPtr := f.Type().(*types.Signature).Recv().Type().(*types.Pointer); wantPtr == isPtr(rt) {
					return idp(l.methodFunc(f, n), p)
				}
			}
		}
		// generic form: func(r T, args) { return r.M(args) }
		sg := l.st(l.info.Types[e].Type).(*types.Signature)
		ft := l.sig(sg, p, true)
		var args []ast.Expr
		for _, f := range ft.Params.List[1:] {
			args = append(args, id(f.Names[0].Name))
		}
		sel2, _ := l.lookup(rt, sel.Obj().Name())
		c := l.methodCall(id(ft.Params.List[0].Names[0].Name), rt, sel2, args, sg.Variadic(), p)
		return &ast.FuncLit{Type: ft, Body: &ast.BlockStmt{List: []ast.Stmt{retOrExpr(sg, c)}}}
	}
	return nil
}

func retOrExpr(sg *types.Signature, c ast.Expr) ast.Stmt {
	if sg.Results().Len() > 0 {
		return &ast.ReturnStmt{Results: []ast.Expr{c}}
	}
	return &ast.ExprStmt{X: c}
}

func isPtr(t types.Type) bool { _, ok := t.Underlying().(*types.Pointer); return ok }

func mainNamed(t types.Type) *types.Named {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	if n, ok := t.(*types.Named); ok && n.Obj().Pkg() != nil && isMain(n.Obj()) && n.Obj().Parent() == n.Obj().Pkg().Scope() {
		return n
	}
	return nil
}

func isMainStruct(t types.Type) bool { return mainNamed(t) != nil }

func (l *lowerer) lookup(t types.Type, name string) (*types.Selection, bool) {
	ms := types.NewMethodSet(t)
	s := ms.Lookup(l.pkg, name)
	if s == nil {
		if _, ok := t.Underlying().(*types.Pointer); !ok {
			s = types.NewMethodSet(types.NewPointer(t)).Lookup(l.pkg, name)
		}
	}
	return s, s != nil
}

// methodCall builds a call of the selected method on x of type t.
func (l *lowerer) methodCall(x ast.Expr, t types.Type, sel *types.Selection, args []ast.Expr, spread bool, p token.Pos) *ast.CallExpr {
	c := &ast.CallExpr{Args: args, Lparen: p, Rparen: p}
	if spread {
		c.Ellipsis = 1
	}
	idx := sel.Index()
	f := sel.Obj().(*types.Func)
	x, t = l.path(x, t, idx[:len(idx)-1], p)
	t = l.st(t)
	n := mainNamed(t)
	if n == nil || types.IsInterface(t) || types.IsInterface(n) {
		c.Fun = &ast.SelectorExpr{X: x, Sel: idp(f.Name(), p)}
		return c
	}
	_, wantPtr := f.Type().(*types.Signature).Recv().Type().(*types.Pointer)
	switch have := isPtr(t); {
	case wantPtr && !have:
		x = &ast.UnaryExpr{Op: token.AND, X: x, OpPos: p}
	case !wantPtr && have:
		x = &ast.StarExpr{X: x, Star: p}
	}
	c.Fun = idp(l.methodFunc(f, n), p)
	c.Args = append([]ast.Expr{x}, args...)
	return c
}

// methodValue binds a receiver.
func (l *lowerer) methodValue(e *ast.SelectorExpr, sel *types.Selection) ast.Expr {
	p := e.Pos()
	rt := l.st(sel.Recv())
	n := mainNamed(rt)
	if n == nil || types.IsInterface(n) {
		return &ast.SelectorExpr{X: l.expr(e.X), Sel: idp(e.Sel.Name, p)}
	}
	sel2, _ := l.lookup(rt, sel.Obj().Name())
	sg := l.st(sel.Type()).(*types.Signature)
	ft := l.sig(sg, p, true)
	var args []ast.Expr
	for i, f := range ft.Params.List {
		f.Names[0].Name = "a_" + f.Names[0].Name
		args = append(args, id(ft.Params.List[i].Names[0].Name))
	}
	if ft.Results != nil {
		for _, f := range ft.Results.List {
			f.Names = nil
		}
	}
	_, wantPtr := sel2.Obj().Type().(*types.Signature).Recv().Type().(*types.Pointer)
	x := l.expr(e.X)
	bt := rt
	if wantPtr && !isPtr(rt) {
		x, bt = &ast.UnaryExpr{Op: token.AND, X: x}, types.NewPointer(rt)
	}
	r := l.fresh("recv")
	c := l.methodCall(id(r), bt, sel2, args, sg.Variadic(), p)
	inner := &ast.FuncLit{Type: ft, Body: &ast.BlockStmt{List: []ast.Stmt{retOrExpr(sg, c)}}}
	outer := &ast.FuncLit{Type: &ast.FuncType{Params: &ast.FieldList{List: []*ast.Field{{Names: []*ast.Ident{id(r)}, Type: l.typ(bt, p)}}}, Results: &ast.FieldList{List: []*ast.Field{{Type: l.sig(sg, p, false)}}}},
		Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ReturnStmt{Results: []ast.Expr{inner}}}}}
	return call(outer, x)
}

var fmtFuncs = map[string]int{"fmt.Print": 0, "fmt.Println": 0, "fmt.Printf": 1, "fmt.Sprint": 0, "fmt.Sprintln": 0, "fmt.Sprintf": 1, "fmt.Fprint": 1, "fmt.Fprintln": 1, "fmt.Fprintf": 2,
	"log.Print": 0, "log.Println": 0, "log.Printf": 1, "fmt.Errorf": 1}

func unparen(e ast.Expr) ast.Expr {
	for {
		p, ok := e.(*ast.ParenExpr)
		if !ok {
			return e
		}
		e = p.X
	}
}

func (l *lowerer) call(e *ast.CallExpr) ast.Expr {
	p := e.Pos()
	fun := unparen(e.Fun)
	if tv := l.info.Types[e.Fun]; tv.IsType() { // conversion
		te := l.typ(tv.Type, p)
		switch te.(type) {
		case *ast.Ident, *ast.SelectorExpr, *ast.ArrayType, *ast.MapType:
		default:
			te = &ast.ParenExpr{X: te}
		}
		return &ast.CallExpr{Fun: te, Lparen: e.Lparen, Args: l.exprs(e.Args), Rparen: e.Rparen}
	}
	if x, ok := fun.(*ast.Ident); ok {
		if b, ok := l.info.Uses[x].(*types.Builtin); ok {
			return l.builtin(b.Name(), e)
		}
	}
	mk := func(f ast.Expr, args []ast.Expr) ast.Expr {
		return &ast.CallExpr{Fun: f, Lparen: e.Lparen, Args: args, Ellipsis: e.Ellipsis, Rparen: e.Rparen}
	}
	// compiled package function?
	base := fun
	if ix, ok := base.(*ast.IndexExpr); ok {
		base = ix.X
	} else if ix, ok := base.(*ast.IndexListExpr); ok {
		base = ix.X
	}
	if se, ok := base.(*ast.SelectorExpr); ok {
		if x, ok := se.X.(*ast.Ident); ok {
			if pn, ok := l.info.Uses[x].(*types.PkgName); ok {
				path := pn.Imported().Path()
				key := path + "." + se.Sel.Name
				if in, ok := l.info.Instances[se.Sel]; ok {
					return l.shim(key, in, e)
				}
				args := l.exprs(e.Args)
				if path == "errors" && (se.Sel.Name == "As" || se.Sel.Name == "Is") {
					// see rt
				}
				if from, ok := fmtFuncs[key]; ok && !e.Ellipsis.IsValid() {
					if strings.HasSuffix(key, "f") && from <= len(e.Args) {
						l.typeVerbs(e, args, from)
					}
					for i := from; i < len(args); i++ {
						args[i] = l.wrapFmt(e.Args[i], args[i], key == "fmt.Errorf")
					}
				}
				return mk(l.pkgSel(path, se.Sel.Name, p), args)
			}
		}
		if sel := l.info.Selections[se]; sel != nil && sel.Kind() == types.MethodVal {
			rt := l.st(sel.Recv())
			if n := mainNamed(rt); n != nil && !types.IsInterface(n) {
				sel2, ok := l.lookup(rt, sel.Obj().Name())
				if !ok {
					l.fail(p, "internal: method %s not found on %s", sel.Obj().Name(), rt)
				}
				if len(e.Args) == 1 {
					if _, multi := l.typeOf(e.Args[0]).(*types.Tuple); multi {
						return mk(&ast.ParenExpr{X: l.methodValue(se, sel)}, l.exprs(e.Args))
					}
				}
				c := l.methodCall(l.expr(se.X), rt, sel2, l.exprs(e.Args), e.Ellipsis.IsValid(), p)
				c.Lparen, c.Rparen = e.Lparen, e.Rparen
				return c
			}
			recv := l.expr(se.X)
			if _, ok := unparen(se.X).(*ast.TypeAssertExpr); ok {
				recv = l.viaParam(recv, rt, e.Pos())
			}
			return mk(&ast.SelectorExpr{X: recv, Sel: idp(se.Sel.Name, se.Sel.Pos())}, l.exprs(e.Args))
		}
	}
	return mk(l.expr(e.Fun), l.exprs(e.Args))
}

// typeVerbs turns %T of a session typed argument into %s of its static name.
func (l *lowerer) typeVerbs(e *ast.CallExpr, args []ast.Expr, from int) {
	tv := l.info.Types[e.Args[from-1]]
	if tv.Value == nil || tv.Value.Kind() != constant.String {
		return
	}
	f := []byte(constant.StringVal(tv.Value))
	arg, changed := from, false
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			continue
		}
		i++
		for i < len(f) && strings.IndexByte("+-# 0123456789.", f[i]) >= 0 {
			i++
		}
		if i >= len(f) || f[i] == '[' || f[i] == '*' {
			return
		}
		if f[i] == '%' {
			continue
		}
		if f[i] == 'T' && arg < len(args) {
			t := l.typeOf(e.Args[arg])
			m := map[string]bool{}
			mainTypes(t, m, 0)
			if len(m) > 0 && !types.IsInterface(t) {
				f[i] = 's'
				args[arg] = strlit(types.TypeString(t, func(p *types.Package) string { return p.Name() }))
				changed = true
			}
		}
		arg++
	}
	if changed {
		args[from-1] = strlit(string(f))
	}
}

// wrapFmt makes methods of session types visible to fmt at any depth.
func (l *lowerer) wrapFmt(orig, low ast.Expr, errorf bool) ast.Expr {
	t := l.typeOf(orig)
	if t == nil {
		return low
	}
	if b, ok := low.(*ast.BasicLit); ok && b.Kind == token.STRING {
		return low
	}
	if _, ok := t.(*types.Tuple); ok {
		return low
	}
	if tv := l.info.Types[orig]; tv.Value != nil && mainNamed(t) == nil {
		return low
	}
	m := map[string]bool{}
	mainTypes(t, m, 0)
	if len(m) == 0 {
		return low
	}
	if types.IsInterface(t) {
		return low
	}
	if errorf && types.Implements(t, types.Universe.Lookup("error").Type().Underlying().(*types.Interface)) {
		return low
	}
	return call(rtfn("F"), lit(token.INT, itoa(l.s.rt.desc(l, t)), 0), low)
}

func (l *lowerer) builtin(name string, e *ast.CallExpr) ast.Expr {
	p := e.Pos()
	switch name {
	case "min", "max":
		t := l.typeOf(e)
		fn := l.helper(name, t, func(n string) {
			op := token.LSS
			if name == "max" {
				op = token.GTR
			}
			te := func() ast.Expr { return l.typ(t, 0) }
			ret := func(x string) *ast.BlockStmt {
				return &ast.BlockStmt{List: []ast.Stmt{&ast.ReturnStmt{Results: []ast.Expr{id(x)}}}}
			}
			l.u.funcs = append(l.u.funcs, &ast.FuncDecl{Name: id(n), Type: &ast.FuncType{Params: &ast.FieldList{List: []*ast.Field{{Names: []*ast.Ident{id("a")}, Type: te()}, {Names: []*ast.Ident{id("b")}, Type: te()}}}, Results: &ast.FieldList{List: []*ast.Field{{Type: te()}}}},
				Body: &ast.BlockStmt{List: []ast.Stmt{&ast.IfStmt{Cond: &ast.BinaryExpr{X: id("a"), Op: op, Y: id("b")}, Body: ret("a")}, &ast.IfStmt{Cond: &ast.BinaryExpr{X: id("a"), Op: token.NEQ, Y: id("a")}, Body: ret("a")}, &ast.ReturnStmt{Results: []ast.Expr{id("b")}}}}})
		})
		x := l.expr(e.Args[0])
		for _, a := range e.Args[1:] {
			x = call(idp(fn, p), x, l.expr(a))
		}
		return x
	case "clear":
		t := l.typeOf(e.Args[0])
		fn := l.helper(name, t, func(n string) {
			var body ast.Stmt
			if sl, ok := t.Underlying().(*types.Slice); ok {
				body = &ast.RangeStmt{Key: id("k"), Tok: token.DEFINE, X: id("m"), Body: &ast.BlockStmt{List: []ast.Stmt{
					&ast.DeclStmt{Decl: &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id("z")}, Type: l.typ(sl.Elem(), 0)}}}},
					&ast.AssignStmt{Lhs: []ast.Expr{&ast.IndexExpr{X: id("m"), Index: id("k")}}, Tok: token.ASSIGN, Rhs: []ast.Expr{id("z")}}}}}
			} else {
				body = &ast.RangeStmt{Key: id("k"), Tok: token.DEFINE, X: id("m"), Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: call(id("delete"), id("m"), id("k"))}}}}
			}
			l.u.funcs = append(l.u.funcs, &ast.FuncDecl{Name: id(n), Type: &ast.FuncType{Params: &ast.FieldList{List: []*ast.Field{{Names: []*ast.Ident{id("m")}, Type: l.typ(t, 0)}}}}, Body: &ast.BlockStmt{List: []ast.Stmt{body}}})
		})
		return call(idp(fn, p), l.expr(e.Args[0]))
	case "new":
		if tv := l.info.Types[e.Args[0]]; !tv.IsType() {
			t := deref(l.typeOf(e))
			fn := l.helper(name, t, func(n string) {
				l.u.funcs = append(l.u.funcs, &ast.FuncDecl{Name: id(n), Type: &ast.FuncType{Params: &ast.FieldList{List: []*ast.Field{{Names: []*ast.Ident{id("v")}, Type: l.typ(t, 0)}}}, Results: &ast.FieldList{List: []*ast.Field{{Type: &ast.StarExpr{X: l.typ(t, 0)}}}}},
					Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ReturnStmt{Results: []ast.Expr{&ast.UnaryExpr{Op: token.AND, X: id("v")}}}}}})
			})
			return call(idp(fn, p), l.expr(e.Args[0]))
		}
	}
	return &ast.CallExpr{Fun: idp(name, p), Lparen: e.Lparen, Args: l.exprs(e.Args), Ellipsis: e.Ellipsis, Rparen: e.Rparen}
}

// helper emits one interpreted helper function per (name, type).
func (l *lowerer) helper(name string, t types.Type, emit func(n string)) string {
	k := "helper:" + name + ":" + l.typeKey(t)
	if n, ok := l.s.inst[k]; ok {
		return n
	}
	n := l.fresh(name)
	l.setInst(k, n)
	emit(n)
	return n
}

// shim lowers a call of a generic compiled function to the reflect runtime.
func (l *lowerer) shim(key string, in types.Instance, e *ast.CallExpr) ast.Expr {
	if !l.s.rt.has(key) {
		l.fail(e.Pos(), "generic function %s has no interpreter shim", key)
	}
	sg := l.st(in.Type).(*types.Signature)
	args := []ast.Expr{strlit(key)}
	var targ ast.Expr = id("nil")
	if sg.Results().Len() >= 1 { // zero value pointer carries the result type
		targ = call(id("new"), l.typ(sg.Results().At(0).Type(), e.Pos()))
	}
	args = append(args, targ)
	for _, a := range e.Args {
		args = append(args, l.expr(a))
	}
	switch sg.Results().Len() {
	case 0:
		return call(rtfn("Call0"), args...)
	case 1:
		rt := sg.Results().At(0).Type()
		c := call(rtfn("Call1"), args...)
		return &ast.TypeAssertExpr{X: c, Type: l.typ(rt, e.Pos())}
	}
	// multi results: iife
	r := l.fresh("r")
	fl := &ast.FieldList{}
	var res []ast.Expr
	for i := 0; i < sg.Results().Len(); i++ {
		t := sg.Results().At(i).Type()
		fl.List = append(fl.List, &ast.Field{Type: l.typ(t, 0)})
		res = append(res, &ast.TypeAssertExpr{X: &ast.IndexExpr{X: id(r), Index: lit(token.INT, itoa(i), 0)}, Type: l.typ(t, 0)})
	}
	return call(&ast.FuncLit{Type: &ast.FuncType{Params: &ast.FieldList{}, Results: fl}, Body: &ast.BlockStmt{List: []ast.Stmt{
		&ast.AssignStmt{Lhs: []ast.Expr{id(r)}, Tok: token.DEFINE, Rhs: []ast.Expr{call(rtfn("CallN"), args...)}},
		&ast.ReturnStmt{Results: res}}}})
}

var _ = strings.Join

// viaParam passes a value through an interpreted identity function.
func (l *lowerer) viaParam(x ast.Expr, t types.Type, p token.Pos) ast.Expr {
	fn := l.helper("id", t, func(n string) {
		l.u.funcs = append(l.u.funcs, &ast.FuncDecl{Name: id(n), Type: &ast.FuncType{Params: &ast.FieldList{List: []*ast.Field{{Names: []*ast.Ident{id("x")}, Type: l.typ(t, 0)}}}, Results: &ast.FieldList{List: []*ast.Field{{Type: l.typ(t, 0)}}}},
			Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ReturnStmt{Results: []ast.Expr{id("x")}}}}})
	})
	return call(idp(fn, p), x)
}
