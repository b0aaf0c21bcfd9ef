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
	if isComplex(t) {
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
	return []ast.Stmt{l.discard(x, s.Pos())}
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
			switch {
			case l.isNil(vs.Values[i]):
			case name(i) == "_":
				out = append(out, l.discard(vals[i], vs.Pos()))
			default:
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
