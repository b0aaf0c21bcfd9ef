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
	rank := map[ast.Expr]int{}
	for i, in := range l.info.InitOrder {
		rank[in.Rhs] = i + 1
	}
	var out, run []ast.Stmt
	flush := func() {
		at := func(s ast.Stmt) int { // one without an initialiser has its zero value from the start
			if v := varDecl(s).Specs[0].(*ast.ValueSpec); len(v.Values) > 0 {
				return rank[v.Values[0]]
			}
			return 0
		}
		slices.SortStableFunc(run, func(a, b ast.Stmt) int { return at(a) - at(b) })
		out, run = append(out, run...), nil
	}
	for _, s := range stmts {
		g := varDecl(s)
		if g == nil {
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
		d := varDecl(s)
		if d == nil {
			run++
			continue
		}
		for _, sp := range d.Specs {
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

// varDecl returns the var declaration that a statement is, or nil.
func varDecl(s ast.Stmt) *ast.GenDecl {
	if d, ok := s.(*ast.DeclStmt); ok {
		if g := d.Decl.(*ast.GenDecl); g.Tok == token.VAR {
			return g
		}
	}
	return nil
}
