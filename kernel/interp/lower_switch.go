package interp

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

func (l *lowerer) switchStmt(s *ast.SwitchStmt) []ast.Stmt {
	var out []ast.Stmt
	if s.Init != nil {
		out = l.stmt(s.Init)
	}
	n := &ast.SwitchStmt{Switch: s.Switch, Body: &ast.BlockStmt{Lbrace: s.Body.Lbrace, Rbrace: s.Body.Rbrace}}
	var tag types.Type
	byEq, computed, tagName := false, false, ""
	if s.Tag != nil {
		tag = l.typeOf(s.Tag)
		byEq = isInterface(tag)
		for _, c := range s.Body.List {
			list := c.(*ast.CaseClause).List
			for _, e := range list {
				_, name := unparen(e).(*ast.Ident)
				computed = computed || len(list) > 1 && !name && l.info.Types[e].Value == nil || l.isNil(e) || isChan(tag)
				byEq = byEq || isInterface(l.typeOf(e))
			}
		}
		switch {
		case !byEq && !computed:
			n.Tag = l.core(s.Tag)
		case !byEq: // of several values in a case yaegi computes the first alone
			tagName = l.fresh("tag")
			t := l.coreType(types.Default(tag))
			out = append(out, declareVar(tagName, l.typ(t)), assign(id(tagName), l.core(s.Tag)))
		default:
			tagName = l.fresh("tag")
			out = append(out, declareVar(tagName, anyType()), assign(id(tagName), l.conv(s.Tag, types.NewInterfaceType(nil, nil))))
		}
	}
	l.enter(true, false)
	for _, c := range s.Body.List {
		cc := c.(*ast.CaseClause)
		nc := &ast.CaseClause{Case: cc.Case, Colon: cc.Colon}
		for _, e := range cc.List {
			x := l.expr(e)
			if s.Tag == nil && isInterface(l.typeOf(e)) {
				x = call(rtFn("Eq"), call(rtFn("Any"), id("true")), l.conv(e, types.NewInterfaceType(nil, nil)))
			} else if byEq {
				x = call(rtFn("Eq"), id(tagName), l.conv(e, types.NewInterfaceType(nil, nil)))
			} else if tagName != "" {
				x = l.sameAsTag(tagName, tag, e, l.unwrap(x, l.typeOf(e)))
			}
			nc.List = append(nc.List, x)
		}
		if n.Tag == nil && len(nc.List) > 1 { // yaegi looks at the first condition alone
			any := nc.List[0]
			for _, x := range nc.List[1:] {
				any = &ast.BinaryExpr{X: any, Op: token.LOR, Y: x}
			}
			nc.List = []ast.Expr{any}
		}
		nc.Body = clause(l.stmts(cc.Body))
		n.Body.List = append(n.Body.List, nc)
	}
	l.leave(true, false)
	if fallsAround(s.Body.List) {
		return append(out, l.byNumber(n)...)
	}
	return append(out, n)
}

// fallsAround reports whether a clause falls through in a switch with clauses
// after its default: yaegi has the default at the end.
func fallsAround(clauses []ast.Stmt) bool {
	falls, early := false, false
	for i, c := range clauses {
		cc := c.(*ast.CaseClause)
		early = early || cc.List == nil && i < len(clauses)-1
		if n := len(cc.Body); n > 0 {
			b, ok := cc.Body[n-1].(*ast.BranchStmt)
			falls = falls || ok && b.Tok == token.FALLTHROUGH
		}
	}
	return falls && early
}

// byNumber makes two of a lowered switch: the first finds the number of the clause
// to run, the second runs it, and those that it falls through to, in their order.
func (l *lowerer) byNumber(n *ast.SwitchStmt) []ast.Stmt {
	which := l.fresh("case")
	run := &ast.SwitchStmt{Switch: n.Switch, Tag: id(which), Body: &ast.BlockStmt{Lbrace: n.Body.Lbrace, Rbrace: n.Body.Rbrace}}
	for i, c := range n.Body.List {
		cc := c.(*ast.CaseClause)
		run.Body.List = append(run.Body.List, &ast.CaseClause{Case: cc.Case, Colon: cc.Colon, List: []ast.Expr{intLit(i)}, Body: cc.Body})
		cc.Body = []ast.Stmt{assign(id(which), intLit(i))}
	}
	return []ast.Stmt{declareVar(which, id("int")), n, run}
}

// sameAsTag compares the tag of a switch with the value x of a case.
func (l *lowerer) sameAsTag(tagName string, tag types.Type, e, x ast.Expr) ast.Expr {
	if isChan(tag) && !l.isNil(e) { // perhaps of another direction
		return call(rtFn("SameChan"), id(tagName), x)
	}
	return &ast.BinaryExpr{X: id(tagName), OpPos: e.Pos(), Op: token.EQL, Y: x}
}

func (l *lowerer) selectStmt(s *ast.SelectStmt) []ast.Stmt {
	n := &ast.SelectStmt{Select: s.Select, Body: &ast.BlockStmt{Lbrace: s.Body.Lbrace, Rbrace: s.Body.Rbrace}}
	var out []ast.Stmt
	calls := slices.ContainsFunc(s.Body.List, func(c ast.Stmt) bool { return l.commCalls(c.(*ast.CommClause).Comm) })
	l.enter(true, false)
	for _, c := range s.Body.List {
		cc := c.(*ast.CommClause)
		nc := &ast.CommClause{Case: cc.Case, Colon: cc.Colon}
		var pre []ast.Stmt
		if cc.Comm != nil {
			nc.Comm, pre = l.comm(cc.Comm, block(cc.Body...))
			out = append(out, l.operands(nc.Comm, cc.Comm, calls)...)
		}
		nc.Body = append(pre, clause(l.stmts(cc.Body))...)
		if last := len(nc.Body) - 1; last >= 0 {
			if b, ok := nc.Body[last].(*ast.BranchStmt); ok { // yaegi would go on after the select
				nc.Body[last] = block(b)
			}
		}
		n.Body.List = append(n.Body.List, nc)
	}
	l.leave(true, false)
	if len(n.Body.List) == 1 {
		// In a select with a default only, yaegi lets break leave the loop around.
		if c := n.Body.List[0].(*ast.CommClause); c.Comm == nil {
			b := &ast.BlockStmt{Lbrace: n.Body.Lbrace, Rbrace: n.Body.Rbrace, List: []ast.Stmt{&ast.CaseClause{Case: c.Case, Colon: c.Colon, Body: c.Body}}}
			return []ast.Stmt{&ast.SwitchStmt{Switch: n.Select, Body: b}}
		}
	}
	if breaks(s.Body) {
		// For yaegi only loops and switches are what break leaves.
		b := block(&ast.CaseClause{Body: []ast.Stmt{n}})
		return append(out, &ast.SwitchStmt{Switch: n.Select, Body: b})
	}
	return append(out, n)
}

// operands evaluates the channel of a lowered communication, and what is sent,
// before the select: as Go does, and because yaegi takes a closed channel in a
// field for one that is not ready. Variables are read where they stand among calls.
func (l *lowerer) operands(lowered, comm ast.Stmt, calls bool) (out []ast.Stmt) {
	before := func(x ast.Expr, t types.Type) ast.Expr {
		switch x.(type) {
		case *ast.Ident:
			if !calls {
				return x
			}
		case *ast.BasicLit:
			return x
		}
		n := l.fresh("c")
		out = append(out, declareVar(n, l.typ(t)), assign(id(n), x))
		return id(n)
	}
	if s, ok := lowered.(*ast.SendStmt); ok {
		c := l.coreType(l.typeOf(comm.(*ast.SendStmt).Chan))
		s.Chan = before(s.Chan, c)
		s.Value = before(s.Value, c.Underlying().(*types.Chan).Elem())
		return out
	}
	u := receives(lowered)
	u.X = before(u.X, l.coreType(l.typeOf(receives(comm).X)))
	return out
}

// receives is the receive of a communication that is no send.
func receives(comm ast.Stmt) *ast.UnaryExpr {
	x := ast.Expr(nil)
	switch s := comm.(type) {
	case *ast.ExprStmt:
		x = s.X
	case *ast.AssignStmt:
		x = s.Rhs[0]
	}
	return unparen(x).(*ast.UnaryExpr)
}

// commCalls reports whether evaluating the operands of a communication calls something.
func (l *lowerer) commCalls(comm ast.Stmt) bool {
	if s, ok := comm.(*ast.SendStmt); ok {
		return l.calls(s.Chan) || l.calls(s.Value)
	}
	return comm != nil && l.calls(receives(comm))
}

// breaks reports whether a break without a label stands somewhere in a body.
func breaks(body *ast.BlockStmt) (found bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		if b, ok := n.(*ast.BranchStmt); ok && b.Tok == token.BREAK && b.Label == nil {
			found = true
		}
		_, isFunc := n.(*ast.FuncLit)
		return !found && !isFunc
	})
	return found
}

// comm lowers the communication of a select case. A received value is always
// defined anew and assigned in the case's body.
func (l *lowerer) comm(s ast.Stmt, body *ast.BlockStmt) (ast.Stmt, []ast.Stmt) {
	a, ok := s.(*ast.AssignStmt)
	if !ok {
		if e, ok := s.(*ast.ExprStmt); ok {
			return exprStmt(l.expr(unparen(e.X))), nil
		}
		return l.stmt(s)[0], nil
	}
	recv := l.expr(unparen(a.Rhs[0]))
	if a.Tok == token.DEFINE && (l.tracesReceived(a.Rhs[0]) || l.keepsReceived(a, body)) {
		names := make([]string, len(a.Lhs))
		var pre []ast.Stmt
		for i, x := range a.Lhs {
			if names[i] = "_"; !isBlank(x) {
				names[i] = l.fresh("c")
				n := l.defName(x)
				pre = append(pre, declareVar(n, l.typ(l.typeOf(x))), assign(id(n), id(names[i])))
			}
		}
		return received(names, recv), pre
	}
	if a.Tok == token.DEFINE {
		names := make([]string, len(a.Lhs))
		for i, x := range a.Lhs {
			names[i] = l.defName(x)
		}
		return received(names, recv), nil
	}
	names, lhs := make([]string, len(a.Lhs)), make([]ast.Expr, len(a.Lhs))
	pre := l.places(a, lhs)
	for i, x := range a.Lhs {
		if isBlank(x) {
			names[i] = "_"
			continue
		}
		names[i] = l.fresh("c")
		src := l.typeOf(a.Rhs[0])
		if t, ok := src.(*types.Tuple); ok {
			src = t.At(i).Type()
		}
		pre = append(pre, assign(lhs[i], l.toIfaceIf(id(names[i]), src, l.typeOf(x), x.Pos())))
	}
	return received(names, recv), pre
}

// keepsReceived reports whether what a clause defines can be seen after it: yaegi
// receives the next value in the same place.
func (l *lowerer) keepsReceived(a *ast.AssignStmt, body *ast.BlockStmt) bool {
	objs := map[types.Object]bool{}
	for _, x := range a.Lhs {
		if !isBlank(x) {
			objs[l.obj(x.(*ast.Ident))] = true
		}
	}
	capt, _ := l.captured(body, objs)
	return capt
}

// received is a communication that defines the names, if there is one.
func received(names []string, recv ast.Expr) ast.Stmt {
	if defineOr(names) == token.DEFINE {
		return define(names, recv)
	}
	return exprStmt(recv)
}
