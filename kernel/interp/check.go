package interp

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"sort"
	"strconv"
	"strings"
)

// checked is a cell that the type checker has accepted.
type checked struct {
	info     *types.Info
	pkg      *types.Package
	stmts    []ast.Stmt
	trailing ast.Expr // the last statement's expression, or nil
	newDecls []*decl
	defs     []string              // variables that the cell defines, in order
	old      map[*ast.Ident]string // uses of a variable before the cell defines it anew
	imports  map[string]string     // after the cell
	imported map[string]bool       // names of the cell's own imports
	syntax   *cellSyntax
	cell     *ast.FuncType // of the function that the checker takes the statements for
	env      []*decl       // earlier declarations that still hold
	dropped  []string      // what was said of those that do not
	lost     []lost        // these
}

// cellSyntax is a cell that the parser has accepted.
type cellSyntax struct {
	decls   []ast.Decl
	body    *ast.BlockStmt
	stmts   []ast.Stmt
	idents  map[string]bool // all names that occur
	runMain bool            // the cell declares main, which then runs

	unresolved []*ast.Ident
}

// lost is an earlier declaration that no longer holds, and why.
type lost struct {
	decl *decl
	why  string
}

const parseMode = parser.ParseComments | parser.AllErrors

// check parses and type-checks a cell.
func (s *engine) check(src string) (*checked, error) {
	return s.checkCell(src, false)
}

// checkCell is check; a tolerant one returns what it found beside the errors.
func (s *engine) checkCell(src string, tolerant bool) (*checked, error) {
	chunks := split(src)
	ck := &checked{imports: map[string]string{}, old: map[*ast.Ident]string{}}
	for k, v := range s.imports {
		ck.imports[k] = v
	}
	cellImports, err := s.cellImports(src, chunks, ck)
	if err != nil && !tolerant {
		return nil, err
	}
	syn, err := s.parse(src, chunks)
	if err != nil && (!tolerant || syn == nil) {
		return nil, err
	}
	ck.syntax = syn
	ck.stmts = syn.stmts
	h := &hoister{s: s, declared: map[string]bool{}, defined: map[string]bool{}, ck: ck}
	for _, d := range syn.decls {
		if err := h.declare(d); err != nil {
			return nil, err
		}
	}
	pkgVars, rest, err := h.hoist(syn.stmts)
	if err != nil {
		return nil, err
	}
	if err := s.addPrelude(syn, h.declared); err != nil {
		return nil, err
	}
	if n := len(syn.stmts); n > 0 && !syn.runMain {
		if es, ok := syn.stmts[n-1].(*ast.ExprStmt); ok {
			ck.trailing = es.X
		}
	}
	forward := forwardUses(syn.stmts)
	for _, x := range syn.unresolved {
		if !h.defined[x.Name] || forward(x) {
			continue
		}
		if v := s.vars[x.Name]; v == nil || v.predeclared {
			if !tolerant {
				return nil, s.perr(x.Pos(), "undefined: %s", x.Name)
			}
			continue
		}
		ck.old[x] = x.Name
		x.Name += oldSuffix
	}
	for n := range h.declared {
		if !cellImports[n] {
			delete(ck.imports, n)
		}
	}
	ck.imported = cellImports
	for n := range cellImports { // what had the name before is no more
		h.declared[n] = true
	}
	imps, err := s.importDecls(ck.imports, syn.idents)
	if err != nil {
		return nil, err
	}
	f := &ast.File{Package: s.filePos, Name: ast.NewIdent("main")}
	f.Decls = append(append(append(f.Decls, imps...), syn.decls...), pkgVars...)
	ck.cell = &ast.FuncType{Params: &ast.FieldList{}}
	f.Decls = append(f.Decls, &ast.FuncDecl{Name: ast.NewIdent("__cell"), Type: ck.cell,
		Body: &ast.BlockStmt{Lbrace: syn.body.Lbrace, List: rest, Rbrace: syn.body.Rbrace}})
	if err := s.typeCheck(ck, f, syn.decls, h.declared, tolerant); err != nil {
		if tolerant {
			return ck, err
		}
		return nil, err
	}
	for _, d := range syn.decls {
		k, ns := declNames(d)
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil { // perhaps by an alias
			if o, ok := ck.info.Defs[f.Name].(*types.Func); ok && o.Signature().Recv() != nil {
				k = declKey(o)
			}
		}
		ck.newDecls = append(ck.newDecls, &decl{key: k, names: ns, node: d, cell: s.cellOfDecl(d)})
	}
	return ck, nil
}

const oldSuffix = "__old"

// lineDirective makes positions those of the cell.
func (s *engine) lineDirective() string { return "/*line " + s.cellName + "/_.go:1:1*/" }

// cellImports reads the cell's import declarations into ck and returns the
// local names.
func (s *engine) cellImports(src string, chunks []chunk, ck *checked) (map[string]bool, error) {
	names := map[string]bool{}
	impSrc := blank(src, chunks, func(c chunk) bool { return c.kind == 'i' })
	if strings.TrimSpace(impSrc) == "" {
		return names, nil
	}
	f, err := parser.ParseFile(s.fset, "_.go", "package p;"+s.lineDirective()+impSrc, parseMode|parser.ImportsOnly)
	if err != nil {
		return names, s.syntaxErrors(err)
	}
	var errs diagnostics
	for _, is := range f.Imports {
		p, err := strconv.Unquote(is.Path.Value)
		if err != nil {
			errs.add(s, is.Path.Pos(), "invalid import path: "+is.Path.Value)
			continue
		}
		pkg, err := s.lib.Import(p)
		if err != nil {
			errs.add(s, is.Path.Pos(), err.Error())
			continue
		}
		name := pkg.Name()
		if is.Name != nil {
			name = is.Name.Name
		}
		switch name {
		case "_":
		case ".":
			ck.imports[".:"+p] = p
		default:
			ck.imports[name] = p
			names[name] = true
		}
	}
	return names, errs.err()
}

// importDecls declares the imports that the cell mentions.
func (s *engine) importDecls(imports map[string]string, mentioned map[string]bool) ([]ast.Decl, error) {
	var b strings.Builder
	b.WriteString("package main;")
	names := make([]string, 0, len(imports))
	for n := range imports {
		if mentioned[n] || strings.HasPrefix(n, ".:") {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	for _, n := range names {
		local := n
		if strings.HasPrefix(n, ".:") {
			local = "."
		}
		fmt.Fprintf(&b, "import %s %q;", local, imports[n])
	}
	f, err := parser.ParseFile(s.fset, "_.go", b.String(), parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("imports: %w", err)
	}
	return f.Decls, nil
}

// parse parses the declarations and statements of a cell. With an error it
// returns what could be read, if anything.
func (s *engine) parse(src string, chunks []chunk) (*cellSyntax, error) {
	declSrc := blank(src, chunks, func(c chunk) bool { return c.kind == 'd' })
	stmtSrc := blank(src, chunks, func(c chunk) bool { return c.kind == 's' || c.kind == 'v' })
	df, err := parser.ParseFile(s.fset, "_.go", "package main;"+s.lineDirective()+declSrc, parseMode|parser.SkipObjectResolution)
	if err != nil && df == nil {
		return nil, s.syntaxErrors(err)
	}
	failed := err
	sf, err := parser.ParseFile(s.fset, "_.go", "package main;func __cell(){"+s.lineDirective()+stmtSrc+"\n}", parseMode)
	if failed == nil {
		failed = err
	}
	if sf == nil || len(sf.Decls) == 0 {
		return nil, s.syntaxErrors(failed)
	}
	fn, ok := sf.Decls[0].(*ast.FuncDecl)
	if failed == nil && (!ok || len(sf.Decls) != 1) {
		return nil, s.perr(sf.Decls[len(sf.Decls)-1].Pos(), "syntax error: unexpected }")
	}
	if !ok || fn.Body == nil {
		return nil, s.syntaxErrors(failed)
	}
	syn := &cellSyntax{body: fn.Body, stmts: fn.Body.List, unresolved: sf.Unresolved, idents: map[string]bool{}}
	for _, d := range df.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE && len(g.Specs) > 1 {
			for _, sp := range g.Specs {
				syn.decls = append(syn.decls, &ast.GenDecl{TokPos: g.TokPos, Tok: token.TYPE, Specs: []ast.Spec{sp}})
			}
			continue
		}
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "main" {
			syn.runMain = true
		}
		syn.decls = append(syn.decls, d)
	}
	for _, f := range []*ast.File{df, sf} {
		ast.Inspect(f, func(n ast.Node) bool {
			if x, ok := n.(*ast.Ident); ok {
				syn.idents[x.Name] = true
			}
			return true
		})
	}
	if syn.runMain {
		syn.stmts = append(syn.stmts, &ast.ExprStmt{X: &ast.CallExpr{Fun: ast.NewIdent("main")}})
	}
	if failed != nil {
		return syn, s.syntaxErrors(failed)
	}
	return syn, nil
}

// hoister turns what a cell defines at its top into package-level variables,
// as the type checker is to see them.
type hoister struct {
	s        *engine
	ck       *checked
	declared map[string]bool // by a declaration or a definition
	defined  map[string]bool // by := or var
}

func (h *hoister) declare(d ast.Decl) error {
	_, names := declNames(d)
	for _, n := range names {
		if n != "_" {
			h.declared[n] = true
		}
	}
	return nil
}

func (h *hoister) define(x *ast.Ident) (isNew bool) {
	if x.Name == "_" || h.defined[x.Name] {
		return false
	}
	h.defined[x.Name] = true
	h.ck.defs = append(h.ck.defs, x.Name)
	return true
}

func (h *hoister) hoist(stmts []ast.Stmt) (vars []ast.Decl, rest []ast.Stmt, err error) {
	var errs diagnostics
	for _, st := range stmts {
		switch x := st.(type) {
		case *ast.AssignStmt:
			if x.Tok != token.DEFINE {
				break
			}
			vs := &ast.ValueSpec{Values: x.Rhs}
			for _, e := range x.Lhs {
				id, ok := e.(*ast.Ident)
				if !ok {
					errs.add(h.s, e.Pos(), "non-name "+types.ExprString(e)+" on left side of :=")
					continue
				}
				if h.define(id) {
					vs.Names = append(vs.Names, id)
				} else {
					vs.Names = append(vs.Names, &ast.Ident{NamePos: id.NamePos, Name: "_"})
				}
			}
			vars = append(vars, &ast.GenDecl{TokPos: x.Pos(), Tok: token.VAR, Specs: []ast.Spec{vs}})
			continue
		case *ast.DeclStmt:
			g, ok := x.Decl.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				break
			}
			for _, sp := range g.Specs {
				for _, id := range sp.(*ast.ValueSpec).Names {
					if id.Name != "_" && !h.define(id) {
						errs.add(h.s, id.Pos(), id.Name+" redeclared in this cell")
					}
				}
			}
			vars = append(vars, g)
			continue
		}
		rest = append(rest, st)
	}
	for n := range h.defined {
		if h.declared[n] {
			errs.add(h.s, token.NoPos, n+" is declared twice in this cell")
		}
		h.declared[n] = true
	}
	return vars, rest, errs.err()
}

// declKey is the key of the declaration of a method.
func declKey(f *types.Func) string {
	return cellNamed(f.Signature().Recv().Type()).Obj().Name() + "." + f.Name()
}

func declNames(d ast.Decl) (key string, names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil && len(d.Recv.List) > 0 {
			t := d.Recv.List[0].Type
			for {
				switch x := t.(type) {
				case *ast.StarExpr:
					t = x.X
					continue
				case *ast.ParenExpr:
					t = x.X
					continue
				case *ast.IndexExpr:
					t = x.X
					continue
				case *ast.IndexListExpr:
					t = x.X
					continue
				}
				break
			}
			if id, ok := t.(*ast.Ident); ok {
				return id.Name + "." + d.Name.Name, nil
			}
			return "?." + d.Name.Name, nil
		}
		if d.Name.Name == "init" { // of which a cell may have several
			return fmt.Sprintf("init#%09d", d.Pos()), nil
		}
		return d.Name.Name, []string{d.Name.Name}
	case *ast.GenDecl:
		for _, sp := range d.Specs {
			switch sp := sp.(type) {
			case *ast.TypeSpec:
				names = append(names, sp.Name.Name)
			case *ast.ValueSpec:
				for _, n := range sp.Names {
					names = append(names, n.Name)
				}
			}
		}
		if d.Tok == token.CONST {
			return "const:" + strings.Join(names, ","), names
		}
		if len(names) > 0 {
			return names[0], names
		}
	}
	return "", nil
}
