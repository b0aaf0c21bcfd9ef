package interp

import (
	"go/ast"
	"go/token"
	"slices"
)

// initOrder puts var declarations that follow each other in the order in which
// compiled Go initialises variables of a package: one that a function needs
// comes before the variable that the function's result goes to.
func (l *lowerer) initOrder(stmts []ast.Stmt) []ast.Stmt {
	rank := map[string]int{}
	for i, in := range l.info.InitOrder {
		for _, v := range in.Lhs {
			rank[v.Name()] = i
		}
	}
	var out, run []ast.Stmt
	flush := func() {
		at := func(s ast.Stmt) int {
			names := s.(*ast.DeclStmt).Decl.(*ast.GenDecl).Specs[0].(*ast.ValueSpec).Names
			return slices.MaxFunc(ranks(names, rank), func(a, b int) int { return a - b })
		}
		slices.SortStableFunc(run, func(a, b ast.Stmt) int { return at(a) - at(b) })
		out, run = append(out, run...), nil
	}
	for _, s := range stmts {
		d, ok := s.(*ast.DeclStmt)
		if !ok {
			flush()
			out = append(out, s)
			continue
		}
		g := d.Decl.(*ast.GenDecl)
		if g.Tok != token.VAR || len(g.Specs) == 0 {
			flush()
			out = append(out, s)
			continue
		}
		for _, sp := range g.Specs {
			run = append(run, &ast.DeclStmt{Decl: &ast.GenDecl{TokPos: sp.Pos(), Tok: token.VAR, Specs: []ast.Spec{sp}}})
		}
	}
	flush()
	return out
}

// ranks are the places of variables in the order of initialisation; one without
// an initialiser has its zero value from the start.
func ranks(names []*ast.Ident, rank map[string]int) []int {
	out := []int{-1}
	for _, n := range names {
		if r, ok := rank[n.Name]; ok {
			out = append(out, r)
		}
	}
	return out
}
