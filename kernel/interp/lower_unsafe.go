package interp

import (
	"go/ast"
	"go/types"
	"reflect"
	"unsafe"
)

func isUnsafePointer(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.UnsafePointer
}

// unsafeConversion lowers a conversion to or from unsafe.Pointer, which yaegi
// cannot make; it returns nil for any other.
func (l *lowerer) unsafeConversion(e *ast.CallExpr, t types.Type) ast.Expr {
	a := e.Args[0]
	src := l.typeOf(a)
	switch {
	case isUnsafePointer(t) == isUnsafePointer(src) || l.isNil(a):
		return nil
	case isUnsafePointer(t):
		return call(rtFn("UnsafePointer"), l.expr(a))
	case isUintptr(t):
		return call(l.typ(t), call(rtFn("UnsafeAddress"), l.expr(a)))
	}
	return call(id(l.fromUnsafe(t)), l.expr(a))
}

// fromUnsafe is func(unsafe.Pointer) T for a pointer type T.
func (l *lowerer) fromUnsafe(t types.Type) string {
	return l.helper("unsafe", l.key(t), func(fn string) {
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("p", l.typ(types.Typ[types.UnsafePointer]))}, []*ast.Field{result(l.typ(t))}),
			declareVar("v", l.typ(t)), exprStmt(call(rtFn("UnsafeAs"), id("p"), addr(id("v")))), ret(id("v"))))
	})
}

// unsafeCall lowers a call of a function of package unsafe that is no constant.
func (l *lowerer) unsafeCall(name string, e *ast.CallExpr) ast.Expr {
	switch name {
	case "StringData":
		return call(rtFn("UnsafeStringData"), l.expr(e.Args[0]))
	case "String":
		return call(rtFn("UnsafeString"), l.expr(e.Args[0]), call(id("int"), l.expr(e.Args[1])))
	case "Add":
		return call(rtFn("UnsafeAdd"), l.expr(e.Args[0]), call(id("int"), l.expr(e.Args[1])))
	case "Slice", "SliceData":
		t := l.typeOf(e)
		fn := l.helper("unsafe"+name, l.key(t), func(fn string) {
			l.emit(funcDecl(fn, funcType([]*ast.Field{field("x", anyType()), field("n", id("int"))}, []*ast.Field{result(l.typ(t))}),
				declareVar("v", l.typ(t)), exprStmt(call(rtFn("Unsafe"+name), id("x"), id("n"), addr(id("v")))), ret(id("v"))))
		})
		var n ast.Expr = intLit(0)
		if len(e.Args) == 2 {
			n = call(id("int"), l.expr(e.Args[1]))
		}
		return call(id(fn), l.expr(e.Args[0]), n)
	}
	return &ast.CallExpr{Fun: l.pkgSel("unsafe", name, e.Pos()), Lparen: e.Lparen, Args: l.exprs(e.Args), Rparen: e.Rparen}
}

// unsafeTable is what unsafe code in cells calls. A cell that uses it wrongly
// ends the worker, as it would end a compiled program.
func unsafeTable(e map[string]reflect.Value) {
	e["UnsafePointer"] = reflect.ValueOf(func(x any) unsafe.Pointer {
		if n, ok := x.(uintptr); ok {
			return *(*unsafe.Pointer)(unsafe.Pointer(&n)) // what the cell asks for
		}
		return reflect.ValueOf(x).UnsafePointer()
	})
	e["UnsafeAddress"] = reflect.ValueOf(func(p unsafe.Pointer) uintptr { return uintptr(p) })
	e["UnsafeAs"] = reflect.ValueOf(func(p unsafe.Pointer, to any) {
		v := reflect.ValueOf(to).Elem()
		v.Set(reflect.NewAt(v.Type().Elem(), p))
	})
	e["UnsafeAdd"] = reflect.ValueOf(func(p unsafe.Pointer, n int) unsafe.Pointer { return unsafe.Add(p, n) })
	e["UnsafeString"] = reflect.ValueOf(func(p *byte, n int) string { return unsafe.String(p, n) })
	e["UnsafeStringData"] = reflect.ValueOf(func(s string) *byte { return unsafe.StringData(s) })
	e["UnsafeSlice"] = reflect.ValueOf(func(x any, n int, to any) {
		v := reflect.ValueOf(to).Elem()
		a := reflect.NewAt(reflect.ArrayOf(n, v.Type().Elem()), reflect.ValueOf(x).UnsafePointer())
		v.Set(a.Elem().Slice(0, n).Convert(v.Type()))
	})
	e["UnsafeSliceData"] = reflect.ValueOf(func(x any, _ int, to any) {
		v := reflect.ValueOf(to).Elem()
		v.Set(reflect.NewAt(v.Type().Elem(), reflect.ValueOf(x).UnsafePointer()).Convert(v.Type()))
	})
}
