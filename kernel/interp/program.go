package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"math"
	"reflect"
	"slices"
	"sort"
	"strings"
)

// lower makes the program of a checked cell and brings the session's state to
// what it will be; rollback undoes that.
func (s *engine) lower(ck *checked) (u *unit, err error) {
	u = &unit{imports: map[string]string{}, newInst: map[string]bool{}}
	l := &lowerer{s: s, u: u, ck: ck, info: ck.info, pkg: ck.pkg, names: map[types.Object]string{}, wraps: map[*types.Named]bool{}}
	u.rollback = s.snapshot(u)
	defer func() {
		if r := recover(); r != nil {
			u.rollback()
			us, ok := r.(unsupported)
			if !ok {
				panic(r)
			}
			u, err = nil, us.err
		}
	}()
	s.imports = ck.imports
	s.warnings = append(s.warnings, ck.dropped...)
	l.representable()
	g := &generation{l: l, s: s, ck: ck, changed: map[string]bool{}, oldDecls: maps.Clone(s.decls), oldVars: maps.Clone(s.vars), replaces: map[string]version{}}
	g.declare()
	g.propagate()
	g.name()
	g.variables()
	l.functions(g)
	l.body(ck)
	l.describeEarlier()
	if hard := l.entangled(); len(hard) > 0 {
		u.makes = &typeMaker{l: l, names: map[string]*types.Named{}, made: map[string]reflect.Type{}}
		for _, s := range hard {
			u.makes.names[s.name] = s.typ
		}
	}
	u.file = l.assemble()
	return u, nil
}

// snapshot remembers the session's state; the result restores it.
func (s *engine) snapshot(u *unit) func() {
	decls, vars, imports, warn := s.decls, s.vars, s.imports, len(s.warnings)
	s.decls = map[string]*decl{}
	for k, v := range decls {
		c := *v
		s.decls[k] = &c
	}
	s.vars = maps.Clone(vars)
	return func() {
		s.decls, s.vars, s.imports, s.warnings = decls, vars, imports, s.warnings[:min(warn, len(s.warnings))]
		for k := range u.newInst {
			delete(s.inst, k)
		}
		for _, k := range u.newDescs {
			delete(s.descs, k)
		}
		for _, f := range u.onRollback {
			f()
		}
	}
}

// generation works out which declarations a cell changes, and with them all
// that depend on these.
type generation struct {
	l        *lowerer
	s        *engine
	ck       *checked
	changed  map[string]bool // keys and names
	oldDecls map[string]*decl
	oldVars  map[string]*svar
	keys     []string // of all declarations, sorted
	replaces map[string]version
}

// version is what a function was before the cell.
type version struct{ iname, sig string }

// declare enters the cell's declarations.
func (g *generation) declare() {
	kept := map[string]bool{}
	for _, d := range g.ck.env {
		kept[d.key] = true
	}
	for k, d := range g.s.decls {
		if !kept[k] {
			g.s.former[k] = d.cell
			delete(g.s.decls, k)
		}
	}
	for _, d := range g.ck.newDecls {
		d.src = g.s.printNorm(d.node, g.l.info)
		d.deps = g.l.depsOf(d.node)
		g.l.keepText(d)
		if old := g.oldDecls[d.key]; old != nil && old.src == d.src && old.iname != "" && old.native == d.native && !g.s.rehook(d) {
			d.iname = old.iname
		} else {
			g.change(d)
		}
		d.node = g.l.normalise(d.node)
		g.s.decls[d.key] = d
		for _, n := range d.names {
			delete(g.s.vars, n)
		}
	}
	for n := range g.ck.imported {
		delete(g.s.vars, n)
	}
	for _, n := range g.ck.defs {
		if g.oldDecls[n] != nil {
			g.changed[n] = true
		}
	}
	for _, d := range g.ck.env {
		if g.s.rehook(d) {
			g.change(d)
		}
	}
}

func (g *generation) change(d *decl) {
	g.changed[d.key] = true
	for _, n := range d.names {
		g.changed[n] = true
	}
}

// typeChanged reports whether a type that changed occurs in t.
func (g *generation) typeChanged(t types.Type) bool {
	for n := range sessionTypes(t) {
		if g.changed[n] {
			return true
		}
	}
	return false
}

// propagate marks all that depends on what changed.
func (g *generation) propagate() {
	for again := true; again; {
		again = false
		for k, d := range g.s.decls {
			if g.changed[k] {
				continue
			}
			for dep := range d.deps {
				// A type does not depend on its methods, though they may mention it.
				if dep != k && g.changed[dep] {
					g.change(d)
					again = true
					break
				}
			}
		}
		for _, n := range g.ck.defs {
			if g.changed[n] {
				continue
			}
			t := g.l.pkg.Scope().Lookup(n).Type()
			if old := g.oldVars[n]; old == nil || g.typeChanged(t) || spelled(t) != spelled(old.typ) {
				g.changed[n] = true
				again = true
			}
		}
	}
	for n, v := range g.s.vars {
		if !slices.Contains(g.ck.defs, n) && g.typeChanged(v.typ) {
			delete(g.s.vars, n)
			g.s.warnings = append(g.s.warnings, fmt.Sprintf("%s was dropped: its type changed; run its cell again", n))
		}
	}
}

// spelled compares types across checks.
func spelled(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Path() })
}

// name gives all that changed a fresh internal name.
func (g *generation) name() {
	for k := range g.s.decls {
		g.keys = append(g.keys, k)
	}
	sort.Strings(g.keys)
	for _, k := range g.keys {
		if d := g.s.decls[k]; g.changed[k] || d.iname == "" {
			if old := g.oldDecls[k]; old != nil && old.iname != "" {
				if _, ok := old.node.(*ast.FuncDecl); ok {
					g.l.u.replaced = append(g.l.u.replaced, old.iname)
					g.replaces[k] = version{old.iname, old.sig}
				}
			}
			d.iname = g.l.fresh(strings.NewReplacer(".", "_", ":", "_", ",", "_", "#", "_").Replace(k))
			g.changed[k] = true
		}
	}
}

// variables declares what the cell defines. A variable that is defined again
// with the same type stays the same variable; x := x+1 with another type reads
// the one before.
func (g *generation) variables() {
	l, s := g.l, g.s
	before := map[string]string{}
	for _, n := range g.ck.old {
		before[n] = g.oldVars[n].iname
	}
	fresh := map[string]*svar{}
	for _, n := range g.ck.defs {
		v := &svar{name: n, typ: l.pkg.Scope().Lookup(n).Type()}
		v.deps = sessionTypes(v.typ)
		if old := g.oldVars[n]; !g.changed[n] && old != nil && !old.predeclared {
			v.iname = old.iname
		} else {
			v.iname = l.fresh(n)
			l.u.vars = append(l.u.vars, &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id(v.iname)}, Type: l.typ(v.typ)}}})
		}
		fresh[n] = v
	}
	maps.Copy(s.vars, fresh)
	old := map[*ast.Ident]string{}
	for x, n := range g.ck.old {
		old[x] = before[n]
	}
	l.old = old
}

// functions emits the functions and methods that changed; generic ones are
// emitted as they are instantiated.
func (l *lowerer) functions(g *generation) {
	for _, k := range g.keys {
		d := l.s.decls[k]
		orig, ok := l.origNode(d).(*ast.FuncDecl)
		if !ok || !g.changed[k] {
			continue
		}
		f := l.info.Defs[orig.Name].(*types.Func)
		sg := f.Signature()
		if sg.TypeParams().Len() > 0 || sg.RecvTypeParams().Len() > 0 {
			continue
		}
		if d.sig = l.key(sg); sg.Recv() != nil {
			d.sig = l.key(sg.Recv().Type()) + "." + d.sig
		}
		if old := g.replaces[k]; old.sig == d.sig {
			l.u.prolog = append(l.u.prolog, exprStmt(call(rtFn("Redirect"), strLit(k), strLit(d.sig), strLit(old.iname), id(d.iname))))
		}
		if d.native && l.native(d, orig, f) {
			continue
		}
		l.emitFunc(orig, f, d.iname, nil)
		if orig.Name.Name == "init" && orig.Recv == nil {
			l.u.inits = append(l.u.inits, exprStmt(call(id(d.iname))))
			delete(l.s.decls, k)
		}
	}
	l.natives()
	// Values in boxes of the types whose methods changed must see the new ones.
	touched := map[string]bool{}
	for k := range g.changed {
		if t, _, ok := strings.Cut(k, "."); ok {
			touched[t] = true
		}
	}
	if len(touched) == 0 {
		return
	}
	descs := make([]*typeDesc, 0, len(l.s.descs))
	for _, d := range l.s.descs {
		descs = append(descs, d)
	}
	sort.Slice(descs, func(i, j int) bool { return descs[i].id < descs[j].id })
	for _, d := range descs {
		if t := l.current(d.typ); t != nil && !d.Plain {
			l.refresh(d, t)
		}
	}
}

// current finds the type of an earlier check in this one; nil when a cell
// type in it was declared again.
func (l *lowerer) current(t types.Type) types.Type {
	switch t := types.Unalias(t).(type) {
	case *types.Pointer:
		if e := l.current(t.Elem()); e != nil {
			return types.NewPointer(e)
		}
		return nil
	case *types.Named:
		if !isMain(t.Obj()) || t.TypeArgs().Len() > 0 || t.Obj().Parent() != t.Obj().Pkg().Scope() {
			return nil
		}
		o, ok := l.pkg.Scope().Lookup(t.Obj().Name()).(*types.TypeName)
		if !ok || o.IsAlias() {
			return nil
		}
		if _, ok := l.s.descs[l.key(o.Type())]; !ok {
			return nil
		}
		return o.Type()
	}
	return nil
}

// body lowers the cell's statements to one function.
func (l *lowerer) body(ck *checked) {
	l.top = true
	l.fn = &fnCtx{sig: types.NewSignatureType(nil, nil, nil, nil, nil, false)}
	cellSpan := 0
	l.fn.mark, cellSpan = l.cellMark()
	l.fn.traced = l.traceCell()
	defer l.inBlock()()
	ck.stmts = l.initOrder(ck.stmts)
	first := slices.IndexFunc(ck.stmts, func(st ast.Stmt) bool { return varDecl(st) == nil })
	stmts := func() (body []ast.Stmt) {
		for i, st := range ck.stmts {
			if i == first {
				body = append(body, l.u.inits...)
			}
			body = append(body, l.hook(st)...)
			if m := l.markStmt(st); m != nil {
				body = append(body, m)
			}
			if i == len(ck.stmts)-1 && ck.trailing != nil {
				body = append(body, l.checks(st)...)
				body = append(body, l.display(ck.trailing)...)
				continue
			}
			body = append(body, l.topStmtNoted(ck, i)...)
		}
		if first < 0 {
			body = append(body, l.u.inits...)
		}
		return body
	}
	var body []ast.Stmt
	if hasDefer(ck.stmts) {
		body = l.deferring(stmts)
	} else {
		body = stmts()
	}
	if len(body) == 0 && len(l.u.prolog) == 1 && len(l.u.funcs) == 0 {
		return // nothing but declarations
	}
	l.u.prolog = append(l.enterTraced(token.NoPos), l.u.prolog...)
	if body = append(l.u.prolog, body...); len(body) > 0 {
		l.u.cellFn = l.fresh("cell")
		l.s.rt.spans.addCell(l.u.cellFn, cellSpan)
		l.emit(funcDecl(l.u.cellFn, funcType(nil, nil), body...))
	}
}

// cellMark is the line mark of the cell itself.
func (l *lowerer) cellMark() (mark string, number int) {
	i := l.s.rt.spans.add(&span{file: l.s.cellName, start: site{line: l.s.firstLine}, end: site{line: math.MaxInt}})
	n := l.helper("at", "cell", func(n string) {
		l.u.vars = append(l.u.vars, &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id(n)}, Type: id("int")}}})
	})
	l.u.prolog = append(l.u.prolog, exprStmt(call(rtFn("Mark"), intLit(i), addr(id(n)))))
	return n, i
}
