package arrowio

import (
	"fmt"
	"strings"
)

// The styles stand inline because JupyterLab's sanitizer drops <style> from
// notebooks that it does not trust; colours are the theme's, with a fallback for
// front ends that have no such theme.
const (
	styleFaint  = `color:var(--jp-ui-font-color2,#767676)`
	styleType   = styleFaint + `;font-weight:normal;font-size:85%`
	styleTable  = `border-collapse:collapse;font-variant-numeric:tabular-nums;line-height:1.4`
	styleRule   = `border-bottom:1px solid var(--jp-border-color1,#bdbdbd);`
	styleLeft   = `text-align:left;vertical-align:top;padding:2px 8px;white-space:nowrap`
	styleLong   = `text-align:left;vertical-align:top;padding:2px 8px;min-width:12em;max-width:46em;overflow-wrap:anywhere`
	styleRight  = `text-align:right;vertical-align:top;padding:2px 8px;white-space:nowrap`
	styleOpened = `white-space:pre-wrap;max-width:60em;margin-top:4px`
	styleGlyph  = styleFaint + `;user-select:none`

	// classNoMath keeps MathJax, in its versions 3 and 2, from taking a pair of
	// dollar signs in the data for mathematics.
	classNoMath = "mathjax_ignore tex2jax_ignore"
)

// How many characters a text, and a value of another type, may have that is kept in
// one line: a page too narrow for its columns scrolls, rather than breaking dates,
// numbers and short lists.
const (
	textInLine  = 24
	valueInLine = 30
)

// HTML shows the view as an HTML table: names, types under them, numbers on the
// right, row numbers faint, long text folded and opened on a click, and the
// table's full size below. It needs no style sheet and no script.
func (v *View) HTML() string {
	if v.table.released.Load() {
		return `<p>` + escapeHTML(ErrReleased.Error()) + `</p>`
	}
	var b strings.Builder
	if len(v.cols) == 0 {
		return fmt.Sprintf(`<div style="%s;font-size:85%%">%s</div>`, styleFaint, v.shape())
	}
	b.WriteString(`<div class="` + classNoMath + `" style="overflow-x:auto">` + "\n" + `<table class="dataframe" style="` + styleTable + `">` + "\n<thead>\n<tr><th style=\"border-bottom:0\"></th>")
	fields := v.table.Schema().Fields()
	for _, c := range v.cols {
		if c < 0 {
			fmt.Fprintf(&b, `<th style="%s;%s">…</th>`, styleRight, styleFaint)
			continue
		}
		fmt.Fprintf(&b, `<th style="%s;border-bottom:0">`, align(isNumber(fields[c].Type)))
		v.writeText(&b, fields[c].Name)
		b.WriteString(`</th>`)
	}
	fmt.Fprintf(&b, "</tr>\n<tr><th style=\"%s\"></th>", styleRule)
	for _, c := range v.cols {
		if c < 0 {
			fmt.Fprintf(&b, `<th style="%s"></th>`, styleRule)
			continue
		}
		fmt.Fprintf(&b, `<th style="%s%s;%s">%s</th>`, styleRule, align(isNumber(fields[c].Type)), styleType, escapeHTML(typeName(fields[c].Type)))
	}
	b.WriteString("</tr>\n</thead>\n<tbody>\n")
	columns := make([][]cell, len(v.cols))
	for i, c := range v.cols {
		if c >= 0 {
			columns[i] = v.cells(v.table.rec.Column(c))
		}
	}
	for i, row := range v.rows {
		v.writeRow(&b, i, row, columns)
	}
	fmt.Fprintf(&b, "</tbody>\n</table>\n<div style=\"%s;font-size:85%%\">%s</div>\n</div>", styleFaint, v.shape())
	return b.String()
}

func (v *View) writeRow(b *strings.Builder, i, row int, columns [][]cell) {
	number := "⋮"
	if row >= 0 {
		number = fmt.Sprint(row + v.opts.First)
	}
	fmt.Fprintf(b, `<tr><th style="%s;%s">%s</th>`, styleRight, styleType, number)
	for k, c := range v.cols {
		if c < 0 {
			fmt.Fprintf(b, `<td style="%s;%s">…</td>`, styleRight, styleFaint)
			continue
		}
		switch x := columns[k][i]; {
		case x.gap:
			fmt.Fprintf(b, `<td style="%s;%s">⋮</td>`, align(isNumber(v.table.Schema().Field(c).Type)), styleFaint)
		case x.null:
			fmt.Fprintf(b, `<td style="%s;%s;font-style:italic">null</td>`, align(isNumber(v.table.Schema().Field(c).Type)), styleFaint)
		case isNumber(v.table.Schema().Field(c).Type):
			fmt.Fprintf(b, `<td style="%s">%s</td>`, styleRight, escapeHTML(x.text))
		default:
			style, most := styleLeft, valueInLine
			if keyClass(v.table.Schema().Field(c).Type) == "text" {
				most = textInLine
			}
			if _, rest := cut(x.text, most); rest > 0 {
				style = styleLong
			}
			fmt.Fprintf(b, `<td dir="auto" style="%s">`, style)
			v.writeText(b, x.text)
			b.WriteString(`</td>`)
		}
	}
	b.WriteString("</tr>\n")
}

func align(right bool) string {
	if right {
		return styleRight
	}
	return styleLeft
}

// writeText writes a text of the table, folded when it is long.
func (v *View) writeText(b *strings.Builder, text string) {
	head, rest := cut(text, orDefault(v.opts.Chars, 80))
	if rest == 0 {
		writeEscaped(b, text, false)
		return
	}
	b.WriteString(`<details><summary>`)
	writeEscaped(b, head, false)
	fmt.Fprintf(b, `…</summary><div style="%s">`, styleOpened)
	whole, left := cut(text, mostText)
	writeEscaped(b, whole, true)
	if left > 0 {
		fmt.Fprintf(b, `<span style="%s">… %s more</span>`, styleFaint, plural(left, "byte"))
	}
	b.WriteString(`</div></details>`)
}

// writeEscaped writes text that a browser shows as it is. What cannot be seen is
// a faint glyph; with breaks, the glyph of a line's end is followed by one.
func writeEscaped(b *strings.Builder, text string, breaks bool) {
	var plain strings.Builder
	flush := func() {
		b.WriteString(escapeHTML(plain.String()))
		plain.Reset()
	}
	writeVisible(&plain, text, func(g string, r rune) {
		flush()
		fmt.Fprintf(b, `<span style="%s">%s</span>`, styleGlyph, g)
		if breaks && r == '\n' {
			b.WriteByte('\n')
		}
	})
	flush()
}

// escapeHTML escapes for text and for attributes in either kind of quotes.
var escapeHTML = strings.NewReplacer(`&`, "&amp;", `<`, "&lt;", `>`, "&gt;", `"`, "&#34;", `'`, "&#39;", "`", "&#96;").Replace
