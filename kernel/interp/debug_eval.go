package interp

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"reflect"
	"slices"

	"divvy/kernel/cell"
	"divvy/kernel/debug"
)

// An expression in a frame goes the way of a cell: it is checked, among the
// names in scope where the frame is, lowered and compiled. It becomes
// a function whose local variables are pointers to those of the frame.

// evaluation is a compiled expression.
type evaluation struct {
	fn    string       // its function
	vars  []int        // of the frame, that it uses, by number
	types []types.Type // of the values that it gives; nil for a blank
	isNil bool
	call  reflect.Value // the function, once it has been looked up
}

// What an evaluation gives.
const (
	evalValues = iota // pointers to the values
	evalBoxed         // interface values, as display takes them
	evalGlobal        // nothing: it sets a new variable of the session
)

// compileIn compiles an expression in a frame.
func (p debugged) compileIn(f *debug.Frame, expr string, mode int, global string) (ev *evaluation, err error) {
	from, ok := f.Func.Data.(*traceFrom)
	if !ok || from.l == nil {
		return nil, errNoFrame
	}
	if f.Site() == nil {
		return nil, errors.New("this frame has not come to a statement yet")
	}
	e := p.s.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	hooking := e.hooking
	e.hooking = false
	defer func() { e.hooking = hooking }()

	stmt, err := e.parseEvaluated(expr)
	if err != nil {
		return nil, err
	}
	u := &unit{imports: map[string]string{}, newInst: map[string]bool{}}
	l := *from.l
	l.u, l.sub, l.top, l.old = u, from.sub, false, nil
	l.names, l.derefs = map[types.Object]string{}, map[types.Object]string{}
	l.fn = &fnCtx{sig: types.NewSignatureType(nil, nil, nil, nil, nil, false)}
	u.rollback = e.snapshot(u)
	defer func() {
		if r := recover(); r != nil {
			ev = nil
			if us, ok := r.(unsupported); ok {
				err = us.err
			} else {
				err = fmt.Errorf("%v", r)
			}
		}
		if err != nil {
			u.rollback()
		}
	}()
	ev = &evaluation{fn: l.fresh("eval")}
	body, err := l.evaluated(f, stmt, ev, mode, global)
	if err != nil {
		return nil, err
	}
	l.emit(funcDecl(ev.fn, funcType(nil, nil), body...))
	u.file = l.assemble()
	if err := e.compile(u); err != nil {
		return nil, &limitation{err}
	}
	u.commit()
	return ev, nil
}

// parseEvaluated parses an expression, or an assignment.
func (s *engine) parseEvaluated(expr string) (ast.Stmt, error) {
	f, err := parser.ParseFile(s.fset, "debugger", "package main;func _(){"+expr+"\n}", parser.SkipObjectResolution)
	if err != nil {
		return nil, s.syntaxErrors(err)
	}
	fn, ok := f.Decls[0].(*ast.FuncDecl)
	if !ok || len(f.Decls) != 1 || len(fn.Body.List) != 1 {
		return nil, errors.New("the debugger evaluates one expression, or one assignment")
	}
	return fn.Body.List[0], nil
}

// evaluated lowers what is evaluated.
func (l *lowerer) evaluated(f *debug.Frame, stmt ast.Stmt, ev *evaluation, mode int, global string) ([]ast.Stmt, error) {
	place := f.Site().Data.(sitePlace)
	scope := l.scopeAt(place)
	check := func(x ast.Expr) (types.TypeAndValue, error) {
		if err := types.CheckExpr(l.s.fset, scope, token.NoPos, x, l.info); err != nil {
			var te types.Error
			if errors.As(err, &te) {
				return types.TypeAndValue{}, errors.New(te.Msg)
			}
			return types.TypeAndValue{}, err
		}
		return l.info.Types[x], nil
	}
	switch s := stmt.(type) {
	case *ast.ExprStmt:
		tv, err := check(s.X)
		if err != nil {
			return nil, err
		}
		body, err := l.frameVars(f, s.X, ev)
		if err != nil {
			return nil, err
		}
		return append(body, l.give(s.X, tv, ev, mode, global)...), nil
	case *ast.AssignStmt:
		if s.Tok != token.ASSIGN || len(s.Lhs) != 1 || len(s.Rhs) != 1 {
			break
		}
		to, err := check(s.Lhs[0])
		if err != nil {
			return nil, err
		}
		value, err := check(s.Rhs[0])
		if err != nil {
			return nil, err
		}
		if !to.Addressable() && !isMapIndex(l, s.Lhs[0]) {
			return nil, errors.New("this cannot be assigned to")
		}
		if !types.AssignableTo(value.Type, to.Type) {
			return nil, fmt.Errorf("a value of type %s cannot be assigned to %s", typeText(value.Type), typeText(to.Type))
		}
		body, err := l.frameVars(f, s, ev)
		if err != nil {
			return nil, err
		}
		return append(body, l.assign(s)...), nil
	}
	return nil, errors.New("the debugger evaluates one expression, or one assignment")
}

func isMapIndex(l *lowerer, e ast.Expr) bool {
	x, ok := unparen(e).(*ast.IndexExpr)
	if !ok {
		return false
	}
	_, ok = l.typeOf(x.X).Underlying().(*types.Map)
	return ok
}

// scopeAt is a package whose names are those in scope at a place.
func (l *lowerer) scopeAt(place sitePlace) *types.Package {
	pkg := types.NewPackage("main", "main")
	for sc := place.scope; sc != nil && sc != types.Universe; sc = sc.Parent() {
		for _, name := range sc.Names() {
			o := sc.Lookup(name)
			if _, visible := place.scope.LookupParent(name, place.pos); visible == o || o.Parent() == l.pkg.Scope() {
				if pn, ok := o.(*types.PkgName); ok { // the checker wants its own
					o = types.NewPkgName(token.NoPos, pkg, name, pn.Imported())
				}
				pkg.Scope().Insert(o) // of equal names, the innermost has come first
			}
		}
	}
	for name, path := range l.s.imports {
		if imported, err := l.s.lib.Import(path); err == nil {
			pkg.Scope().Insert(types.NewPkgName(token.NoPos, pkg, name, imported))
		}
	}
	return pkg
}

// frameVars begins the function: its variables point to those of the frame.
func (l *lowerer) frameVars(f *debug.Frame, n ast.Node, ev *evaluation) (body []ast.Stmt, err error) {
	ast.Inspect(n, func(m ast.Node) bool {
		x, ok := m.(*ast.Ident)
		if !ok {
			return err == nil
		}
		v, ok := l.info.Uses[x].(*types.Var)
		if !ok || v.IsField() || !isMain(v) || l.pkgLevel(v) || l.derefs[v] != "" || v.Pos() >= n.Pos() && v.Pos() < n.End() {
			return true
		}
		i := slices.IndexFunc(f.Func.Vars, func(lv debug.Local) bool { return lv.Data.(localVar).obj == v })
		if i < 0 || f.Pointer(i) == nil {
			err = fmt.Errorf("%s has no value in this frame: nothing in it uses it", v.Name())
			return false
		}
		ptr := l.fresh("p")
		body = append(body, declareVar(ptr, star(l.typ(f.Func.Vars[i].Data.(localVar).typ))),
			exprStmt(call(rtFn("Local"), intLit(len(ev.vars)), addr(id(ptr)))))
		l.derefs[v] = ptr
		ev.vars = append(ev.vars, i)
		return true
	})
	return body, err
}

// give hands the values of an expression to the support.
func (l *lowerer) give(x ast.Expr, tv types.TypeAndValue, ev *evaluation, mode int, global string) []ast.Stmt {
	empty := types.NewInterfaceType(nil, nil)
	if tv.IsVoid() {
		return l.exprStmt(&ast.ExprStmt{X: x})
	}
	if tv.IsNil() {
		ev.isNil = true
		return nil
	}
	if tup, ok := tv.Type.(*types.Tuple); ok {
		var names []string
		var out []ast.Stmt
		for i := range tup.Len() {
			n := l.fresh("v")
			t := l.st(tup.At(i).Type())
			names, ev.types = append(names, n), append(ev.types, t)
			if mode == evalBoxed {
				out = append(out, exprStmt(call(rtFn("BoxValue"), l.toIface(id(n), t, empty, x.Pos()))))
			} else {
				out = append(out, exprStmt(call(rtFn("Value"), addr(id(n)))))
			}
		}
		return append([]ast.Stmt{define(names, l.expr(x))}, out...)
	}
	t := types.Default(l.st(tv.Type))
	ev.types = append(ev.types, t)
	switch mode {
	case evalBoxed:
		return []ast.Stmt{exprStmt(call(rtFn("BoxValue"), l.conv(x, empty)))}
	case evalGlobal:
		v := &svar{name: global, iname: l.fresh(global), typ: t, deps: sessionTypes(t)}
		l.u.vars = append(l.u.vars, &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id(v.iname)}, Type: l.typ(t)}}})
		l.u.onCommit = append(l.u.onCommit, func() { l.s.vars[global] = v })
		return []ast.Stmt{assign(id(v.iname), l.conv(x, t))}
	}
	n := l.fresh("v")
	return []ast.Stmt{declareVar(n, l.typ(t)), assign(id(n), l.conv(x, t)), exprStmt(call(rtFn("Value"), addr(id(n))))}
}

// run calls a compiled expression for a frame whose goroutine is held, on
// another one. What it prints belongs to the frame's cell.
func (p debugged) run(ctx context.Context, f *debug.Frame, ev *evaluation) (values []any, shown *cell.Bundle, err error) {
	done := make(chan struct{})
	r := p.s.runs.latest.Load()
	if r != nil && errors.Is(context.Cause(r.ctx), errInterrupted) { // before the evaluation began
		return nil, nil, errInterrupted
	}
	running := r != nil && r.ctx.Err() == nil
	if running { // an interrupt of the cell ends the evaluation, too
		c, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(r.ctx, func() { cancel(context.Cause(r.ctx)) })()
		ctx = c
	}
	go func() {
		defer close(done)
		if r != nil {
			defer enterAs(r)()
		}
		p.s.tracer.Quietly(func() {
			err = p.s.engine.exec.guarded(ctx, func() error {
				return p.s.engine.rt.evaluate(p.s.engine, f, ev, func(vs, boxed []any) {
					if values = vs; len(boxed) > 0 {
						shown = bundleOf(boxed)
					}
				})
			})
		})
	}()
	<-done
	if err == nil && running && r.ctx.Err() != nil {
		// What ended the cell may have ended the frames of the evaluation as well, whose
		// values then are zero, before the evaluation's own context was told.
		return nil, nil, context.Cause(r.ctx)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("the expression took too long and was stopped")
	}
	return values, shown, err
}

// evaluate calls a compiled expression on the calling goroutine.
func (t *tracing) evaluate(e *engine, f *debug.Frame, ev *evaluation, take func(values, boxed []any)) (err error) {
	t.evaluating.Lock()
	defer t.evaluating.Unlock()
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("panic: " + panicText(recovered(r)))
		}
	}()
	t.pointers, t.values, t.boxed = nil, nil, nil
	for _, i := range ev.vars {
		t.pointers = append(t.pointers, f.Pointer(i))
	}
	if !ev.call.IsValid() {
		e.mu.Lock()
		ev.call, err = e.yaegi.Eval(ev.fn)
		e.keep.forget([]string{ev.fn})
		e.mu.Unlock()
		if err != nil {
			return err
		}
	}
	ev.call.Call(nil)
	take(t.values, t.boxed)
	return nil
}

// CopyToGlobals implements debug.Program.
func (p debugged) CopyToGlobals(ctx context.Context, f *debug.Frame, src, dst string) error {
	if !token.IsIdentifier(dst) {
		return fmt.Errorf("%q is no name for a variable", dst)
	}
	e := p.s.engine
	e.mu.Lock()
	taken := e.decls[dst] != nil || e.imports[dst] != ""
	e.mu.Unlock()
	if taken {
		return fmt.Errorf("%s is declared as something else", dst)
	}
	ev, err := p.compileIn(f, src, evalGlobal, dst)
	if err != nil {
		return err
	}
	_, _, err = p.run(ctx, f, ev)
	return err
}

// condition is that of a breakpoint, at one of its sites.
type condition struct {
	site *debug.Site
	expr string
}

// keptConditions is how many conditions stay compiled.
const keptConditions = 1000

// Condition implements debug.Program.
func (p debugged) Condition(f *debug.Frame, expr string) (hit bool, err error) {
	d := &p.s.debugging
	key := condition{f.Site(), expr}
	d.compiling.Lock()
	ev := d.conditions[key]
	if ev == nil {
		if ev, err = p.compileIn(f, expr, evalValues, ""); err == nil {
			if len(d.conditions) > keptConditions || d.conditions == nil {
				d.conditions = map[condition]*evaluation{}
			}
			d.conditions[key] = ev
		}
	}
	d.compiling.Unlock()
	if err != nil {
		return false, err
	}
	var given reflect.Value
	p.s.tracer.Quietly(func() {
		err = p.s.engine.rt.evaluate(p.s.engine, f, ev, func(vs, _ []any) {
			if len(vs) == 1 {
				given = reflect.ValueOf(vs[0]).Elem()
			}
		})
	})
	if err == nil && given.Kind() != reflect.Bool {
		err = errors.New("it is no boolean expression")
	}
	return err == nil && given.Bool(), err
}
