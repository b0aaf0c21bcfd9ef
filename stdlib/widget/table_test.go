package widget_test

import (
	"fmt"
	"strings"
	"testing"

	"divvy/arrowio"
	"divvy/stdlib/display"
	"divvy/stdlib/widget"
)

func TestTablePagesSortsAndFilters(t *testing.T) {
	h := newHost(t)
	n, s := make([]int, 95), make([]string, 95)
	for i := range n {
		n[i], s[i] = (i*37)%95, fmt.Sprintf("<b>text %d</b>", i)
	}
	tbl, err := arrowio.NewTable().Ints("n", n).Strings("s", s).Build()
	if err != nil {
		t.Fatal(err)
	}
	v := widget.Table(tbl)
	shown := func() string {
		h.idle()
		return v.MIMEBundle()[display.MIMEHTML].(string)
	}
	has := func(when string, want ...string) {
		t.Helper()
		page := shown()
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s: no %q in\n%s", when, w, page)
			}
		}
	}
	v.ModelID()
	buttons := map[string]widget.Message{}
	problem := "" // the id of what tells errors: the first HTML
	for _, m := range h.take() {
		state, _ := m.Data["state"].(map[string]any)
		if tip, ok := state["tooltip"].(string); ok {
			buttons[tip] = widget.Message{Kind: widget.CommMsg, ID: m.ID, Data: map[string]any{"method": "custom", "content": map[string]any{"event": "click"}}}
		}
	}
	click := func(tip string) { fromFront(t, buttons[tip]) }
	has("at first", "rows 0 to 9 of 95", "&lt;b&gt;text 9&lt;/b&gt;")
	if strings.Contains(shown(), "<b>") || strings.Contains(shown(), "text 10") {
		t.Errorf("the first page is\n%s", shown())
	}
	click("Next page")
	has("next", "rows 10 to 19 of 95", "text 19", ">10</th>")
	click("Last page")
	has("last", "rows 90 to 94 of 95", "text 94")
	click("Next page")
	has("beyond the last", "rows 90 to 94 of 95")
	click("Page before")
	has("back", "rows 80 to 89 of 95")
	fromFront(t, update(v.SortBy, "index", 1.0))
	fromFront(t, update(v.Descending, "value", true))
	has("sorted", "rows 0 to 9 of 95", ">94<", ">85<")
	fromFront(t, update(v.Filter, "value", "n < 5 and contains(s, '<b>')"))
	has("filtered", "rows 0 to 4 of 5", ">4<", ">0<")
	if got := v.Kept().NumRows(); got != 5 {
		t.Errorf("%d rows are kept", got)
	}
	before := shown()
	h.take()
	fromFront(t, update(v.Filter, "value", "m < 5 <script>"))
	if shown() != before {
		t.Error("a wrong filter changes the page")
	}
	for _, m := range h.take() {
		if state, _ := m.Data["state"].(map[string]any); state["value"] != nil {
			problem += fmt.Sprint(state["value"])
		}
	}
	if !strings.Contains(problem, "&lt;script&gt;") || strings.Contains(problem, "<script>") {
		t.Errorf("it says %q", problem)
	}
	fromFront(t, update(v.Filter, "value", "n > 1000"))
	has("nothing left", "0 rows")
	fromFront(t, update(v.Filter, "value", ""))
	has("all again", "rows 0 to 9 of 95", ">94<")
	if text := v.MIMEBundle()[display.MIMEText].(string); !strings.Contains(text, "rows 0 to 9 of 95") {
		t.Errorf("as text\n%s", text)
	}
}
