package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// shimArgs lowers the arguments of a generic compiled function.
func (l *lowerer) shimArgs(e *ast.CallExpr, sg *types.Signature) []ast.Expr {
	out := make([]ast.Expr, 0, len(e.Args))
	for i, a := range e.Args {
		t := l.st(paramType(sg, i, e.Ellipsis.IsValid()))
		x := l.conv(a, t)
		if l.isNil(a) { // a typed nil
			x = call(&ast.ParenExpr{X: l.typ(t)}, id("nil"))
		} else if b, ok := t.Underlying().(*types.Basic); ok && l.info.Types[a].Value != nil {
			x = call(l.typ(b), x)
		}
		out = append(out, x)
	}
	return out
}

// shim lowers a call of a generic compiled function to the runtime's version
// by reflection; the zero values tell the result types:
//
//	func(a0 A, a1 B) (r0 R) { rt__.Shim("slices.Max", []any{&r0}, a0, a1); return r0 }
func (l *lowerer) shim(key string, in types.Instance, e *ast.CallExpr) ast.Expr {
	sg := l.st(in.Type).(*types.Signature)
	if key == "reflect.TypeFor" {
		t := l.st(in.TypeArgs.At(0))
		return call(rtFn("TypeFor"), l.typeID(t), call(id("new"), l.typ(t)))
	}
	fn := l.shimFunc(key, sg, e.Pos())
	if len(e.Args) == 1 {
		if _, ok := l.typeOf(e.Args[0]).(*types.Tuple); ok {
			return l.finish(e, id(fn), l.exprs(e.Args))
		}
	}
	return l.finish(e, idAt(fn, e.Pos()), l.shimArgs(e, sg))
}

// shimValue is a generic compiled function as a value.
func (l *lowerer) shimValue(key string, in types.Instance, p token.Pos) ast.Expr {
	return idAt(l.shimFunc(key, l.st(in.Type).(*types.Signature), p), p)
}

func (l *lowerer) shimFunc(key string, sg *types.Signature, p token.Pos) string {
	switch key {
	case "errors.AsType":
		return l.errorsAsType(sg)
	case "reflect.TypeFor":
		l.fail(p, "reflect.TypeFor can only be called directly in a cell")
	}
	if !hasShim(key) {
		l.fail(p, "the generic function %s of compiled code is not available in cells", key)
	}
	return l.helper("shim", key+l.key(sg), func(fn string) {
		l.inPackage(l.sub, func() {
			ft := l.sig(sg, true)
			args := []ast.Expr{strLit(key)}
			out := &ast.CompositeLit{Type: &ast.ArrayType{Elt: anyType()}}
			var results []ast.Expr
			var body []ast.Stmt
			for i, r := range resultFields(ft) {
				n, t := "r__"+itoa(i), l.st(sg.Results().At(i).Type())
				r.Names = nil
				body = append(body, declareVar(n, l.typ(l.coreType(t))))
				out.Elts = append(out.Elts, call(rtFn("Ptr"), addr(id(n))))
				results = append(results, l.wrap(id(n), t))
			}
			args = append(args, out)
			for i, p := range paramNames(ft) {
				args = append(args, l.unwrap(p, l.st(sg.Params().At(i).Type())))
			}
			body = append(body, exprStmt(call(rtFn("Shim"), args...)))
			if len(results) > 0 {
				body = append(body, ret(results...))
			}
			l.emit(&ast.FuncDecl{Name: id(fn), Type: ft, Body: block(body...)})
		})
	})
}

// errorsAsType is errors.AsType for one type, through errors.As.
func (l *lowerer) errorsAsType(sg *types.Signature) string {
	t := sg.Results().At(0).Type()
	return l.helper("astype", l.key(t), func(fn string) {
		p := types.NewPointer(t)
		var target ast.Expr = addr(id("v"))
		if hasCell(p) {
			target = l.box(target, p)
		}
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("err", rtFn("Error"))}, []*ast.Field{result(l.typ(t)), result(id("bool"))}),
			declareVar("v", l.typ(t)), define([]string{"ok"}, call(rtFn("ErrorsAs"), id("err"), target)), ret(id("v"), id("ok"))))
	})
}
