package interp

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"os"
	"path"
	"reflect"
	"sort"
	"strconv"
	"strings"

	yaegi "github.com/traefik/yaegi/interp"
	yunsafe "github.com/traefik/yaegi/stdlib/unsafe"

	"divvy/kernel/symbols"
)

type decl struct {
	key   string // "f", "T", "T.M", "const:A"
	names []string
	node  ast.Decl // normalised (package idents -> canonical alias)
	src   string   // printed, for change detection
	deps  map[string]bool
	cell  int
	iname string // current yaegi name (funcs, methods, types)
}

type svar struct {
	name, iname string
	predeclared bool // ctx
	typ         types.Type
	deps        map[string]bool // main types mentioned
}

// engine is the notebook state.
type engine struct {
	In         *yaegi.Interpreter
	fset       *token.FileSet
	imp        *symbols.Library
	imports    map[string]string // visible local name -> path
	decls      map[string]*decl
	vars       map[string]*svar
	ydone      map[string]bool   // aliases imported in yaegi
	inst       map[string]string // emitted instances / helpers: key -> iname
	descs      map[string]*typeDesc
	registered map[string]string // methods registered: type and name -> code
	aliases    map[string]string // internal package name -> path
	seq, n     int
	filePos    token.Pos
	Warn       []string
	Debug      bool
	Info       *types.Info // last check
	Pkg        *types.Package
	rt         *runtime
	tolerant   bool
	used       map[string]bool // packages that the interpreter has
	overrides  yaegi.Exports
	usesFiles  bool // a cell used os.Stdout or os.Stderr as a file
}

func newEngine(in *yaegi.Interpreter, b *symbols.Library, stdout, stderr Stream, overrides yaegi.Exports) (*engine, error) {
	s := &engine{In: in, fset: in.FileSet(), imp: b, imports: map[string]string{}, decls: map[string]*decl{}, vars: map[string]*svar{},
		ydone: map[string]bool{}, inst: map[string]string{}, descs: map[string]*typeDesc{}, registered: map[string]string{}, aliases: map[string]string{},
		used: map[string]bool{}, overrides: overrides}
	f := s.fset.AddFile("_.go", -1, 64)
	s.filePos = f.Pos(1)
	s.rt = newRuntime(stdout, stderr)
	if err := in.Use(s.rt.exports()); err != nil {
		return nil, err
	}
	if _, err := in.Eval(`import rt__ "rt"`); err != nil {
		return nil, err
	}
	s.preload()
	return s, nil
}

// preload imports fmt and the domain packages under their names, and declares
// ctx, which ends when the cell is interrupted.
func (s *engine) preload() {
	s.imports["fmt"] = "fmt"
	for _, p := range s.imp.Paths() {
		if strings.HasPrefix(p, "divvy/") {
			s.imports[path.Base(p)] = p
		}
	}
	if p, err := s.imp.Import("context"); err == nil {
		s.vars["ctx"] = &svar{name: "ctx", predeclared: true, typ: p.Scope().Lookup("Context").Type()}
	}
}

// use gives the interpreter the symbols of a package.
func (s *engine) use(p string) error {
	if s.used[p] {
		return nil
	}
	s.used[p] = true
	table := map[string]reflect.Value{}
	for name, v := range symbols.Table(p) {
		if name[0] == '_' {
			continue // adapters are ours
		}
		table[name] = v
		if t := v.Type(); t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Interface {
			// yaegi looks for one even where it only has a nil to convert.
			table["_"+name] = reflect.ValueOf((*struct{ IValue any })(nil))
		}
	}
	// The path with a dot in it keeps yaegi from putting its own versions of
	// functions in place of ours.
	key := p + "/./" + path.Base(p)
	for name, v := range s.overrides[key] {
		table[name] = v
	}
	if p == "unsafe" {
		table = yunsafe.Symbols["unsafe/unsafe"]
	}
	if len(table) == 0 {
		return nil
	}
	if err := s.In.Use(yaegi.Exports{key: table}); err != nil {
		return fmt.Errorf("symbols of %s: %w", p, err)
	}
	return nil
}

func alias(path string) string {
	var b strings.Builder
	b.WriteString("pk_")
	for _, r := range path {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		} else {
			b.WriteByte('_')
		}
	}
	return b.String()
}

type CellError struct{ Msgs []string }

func (e *CellError) Error() string { return strings.Join(e.Msgs, "\n") }

func (s *engine) pos(p token.Pos) string {
	ps := s.fset.Position(p)
	fn := strings.TrimSuffix(ps.Filename, "/_.go")
	if i := strings.LastIndex(fn, "In["); i > 0 {
		fn = fn[i:]
	}
	return fmt.Sprintf("%s:%d:%d", fn, ps.Line, ps.Column)
}

func (s *engine) perr(p token.Pos, f string, a ...any) *CellError {
	return &CellError{[]string{s.pos(p) + ": " + fmt.Sprintf(f, a...)}}
}

// checked is the outcome of the front end for one cell.
type checked struct {
	info     *types.Info
	pkg      *types.Package
	stmts    []ast.Stmt // in order, original nodes
	newDecls []*decl
	defs     []string // vars defined by the cell (order)
	defStmt  map[string]bool
	trailing ast.Expr
	imports  map[string]string
	changed  bool
	env      []*decl
	old      map[*ast.Ident]string
	dropped  []string
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

func (s *engine) check(src string) (*checked, error) {
	cell := s.n
	cs, err := split(src)
	if err != nil {
		return nil, err
	}
	ck := &checked{imports: map[string]string{}, defStmt: map[string]bool{}, old: map[*ast.Ident]string{}}
	for k, v := range s.imports {
		ck.imports[k] = v
	}
	declared := map[string]bool{}
	cellImports := map[string]bool{}
	// imports
	for _, c := range cs {
		if c.kind != 'i' {
			continue
		}
		f, err := parser.ParseFile(s.fset, "", "package p;"+src[c.start:c.end], parser.SkipObjectResolution)
		if err != nil {
			return nil, s.parseErr(err)
		}
		for _, is := range f.Imports {
			path, _ := strconv.Unquote(is.Path.Value)
			p, err := s.imp.Import(path)
			if err != nil {
				return nil, &CellError{[]string{fmt.Sprintf("In[%d]: %v", cell, err)}}
			}
			name := p.Name()
			if is.Name != nil {
				name = is.Name.Name
			}
			if name == "_" {
				continue
			}
			if name == "." {
				ck.imports[".:"+path] = path
				continue
			}
			ck.imports[name] = path
			cellImports[name] = true
			ck.changed = true
		}
	}
	hdr := func(imps map[string]string) string {
		var b strings.Builder
		b.WriteString("package main;")
		var ks []string
		for k := range imps {
			ks = append(ks, k)
		}
		sort.Strings(ks)
		for _, k := range ks {
			n := k
			if strings.HasPrefix(k, ".:") {
				n = "."
			}
			fmt.Fprintf(&b, "import %s %q;", n, imps[k])
		}
		return b.String()
	}
	line := fmt.Sprintf("/*line In[%d]/_.go:1:1*/", cell)
	declSrc := blank(src, cs, func(c chunk) bool { return c.kind == 'd' })
	stmtSrc := blank(src, cs, func(c chunk) bool { return c.kind == 's' || c.kind == 'v' })
	df, err := parser.ParseFile(s.fset, "_.go", "package main;"+line+declSrc, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, s.parseErr(err)
	}
	sf, err := parser.ParseFile(s.fset, "_.go", "package main;func __cell(){"+line+stmtSrc+"\n}", parser.ParseComments)
	if err != nil {
		return nil, s.parseErr(err)
	}
	// declared names
	var newd []ast.Decl
	for _, d := range df.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE && len(g.Specs) > 1 {
			for _, sp := range g.Specs {
				newd = append(newd, &ast.GenDecl{TokPos: g.TokPos, Tok: token.TYPE, Specs: []ast.Spec{sp}})
			}
			continue
		}
		newd = append(newd, d)
	}
	runMain := false
	for _, d := range newd {
		_, ns := declNames(d)
		for _, n := range ns {
			if n != "init" {
				declared[n] = true
			}
			if n == "main" {
				runMain = true
			}
		}
	}
	body := sf.Decls[0].(*ast.FuncDecl).Body
	stmts := body.List
	if runMain {
		stmts = append(stmts, &ast.ExprStmt{X: &ast.CallExpr{Fun: ast.NewIdent("main")}})
	}
	ck.stmts = stmts
	// hoist top level definitions to package level variables
	var pkgVars []ast.Decl
	var rest []ast.Stmt
	defined := map[string]bool{}
	define := func(id *ast.Ident) bool { // reports whether new
		if id.Name == "_" || defined[id.Name] {
			return false
		}
		defined[id.Name] = true
		ck.defs = append(ck.defs, id.Name)
		return true
	}
	for _, st := range stmts {
		switch x := st.(type) {
		case *ast.AssignStmt:
			if x.Tok == token.DEFINE {
				vs := &ast.ValueSpec{Values: x.Rhs}
				for _, l := range x.Lhs {
					id, ok := l.(*ast.Ident)
					if !ok {
						return nil, s.perr(l.Pos(), "non-name on left side of :=")
					}
					if define(id) {
						vs.Names = append(vs.Names, id)
					} else {
						vs.Names = append(vs.Names, &ast.Ident{NamePos: id.NamePos, Name: "_"})
					}
				}
				pkgVars = append(pkgVars, &ast.GenDecl{TokPos: x.Pos(), Tok: token.VAR, Specs: []ast.Spec{vs}})
				continue
			}
		case *ast.DeclStmt:
			if g, ok := x.Decl.(*ast.GenDecl); ok && g.Tok == token.VAR {
				for _, sp := range g.Specs {
					for _, id := range sp.(*ast.ValueSpec).Names {
						if id.Name != "_" && !define(id) {
							return nil, s.perr(id.Pos(), "%s redeclared in this cell", id.Name)
						}
					}
				}
				pkgVars = append(pkgVars, g)
				continue
			}
		}
		rest = append(rest, st)
	}
	for n := range defined {
		if declared[n] {
			return nil, &CellError{[]string{fmt.Sprintf("In[%d]: %s declared twice in this cell", cell, n)}}
		}
		declared[n] = true
	}
	if len(stmts) > 0 {
		if es, ok := stmts[len(stmts)-1].(*ast.ExprStmt); ok && !runMain {
			ck.trailing = es.X
		}
	}
	// references to the previous generation of a redefined variable
	olds := map[string]bool{}
	for _, id := range sf.Unresolved {
		if defined[id.Name] {
			if s.vars[id.Name] == nil {
				return nil, s.perr(id.Pos(), "undefined: %s", id.Name)
			}
			ck.old[id] = id.Name
			olds[id.Name] = true
			id.Name += "__old"
		}
	}
	for n := range declared {
		if !cellImports[n] {
			delete(ck.imports, n)
		}
	}
	mentioned := map[string]bool{}
	for _, f := range []*ast.File{df, sf} {
		ast.Inspect(f, func(n ast.Node) bool {
			if x, ok := n.(*ast.Ident); ok {
				mentioned[x.Name] = true
			}
			return true
		})
	}
	wanted := map[string]string{}
	for n, p := range ck.imports {
		if mentioned[n] || strings.HasPrefix(n, ".:") {
			wanted[n] = p
		}
	}
	impf, err := parser.ParseFile(s.fset, "_.go", hdr(wanted), parser.SkipObjectResolution)
	if err != nil {
		return nil, s.parseErr(err)
	}
	mkImports := func() (ds []ast.Decl) {
		for _, d := range impf.Decls {
			ds = append(ds, d)
		}
		return
	}
	cellFile := &ast.File{Package: s.filePos, Name: ast.NewIdent("main"), GoVersion: ""}
	cellFile.Decls = append(mkImports(), newd...)
	cellFile.Decls = append(cellFile.Decls, pkgVars...)
	cellFile.Decls = append(cellFile.Decls, &ast.FuncDecl{Name: ast.NewIdent("__cell"), Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: &ast.BlockStmt{Lbrace: body.Lbrace, List: rest, Rbrace: body.Rbrace}})
	// environment
	newKeys := map[string]bool{}
	for _, d := range newd {
		k, ns := declNames(d)
		newKeys[k] = true
		for _, n := range ns {
			newKeys[n] = true
		}
	}
	envOf := func(skip map[string]bool) (*ast.File, []*decl) {
		f := &ast.File{Package: s.filePos, Name: ast.NewIdent("main")}
		used := map[string]bool{}
		var env []*decl
		var ks []string
		for k := range s.decls {
			ks = append(ks, k)
		}
		sort.Strings(ks)
	next:
		for _, k := range ks {
			d := s.decls[k]
			if skip[k] || newKeys[k] {
				continue
			}
			for _, n := range d.names {
				if declared[n] {
					continue next
				}
			}
			if i := strings.IndexByte(k, '.'); i > 0 { // method: base type must exist and not be redefined as a non-type
				base := k[:i]
				bd := s.decls[base]
				if declared[base] {
					if !newKeys[base] {
						continue
					}
					// a redefined type keeps only the methods written in this cell,
					// unless the type text is unchanged
					if bd == nil || !s.sameDecl(bd, newd) {
						continue
					}
				}
			}
			env = append(env, d)
			f.Decls = append(f.Decls, d.node)
			ast.Inspect(d.node, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok && strings.HasPrefix(id.Name, "pk_") {
					used[id.Name] = true
				}
				return true
			})
		}
		return f, env
	}
	skip := map[string]bool{}
	for round := 0; ; round++ {
		pkg := types.NewPackage("main", "main")
		envFile, env := envOf(skip)
		paths := map[string]string{}
		// session variables
		addVar := func(name string, v *svar) {
			if types.Type(nil) == v.typ {
				return
			}
			if len(v.deps) == 0 {
				pkg.Scope().Insert(types.NewVar(token.NoPos, pkg, name, v.typ))
				return
			}
			txt := types.TypeString(v.typ, func(p *types.Package) string {
				if p.Path() == "main" {
					return ""
				}
				paths[alias(p.Path())] = p.Path()
				return alias(p.Path())
			})
			te, err := parser.ParseExpr(txt)
			if err != nil {
				return
			}
			strip(te)
			envFile.Decls = append(envFile.Decls, &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{ast.NewIdent(name)}, Type: te}}})
		}
		for n, v := range s.vars {
			if !declared[n] {
				addVar(n, v)
			} else if olds[n] {
				addVar(n+"__old", v)
			}
		}
		for _, d := range env {
			ast.Inspect(d.node, func(n ast.Node) bool {
				if se, ok := n.(*ast.SelectorExpr); ok {
					if id, ok := se.X.(*ast.Ident); ok && strings.HasPrefix(id.Name, "pk_") {
						paths[id.Name] = s.aliasPath(id.Name)
					}
				}
				return true
			})
		}
		var ids []ast.Decl
		var aks []string
		for a := range paths {
			aks = append(aks, a)
		}
		sort.Strings(aks)
		for _, a := range aks {
			ids = append(ids, &ast.GenDecl{Tok: token.IMPORT, Specs: []ast.Spec{&ast.ImportSpec{Name: ast.NewIdent(a), Path: &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(paths[a])}}}})
		}
		envFile.Decls = append(ids, envFile.Decls...)
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
			Selections: map[*ast.SelectorExpr]*types.Selection{}, Implicits: map[ast.Node]types.Object{}, Instances: map[*ast.Ident]types.Instance{}, Scopes: map[ast.Node]*types.Scope{}}
		var errs []types.Error
		conf := types.Config{Importer: s.imp, Sizes: types.SizesFor("gc", "amd64"), Error: func(e error) {
			te := e.(types.Error)
			if strings.HasPrefix(te.Msg, "declared and not used") || strings.HasSuffix(te.Msg, "imported and not used") || strings.Contains(te.Msg, "imported as ") && te.Soft || strings.HasPrefix(te.Msg, "initialization cycle") || strings.HasPrefix(te.Msg, "\t") {
				return
			}
			if strings.HasSuffix(te.Msg, "is not used") && ck.trailing != nil && te.Pos >= ck.trailing.Pos() && te.Pos <= ck.trailing.End() {
				return
			}
			errs = append(errs, te)
		}}
		types.NewChecker(&conf, s.fset, pkg, info).Files([]*ast.File{envFile, cellFile})
		ck.info, ck.pkg, ck.env = info, pkg, env
		if len(errs) == 0 {
			break
		}
		// attribute errors to environment declarations
		bad := false
		var msgs []string
		for _, e := range errs {
			hit := false
			for _, d := range env {
				if e.Pos >= d.node.Pos() && e.Pos < d.node.End() {
					hit = true
					if !skip[d.key] {
						skip[d.key] = true
						bad = true
						ck.dropped = append(ck.dropped, fmt.Sprintf("%s (In[%d]) no longer compiles: %s", d.key, d.cell, e.Msg))
					}
				}
			}
			if !hit {
				msgs = append(msgs, s.pos(e.Pos)+": "+e.Msg)
			}
		}
		if bad && round < 20 {
			continue
		}
		if s.tolerant {
			return ck, &CellError{msgs}
		}
		return nil, &CellError{msgs}
	}
	for _, d := range newd {
		k, ns := declNames(d)
		ck.newDecls = append(ck.newDecls, &decl{key: k, names: ns, node: d, cell: cell})
	}
	return ck, nil
}

func (s *engine) sameDecl(d *decl, newd []ast.Decl) bool {
	for _, n := range newd {
		if k, _ := declNames(n); k == d.key {
			return s.printNorm(n, nil) == d.src
		}
	}
	return false
}

func (s *engine) aliasPath(a string) string { return s.aliases[a] }

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

func (s *engine) parseErr(err error) error {
	m := strings.ReplaceAll(err.Error(), "/_.go", "")
	return &CellError{strings.Split(m, "\n")}
}

// Eval runs one cell.
func (s *engine) Eval(ctx context.Context, src string) (err error) {
	s.n++
	s.Warn = nil
	ck, err := s.check(src)
	if err != nil {
		return err
	}
	s.Info, s.Pkg = ck.info, ck.pkg
	u, err := s.lower(ck)
	if err != nil {
		return err
	}
	if s.Debug {
		var b bytes.Buffer
		printer.Fprint(&b, token.NewFileSet(), stripPos(u.file))
		fmt.Fprintln(os.Stderr, "-----\n"+b.String())
	}
	for _, p := range u.imports {
		if err := s.use(p); err != nil {
			u.rollback()
			return err
		}
	}
	prog, err := s.In.CompileAST(u.file)
	if err != nil {
		u.rollback()
		return fmt.Errorf("interpreter limitation: %w", err)
	}
	u.commit()
	if _, err := s.In.Execute(prog); err != nil {
		return err
	}
	if u.cellFn != "" {
		_, err = s.In.EvalWithContext(ctx, u.cellFn+"()")
	}
	return err
}

func stripPos(f *ast.File) *ast.File {
	c := clone(f, nil)
	zero(reflect.ValueOf(c))
	return c
}

var posT = reflect.TypeOf(token.Pos(0))

func zero(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			zero(v.Elem())
		}
	case reflect.Slice:
		for i := 0; i < v.Len(); i++ {
			zero(v.Index(i))
		}
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			f := v.Field(i)
			if f.Type() == posT {
				if v.Type().Field(i).Name != "Arrow" && v.Type().Field(i).Name != "Ellipsis" && v.Type().Field(i).Name != "Assign" && v.Type().Field(i).Name != "TokPos" && v.Type().Field(i).Name != "Lparen" && v.Type().Field(i).Name != "Opening" {
					f.SetInt(0)
				}
			} else {
				zero(f)
			}
		}
	}
}
