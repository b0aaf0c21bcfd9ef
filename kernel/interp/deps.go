package interp

import (
	"go/ast"
	"go/types"
)

// depsOf collects the session's names on which a declaration depends; a method
// is "T.M".
func (l *lowerer) depsOf(n ast.Node) map[string]bool {
	m := map[string]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if o := l.info.Uses[n]; o != nil && l.pkgLevel(o) { // not the name that it declares
				m[o.Name()] = true
			}
		case *ast.SelectorExpr:
			s := l.info.Selections[n]
			if s == nil || s.Kind() == types.FieldVal {
				break
			}
			if f, ok := s.Obj().(*types.Func); ok && isMain(f) {
				if r := f.Signature().Recv(); r != nil {
					if nm := cellNamed(r.Type()); nm != nil {
						m[nm.Obj().Name()+"."+f.Name()] = true
					}
				}
			}
		}
		return true
	})
	return m
}

// origNode returns the syntax that this round of type checking has seen for d.
func (l *lowerer) origNode(d *decl) ast.Node {
	if n, ok := l.origOf[d.node]; ok {
		return n
	}
	return d.node
}

// normalise copies a declaration with packages under their internal names, so
// that it means the same after later imports.
func (l *lowerer) normalise(n ast.Decl) ast.Decl {
	m := map[ast.Node]ast.Node{}
	c := clone(n, m)
	ast.Inspect(c, func(n ast.Node) bool {
		if x, ok := n.(*ast.Ident); ok {
			if o, ok := m[x].(*ast.Ident); ok {
				if pn, ok := l.info.Uses[o].(*types.PkgName); ok {
					x.Name = alias(pn.Imported().Path())
					l.s.aliases[x.Name] = pn.Imported().Path()
				}
			}
		}
		return true
	})
	if l.origOf == nil {
		l.origOf = map[ast.Node]ast.Node{}
	}
	l.origOf[c] = n
	return c
}
