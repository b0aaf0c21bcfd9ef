package notebook

import (
	"fmt"
	"go/scanner"
	"go/token"
	"html/template"
	"regexp"
	"strconv"
	"strings"
)

// highlight marks the parts of Go source with classes: k keyword, s string,
// n number, c comment. Source that is not Go stays readable.
func highlight(source string) template.HTML {
	var b strings.Builder
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, []byte(source), func(token.Position, string) {}, scanner.ScanComments)
	last := 0
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			break
		}
		at := file.Offset(pos)
		class := ""
		text := literal
		switch {
		case tok.IsKeyword():
			class, text = "k", tok.String()
		case tok == token.STRING || tok == token.CHAR:
			class = "s"
		case tok == token.INT || tok == token.FLOAT || tok == token.IMAG:
			class = "n"
		case tok == token.COMMENT:
			class = "c"
		}
		// The scanner takes carriage returns out of some literals; what is not
		// in the source as it stands is left unmarked.
		if class == "" || at < last || !strings.HasPrefix(source[at:], text) {
			continue
		}
		b.WriteString(template.HTMLEscapeString(source[last:at]))
		fmt.Fprintf(&b, `<span class="%s">%s</span>`, class, template.HTMLEscapeString(text))
		last = at + len(text)
	}
	b.WriteString(template.HTMLEscapeString(source[last:]))
	return template.HTML(b.String())
}

// sgr is an escape sequence that sets colours and weight; other sequences are
// dropped.
var sgr = regexp.MustCompile("\x1b\\[([0-9;?]*)([A-Za-z])")

// ansiHTML turns text with the escape sequences of terminals into HTML.
func ansiHTML(s string) template.HTML {
	var b strings.Builder
	var style ansiStyle
	last := 0
	write := func(text string) {
		if text == "" {
			return
		}
		text = template.HTMLEscapeString(text)
		if class := style.class(); class != "" {
			text = `<span class="` + class + `">` + text + "</span>"
		}
		b.WriteString(text)
	}
	for _, m := range sgr.FindAllStringSubmatchIndex(s, -1) {
		write(s[last:m[0]])
		last = m[1]
		if s[m[4]:m[5]] == "m" {
			style.set(s[m[2]:m[3]])
		}
	}
	write(s[last:])
	return template.HTML(b.String())
}

// ansiStyle is a terminal's current style: the colours 0 to 15, or -1.
type ansiStyle struct {
	styled bool
	fg     int
	bold   bool
}

func (a *ansiStyle) class() string {
	var classes []string
	if a.styled && a.fg >= 0 {
		classes = append(classes, "a"+strconv.Itoa(a.fg))
	}
	if a.bold {
		classes = append(classes, "b")
	}
	return strings.Join(classes, " ")
}

func (a *ansiStyle) set(codes string) {
	list := strings.Split(codes, ";")
	for i := 0; i < len(list); i++ {
		n, _ := strconv.Atoi(list[i]) // an empty code is 0, as terminals have it
		switch {
		case n == 0:
			*a = ansiStyle{}
		case n == 1:
			a.bold = true
		case n == 22:
			a.bold = false
		case n >= 30 && n <= 37:
			a.styled, a.fg = true, n-30
		case n == 39:
			a.styled = false
		case n >= 90 && n <= 97:
			a.styled, a.fg = true, n-90+8
		case n == 38 || n == 48: // 256 colours or RGB: skipped with their arguments
			if i+1 < len(list) && list[i+1] == "5" {
				i += 2
			} else {
				i += 4
			}
		}
	}
}
