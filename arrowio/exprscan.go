package arrowio

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokKind byte

const (
	tokEnd tokKind = iota
	tokWord
	tokColumn // in backticks
	tokNumber
	tokText
	tokOp
)

type token struct {
	kind tokKind
	text string
	at   int
}

type exprParser struct {
	source string
	pos    int
	tok    token
	depth  int
}

func (p *exprParser) fail(at int, format string, args ...any) error {
	return fmt.Errorf("arrowio: expression, character %d: %s\n  %s\n  %s^", utf8.RuneCountInString(p.source[:at])+1,
		fmt.Sprintf(format, args...), p.source, strings.Repeat(" ", displayWidth(p.source[:at])))
}

// scan reads the next token.
func (p *exprParser) scan() error {
	rest := strings.TrimLeft(p.source[p.pos:], " \t\r\n")
	p.pos = len(p.source) - len(rest)
	p.tok = token{at: p.pos}
	if rest == "" {
		return nil
	}
	first, size := utf8.DecodeRuneInString(rest)
	n := 0
	switch {
	case first == '\'' || first == '"' || first == '`':
		return p.scanQuoted(byte(first))
	case first >= '0' && first <= '9' || first == '.':
		p.tok.kind = tokNumber
		for n < len(rest) && (isWord(rune(rest[n])) || rest[n] == '.' || (rest[n] == '+' || rest[n] == '-') && (rest[n-1] == 'e' || rest[n-1] == 'E')) {
			n++
		}
	case isWord(first):
		p.tok.kind = tokWord
		n = strings.IndexFunc(rest, func(r rune) bool { return !isWord(r) })
		if n < 0 {
			n = len(rest)
		}
	default:
		p.tok.kind = tokOp
		n = size
		for _, two := range []string{"==", "!=", "<>", "<=", ">=", "&&", "||"} {
			if strings.HasPrefix(rest, two) {
				n = 2
			}
		}
	}
	p.tok.text = rest[:n]
	p.pos += n
	return nil
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// scanQuoted reads up to the closing quotation mark; a doubled one, or one after
// a backslash, stands for itself.
func (p *exprParser) scanQuoted(quote byte) error {
	var b strings.Builder
	for i := p.pos + 1; i < len(p.source); i++ {
		c := p.source[i]
		switch {
		case c == '\\' && quote != '`' && i+1 < len(p.source):
			i++
			switch next := p.source[i]; next {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case '\\', '\'', '"':
				b.WriteByte(next)
			default:
				return p.fail(i-1, "\\%c is not known in a text; \\n, \\t, \\\\ and \\%c are", next, quote)
			}
		case c == quote && i+1 < len(p.source) && p.source[i+1] == quote:
			b.WriteByte(c)
			i++
		case c == quote:
			p.tok = token{tokText, b.String(), p.pos}
			if quote == '`' {
				p.tok.kind = tokColumn
			}
			p.pos = i + 1
			return nil
		default:
			b.WriteByte(c)
		}
	}
	return p.fail(p.pos, "nothing closes the %c", quote)
}
