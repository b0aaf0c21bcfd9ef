package interp

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
)

// preludeName is the cell that the functions below seem to come from.
const preludeName = "divvy"

// preludeSource is functions that every cell has, as short ways to end it with
// an error. They are declared by the first cell that mentions them; a function
// or variable of that name that a cell declares takes their place.
const preludeSource = `
// check ends the cell with err, unless it is nil.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// must returns v, or ends the cell with err, unless it is nil. It is put around
// a call: data := must(dataset.Load(ctx, "pairs.jsonl"))
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
`

// prelude is the declarations of preludeSource by name, parsed anew: the
// lowerer keeps what it knows of a declaration by its node.
func (s *engine) prelude() (map[string]*ast.FuncDecl, error) {
	s.sources[preludeName] = preludeSource
	f, err := parser.ParseFile(s.fset, "_.go", "package main;/*line "+preludeName+"/_.go:1:1*/"+preludeSource, parseMode|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	found := map[string]*ast.FuncDecl{}
	for _, d := range f.Decls {
		fd := d.(*ast.FuncDecl)
		found[fd.Name.Name] = fd
	}
	return found, nil
}

var preludeNames = [...]string{"check", "must"}

// addPrelude adds to a cell the functions of the prelude that it mentions and
// nobody has declared.
func (s *engine) addPrelude(syn *cellSyntax, declared map[string]bool) error {
	var all map[string]*ast.FuncDecl
	for _, n := range preludeNames {
		if !syn.idents[n] || declared[n] || s.decls[n] != nil || s.vars[n] != nil || s.imports[n] != "" {
			continue
		}
		if all == nil {
			var err error
			if all, err = s.prelude(); err != nil {
				return err
			}
		}
		syn.decls = append(syn.decls, all[n])
	}
	return nil
}

// cellOfDecl is the cell that a declaration of the cell being worked on counts
// as: preludeName for one of the prelude.
func (s *engine) cellOfDecl(d ast.Decl) string {
	if s.inPrelude(d.Pos()) {
		return preludeName
	}
	return s.cellName
}

func (s *engine) inPrelude(p token.Pos) bool {
	return cellOf(s.fset.Position(p).Filename) == preludeName
}

// shownPrelude is the prelude as completion and help show it.
type shownPrelude struct {
	decls map[string]*ast.FuncDecl
	scope *types.Scope
}

// shown checks the prelude the first time that somebody asks for it.
func (s *engine) shown() *shownPrelude {
	if s.preludeShown == nil {
		s.preludeShown = &shownPrelude{scope: types.NewScope(nil, token.NoPos, token.NoPos, "")}
		if decls, err := s.prelude(); err == nil {
			f := &ast.File{Package: s.filePos, Name: ast.NewIdent("main")}
			for _, n := range preludeNames {
				f.Decls = append(f.Decls, decls[n])
			}
			pkg := types.NewPackage("main", "main")
			if err := types.NewChecker(&types.Config{}, s.fset, pkg, nil).Files([]*ast.File{f}); err == nil {
				s.preludeShown = &shownPrelude{decls, pkg.Scope()}
			}
		}
	}
	return s.preludeShown
}

// preludeObjects are the prelude's functions that no declaration of the
// session hides.
func (s *engine) preludeObjects(scope *types.Scope) (out []types.Object) {
	for _, n := range s.shown().scope.Names() {
		if scope.Lookup(n) == nil && s.imports[n] == "" {
			out = append(out, s.shown().scope.Lookup(n))
		}
	}
	return out
}

// preludeDoc documents a function of the prelude; it is empty for others.
func (s *engine) preludeDoc(o types.Object) string {
	if d := s.shown().decls[o.Name()]; d != nil && s.inPrelude(o.Pos()) {
		return docOf(d)
	}
	return ""
}
