package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// plainSwap reports whether yaegi's own assignment of several values does:
// no interface is involved, nothing on the left has an effect, no variable that
// is assigned is an operand of another place, and no value is a call: beside one
// yaegi leaves the other places as they are.
func (l *lowerer) plainSwap(s *ast.AssignStmt) bool {
	if s.Tok != token.ASSIGN {
		return false
	}
	assigned := map[types.Object]bool{}
	for i, x := range s.Lhs {
		if isBlank(x) || isInterface(l.typeOf(x)) || isInterface(l.typeOf(s.Rhs[i])) || isFunc(l.typeOf(x)) || l.isNil(s.Rhs[i]) {
			return false
		}
		if l.calls(s.Rhs[i]) {
			return false
		}
		if v, ok := x.(*ast.Ident); ok {
			assigned[l.obj(v)] = true
		}
	}
	ok := true
	for _, x := range s.Lhs {
		if _, isVar := x.(*ast.Ident); isVar {
			continue
		}
		ast.Inspect(x, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr, *ast.UnaryExpr, *ast.TypeAssertExpr, *ast.StarExpr:
				ok = false
			case *ast.IndexExpr:
				if _, isMap := l.typeOf(n.X).Underlying().(*types.Map); isMap {
					ok = false
				}
			case *ast.Ident:
				ok = ok && !assigned[l.obj(n)]
			}
			return ok
		})
	}
	return ok
}

// hasCall reports whether lowered values have a call: an assertion, a comparison
// of interfaces or the check of a shift is one. A composite literal and what is
// received, too, yaegi puts in its place by itself, and then leaves out the rest
// of the assignment.
func hasCall(es []ast.Expr) (found bool) {
	for _, e := range es {
		_, literal := unparen(e).(*ast.CompositeLit)
		found = found || literal || isReceive(e)
		ast.Inspect(e, func(n ast.Node) bool {
			_, ok := n.(*ast.CallExpr)
			found = found || ok
			return !found
		})
	}
	return found
}

// calls reports whether an expression calls something, or has a function in it;
// a conversion does not.
func (l *lowerer) calls(e ast.Expr) (found bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			found = true
		case *ast.CallExpr:
			found = found || !l.info.Types[n.Fun].IsType()
		}
		return !found
	})
	return found
}
