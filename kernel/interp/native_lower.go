package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"

	"divvy/kernel/native"
)

// nativeFunc is a function to be compiled.
type nativeFunc struct {
	d  *decl
	f  *types.Func
	at token.Pos
}

// checkNative refuses what cannot be in a native cell.
func (s *engine) checkNative(ck *checked) error {
	if !s.natives.cell {
		return nil
	}
	var errs diagnostics
	for _, d := range ck.newDecls {
		if f, ok := d.node.(*ast.FuncDecl); ok && f.Recv == nil && (f.Name.Name == "main" || f.Name.Name == "init") {
			errs.add(s, f.Name.Pos(), "a %%native cell cannot declare "+f.Name.Name+": its functions are called from other cells")
			return errs.err()
		}
	}
	if len(ck.stmts) > 0 {
		errs.add(s, ck.stmts[0].Pos(), "a %%native cell declares functions, types and constants; variables and what is to be run belong in other cells")
	}
	return errs.err()
}

// keepText notes the text of a declaration and the packages that it mentions,
// so that it can be compiled along with a native function.
func (l *lowerer) keepText(d *decl) {
	var start, end token.Pos
	prefix := ""
	switch n := d.node.(type) {
	case *ast.FuncDecl:
		start, end = n.Pos(), n.End()
		d.native = l.s.natives.cell && n.Recv == nil && n.Type.TypeParams == nil && d.cell != preludeName
	case *ast.GenDecl:
		start, end = n.Pos(), n.End()
		if n.Tok == token.TYPE && len(n.Specs) == 1 { // one of a group, perhaps
			start, end, prefix = n.Specs[0].Pos(), n.Specs[0].End(), "type "
		}
	}
	src := l.s.sources[d.cell]
	from, to := l.s.fset.Position(start), l.s.fset.Position(end)
	i, j := offsetOf(src, from.Line, from.Column), offsetOf(src, to.Line, to.Column)
	if i > j || j > len(src) {
		return
	}
	d.text = native.Decl{Cell: d.cell, Line: from.Line, Column: max(1, from.Column-len(prefix)), Text: prefix + src[i:j], Imports: map[string]string{}}
	ast.Inspect(d.node, func(n ast.Node) bool {
		x, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		switch o := l.info.Uses[x].(type) {
		case *types.PkgName:
			d.text.Imports[x.Name] = o.Imported().Path()
		case types.Object:
			if p := o.Pkg(); p != nil && !isMain(o) && o.Parent() == p.Scope() && l.s.imports[".:"+p.Path()] != "" && !afterDot(d.node, x) {
				d.text.Imports["."+p.Path()] = p.Path()
			}
		}
		return true
	})
}

// afterDot reports whether x is the name after a dot.
func afterDot(n ast.Node, x *ast.Ident) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if se, ok := n.(*ast.SelectorExpr); ok && se.Sel == x {
			found = true
		}
		return !found
	})
	return found
}

// native notes a function to be compiled; it says no when the function has to
// be interpreted after all.
func (l *lowerer) native(d *decl, n *ast.FuncDecl, f *types.Func) bool {
	if l.s.natives.absent != nil {
		return false
	}
	if why := unpassable(f.Signature()); why != "" {
		if d.cell == l.s.cellName {
			l.s.warnings = append(l.s.warnings, fmt.Sprintf("%%%%native: cells call %s interpreted (the compiled functions call it compiled): %s", f.Name(), why))
		}
		return false
	}
	l.u.natives = append(l.u.natives, nativeFunc{d, f, n.Pos()})
	return true
}

// natives emits the functions that stand for compiled ones.
func (l *lowerer) natives() {
	fs := l.u.natives
	if len(fs) == 0 {
		return
	}
	src := &native.Source{}
	var deps []*decl
	seen := map[*decl]bool{}
	for _, f := range fs {
		src.Funcs = append(src.Funcs, f.f.Name())
		l.closure(f.d, seen, &deps)
	}
	slices.SortFunc(deps, func(a, b *decl) int { return strings.Compare(a.key, b.key) })
	for _, d := range deps {
		src.Decls = append(src.Decls, d.text)
	}
	key, err := src.Key()
	if err != nil {
		panic(unsupported{err})
	}
	p := l.s.natives.programs[key]
	if p == nil {
		panic(unsupported{&needsBuild{key, src}})
	}
	for _, f := range fs {
		l.s.rt.compiledMu.Lock()
		i := len(l.s.rt.compiled)
		l.s.rt.compiled = append(l.s.rt.compiled, compiledFunc{program: p, name: f.f.Name(), iname: f.d.iname})
		l.s.rt.compiledMu.Unlock()
		l.standIn(i, f)
	}
	l.u.onCommit = append(l.u.onCommit, l.s.dropUnused)
}

// closure collects the declarations that one needs to be compiled.
func (l *lowerer) closure(d *decl, seen map[*decl]bool, out *[]*decl) {
	if seen[d] {
		return
	}
	seen[d] = true
	*out = append(*out, d)
	deps := slices.Sorted(maps.Keys(d.deps))
	for k, m := range l.s.decls { // a type brings its methods
		if t, _, ok := strings.Cut(k, "."); ok && t == d.key {
			deps = append(deps, m.key)
		}
	}
	for _, name := range deps {
		if v := l.s.vars[name]; v != nil && l.s.decls[name] == nil {
			l.fail(l.mention(d, name), "%s is a variable of the session, which compiled functions cannot see (they run in a process of their own): make it a parameter of %s", name, strings.TrimPrefix(d.key, "const:"))
		}
		if m := l.declOf(name); m != nil {
			l.closure(m, seen, out)
		}
	}
}

// declOf finds the declaration of a name, or of a method "T.M".
func (l *lowerer) declOf(name string) *decl {
	if d := l.s.decls[name]; d != nil {
		return d
	}
	for _, d := range l.s.decls {
		if slices.Contains(d.names, name) {
			return d
		}
	}
	return nil
}

// mention is where a declaration mentions a name.
func (l *lowerer) mention(d *decl, name string) token.Pos {
	at := d.node.Pos()
	ast.Inspect(d.node, func(n ast.Node) bool {
		if x, ok := n.(*ast.Ident); ok && x.Name == name && at == d.node.Pos() {
			at = x.Pos()
		}
		return true
	})
	return at
}

// standIn emits what cells call:
//
//	func f(a A) (R, error) { var r0 R; var r1 rt__.Error; rt__.Native(i, 1, &a, &r0, &r1); return r0, r1 }
func (l *lowerer) standIn(i int, f nativeFunc) {
	l.inPackage(nil, func() {
		ft := l.sig(f.f.Signature(), true)
		params := paramNames(ft)
		args := []ast.Expr{intLit(i), intLit(len(params))}
		for _, p := range params {
			args = append(args, addr(p))
		}
		var body []ast.Stmt
		var results []ast.Expr
		for k, r := range resultFields(ft) {
			r.Names = nil
			name := l.fresh("r")
			body = append(body, declareVar(name, l.typ(f.f.Signature().Results().At(k).Type())))
			args = append(args, addr(id(name)))
			results = append(results, id(name))
		}
		body = append(body, exprStmt(call(rtFn("Native"), args...)))
		if len(results) > 0 {
			body = append(body, ret(results...))
		}
		l.emit(&ast.FuncDecl{Name: id(f.d.iname), Type: ft, Body: block(body...)})
	})
}

// unpassable says why values of a signature cannot be passed to another
// process, or "".
func unpassable(sg *types.Signature) string {
	for i := range sg.Params().Len() {
		v := sg.Params().At(i)
		if why := unpassableType(v.Type(), nil); why != "" {
			return fmt.Sprintf("its parameter %s holds %s", cmpOr(v.Name(), fmt.Sprint(i+1)), why)
		}
	}
	for i := range sg.Results().Len() {
		t := sg.Results().At(i).Type()
		if types.Identical(t, types.Universe.Lookup("error").Type()) {
			continue
		}
		if why := unpassableType(t, nil); why != "" {
			return fmt.Sprintf("its result %d holds %s", i+1, why)
		}
	}
	return ""
}

func cmpOr(a, b string) string {
	if a == "" || a == "_" {
		return b
	}
	return a
}

func unpassableType(t types.Type, around []types.Type) string {
	for _, a := range around {
		if types.Identical(a, t) {
			return "a type that contains itself, " + types.TypeString(t, shortQualifier)
		}
	}
	in := func(ts ...types.Type) string {
		for _, e := range ts {
			if why := unpassableType(e, append(slices.Clip(around), t)); why != "" {
				return why
			}
		}
		return ""
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Kind() == types.UnsafePointer {
			return "an unsafe.Pointer"
		}
		return ""
	case *types.Slice:
		return in(u.Elem())
	case *types.Array:
		return in(u.Elem())
	case *types.Pointer:
		return in(u.Elem())
	case *types.Map:
		return in(u.Key(), u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if f := u.Field(i); !f.Exported() && !isMain(f) {
				return "a " + types.TypeString(t, shortQualifier) + ", which has fields that are not exported"
			}
			if why := in(u.Field(i).Type()); why != "" {
				return why
			}
		}
		return ""
	case *types.Signature:
		return "a function"
	case *types.Chan:
		return "a channel"
	case *types.Interface:
		return "an interface value"
	}
	return "a " + t.String()
}
