package interp

import (
	"context"
	"go/parser"
	"go/scanner"
	"go/token"
	"strings"

	"divvy/kernel/cell"
)

// IsComplete implements cell.Interpreter.
func (s *Session) IsComplete(_ context.Context, code string) (cell.Completeness, error) {
	return completeness(code), nil
}

func completeness(code string) cell.Completeness {
	if _, _, help := helpOn(code); help || isMagic(code) {
		// A magic that takes the whole cell ends with an empty line, as in IPython.
		if last := code[strings.LastIndexByte(code, '\n')+1:]; strings.HasPrefix(strings.TrimSpace(code), "%%") && (last == code || strings.TrimSpace(last) != "") {
			return cell.Completeness{Status: "incomplete"}
		}
		return cell.Completeness{Status: "complete"}
	}
	var sc scanner.Scanner
	fset := token.NewFileSet()
	f := fset.AddFile("", -1, len(code))
	open := "" // what is not closed at the end
	sc.Init(f, []byte(code), func(_ token.Position, msg string) {
		if strings.Contains(msg, "not terminated") && !strings.HasPrefix(msg, "string") && !strings.HasPrefix(msg, "rune") {
			open = msg
		}
	}, 0)
	depth := 0
	last := token.SEMICOLON
	for {
		_, tok, lit := sc.Scan()
		if tok == token.EOF {
			break
		}
		switch tok {
		case token.LPAREN, token.LBRACE, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			depth--
		}
		if !(tok == token.SEMICOLON && lit == "\n") {
			last = tok
		}
	}
	switch {
	case depth < 0:
		return cell.Completeness{Status: "invalid"}
	case open != "" || depth > 0:
		return cell.Completeness{Status: "incomplete", Indent: indent(depth)}
	case last.IsOperator() && unfinished(last):
		return cell.Completeness{Status: "incomplete", Indent: indent(1)}
	}
	chunks := split(code)
	decls := blank(code, chunks, func(c chunk) bool { return c.kind == 'd' || c.kind == 'i' })
	stmts := blank(code, chunks, func(c chunk) bool { return c.kind == 's' || c.kind == 'v' })
	if _, err := parser.ParseFile(token.NewFileSet(), "", "package p;"+decls, parser.SkipObjectResolution); err != nil {
		if !strings.Contains(err.Error(), "imports must appear before") {
			return cell.Completeness{Status: "invalid"}
		}
	}
	if _, err := parser.ParseFile(token.NewFileSet(), "", "package p;func _(){"+stmts+"\n}", parser.SkipObjectResolution); err != nil {
		return cell.Completeness{Status: "invalid"}
	}
	return cell.Completeness{Status: "complete"}
}

// unfinished reports whether an operator asks for more after it.
func unfinished(t token.Token) bool {
	switch t {
	case token.RPAREN, token.RBRACE, token.RBRACK, token.INC, token.DEC, token.SEMICOLON:
		return false
	}
	return true
}

// indent is what the next line starts with: spaces, because consoles show a tab
// as ^I.
func indent(depth int) string {
	return strings.Repeat("    ", min(max(depth, 0), 20))
}
