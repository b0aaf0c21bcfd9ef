package arrowio

import (
	"fmt"
	"strings"

	"divvy/arrowio/near"
)

// suggest ends the message about an unknown name: the one probably meant, and
// those there are.
func suggest(name string, known []string) string {
	list := "the columns are " + quoteList(known, 20)
	if len(known) == 0 {
		list = "the table has no columns"
	}
	if best := near.Name(name, known); best != "" {
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
