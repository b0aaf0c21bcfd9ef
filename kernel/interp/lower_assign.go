package interp

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

func (l *lowerer) assign(s *ast.AssignStmt) []ast.Stmt {
	switch {
	case s.Tok != token.ASSIGN && s.Tok != token.DEFINE:
		return l.opAssign(s)
	case len(s.Lhs) != len(s.Rhs):
		return l.assignMulti(s)
	case len(s.Lhs) == 1:
		return l.assignOne(s)
	}
	if l.plainSwap(s) {
		if rhs := l.exprs(s.Rhs); !hasCall(rhs) {
			return []ast.Stmt{&ast.AssignStmt{Lhs: l.exprs(s.Lhs), TokPos: s.TokPos, Tok: s.Tok, Rhs: rhs}}
		}
	}
	return l.assignEach(s)
}

// opAssign lowers x op= y.
func (l *lowerer) opAssign(s *ast.AssignStmt) []ast.Stmt {
	var pre []ast.Stmt
	x, y := l.expr(s.Lhs[0]), l.expr(s.Rhs[0])
	if _, isVar := x.(*ast.Ident); !isVar && l.calls(s.Rhs[0]) { // compiled Go reads the place after the calls
		if e, ok := unparen(s.Lhs[0]).(*ast.IndexExpr); ok && !l.calls(e.X) && l.calls(e.Index) {
			ix := x.(*ast.IndexExpr)
			ix.Index = l.into(&pre)(ix.Index, l.indexType(e))
		} else if l.calls(s.Lhs[0]) {
			x = l.placeOf(s.Lhs[0], l.into(&pre))
		}
		y = l.into(&pre)(y, l.typeOf(s.Rhs[0]))
	}
	if s.Tok == token.SHL_ASSIGN || s.Tok == token.SHR_ASSIGN {
		y = l.shiftCount(s.Rhs[0], y)
	}
	if isUintptr(l.typeOf(s.Lhs[0])) {
		return append(pre, l.uintptrAssign(s.Lhs[0], s.Tok+token.ADD-token.ADD_ASSIGN, y)...)
	}
	return append(pre, &ast.AssignStmt{Lhs: []ast.Expr{x}, TokPos: s.TokPos, Tok: s.Tok, Rhs: []ast.Expr{y}})
}

// uintptrAssign is x = x op y for a uintptr, which yaegi cannot compute with.
func (l *lowerer) uintptrAssign(x ast.Expr, op token.Token, y ast.Expr) []ast.Stmt {
	if !l.pure(x) {
		l.fail(x.Pos(), "an assignment with an operation to this place of type uintptr is not supported in cells; assign to a variable first")
	}
	sum := &ast.BinaryExpr{X: call(id("uint64"), l.expr(x)), Op: op, Y: call(id("uint64"), y)}
	return []ast.Stmt{assign(l.expr(x), call(l.typ(l.typeOf(x)), sum))}
}

// isNew reports whether e is a name that s defines.
func (l *lowerer) isNew(s *ast.AssignStmt, e ast.Expr) bool {
	x, ok := e.(*ast.Ident)
	return ok && s.Tok == token.DEFINE && x.Name != "_" && l.info.Defs[x] != nil && !l.pkgLevel(l.info.Defs[x])
}

func (l *lowerer) assignOne(s *ast.AssignStmt) []ast.Stmt {
	x, v := s.Lhs[0], s.Rhs[0]
	switch {
	case isBlank(x):
		return []ast.Stmt{l.discard(l.conv(v, nil), s.TokPos)}
	case l.isNew(s, x):
		t := l.typeOf(x)
		if isInterface(t) || isReceive(v) { // := would give the value's own type, or one that has no address
			n := l.local(l.info.Defs[x.(*ast.Ident)])
			rhs := l.expr(v)
			if isReceive(v) {
				c := l.fresh("c")
				return []ast.Stmt{define([]string{c}, rhs), declareVar(n, l.typ(t)), assign(id(n), id(c))}
			}
			return []ast.Stmt{declareVar(n, l.typ(t)), assign(id(n), rhs)}
		}
		rhs := l.expr(v)
		return []ast.Stmt{&ast.AssignStmt{Lhs: []ast.Expr{idAt(l.defName(x), x.Pos())}, TokPos: s.TokPos, Tok: token.DEFINE, Rhs: []ast.Expr{rhs}}}
	}
	rhs := l.conv(v, l.typeOf(x))
	if l.isMapElem(x) {
		rhs = l.present(rhs, l.typeOf(v))
	}
	if isReceive(v) { // yaegi cannot receive into a named result, nor where the debugger has a pointer to
		c := l.fresh("c")
		return []ast.Stmt{define([]string{c}, rhs), assign(l.expr(x), id(c))}
	}
	if l.readsLate(x) && l.calls(v) && !l.isNil(v) {
		n := l.fresh("t")
		return []ast.Stmt{declareVar(n, l.typ(l.typeOf(x))), assign(id(n), l.ownResult(v, rhs)),
			&ast.AssignStmt{Lhs: []ast.Expr{l.expr(x)}, TokPos: s.TokPos, Tok: token.ASSIGN, Rhs: []ast.Expr{id(n)}}}
	}
	return []ast.Stmt{&ast.AssignStmt{Lhs: []ast.Expr{l.expr(x)}, TokPos: s.TokPos, Tok: token.ASSIGN, Rhs: []ast.Expr{l.ownResult(v, rhs)}}}
}

// discard is _ = x. Yaegi would not evaluate some operations for nothing.
func (l *lowerer) discard(x ast.Expr, p token.Pos) ast.Stmt {
	blank, tok := "_", token.ASSIGN
	switch x.(type) {
	case *ast.StarExpr, *ast.IndexExpr, *ast.BinaryExpr, *ast.SelectorExpr:
		blank, tok = l.fresh("t"), token.DEFINE
	}
	return &ast.AssignStmt{Lhs: []ast.Expr{id(blank)}, TokPos: p, Tok: tok, Rhs: []ast.Expr{x}}
}

// readsLate reports whether the place x has an index that calls nothing but that
// a call on the right may change: compiled Go reads it after the call. (The
// specification leaves the order open.) A plain local variable is taken to stay.
func (l *lowerer) readsLate(x ast.Expr) bool {
	e, ok := unparen(x).(*ast.IndexExpr)
	if !ok || l.calls(e.Index) || l.info.Types[e.Index].Value != nil {
		return false
	}
	late := false
	ast.Inspect(e.Index, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr, *ast.StarExpr, *ast.IndexExpr:
			late = true
		case *ast.Ident:
			late = late || l.pkgLevel(l.obj(n))
		}
		return !late
	})
	return late
}

// ownResult keeps the result of a call of a cell's function apart from the
// variable it is assigned to. yaegi lets the function work on the variable
// itself, which it may still read: its named results start by clearing it. It
// also puts a composite literal in the place of a variable, where pointers and
// closures go on with what was there.
func (l *lowerer) ownResult(v, rhs ast.Expr) ast.Expr {
	if _, ok := rhs.(*ast.CompositeLit); ok {
		return &ast.ParenExpr{Lparen: rhs.Pos(), X: rhs}
	}
	c, ok := unparen(v).(*ast.CallExpr)
	if _, isCall := rhs.(*ast.CallExpr); !ok || !isCall {
		return rhs
	}
	if tv := l.info.Types[c.Fun]; tv.IsType() || tv.IsBuiltin() {
		return rhs
	}
	if se, ok := unparen(c.Fun).(*ast.SelectorExpr); ok {
		if x := rootIdent(se); x != nil {
			if _, isPkg := l.info.Uses[x].(*types.PkgName); isPkg && !isFunc(l.typeOf(v)) { // nor does a function that it returns reach closures
				return rhs
			}
		}
	}
	return &ast.ParenExpr{Lparen: rhs.Pos(), X: rhs}
}

// assignEach lowers a, b = x, y through temporaries: operands of indices and
// dereferences on the left first, then all values, then the assignments.
func (l *lowerer) assignEach(s *ast.AssignStmt) []ast.Stmt {
	var out []ast.Stmt
	lhs := make([]ast.Expr, len(s.Lhs))
	// Compiled Go reads operands on the left that call nothing after the calls on
	// the right; the specification leaves the order open.
	late := slices.ContainsFunc(s.Rhs, l.calls) && !slices.ContainsFunc(s.Lhs, l.calls)
	if !late {
		out = l.places(s, lhs)
	}
	vals := make([]ast.Expr, len(s.Rhs))
	for i, v := range s.Rhs {
		var t types.Type
		if !isBlank(s.Lhs[i]) {
			t = l.typeOf(s.Lhs[i])
		}
		if l.isNil(v) && (t == nil || !l.wrapped(t)) {
			vals[i] = id("nil")
			continue
		}
		x := l.conv(v, t)
		if t == nil {
			t = types.Default(l.typeOf(v))
		}
		n := l.fresh("t")
		out = append(out, declareVar(n, l.typ(t)), assign(id(n), x))
		vals[i] = id(n)
	}
	if late {
		out = append(out, l.places(s, lhs)...)
	}
	for i, x := range s.Lhs {
		switch {
		case isBlank(x):
		case l.isNew(s, x):
			n := l.defName(x)
			out = append(out, declareVar(n, l.typ(l.typeOf(x))), assign(id(n), vals[i]))
		default:
			out = append(out, &ast.AssignStmt{Lhs: []ast.Expr{lhs[i]}, Tok: token.ASSIGN, TokPos: s.TokPos, Rhs: []ast.Expr{vals[i]}})
		}
	}
	return out
}

// places lowers the left sides of an assignment of several values to lhs, and
// returns what evaluates their operands.
func (l *lowerer) places(s *ast.AssignStmt, lhs []ast.Expr) (out []ast.Stmt) {
	for i, x := range s.Lhs {
		if !isBlank(x) && !l.isNew(s, x) {
			lhs[i] = l.placeOf(x, l.into(&out))
		}
	}
	return out
}

// into makes temporaries for operands, in out.
func (l *lowerer) into(out *[]ast.Stmt) func(ast.Expr, types.Type) ast.Expr {
	return func(x ast.Expr, t types.Type) ast.Expr {
		if _, ok := x.(*ast.BasicLit); ok {
			return x
		}
		n := l.fresh("t")
		*out = append(*out, declareVar(n, l.typ(t)), assign(id(n), x))
		return id(n)
	}
}

// indexType is the type of an index, or that of the keys of a map.
func (l *lowerer) indexType(e *ast.IndexExpr) types.Type {
	if m, ok := l.typeOf(e.X).Underlying().(*types.Map); ok {
		return m.Key()
	}
	return l.typeOf(e.Index)
}

// placeOf lowers the left side of an assignment with the operands that must be
// evaluated beforehand in temporaries.
func (l *lowerer) placeOf(e ast.Expr, tmp func(ast.Expr, types.Type) ast.Expr) ast.Expr {
	switch e := unparen(e).(type) {
	case *ast.IndexExpr:
		t := l.typeOf(e.X)
		ix := l.index(e).(*ast.IndexExpr)
		if _, ok := t.Underlying().(*types.Array); !ok {
			ix.X = tmp(ix.X, l.coreType(t))
		} else {
			ix.X = l.placeOf(e.X, tmp)
		}
		if l.info.Types[e.Index].Value == nil {
			ix.Index = tmp(ix.Index, l.indexType(e))
		}
		return ix
	case *ast.StarExpr:
		return &ast.StarExpr{Star: e.Star, X: tmp(l.expr(e.X), l.typeOf(e.X))}
	case *ast.SelectorExpr:
		s := l.info.Selections[e]
		if s == nil || s.Kind() != types.FieldVal {
			break
		}
		x := l.expr(e).(*ast.SelectorExpr)
		inner := x // the field of e.X itself
		for range s.Index()[1:] {
			y, ok := inner.X.(*ast.SelectorExpr)
			if !ok {
				return x
			}
			inner = y
		}
		if t := l.typeOf(e.X); isPtr(t) {
			inner.X = tmp(inner.X, t)
		} else {
			inner.X = l.placeOf(e.X, tmp)
		}
		return x
	}
	return l.expr(e)
}

// assignMulti lowers a, b = f() and the comma-ok forms.
func (l *lowerer) assignMulti(s *ast.AssignStmt) []ast.Stmt {
	rhs, src := l.multi(s.Rhs[0])
	direct, allNew := true, s.Tok == token.DEFINE
	for i, x := range s.Lhs {
		if isBlank(x) {
			continue
		}
		isNew := l.isNew(s, x)
		allNew = allNew && isNew
		if t := l.typeOf(x); !isNew && isInterface(t) && !types.Identical(t, src(i)) {
			direct = false
		}
		if _, ok := unparen(x).(*ast.Ident); !ok {
			direct = false
		}
	}
	if allNew && direct && !isReceive(s.Rhs[0]) {
		names := make([]string, len(s.Lhs))
		for i, x := range s.Lhs {
			names[i] = l.defName(x)
		}
		return []ast.Stmt{&ast.AssignStmt{Lhs: ids(names), TokPos: s.TokPos, Tok: defineOr(names), Rhs: []ast.Expr{rhs}}}
	}
	var out []ast.Stmt
	tmp := make([]string, len(s.Lhs))
	for i, x := range s.Lhs {
		if tmp[i] = "_"; !isBlank(x) {
			tmp[i] = l.fresh("t")
		}
	}
	if _, isCall := rhs.(*ast.CallExpr); !isCall && defineOr(tmp) == token.ASSIGN { // yaegi would not evaluate it for nothing
		tmp[0] = l.fresh("t")
	}
	lhs := make([]ast.Expr, len(s.Lhs))
	late := !slices.ContainsFunc(s.Lhs, l.calls)
	if !late {
		out = l.places(s, lhs)
	}
	out = append(out, &ast.AssignStmt{Lhs: ids(tmp), TokPos: s.TokPos, Tok: defineOr(tmp), Rhs: []ast.Expr{rhs}})
	if late {
		out = append(out, l.places(s, lhs)...)
	}
	for i, x := range s.Lhs {
		switch {
		case isBlank(x):
		case l.isNew(s, x):
			n := l.defName(x)
			out = append(out, declareVar(n, l.typ(l.typeOf(x))), assign(id(n), id(tmp[i])))
		default:
			out = append(out, assign(lhs[i], l.toIfaceIf(id(tmp[i]), src(i), l.typeOf(x), x.Pos())))
		}
	}
	return out
}

func isReceive(e ast.Expr) bool {
	u, ok := unparen(e).(*ast.UnaryExpr)
	return ok && u.Op == token.ARROW
}
