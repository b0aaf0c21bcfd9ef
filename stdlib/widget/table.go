package widget

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"sync"

	"divvy/arrowio"
	"divvy/stdlib/display"
)

// TableView is a table that one pages through, sorts and filters on the page.
type TableView struct {
	// Filter, SortBy and Descending are the controls, for a cell that reads or sets
	// them.
	Filter     *Text
	SortBy     *Dropdown
	Descending *Checkbox

	core
	view *tableView
}

// tableView is what all copies of a TableView share.
type tableView struct {
	filter     *Text
	sort       *Dropdown
	descending *Checkbox
	size       *Dropdown
	page       *HTML
	problem    *HTML
	where      *Label
	buttons    []*Button // first, back, on, last

	mu      sync.Mutex
	whole   *arrowio.Table
	kept    *arrowio.Table // the rows that the filter lets through
	order   []int          // of kept; nil for its own
	from    int            // the page's first row
	sortBy  string
	filters string
}

// unsorted is the menu's word for the order of the table itself.
const unsorted = "(as it is)"

// Table shows a table page by page, with a line to filter it in the words of
// Table.Filter, and a menu to sort it by:
//
//	widget.Table(t)
//
// However large the table is, only the page goes to the front end. Kept is what
// the filter leaves, for the next cell. Where there are no widgets, the first page
// is shown.
func Table(t *arrowio.Table) *TableView {
	v := &tableView{whole: t, kept: t}
	v.filter = &Text{Label: "Filter", Placeholder: "an expression, as " + example(t), OnEnter: true, Width: "32em"}
	v.sort = &Dropdown{Label: "Sort by", Options: append([]string{unsorted}, t.Columns()...), Width: "18em"}
	v.descending = &Checkbox{Label: "descending", Width: "10em"}
	_ = SetProperty(v.descending, "indent", false)
	v.size = &Dropdown{Label: "Rows", Options: []string{"10", "25", "50", "100"}, Value: "10", Width: "11em"}
	v.page, v.problem, v.where = &HTML{}, &HTML{}, &Label{}
	for _, b := range []struct{ icon, tip string }{{"angle-double-left", "First page"}, {"angle-left", "Page before"}, {"angle-right", "Next page"}, {"angle-double-right", "Last page"}} {
		v.buttons = append(v.buttons, &Button{Icon: b.icon, Tooltip: b.tip, Width: "3em"})
	}
	v.turn(0)
	v.filter.OnChange(func(string) { v.follow() })
	v.sort.OnChange(func(string) { v.follow() })
	v.descending.OnChange(func(bool) { v.follow() })
	v.size.OnChange(func(string) { v.turn(0) })
	for i, b := range v.buttons {
		b.OnClick(func() { v.turn([]int{-2, -1, 1, 2}[i]) })
	}
	return &TableView{Filter: v.filter, SortBy: v.sort, Descending: v.descending, view: v}
}

// example is an expression that the table takes.
func example(t *arrowio.Table) string {
	for i, kind := range t.Types() {
		name := t.Columns()[i]
		if strings.ContainsAny(name, " -`'\"") {
			continue
		}
		switch {
		case strings.HasPrefix(kind, "f"), strings.HasPrefix(kind, "i"):
			return name + " > 0"
		case kind == "str", kind == "cat":
			return "contains(" + name + ", 'a')"
		}
	}
	return "a > 0 and b == 'x'"
}

// Kept is the table that the filter leaves, in its own order.
func (w *TableView) Kept() *arrowio.Table {
	w.view.mu.Lock()
	defer w.view.mu.Unlock()
	return w.view.kept
}

// follow does what the controls say: filters, sorts, and shows the first page.
// What cannot be done is told, and the rows stay.
func (v *tableView) follow() {
	filter, by := v.filter.Get(), v.sort.Get()
	if v.descending.Get() {
		by = "-" + by
	}
	err := v.arrange(strings.TrimSpace(filter), by)
	if err != nil {
		v.problem.Set(`<pre style="color:var(--jp-error-color1,#c62828);margin:0">` + html.EscapeString(strings.TrimPrefix(err.Error(), "arrowio: ")) + `</pre>`)
		return
	}
	v.problem.Set("")
	v.turn(-2)
}

func (v *tableView) arrange(filter, by string) (err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	kept, order := v.kept, v.order
	if filter != v.filters {
		kept, order = v.whole, nil
		if filter != "" {
			if kept, err = v.whole.Filter(filter); err != nil {
				return err
			}
		}
	}
	if by != v.sortBy || filter != v.filters {
		order = nil
		if strings.TrimPrefix(by, "-") != unsorted {
			if order, err = kept.SortedRows(by); err != nil {
				return err
			}
		}
	}
	v.kept, v.order, v.filters, v.sortBy = kept, order, filter, by
	return nil
}

// turn goes a page on or back, or (2, -2) to the last or first, and shows it.
func (v *tableView) turn(by int) {
	size, err := strconv.Atoi(v.size.Get())
	if err != nil || size < 1 {
		size = 10
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	n := v.kept.NumRows()
	last := max(0, (n-1)/size*size)
	switch by {
	case -2:
		v.from = 0
	case 2:
		v.from = last
	default:
		v.from = min(max(0, (v.from/size+by)*size), last)
	}
	to := min(n, v.from+size)
	page, err := v.rows(v.from, to)
	if err != nil {
		v.problem.Set("<pre>" + html.EscapeString(err.Error()) + "</pre>")
		return
	}
	defer page.Release()
	v.page.Set(page.View(arrowio.ViewOptions{Rows: size, First: v.from, Of: max(1, n)}).HTML())
	v.where.Set(fmt.Sprintf("page %d of %d", v.from/size+1, last/size+1))
	for i, b := range v.buttons {
		_ = SetProperty(b, "disabled", i < 2 && v.from == 0 || i > 1 && v.from >= last)
	}
}

func (v *tableView) rows(from, to int) (*arrowio.Table, error) {
	if v.order == nil {
		return v.kept.Slice(from, to)
	}
	return v.kept.Take(v.order[from:to])
}

func (w *TableView) describe() (string, map[string]any) {
	v := w.view
	turn := Row()
	for _, b := range v.buttons {
		turn.Children = append(turn.Children, b)
	}
	turn.Children = append(turn.Children, v.where, v.size)
	return "VBoxModel", map[string]any{
		"children":     refer([]Widget{Row(v.filter, v.sort, v.descending), v.problem, v.page, turn}),
		"_dom_classes": []string{"widget-table"},
	}
}

// ModelID implements Widget.
func (w *TableView) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget. Beside the widget stands the page, for readers
// that show no widgets.
func (w *TableView) MIMEBundle() map[string]any {
	b := bundle(w)
	b[display.MIMEHTML] = w.view.page.Get()
	return b
}

func (w *TableView) text() string {
	w.view.mu.Lock()
	defer w.view.mu.Unlock()
	page, err := w.view.rows(w.view.from, min(w.view.kept.NumRows(), w.view.from+10))
	if err != nil {
		return err.Error()
	}
	defer page.Release()
	return page.View(arrowio.ViewOptions{First: w.view.from, Of: max(1, w.view.kept.NumRows())}).String()
}
