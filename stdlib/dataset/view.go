package dataset

import (
	"cmp"
	"fmt"
	"html"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"divvy/arrowio"
)

// MIMEBundle shows the Dataset in a notebook: how much of what there is, and
// its first rows to read, whole texts a click away. Table has all columns.
func (d *Dataset) MIMEBundle() map[string]any {
	bundle := d.Preview(previewRows).MIMEBundle()
	shown := d.summary()
	if d.n > previewRows {
		shown += fmt.Sprintf("; the first %d:", previewRows)
	}
	page, marked := html.EscapeString(shown), shown
	if why := d.whyRejected(); why != "" {
		shown += "\n" + why
		page += "<br>" + html.EscapeString(why)
	} // it quotes the data, which Markdown would take for its own
	for mime, before := range map[string]string{"text/html": "<div>" + page + "</div>\n", "text/markdown": marked + "\n\n", "text/plain": shown + "\n"} {
		if text, ok := bundle[mime].(string); ok {
			bundle[mime] = before + text
		}
	}
	return bundle
}

const previewRows = 10

// whyRejected says why lines gave no row, the reasons met most often first.
func (d *Dataset) whyRejected() string {
	if len(d.rejects) == 0 {
		return ""
	}
	times := map[string]int{}
	for _, r := range d.rejects {
		times[r.Reason]++
	}
	reasons := slices.SortedFunc(maps.Keys(times), func(a, b string) int {
		return cmp.Or(times[b]-times[a], strings.Compare(a, b))
	})
	const most = 3
	var parts []string
	for i, r := range reasons {
		if i == most {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, fmt.Sprintf("%d × %s", times[r], arrowio.Visible(r)))
	}
	return "Rejected: " + strings.Join(parts, "; ") + " (RejectsTable has them all)"
}

// Preview is the first n rows as a table for the eye: the number of turns, the
// dialogue, how many responses it has where that differs, the best and the last
// of them (a row with one has no last), their rewards where they were scored,
// and the line that they come from, with the file where there are several. Where a
// later response has a higher reward (see Ranked) the first is not called the best.
func (d *Dataset) Preview(n int) *arrowio.Table {
	d = d.Prefix(n)
	var turns, counts, lines []int
	var prompts, best, last, from []string
	var rewards [][]float64
	var answered, several, scored []bool
	anyScored, anySeveral, oneFile := false, false, true
	for i := range d.n {
		r := d.Row(i)
		worst := ""
		if len(r.Responses) > 1 {
			worst = strings.TrimSpace(r.Responses[len(r.Responses)-1])
		}
		turns = append(turns, len(r.Prefix)-1) // the last is the open mark of the answer
		prompts = append(prompts, conversation(r.Turns()))
		counts = append(counts, len(r.Responses))
		first := ""
		if len(r.Responses) > 0 {
			first = strings.TrimSpace(r.Responses[0])
		}
		best = append(best, first)
		answered = append(answered, len(r.Responses) > 0)
		last = append(last, worst)
		several = append(several, len(r.Responses) > 1)
		rewards = append(rewards, r.Rewards)
		scored = append(scored, r.Rewards != nil)
		lines = append(lines, int(r.Line))
		from = append(from, fmt.Sprintf("%s:%d", base(r.File), r.Line))
		oneFile = oneFile && r.File == d.Row(0).File
		anyScored, anySeveral = anyScored || r.Rewards != nil, anySeveral || len(r.Responses) > 1
	}
	b := arrowio.NewTable().Ints("turns", turns).Strings("prompt", prompts)
	if len(slices.Compact(slices.Clone(counts))) > 1 {
		b.Ints("responses", counts)
	}
	if slices.Contains(answered, true) || d.n == 0 {
		name := "best response"
		if slices.ContainsFunc(rewards, func(r []float64) bool { return len(r) > 0 && slices.Max(r) > r[0] }) {
			name = "first response"
		}
		b.Strings(name, best).Valid(answered)
	}
	if anySeveral {
		b.Strings("last response", last).Valid(several)
	}
	if anyScored {
		b.FloatLists("rewards", rewards).Valid(scored)
	}
	if oneFile {
		b.Ints("line", lines)
	} else {
		b.Strings("from", from)
	}
	t, err := b.Build()
	if err != nil {
		panic("dataset: preview: " + err.Error()) // columns of one length under distinct names
	}
	return t
}

// base is a file's name without its folders, of whichever system.
func base(file string) string { return path.Base(strings.ReplaceAll(file, `\`, "/")) }

// conversation is the turns, a paragraph each; who speaks is said where there are
// several.
func conversation(turns []Turn) string {
	var parts []string
	for _, t := range turns {
		if text := strings.TrimSpace(t.Text); text != "" {
			parts = append(parts, text)
		}
	}
	if len(parts) <= 1 {
		return strings.Join(parts, "")
	}
	parts = parts[:0]
	for _, t := range turns {
		text := strings.TrimSpace(t.Text)
		switch {
		case text == "":
			continue
		case t.Role == "prompter":
			text = "Human: " + text
		case t.Role == "assistant":
			text = "Assistant: " + text
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "\n")
}

// summary says how many prompts there are, with how many responses, and how
// many rows are scored.
func (d *Dataset) summary() string {
	if d.n == 0 {
		return d.String()
	}
	least, most, scored := math.MaxInt, 0, 0
	first, j := d.place(0)
	files := []string{first.file.Value(j)}
	for i := range d.n {
		c, j := d.place(i)
		if f := c.file.Value(j); len(files) == 1 && f != files[0] {
			files = append(files, f)
		}
		from, to := c.responses.ValueOffsets(j)
		least, most = min(least, int(to-from)), max(most, int(to-from))
		if c.rewards.IsValid(j) {
			scored++
		}
	}
	each := fmt.Sprintf("%d responses each", most)
	switch {
	case least != most:
		each = fmt.Sprintf("%d to %d responses each", least, most)
	case most == 1:
		each = "one response each"
	case most == 0:
		each = "no responses yet"
	}
	rewards := "no rewards"
	switch scored {
	case 0:
	case d.n:
		rewards = "all with rewards"
	default:
		rewards = fmt.Sprintf("%d with rewards", scored)
	}
	of := ""
	if len(files) == 1 && files[0] != "" {
		of = " of " + base(files[0])
	}
	return fmt.Sprintf("%s%s, %s, %s", d, of, each, rewards)
}
