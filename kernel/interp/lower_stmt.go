package interp

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
)

func itoa(i int) string { return strconv.Itoa(i) }

func (l *lowerer) block(b *ast.BlockStmt) *ast.BlockStmt {
	if b == nil {
		return nil
	}
	return &ast.BlockStmt{Lbrace: b.Lbrace, List: l.stmts(b.List), Rbrace: b.Rbrace}
}

func (l *lowerer) stmts(ss []ast.Stmt) []ast.Stmt {
	var out []ast.Stmt
	defer l.inBlock()()
	for _, s := range ss {
		out = append(out, l.guarded(s)...)
	}
	return out
}

// guarded lowers a statement of a list, with its mark and checks before it.
func (l *lowerer) guarded(s ast.Stmt) []ast.Stmt {
	out := l.hook(s)
	if m := l.markStmt(s); m != nil {
		out = append(out, m)
	}
	out = append(out, l.checks(s)...)
	return append(out, l.stmt(s)...)
}

// stmt lowers a statement. A label belongs to the last statement returned.
func (l *lowerer) stmt(s ast.Stmt) []ast.Stmt {
	switch s := s.(type) {
	case *ast.EmptyStmt:
		return nil
	case *ast.BlockStmt:
		return []ast.Stmt{l.block(s)}
	case *ast.ExprStmt:
		return l.exprStmt(s)
	case *ast.SendStmt:
		elem := l.typeOf(s.Chan).Underlying().(*types.Chan).Elem()
		return []ast.Stmt{&ast.SendStmt{Chan: l.core(s.Chan), Arrow: s.Arrow, Value: l.conv(s.Value, elem)}}
	case *ast.IncDecStmt:
		return l.incDec(s)
	case *ast.AssignStmt:
		return l.assign(s)
	case *ast.GoStmt:
		return l.goStmt(s)
	case *ast.DeferStmt:
		return l.deferStmt(s)
	case *ast.ReturnStmt:
		return l.ret(s)
	case *ast.BranchStmt:
		return l.branch(s)
	case *ast.LabeledStmt:
		return l.labeled(s)
	case *ast.IfStmt:
		return l.ifStmt(s)
	case *ast.SwitchStmt:
		return l.switchStmt(s)
	case *ast.TypeSwitchStmt:
		return l.typeSwitch(s)
	case *ast.SelectStmt:
		return l.selectStmt(s)
	case *ast.ForStmt:
		return l.forStmt(s)
	case *ast.RangeStmt:
		return l.rangeStmt(s)
	case *ast.DeclStmt:
		return l.declStmt(s.Decl.(*ast.GenDecl))
	}
	l.fail(s.Pos(), "internal: statement %T is not supported", s)
	return nil
}

func (l *lowerer) incDec(s *ast.IncDecStmt) []ast.Stmt {
	op, t := token.ADD, l.typeOf(s.X)
	if s.Tok == token.DEC {
		op = token.SUB
	}
	if isUintptr(t) {
		return l.uintptrAssign(s.X, op, lit(token.INT, "1"))
	}
	if b, ok := t.Underlying().(*types.Basic); ok && b.Info()&types.IsComplex != 0 {
		return []ast.Stmt{&ast.AssignStmt{Lhs: []ast.Expr{l.expr(s.X)}, TokPos: s.TokPos, Tok: op + token.ADD_ASSIGN - token.ADD, Rhs: []ast.Expr{call(l.typ(t), lit(token.INT, "1"))}}}
	}
	return []ast.Stmt{&ast.IncDecStmt{X: l.expr(s.X), TokPos: s.TokPos, Tok: s.Tok}}
}

func (l *lowerer) exprStmt(s *ast.ExprStmt) []ast.Stmt {
	x := l.expr(s.X)
	switch unparen(x).(type) {
	case *ast.CallExpr, *ast.UnaryExpr:
		return []ast.Stmt{exprStmt(x)}
	}
	return []ast.Stmt{&ast.AssignStmt{Lhs: []ast.Expr{id("_")}, Tok: token.ASSIGN, Rhs: []ast.Expr{x}, TokPos: s.Pos()}}
}

func (l *lowerer) labeled(s *ast.LabeledStmt) []ast.Stmt {
	if l.fn != nil {
		l.fn.label = s.Label.Name
	}
	r := l.stmt(s.Stmt)
	lb := &ast.LabeledStmt{Label: idAt(s.Label.Name, s.Label.NamePos), Colon: s.Colon, Stmt: &ast.EmptyStmt{}}
	if len(r) == 0 {
		return []ast.Stmt{lb}
	}
	switch s.Stmt.(type) {
	case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
		lb.Stmt = r[len(r)-1]
		r[len(r)-1] = lb
		return r
	}
	lb.Stmt = r[0] // a goto must run all of it
	return append([]ast.Stmt{lb}, r[1:]...)
}

func (l *lowerer) ifStmt(s *ast.IfStmt) []ast.Stmt {
	var pre []ast.Stmt
	if s.Init != nil {
		pre = l.stmt(s.Init)
	}
	n := &ast.IfStmt{If: s.If, Cond: l.cond(s.Cond), Body: l.block(s.Body)}
	switch e := s.Else.(type) {
	case *ast.BlockStmt:
		n.Else = l.block(e)
	case *ast.IfStmt:
		leave := l.inBlock()
		r := append(l.hook(e), l.ifStmt(e)...)
		leave()
		if one, ok := r[0].(*ast.IfStmt); ok && len(r) == 1 {
			n.Else = one
		} else {
			n.Else = block(r...)
		}
	}
	if len(pre) == 0 {
		return []ast.Stmt{n}
	}
	return []ast.Stmt{block(append(pre, n)...)}
}

// cond lowers a condition.
func (l *lowerer) cond(e ast.Expr) ast.Expr {
	if e == nil {
		return nil
	}
	return l.expr(e)
}

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
				computed = computed || len(list) > 1 && !name && l.info.Types[e].Value == nil
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
			if byEq {
				x = call(rtFn("Eq"), id(tagName), l.conv(e, types.NewInterfaceType(nil, nil)))
			} else if tagName != "" {
				x = &ast.BinaryExpr{X: id(tagName), OpPos: e.Pos(), Op: token.EQL, Y: l.unwrap(x, l.typeOf(e))}
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
	return append(out, n)
}

func (l *lowerer) selectStmt(s *ast.SelectStmt) []ast.Stmt {
	n := &ast.SelectStmt{Select: s.Select, Body: &ast.BlockStmt{Lbrace: s.Body.Lbrace, Rbrace: s.Body.Rbrace}}
	var out []ast.Stmt
	l.enter(true, false)
	for _, c := range s.Body.List {
		cc := c.(*ast.CommClause)
		nc := &ast.CommClause{Case: cc.Case, Colon: cc.Colon}
		var pre []ast.Stmt
		if cc.Comm != nil {
			nc.Comm, pre = l.comm(cc.Comm)
			out = append(out, l.operands(nc.Comm, cc.Comm)...)
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
// field for one that is not ready.
func (l *lowerer) operands(lowered, comm ast.Stmt) (out []ast.Stmt) {
	before := func(x ast.Expr, t types.Type) ast.Expr {
		switch x.(type) {
		case *ast.Ident, *ast.BasicLit:
			return x
		}
		n := l.fresh("c")
		out = append(out, declareVar(n, l.typ(t)), assign(id(n), x))
		return id(n)
	}
	receive := func(x, from ast.Expr) {
		u := unparen(x).(*ast.UnaryExpr)
		u.X = before(u.X, l.coreType(l.typeOf(unparen(from).(*ast.UnaryExpr).X)))
	}
	switch s := lowered.(type) {
	case *ast.SendStmt:
		c := l.coreType(l.typeOf(comm.(*ast.SendStmt).Chan))
		s.Chan = before(s.Chan, c)
		s.Value = before(s.Value, c.Underlying().(*types.Chan).Elem())
	case *ast.ExprStmt:
		receive(s.X, comm.(*ast.ExprStmt).X)
	case *ast.AssignStmt:
		receive(s.Rhs[0], comm.(*ast.AssignStmt).Rhs[0])
	}
	return out
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
func (l *lowerer) comm(s ast.Stmt) (ast.Stmt, []ast.Stmt) {
	a, ok := s.(*ast.AssignStmt)
	if !ok {
		if e, ok := s.(*ast.ExprStmt); ok {
			return exprStmt(l.expr(unparen(e.X))), nil
		}
		return l.stmt(s)[0], nil
	}
	recv := l.expr(unparen(a.Rhs[0]))
	if a.Tok == token.DEFINE && l.tracesReceived(a.Rhs[0]) {
		names := make([]string, len(a.Lhs))
		var pre []ast.Stmt
		for i, x := range a.Lhs {
			if names[i] = "_"; !isBlank(x) {
				names[i] = l.fresh("c")
				n := l.defName(x)
				pre = append(pre, declareVar(n, l.typ(l.typeOf(x))), assign(id(n), id(names[i])))
			}
		}
		return define(names, recv), pre
	}
	if a.Tok == token.DEFINE {
		names := make([]string, len(a.Lhs))
		for i, x := range a.Lhs {
			names[i] = l.defName(x)
		}
		return define(names, recv), nil
	}
	names := make([]string, len(a.Lhs))
	var pre []ast.Stmt
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
		pre = append(pre, assign(l.expr(x), l.toIfaceIf(id(names[i]), src, l.typeOf(x), x.Pos())))
	}
	return define(names, recv), pre
}

func isBlank(e ast.Expr) bool {
	if e == nil {
		return true
	}
	x, ok := e.(*ast.Ident)
	return ok && x.Name == "_"
}

// defName is the lowered name of a name that := or range defines.
func (l *lowerer) defName(e ast.Expr) string {
	x := e.(*ast.Ident)
	if o := l.obj(x); o != nil {
		return l.local(o)
	}
	return x.Name
}

func (l *lowerer) declStmt(g *ast.GenDecl) []ast.Stmt {
	if g.Tok != token.VAR {
		return nil // constants are folded, types declared where they are used
	}
	var out []ast.Stmt
	for _, sp := range g.Specs {
		vs := sp.(*ast.ValueSpec)
		var types_ []types.Type
		for _, x := range vs.Names {
			if o := l.info.Defs[x]; o != nil {
				types_ = append(types_, l.st(o.Type()))
			} else {
				types_ = append(types_, nil)
			}
		}
		out = append(out, l.vars(vs, types_)...)
	}
	return out
}

// vars lowers one line of a var declaration in a function.
func (l *lowerer) vars(vs *ast.ValueSpec, ts []types.Type) []ast.Stmt {
	var out []ast.Stmt
	name := func(i int) string {
		if vs.Names[i].Name == "_" {
			return "_"
		}
		return l.local(l.info.Defs[vs.Names[i]])
	}
	declared := func(i int) {
		if vs.Names[i].Name != "_" {
			out = append(out, declareVar(name(i), l.typ(ts[i])))
		}
	}
	switch {
	case len(vs.Values) == 0:
		for i := range vs.Names {
			declared(i)
		}
	case len(vs.Values) == len(vs.Names):
		vals := make([]ast.Expr, len(vs.Values))
		for i, v := range vs.Values {
			vals[i] = l.conv(v, ts[i])
		}
		if len(vals) > 1 { // all values are evaluated before any name means the new variable
			names := make([]string, len(vals))
			for i := range names {
				names[i] = l.fresh("v")
				out = append(out, declareVar(names[i], l.typ(l.orType(ts[i], vs.Values[i]))), assign(id(names[i]), vals[i]))
			}
			vals = ids(names)
		}
		for i := range vs.Names {
			declared(i)
			if !l.isNil(vs.Values[i]) {
				out = append(out, assign(id(name(i)), vals[i]))
			}
		}
	default:
		rhs, src := l.multi(vs.Values[0])
		tmp := make([]string, len(vs.Names))
		for i := range tmp {
			tmp[i] = l.fresh("v")
			if vs.Names[i].Name == "_" {
				tmp[i] = "_"
			}
		}
		out = append(out, &ast.AssignStmt{Lhs: ids(tmp), Tok: defineOr(tmp), Rhs: []ast.Expr{rhs}, TokPos: vs.Pos()})
		for i := range vs.Names {
			if tmp[i] != "_" {
				declared(i)
				out = append(out, assign(id(name(i)), l.toIfaceIf(id(tmp[i]), src(i), ts[i], vs.Pos())))
			}
		}
	}
	return out
}

// orType is t, or the expression's type where t is that of the blank name.
func (l *lowerer) orType(t types.Type, e ast.Expr) types.Type {
	if t == nil {
		return types.Default(l.typeOf(e))
	}
	return t
}

// defineOr is := unless all names are blank.
func defineOr(names []string) token.Token {
	for _, n := range names {
		if n != "_" {
			return token.DEFINE
		}
	}
	return token.ASSIGN
}

// multi lowers an expression of several values, and tells their types.
func (l *lowerer) multi(e ast.Expr) (ast.Expr, func(i int) types.Type) {
	t := l.typeOf(e)
	src := func(i int) types.Type {
		if tup, ok := t.(*types.Tuple); ok {
			return l.st(tup.At(i).Type())
		}
		if i == 1 {
			return types.Typ[types.Bool]
		}
		return t
	}
	if a, ok := unparen(e).(*ast.TypeAssertExpr); ok {
		return l.assertionOK(a), src
	}
	return l.expr(unparen(e)), src
}
