package interp

import (
	"go/ast"
	"go/types"
)

// ret lowers a return statement.
func (l *lowerer) ret(s *ast.ReturnStmt) []ast.Stmt {
	var vals []ast.Expr
	var pre []ast.Stmt
	res := l.fn.sig.Results()
	switch {
	case len(s.Results) == res.Len():
		for i, e := range s.Results {
			vals = append(vals, l.conv(e, res.At(i).Type()))
		}
	case len(s.Results) == 1: // return f()
		rhs, src := l.multi(s.Results[0])
		same := true
		for i := range res.Len() {
			if t := l.st(res.At(i).Type()); isInterface(t) && !types.Identical(t, src(i)) {
				same = false
			}
		}
		if same && l.fn.loop == nil && l.fn.defers == "" {
			return []ast.Stmt{&ast.ReturnStmt{Return: s.Return, Results: []ast.Expr{rhs}}}
		}
		names := make([]string, res.Len())
		for i := range names {
			names[i] = l.fresh("t")
			vals = append(vals, l.toIfaceIf(id(names[i]), src(i), l.st(res.At(i).Type()), s.Return))
		}
		pre = append(pre, define(names, rhs))
	}
	if l.fn.loop != nil {
		return append(pre, l.returnFromLoop(vals)...)
	}
	if l.fn.defers != "" && len(vals) > 0 {
		return append(append(pre, l.setResults(vals)...), &ast.ReturnStmt{Return: s.Return})
	}
	if len(vals) == len(s.Results) {
		// yaegi cannot return what it receives, and puts the result of a predeclared
		// function in the place of the first result, whichever it is. Calls before
		// such a value stay before it.
		last := len(vals) - 1
		for last >= 0 && !isReceive(s.Results[last]) && (last == 0 || !callsBuiltin(vals[last])) {
			last--
		}
		for i := range last + 1 {
			if e := s.Results[i]; isReceive(e) || callsBuiltin(vals[i]) || l.calls(e) {
				n := l.fresh("t")
				pre = append(pre, declareVar(n, l.typ(res.At(i).Type())), assign(id(n), vals[i]))
				vals[i] = id(n)
			}
		}
	}
	if len(vals) > 1 && res.At(0).Name() != "" {
		// Results are set one by one: a value must not read a result set before.
		for i, v := range vals {
			if _, ok := v.(*ast.BasicLit); ok || l.isNil(s.Results[min(i, len(s.Results)-1)]) {
				continue
			}
			n := l.fresh("t")
			pre = append(pre, declareVar(n, l.typ(res.At(i).Type())), assign(id(n), v))
			vals[i] = id(n)
		}
	}
	return append(pre, &ast.ReturnStmt{Return: s.Return, Results: vals})
}

// callsBuiltin reports whether a lowered value is a call of a predeclared function.
func callsBuiltin(x ast.Expr) bool {
	c, ok := unparen(x).(*ast.CallExpr)
	if !ok {
		return false
	}
	f, ok := c.Fun.(*ast.Ident)
	if !ok {
		return false
	}
	_, ok = types.Universe.Lookup(f.Name).(*types.Builtin)
	return ok
}
