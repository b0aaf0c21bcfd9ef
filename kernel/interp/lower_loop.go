package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// target is a statement that break or continue can mean.
type target struct {
	label      string
	brk, cnt   bool
	rf         *rangeFunc // set when the statement is a range over a function
	onContinue []ast.Stmt // what must run before the next iteration
}

// enter and leave bracket a switch or select, whose break is their own.
func (l *lowerer) enter(brk, cnt bool) { l.push(&target{brk: brk, cnt: cnt}) }
func (l *lowerer) leave(_, _ bool)     { l.pop() }

func (l *lowerer) push(t *target) {
	t.label, l.fn.label = l.fn.label, ""
	l.fn.targets = append(l.fn.targets, t)
}

func (l *lowerer) pop() { l.fn.targets = l.fn.targets[:len(l.fn.targets)-1] }

func (l *lowerer) branch(s *ast.BranchStmt) []ast.Stmt {
	b := &ast.BranchStmt{TokPos: s.TokPos, Tok: s.Tok}
	if s.Label != nil {
		b.Label = idAt(s.Label.Name, s.Label.NamePos)
	}
	if s.Tok == token.FALLTHROUGH {
		return []ast.Stmt{b}
	}
	if s.Tok != token.BREAK && s.Tok != token.CONTINUE {
		if lb := l.info.Uses[s.Label]; s.Tok == token.GOTO && l.fn.loop != nil && lb != nil && (lb.Pos() < l.fn.loop.body.Pos() || lb.Pos() > l.fn.loop.body.End()) {
			return l.exitLoop(l.fn.loop, s)
		}
		return []ast.Stmt{b}
	}
	var crossed *rangeFunc
	for i := len(l.fn.targets) - 1; i >= 0; i-- {
		t := l.fn.targets[i]
		hit := s.Tok == token.BREAK && t.brk || s.Tok == token.CONTINUE && t.cnt
		if s.Label != nil {
			hit = t.label == s.Label.Name
		}
		switch {
		case !hit && t.rf != nil:
			if crossed == nil {
				crossed = t.rf
			}
		case hit && crossed != nil:
			return l.leaveLoop(crossed, s)
		case hit && t.rf != nil:
			return t.rf.next(s.Tok == token.CONTINUE)
		case hit && s.Tok == token.CONTINUE && len(t.onContinue) > 0:
			return []ast.Stmt{block(append(append([]ast.Stmt{}, t.onContinue...), b)...)}
		case hit:
			return []ast.Stmt{b}
		}
	}
	return []ast.Stmt{b}
}

// clause puts the statements of a switch or select clause that has labels into a
// block: yaegi finds labels only there.
func clause(ss []ast.Stmt) []ast.Stmt {
	labels := false
	for _, s := range ss {
		_, ok := s.(*ast.LabeledStmt)
		labels = labels || ok
	}
	if !labels {
		return ss
	}
	n := len(ss)
	if b, ok := ss[n-1].(*ast.BranchStmt); ok && b.Tok == token.FALLTHROUGH {
		n--
	}
	return append([]ast.Stmt{block(ss[:n:n]...)}, ss[n:]...)
}

func boolName(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// captured reports whether a closure, a pointer, or a go or defer statement
// in n can outlive an iteration and see one of the variables; and whether one
// of them is assigned.
func (l *lowerer) captured(n ast.Node, objs map[types.Object]bool) (capt, assigned bool) {
	uses := func(n ast.Node) {
		ast.Inspect(n, func(k ast.Node) bool {
			if x, ok := k.(*ast.Ident); ok && objs[l.obj(x)] {
				capt = true
			}
			return !capt
		})
	}
	assignedTo := func(x ast.Expr) {
		if x, ok := unparen(x).(*ast.Ident); ok && objs[l.obj(x)] {
			assigned = true
		}
	}
	ast.Inspect(n, func(m ast.Node) bool {
		switch m := m.(type) {
		case *ast.FuncLit:
			uses(m.Body)
		case *ast.UnaryExpr:
			if m.Op == token.AND {
				uses(m.X)
			}
		case *ast.SelectorExpr: // a method with a pointer receiver, a method value
			if s := l.info.Selections[m]; s != nil && s.Kind() == types.MethodVal {
				uses(m.X)
			}
		case *ast.SliceExpr: // of an array variable
			uses(m.X)
		case *ast.GoStmt:
			uses(m.Call)
		case *ast.DeferStmt:
			uses(m.Call)
		case *ast.RangeStmt:
			if _, ok := l.typeOf(m.X).Underlying().(*types.Signature); ok {
				uses(m.Body)
			}
			if m.Tok == token.ASSIGN {
				assignedTo(m.Key)
				assignedTo(m.Value)
			}
		case *ast.AssignStmt:
			for _, x := range m.Lhs {
				assignedTo(x)
			}
		case *ast.IncDecStmt:
			assignedTo(m.X)
		}
		return true
	})
	return capt, assigned || capt
}

// forStmt lowers a loop. When its variables can outlive an iteration, each
// iteration gets its own, and an outer one carries the value on.
func (l *lowerer) forStmt(s *ast.ForStmt) []ast.Stmt {
	label := l.fn.label
	n := &ast.ForStmt{For: s.For}
	objs := map[types.Object]bool{}
	var vars []types.Object
	if a, ok := s.Init.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
		for _, x := range a.Lhs {
			if o := l.info.Defs[x.(*ast.Ident)]; o != nil && o.Name() != "_" {
				objs[o] = true
				vars = append(vars, o)
			}
		}
	}
	capt, assigned := false, false
	if len(objs) > 0 {
		capt, assigned = l.captured(s.Body, objs)
	}
	var out []ast.Stmt
	l.fn.label = ""
	if s.Init != nil {
		init := l.stmt(s.Init)
		if len(init) == 1 && isSimple(init[0]) {
			n.Init = init[0]
		} else {
			out = init
		}
	}
	n.Cond = l.cond(s.Cond)
	if s.Post != nil {
		post := l.stmt(s.Post)
		if len(post) == 1 && isSimple(post[0]) {
			n.Post = post[0]
		} else {
			n.Post = exprStmt(call(&ast.FuncLit{Type: funcType(nil, nil), Body: block(post...)}))
		}
	}
	t := &target{brk: true, cnt: true}
	var in []ast.Stmt
	if capt {
		for _, o := range vars {
			outer := l.local(o)
			inner := l.fresh(o.Name())
			l.names[o] = inner
			in = append(in, define([]string{inner}, id(outer)))
			if assigned {
				t.onContinue = append(t.onContinue, assign(id(outer), id(inner)))
			}
		}
	}
	in = append(in, l.hookAgain(s, s.Body)...)
	l.fn.label = label
	l.push(t)
	n.Body = l.block(s.Body)
	l.pop()
	n.Body.List = append(append(in, n.Body.List...), t.onContinue...)
	return append(out, n)
}

// isSimple reports whether a statement may stand in the head of a for.
func isSimple(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.AssignStmt, *ast.ExprStmt, *ast.IncDecStmt, *ast.SendStmt:
		return true
	default:
		_ = s
		return false
	}
}
