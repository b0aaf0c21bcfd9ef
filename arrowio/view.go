package arrowio

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
)

// ViewOptions say how much of a table is shown; zero values give the defaults.
type ViewOptions struct {
	// Rows is the most rows shown, half of them from the table's end. Default 20.
	Rows int
	// Cols is the most columns shown, half of them from the right. Default 20.
	Cols int
	// Chars is how many characters of a text are shown before it is folded (in
	// HTML) or cut (elsewhere). Default 80 in HTML, 40 elsewhere.
	Chars int
	// Width is the most characters a line of plain text takes. Default 120.
	Width int
	// First is the number that the first row has, where the table is a page of a
	// larger one, and Of how many rows that one has.
	First, Of int
	// Arrow adds the whole table to the MIME bundle, as an Arrow IPC stream.
	Arrow bool
}

// A View shows a table, or its first and last rows, in the forms that front
// ends take. All text of the table is escaped for the form.
type View struct {
	table *Table
	opts  ViewOptions
	rows  []int // the rows shown; -1 stands for those left out
	cols  []int
}

// MIMEArrowStream is the registered MIME type of an Arrow IPC stream.
const MIMEArrowStream = "application/vnd.apache.arrow.stream"

// View shows the table with other than the default options.
func (t *Table) View(o ViewOptions) *View {
	v := &View{table: t, opts: o}
	v.rows = ends(t.NumRows(), orDefault(o.Rows, 20))
	v.cols = ends(t.NumCols(), orDefault(o.Cols, 20))
	return v
}

// HTML shows the table's first and last rows as an HTML table.
func (t *Table) HTML() string { return t.View(ViewOptions{}).HTML() }

// String shows the table's first and last rows in aligned plain text.
func (t *Table) String() string { return t.View(ViewOptions{}).String() }

// Markdown shows the table's first and last rows as a table of GitHub's Markdown.
func (t *Table) Markdown() string { return t.View(ViewOptions{}).Markdown() }

// MIMEBundle shows the table as text/html and text/plain.
func (t *Table) MIMEBundle() map[string]any { return t.View(ViewOptions{}).MIMEBundle() }

// MIMEBundle shows the table as text/html and text/plain, and on request as an
// Arrow IPC stream in base64. A table that cannot be written as Arrow has no
// such part.
func (v *View) MIMEBundle() map[string]any {
	bundle := map[string]any{"text/html": v.HTML(), "text/plain": v.String()}
	if v.opts.Arrow && !v.table.released.Load() {
		var buf bytes.Buffer
		if v.table.EncodeIPC(&buf, IPCOptions{Stream: true}) == nil {
			bundle[MIMEArrowStream] = base64.StdEncoding.EncodeToString(buf.Bytes())
		}
	}
	return bundle
}

func orDefault(n, def int) int {
	if n <= 0 {
		return def
	}
	return n
}

// ends lists 0..n-1, or when that is more than most its first and last ones with
// a -1 between.
func ends(n, most int) []int {
	var list []int
	head, tail := n, 0
	if n > most {
		head, tail = (most+1)/2, most/2
	}
	for i := range head {
		list = append(list, i)
	}
	if n > most {
		list = append(list, -1)
	}
	for i := n - tail; i < n; i++ {
		list = append(list, i)
	}
	return list
}

// shape says "1,234 rows × 5 columns", and how many of each are shown when that
// is not all.
func (v *View) shape() string {
	t := v.table
	s := plural(t.NumRows(), "row") + " × " + plural(t.NumCols(), "column")
	if v.opts.Of > 0 && t.NumRows() > 0 {
		s = fmt.Sprintf("rows %s to %s of %s × %s", thousands(v.opts.First), thousands(v.opts.First+t.NumRows()-1), thousands(v.opts.Of), plural(t.NumCols(), "column"))
	}
	rows, cols := shown(v.rows), shown(v.cols)
	switch {
	case rows < t.NumRows() && cols < t.NumCols():
		s += fmt.Sprintf(" (%d rows and %d columns shown)", rows, cols)
	case rows < t.NumRows():
		s += fmt.Sprintf(" (%d shown)", rows)
	case cols < t.NumCols():
		s += fmt.Sprintf(" (%d columns shown)", cols)
	}
	return s
}

func shown(list []int) int {
	n := 0
	for _, i := range list {
		if i >= 0 {
			n++
		}
	}
	return n
}

func plural(n int, word string) string {
	s := thousands(n) + " " + word
	if n != 1 {
		s += "s"
	}
	return s
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// A cell is one value as text, not yet escaped.
type cell struct {
	text string
	null bool
	gap  bool // stands for the rows left out
}

// cells gives the shown cells of a column.
func (v *View) cells(col arrow.Array) []cell {
	cells := make([]cell, len(v.rows))
	texts := columnTexts(col, v.rows)
	for i, row := range v.rows {
		switch {
		case row < 0:
			cells[i] = cell{text: "…", gap: true}
		case isNull(col, row):
			cells[i] = cell{text: "null", null: true}
		case texts != nil:
			cells[i].text = texts[i]
		default:
			cells[i].text = valueText(col, row)
		}
	}
	return cells
}
