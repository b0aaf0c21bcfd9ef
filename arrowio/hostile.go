package arrowio

import "strings"

// Hostile gives a table of texts that break careless displays and readers:
// script and event handlers in every form of escape, quotation marks, a text of
// a megabyte, text that turns its direction, control characters, mathematics,
// Markdown, formulas of spreadsheets. Tests open it in every front end; a page
// that shows it runs nothing, for which it sets window.hacked.
func Hostile() *Table {
	names := []string{
		"script", "image", "svg", "closing", "attribute", "single quote", "entity", "link", "iframe", "template", "comment",
		"long", "one word", "right to left", "override", "isolate", "control", "null byte", "newlines", "tabs", "not utf-8", "zero width",
		"math", "math display", "math environment", "markdown", "html in markdown", "formula", "csv", "ansi", "emoji", "combining", "empty", "spaces",
	}
	texts := []string{
		`<script>window.hacked=1</script>`, `<img src=x onerror="window.hacked=2">`, `<svg/onload=window.hacked=3>`,
		`</td></tr></table></div><script>window.hacked=4</script>`, `" onmouseover="window.hacked=5" x="`, `' onclick='window.hacked=6' x='`,
		`&lt;script&gt;window.hacked=7&lt;/script&gt;&#60;b&#62;`, `<a href="javascript:window.hacked=8">click</a>`,
		`<iframe srcdoc="<script>parent.hacked=9</script>"></iframe>`, "{{constructor.constructor('window.hacked=10')()}} ${window.hacked=11}", `<!-- --><![CDATA[<script>window.hacked=12</script>]]>`,
		strings.Repeat("a long text & <b>bold</b> ", 40_000), strings.Repeat("x", 1_000_000), "עברית ثم العربية then English", "abc\u202egnp.exe\u202c def", "\u2066isolated\u2069 \u200fmark", "\a\b\v\f\x1b\x7f\u0085",
		"before\x00after", "\n\nHuman: first\r\nsecond\n\nAssistant:", "a\tb\t\tc", "\xff\xfe broken \xc3(", "zero\u200bwidth\ufeff",
		`$\href{javascript:window.hacked=13}{x}$ and $5 or $6`, `$$\unicode{<script>window.hacked=14</script>}$$ \(x\) \[y\]`, `\begin{equation}z\end{equation} \\(w\\)`, "# title\n* item | cell\n[x](javascript:window.hacked=15) `code` ~~~",
		"<details open ontoggle=window.hacked=16>", `=HYPERLINK("http://example.invalid","x")`, "a,b;c\"d\"\r\n", "\x1b[31mred\x1b[0m\x1b]0;title\a", "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "Z̸͎̭̈́a̷l̴g̵o̶ e\u0301", "", "   ",
	}
	lists := make([][]string, len(texts))
	for i, s := range texts {
		head, _ := cut(s, 40)
		lists[i] = []string{head, head}
	}
	t, err := NewTable().Strings(`<b onclick="window.hacked=17">kind</b>`, names).Strings(`text</th><script>window.hacked=18</script>`, texts).
		Categories(`"category' | $x$`, texts).Values("in\na list", lists).Build()
	if err != nil {
		panic(err) // only a mistake above can be the cause
	}
	return t
}
