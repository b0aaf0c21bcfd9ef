package interp

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"
	"strconv"
	"strings"
)

// depsOf collects the session names a node depends on.
func (l *lowerer) depsOf(n ast.Node) map[string]bool {
	m := map[string]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if o := l.obj(n); o != nil && l.pkgLevel(o) {
				m[o.Name()] = true
			}
		case *ast.SelectorExpr:
			if sel := l.info.Selections[n]; sel != nil && sel.Kind() != types.FieldVal {
				if f, ok := sel.Obj().(*types.Func); ok && isMain(f) {
					if r := f.Type().(*types.Signature).Recv(); r != nil {
						if nm := mainNamed(r.Type()); nm != nil {
							m[nm.Obj().Name()+"."+f.Name()] = true
						}
					}
				}
			}
		}
		return true
	})
	return m
}

func (s *engine) lower(ck *checked) (u *unit, err error) {
	u = &unit{s: s, imports: map[string]string{}, newInst: map[string]bool{}}
	l := &lowerer{s: s, u: u, ck: ck, info: ck.info, pkg: ck.pkg}
	// snapshot for rollback
	oldDecls, oldVars, oldImports := s.decls, s.vars, s.imports
	oldStubs := s.stubs
	cp := func() {
		d := map[string]*decl{}
		for k, v := range oldDecls {
			c := *v
			d[k] = &c
		}
		s.decls = d
		v2 := map[string]*svar{}
		for k, v := range oldVars {
			v2[k] = v
		}
		s.vars = v2
		st := map[string]bool{}
		for k := range oldStubs {
			st[k] = true
		}
		s.stubs = st
	}
	cp()
	rollback := func() {
		s.decls, s.vars, s.imports, s.stubs = oldDecls, oldVars, oldImports, oldStubs
		for k := range u.newInst {
			delete(s.inst, k)
		}
	}
	defer func() {
		if r := recover(); r != nil {
			rollback()
			if us, ok := r.(unsupported); ok {
				err = us.err
				return
			}
			panic(r)
		}
	}()
	s.imports = ck.imports
	for _, d := range ck.dropped {
		s.Warn = append(s.Warn, d)
	}
	envSet := map[string]bool{}
	for _, d := range ck.env {
		envSet[d.key] = true
	}
	for k := range s.decls {
		if !envSet[k] {
			delete(s.decls, k)
		}
	}
	changed := map[string]bool{}
	// new declarations
	for _, d := range ck.newDecls {
		d.src = s.printNorm(d.node, l.info)
		d.deps = l.depsOf(d.node)
		old := oldDecls[d.key]
		if old != nil && old.src == d.src && old.iname != "" {
			d.iname = old.iname
		} else {
			for _, n := range d.names {
				changed[n] = true
			}
			changed[d.key] = true
		}
		d.node = l.normalise(d.node)
		s.decls[d.key] = d
		for _, n := range d.names {
			delete(s.vars, n)
		}
	}
	for _, n := range ck.defs {
		if o := oldDecls[n]; o != nil {
			changed[n] = true
		}
	}
	// variables defined by this cell
	typeChanged := func(t types.Type) bool {
		m := map[string]bool{}
		mainTypes(t, m, 0)
		for k := range m {
			if changed[k] {
				return true
			}
		}
		return false
	}
	// fixpoint over dependents
	for again := true; again; {
		again = false
		for k, d := range s.decls {
			if changed[k] {
				continue
			}
			for dep := range d.deps {
				if dep != k && changed[dep] && !strings.HasPrefix(k, dep+".") || strings.HasPrefix(k, dep+".") && changed[dep] {
					changed[k] = true
					for _, n := range d.names {
						changed[n] = true
					}
					again = true
					break
				}
			}
		}
		for _, n := range ck.defs {
			if changed[n] {
				continue
			}
			t := l.pkg.Scope().Lookup(n).Type()
			ov := oldVars[n]
			if ov == nil || typeChanged(t) || l.typeKey0(t) != l.typeKey0(ov.typ) {
				changed[n] = true
				again = true
			}
		}
	}
	// variables of a changed type are lost
	for n, v := range s.vars {
		if !contains(ck.defs, n) && typeChanged(v.typ) {
			delete(s.vars, n)
			s.Warn = append(s.Warn, fmt.Sprintf("%s was dropped: its type changed; run its cell again", n))
		}
	}
	// internal names for everything that changed
	var keys []string
	for k := range s.decls {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		d := s.decls[k]
		if changed[k] || d.iname == "" {
			d.iname = l.fresh(strings.NewReplacer(".", "_", ":", "_", ",", "_").Replace(k))
			changed[k] = true
		}
	}
	// old generations stay addressable for x := x + 1
	oldName := map[string]string{}
	for _, n := range ck.old {
		oldName[n] = oldVars[n].iname
	}
	newVar := map[string]*svar{}
	for _, n := range ck.defs {
		t := l.pkg.Scope().Lookup(n).Type()
		v := &svar{name: n, typ: t, deps: map[string]bool{}}
		mainTypes(t, v.deps, 0)
		if !changed[n] && oldVars[n] != nil {
			v.iname = oldVars[n].iname
		} else {
			v.iname = l.fresh(n)
			u.varsD = append(u.varsD, &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id(v.iname)}, Type: l.typ(t, 0)}}})
		}
		newVar[n] = v
	}
	for n, v := range newVar {
		s.vars[n] = v
	}
	ren := map[*ast.Ident]string{}
	for i, n := range ck.old {
		ren[i] = n
	}
	l.ck = &checked{old: map[*ast.Ident]string{}}
	for i, n := range ren {
		key := n + "__old"
		s.vars[key] = &svar{iname: oldName[n]}
		l.ck.old[i] = key
	}
	defer func() {
		for k := range s.vars {
			if strings.HasSuffix(k, "__old") {
				delete(s.vars, k)
			}
		}
	}()
	// emit changed functions and methods (generic ones on demand)
	for _, k := range keys {
		d := s.decls[k]
		if !changed[k] {
			continue
		}
		switch n := d.node.(type) {
		case *ast.FuncDecl:
			orig := l.origNode(ck, d)
			f := l.info.Defs[orig.(*ast.FuncDecl).Name].(*types.Func)
			sg := f.Type().(*types.Signature)
			if sg.TypeParams().Len() > 0 || sg.RecvTypeParams().Len() > 0 {
				continue
			}
			l.emitFunc(orig.(*ast.FuncDecl), f, d.iname, nil, nil)
			if n.Name.Name == "init" && n.Recv == nil {
				u.prolog = append(u.prolog, &ast.ExprStmt{X: call(id(d.iname))})
				delete(s.decls, k)
			}
			if r := sg.Recv(); r != nil { // keep interface slots up to date
				if nm := mainNamed(r.Type()); nm != nil {
					td := s.decls[nm.Obj().Name()]
					slotT := td.iname
					if s.stubs[slotT+"."+f.Name()] {
						u.prolog = append(u.prolog, &ast.AssignStmt{Lhs: []ast.Expr{id("mv__" + slotT + "__" + f.Name())}, Tok: token.ASSIGN, Rhs: []ast.Expr{id(d.iname)}})
					} else if _, ok := s.inst["type:"+slotT]; ok {
						l.stubsFor(nm, slotT)
					}
				}
			}
		}
	}
	// the cell body
	l.top = true
	l.fn = &fnCtx{sig: types.NewSignatureType(nil, nil, nil, nil, nil, false)}
	var body []ast.Stmt
	for i, st := range ck.stmts {
		if i == len(ck.stmts)-1 && ck.trailing != nil {
			body = append(body, l.display(ck.trailing)...)
			continue
		}
		body = append(body, l.topStmt(st)...)
	}
	body = append(u.prolog, body...)
	// package-level main types that are declared but not yet used get emitted lazily
	if len(body) > 0 {
		u.cellFn = l.fresh("cell")
		u.funcs = append(u.funcs, &ast.FuncDecl{Name: id(u.cellFn), Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: &ast.BlockStmt{List: body}})
	}
	f := &ast.File{Package: s.filePos, Name: &ast.Ident{Name: "main", NamePos: s.filePos}}
	var as []string
	for a := range u.imports {
		as = append(as, a)
	}
	sort.Strings(as)
	var imps []ast.Decl
	for _, a := range as {
		if s.ydone[a] {
			continue
		}
		a := a
		u.onOK = append(u.onOK, func() { s.ydone[a] = true })
		imps = append(imps, &ast.GenDecl{Tok: token.IMPORT, Specs: []ast.Spec{&ast.ImportSpec{Name: id(a), Path: &ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(u.imports[a])}}}})
	}
	f.Decls = append(f.Decls, imps...)
	f.Decls = append(f.Decls, u.types...)
	f.Decls = append(f.Decls, u.varsD...)
	f.Decls = append(f.Decls, u.funcs...)
	fixPos(f, s.filePos)
	u.file = f
	u.rollback = rollback
	return u, nil
}

func contains(a []string, s string) bool {
	for _, x := range a {
		if x == s {
			return true
		}
	}
	return false
}

// typeKey0 compares types across checks by spelling.
func (l *lowerer) typeKey0(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Path() })
}

// origNode returns the node that was type checked for d in this round.
func (l *lowerer) origNode(ck *checked, d *decl) ast.Node {
	if n, ok := l.origOf[d.node]; ok {
		return n
	}
	return d.node
}

// normalise rewrites package identifiers to canonical aliases in a copy.
func (l *lowerer) normalise(n ast.Decl) ast.Decl {
	m := map[ast.Node]ast.Node{}
	c := clone(n, m)
	ast.Inspect(c, func(n ast.Node) bool {
		if x, ok := n.(*ast.Ident); ok {
			if o, ok := m[x].(*ast.Ident); ok {
				if pn, ok := l.info.Uses[o].(*types.PkgName); ok {
					x.Name = alias(pn.Imported().Path())
					aliasPaths[x.Name] = pn.Imported().Path()
				}
			}
		}
		return true
	})
	if l.origOf == nil {
		l.origOf = map[ast.Node]ast.Node{}
	}
	l.origOf[c] = n
	return c
}

// emitFunc lowers one function or method (with receiver as first parameter).
func (l *lowerer) emitFunc(n *ast.FuncDecl, f *types.Func, name string, sub map[*types.TypeParam]types.Type, _ any) {
	savedSub, savedFn, savedTop := l.sub, l.fn, l.top
	l.sub, l.top = sub, false
	sg := f.Type().(*types.Signature)
	l.fn = &fnCtx{sig: sg}
	ft := l.sig(sg, n.Pos(), true)
	if r := sg.Recv(); r != nil {
		rn := r.Name()
		if rn == "" || rn == "_" {
			rn = "recv__"
		}
		ft.Params.List = append([]*ast.Field{{Names: []*ast.Ident{id(rn)}, Type: l.typ(r.Type(), n.Pos())}}, ft.Params.List...)
	}
	fd := &ast.FuncDecl{Name: idp(name, n.Name.NamePos), Type: ft}
	l.u.funcs = append(l.u.funcs, fd)
	fd.Body = l.block(n.Body)
	l.sub, l.fn, l.top = savedSub, savedFn, savedTop
}

// funcInst returns the yaegi name of an instance of a generic session function.
func (l *lowerer) funcInst(f *types.Func, targs *types.TypeList, p token.Pos) string {
	d := l.s.decls[f.Name()]
	if d == nil {
		l.fail(p, "internal: no generic function %s", f.Name())
	}
	key := "func:" + d.iname + "[" + l.targsKey(targs) + "]"
	if n, ok := l.s.inst[key]; ok {
		return n
	}
	n := l.fresh(f.Name())
	l.setInst(key, n)
	orig := l.origNode(nil, d).(*ast.FuncDecl)
	fo := l.info.Defs[orig.Name].(*types.Func)
	sub := map[*types.TypeParam]types.Type{}
	tps := fo.Type().(*types.Signature).TypeParams()
	for i := 0; i < tps.Len(); i++ {
		sub[tps.At(i)] = l.st(targs.At(i))
	}
	l.emitFunc(orig, fo, n, sub, nil)
	return n
}

// methodFunc returns the name of the plain function that implements a method.
func (l *lowerer) methodFunc(f *types.Func, recv *types.Named) string {
	f = f.Origin()
	tn := recv.Obj().Name()
	d := l.s.decls[tn+"."+f.Name()]
	if d == nil {
		l.fail(f.Pos(), "internal: no method %s.%s", tn, f.Name())
	}
	if recv.TypeArgs().Len() == 0 {
		return d.iname
	}
	key := "meth:" + d.iname + "[" + l.targsKey(recv.TypeArgs()) + "]"
	if n, ok := l.s.inst[key]; ok {
		return n
	}
	n := l.fresh(tn + "_" + f.Name())
	l.setInst(key, n)
	orig := l.origNode(nil, d).(*ast.FuncDecl)
	fo := l.info.Defs[orig.Name].(*types.Func)
	sub := map[*types.TypeParam]types.Type{}
	tps := fo.Type().(*types.Signature).RecvTypeParams()
	for i := 0; i < tps.Len(); i++ {
		sub[tps.At(i)] = l.st(recv.TypeArgs().At(i))
	}
	l.emitFunc(orig, fo, n, sub, nil)
	return n
}

// topStmt lowers a top level statement: definitions become assignments to
// session variables.
func (l *lowerer) topStmt(st ast.Stmt) []ast.Stmt {
	lhsOf := func(x ast.Expr) ast.Expr {
		i := x.(*ast.Ident)
		if i.Name == "_" {
			return idp("_", i.NamePos)
		}
		return idp(l.varName(i.Name, i.NamePos), i.NamePos)
	}
	switch x := st.(type) {
	case *ast.AssignStmt:
		if x.Tok == token.DEFINE {
			a := &ast.AssignStmt{TokPos: x.TokPos, Tok: token.ASSIGN, Rhs: l.exprs(x.Rhs)}
			for _, e := range x.Lhs {
				a.Lhs = append(a.Lhs, lhsOf(e))
			}
			return []ast.Stmt{a}
		}
	case *ast.DeclStmt:
		g := x.Decl.(*ast.GenDecl)
		if g.Tok == token.VAR {
			var out []ast.Stmt
			for _, sp := range g.Specs {
				vs := sp.(*ast.ValueSpec)
				if len(vs.Values) == 0 {
					for _, n := range vs.Names {
						if n.Name == "_" {
							continue
						}
						z := l.fresh("z")
						out = append(out, &ast.DeclStmt{Decl: &ast.GenDecl{Tok: token.VAR, TokPos: n.NamePos, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id(z)}, Type: l.typ(l.pkg.Scope().Lookup(n.Name).Type(), n.NamePos)}}}},
							&ast.AssignStmt{TokPos: n.NamePos, Tok: token.ASSIGN, Lhs: []ast.Expr{lhsOf(n)}, Rhs: []ast.Expr{id(z)}})
					}
					continue
				}
				a := &ast.AssignStmt{TokPos: vs.Pos(), Tok: token.ASSIGN, Rhs: l.toIfaces(vs.Values, func(i int) types.Type {
					if vs.Type == nil {
						return nil
					}
					return l.info.Types[vs.Type].Type
				})}
				for _, n := range vs.Names {
					a.Lhs = append(a.Lhs, lhsOf(n))
				}
				out = append(out, a)
			}
			return out
		}
	}
	return l.stmt(st)
}

// display shows the value of the trailing expression.
func (l *lowerer) display(e ast.Expr) []ast.Stmt {
	tv := l.info.Types[e]
	t := tv.Type
	if tv.IsVoid() || t == nil {
		return []ast.Stmt{&ast.ExprStmt{X: l.expr(e)}}
	}
	x := l.expr(e)
	if tup, ok := t.(*types.Tuple); ok {
		if tup.Len() == 0 {
			return []ast.Stmt{&ast.ExprStmt{X: x}}
		}
		var lhs, args []ast.Expr
		for i := 0; i < tup.Len(); i++ {
			n := l.fresh("v")
			lhs = append(lhs, id(n))
			args = append(args, id(n))
		}
		return []ast.Stmt{&ast.AssignStmt{Lhs: lhs, Tok: token.DEFINE, Rhs: []ast.Expr{x}, TokPos: e.Pos()}, &ast.ExprStmt{X: call(rtfn("Display"), append([]ast.Expr{lit(token.INT, itoa(l.s.rt.desc(l, tup.At(0).Type())), 0)}, args...)...)}}
	}
	if types.Default(t) == types.Typ[types.UntypedNil] {
		return nil
	}
	return []ast.Stmt{&ast.ExprStmt{X: call(rtfn("Display"), lit(token.INT, itoa(l.s.rt.desc(l, types.Default(t))), 0), x)}}
}
