package interp

import (
	"go/ast"
	"go/token"
	"go/types"
)

// path selects the field at a path of indices, through embedded fields.
func (l *lowerer) path(x ast.Expr, t types.Type, idx []int, p token.Pos) (ast.Expr, types.Type) {
	if s, ok := unparen(x).(*ast.StarExpr); ok && len(idx) > 0 && !isPtr(t) {
		x = s.X // (*p).f is p.f, which yaegi never takes for a type
	}
	for _, i := range idx {
		st := deref(t).Underlying().(*types.Struct)
		x = &ast.SelectorExpr{X: x, Sel: idAt(fieldName(st, i), p)}
		t = l.st(st.Field(i).Type())
	}
	return x, t
}

func (l *lowerer) selector(e *ast.SelectorExpr) ast.Expr {
	p := e.Pos()
	if x, ok := e.X.(*ast.Ident); ok {
		if pn, ok := l.info.Uses[x].(*types.PkgName); ok {
			if in, ok := l.info.Instances[e.Sel]; ok {
				return l.shimValue(pn.Imported().Path()+"."+e.Sel.Name, in, p)
			}
			if isStream(l.info, e) {
				l.s.usesFiles = true
			}
			return l.pkgSel(pn.Imported().Path(), e.Sel.Name, p)
		}
	}
	s := l.info.Selections[e]
	if s == nil {
		l.fail(p, "internal: no selection of %s", e.Sel.Name)
	}
	rt := l.st(s.Recv())
	switch s.Kind() {
	case types.FieldVal:
		if n, ok := deref(rt).(*types.Named); ok && !isMain(n.Obj()) && n.TypeArgs().Len() == 0 {
			return &ast.SelectorExpr{X: l.expr(e.X), Sel: idAt(e.Sel.Name, e.Sel.Pos())}
		}
		idx := s.Index()
		if len(l.sub) > 0 { // the instance's struct may be another
			if o, i, _ := types.LookupFieldOrMethod(rt, true, l.pkg, e.Sel.Name); o != nil {
				idx = i
			}
		}
		x, _ := l.path(l.expr(e.X), rt, idx, p)
		return x
	case types.MethodVal:
		return l.methodValue(e, rt)
	default:
		return l.methodExpr(e, rt)
	}
}

// isStream reports whether e is os.Stdout or os.Stderr.
func isStream(info *types.Info, e ast.Expr) bool {
	se, ok := unparen(e).(*ast.SelectorExpr)
	if !ok || se.Sel.Name != "Stdout" && se.Sel.Name != "Stderr" {
		return false
	}
	o := info.Uses[se.Sel]
	return o != nil && o.Pkg() != nil && o.Pkg().Path() == "os"
}
