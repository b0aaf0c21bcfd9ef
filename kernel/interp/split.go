package interp

import (
	"go/scanner"
	"go/token"
	"strings"
)

type chunk struct {
	start, end int
	kind       byte // i import, d decl (func/type/const), v var decl, s statement, p package clause
}

// split cuts a cell into top level chunks at depth-0 semicolons.
func split(src string) []chunk {
	fs := token.NewFileSet()
	f := fs.AddFile("", -1, len(src))
	var sc scanner.Scanner
	sc.Init(f, []byte(src), func(token.Position, string) {}, 0)
	type tk struct {
		tok token.Token
		off int
	}
	var cur []tk
	var out []chunk
	depth := 0
	header := false // in what stands between for, if or switch and its body
	flush := func(end int) {
		if len(cur) == 0 {
			return
		}
		k := byte('s')
		switch cur[0].tok {
		case token.PACKAGE:
			k = 'p'
		case token.IMPORT:
			k = 'i'
		case token.TYPE, token.CONST:
			k = 'd'
		case token.VAR:
			k = 'v'
		case token.FUNC:
			if len(cur) > 1 && cur[1].tok == token.IDENT {
				k = 'd'
			} else if len(cur) > 1 && cur[1].tok == token.LPAREN {
				d, j := 0, 1
				for ; j < len(cur); j++ {
					if cur[j].tok == token.LPAREN {
						d++
					} else if cur[j].tok == token.RPAREN {
						if d--; d == 0 {
							break
						}
					}
				}
				if j+2 < len(cur) && cur[j+1].tok == token.IDENT && (cur[j+2].tok == token.LPAREN || cur[j+2].tok == token.LBRACK) {
					k = 'd'
				}
			}
		}
		out = append(out, chunk{cur[0].off, end, k})
		cur = cur[:0]
	}
	for {
		pos, tok, lit := sc.Scan()
		off := f.Offset(pos)
		if tok == token.EOF {
			flush(len(src))
			return out
		}
		switch tok {
		case token.FOR, token.IF, token.SWITCH:
			header = header || depth == 0
		case token.LBRACE:
			header = header && depth > 0
			depth++
		case token.LPAREN, token.LBRACK:
			depth++
		case token.RPAREN, token.RBRACE, token.RBRACK:
			depth--
		case token.SEMICOLON:
			if header && lit == ";" {
				break // for i := 0; ; i++ {
			}
			if depth <= 0 {
				depth, header = 0, false
				if lit == ";" {
					off++
				}
				flush(off)
				continue
			}
		}
		cur = append(cur, tk{tok, off})
	}
}

// blank keeps only the chunks for which keep is true, with the comments before
// them; all else becomes spaces, so that places stay what they are.
func blank(src string, cs []chunk, keep func(chunk) bool) string {
	b := make([]byte, len(src))
	for i := range b {
		if b[i] = ' '; src[i] == '\n' {
			b[i] = '\n'
		}
	}
	from := 0
	for _, c := range cs {
		end := min(c.end, len(src))
		if keep(c) {
			copy(b[from:end], src[from:end])
			for i := from; i < c.start; i++ { // a semicolon on its own
				if b[i] == ';' && !inComment(src[from:i]) {
					b[i] = ' '
				}
			}
		}
		from = end
	}
	return string(b)
}

// inComment reports whether a comment that began in s, which holds nothing but
// comments and space, goes on at its end.
func inComment(s string) bool {
	line := strings.LastIndexByte(s, '\n') + 1
	return strings.Contains(s[line:], "//") || strings.LastIndex(s, "/*") > strings.LastIndex(s, "*/")
}
