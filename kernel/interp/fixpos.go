package interp

import (
	"go/ast"
	"go/token"
)

// fixPos gives synthetic nodes a position: yaegi resolves import names by the
// base name of the file a node belongs to, and a trace finds a function by the
// place of what it does first. So nodes within a function are where its body
// begins, and others at p.
func fixPos(n ast.Node, p token.Pos) {
	set := func(q *token.Pos) {
		if *q == 0 {
			*q = p
		}
	}
	outer := []token.Pos{p}
	ast.Inspect(n, func(n ast.Node) bool {
		if n == nil {
			p, outer = outer[len(outer)-1], outer[:len(outer)-1]
			return true
		}
		outer = append(outer, p)
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body != nil && n.Body.Lbrace.IsValid() {
				p = n.Body.Lbrace
			}
		case *ast.FuncLit:
			if n.Body != nil && n.Body.Lbrace.IsValid() {
				p = n.Body.Lbrace
			}
		case *ast.Ident:
			set(&n.NamePos)
		case *ast.BasicLit:
			set(&n.ValuePos)
		case *ast.StarExpr:
			set(&n.Star)
		case *ast.UnaryExpr:
			set(&n.OpPos)
		case *ast.BinaryExpr:
			set(&n.OpPos)
		case *ast.ArrayType:
			set(&n.Lbrack)
		case *ast.FuncType:
			set(&n.Func)
		case *ast.MapType:
			set(&n.Map)
		case *ast.ChanType:
			set(&n.Begin)
		case *ast.StructType:
			set(&n.Struct)
		case *ast.InterfaceType:
			set(&n.Interface)
		case *ast.CompositeLit:
			set(&n.Lbrace)
		case *ast.BlockStmt:
			set(&n.Lbrace)
		case *ast.ParenExpr:
			set(&n.Lparen)
		case *ast.IfStmt:
			set(&n.If)
		case *ast.ForStmt:
			set(&n.For)
		case *ast.RangeStmt:
			set(&n.For)
		case *ast.ReturnStmt:
			set(&n.Return)
		case *ast.BranchStmt:
			set(&n.TokPos)
		case *ast.DeferStmt:
			set(&n.Defer)
		case *ast.GoStmt:
			set(&n.Go)
		case *ast.GenDecl:
			set(&n.TokPos)
		case *ast.CallExpr:
			set(&n.Lparen)
		}
		return true
	})
}
