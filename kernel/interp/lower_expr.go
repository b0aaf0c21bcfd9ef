package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

func (l *lowerer) exprs(es []ast.Expr) []ast.Expr {
	out := make([]ast.Expr, len(es))
	for i, e := range es {
		out[i] = l.expr(e)
	}
	return out
}

// expr lowers an expression; its value keeps the expression's own type.
func (l *lowerer) expr(e ast.Expr) ast.Expr {
	if e == nil {
		return nil
	}
	p := e.Pos()
	if tv, ok := l.info.Types[e]; ok {
		if tv.IsType() {
			return l.typAt(tv.Type, p)
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
		return &ast.BasicLit{Kind: e.Kind, Value: e.Value, ValuePos: p}
	case *ast.ParenExpr:
		// The tree says what belongs together. yaegi would take the parentheses at
		// the start of !(x) && y for a branch, whose other way leads nowhere.
		return l.expr(e.X)
	case *ast.StarExpr:
		return &ast.StarExpr{Star: p, X: l.expr(e.X)}
	case *ast.UnaryExpr:
		return l.unary(e)
	case *ast.BinaryExpr:
		return l.binary(e)
	case *ast.SelectorExpr:
		return l.selector(e)
	case *ast.IndexExpr:
		if x, ok := l.instance(e.X); ok {
			return x
		}
		return l.index(e)
	case *ast.IndexListExpr:
		if x, ok := l.instance(e.X); ok {
			return x
		}
	case *ast.SliceExpr:
		return l.sliceExpr(e)
	case *ast.TypeAssertExpr:
		return l.assertion(e)
	case *ast.CompositeLit:
		return l.composite(e)
	case *ast.FuncLit:
		return l.funcLit(l.info.Types[e].Type.(*types.Signature), e)
	case *ast.CallExpr:
		return l.call(e)
	}
	l.fail(p, "internal: expression %T is not supported", e)
	return nil
}

func (l *lowerer) ident(x *ast.Ident) ast.Expr {
	p := x.NamePos
	if n, ok := l.old[x]; ok {
		return idAt(n, p)
	}
	o := l.obj(x)
	switch o := o.(type) {
	case nil:
		return idAt(x.Name, p)
	case *types.Nil:
		return idAt("nil", p)
	case *types.Var:
		if l.pkgLevel(o) {
			if v := l.s.vars[o.Name()]; v != nil && v.predeclared {
				return rtFn("Ctx")
			}
			return idAt(l.varName(o.Name(), p), p)
		}
		if p, ok := l.derefs[o]; ok {
			return &ast.ParenExpr{Lparen: x.NamePos, X: star(id(p))}
		}
		if isMain(o) && !o.IsField() {
			return idAt(l.local(o), p)
		}
	case *types.Func:
		if isMain(o) {
			return idAt(l.funcName(o, x), p)
		}
	}
	if o.Pkg() != nil && !isMain(o) && o.Parent() == o.Pkg().Scope() { // imported with a dot
		return l.pkgSel(o.Pkg().Path(), x.Name, p)
	}
	return idAt(x.Name, p)
}

func (l *lowerer) varName(n string, p token.Pos) string {
	if v := l.s.vars[n]; v != nil {
		return v.iname
	}
	l.fail(p, "%s is of a type that this cell declares anew, and its value cannot be taken over; define it again before it is used", n)
	return ""
}

func (l *lowerer) funcName(o *types.Func, x *ast.Ident) string {
	if in, ok := l.info.Instances[x]; ok {
		return l.funcInst(o, in.TypeArgs, x.NamePos)
	}
	d := l.s.decls[o.Name()]
	if d == nil {
		l.fail(x.NamePos, "internal: no function %s", o.Name())
	}
	return d.iname
}

// pkgSel names a symbol of a compiled package.
func (l *lowerer) pkgSel(path, name string, p token.Pos) ast.Expr {
	l.u.imports[alias(path)] = path
	return &ast.SelectorExpr{X: idAt(alias(path), p), Sel: idAt(name, p)}
}

// instance lowers x of x[T] when that instantiates a generic function.
func (l *lowerer) instance(x ast.Expr) (ast.Expr, bool) {
	switch x := unparen(x).(type) {
	case *ast.Ident:
		if _, ok := l.info.Instances[x]; ok {
			return l.ident(x), true
		}
	case *ast.SelectorExpr:
		if _, ok := l.info.Instances[x.Sel]; ok {
			return l.selector(x), true
		}
	}
	return nil, false
}

func (l *lowerer) unary(e *ast.UnaryExpr) ast.Expr {
	if e.Op == token.AND {
		if c, ok := unparen(e.X).(*ast.CompositeLit); ok {
			return &ast.UnaryExpr{OpPos: e.OpPos, Op: e.Op, X: l.composite(c)}
		}
		if ix, ok := unparen(e.X).(*ast.IndexExpr); ok && isPtr(l.typeOf(ix.X)) { // yaegi wants a place it can name
			return addr(&ast.IndexExpr{X: &ast.ParenExpr{X: star(l.expr(ix.X))}, Lbrack: ix.Lbrack, Index: l.expr(ix.Index)})
		}
	}
	x := &ast.UnaryExpr{OpPos: e.OpPos, Op: e.Op, X: l.expr(e.X)}
	switch e.Op {
	case token.ARROW:
		x.X = l.unwrap(x.X, l.typeOf(e.X))
	case token.NOT:
		x.X = l.operand(e.X, x.X)
	}
	if t := l.typeOf(e.X); (e.Op == token.SUB || e.Op == token.XOR) && isUintptr(t) {
		x.X = call(id("uint64"), x.X)
		return call(l.typ(t), x)
	}
	return x
}

func (l *lowerer) binary(e *ast.BinaryExpr) ast.Expr {
	if e.Op == token.EQL || e.Op == token.NEQ {
		if x := l.comparison(e); x != nil {
			return x
		}
	}
	x := &ast.BinaryExpr{X: l.expr(e.X), OpPos: e.OpPos, Op: e.Op, Y: l.expr(e.Y)}
	if l.isNil(e.X) {
		x.X, x.Y = x.Y, x.X
	}
	if e.Op == token.LAND || e.Op == token.LOR {
		x.X, x.Y = l.operand(e.X, x.X), l.operand(e.Y, x.Y)
	}
	if e.Op == token.SHL || e.Op == token.SHR {
		x.Y = l.shiftCount(e.Y, x.Y)
	}
	t := l.typeOf(e.X)
	if e.Op == token.QUO && isComplex(t) && l.info.Types[e.Y].Value != nil { // which yaegi looks at to find a zero, and cannot read
		x.Y = l.keptAs(x.Y, l.key(t), l.typ(t))
	}
	if !isUintptr(t) {
		return x
	}
	// yaegi has no arithmetic of uintptr: a function that uses it just ends.
	x.X = call(id("uint64"), x.X)
	if e.Op != token.SHL && e.Op != token.SHR {
		x.Y = call(id("uint64"), x.Y)
	}
	if isBoolean(l.typeOf(e)) {
		return x
	}
	return call(l.typ(t), x)
}

// operand is the lowered operand x of a logical operation: of what is received
// there, yaegi keeps nothing but the way on where it had to wait.
func (l *lowerer) operand(e, x ast.Expr) ast.Expr {
	u, ok := unparen(x).(*ast.UnaryExpr)
	if !ok || !isReceive(e) {
		return x
	}
	c, t := l.coreType(l.typeOf(unparen(e).(*ast.UnaryExpr).X)), l.typeOf(e)
	fn := l.helper("receive", l.key(c), func(fn string) {
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("c", l.typ(c))}, []*ast.Field{result(l.typ(t))}),
			define([]string{"v"}, &ast.UnaryExpr{Op: token.ARROW, X: id("c")}), ret(id("v"))))
	})
	return call(id(fn), u.X)
}

func isUintptr(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.Uintptr
}

func isComplex(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsComplex != 0
}

func isBoolean(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsBoolean != 0
}

// shiftCount is the lowered count x of a shift: yaegi shifts by a negative one
// without a word. Counts that can be read beforehand are checked there. A count
// that is computed is converted to its own type: yaegi would compute it in the
// type of what is shifted.
func (l *lowerer) shiftCount(e, x ast.Expr) ast.Expr {
	if l.info.Types[e].Value != nil {
		return x
	}
	if l.notNegative(e) || l.pure(e) {
		switch x.(type) {
		case *ast.BinaryExpr, *ast.UnaryExpr:
			return call(l.typ(l.typeOf(e)), x)
		}
		return x
	}
	return call(rtFn("ShiftCount"), call(id("int64"), x))
}

// comparison lowers == and != of interface values, nil otherwise.
func (l *lowerer) comparison(e *ast.BinaryExpr) ast.Expr {
	tx, ty := l.typeOf(e.X), l.typeOf(e.Y)
	switch {
	case l.wrapped(tx) && l.isNil(e.Y):
		return &ast.BinaryExpr{X: l.core(e.X), OpPos: e.OpPos, Op: e.Op, Y: id("nil")}
	case l.wrapped(ty) && l.isNil(e.X):
		return &ast.BinaryExpr{X: l.core(e.Y), OpPos: e.OpPos, Op: e.Op, Y: id("nil")}
	case isChan(tx) && isChan(ty) && !types.Identical(l.coreType(tx), l.coreType(ty)): // one gives less than the other
		return &ast.BinaryExpr{X: call(rtFn("SameChan"), l.core(e.X), l.core(e.Y)), OpPos: e.OpPos, Op: e.Op, Y: id("true")}
	case (l.wrapped(tx) || l.wrapped(ty)) && !isInterface(tx) && !isInterface(ty): // channels
		return &ast.BinaryExpr{X: l.core(e.X), OpPos: e.OpPos, Op: e.Op, Y: l.core(e.Y)}
	}
	if !isInterface(tx) && !isInterface(ty) || l.isNil(e.X) || l.isNil(e.Y) {
		return nil
	}
	empty := types.NewInterfaceType(nil, nil)
	eq := call(rtFn("Eq"), l.conv(e.X, empty), l.conv(e.Y, empty))
	if e.Op == token.NEQ {
		return &ast.UnaryExpr{Op: token.NOT, X: eq, OpPos: e.OpPos}
	}
	return eq
}

func (l *lowerer) isNil(e ast.Expr) bool { return l.info.Types[e].IsNil() }

func (l *lowerer) index(e *ast.IndexExpr) ast.Expr {
	t := l.typeOf(e.X)
	if m, ok := t.Underlying().(*types.Map); ok {
		return &ast.IndexExpr{X: l.core(e.X), Lbrack: e.Lbrack, Index: l.mapKey(e.Index, m)}
	}
	return &ast.IndexExpr{X: l.core(e.X), Lbrack: e.Lbrack, Index: l.expr(e.Index)}
}

// mapKey lowers a key of a map. A map with keys of an interface type refuses one
// whose type cannot be hashed; what is in a box it would not call by its name.
func (l *lowerer) mapKey(e ast.Expr, m *types.Map) ast.Expr {
	x, src := l.conv(e, m.Key()), l.typeOf(e)
	if k := l.st(m.Key()); l.isNil(e) && !l.wrapped(k) { // yaegi gives a bare nil no type
		switch {
		case compiledIface(k):
			return call(id(l.toCompiled(k, e.Pos())), x)
		case !isInterface(k):
			return call(&ast.ParenExpr{X: l.typ(k)}, x)
		}
	}
	if k := l.st(m.Key()); !isInterface(k) || compiledIface(k) || !isInterface(src) && (types.Comparable(src) && !holdsInterface(src) || !hasCell(src)) {
		return x
	}
	return call(rtFn("Hashable"), x)
}

// holdsInterface reports whether a comparable value of type t may hold one that is not.
func holdsInterface(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Interface:
		return true
	case *types.Array:
		return holdsInterface(u.Elem())
	case *types.Struct:
		for f := range u.Fields() {
			if holdsInterface(f.Type()) {
				return true
			}
		}
	}
	return false
}

func (l *lowerer) sliceExpr(e *ast.SliceExpr) ast.Expr {
	x := &ast.SliceExpr{X: l.core(e.X), Lbrack: e.Lbrack, Low: l.expr(e.Low), High: l.expr(e.High), Max: l.expr(e.Max), Slice3: e.Slice3}
	return l.wrap(x, l.typeOf(e))
}

func (l *lowerer) funcLit(sg *types.Signature, e *ast.FuncLit) *ast.FuncLit {
	saved, top, body := l.fn, l.top, e.Body
	l.fn, l.top = &fnCtx{sig: sg, panicking: l.panicking}, false
	l.panicking = ""
	l.fn.traced = l.traceLit(saved, e)
	if saved != nil { // what holds around a literal holds in it only for what nothing assigns
		l.fn.counters = nil
	}
	f := &ast.FuncLit{Type: l.sig(sg, true)}
	f.Body = l.functionBody("a function literal", sg, f.Type, body)
	if l.callsUnknown(body, "") {
		f.Body.List = append(l.counted("a function literal", body.Pos(), body), f.Body.List...)
	}
	f.Body.List = append(l.enterTraced(body.Lbrace), f.Body.List...)
	l.fn, l.top = saved, top
	return f
}
