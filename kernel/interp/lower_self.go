package interp

import (
	"go/ast"
	"go/types"

	"divvy/kernel/symbols/box"
)

// Types that contain themselves: type Tree map[string]Tree, type State func()
// State. Neither yaegi nor reflect can represent them, but a struct may be
// recursive: their values are a struct of one field around the map, slice,
// channel or function. What an operation works on is taken out of it (core), and
// what it makes is put in (wrap).

// recursive reports whether t occurs in its own structure other than through
// another declared struct.
func recursive(t *types.Named) bool { return occursInItself(t, true) }

// representable refuses the types of the cell that neither yaegi nor reflect can
// represent.
func (l *lowerer) representable() {
	for x, o := range l.info.Defs {
		tn, ok := o.(*types.TypeName)
		if !ok || tn.IsAlias() {
			continue
		}
		t, ok := tn.Type().(*types.Named)
		if !ok || !recursive(t) || l.wrapped(t) {
			continue
		}
		if _, ok := t.Underlying().(*types.Struct); ok {
			continue
		}
		l.fail(x.Pos(), "the interpreter cannot represent type %s, which contains itself with no declared struct between; "+
			"declare one, as in type %[1]s struct{ Items %[2]s }", tn.Name(), types.TypeString(t.Underlying(), types.RelativeTo(l.pkg)))
	}
}

// wrapped reports whether values of t are represented by a struct of one field.
func (l *lowerer) wrapped(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || !isMain(n.Obj()) {
		return false
	}
	is, known := l.wraps[n]
	if !known {
		switch n.Underlying().(type) {
		case *types.Signature, *types.Map, *types.Slice, *types.Chan:
			is = occursInItself(n, false)
		}
		l.wraps[n] = is
	}
	return is
}

// core lowers the operand of an operation on maps, slices, channels or functions.
func (l *lowerer) core(e ast.Expr) ast.Expr { return l.unwrap(l.expr(e), l.typeOf(e)) }

// unwrap takes what x, a lowered value of type t, is a struct around out of it.
func (l *lowerer) unwrap(x ast.Expr, t types.Type) ast.Expr {
	if t != nil && l.wrapped(t) {
		return sel(x, box.Self)
	}
	return x
}

// coreType is the type of what unwrap gives.
func (l *lowerer) coreType(t types.Type) types.Type {
	if l.wrapped(t) {
		return t.Underlying()
	}
	return t
}

// wrap is the opposite of unwrap.
func (l *lowerer) wrap(x ast.Expr, t types.Type) ast.Expr {
	if !l.wrapped(t) {
		return x
	}
	return call(id(l.helper("wrap", l.key(t), func(fn string) {
		l.emit(funcDecl(fn, funcType([]*ast.Field{field("f", l.typ(t.Underlying()))}, []*ast.Field{result(l.typ(t))}),
			declareVar("v", l.typ(t)), assign(sel(id("v"), box.Self), id("f")), ret(id("v"))))
	})), x)
}

// rewrap converts x from the representation of src to that of target where one
// of them is wrapped and the other is not; both have the same structure.
func (l *lowerer) rewrap(x ast.Expr, src, target types.Type) ast.Expr {
	if from, to := l.wrapped(src), l.wrapped(target); from == to && (!from || types.Identical(src, target)) {
		return x
	}
	return l.wrap(l.unwrap(x, src), target)
}

// parts calls f for the types that a type literal is made of.
func parts(u types.Type, f func(types.Type)) {
	switch u := u.(type) {
	case *types.Pointer:
		f(u.Elem())
	case *types.Slice:
		f(u.Elem())
	case *types.Array:
		f(u.Elem())
	case *types.Chan:
		f(u.Elem())
	case *types.Map:
		f(u.Key())
		f(u.Elem())
	case *types.Signature:
		for v := range u.Params().Variables() {
			f(v.Type())
		}
		for v := range u.Results().Variables() {
			f(v.Type())
		}
	case *types.Struct:
		for v := range u.Fields() {
			f(v.Type())
		}
	}
}

// occursInItself reports whether t occurs in its own structure other than through
// a declared struct, and through one without a name only if asked to look there.
func occursInItself(t *types.Named, throughStructs bool) bool {
	found := false
	seen := map[types.Type]bool{}
	var walk func(u types.Type)
	walk = func(u types.Type) {
		u = types.Unalias(u)
		if n, ok := u.(*types.Named); ok && n.Origin() == t.Origin() {
			found = true
		}
		if found || seen[u] {
			return
		}
		seen[u] = true
		switch n := u.(type) {
		case *types.Named:
			if _, ok := n.Underlying().(*types.Struct); isMain(n.Obj()) && !ok && !isInterface(n) {
				walk(n.Underlying())
			}
		case *types.Struct:
			if throughStructs {
				parts(n, walk)
			}
		default:
			parts(u, walk)
		}
	}
	walk(t.Underlying())
	return found
}
