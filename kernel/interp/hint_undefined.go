package interp

import (
	"fmt"
	"go/ast"
	"go/types"
	"path"
	"slices"
	"strings"
)

// undefinedHint is a way out where a name is not known: why it is no more, the cell
// that would have declared it, the import that is missing, or the name that was
// meant.
func (s *engine) undefinedHint(name string, e types.Error, ck *checked, cell *ast.File) string {
	for _, l := range ck.lost {
		if l.decl.key == name || slices.Contains(l.decl.names, name) {
			return fmt.Sprintf("; the one of %s no longer holds (%s): run that cell again", l.decl.cell, plainMessage(l.why))
		}
	}
	if c, ok := s.failed[name]; ok && c != s.cellName {
		return fmt.Sprintf("; %s would declare it, but has an error", c)
	}
	if paths := s.packagesNamed(name); len(paths) > 0 {
		return `; to use the package, add import "` + strings.Join(paths, `" or "`) + `"`
	}
	if meant, ok := foreignWords[name]; ok {
		return "; " + meant
	}
	hint := meant(name, s.known(ck.pkg, ck.info))
	if hint == "" {
		hint = s.qualified(name)
	}
	if assigned(cell, e) {
		if hint != "" {
			hint = " or" + strings.TrimPrefix(hint, ";")
		}
		hint = "; a new variable is declared by :=" + hint
	}
	return hint
}

// foreignWords are what other languages call something that Go has.
var foreignWords = map[string]string{
	"None": "Go says nil", "null": "Go says nil", "NULL": "Go says nil", "undefined": "Go says nil",
	"try":    "an error is a value: v, err := f(), or must(f())",
	"lambda": "a function is written func(x int) int { return x + 1 }",
	"str":    "text is made by fmt.Sprint(x)",
	"list":   "a list is a slice: []float64{1, 2}",
	"dict":   `a dictionary is a map: map[string]int{"a": 1}`,
	"self":   "a method names its receiver: func (p Point) Norm() float64 { … }",
}

// packagesNamed are the packages that a cell may import under a name, those of
// the standard library first, at most three.
func (s *engine) packagesNamed(name string) []string {
	var paths []string
	for _, p := range s.lib.Paths() {
		if path.Base(p) == name {
			paths = append(paths, p)
		}
	}
	slices.SortStableFunc(paths, func(a, b string) int {
		foreign := func(p string) int { return strings.Count(p, ".")*100 + strings.Count(p, "/") }
		return foreign(a) - foreign(b)
	})
	return paths[:min(len(paths), 3)]
}

// known are the names that the cell could have meant.
func (s *engine) known(pkg *types.Package, info *types.Info) []string {
	names := append(pkg.Scope().Names(), types.Universe.Names()...)
	for id := range info.Defs {
		if !s.inPrelude(id.Pos()) { // but for must and check, which are in the scope
			names = append(names, id.Name)
		}
	}
	for _, o := range info.Implicits {
		if p, ok := o.(*types.PkgName); ok {
			names = append(names, p.Name())
		}
	}
	return slices.DeleteFunc(names, func(n string) bool { return strings.Contains(n, "__") || strings.HasPrefix(n, "pk_") || n == "_" })
}

// qualified tells of packages that need no import and have the name.
func (s *engine) qualified(name string) string {
	if !ast.IsExported(name) {
		return ""
	}
	var found []string
	for local, p := range s.imports {
		if pkg, err := s.lib.Import(p); err == nil && !strings.HasPrefix(local, ".:") && pkg.Scope().Lookup(name) != nil {
			found = append(found, local+"."+name)
		}
	}
	if len(found) == 0 {
		return ""
	}
	slices.Sort(found)
	return "; did you mean " + strings.Join(found[:min(len(found), 3)], " or ") + "?"
}

// noteFailed notes what a cell that was not run would have declared.
func (s *engine) noteFailed(cell, src string) {
	ck, _ := s.checkCell(src, true)
	if ck == nil || ck.syntax == nil {
		return
	}
	names := ck.defs
	for _, d := range ck.syntax.decls {
		_, declared := declNames(d)
		names = append(names, declared...)
	}
	for _, n := range names {
		s.failed[n] = cell
	}
}
