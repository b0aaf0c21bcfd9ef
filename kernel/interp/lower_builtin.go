package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// builtin lowers a call of a predeclared function.
func (l *lowerer) builtin(name string, e *ast.CallExpr) ast.Expr {
	p := e.Pos()
	if len(e.Args) == 1 {
		if t, ok := l.typeOf(e.Args[0]).(*types.Tuple); ok {
			return l.builtinOf(name, e, t)
		}
	}
	plain := func(args ...ast.Expr) ast.Expr {
		return &ast.CallExpr{Fun: idAt(name, p), Lparen: e.Lparen, Args: args, Ellipsis: e.Ellipsis, Rparen: e.Rparen}
	}
	switch name {
	case "min", "max":
		fn := idAt(l.minMax(name, l.typeOf(e)), p)
		x := l.expr(e.Args[0])
		for _, a := range e.Args[1:] {
			x = call(fn, x, l.expr(a))
		}
		return x
	case "clear":
		return call(idAt(l.clearer(l.coreType(l.typeOf(e.Args[0]))), p), l.core(e.Args[0]))
	case "new":
		if tv := l.info.Types[e.Args[0]]; tv.IsType() {
			return plain(l.typ(tv.Type))
		}
		t := deref(l.typeOf(e))
		fn := l.helper("new", l.key(t), func(fn string) {
			l.emit(funcDecl(fn, funcType([]*ast.Field{field("v", l.typ(t))}, []*ast.Field{result(star(l.typ(t)))}), ret(addr(id("v")))))
		})
		return call(idAt(fn, p), l.conv(e.Args[0], t))
	case "append":
		s := l.typeOf(e).Underlying().(*types.Slice)
		t := l.coreType(l.typeOf(e))
		args := []ast.Expr{l.core(e.Args[0])}
		if l.isNil(e.Args[0]) {
			args[0] = call(&ast.ParenExpr{X: l.typ(t)}, id("nil"))
		}
		for _, a := range e.Args[1:] {
			if e.Ellipsis.IsValid() {
				args = append(args, l.core(a))
			} else {
				args = append(args, l.conv(a, s.Elem()))
			}
		}
		if l.mayAlias(e) {
			return l.wrap(call(idAt(l.appender(t, s.Elem(), len(args)-1), p), args...), l.typeOf(e))
		}
		return l.wrap(plain(args...), l.typeOf(e))
	case "make":
		t := l.typeOf(e)
		c, ok := t.Underlying().(*types.Chan)
		if !ok || c.Dir() == types.SendRecv {
			return l.wrap(plain(append([]ast.Expr{l.typAt(l.coreType(t), p)}, l.exprs(e.Args[1:])...)...), t)
		}
		self := t
		t = l.coreType(t)
		// reflect makes no channel of one direction.
		fn := l.helper("make", l.key(t), func(fn string) {
			both := l.typ(types.NewChan(types.SendRecv, c.Elem()))
			l.emit(funcDecl(fn, funcType([]*ast.Field{field("n", id("int"))}, []*ast.Field{result(l.typ(t))}),
				declareVar("v", l.typ(t)), assign(id("v"), call(id("make"), both, id("n"))), ret(id("v"))))
		})
		var n ast.Expr = intLit(0)
		if len(e.Args) == 2 {
			n = call(id("int"), l.expr(e.Args[1]))
		}
		return l.wrap(call(idAt(fn, p), n), self)
	case "delete":
		if m, ok := l.typeOf(e.Args[0]).Underlying().(*types.Map); ok {
			return plain(l.core(e.Args[0]), l.mapKey(e.Args[1], m))
		}
	case "panic":
		return call(rtFn("Panic"), l.conv(e.Args[0], types.NewInterfaceType(nil, nil)), l.place(p))
	case "recover":
		return l.recoverCall(p)
	case "print", "println":
		args := []ast.Expr{id("false")}
		if name == "println" {
			args[0] = id("true")
		}
		for _, a := range e.Args {
			args = append(args, l.conv(a, types.NewInterfaceType(nil, nil)))
		}
		return call(rtFn("Print"), args...)
	case "len", "cap", "copy", "close":
		if t := l.typeOf(e.Args[0]); isPtr(t) { // its length is known, even if it is nil
			fn := l.helper("len", l.key(t), func(fn string) {
				n := deref(t).Underlying().(*types.Array).Len()
				l.emit(funcDecl(fn, funcType([]*ast.Field{field("p", l.typ(t))}, []*ast.Field{result(id("int"))}), ret(intLit(int(n)))))
			})
			return call(idAt(fn, p), l.expr(e.Args[0]))
		}
		args := make([]ast.Expr, len(e.Args))
		for i, a := range e.Args {
			args[i] = l.core(a)
		}
		return plain(args...)
	}
	return plain(l.exprs(e.Args)...)
}

// builtinOf lowers f(g()) for a predeclared f and a g of several results: a function
// literal gives them names.
func (l *lowerer) builtinOf(name string, e *ast.CallExpr, t *types.Tuple) ast.Expr {
	c := &ast.CallExpr{Fun: e.Fun, Lparen: e.Lparen, Rparen: e.Rparen}
	l.info.Types[c] = l.info.Types[e]
	var names []string
	for v := range t.Variables() {
		x := &ast.Ident{Name: "v", NamePos: e.Args[0].Pos()}
		o := types.NewVar(x.Pos(), l.pkg, x.Name, v.Type())
		l.info.Uses[x] = o
		c.Args, names = append(c.Args, x), append(names, l.local(o))
	}
	fl := &ast.FuncLit{Type: funcType(nil, nil)}
	inner, pre := l.builtin(name, c), define(names, l.expr(e.Args[0]))
	if r := l.info.Types[e]; r.IsVoid() {
		fl.Body = block(pre, exprStmt(inner))
	} else {
		n := l.fresh("r")
		fl.Type.Results = fields(result(l.typ(l.typeOf(e))))
		fl.Body = block(pre, define([]string{n}, inner), ret(id(n)))
	}
	return call(fl)
}

// mayAlias reports whether a value to append after another one is a place, such
// as s[1] in append(s[:1], x, s[1]): yaegi reads it after it stored x there.
func (l *lowerer) mayAlias(e *ast.CallExpr) bool {
	if e.Ellipsis.IsValid() || len(e.Args) < 3 {
		return false
	}
	for _, a := range e.Args[2:] {
		if l.info.Types[a].Addressable() {
			if _, isVar := unparen(a).(*ast.Ident); !isVar {
				return true
			}
		}
	}
	return false
}

// appender is a function that appends n values, its own copies.
func (l *lowerer) appender(t, elem types.Type, n int) string {
	return l.helper("append"+itoa(n), l.key(t), func(fn string) {
		params, args := []*ast.Field{field("s", l.typ(t))}, []ast.Expr{id("s")}
		for i := range n {
			v := "v" + itoa(i)
			params, args = append(params, field(v, l.typ(elem))), append(args, id(v))
		}
		l.emit(funcDecl(fn, funcType(params, []*ast.Field{result(l.typ(t))}), ret(call(id("append"), args...))))
	})
}

// place is a position as lowered code passes it to the runtime.
func (l *lowerer) place(p token.Pos) ast.Expr { return strLit(l.s.pos(p)) }

func (l *lowerer) minMax(name string, t types.Type) string {
	return l.helper(name, l.key(t), func(fn string) {
		op := token.LSS
		if name == "max" {
			op = token.GTR
		}
		less := &ast.BinaryExpr{X: id("a"), Op: op, Y: id("b")}
		body := []ast.Stmt{&ast.IfStmt{Cond: less, Body: block(ret(id("a")))}}
		if b, ok := t.Underlying().(*types.Basic); ok && b.Info()&types.IsFloat != 0 {
			// Not-a-number and signed zeros follow rules of their own.
			f := call(rtFn(map[string]string{"min": "MinFloat", "max": "MaxFloat"}[name]), call(id("float64"), id("a")), call(id("float64"), id("b")))
			body = []ast.Stmt{ret(call(l.typ(t), f))}
		}
		body = append(body, ret(id("b")))
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("a", l.typ(t)), field("b", l.typ(t))}, []*ast.Field{result(l.typ(t))}), body...))
	})
}

func (l *lowerer) clearer(t types.Type) string {
	return l.helper("clear", l.key(t), func(fn string) {
		var body []ast.Stmt
		if s, ok := t.Underlying().(*types.Slice); ok {
			body = []ast.Stmt{declareVar("z", l.typ(s.Elem())),
				&ast.RangeStmt{Key: id("k"), Tok: token.DEFINE, X: id("m"), Body: block(assign(&ast.IndexExpr{X: id("m"), Index: id("k")}, id("z")))}}
		} else {
			body = []ast.Stmt{exprStmt(call(rtFn("ClearMap"), id("m")))}
		}
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("m", l.typ(t))}, nil), body...))
	})
}
