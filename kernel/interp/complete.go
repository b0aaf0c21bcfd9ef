package interp

import (
	"context"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"divvy/kernel/cell"
)

// Complete implements cell.Interpreter. It checks the cell with a name put in
// place of what is being typed and lists what could stand there. Completing a
// member of a package that is built in but not imported imports it.
func (s *Session) Complete(_ context.Context, code string, cursor int) (c cell.Completion, err error) {
	at := byteOffset(code, cursor)
	if m, ok := completeMagic(code, at); ok {
		return m, nil
	}
	if q, ok, err := s.completeSQL(code, at); ok || err != nil {
		return q, err
	}
	if f, ok, err := s.completeString(code, at); ok || err != nil {
		return f, err
	}
	err = s.guard(func() error {
		s.engine.mu.Lock()
		defer s.engine.mu.Unlock()
		c = s.engine.complete(code, at)
		return nil
	})
	return c, err
}

// byteOffset turns a count of code points into one of bytes.
func byteOffset(s string, runes int) int {
	i := 0
	for ; runes > 0 && i < len(s); runes-- {
		_, n := utf8.DecodeRuneInString(s[i:])
		i += n
	}
	return i
}

// placeholder is the name that stands for what is being typed.
const placeholder = "cursor__"

// completer gathers the matches for one place.
type completer struct {
	s      *engine
	prefix string
	seen   map[string]bool
	out    []cell.Match
}

func (s *engine) complete(code string, at int) cell.Completion {
	start, end := at, at
	for start > 0 && isIdent(code[start-1]) {
		start--
	}
	for end < len(code) && isIdent(code[end]) {
		end++
	}
	c := &completer{s: s, prefix: code[start:at], seen: map[string]bool{}}
	res := cell.Completion{Start: utf8.RuneCountInString(code[:start]), End: utf8.RuneCountInString(code[:at])}
	if c.prefix != "" && c.prefix[0] >= '0' && c.prefix[0] <= '9' {
		return res
	}
	if path, ok := importPrefix(code[:at]); ok {
		c.paths(path)
		res.Start = utf8.RuneCountInString(code[:at-len(path)])
		res.Matches = c.sorted()
		return res
	}
	saved := s.cellName
	s.cellName = "cell"
	ck, _ := s.checkCell(code[:start]+placeholder+code[end:], true)
	s.cellName = saved
	if ck == nil || ck.syntax == nil {
		return res
	}
	n := findPlaceholder(ck.syntax)
	switch {
	case n.selector != nil:
		c.members(ck, n.selector)
	case start > 0 && code[start-1] == '.':
		// what comes before the dot is not an expression
	default:
		if n.literal != nil {
			c.literalFields(ck, n.literal)
		}
		c.names(ck, n)
	}
	res.Matches = c.sorted()
	return res
}

// found is where the placeholder stands.
type found struct {
	selector *ast.SelectorExpr
	ident    *ast.Ident
	literal  *ast.CompositeLit // whose element it could be the key of
	around   []ast.Node        // from the outside in
}

func findPlaceholder(syn *cellSyntax) (f found) {
	var stack []ast.Node
	visit := func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		stack = append(stack, n)
		if x, ok := n.(*ast.Ident); ok && strings.HasPrefix(x.Name, placeholder) && f.ident == nil {
			f.ident = x
			f.around = slices.Clone(stack)
			if len(stack) > 1 {
				switch p := stack[len(stack)-2].(type) {
				case *ast.SelectorExpr:
					if p.Sel == x {
						f.selector = p
					}
				case *ast.CompositeLit:
					f.literal = p
				case *ast.KeyValueExpr:
					if l, ok := stack[max(0, len(stack)-3)].(*ast.CompositeLit); ok && p.Key == x {
						f.literal = l
					}
				}
			}
		}
		return true
	}
	for _, d := range syn.decls {
		ast.Inspect(d, visit)
	}
	ast.Inspect(syn.body, visit)
	return f
}

// members lists what can follow the dot.
func (c *completer) members(ck *checked, e *ast.SelectorExpr) {
	if x, ok := e.X.(*ast.Ident); ok {
		if pn, ok := ck.info.Uses[x].(*types.PkgName); ok {
			c.packageMembers(pn.Imported())
			return
		}
		if ck.info.Uses[x] == nil && ck.info.Defs[x] == nil {
			if p := c.s.importByName(x.Name); p != nil {
				c.packageMembers(p)
			}
			return
		}
	}
	tv, ok := ck.info.Types[e.X]
	if !ok || tv.Type == nil {
		return
	}
	t := tv.Type
	if tup, ok := t.(*types.Tuple); ok {
		if tup.Len() != 1 {
			return
		}
		t = tup.At(0).Type()
	}
	pt := t
	if !isInterface(t) && !isPtr(t) {
		pt = types.NewPointer(t)
	}
	ms := types.NewMethodSet(pt)
	for i := range ms.Len() {
		if o := ms.At(i).Obj(); o.Exported() || isMain(o) {
			c.add(o, "method")
		}
	}
	if !tv.IsType() {
		c.fields(t, 0)
	}
}

func (c *completer) fields(t types.Type, depth int) {
	st, ok := deref(t).Underlying().(*types.Struct)
	if !ok || depth > 4 {
		return
	}
	for i := range st.NumFields() {
		f := st.Field(i)
		if f.Exported() || isMain(f) {
			c.add(f, "field")
		}
		if f.Embedded() {
			c.fields(f.Type(), depth+1)
		}
	}
}

// importByName imports the package that a name most likely means.
func (s *engine) importByName(name string) *types.Package {
	p, ok := s.imports[name]
	if !ok {
		for _, have := range s.lib.Paths() {
			if path.Base(have) == name && (p == "" || len(have) < len(p)) {
				p = have
			}
		}
	}
	if p == "" {
		return nil
	}
	pkg, err := s.lib.Import(p)
	if err != nil {
		return nil
	}
	s.imports[name] = p
	return pkg
}

func (c *completer) packageMembers(p *types.Package) {
	for _, n := range p.Scope().Names() {
		if o := p.Scope().Lookup(n); o.Exported() {
			c.add(o, "")
		}
	}
}

// literalFields lists the fields that a struct literal can name.
func (c *completer) literalFields(ck *checked, lit *ast.CompositeLit) {
	t := ck.info.Types[lit].Type
	if t == nil {
		return
	}
	st, ok := deref(t).Underlying().(*types.Struct)
	if !ok {
		return
	}
	given := map[string]bool{}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if x, ok := kv.Key.(*ast.Ident); ok {
				given[x.Name] = true
			}
		}
	}
	for i := range st.NumFields() {
		if f := st.Field(i); (f.Exported() || isMain(f)) && !given[f.Name()] {
			n := len(c.out)
			c.add(f, "field")
			if len(c.out) > n {
				c.out[n].Text += ": "
			}
		}
	}
}

// names lists the names in scope.
func (c *completer) names(ck *checked, f found) {
	for i := len(f.around) - 1; i >= 0; i-- { // inner scopes hide outer ones
		n := f.around[i]
		if fd, ok := n.(*ast.FuncDecl); ok {
			n = fd.Type
		} else if fl, ok := n.(*ast.FuncLit); ok {
			n = fl.Type
		}
		if sc := ck.info.Scopes[n]; sc != nil {
			for _, name := range sc.Names() {
				if o := sc.Lookup(name); o.Pos() < f.ident.Pos() {
					c.add(o, "")
				}
			}
		}
	}
	for _, name := range ck.pkg.Scope().Names() {
		if name != "__cell" && name != "init" {
			c.add(ck.pkg.Scope().Lookup(name), "")
		}
	}
	for _, o := range c.s.preludeObjects(ck.pkg.Scope()) {
		c.add(o, "")
	}
	for name, p := range ck.imports {
		if !strings.HasPrefix(name, ".:") {
			c.match(name, kindPackage, `"`+p+`"`)
		}
	}
	for _, name := range types.Universe.Names() {
		c.add(types.Universe.Lookup(name), "")
	}
	for k := token.BREAK; k <= token.VAR; k++ {
		c.match(k.String(), "keyword", "")
	}
	if c.prefix == "" {
		return
	}
	for _, p := range c.s.lib.Paths() {
		c.match(path.Base(p), kindPackage, `"`+p+`"`)
	}
}

func (c *completer) add(o types.Object, kind string) {
	if kind == "" {
		kind = kindOfObject(o)
	}
	sig := ""
	if strings.HasPrefix(o.Name(), "MIME") && !strings.HasPrefix(c.prefix, "M") {
		return // what display asks for, and nobody else
	}
	if o.Type() != nil && o.Type() != types.Typ[types.Invalid] {
		sig = types.TypeString(o.Type(), shortQualifier)
		if _, ok := o.(*types.TypeName); ok {
			sig = types.TypeString(o.Type().Underlying(), shortQualifier)
		}
	}
	if len(sig) > 200 {
		sig = sig[:197] + "…"
	}
	c.match(o.Name(), kind, sig)
}

func shortQualifier(p *types.Package) string {
	if p.Path() == "main" {
		return ""
	}
	return p.Name()
}

// kindPackage and the other kinds are words for which JupyterLab and VS Code have
// pictures.
const kindPackage = "module"

func kindOfObject(o types.Object) string {
	switch o := o.(type) {
	case *types.Func, *types.Builtin:
		return "function"
	case *types.Const, *types.Nil:
		return "constant"
	case *types.TypeName:
		switch o.Type().Underlying().(type) {
		case *types.Struct:
			return "struct"
		case *types.Interface:
			return "interface"
		}
		return "class"
	case *types.PkgName:
		return kindPackage
	}
	return "variable"
}

func (c *completer) match(name, kind, sig string) {
	if c.seen[name] || strings.Contains(name, "__") || name == "_" ||
		len(name) < len(c.prefix) || !strings.EqualFold(name[:len(c.prefix)], c.prefix) {
		return
	}
	c.seen[name] = true
	c.out = append(c.out, cell.Match{Text: name, Kind: kind, Signature: sig})
}

// sorted puts matches of the same case first, and what belongs to the value or
// the cell before keywords and packages.
func (c *completer) sorted() []cell.Match {
	rank := func(m cell.Match) int {
		r := 0
		if !strings.HasPrefix(m.Text, c.prefix) {
			r += 4
		}
		switch m.Kind {
		case "keyword":
			r += 1
		case kindPackage:
			r += 2
		}
		return r
	}
	slices.SortStableFunc(c.out, func(a, b cell.Match) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.Text, b.Text)
	})
	return c.out
}
