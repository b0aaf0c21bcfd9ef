package interp

import (
	"fmt"
	"go/types"
	"sort"
	"strings"
)

// subst replaces type parameters in t.
func subst(t types.Type, m map[*types.TypeParam]types.Type) types.Type {
	switch t := t.(type) {
	case *types.TypeParam:
		if r, ok := m[t]; ok {
			return r
		}
	case *types.Alias:
		return subst(types.Unalias(t), m)
	case *types.Pointer:
		return types.NewPointer(subst(t.Elem(), m))
	case *types.Slice:
		return types.NewSlice(subst(t.Elem(), m))
	case *types.Array:
		return types.NewArray(subst(t.Elem(), m), t.Len())
	case *types.Map:
		return types.NewMap(subst(t.Key(), m), subst(t.Elem(), m))
	case *types.Chan:
		return types.NewChan(t.Dir(), subst(t.Elem(), m))
	case *types.Tuple:
		vs := make([]*types.Var, t.Len())
		for i := range vs {
			v := t.At(i)
			vs[i] = types.NewVar(v.Pos(), v.Pkg(), v.Name(), subst(v.Type(), m))
		}
		return types.NewTuple(vs...)
	case *types.Signature:
		return types.NewSignatureType(nil, nil, nil, subst(t.Params(), m).(*types.Tuple), subst(t.Results(), m).(*types.Tuple), t.Variadic())
	case *types.Struct:
		fs := make([]*types.Var, t.NumFields())
		tags := make([]string, t.NumFields())
		for i := range fs {
			f := t.Field(i)
			fs[i] = types.NewField(f.Pos(), f.Pkg(), f.Name(), subst(f.Type(), m), f.Embedded())
			tags[i] = t.Tag(i)
		}
		return types.NewStruct(fs, tags)
	case *types.Interface:
		var ms []*types.Func
		for i := range t.NumExplicitMethods() {
			f := t.ExplicitMethod(i)
			ms = append(ms, types.NewFunc(f.Pos(), f.Pkg(), f.Name(), subst(f.Type(), m).(*types.Signature)))
		}
		var es []types.Type
		for i := range t.NumEmbeddeds() {
			es = append(es, subst(t.EmbeddedType(i), m))
		}
		return types.NewInterfaceType(ms, es).Complete()
	case *types.Named:
		if t.TypeArgs().Len() == 0 {
			return t
		}
		as := make([]types.Type, t.TypeArgs().Len())
		for i := range as {
			as[i] = subst(t.TypeArgs().At(i), m)
		}
		if r, err := types.Instantiate(nil, t.Origin(), as, false); err == nil {
			return r
		}
	}
	return t
}

// isMain reports whether an object was declared by a cell.
func isMain(o types.Object) bool { return o.Pkg() != nil && o.Pkg().Path() == "main" }

func deref(t types.Type) types.Type {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

func isPtr(t types.Type) bool { _, ok := t.Underlying().(*types.Pointer); return ok }

// cellNamed returns the type that a cell declared at package level behind t or *t.
func cellNamed(t types.Type) *types.Named {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	if n, ok := t.(*types.Named); ok && isMain(n.Obj()) {
		return n
	}
	return nil
}

// compiledIface reports whether t is an interface that compiled code declared
// and that has methods: values of it are kept as compiled code has them. All
// other interfaces are kept as an empty interface that holds boxes.
func compiledIface(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || isMain(n.Obj()) {
		return false
	}
	i, ok := n.Underlying().(*types.Interface)
	return ok && i.NumMethods() > 0
}

func isInterface(t types.Type) bool { return t != nil && types.IsInterface(t) }

// hasCell reports whether values of t need a box when they become interface
// values: whether a type occurs in t that the interpreter does not represent
// as compiled Go would.
func hasCell(t types.Type) bool { return cellIn(t, map[types.Type]bool{}) }

func cellIn(t types.Type, seen map[types.Type]bool) bool {
	t = types.Unalias(t)
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t := t.(type) {
	case *types.Named:
		if isMain(t.Obj()) {
			return true
		}
		for i := range t.TypeArgs().Len() {
			if cellIn(t.TypeArgs().At(i), seen) {
				return true
			}
		}
		// A generic compiled type is represented by its structure or a substitute.
		return t.TypeArgs().Len() > 0
	case *types.Pointer:
		return cellIn(t.Elem(), seen)
	case *types.Slice:
		return cellIn(t.Elem(), seen)
	case *types.Array:
		return cellIn(t.Elem(), seen)
	case *types.Chan:
		return cellIn(t.Elem(), seen)
	case *types.Map:
		return cellIn(t.Key(), seen) || cellIn(t.Elem(), seen)
	case *types.Tuple:
		for i := range t.Len() {
			if cellIn(t.At(i).Type(), seen) {
				return true
			}
		}
	case *types.Signature:
		return cellIn(t.Params(), seen) || cellIn(t.Results(), seen)
	case *types.Struct:
		for i := range t.NumFields() {
			if f := t.Field(i); !f.Exported() || f.Embedded() || cellIn(f.Type(), seen) {
				return true
			}
		}
	case *types.Interface:
		return t.NumMethods() > 0
	}
	return false
}

// sessionTypes collects the names of the package-level cell types in t.
func sessionTypes(t types.Type) map[string]bool {
	m := map[string]bool{}
	seen := map[types.Type]bool{}
	var walk func(t types.Type)
	walk = func(t types.Type) {
		if t == nil || seen[t] {
			return
		}
		seen[t] = true
		switch t := t.(type) {
		case *types.Alias:
			if isMain(t.Obj()) {
				m[t.Obj().Name()] = true
			}
			walk(types.Unalias(t))
		case *types.Named:
			if isMain(t.Obj()) && t.Obj().Parent() == t.Obj().Pkg().Scope() {
				m[t.Obj().Name()] = true
			}
			for i := range t.TypeArgs().Len() {
				walk(t.TypeArgs().At(i))
			}
		case *types.Pointer:
			walk(t.Elem())
		case *types.Slice:
			walk(t.Elem())
		case *types.Array:
			walk(t.Elem())
		case *types.Chan:
			walk(t.Elem())
		case *types.Map:
			walk(t.Key())
			walk(t.Elem())
		case *types.Tuple:
			for i := range t.Len() {
				walk(t.At(i).Type())
			}
		case *types.Signature:
			walk(t.Params())
			walk(t.Results())
		case *types.Struct:
			for i := range t.NumFields() {
				walk(t.Field(i).Type())
			}
		case *types.Interface:
			for i := range t.NumMethods() {
				walk(t.Method(i).Type())
			}
		}
	}
	walk(t)
	return m
}

// key spells a type so that two types have the same key when they are
// identical. Types of cells are spelled by their internal names, which differ
// between two declarations of one name.
func (l *lowerer) key(t types.Type) string {
	var b strings.Builder
	l.writeKey(&b, l.st(t))
	return b.String()
}

func (l *lowerer) writeKey(b *strings.Builder, t types.Type) {
	tuple := func(t *types.Tuple, variadic bool) {
		for i := range t.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			if s, ok := t.At(i).Type().Underlying().(*types.Slice); ok && variadic && i == t.Len()-1 {
				b.WriteString("...")
				l.writeKey(b, l.st(s.Elem()))
				continue
			}
			l.writeKey(b, l.st(t.At(i).Type()))
		}
	}
	elem := func(prefix string, t types.Type) {
		b.WriteString(prefix)
		l.writeKey(b, l.st(t))
	}
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		b.WriteString(types.Typ[t.Kind()].Name())
	case *types.Pointer:
		elem("*", t.Elem())
	case *types.Slice:
		elem("[]", t.Elem())
	case *types.Array:
		elem(fmt.Sprintf("[%d]", t.Len()), t.Elem())
	case *types.Map:
		elem("map[", t.Key())
		elem("]", t.Elem())
	case *types.Chan:
		elem([]string{"chan ", "chan<- ", "<-chan "}[t.Dir()], t.Elem())
	case *types.Signature:
		b.WriteString("func(")
		tuple(t.Params(), t.Variadic())
		b.WriteString(")")
		switch t.Results().Len() {
		case 0:
		case 1:
			elem(" ", t.Results().At(0).Type())
		default:
			b.WriteString(" (")
			tuple(t.Results(), false)
			b.WriteString(")")
		}
	case *types.Struct:
		b.WriteString("struct{")
		for i := range t.NumFields() {
			f := t.Field(i)
			if f.Embedded() {
				b.WriteString("!")
			}
			elem(f.Name()+" ", f.Type())
			fmt.Fprintf(b, " %q;", t.Tag(i))
		}
		b.WriteString("}")
	case *types.Interface:
		b.WriteString("interface{")
		ms := make([]string, t.NumMethods())
		for i := range ms {
			ms[i] = t.Method(i).Name() + l.key(t.Method(i).Type()) + ";"
		}
		sort.Strings(ms)
		b.WriteString(strings.Join(ms, "") + "}")
	case *types.Named:
		switch o := t.Obj(); {
		case o.Pkg() == nil:
			b.WriteString(o.Name())
		case isMain(o):
			b.WriteString(l.typeName(t))
		default:
			b.WriteString(o.Pkg().Path() + "." + o.Name())
		}
		if t.TypeArgs().Len() > 0 {
			b.WriteString("[" + l.keys(t.TypeArgs()) + "]")
		}
	default:
		b.WriteString(t.String())
	}
}

func (l *lowerer) keys(ts *types.TypeList) string {
	ks := make([]string, ts.Len())
	for i := range ks {
		ks[i] = l.key(ts.At(i))
	}
	return strings.Join(ks, ",")
}
