package interp

import (
	"go/scanner"
	"go/token"
	"reflect"
	"slices"
)

// nils are the variables of the session that a line of source names and that hold
// nil: one of them is what the line cannot follow.
func (s *engine) nils(line string) (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sc scanner.Scanner
	sc.Init(token.NewFileSet().AddFile("", -1, len(line)), []byte(line), func(token.Position, string) {}, 0)
	for before := token.ILLEGAL; ; {
		_, tok, name := sc.Scan()
		if tok == token.EOF {
			return names
		}
		if tok == token.IDENT && before != token.PERIOD && s.vars[name] != nil && !s.vars[name].predeclared && !slices.Contains(names, name) {
			switch v := s.value(name); v.Kind() {
			case reflect.Pointer, reflect.Interface, reflect.Func:
				if v.IsNil() {
					names = append(names, name)
				}
			}
		}
		before = tok
	}
}
