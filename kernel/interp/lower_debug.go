package interp

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"

	"divvy/kernel/debug"
)

// While a debugger is attached, lowered code tells it where it is: each function
// enters a frame and leaves it in a deferred call, and before each statement a
// hook says which one it is, with pointers to the variables that have come into
// scope since the hook before. Otherwise nothing of this is there, and costs
// nothing. yaegi's own debugger does not do: it knows the lowered program, with
// its names and statements, follows one Program from its start, and needs the
// syntax that the keeper drops.

// traced is a function being lowered, as the debugger is to know it.
type traced struct {
	fn       *debug.Func
	frame    string // the variable that holds the frame
	number   int    // of fn in the support's table
	scope    *types.Scope
	captured []types.Object // of the functions around it
	index    map[types.Object]int
	known    map[types.Object]bool // whose pointers a hook before has brought
	literals int
}

// place is where a site lies, for what is evaluated there.
type sitePlace struct {
	scope *types.Scope
	pos   token.Pos
}

// traceFrom is what an expression in a frame is lowered with.
type traceFrom struct {
	number int // of the function in the support's table
	l      *lowerer
	sub    map[*types.TypeParam]types.Type
	top    *types.Scope // of the function
	cell   string
	defs   []string // what the cell defines, for the frame of a cell
}

// localVar is a local variable, in the instance of its function.
type localVar struct {
	obj *types.Var
	typ types.Type
}

// Evaluation needs all that the checker found out of a cell, so only recent
// cells are kept for it, and more of those that declare functions.
const (
	keptCells     = 64
	keptFunctions = 512
)

// register makes the functions of a compiled cell known to the debugger.
func (s *engine) register(u *unit) {
	if len(u.traced) == 0 {
		return
	}
	for _, f := range u.traced {
		s.rt.tracer.AddFunc(f)
	}
	list, keep := &s.tracedCells, keptCells
	if u.declares {
		list, keep = &s.tracedFuncs, keptFunctions
	}
	if *list = append(*list, u.traced); len(*list) > keep {
		old := (*list)[0]
		*list = (*list)[1:]
		for _, f := range old {
			from := f.Data.(*traceFrom)
			from.l = nil
			s.rt.lighten(from.number, f)
		}
		s.rt.tracer.Forget(func(f *debug.Func) bool { return slices.Contains(old, f) })
	}
}

// rehook reports whether a function is to be compiled again, because the
// debugger has come or gone since.
func (s *engine) rehook(d *decl) bool {
	_, ok := d.node.(*ast.FuncDecl)
	return ok && !d.native && s.hooking != s.hooked
}

func (l *lowerer) trace(name string, scope *types.Scope) *traced {
	if !l.s.hooking || scope == nil {
		return nil
	}
	code := l.s.whole
	fn := &debug.Func{Name: name, Code: code, Source: l.s.cellName}
	t := &traced{fn: fn, frame: l.fresh("frame"), scope: scope, index: map[types.Object]int{}, known: map[types.Object]bool{}}
	fn.Data = &traceFrom{l: l, sub: l.sub, top: scope, cell: l.s.cellName}
	t.number = l.s.rt.addFunc(fn)
	fn.Data.(*traceFrom).number = t.number
	l.u.traced = append(l.u.traced, fn)
	return t
}

// traceFunc begins a declared function, which an earlier cell may hold.
func (l *lowerer) traceFunc(name string, n *ast.FuncDecl) *traced {
	if l.s.inPrelude(n.Pos()) {
		return nil
	}
	t := l.trace(name, l.info.Scopes[n.Type])
	if t != nil {
		l.u.declares = true
		file := cellOf(l.s.fset.Position(n.Pos()).Filename)
		if file != l.s.cellName {
			t.fn.Source, t.fn.Code = file, l.s.wholes[file]
		}
	}
	return t
}

func (l *lowerer) traceCell() *traced {
	t := l.trace(l.s.cellName, l.info.Scopes[l.ck.cell])
	if t != nil {
		t.fn.Cell = true
		t.fn.Data.(*traceFrom).defs = l.ck.defs
	}
	return t
}

// traceLit begins a function literal.
func (l *lowerer) traceLit(outer *fnCtx, e *ast.FuncLit) *traced {
	name := "func"
	t := l.trace(name, l.info.Scopes[e.Type])
	if t != nil {
		l.inherit(t, outer, ".func", e)
	}
	return t
}

// traceRange begins the body of a range over a function, which is one too.
func (l *lowerer) traceRange(outer *fnCtx, s *ast.RangeStmt) *traced {
	t := l.trace("range", l.info.Scopes[s.Body])
	if t != nil {
		l.inherit(t, outer, "-range", s.Body)
		for _, e := range []ast.Expr{s.Key, s.Value} {
			if o, ok := l.definedBy(s.Tok, e); ok && !slices.Contains(t.captured, o) {
				t.captured = append(t.captured, o)
			}
		}
	}
	return t
}

func (l *lowerer) definedBy(tok token.Token, e ast.Expr) (types.Object, bool) {
	if tok != token.DEFINE || isBlank(e) {
		return nil, false
	}
	o := l.info.Defs[e.(*ast.Ident)]
	return o, o != nil
}

// inherit names a function within another as Go does, and lists what it uses
// of those around it.
func (l *lowerer) inherit(t *traced, outer *fnCtx, kind string, body ast.Node) {
	if outer != nil && outer.traced != nil {
		o := outer.traced
		o.literals++
		t.fn.Name = o.fn.Name + kind + strconv.Itoa(o.literals)
		t.fn.Code, t.fn.Source = o.fn.Code, o.fn.Source
	}
	for _, v := range l.usedFromOutside(body) {
		t.captured = append(t.captured, v)
	}
}

// enterTraced are the statements that begin a traced function.
func (l *lowerer) enterTraced(p token.Pos) []ast.Stmt {
	if l.fn == nil || l.fn.traced == nil {
		return nil
	}
	t := l.fn.traced
	fn := func(name string) ast.Expr { return &ast.SelectorExpr{X: idAt("rt__", p), Sel: idAt(name, p)} }
	return []ast.Stmt{
		&ast.AssignStmt{Lhs: []ast.Expr{idAt(t.frame, p)}, Tok: token.DEFINE, TokPos: p,
			Rhs: []ast.Expr{&ast.CallExpr{Fun: fn("Enter"), Lparen: p, Args: []ast.Expr{intLit(t.number)}}}},
		&ast.DeferStmt{Defer: p, Call: &ast.CallExpr{Fun: fn("Leave"), Lparen: p, Args: []ast.Expr{idAt(t.frame, p)}}},
	}
}

// inBlock brackets a block, whose variables are not known after it.
func (l *lowerer) inBlock() (leave func()) {
	if l.fn == nil || l.fn.traced == nil {
		return func() {}
	}
	t := l.fn.traced
	saved := maps.Clone(t.known)
	return func() { t.known = saved }
}

// hook tells the debugger of a statement that comes next.
func (l *lowerer) hook(s ast.Stmt) []ast.Stmt {
	at, ok := stopsAt(s)
	if !ok {
		return nil
	}
	return l.site(at, at, false)
}

// hookAgain tells the debugger that an iteration of a loop begins.
func (l *lowerer) hookAgain(loop ast.Stmt, body *ast.BlockStmt) []ast.Stmt {
	return l.site(loop.Pos(), body.Lbrace, true)
}

// site makes a place to stop at.
func (l *lowerer) site(p, scopePos token.Pos, again bool) []ast.Stmt {
	if l.fn == nil || l.fn.traced == nil || !p.IsValid() {
		return nil
	}
	t := l.fn.traced
	at := l.s.fset.Position(p)
	sc := t.scope.Innermost(scopePos)
	if sc == nil {
		sc = t.scope
	}
	site := &debug.Site{Line: at.Line, Column: at.Column, Again: again, Data: sitePlace{sc, scopePos}}
	args := []ast.Expr{id(t.frame), intLit(len(t.fn.Sites))}
	for _, o := range visibleVars(sc, t.scope, scopePos, t.captured) {
		x := l.addressOf(o)
		if x == nil {
			continue
		}
		i, ok := t.index[o]
		if !ok {
			i = len(t.fn.Vars)
			t.index[o] = i
			t.fn.Vars = append(t.fn.Vars, debug.Local{Name: o.Name(), Data: localVar{o, l.st(o.Type())}})
		}
		site.Scope = append(site.Scope, i)
		if !t.known[o] {
			t.known[o] = true
			site.Vars = append(site.Vars, i)
			args = append(args, x)
		}
	}
	t.fn.Sites = append(t.fn.Sites, site)
	hook := "At"
	if len(site.Vars) == 0 {
		hook = "Step" // the same without variables, which is faster
	}
	return []ast.Stmt{exprStmt(call(rtFn(hook), args...))}
}

// addressOf points to a local variable; nil when the lowered code has none,
// because nothing uses it.
func (l *lowerer) addressOf(o types.Object) ast.Expr {
	if p, ok := l.derefs[o]; ok {
		return id(p)
	}
	if n, ok := l.names[o]; ok {
		return addr(id(n))
	}
	return nil
}

// visibleVars lists the variables that can be named at a place of a function,
// in the order in which they are declared.
func visibleVars(sc, top *types.Scope, p token.Pos, captured []types.Object) []*types.Var {
	var out []*types.Var
	add := func(o types.Object) {
		v, ok := o.(*types.Var)
		if !ok {
			return
		}
		if _, found := sc.LookupParent(v.Name(), p); found == o && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	for s := sc; s != nil; s = s.Parent() {
		for _, name := range s.Names() {
			add(s.Lookup(name))
		}
		if s == top {
			break
		}
	}
	for _, o := range captured {
		add(o)
	}
	slices.SortFunc(out, func(a, b *types.Var) int { return int(a.Pos() - b.Pos()) })
	return out
}

// usedFromOutside lists the local variables around a node that it uses.
func (l *lowerer) usedFromOutside(body ast.Node) []*types.Var {
	var vs []*types.Var
	ast.Inspect(body, func(n ast.Node) bool {
		x, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		v, ok := l.info.Uses[x].(*types.Var)
		if ok && !v.IsField() && isMain(v) && !l.pkgLevel(v) && (v.Pos() < body.Pos() || v.Pos() >= body.End()) && l.old[x] == "" && !slices.Contains(vs, v) {
			vs = append(vs, v)
		}
		return true
	})
	return vs
}

// tracesReceived reports whether a value is received where the debugger will
// want a pointer to it: yaegi has none for what a := receives.
func (l *lowerer) tracesReceived(e ast.Expr) bool {
	return isReceive(e) && l.fn != nil && l.fn.traced != nil
}
