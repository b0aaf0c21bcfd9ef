package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

func (l *lowerer) rangeStmt(s *ast.RangeStmt) []ast.Stmt {
	t := l.typeOf(s.X)
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Info()&types.IsInteger != 0 {
			return l.rangeInt(s, t, l.expr(s.X))
		}
	case *types.Signature:
		return l.rangeFunc(s, u)
	case *types.Array, *types.Pointer: // of which only the length counts, even when it is a nil pointer
		if isBlank(s.Value) {
			var pre []ast.Stmt
			if l.effects(s.X) {
				pre = []ast.Stmt{define([]string{l.fresh("a")}, l.expr(s.X))}
			}
			return append(pre, l.rangeInt(s, types.Typ[types.Int], intLit(int(deref(u).Underlying().(*types.Array).Len())))...)
		}
	}
	n := &ast.RangeStmt{For: s.For, TokPos: s.TokPos, Tok: token.DEFINE, Range: s.Range, X: l.core(s.X)}
	var out []ast.Stmt
	if p, ok := t.Underlying().(*types.Pointer); ok { // yaegi ranges over a pointer to an array once only
		c := l.fresh("a")
		out = append(out, declareVar(c, l.typ(p)), assign(id(c), n.X))
		n.X = &ast.SliceExpr{X: &ast.ParenExpr{X: &ast.StarExpr{X: id(c)}}}
	}
	if _, ok := t.Underlying().(*types.Array); ok && !isBlank(s.Value) { // ranges over a copy
		c := l.fresh("a")
		out = append(out, declareVar(c, l.typ(t)), assign(id(c), n.X))
		n.X = id(c)
	}
	starts := ""
	if b, ok := t.Underlying().(*types.Basic); ok && b.Info()&types.IsString != 0 {
		// yaegi counts the bytes of a rune that stands for an invalid byte.
		str := l.fresh("s")
		out = append(out, declareVar(str, id("string")), assign(id(str), call(id("string"), n.X)))
		n.X = call(&ast.ArrayType{Elt: id("rune")}, id(str))
		if !isBlank(s.Key) {
			starts = l.fresh("at")
			out = append(out, define([]string{starts}, call(rtFn("RuneStarts"), id(str))))
		}
	}
	objs := map[types.Object]bool{}
	if s.Tok == token.DEFINE {
		for _, e := range []ast.Expr{s.Key, s.Value} {
			if !isBlank(e) {
				objs[l.obj(e.(*ast.Ident))] = true
			}
		}
	}
	capt, _ := l.captured(s.Body, objs)
	if _, ok := t.Underlying().(*types.Chan); ok && l.fn.traced != nil {
		capt = true // see tracesReceived
	}
	var in []ast.Stmt
	var kt, vt types.Type
	switch u := deref(t).Underlying().(type) {
	case *types.Slice:
		kt, vt = types.Typ[types.Int], u.Elem()
	case *types.Array:
		kt, vt = types.Typ[types.Int], u.Elem()
	case *types.Map:
		kt, vt = u.Key(), u.Elem()
	case *types.Chan:
		kt = u.Elem()
	case *types.Basic:
		kt, vt = types.Typ[types.Int], types.Typ[types.Int32]
	}
	lhs, set := l.rangePlaces(s)
	name := func(e ast.Expr, src types.Type) ast.Expr {
		switch {
		case isBlank(e):
			return id("_")
		case s.Tok == token.DEFINE && !capt:
			return id(l.defName(e))
		}
		tmp := l.fresh("k")
		if s.Tok == token.DEFINE {
			in = append(in, define([]string{l.defName(e)}, id(tmp)))
		} else {
			in = append(in, assign(lhs[e], l.toIfaceIf(id(tmp), src, l.typeOf(e), e.Pos())))
		}
		return id(tmp)
	}
	if vt != nil && isChan(vt) && !isBlank(s.Value) {
		// yaegi takes a range with a channel for its value for one over a channel.
		base := n.X
		switch u := t.Underlying().(type) {
		case *types.Slice, *types.Map:
			c := l.fresh("a")
			out = append(out, declareVar(c, l.typ(u)), assign(id(c), n.X))
			base, n.X = id(c), id(c)
		case *types.Pointer:
			base = n.X.(*ast.SliceExpr).X
		}
		k := l.fresh("k")
		n.Key = id(k)
		put := func(e, x ast.Expr, src types.Type) {
			switch {
			case isBlank(e):
			case s.Tok == token.DEFINE:
				in = append(in, define([]string{l.defName(e)}, x))
			default:
				in = append(in, assign(lhs[e], l.toIfaceIf(x, src, l.typeOf(e), e.Pos())))
			}
		}
		put(s.Key, id(k), kt)
		put(s.Value, &ast.IndexExpr{X: base, Index: id(k)}, vt)
	} else if s.Key != nil && (!isBlank(s.Key) || !isBlank(s.Value)) {
		if starts != "" {
			k := l.fresh("k")
			n.Key = id(k)
			at := &ast.IndexExpr{X: id(starts), Index: id(k)}
			if s.Tok == token.DEFINE {
				in = append(in, define([]string{l.defName(s.Key)}, at))
			} else {
				in = append(in, assign(lhs[s.Key], l.toIfaceIf(at, kt, l.typeOf(s.Key), s.Key.Pos())))
			}
		} else {
			n.Key = name(s.Key, kt)
		}
		if !isBlank(s.Value) {
			n.Value = name(s.Value, vt)
		}
	} else {
		n.Key = id(l.fresh("k")) // yaegi wants one
	}
	in = append(append(set, in...), l.hookAgain(s, s.Body)...)
	l.push(&target{brk: true, cnt: true})
	n.Body = l.block(s.Body)
	l.pop()
	n.Body.List = append(in, n.Body.List...)
	return append(out, n)
}

// rangePlaces lowers the key and value that a range assigns to, and returns what
// evaluates their operands in each iteration.
func (l *lowerer) rangePlaces(s *ast.RangeStmt) (lhs map[ast.Expr]ast.Expr, set []ast.Stmt) {
	lhs = map[ast.Expr]ast.Expr{}
	for _, e := range []ast.Expr{s.Key, s.Value} {
		if s.Tok == token.ASSIGN && !isBlank(e) {
			lhs[e] = l.placeOf(e, l.into(&set))
		}
	}
	return lhs, set
}

func isChan(t types.Type) bool {
	_, ok := t.Underlying().(*types.Chan)
	return ok
}

// rangeInt lowers for i := range n.
func (l *lowerer) rangeInt(s *ast.RangeStmt, t types.Type, n0 ast.Expr) []ast.Stmt {
	if b, ok := t.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
		t = types.Typ[types.Int]
	}
	if !isBlank(s.Key) {
		if kt := l.typeOf(s.Key); kt != nil {
			t = kt
		}
	}
	typed := func(e ast.Expr) ast.Expr {
		if types.Identical(t.Underlying(), types.Typ[types.Int]) {
			return e
		}
		return call(l.typ(t), e)
	}
	i, n := l.fresh("i"), l.fresh("n")
	objs := map[types.Object]bool{}
	if s.Tok == token.DEFINE && !isBlank(s.Key) {
		objs[l.obj(s.Key.(*ast.Ident))] = true
	}
	_, touched := l.captured(s.Body, objs)
	var in []ast.Stmt
	switch {
	case isBlank(s.Key):
	case s.Tok == token.ASSIGN:
		in = append(in, assign(l.expr(s.Key), id(i)))
	case touched:
		in = append(in, define([]string{l.defName(s.Key)}, id(i)))
	default: // nothing can tell the counter from the variable
		l.names[l.obj(s.Key.(*ast.Ident))] = i
	}
	out := []ast.Stmt{declareVar(n, l.typ(t)), assign(id(n), typed(n0))}
	f := &ast.ForStmt{For: s.For,
		Init: define([]string{i}, typed(lit(token.INT, "0"))),
		Cond: &ast.BinaryExpr{X: id(i), Op: token.LSS, Y: id(n)},
		Post: &ast.IncDecStmt{X: id(i), Tok: token.INC}}
	in = append(in, l.hookAgain(s, s.Body)...)
	l.push(&target{brk: true, cnt: true})
	f.Body = l.block(s.Body)
	l.pop()
	f.Body.List = append(in, f.Body.List...)
	return append(out, f)
}
