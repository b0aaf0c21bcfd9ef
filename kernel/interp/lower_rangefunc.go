package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// rangeFunc is a range over a function whose body is being lowered to a
// callback. A statement that leaves the body for elsewhere sets ctl to a code
// and returns false; after the call, the code says where to go on.
type rangeFunc struct {
	body    *ast.BlockStmt
	ctl     string
	state   string   // the variable that says whether the function may call the body
	results []string // variables that hold the results of a return, none when they are named
	exits   []ast.Stmt
	outer   *fnCtx
}

func (l *lowerer) rangeFunc(s *ast.RangeStmt, sg *types.Signature) []ast.Stmt {
	yield := sg.Params().At(0).Type().Underlying().(*types.Signature)
	outer := l.fn
	rf := &rangeFunc{body: s.Body, ctl: l.fresh("ctl"), state: l.fresh("state"), outer: outer}
	pre := []ast.Stmt{declareVar(rf.ctl, id("int")), declareVar(rf.state, id("int")), assign(id(rf.state), intLit(loopReady))}
	if outer.loop != nil {
		rf.results = outer.loop.results
	} else if outer.defers != "" {
		rf.results = outer.results
	} else {
		for i := range outer.sig.Results().Len() {
			n := l.fresh("res")
			rf.results = append(rf.results, n)
			pre = append(pre, declareVar(n, l.typ(outer.sig.Results().At(i).Type())))
		}
	}
	fx := l.core(s.X)
	if _, ok := fx.(*ast.FuncLit); ok {
		fx = &ast.ParenExpr{X: fx}
	}
	l.fn = &fnCtx{sig: outer.sig, loop: rf, defers: outer.defers, results: outer.results, panicking: outer.panicking, mark: outer.mark, label: outer.label, targets: append([]*target{}, outer.targets...)}
	l.fn.traced = l.traceRange(outer, s)
	l.push(&target{brk: true, cnt: true, rf: rf})
	params := &ast.FieldList{}
	var in []ast.Stmt
	for i := range yield.Params().Len() {
		t := l.st(yield.Params().At(i).Type())
		n := l.fresh("y")
		params.List = append(params.List, field(n, l.typ(t)))
		e := s.Key
		if i == 1 {
			e = s.Value
		}
		switch {
		case isBlank(e):
		case s.Tok == token.DEFINE:
			in = append(in, declareVar(l.defName(e), l.typ(t)), assign(id(l.defName(e)), id(n)))
		default:
			in = append(in, assign(l.expr(e), l.toIfaceIf(id(n), t, l.typeOf(e), e.Pos())))
		}
	}
	in = append(in, l.hookAgain(s, s.Body)...)
	body := l.block(s.Body)
	in = append(l.enterTraced(s.Body.Lbrace), in...)
	l.fn = outer
	outer.label = ""
	in = append([]ast.Stmt{&ast.IfStmt{Cond: &ast.BinaryExpr{X: id(rf.state), Op: token.NEQ, Y: intLit(loopReady)}, Body: block(exprStmt(call(rtFn("LoopState"), id(rf.state))))},
		assign(id(rf.state), intLit(loopPanicked))}, in...)
	body.List = append(append(in, body.List...), rf.next(true)...)
	cb := &ast.FuncLit{Type: &ast.FuncType{Params: params, Results: fields(result(id("bool")))}, Body: body}
	out := append(pre, exprStmt(call(fx, cb)),
		&ast.IfStmt{Cond: &ast.BinaryExpr{X: id(rf.state), Op: token.EQL, Y: intLit(loopPanicked)}, Body: block(exprStmt(call(rtFn("LoopState"), intLit(loopLostPanic))))},
		assign(id(rf.state), intLit(loopExhausted)))
	for i, exit := range rf.exits {
		var next []ast.Stmt
		switch exit := exit.(type) {
		case *ast.BranchStmt:
			next = l.branch(exit)
		case *ast.ReturnStmt:
			if outer.loop != nil {
				next = l.exitLoop(outer.loop, exit)
			} else if outer.defers != "" {
				next = []ast.Stmt{&ast.ReturnStmt{Return: exit.Return}}
			} else {
				next = []ast.Stmt{&ast.ReturnStmt{Return: exit.Return, Results: ids(rf.results)}}
			}
		}
		out = append(out, &ast.IfStmt{Cond: &ast.BinaryExpr{X: id(rf.ctl), Op: token.EQL, Y: intLit(i + 1)}, Body: block(next...)})
	}
	return []ast.Stmt{block(out...)}
}

// exitLoop ends the iteration, to go on at exit after the loop.
func (l *lowerer) exitLoop(rf *rangeFunc, exit ast.Stmt) []ast.Stmt {
	rf.exits = append(rf.exits, exit)
	return append([]ast.Stmt{assign(id(rf.ctl), intLit(len(rf.exits)))}, rf.next(false)...)
}

// The states of a range over a function, numbered as the runtime does.
const (
	loopDone = iota
	loopReady
	loopPanicked // or running
	loopExhausted
	loopLostPanic
)

// next ends an iteration.
func (rf *rangeFunc) next(more bool) []ast.Stmt {
	state := loopDone
	if more {
		state = loopReady
	}
	return []ast.Stmt{assign(id(rf.state), intLit(state)), ret(id(boolName(more)))}
}

// loopState panics with what is wrong with the state of a range over a function.
func loopState(state int) {
	panic(runtimeError([]string{
		loopDone:      "range function continued iteration after function for loop body returned false",
		loopReady:     "",
		loopPanicked:  "range function continued iteration after loop body panic",
		loopExhausted: "range function continued iteration after whole loop exit",
		loopLostPanic: "range function recovered a loop body panic and did not resume panicking",
	}[state]))
}

// leaveLoop lowers a break or continue of a statement around the loop.
func (l *lowerer) leaveLoop(_ *rangeFunc, s *ast.BranchStmt) []ast.Stmt {
	return l.exitLoop(l.fn.loop, s)
}

// returnFromLoop lowers a return in the body of a range over a function.
func (l *lowerer) returnFromLoop(vals []ast.Expr) []ast.Stmt {
	rf := l.fn.loop
	var out []ast.Stmt
	res := l.fn.sig.Results()
	if len(vals) == 0 {
		for i := range res.Len() { // a bare return gives the named results as they are
			vals = append(vals, id(l.param(res.At(i))))
		}
	}
	if len(vals) == 1 {
		out = append(out, assign(id(rf.results[0]), vals[0]))
	} else {
		for i, v := range vals {
			n := l.fresh("t")
			out = append(out, declareVar(n, l.typ(res.At(i).Type())), assign(id(n), v))
			vals[i] = id(n)
		}
		for i, v := range vals {
			out = append(out, assign(id(rf.results[i]), v))
		}
	}
	return append(out, l.exitLoop(rf, &ast.ReturnStmt{})...)
}
