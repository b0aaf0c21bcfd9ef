package arrowio

import (
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
)

// suggest ends the message about an unknown name: the one probably meant, and
// those there are.
func suggest(name string, known []string) string {
	best, bestAt := "", 3 // more than two edits away is another word
	for _, k := range known {
		if d := levenshtein.Distance(strings.ToLower(name), strings.ToLower(k), nil); d < bestAt && d < len(name) {
			best, bestAt = k, d
		}
	}
	list := "the columns are " + quoteList(known, 20)
	if len(known) == 0 {
		list = "the table has no columns"
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q? %s", best, list)
	}
	return list
}

func quoteList(names []string, most int) string {
	var b strings.Builder
	for i, n := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", n)
	}
	return b.String()
}
