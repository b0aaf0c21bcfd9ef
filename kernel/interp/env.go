package interp

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"sort"
	"strconv"
	"strings"
)

// typeCheck checks the cell's file together with the declarations of earlier
// cells. Those that no longer compile because of this cell are dropped.
func (s *engine) typeCheck(ck *checked, cell *ast.File, newd []ast.Decl, declared map[string]bool, tolerant bool) error {
	keys := map[string]bool{}
	for _, d := range newd {
		k, names := declNames(d)
		keys[k] = true
		for _, n := range names {
			keys[n] = true
		}
	}
	skip := map[string]bool{}
	for round := 0; ; round++ {
		pkg := types.NewPackage("main", "main")
		envFile, env := s.environment(newd, keys, declared, skip)
		s.environmentVars(pkg, envFile, declared, ck.old)
		s.environmentImports(envFile)
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
			Selections: map[*ast.SelectorExpr]*types.Selection{}, Implicits: map[ast.Node]types.Object{}, Instances: map[*ast.Ident]types.Instance{}, Scopes: map[ast.Node]*types.Scope{}}
		var found []types.Error
		var cycles cycles
		conf := types.Config{Importer: s.lib, Sizes: types.SizesFor("gc", "amd64"), Error: func(err error) {
			if e, ok := err.(types.Error); ok && !cycles.add(e) && !ck.tolerable(e) {
				found = append(found, e)
			}
		}}
		// The errors come through the function above.
		_ = types.NewChecker(&conf, s.fset, pkg, info).Files([]*ast.File{envFile, cell})
		ck.info, ck.pkg, ck.env = info, pkg, env
		found = append(found, cycles.ofVariables(pkg)...)
		if len(found) == 0 {
			return nil
		}
		var errs diagnostics
		again := false
		for _, e := range found {
			d := declAt(env, e.Pos)
			switch {
			case d == nil && len(found) > 1 && strings.Contains(e.Msg, "(unknown type"): // follows from another error
			case d == nil:
				errs.add(s, e.Pos, e.Msg+s.hint(e, ck, cell))
			case !skip[d.key]:
				skip[d.key] = true
				again = true
				ck.lost = append(ck.lost, lost{d, e.Msg})
				ck.dropped = append(ck.dropped, fmt.Sprintf("%s (%s) no longer compiles and was dropped: %s", strings.TrimPrefix(d.key, "const:"), d.cell, e.Msg))
			}
		}
		if !again || round > 20 {
			return errs.err()
		}
	}
}

func declAt(env []*decl, p token.Pos) *decl {
	for _, d := range env {
		if p >= d.node.Pos() && p < d.node.End() {
			return d
		}
	}
	return nil
}

// tolerable reports whether an error of the type checker is none in a cell.
func (ck *checked) tolerable(e types.Error) bool {
	switch {
	case strings.HasPrefix(e.Msg, "declared and not used"),
		strings.HasSuffix(e.Msg, "imported and not used"),
		strings.Contains(e.Msg, "imported as ") && strings.HasSuffix(e.Msg, "and not used"):
		return true
	case strings.HasSuffix(e.Msg, "is not used"):
		return ck.trailing != nil && e.Pos >= ck.trailing.Pos() && e.Pos <= ck.trailing.End()
	case strings.HasPrefix(e.Msg, "\t"):
		return true // the continuation of an error
	}
	return false
}

// environment returns the declarations of earlier cells that this cell leaves
// in place.
func (s *engine) environment(newd []ast.Decl, keys, declared, skip map[string]bool) (*ast.File, []*decl) {
	f := &ast.File{Package: s.filePos, Name: ast.NewIdent("main")}
	var env []*decl
	names := make([]string, 0, len(s.decls))
	for k := range s.decls {
		names = append(names, k)
	}
	sort.Strings(names)
next:
	for _, k := range names {
		d := s.decls[k]
		if skip[k] || keys[k] {
			continue
		}
		for _, n := range d.names {
			if declared[n] {
				continue next
			}
		}
		// A type that is declared again keeps only the methods of this cell,
		// unless it is the same type.
		if base, _, isMethod := strings.Cut(k, "."); isMethod {
			if declared[base] && (!keys[base] || s.decls[base] == nil || !s.sameDecl(s.decls[base], newd)) || skip[base] {
				continue
			}
		}
		env = append(env, d)
		f.Decls = append(f.Decls, d.node)
	}
	return f, env
}

// environmentVars declares the session's variables.
func (s *engine) environmentVars(pkg *types.Package, f *ast.File, declared map[string]bool, old map[*ast.Ident]string) {
	add := func(name string, v *svar) {
		if len(v.deps) == 0 {
			pkg.Scope().Insert(types.NewVar(token.NoPos, pkg, name, v.typ))
			return
		}
		// Its type is spelled, as the types of cells are new in each check.
		text := types.TypeString(v.typ, func(p *types.Package) string {
			if p.Path() == "main" {
				return ""
			}
			s.aliases[alias(p.Path())] = p.Path()
			return alias(p.Path())
		})
		te, err := parser.ParseExpr(text)
		if err != nil {
			return // a type that has no name here
		}
		strip(te)
		f.Decls = append(f.Decls, &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{ast.NewIdent(name)}, Type: te}}})
	}
	for n, v := range s.vars {
		if !declared[n] {
			add(n, v)
		}
	}
	for _, n := range old {
		if pkg.Scope().Lookup(n+oldSuffix) == nil {
			add(n+oldSuffix, s.vars[n])
		}
	}
}

// environmentImports imports the packages that earlier declarations mention.
func (s *engine) environmentImports(f *ast.File) {
	paths := map[string]string{}
	for _, d := range f.Decls {
		ast.Inspect(d, func(n ast.Node) bool {
			if x, ok := n.(*ast.Ident); ok && strings.HasPrefix(x.Name, "pk_") {
				if p, ok := s.aliases[x.Name]; ok {
					paths[x.Name] = p
				}
			}
			return true
		})
	}
	names := make([]string, 0, len(paths))
	for a := range paths {
		names = append(names, a)
	}
	sort.Strings(names)
	var imps []ast.Decl
	for _, a := range names {
		imps = append(imps, &ast.GenDecl{Tok: token.IMPORT, Specs: []ast.Spec{&ast.ImportSpec{Name: ast.NewIdent(a), Path: &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(paths[a])}}}})
	}
	f.Decls = append(imps, f.Decls...)
}

func (s *engine) sameDecl(d *decl, newd []ast.Decl) bool {
	for _, n := range newd {
		if k, _ := declNames(n); k == d.key {
			return s.printNorm(n, nil) == d.src
		}
	}
	return false
}

// printNorm prints a declaration with package identifiers normalised.
func (s *engine) printNorm(d ast.Decl, info *types.Info) string {
	c := clone(d, nil)
	ast.Inspect(c, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			n.Doc = nil
		case *ast.GenDecl:
			n.Doc = nil
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok {
				if p, ok := s.imports[id.Name]; ok {
					id.Name = alias(p)
				}
			}
		}
		return true
	})
	var b bytes.Buffer
	printer.Fprint(&b, token.NewFileSet(), c)
	return strings.Join(strings.Fields(b.String()), " ")
}

func strip(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			id.NamePos = 0
			id.Obj = nil
		}
		return true
	})
}
