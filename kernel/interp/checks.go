package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
)

// yaegi indexes through package reflect, whose panics do not tell the index.
// The quick steps of slices do (quick_ops.go); for all else this is about:
//
// Where a statement's operands can be read beforehand without an effect, the
// lowerer compares them first, so that the panic is Go's own. Elsewhere the
// panic comes without the numbers.

// checks returns the bounds checks to make before a statement.
func (l *lowerer) checks(s ast.Stmt) []ast.Stmt {
	c := &checker{l: l}
	switch s := s.(type) {
	case *ast.AssignStmt:
		for _, e := range s.Rhs {
			c.walk(e)
		}
		for _, e := range s.Lhs {
			c.walk(e)
		}
		if s.Tok == token.SHL_ASSIGN || s.Tok == token.SHR_ASSIGN {
			c.shift(s.Rhs[0])
		}
	case *ast.ExprStmt:
		c.walk(s.X)
	case *ast.IncDecStmt:
		c.walk(s.X)
	case *ast.SendStmt:
		c.walk(s.Chan)
		c.walk(s.Value)
	case *ast.ReturnStmt:
		for _, e := range s.Results {
			c.walk(e)
		}
	case *ast.IfStmt:
		if s.Init == nil {
			c.walk(s.Cond)
		}
	case *ast.SwitchStmt:
		if s.Init == nil && s.Tag != nil {
			c.walk(s.Tag)
		}
	case *ast.RangeStmt:
		c.walk(s.X)
	case *ast.DeclStmt:
		if g, ok := s.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
			for _, sp := range g.Specs {
				for _, e := range sp.(*ast.ValueSpec).Values {
					c.walk(e)
				}
			}
		}
	}
	return c.out
}

// checker walks an expression in the order of evaluation and stops at the
// first operation that may change what comes after.
type checker struct {
	l    *lowerer
	out  []ast.Stmt
	stop bool
}

func (c *checker) walk(e ast.Expr) {
	if e == nil || c.stop {
		return
	}
	if tv, ok := c.l.info.Types[e]; ok && (tv.IsType() || tv.Value != nil) {
		return
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		c.walk(e.X)
	case *ast.UnaryExpr:
		c.walk(e.X)
		if e.Op == token.ARROW {
			c.stop = true
		}
	case *ast.StarExpr:
		c.walk(e.X)
	case *ast.SelectorExpr:
		if _, isPkg := c.l.info.Uses[rootIdent(e)].(*types.PkgName); !isPkg {
			c.walk(e.X)
		}
	case *ast.TypeAssertExpr:
		c.walk(e.X)
	case *ast.KeyValueExpr:
		c.walk(e.Value)
	case *ast.CompositeLit:
		for _, x := range e.Elts {
			c.walk(x)
		}
	case *ast.BinaryExpr:
		c.walk(e.X)
		if e.Op == token.LAND || e.Op == token.LOR {
			c.stop = c.stop || c.l.effects(e.Y)
			return
		}
		c.walk(e.Y)
		if e.Op == token.SHL || e.Op == token.SHR {
			c.shift(e.Y)
		}
	case *ast.CallExpr:
		c.walk(e.Fun)
		for _, a := range e.Args {
			c.walk(a)
		}
		if !c.l.harmless(e) {
			c.stop = true
		}
	case *ast.IndexExpr:
		c.walk(e.X)
		c.walk(e.Index)
		c.index(e)
	case *ast.SliceExpr:
		c.walk(e.X)
		c.walk(e.Low)
		c.walk(e.High)
		c.walk(e.Max)
		c.slice(e)
	}
}

func rootIdent(e *ast.SelectorExpr) *ast.Ident {
	x, _ := e.X.(*ast.Ident)
	return x
}

// effects reports whether evaluating e may change a variable.
func (l *lowerer) effects(e ast.Expr) (found bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			found = found || !l.harmless(n)
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		}
		return !found
	})
	return found
}

// pure reports whether e can be evaluated once more: it only reads variables.
func (l *lowerer) pure(e ast.Expr) bool {
	if e == nil {
		return true
	}
	if tv, ok := l.info.Types[e]; ok && tv.Value != nil {
		return true
	}
	switch e := e.(type) {
	case *ast.Ident:
		_, ok := l.obj(e).(*types.Var)
		return ok
	case *ast.ParenExpr:
		return l.pure(e.X)
	case *ast.SelectorExpr:
		s := l.info.Selections[e]
		return s != nil && s.Kind() == types.FieldVal && l.pure(e.X)
	case *ast.BinaryExpr:
		return (e.Op == token.ADD || e.Op == token.SUB || e.Op == token.MUL) && l.pure(e.X) && l.pure(e.Y)
	case *ast.IndexExpr:
		if _, isMap := l.typeOf(e.X).Underlying().(*types.Map); isMap {
			return false
		}
		return l.pure(e.X) && l.pure(e.Index)
	case *ast.CallExpr:
		x, ok := unparen(e.Fun).(*ast.Ident)
		if !ok {
			return false
		}
		b, ok := l.info.Uses[x].(*types.Builtin)
		return ok && (b.Name() == "len" || b.Name() == "cap") && l.pure(e.Args[0])
	}
	return false
}

// asInt lowers an index as an int.
func (l *lowerer) asInt(e ast.Expr) ast.Expr {
	x := l.expr(e)
	if !types.Identical(l.typeOf(e), types.Typ[types.Int]) && l.info.Types[e].Value == nil {
		return call(id("int"), x)
	}
	return x
}

func (c *checker) check(cond ast.Expr, fn string, p token.Pos, args ...ast.Expr) {
	c.out = append(c.out, &ast.IfStmt{If: p, Cond: cond, Body: block(exprStmt(call(rtFn(fn), append(args, c.l.place(p))...)))})
}

func (c *checker) index(e *ast.IndexExpr) {
	l := c.l
	t := l.typeOf(e.X)
	if t == nil || !l.pure(e.X) || !l.pure(e.Index) {
		return
	}
	switch u := deref(t).Underlying().(type) {
	case *types.Slice:
	case *types.Array:
		if l.info.Types[e.Index].Value != nil {
			return
		}
	case *types.Basic:
		if u.Info()&types.IsString == 0 {
			return
		}
	default:
		return
	}
	if l.safeIndex(e) || l.quickIndexed(e) {
		return
	}
	n := func() ast.Expr { return call(id("len"), l.core(e.X)) }
	i := func() ast.Expr { return l.asInt(e.Index) }
	c.check(&ast.BinaryExpr{X: i(), Op: token.GEQ, Y: n()}, "OutOfRange", e.Pos(), i(), n())
	if l.info.Types[e.Index].Value == nil && !l.notNegative(e.Index) {
		c.check(&ast.BinaryExpr{X: i(), Op: token.LSS, Y: intLit(0)}, "OutOfRange", e.Pos(), i(), n())
	}
}

// shift checks the count of a shift.
func (c *checker) shift(n ast.Expr) {
	l := c.l
	if !c.stop && l.info.Types[n].Value == nil && l.pure(n) && !l.notNegative(n) {
		c.check(&ast.BinaryExpr{X: l.expr(n), Op: token.LSS, Y: intLit(0)}, "NegativeShift", n.Pos())
	}
}

// negativeShift panics as a shift by a negative count does.
func negativeShift(place string) {
	panic(&panicked{runtimeError("negative shift amount"), place})
}

// shiftCount checks a count that could not be read beforehand.
func shiftCount(n int64) uint64 {
	if n < 0 {
		panic(runtimeError("negative shift amount"))
	}
	return uint64(n)
}

// safeIndex reports whether a loop around guarantees the index.
func (l *lowerer) safeIndex(e *ast.IndexExpr) bool {
	x, ok1 := e.X.(*ast.Ident)
	i, ok2 := e.Index.(*ast.Ident)
	return ok1 && ok2 && l.fn != nil && l.fn.safe[[2]types.Object{l.obj(x), l.obj(i)}]
}

func (l *lowerer) notNegative(e ast.Expr) bool {
	if b, ok := l.typeOf(e).Underlying().(*types.Basic); ok && b.Info()&types.IsUnsigned != 0 {
		return true
	}
	x, ok := e.(*ast.Ident)
	return ok && l.fn != nil && l.fn.counters[l.obj(x)]
}

func (c *checker) slice(e *ast.SliceExpr) {
	l := c.l
	t := l.typeOf(e.X)
	if t == nil || !l.pure(e.X) || !l.pure(e.Low) || !l.pure(e.High) || e.Slice3 {
		return
	}
	kind, limit := "capacity", "cap"
	switch u := t.Underlying().(type) {
	case *types.Basic:
		kind, limit = "length", "len"
	case *types.Array, *types.Pointer:
		kind, limit = "length", "len"
		_ = u
	}
	size := call(id(limit), l.core(e.X))
	bound := func(e ast.Expr) ast.Expr {
		if e == nil {
			return intLit(noBound)
		}
		return l.asInt(e)
	}
	report := func(cond ast.Expr) {
		c.check(cond, "OutOfBounds", e.Pos(), bound(e.Low), bound(e.High), call(id("len"), l.core(e.X)), size, strLit(kind))
	}
	over := func(x ast.Expr, y ast.Expr) ast.Expr { return &ast.BinaryExpr{X: x, Op: token.GTR, Y: y} }
	variable := func(e ast.Expr) bool { return e != nil && l.info.Types[e].Value == nil }
	if e.High != nil {
		report(over(l.asInt(e.High), size))
		if variable(e.High) {
			report(&ast.BinaryExpr{X: l.asInt(e.High), Op: token.LSS, Y: intLit(0)})
		}
	}
	if e.Low != nil {
		high := ast.Expr(call(id("len"), l.core(e.X)))
		if e.High != nil {
			high = l.asInt(e.High)
		}
		report(over(l.asInt(e.Low), high))
		if variable(e.Low) {
			report(&ast.BinaryExpr{X: l.asInt(e.Low), Op: token.LSS, Y: intLit(0)})
		}
	}
}

// outOfRange panics as an index out of range does.
func outOfRange(i, n int, place string) {
	e := runtimeError(fmt.Sprintf("index out of range [%d] with length %d", i, n))
	if i < 0 {
		e = runtimeError(fmt.Sprintf("index out of range [%d]", i))
	}
	panic(&panicked{e, place})
}

// noBound is a bound that a slice expression does not have.
const noBound = -1 << 40

// outOfBounds panics as a slice expression does.
func outOfBounds(low, high, length, limit int, kind, place string) {
	var s string
	switch {
	case high > limit:
		s = fmt.Sprintf("[:%d] with %s %d", high, kind, limit)
	case high < 0 && high != noBound:
		s = fmt.Sprintf("[:%d]", high)
	case low < 0:
		s = fmt.Sprintf("[%d:]", low)
	case high >= 0:
		s = fmt.Sprintf("[%d:%d]", low, high)
	default:
		s = fmt.Sprintf("[%d:%d]", low, length)
	}
	panic(&panicked{runtimeError("slice bounds out of range " + s), place})
}
