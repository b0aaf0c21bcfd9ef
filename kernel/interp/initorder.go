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
			for _, v := range oneByOne(sp.(*ast.ValueSpec)) {
				run = append(run, &ast.DeclStmt{Decl: &ast.GenDecl{TokPos: sp.Pos(), Tok: token.VAR, Specs: []ast.Spec{v}}})
			}
		}
	}
	flush()
	return out
}

// oneByOne splits a declaration with a value for each variable.
func oneByOne(v *ast.ValueSpec) []*ast.ValueSpec {
	if len(v.Names) < 2 || len(v.Values) != len(v.Names) {
		return []*ast.ValueSpec{v}
	}
	out := make([]*ast.ValueSpec, len(v.Names))
	for i := range v.Names {
		out[i] = &ast.ValueSpec{Names: v.Names[i : i+1], Type: v.Type, Values: v.Values[i : i+1]}
	}
	return out
}

// forwardUses reports uses of a variable before its declaration that compiled Go
// allows: var declarations that follow each other are those of a package.
func forwardUses(stmts []ast.Stmt) func(x *ast.Ident) bool {
	type spec struct {
		*ast.ValueSpec
		run int
	}
	var specs []spec
	byName := map[string]spec{}
	run := 0
	for _, s := range stmts {
		d, ok := s.(*ast.DeclStmt)
		if !ok || d.Decl.(*ast.GenDecl).Tok != token.VAR {
			run++
			continue
		}
		for _, sp := range d.Decl.(*ast.GenDecl).Specs {
			v := spec{sp.(*ast.ValueSpec), run}
			specs = append(specs, v)
			for _, n := range v.Names {
				byName[n.Name] = v
			}
		}
	}
	return func(x *ast.Ident) bool {
		d, ok := byName[x.Name]
		return ok && slices.ContainsFunc(specs, func(s spec) bool {
			return s.run == d.run && s.ValueSpec != d.ValueSpec && s.Pos() <= x.Pos() && x.Pos() < s.End()
		})
	}
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
