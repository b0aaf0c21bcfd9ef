package arrowio

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// String shows the view in aligned plain text: names, types, a rule, rows and
// the table's full size. Columns that do not fit the width are left out in the
// middle, and counted.
func (v *View) String() string {
	if v.table.released.Load() {
		return ErrReleased.Error()
	}
	fit := *v
	columns := fit.textColumns()
	for total(columns) > orDefault(v.opts.Width, 120) && shown(fit.cols) > 2 {
		fit.cols = ends(v.table.NumCols(), shown(fit.cols)-1)
		columns = fit.textColumns()
	}
	var b strings.Builder
	for i := range len(fit.rows) + 3 {
		var line strings.Builder
		for _, c := range columns {
			text := c.lines[i]
			if c.right {
				line.WriteString(strings.Repeat(" ", c.width-displayWidth(text)))
			}
			line.WriteString(text)
			if !c.right {
				line.WriteString(strings.Repeat(" ", c.width-displayWidth(text)))
			}
			line.WriteString("  ")
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	b.WriteString(fit.shape())
	return b.String()
}

type textColumn struct {
	lines []string // name, type, rule, rows
	width int
	right bool
}

func total(columns []textColumn) int {
	sum := -2
	for _, c := range columns {
		sum += c.width + 2
	}
	return sum
}

func (v *View) textColumns() []textColumn {
	columns := make([]textColumn, len(v.cols))
	for i, c := range v.cols {
		col := &columns[i]
		if c < 0 {
			col.lines = append(col.lines, "…", "", "")
			for range v.rows {
				col.lines = append(col.lines, "…")
			}
		} else {
			f := v.table.Schema().Field(c)
			col.right = isNumber(f.Type)
			col.lines = append(col.lines, v.plain(f.Name), typeName(f.Type), "")
			for _, x := range v.cells(v.table.rec.Column(c)) {
				col.lines = append(col.lines, v.plain(x.text))
			}
		}
		for _, l := range col.lines {
			col.width = max(col.width, displayWidth(l))
		}
		col.lines[2] = strings.Repeat("─", col.width)
	}
	return columns
}

// plain gives text for one cell of a terminal: cut, without control characters.
func (v *View) plain(text string) string {
	head, rest := cut(text, orDefault(v.opts.Chars, 40))
	var b strings.Builder
	writeVisible(&b, head, func(g string, _ rune) { b.WriteString(g) })
	if rest > 0 {
		b.WriteString("…")
	}
	return b.String()
}

// displayWidth counts the columns that text takes on a terminal: two for wide
// characters of East Asia, none for marks that combine.
func displayWidth(text string) int {
	n := 0
	for _, r := range text {
		switch k := width.LookupRune(r).Kind(); {
		case r < 0x7f:
			n++
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case k == width.EastAsianWide || k == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// Markdown shows the view as a table of GitHub's Markdown.
func (v *View) Markdown() string {
	if v.table.released.Load() {
		return ErrReleased.Error()
	}
	var header, rule strings.Builder
	columns := make([][]cell, len(v.cols))
	for i, c := range v.cols {
		if c < 0 {
			header.WriteString("| … ")
			rule.WriteString("| --- ")
			continue
		}
		f := v.table.Schema().Field(c)
		columns[i] = v.cells(v.table.rec.Column(c))
		header.WriteString("| " + escapeMarkdown(v.plain(f.Name)) + " ")
		if isNumber(f.Type) {
			rule.WriteString("| ---: ")
		} else {
			rule.WriteString("| --- ")
		}
	}
	var b strings.Builder
	b.WriteString(header.String() + "|\n" + rule.String() + "|\n")
	for i := range v.rows {
		for k, c := range v.cols {
			text := "…"
			if c >= 0 {
				text = columns[k][i].text
			}
			b.WriteString("| " + escapeMarkdown(v.plain(text)) + " ")
		}
		b.WriteString("|\n")
	}
	b.WriteString("\n" + v.shape() + "\n")
	return b.String()
}

// escapeMarkdown takes every meaning from the characters that Markdown, HTML
// inside it and mathematics inside it give one to. Of mathematics a backslash does
// not free its delimiters: MathJax looks at the finished page, where it has gone. It
// looks for them within one element, though, so each gets one of its own.
func escapeMarkdown(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '$' || r == '\\':
			fmt.Fprintf(&b, "<span>&#%d;</span>", r)
		case strings.ContainsRune("`*_{}[]()#+!|~", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
