package interp

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// head is the part of a statement at which it stops: all of a simple one, the
// lines to the brace of one with a block.
type head struct{ first, last int }

// stopLines tells at which line a breakpoint on a line of a cell stops: at the
// innermost statement there, or else at the next one. The parts of the cell
// hold their own lines, the others blank.
func stopLines(parts ...string) (func(line int) int, error) {
	var heads []head
	for _, code := range parts {
		hs, err := headsOf(code)
		if err != nil {
			return nil, fmt.Errorf("this cell cannot be parsed: %w", err)
		}
		heads = append(heads, hs...)
	}
	return func(line int) int {
		within, after := 0, 0
		for _, h := range heads {
			if h.first <= line && line <= h.last && h.first > within {
				within = h.first
			}
			if h.first > line && (after == 0 || h.first < after) {
				after = h.first
			}
		}
		if within > 0 {
			return within
		}
		return after
	}, nil
}

// headsOf lists the statements of a piece of Go.
func headsOf(code string) ([]head, error) {
	chunks := split(code)
	var heads []head
	for kinds, wrap := range map[string][2]string{"d": {"package main;", ""}, "sv": {"package main;func _(){", "\n}"}} {
		src := blank(code, chunks, func(c chunk) bool { return strings.IndexByte(kinds, c.kind) >= 0 })
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "", wrap[0]+src+wrap[1], parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		line := func(p token.Pos) int { return fset.Position(p).Line }
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(ast.Stmt); ok {
				if at, ok := stopsAt(s); ok {
					heads = append(heads, head{line(at), line(headEnd(s))})
				}
			}
			return true
		})
	}
	return heads, nil
}

// stopsAt is where the debugger stops at a statement, if it does.
func stopsAt(s ast.Stmt) (token.Pos, bool) {
	for {
		lb, ok := s.(*ast.LabeledStmt)
		if !ok {
			break
		}
		s = lb.Stmt
	}
	switch s := s.(type) {
	case *ast.EmptyStmt, *ast.BlockStmt, *ast.CaseClause, *ast.CommClause, nil:
		return token.NoPos, false
	case *ast.DeclStmt:
		if g, ok := s.Decl.(*ast.GenDecl); ok && g.Tok != token.VAR {
			return token.NoPos, false
		}
	}
	return s.Pos(), s.Pos().IsValid()
}

// headEnd is the end of what a statement does before its blocks.
func headEnd(s ast.Stmt) token.Pos {
	switch s := s.(type) {
	case *ast.LabeledStmt:
		return headEnd(s.Stmt)
	case *ast.IfStmt:
		return s.Body.Lbrace
	case *ast.ForStmt:
		return s.Body.Lbrace
	case *ast.RangeStmt:
		return s.Body.Lbrace
	case *ast.SwitchStmt:
		return s.Body.Lbrace
	case *ast.TypeSwitchStmt:
		return s.Body.Lbrace
	case *ast.SelectStmt:
		return s.Body.Lbrace
	}
	return s.End()
}
