package interp

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
)

func itoa(i int) string { return strconv.Itoa(i) }

func (l *lowerer) block(b *ast.BlockStmt) *ast.BlockStmt {
	if b == nil {
		return nil
	}
	return &ast.BlockStmt{Lbrace: b.Lbrace, List: l.stmts(b.List), Rbrace: b.Rbrace}
}

func (l *lowerer) stmts(ss []ast.Stmt) (out []ast.Stmt) {
	for _, s := range ss {
		out = append(out, l.stmt(s)...)
	}
	return
}

func (l *lowerer) one(s ast.Stmt) ast.Stmt {
	if s == nil {
		return nil
	}
	r := l.stmt(s)
	if len(r) == 1 {
		return r[0]
	}
	return &ast.BlockStmt{List: r}
}

func (l *lowerer) stmt(s ast.Stmt) []ast.Stmt {
	one := func(s ast.Stmt) []ast.Stmt { return []ast.Stmt{s} }
	switch s := s.(type) {
	case *ast.EmptyStmt:
		return nil
	case *ast.BlockStmt:
		return one(l.block(s))
	case *ast.ExprStmt:
		return one(&ast.ExprStmt{X: l.expr(s.X)})
	case *ast.SendStmt:
		return one(&ast.SendStmt{Chan: l.expr(s.Chan), Arrow: s.Arrow, Value: l.expr(s.Value)})
	case *ast.IncDecStmt:
		return one(&ast.IncDecStmt{X: l.expr(s.X), TokPos: s.TokPos, Tok: s.Tok})
	case *ast.AssignStmt:
		rhs := l.exprs2(s)
		return one(&ast.AssignStmt{Lhs: l.exprs(s.Lhs), TokPos: s.TokPos, Tok: s.Tok, Rhs: rhs})
	case *ast.GoStmt:
		return l.goStmt(s)
	case *ast.DeferStmt:
		c := l.expr(s.Call)
		ce, ok := c.(*ast.CallExpr)
		if !ok {
			ce = call(&ast.FuncLit{Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: c}}}})
		}
		return one(&ast.DeferStmt{Defer: s.Defer, Call: ce})
	case *ast.ReturnStmt:
		return l.ret(s)
	case *ast.BranchStmt:
		return l.branch(s)
	case *ast.LabeledStmt:
		r := l.stmt(s.Stmt)
		lb := &ast.LabeledStmt{Label: idp(s.Label.Name, s.Label.NamePos), Colon: s.Colon}
		if len(r) == 0 {
			lb.Stmt = &ast.EmptyStmt{}
			return one(lb)
		}
		// the label belongs to the loop, which is the last lowered statement
		lb.Stmt = r[len(r)-1]
		r[len(r)-1] = lb
		return r
	case *ast.IfStmt:
		n := &ast.IfStmt{If: s.If, Init: l.simple(s.Init), Cond: l.expr(s.Cond), Body: l.block(s.Body)}
		if s.Else != nil {
			n.Else = l.one(s.Else)
			if _, ok := n.Else.(*ast.IfStmt); !ok {
				if _, ok := n.Else.(*ast.BlockStmt); !ok {
					n.Else = &ast.BlockStmt{List: []ast.Stmt{n.Else}}
				}
			}
		}
		return one(n)
	case *ast.SwitchStmt:
		n := &ast.SwitchStmt{Switch: s.Switch, Init: l.simple(s.Init), Tag: l.expr(s.Tag), Body: &ast.BlockStmt{Lbrace: s.Body.Lbrace, Rbrace: s.Body.Rbrace}}
		l.enter(true, false)
		for _, c := range s.Body.List {
			cc := c.(*ast.CaseClause)
			n.Body.List = append(n.Body.List, &ast.CaseClause{Case: cc.Case, List: l.exprs(cc.List), Colon: cc.Colon, Body: l.stmts(cc.Body)})
		}
		l.leave(true, false)
		return one(n)
	case *ast.TypeSwitchStmt:
		return one(l.typeSwitch(s))
	case *ast.SelectStmt:
		n := &ast.SelectStmt{Select: s.Select, Body: &ast.BlockStmt{Lbrace: s.Body.Lbrace, Rbrace: s.Body.Rbrace}}
		l.enter(true, false)
		for _, c := range s.Body.List {
			cc := c.(*ast.CommClause)
			n.Body.List = append(n.Body.List, &ast.CommClause{Case: cc.Case, Comm: l.simple(cc.Comm), Colon: cc.Colon, Body: l.stmts(cc.Body)})
		}
		l.leave(true, false)
		return one(n)
	case *ast.ForStmt:
		return one(l.forStmt(s))
	case *ast.RangeStmt:
		return l.rangeStmt(s)
	case *ast.DeclStmt:
		g := s.Decl.(*ast.GenDecl)
		switch g.Tok {
		case token.CONST:
			return nil // folded
		case token.TYPE:
			var out []ast.Stmt
			for _, sp := range g.Specs {
				ts := sp.(*ast.TypeSpec)
				if ts.Assign.IsValid() {
					continue
				}
				t := l.info.Defs[ts.Name].Type()
				out = append(out, &ast.DeclStmt{Decl: &ast.GenDecl{TokPos: g.TokPos, Tok: token.TYPE, Specs: []ast.Spec{&ast.TypeSpec{Name: idp(ts.Name.Name, ts.Name.NamePos), Type: l.typ(t.Underlying(), ts.Pos())}}}})
			}
			return out
		}
		var out []ast.Stmt
		for _, sp := range g.Specs {
			vs := sp.(*ast.ValueSpec)
			n := &ast.ValueSpec{Values: l.toIfaces(vs.Values, func(int) types.Type {
				if vs.Type == nil {
					return nil
				}
				return l.info.Types[vs.Type].Type
			})}
			for _, x := range vs.Names {
				n.Names = append(n.Names, idp(x.Name, x.NamePos))
			}
			if vs.Type != nil {
				n.Type = l.expr(vs.Type)
			}
			out = append(out, &ast.DeclStmt{Decl: &ast.GenDecl{TokPos: g.TokPos, Tok: token.VAR, Specs: []ast.Spec{n}}})
		}
		return out
	}
	l.fail(s.Pos(), "unsupported statement %T", s)
	return nil
}

func (l *lowerer) simple(s ast.Stmt) ast.Stmt {
	if s == nil {
		return nil
	}
	r := l.stmt(s)
	return r[0]
}

func (l *lowerer) enter(brk, cnt bool) {
	if l.fn != nil && l.fn.rf != nil {
		if brk {
			l.fn.rf.depthBrk++
		}
		if cnt {
			l.fn.rf.depthCnt++
		}
	}
}

func (l *lowerer) leave(brk, cnt bool) {
	if l.fn != nil && l.fn.rf != nil {
		if brk {
			l.fn.rf.depthBrk--
		}
		if cnt {
			l.fn.rf.depthCnt--
		}
	}
}

// typeSwitch lowers to a tagless switch over comma-ok assertions, which yaegi
// evaluates correctly for interfaces and compiled types.
func (l *lowerer) typeSwitch(s *ast.TypeSwitchStmt) ast.Stmt {
	var x ast.Expr
	bind := ""
	switch a := s.Assign.(type) {
	case *ast.AssignStmt:
		bind = a.Lhs[0].(*ast.Ident).Name
		x = a.Rhs[0].(*ast.TypeAssertExpr).X
	case *ast.ExprStmt:
		x = a.X.(*ast.TypeAssertExpr).X
	}
	out := &ast.BlockStmt{Lbrace: s.Switch}
	if s.Init != nil {
		out.List = append(out.List, l.stmt(s.Init)...)
	}
	xv := l.fresh("x")
	out.List = append(out.List, &ast.AssignStmt{Lhs: []ast.Expr{idp(xv, s.Switch)}, TokPos: s.Switch, Tok: token.DEFINE, Rhs: []ast.Expr{l.expr(x)}})
	sel := l.fresh("sel")
	sw := &ast.SwitchStmt{Switch: s.Switch, Body: &ast.BlockStmt{Lbrace: s.Body.Lbrace, Rbrace: s.Body.Rbrace}}
	out.List = append(out.List, &ast.AssignStmt{Lhs: []ast.Expr{id(sel)}, Tok: token.DEFINE, Rhs: []ast.Expr{lit(token.INT, "-1", 0)}})
	l.enter(true, false)
	defer l.leave(true, false)
	var chain *ast.IfStmt
	var last *ast.IfStmt
	for ci, c := range s.Body.List {
		cc := c.(*ast.CaseClause)
		n := lit(token.INT, itoa(ci), 0)
		set := &ast.BlockStmt{List: []ast.Stmt{&ast.AssignStmt{Lhs: []ast.Expr{id(sel)}, Tok: token.ASSIGN, Rhs: []ast.Expr{n}}}}
		for _, e := range cc.List {
			var cond *ast.IfStmt
			if l.info.Types[e].IsNil() {
				cond = &ast.IfStmt{Cond: &ast.BinaryExpr{X: id(xv), Op: token.EQL, Y: id("nil")}, Body: set}
			} else {
				ok := l.fresh("ok")
				cond = &ast.IfStmt{Init: &ast.AssignStmt{Lhs: []ast.Expr{id("_"), id(ok)}, Tok: token.DEFINE, Rhs: []ast.Expr{&ast.TypeAssertExpr{X: id(xv), Type: l.expr(e)}}}, Cond: id(ok), Body: set}
			}
			if chain == nil {
				chain, last = cond, cond
			} else {
				last.Else = cond
				last = cond
			}
		}
	}
	if chain != nil {
		out.List = append(out.List, chain)
	}
	sw.Tag = id(sel)
	for ci, c := range s.Body.List {
		cc := c.(*ast.CaseClause)
		nc := &ast.CaseClause{Case: cc.Case, Colon: cc.Colon}
		if cc.List != nil {
			nc.List = []ast.Expr{lit(token.INT, itoa(ci), 0)}
		}
		body := l.stmts(cc.Body)
		if bind != "" && bind != "_" {
			var rhs ast.Expr = id(xv)
			if len(cc.List) == 1 && !l.info.Types[cc.List[0]].IsNil() {
				rhs = &ast.TypeAssertExpr{X: id(xv), Type: l.expr(cc.List[0])}
			}
			used := false
			if o := l.info.Implicits[cc]; o != nil {
				for _, st := range cc.Body {
					ast.Inspect(st, func(n ast.Node) bool {
						if i, ok := n.(*ast.Ident); ok && l.info.Uses[i] == o {
							used = true
						}
						return true
					})
				}
			}
			if used {
				body = append([]ast.Stmt{&ast.AssignStmt{Lhs: []ast.Expr{id(bind)}, Tok: token.DEFINE, Rhs: []ast.Expr{rhs}}}, body...)
			}
		}
		nc.Body = body
		sw.Body.List = append(sw.Body.List, nc)
	}
	out.List = append(out.List, sw)
	return out
}

// goStmt wraps the goroutine so that a panic does not kill the process.
func (l *lowerer) goStmt(s *ast.GoStmt) []ast.Stmt {
	guard := func() ast.Stmt {
		r := l.fresh("r")
		return &ast.DeferStmt{Defer: s.Go, Call: call(&ast.FuncLit{Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: &ast.BlockStmt{List: []ast.Stmt{
			&ast.AssignStmt{Lhs: []ast.Expr{id(r)}, Tok: token.DEFINE, Rhs: []ast.Expr{call(id("recover"))}},
			&ast.IfStmt{Cond: &ast.BinaryExpr{X: id(r), Op: token.NEQ, Y: id("nil")}, Body: &ast.BlockStmt{List: []ast.Stmt{&ast.ExprStmt{X: call(rtfn("GoPanic"), id(r), strlit(l.s.pos(s.Go)))}}}}}}})}
	}
	c, ok := l.expr(s.Call).(*ast.CallExpr)
	if !ok {
		l.fail(s.Pos(), "unsupported go statement")
	}
	if fl, ok := c.Fun.(*ast.FuncLit); ok {
		fl.Body.List = append([]ast.Stmt{guard()}, fl.Body.List...)
		return []ast.Stmt{&ast.GoStmt{Go: s.Go, Call: c}}
	}
	var pre []ast.Stmt
	bind := func(e ast.Expr) ast.Expr {
		switch e.(type) {
		case *ast.BasicLit:
			return e
		}
		n := l.fresh("g")
		pre = append(pre, &ast.AssignStmt{Lhs: []ast.Expr{idp(n, s.Go)}, Tok: token.DEFINE, Rhs: []ast.Expr{e}})
		return id(n)
	}
	for i := range c.Args {
		c.Args[i] = bind(c.Args[i])
	}
	if se, ok := c.Fun.(*ast.SelectorExpr); ok {
		if x, ok := se.X.(*ast.Ident); !ok || len(x.Name) < 3 || x.Name[:3] != "pk_" {
			_ = se // method of compiled type: keep receiver expression as is
		}
	}
	g := &ast.GoStmt{Go: s.Go, Call: call(&ast.FuncLit{Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: &ast.BlockStmt{List: []ast.Stmt{guard(), &ast.ExprStmt{X: c}}}})}
	return []ast.Stmt{&ast.BlockStmt{List: append(pre, g)}}
}

//---------------------------------------------------------------- loops

// captured reports whether any of the named variables is captured by a closure
// or has its address taken in n, and whether it is assigned.
func (l *lowerer) captured(n ast.Node, objs map[types.Object]bool) (capt, assigned bool) {
	depth := 0
	var walk func(n ast.Node)
	walk = func(n ast.Node) {
		ast.Inspect(n, func(m ast.Node) bool {
			switch m := m.(type) {
			case *ast.FuncLit:
				if m != n {
					depth++
					walk(m.Body)
					depth--
					return false
				}
			case *ast.Ident:
				if depth > 0 && objs[l.obj(m)] {
					capt = true
				}
			case *ast.UnaryExpr:
				if m.Op == token.AND {
					ast.Inspect(m.X, func(k ast.Node) bool {
						if x, ok := k.(*ast.Ident); ok && objs[l.obj(x)] {
							capt = true
						}
						return true
					})
				}
			case *ast.GoStmt, *ast.DeferStmt:
				// arguments are evaluated now; yaegi v0.16.1 keeps references
				ast.Inspect(m, func(k ast.Node) bool {
					if x, ok := k.(*ast.Ident); ok && objs[l.obj(x)] {
						capt = true
					}
					return true
				})
			case *ast.AssignStmt:
				for _, x := range m.Lhs {
					if x, ok := x.(*ast.Ident); ok && objs[l.obj(x)] {
						assigned = true
					}
				}
			case *ast.IncDecStmt:
				if x, ok := m.X.(*ast.Ident); ok && objs[l.obj(x)] {
					assigned = true
				}
			}
			return true
		})
	}
	walk(n)
	return
}

func (l *lowerer) forStmt(s *ast.ForStmt) ast.Stmt {
	n := &ast.ForStmt{For: s.For}
	objs := map[types.Object]bool{}
	var names []string
	if a, ok := s.Init.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
		for _, x := range a.Lhs {
			if i, ok := x.(*ast.Ident); ok && i.Name != "_" {
				objs[l.info.Defs[i]] = true
				names = append(names, i.Name)
			}
		}
	}
	var capt, assigned bool
	if len(objs) > 0 {
		capt, assigned = l.captured(s.Body, objs)
	}
	l.enter(true, true)
	n.Init, n.Cond, n.Post = l.simple(s.Init), l.expr(s.Cond), l.simple(s.Post)
	n.Body = l.block(s.Body)
	l.leave(true, true)
	if capt {
		// per-iteration variables (Go 1.22): outer copies carry the loop
		ren := map[string]string{}
		for _, nm := range names {
			ren[nm] = l.fresh(nm)
		}
		rename := func(nd ast.Node) {
			if nd == nil {
				return
			}
			ast.Inspect(nd, func(k ast.Node) bool {
				if se, ok := k.(*ast.SelectorExpr); ok {
					ast.Inspect(se.X, func(k ast.Node) bool {
						if x, ok := k.(*ast.Ident); ok && ren[x.Name] != "" {
							x.Name = ren[x.Name]
						}
						return true
					})
					return false
				}
				if x, ok := k.(*ast.Ident); ok && ren[x.Name] != "" {
					x.Name = ren[x.Name]
				}
				return true
			})
		}
		for _, nd := range []ast.Node{n.Init} {
			rename(nd)
		}
		if n.Cond != nil {
			rename(n.Cond)
		}
		if n.Post != nil {
			rename(n.Post)
		}
		var in, out []ast.Stmt
		for _, nm := range names {
			in = append(in, &ast.AssignStmt{Lhs: []ast.Expr{id(nm)}, Tok: token.DEFINE, Rhs: []ast.Expr{id(ren[nm])}})
			out = append(out, &ast.AssignStmt{Lhs: []ast.Expr{id(ren[nm])}, Tok: token.ASSIGN, Rhs: []ast.Expr{id(nm)}})
		}
		if assigned {
			insertBeforeContinue(n.Body, out)
			n.Body.List = append(n.Body.List, out...)
		}
		n.Body.List = append(in, n.Body.List...)
	}
	return n
}

func insertBeforeContinue(b *ast.BlockStmt, out []ast.Stmt) {
	var fix func(ss []ast.Stmt) []ast.Stmt
	fix = func(ss []ast.Stmt) (r []ast.Stmt) {
		for _, s := range ss {
			switch s := s.(type) {
			case *ast.BranchStmt:
				if s.Tok == token.CONTINUE && s.Label == nil {
					r = append(r, out...)
				}
			case *ast.BlockStmt:
				s.List = fix(s.List)
			case *ast.IfStmt:
				for s != nil {
					s.Body.List = fix(s.Body.List)
					switch e := s.Else.(type) {
					case *ast.IfStmt:
						s = e
						continue
					case *ast.BlockStmt:
						e.List = fix(e.List)
					}
					break
				}
			case *ast.SwitchStmt:
				for _, c := range s.Body.List {
					c.(*ast.CaseClause).Body = fix(c.(*ast.CaseClause).Body)
				}
			}
			r = append(r, s)
		}
		return
	}
	b.List = fix(b.List)
}

func (l *lowerer) rangeStmt(s *ast.RangeStmt) []ast.Stmt {
	t := l.typeOf(s.X)
	if t == nil {
		l.fail(s.Pos(), "internal: range without type")
	}
	isBlank := func(e ast.Expr) bool {
		if e == nil {
			return true
		}
		x, ok := e.(*ast.Ident)
		return ok && x.Name == "_"
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Info()&types.IsInteger != 0 {
			if b, ok := t.(*types.Basic); ok && b.Info()&types.IsUntyped != 0 {
				t = types.Typ[types.Int]
			}
			if !isBlank(s.Key) {
				if kt := l.typeOf(s.Key); kt != nil {
					t = kt
				}
			}
			i, n := l.fresh("i"), l.fresh("n")
			l.enter(true, true)
			body := l.block(s.Body)
			l.leave(true, true)
			if !isBlank(s.Key) {
				body.List = append([]ast.Stmt{&ast.AssignStmt{Lhs: []ast.Expr{l.expr(s.Key)}, TokPos: s.TokPos, Tok: s.Tok, Rhs: []ast.Expr{id(i)}}}, body.List...)
			}
			conv := func(e ast.Expr) ast.Expr { return call(l.typ(t, 0), e) }
			return []ast.Stmt{
				&ast.AssignStmt{Lhs: []ast.Expr{id(n)}, Tok: token.DEFINE, TokPos: s.For, Rhs: []ast.Expr{conv(l.expr(s.X))}},
				&ast.ForStmt{For: s.For, Init: &ast.AssignStmt{Lhs: []ast.Expr{id(i)}, Tok: token.DEFINE, Rhs: []ast.Expr{conv(lit(token.INT, "0", 0))}},
					Cond: &ast.BinaryExpr{X: id(i), Op: token.LSS, Y: id(n)}, Post: &ast.IncDecStmt{X: id(i), Tok: token.INC}, Body: body}}
		}
	case *types.Signature:
		return l.rangeFunc(s, u)
	}
	n := &ast.RangeStmt{For: s.For, TokPos: s.TokPos, Tok: s.Tok, Range: s.Range, X: l.expr(s.X)}
	if s.Key != nil {
		n.Key = l.expr(s.Key)
	}
	if s.Value != nil {
		n.Value = l.expr(s.Value)
	}
	objs := map[types.Object]bool{}
	if s.Tok == token.DEFINE {
		for _, e := range []ast.Expr{s.Key, s.Value} {
			if x, ok := e.(*ast.Ident); ok && x.Name != "_" {
				objs[l.info.Defs[x]] = true
			}
		}
	}
	capt, _ := l.captured(s.Body, objs)
	l.enter(true, true)
	n.Body = l.block(s.Body)
	l.leave(true, true)
	if capt {
		var in []ast.Stmt
		fix := func(e ast.Expr) ast.Expr {
			x, ok := e.(*ast.Ident)
			if !ok || x.Name == "_" {
				return e
			}
			t := l.fresh(x.Name)
			in = append(in, &ast.AssignStmt{Lhs: []ast.Expr{id(x.Name)}, Tok: token.DEFINE, Rhs: []ast.Expr{id(t)}})
			return id(t)
		}
		if n.Key != nil {
			n.Key = fix(n.Key)
		}
		if n.Value != nil {
			n.Value = fix(n.Value)
		}
		n.Body.List = append(in, n.Body.List...)
	}
	return []ast.Stmt{n}
}

// rangeFunc lowers range-over-func to a callback.
func (l *lowerer) rangeFunc(s *ast.RangeStmt, sg *types.Signature) []ast.Stmt {
	yield := sg.Params().At(0).Type().Underlying().(*types.Signature)
	rf := &rangeFn{ret: l.fresh("ret"), parent: l.fn}
	outer := l.fn
	if outer == nil {
		outer = &fnCtx{sig: types.NewSignatureType(nil, nil, nil, nil, nil, false)}
	}
	// outermost function signature for return
	root := outer
	for root.rf != nil {
		root = root.rf.parent
	}
	var pre []ast.Stmt
	pre = append(pre, &ast.AssignStmt{Lhs: []ast.Expr{id(rf.ret)}, Tok: token.DEFINE, Rhs: []ast.Expr{id("false")}})
	for i := 0; i < root.sig.Results().Len(); i++ {
		n := l.fresh("res")
		rf.results = append(rf.results, n)
		pre = append(pre, &ast.DeclStmt{Decl: &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id(n)}, Type: l.typ(root.sig.Results().At(i).Type(), 0)}}}})
	}
	l.fn = &fnCtx{sig: root.sig, rf: rf}
	rf.parent = outer
	body := l.block(s.Body)
	l.fn = rf.parent
	params := &ast.FieldList{}
	var in []ast.Stmt
	for i := 0; i < yield.Params().Len(); i++ {
		n := l.fresh("y")
		params.List = append(params.List, &ast.Field{Names: []*ast.Ident{id(n)}, Type: l.typ(yield.Params().At(i).Type(), 0)})
		var e ast.Expr
		if i == 0 {
			e = s.Key
		} else {
			e = s.Value
		}
		if e == nil {
			continue
		}
		if x, ok := e.(*ast.Ident); ok && x.Name == "_" {
			continue
		}
		in = append(in, &ast.AssignStmt{Lhs: []ast.Expr{l.expr(e)}, Tok: s.Tok, TokPos: s.TokPos, Rhs: []ast.Expr{id(n)}})
	}
	body.List = append(in, body.List...)
	body.List = append(body.List, &ast.ReturnStmt{Results: []ast.Expr{id("true")}})
	cb := &ast.FuncLit{Type: &ast.FuncType{Params: params, Results: &ast.FieldList{List: []*ast.Field{{Type: id("bool")}}}}, Body: body}
	fx := l.expr(s.X)
	if _, ok := fx.(*ast.FuncLit); ok {
		fx = &ast.ParenExpr{X: fx}
	}
	out := append(pre, &ast.ExprStmt{X: call(fx, cb)})
	if rf.usedRet {
		var r ast.Stmt
		if rf.parent != nil && rf.parent.rf != nil { // nested: propagate
			p := rf.parent.rf
			p.usedRet = true
			var ss []ast.Stmt
			ss = append(ss, &ast.AssignStmt{Lhs: []ast.Expr{id(p.ret)}, Tok: token.ASSIGN, Rhs: []ast.Expr{id("true")}})
			for i, n := range rf.results {
				ss = append(ss, &ast.AssignStmt{Lhs: []ast.Expr{id(p.results[i])}, Tok: token.ASSIGN, Rhs: []ast.Expr{id(n)}})
			}
			ss = append(ss, &ast.ReturnStmt{Results: []ast.Expr{id("false")}})
			r = &ast.BlockStmt{List: ss}
		} else {
			rs := &ast.ReturnStmt{}
			for _, n := range rf.results {
				rs.Results = append(rs.Results, id(n))
			}
			r = rs
		}
		out = append(out, &ast.IfStmt{Cond: id(rf.ret), Body: &ast.BlockStmt{List: []ast.Stmt{r}}})
	}
	return []ast.Stmt{&ast.BlockStmt{List: out}}
}

func (l *lowerer) ret(s *ast.ReturnStmt) []ast.Stmt {
	if l.fn == nil || l.fn.rf == nil {
		if l.fn != nil && l.fn.sig.Results().Len() == len(s.Results) {
			return []ast.Stmt{&ast.ReturnStmt{Return: s.Return, Results: l.toIfaces(s.Results, func(i int) types.Type { return l.fn.sig.Results().At(i).Type() })}}
		}
		return []ast.Stmt{&ast.ReturnStmt{Return: s.Return, Results: l.exprs(s.Results)}}
	}
	rf := l.fn.rf
	rf.usedRet = true
	var out []ast.Stmt
	out = append(out, &ast.AssignStmt{Lhs: []ast.Expr{id(rf.ret)}, Tok: token.ASSIGN, Rhs: []ast.Expr{id("true")}})
	if len(s.Results) > 0 {
		var lhs []ast.Expr
		for _, n := range rf.results {
			lhs = append(lhs, id(n))
		}
		out = append(out, &ast.AssignStmt{Lhs: lhs, Tok: token.ASSIGN, Rhs: l.exprs(s.Results)})
	} else { // named results
		for i, n := range rf.results {
			out = append(out, &ast.AssignStmt{Lhs: []ast.Expr{id(n)}, Tok: token.ASSIGN, Rhs: []ast.Expr{id(l.fn.sig.Results().At(i).Name())}})
		}
	}
	return append(out, &ast.ReturnStmt{Results: []ast.Expr{id("false")}})
}

func (l *lowerer) branch(s *ast.BranchStmt) []ast.Stmt {
	if l.fn != nil && l.fn.rf != nil && s.Label == nil {
		rf := l.fn.rf
		if s.Tok == token.BREAK && rf.depthBrk == 0 {
			return []ast.Stmt{&ast.ReturnStmt{Results: []ast.Expr{id("false")}}}
		}
		if s.Tok == token.CONTINUE && rf.depthCnt == 0 {
			return []ast.Stmt{&ast.ReturnStmt{Results: []ast.Expr{id("true")}}}
		}
	}
	b := &ast.BranchStmt{TokPos: s.TokPos, Tok: s.Tok}
	if s.Label != nil {
		b.Label = idp(s.Label.Name, s.Label.NamePos)
	}
	return []ast.Stmt{b}
}

func (l *lowerer) exprs2(s *ast.AssignStmt) []ast.Expr {
	return l.toIfaces(s.Rhs, func(i int) types.Type {
		if s.Tok != token.ASSIGN || len(s.Lhs) != len(s.Rhs) {
			return nil
		}
		if x, ok := s.Lhs[i].(*ast.Ident); ok && x.Name == "_" {
			return nil
		}
		return l.typeOf(s.Lhs[i])
	})
}
