package interp

import (
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"divvy/arrowio/near"
)

// hint is a way out of an error about a name that is not known, or "": the
// import that the cell lacks, or the name that was probably meant. Go's own
// words stay before it.
func (s *engine) hint(e types.Error, ck *checked, cell *ast.File) string {
	pkg, info := ck.pkg, ck.info
	name, isName := strings.CutPrefix(e.Msg, "undefined: ")
	_, last, qualified := strings.Cut(name, ".")
	switch {
	case strings.Contains(e.Msg, " (but have "): // Go says it itself
	case isName && !qualified:
		return s.undefinedHint(name, e, ck, cell)
	case isName:
		if x := selected(cell, e); x != nil {
			if p, ok := info.Uses[plainIdent(x.X)].(*types.PkgName); ok {
				return meantOf(last, p.Name(), exportedOf(p.Imported().Scope().Names()))
			}
		}
	case strings.Contains(e.Msg, " has no field or method ") && !strings.Contains(e.Msg, "but does have"):
		if x := selected(cell, e); x != nil {
			if hint := s.hidden(x, pkg, info); hint != "" {
				return hint
			}
			has := members(info.TypeOf(x.X), pkg)
			if n := cellNamed(info.TypeOf(x.X)); n != nil {
				if cell, ok := s.former[n.Obj().Name()+"."+x.Sel.Name]; ok {
					return fmt.Sprintf("; the one of %s was a method of the former %s: run that cell again", cell, n.Obj().Name())
				}
			}
			if hint := elsewhere(x.Sel.Name, has); hint != "" {
				return hint
			}
			return meantOf(x.Sel.Name, "it", has)
		}
	default:
		return s.callHint(e, pkg, cell, info)
	}
	return ""
}

// hidden says that a variable of the cells has taken a package's name, if the
// selected name is one of that package.
func (s *engine) hidden(x *ast.SelectorExpr, pkg *types.Package, info *types.Info) string {
	id := plainIdent(x.X)
	if id == nil {
		return ""
	}
	if v, ok := info.Uses[id].(*types.Var); !ok || v.Parent() != pkg.Scope() {
		return ""
	}
	for _, path := range s.packagesNamed(id.Name) {
		if p, err := s.lib.Import(path); err == nil && x.Sel.IsExported() && p.Scope().Lookup(x.Sel.Name) != nil {
			return "; " + id.Name + ` is a variable of yours; to use the package, add import "` + path + `", which hides the variable`
		}
	}
	return ""
}

// selected is the selector whose name the error is about.
func selected(cell *ast.File, e types.Error) (found *ast.SelectorExpr) {
	ast.Inspect(cell, func(n ast.Node) bool {
		if x, ok := n.(*ast.SelectorExpr); ok && x.Sel.Pos() == e.Pos {
			found = x
		}
		return found == nil
	})
	return found
}

func plainIdent(x ast.Expr) *ast.Ident {
	id, _ := ast.Unparen(x).(*ast.Ident)
	return id
}

func exportedOf(names []string) []string {
	return slices.DeleteFunc(names, func(n string) bool { return !ast.IsExported(n) })
}

// members are the fields and methods of a value's type that a cell can use.
func members(t types.Type, pkg *types.Package) []string {
	if t == nil {
		return nil
	}
	var names []string
	add := func(o types.Object) {
		if o.Exported() || o.Pkg() == pkg {
			names = append(names, o.Name())
		}
	}
	for t := range typeAndPointer(t) {
		for m := range types.NewMethodSet(t).Methods() {
			add(m.Obj())
		}
	}
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if st, ok := t.Underlying().(*types.Struct); ok {
		for f := range st.Fields() {
			add(f)
		}
	}
	return names
}

// typeAndPointer yields a type, and the pointer to it whose methods an
// addressable value has, too.
func typeAndPointer(t types.Type) func(yield func(types.Type) bool) {
	return func(yield func(types.Type) bool) {
		if t == nil || !yield(t) {
			return
		}
		if _, pointer := t.Underlying().(*types.Pointer); !pointer && !types.IsInterface(t) {
			yield(types.NewPointer(t))
		}
	}
}

// meantOf is meant, or else all names that there are.
func meantOf(name, of string, names []string) string {
	if hint := meant(name, names); hint != "" {
		return hint
	}
	return listed(of, names)
}

// meant says which name was probably meant, "" where none is near.
func meant(name string, names []string) string {
	if best := near.Name(name, names); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}
