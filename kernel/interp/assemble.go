package interp

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strconv"
)

// assemble puts the parts of the unit in one file.
func (l *lowerer) assemble() *ast.File {
	s, u := l.s, l.u
	f := &ast.File{Package: s.filePos, Name: &ast.Ident{Name: "main", NamePos: s.filePos}}
	decls := [][]ast.Decl{u.types, u.vars, u.funcs}
	if u.makes != nil { // the types come before
		decls = decls[1:]
	}
	for _, ds := range decls {
		f.Decls = append(f.Decls, ds...)
	}
	fixPos(f, s.filePos)
	return f
}

// importing is a file that imports what the unit needs and yaegi has not yet
// imported; nil if that is nothing. It is apart from the unit's own file
// because yaegi keeps an import of a file that it then cannot compile, and
// refuses it the next time.
func (s *engine) importing(u *unit) (f *ast.File, aliases []string) {
	for _, a := range slices.Sorted(maps.Keys(u.imports)) {
		if !s.ydone[a] {
			aliases = append(aliases, a)
		}
	}
	if len(aliases) == 0 {
		return nil, nil
	}
	f = &ast.File{Package: s.filePos, Name: &ast.Ident{Name: "main", NamePos: s.filePos}}
	for _, a := range aliases {
		f.Decls = append(f.Decls, &ast.GenDecl{Tok: token.IMPORT, Specs: []ast.Spec{&ast.ImportSpec{Name: id(a), Path: lit(token.STRING, strconv.Quote(u.imports[a]))}}})
	}
	fixPos(f, s.filePos)
	return f, aliases
}
