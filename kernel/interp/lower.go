package interp

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"sort"
	"strconv"
	"strings"
)

// unit is the lowered program of one cell.
type unit struct {
	s        *engine
	file     *ast.File
	types    []ast.Decl
	funcs    []ast.Decl
	varsD    []ast.Decl
	prolog   []ast.Stmt // assignments before the cell body (method slots)
	imports  map[string]string
	cellFn   string
	onOK     []func()
	newInst  map[string]bool
	rollback func()
}

func (u *unit) commit() {
	for _, f := range u.onOK {
		f()
	}
}

type lowerer struct {
	s      *engine
	u      *unit
	ck     *checked
	info   *types.Info
	pkg    *types.Package
	sub    map[*types.TypeParam]types.Type
	fn     *fnCtx
	top    bool
	origOf map[ast.Node]ast.Node
}

type fnCtx struct {
	sig *types.Signature
	// range-over-func body context
	rf *rangeFn
}

type rangeFn struct {
	parent   *fnCtx
	ret      string // flag variable
	results  []string
	usedRet  bool
	usedBrk  bool
	depthBrk int // nesting of breakable statements inside the body
	depthCnt int
}

func id(n string) *ast.Ident { return &ast.Ident{Name: n} }
func idp(n string, p token.Pos) *ast.Ident {
	return &ast.Ident{Name: n, NamePos: p}
}
func lit(k token.Token, v string, p token.Pos) *ast.BasicLit {
	return &ast.BasicLit{Kind: k, Value: v, ValuePos: p}
}
func call(f ast.Expr, a ...ast.Expr) *ast.CallExpr { return &ast.CallExpr{Fun: f, Args: a} }
func rtfn(n string) ast.Expr                       { return &ast.SelectorExpr{X: id("rt__"), Sel: id(n)} }
func strlit(s string) ast.Expr                     { return lit(token.STRING, strconv.Quote(s), 0) }

func (l *lowerer) fresh(p string) string {
	l.s.seq++
	return fmt.Sprintf("%s__%d", p, l.s.seq)
}

type unsupported struct{ err error }

func (l *lowerer) fail(p token.Pos, f string, a ...any) {
	panic(unsupported{l.s.perr(p, f, a...)})
}

func isMain(o types.Object) bool { return o.Pkg() != nil && o.Pkg().Path() == "main" }

// pkgLevel reports whether o is a session (package level) object.
func (l *lowerer) pkgLevel(o types.Object) bool {
	return o != nil && isMain(o) && o.Parent() == l.pkg.Scope()
}

//---------------------------------------------------------------- types

// st substitutes type parameters.
func (l *lowerer) st(t types.Type) types.Type {
	if t == nil || len(l.sub) == 0 {
		return t
	}
	return subst(t, l.sub)
}

func subst(t types.Type, m map[*types.TypeParam]types.Type) types.Type {
	switch t := t.(type) {
	case *types.TypeParam:
		if r, ok := m[t]; ok {
			return r
		}
		return t
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
		var vs []*types.Var
		for i := 0; i < t.Len(); i++ {
			v := t.At(i)
			vs = append(vs, types.NewVar(v.Pos(), v.Pkg(), v.Name(), subst(v.Type(), m)))
		}
		return types.NewTuple(vs...)
	case *types.Signature:
		return types.NewSignatureType(nil, nil, nil, subst(t.Params(), m).(*types.Tuple), subst(t.Results(), m).(*types.Tuple), t.Variadic())
	case *types.Struct:
		var fs []*types.Var
		var tags []string
		for i := 0; i < t.NumFields(); i++ {
			f := t.Field(i)
			fs = append(fs, types.NewField(f.Pos(), f.Pkg(), f.Name(), subst(f.Type(), m), f.Embedded()))
			tags = append(tags, t.Tag(i))
		}
		return types.NewStruct(fs, tags)
	case *types.Interface:
		var ms []*types.Func
		for i := 0; i < t.NumExplicitMethods(); i++ {
			f := t.ExplicitMethod(i)
			ms = append(ms, types.NewFunc(f.Pos(), f.Pkg(), f.Name(), subst(f.Type(), m).(*types.Signature)))
		}
		var es []types.Type
		for i := 0; i < t.NumEmbeddeds(); i++ {
			es = append(es, subst(t.EmbeddedType(i), m))
		}
		return types.NewInterfaceType(ms, es).Complete()
	case *types.Named:
		if t.TypeArgs().Len() == 0 {
			return t
		}
		var as []types.Type
		for i := 0; i < t.TypeArgs().Len(); i++ {
			as = append(as, subst(t.TypeArgs().At(i), m))
		}
		r, err := types.Instantiate(types.NewContext(), t.Origin(), as, false)
		if err != nil {
			return t
		}
		return r
	}
	return t
}

// typ returns the yaegi type expression of t.
func (l *lowerer) typ(t types.Type, p token.Pos) ast.Expr {
	t = l.st(t)
	switch t := t.(type) {
	case *types.Alias:
		return l.typ(types.Unalias(t), p)
	case *types.Basic:
		switch t.Kind() {
		case types.UntypedBool, types.UntypedInt, types.UntypedFloat, types.UntypedRune, types.UntypedString, types.UntypedComplex:
			return l.typ(types.Default(t), p)
		case types.UnsafePointer:
			l.u.imports[alias("unsafe")] = "unsafe"
			return &ast.SelectorExpr{X: id(alias("unsafe")), Sel: id("Pointer")}
		}
		return idp(t.Name(), p)
	case *types.Pointer:
		return &ast.StarExpr{Star: p, X: l.typ(t.Elem(), p)}
	case *types.Slice:
		return &ast.ArrayType{Lbrack: p, Elt: l.typ(t.Elem(), p)}
	case *types.Array:
		return &ast.ArrayType{Lbrack: p, Len: lit(token.INT, strconv.FormatInt(t.Len(), 10), p), Elt: l.typ(t.Elem(), p)}
	case *types.Map:
		return &ast.MapType{Map: p, Key: l.typ(t.Key(), p), Value: l.typ(t.Elem(), p)}
	case *types.Chan:
		d := ast.SEND | ast.RECV
		if t.Dir() == types.SendOnly {
			d = ast.SEND
		} else if t.Dir() == types.RecvOnly {
			d = ast.RECV
		}
		return &ast.ChanType{Begin: p, Dir: d, Value: l.typ(t.Elem(), p)}
	case *types.Signature:
		return l.sig(t, p, false)
	case *types.Struct:
		return l.structType(t, p)
	case *types.Interface:
		return l.ifaceType(t, p)
	case *types.Named:
		o := t.Obj()
		if o.Pkg() == nil {
			return idp(o.Name(), p) // error, comparable
		}
		if !isMain(o) {
			if t.TypeArgs().Len() > 0 {
				switch u := t.Underlying().(type) {
				case *types.Signature, *types.Slice, *types.Map:
					return l.typ(u, p) // iter.Seq[T] and friends: structural
				}
				if n, ok := rtGenericTypes[o.Pkg().Path()+"."+o.Name()]; ok {
					return &ast.SelectorExpr{X: id("rt__"), Sel: id(n)}
				}
				l.fail(p, "generic compiled type %s is not available in interpreted cells", t)
			}
			if !o.Exported() {
				l.fail(p, "cannot name unexported type %s", t)
			}
			a := alias(o.Pkg().Path())
			l.u.imports[a] = o.Pkg().Path()
			aliasPaths[a] = o.Pkg().Path()
			return &ast.SelectorExpr{X: idp(a, p), Sel: idp(o.Name(), p)}
		}
		if o.Parent() != l.pkg.Scope() && t.TypeArgs().Len() == 0 {
			if _, ok := l.s.inst["local:"+fmt.Sprint(o.Pos(), len(l.sub))]; !ok {
				return idp(o.Name(), p) // local type
			}
		}
		return idp(l.namedType(t), p)
	}
	l.fail(p, "unsupported type %s", t)
	return nil
}

func (l *lowerer) structType(t *types.Struct, p token.Pos) ast.Expr {
	fl := &ast.FieldList{Opening: p}
	for i := 0; i < t.NumFields(); i++ {
		f := t.Field(i)
		// embedded fields become plain named fields: promotion is resolved statically
		af := &ast.Field{Names: []*ast.Ident{idp(f.Name(), p)}, Type: l.typ(f.Type(), p)}
		tag := t.Tag(i)
		if !f.Exported() && f.Name() != "_" && !strings.Contains(tag, "json:") {
			tag = strings.TrimSpace(tag + ` json:"-" xml:"-"`)
		}
		if tag != "" {
			af.Tag = lit(token.STRING, strconv.Quote(tag), p)
		}
		fl.List = append(fl.List, af)
	}
	return &ast.StructType{Struct: p, Fields: fl}
}

func (l *lowerer) ifaceType(t *types.Interface, p token.Pos) ast.Expr {
	fl := &ast.FieldList{Opening: p}
	for i := 0; i < t.NumMethods(); i++ {
		m := t.Method(i)
		fl.List = append(fl.List, &ast.Field{Names: []*ast.Ident{idp(m.Name(), p)}, Type: l.sig(m.Type().(*types.Signature), p, false)})
	}
	return &ast.InterfaceType{Interface: p, Methods: fl}
}

// sig builds a function type; names controls parameter names.
func (l *lowerer) sig(t *types.Signature, p token.Pos, names bool) *ast.FuncType {
	ft := &ast.FuncType{Func: p, Params: &ast.FieldList{Opening: p}}
	for i := 0; i < t.Params().Len(); i++ {
		v := t.Params().At(i)
		var te ast.Expr
		if t.Variadic() && i == t.Params().Len()-1 {
			if sl, ok := l.st(v.Type()).Underlying().(*types.Slice); ok {
				te = &ast.Ellipsis{Ellipsis: p, Elt: l.typ(sl.Elem(), p)}
			} else {
				te = l.typ(v.Type(), p)
			}
		} else {
			te = l.typ(v.Type(), p)
		}
		f := &ast.Field{Type: te}
		if names {
			n := v.Name()
			if n == "" || n == "_" {
				n = fmt.Sprintf("p__%d", i)
			}
			f.Names = []*ast.Ident{idp(n, p)}
		}
		ft.Params.List = append(ft.Params.List, f)
	}
	if t.Results().Len() > 0 {
		ft.Results = &ast.FieldList{}
		for i := 0; i < t.Results().Len(); i++ {
			v := t.Results().At(i)
			f := &ast.Field{Type: l.typ(v.Type(), p)}
			if names && v.Name() != "" {
				n := v.Name()
				if n == "_" {
					n = fmt.Sprintf("r__%d", i)
				}
				f.Names = []*ast.Ident{idp(n, p)}
			}
			ft.Results.List = append(ft.Results.List, f)
		}
	}
	return ft
}

// namedType returns (emitting on demand) the yaegi name of a session type or instance.
func (l *lowerer) namedType(t *types.Named) string {
	o := t.Obj()
	key := "type:" + o.Name()
	d := l.s.decls[o.Name()]
	if d == nil || d.iname == "" {
		l.fail(o.Pos(), "internal: no declaration for type %s", o.Name())
	}
	key = "type:" + d.iname
	if t.TypeArgs().Len() > 0 {
		key += "[" + l.targsKey(t.TypeArgs()) + "]"
	}
	if n, ok := l.s.inst[key]; ok {
		l.stubsFor(t, n)
		return n
	}
	n := d.iname
	if t.TypeArgs().Len() > 0 {
		n = l.fresh(d.iname)
	}
	l.setInst(key, n)
	saved := l.sub
	l.sub = nil
	te := l.typ(t.Underlying(), token.NoPos)
	if st, ok := te.(*ast.StructType); ok { // reflect types must differ per named type
		mark := "yk:" + strconv.Quote(n)
		if len(st.Fields.List) == 0 {
			st.Fields.List = []*ast.Field{{Names: []*ast.Ident{id("Z__")}, Type: &ast.StructType{Fields: &ast.FieldList{}}, Tag: lit(token.STRING, strconv.Quote(mark+` json:"-"`), 0)}}
		} else if f := st.Fields.List[0]; f.Tag == nil {
			f.Tag = lit(token.STRING, strconv.Quote(mark), 0)
		} else {
			old, _ := strconv.Unquote(f.Tag.Value)
			f.Tag = lit(token.STRING, strconv.Quote(old+" "+mark), 0)
		}
	}
	l.sub = saved
	l.u.types = append(l.u.types, &ast.GenDecl{Tok: token.TYPE, Specs: []ast.Spec{&ast.TypeSpec{Name: id(n), Type: te}}})
	l.stubsFor(t, n)
	return n
}

func (l *lowerer) setInst(k, v string) {
	l.s.inst[k] = v
	l.u.newInst[k] = true
}

func (l *lowerer) targsKey(tl *types.TypeList) string {
	var a []string
	for i := 0; i < tl.Len(); i++ {
		a = append(a, l.typeKey(tl.At(i)))
	}
	return strings.Join(a, ",")
}

// typeKey is a canonical string with versioned session type names.
func (l *lowerer) typeKey(t types.Type) string {
	t = l.st(t)
	return types.TypeString(t, func(p *types.Package) string { return p.Path() }) + l.versions(t)
}

func (l *lowerer) versions(t types.Type) string {
	m := map[string]bool{}
	mainTypes(t, m, 0)
	var ks []string
	for k := range m {
		if d := l.s.decls[k]; d != nil {
			ks = append(ks, d.iname)
		}
	}
	sort.Strings(ks)
	return "@" + strings.Join(ks, ",")
}

// mainTypes collects the names of session types mentioned by t.
func mainTypes(t types.Type, m map[string]bool, depth int) {
	if depth > 12 || t == nil {
		return
	}
	switch t := t.(type) {
	case *types.Alias:
		if isMain(t.Obj()) {
			m[t.Obj().Name()] = true
		}
		mainTypes(types.Unalias(t), m, depth+1)
	case *types.Named:
		if isMain(t.Obj()) && t.Obj().Parent() != nil && t.Obj().Parent() == t.Obj().Pkg().Scope() {
			m[t.Obj().Name()] = true
		}
		for i := 0; i < t.TypeArgs().Len(); i++ {
			mainTypes(t.TypeArgs().At(i), m, depth+1)
		}
	case *types.Pointer:
		mainTypes(t.Elem(), m, depth+1)
	case *types.Slice:
		mainTypes(t.Elem(), m, depth+1)
	case *types.Array:
		mainTypes(t.Elem(), m, depth+1)
	case *types.Chan:
		mainTypes(t.Elem(), m, depth+1)
	case *types.Map:
		mainTypes(t.Key(), m, depth+1)
		mainTypes(t.Elem(), m, depth+1)
	case *types.Tuple:
		for i := 0; i < t.Len(); i++ {
			mainTypes(t.At(i).Type(), m, depth+1)
		}
	case *types.Signature:
		mainTypes(t.Params(), m, depth+1)
		mainTypes(t.Results(), m, depth+1)
	case *types.Struct:
		for i := 0; i < t.NumFields(); i++ {
			mainTypes(t.Field(i).Type(), m, depth+1)
		}
	case *types.Interface:
		for i := 0; i < t.NumMethods(); i++ {
			mainTypes(t.Method(i).Type(), m, depth+1)
		}
	}
}

// stubsFor emits the interface-satisfaction stubs of a session type: real
// methods that forward to the method functions through a re-assignable slot.
func (l *lowerer) stubsFor(t *types.Named, n string) {
	if types.IsInterface(t) {
		return
	}
	if l.s.stubs[n+":busy"] {
		return
	}
	l.s.stubs[n+":busy"] = true
	defer delete(l.s.stubs, n+":busy")
	saved := l.sub
	l.sub = nil
	defer func() { l.sub = saved }()
	ms := types.NewMethodSet(types.NewPointer(t))
	vs := types.NewMethodSet(t)
	for i := 0; i < ms.Len(); i++ {
		sel := ms.At(i)
		f := sel.Obj().(*types.Func)
		k := n + "." + f.Name()
		if l.s.stubs[k] {
			continue
		}
		l.s.stubs[k] = true
		l.u.onFail(func(s *engine) { delete(s.stubs, k) })
		sg := f.Type().(*types.Signature)
		ptr := vs.Lookup(f.Pkg(), f.Name()) == nil
		var rt ast.Expr = id(n)
		var rtyp types.Type = t
		if ptr {
			rt = &ast.StarExpr{X: id(n)}
			rtyp = types.NewPointer(t)
		}
		var args []ast.Expr
		ft := l.sig(sg, 0, true)
		for _, p := range ft.Params.List {
			p.Names[0].Name = "a_" + p.Names[0].Name
			args = append(args, id(p.Names[0].Name))
		}
		if ft.Results != nil {
			for _, p := range ft.Results.List {
				p.Names = nil
			}
		}
		c := &ast.CallExpr{Args: args}
		if sg.Variadic() {
			c.Ellipsis = 1
		}
		recv := id("r__")
		if len(sel.Index()) == 1 && isMain(f) { // own method: through its slot
			slot := "mv__" + n + "__" + f.Name()
			mfn := l.methodFunc(f, t)
			st := &ast.FuncType{Params: &ast.FieldList{List: append([]*ast.Field{{Type: rt}}, unnamed(l.sig(sg, 0, false)).Params.List...)}, Results: unnamed(l.sig(sg, 0, false)).Results}
			l.u.varsD = append(l.u.varsD, &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{id(slot)}, Type: st}}})
			l.u.prolog = append(l.u.prolog, &ast.AssignStmt{Lhs: []ast.Expr{id(slot)}, Tok: token.ASSIGN, Rhs: []ast.Expr{id(mfn)}})
			c.Fun = id(slot)
			c.Args = append([]ast.Expr{recv}, args...)
		} else { // promoted
			c = l.methodCall(recv, rtyp, sel, args, sg.Variadic(), 0)
		}
		var st ast.Stmt = &ast.ExprStmt{X: c}
		if sg.Results().Len() > 0 {
			st = &ast.ReturnStmt{Results: []ast.Expr{c}}
		}
		l.u.funcs = append(l.u.funcs, &ast.FuncDecl{Recv: &ast.FieldList{List: []*ast.Field{{Names: []*ast.Ident{id("r__")}, Type: rt}}}, Name: id(f.Name()), Type: ft, Body: &ast.BlockStmt{List: []ast.Stmt{st}}})
	}
}

func unnamed(f *ast.FuncType) *ast.FuncType { return f }

func (u *unit) onFail(f func(*engine)) {}

//---------------------------------------------------------------- constants

func (l *lowerer) constant(v constant.Value, t types.Type, p token.Pos) ast.Expr {
	t = l.st(t)
	b, ok := t.Underlying().(*types.Basic)
	if !ok {
		return nil
	}
	var e ast.Expr
	conv := false
	switch {
	case b.Info()&types.IsBoolean != 0:
		e = idp(strconv.FormatBool(constant.BoolVal(v)), p)
		conv = b.Kind() != types.UntypedBool && t != types.Typ[types.Bool]
	case b.Info()&types.IsString != 0:
		e = lit(token.STRING, strconv.Quote(constant.StringVal(v)), p)
		conv = b.Kind() != types.UntypedString && t != types.Typ[types.String]
	case b.Info()&types.IsInteger != 0:
		iv := constant.ToInt(v)
		if iv.Kind() != constant.Int {
			return nil
		}
		s := iv.ExactString()
		conv = b.Kind() != types.UntypedInt && t != types.Typ[types.Int]
		if b.Kind() == types.UntypedRune {
			conv = true
			t = types.Typ[types.Int32]
		}
		neg := strings.HasPrefix(s, "-")
		e = lit(token.INT, strings.TrimPrefix(s, "-"), p)
		if neg {
			e = &ast.UnaryExpr{OpPos: p, Op: token.SUB, X: e}
			if !conv {
				e = &ast.ParenExpr{Lparen: p, X: e}
			}
		}
	case b.Info()&types.IsFloat != 0:
		f, _ := constant.Float64Val(constant.ToFloat(v))
		s := strconv.FormatFloat(f, 'g', -1, 64)
		if strings.Contains(s, "Inf") {
			if b.Kind() == types.UntypedFloat {
				return nil
			}
			return nil
		}
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		neg := strings.HasPrefix(s, "-")
		e = lit(token.FLOAT, strings.TrimPrefix(s, "-"), p)
		conv = b.Kind() != types.UntypedFloat && t != types.Typ[types.Float64]
		if neg {
			e = &ast.UnaryExpr{OpPos: p, Op: token.SUB, X: e}
			if !conv {
				e = &ast.ParenExpr{Lparen: p, X: e}
			}
		}
	default:
		return nil
	}
	if conv {
		return call(l.typ(t, p), e)
	}
	return e
}
