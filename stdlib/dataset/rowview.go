package dataset

import (
	"fmt"
	"html"
	"math"
	"strings"

	"divvy/arrowio"
)

// MIMEBundle shows the row in a notebook to be read: the dialogue, and each
// response, whole, with its reward.
func (r Row) MIMEBundle() map[string]any {
	var text, page strings.Builder
	said := arrowio.Visible(conversation(r.Turns()))
	where := ""
	if r.File != "" {
		where = arrowio.Visible(fmt.Sprintf("%s:%d", base(r.File), r.Line))
	}
	const whole = "white-space:pre-wrap;margin:0 0 0.6em 0;max-width:60em"
	fmt.Fprintf(&text, "%s\n%s\n", where, said)
	fmt.Fprintf(&page, `<div><div style="opacity:0.7;font-size:85%%">%s</div><div style="%s">%s</div>`, html.EscapeString(where), whole, html.EscapeString(said))
	for i, response := range r.Responses {
		label := fmt.Sprintf("response %d", i)
		if i < len(r.Rewards) && !math.IsNaN(r.Rewards[i]) {
			label += fmt.Sprintf(", reward %.6g", r.Rewards[i])
		}
		response = arrowio.Visible(strings.TrimSpace(response))
		fmt.Fprintf(&text, "\n%s\n%s\n", label, response)
		fmt.Fprintf(&page, `<div style="opacity:0.7;font-size:85%%">%s</div><div style="%s">%s</div>`, label, whole, html.EscapeString(response))
	}
	if len(r.Responses) == 0 {
		text.WriteString("\nno responses yet\n")
		page.WriteString(`<div style="opacity:0.7;font-size:85%">no responses yet</div>`)
	}
	page.WriteString("</div>")
	return map[string]any{"text/html": page.String(), "text/plain": strings.Trim(text.String(), "\n")}
}
