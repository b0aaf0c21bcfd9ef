// Package near finds the name that was probably meant by one that there is not: of
// a column, a file, a variable. It knows nothing of what the names are of.
package near

import (
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Name is the one of names that was probably meant by name, "" where none is near:
// that in the fewest edits, case aside, else the one that begins alike.
//
// Edits are at most two, or one in four letters of a long name, and never more than
// half of its letters; in a name of four letters one edit, or two that change places,
// since nearly all short names are near to each other. Of names in equally many edits
// it is the first in the order of the alphabet.
func Name(name string, names []string) string {
	best, edits := "", max(2, len(name)/4)+1
	names = slices.Sorted(slices.Values(names))
	for _, n := range names {
		d := levenshtein.Distance(strings.ToLower(name), strings.ToLower(n), nil)
		if d < edits && 2*d <= len(name) && n != name && (d == 0 || len(name) > 4 || d == 1 && len(name) > 2 || sameLetters(name, n)) {
			best, edits = n, d
		}
	}
	if best == "" {
		best = begunAlike(name, names)
	}
	return best
}

// sameLetters tells whether two names differ in the order of their letters alone.
func sameLetters(a, b string) bool {
	letters := func(s string) string {
		bytes := []byte(strings.ToLower(s))
		slices.Sort(bytes)
		return string(bytes)
	}
	return letters(a) == letters(b)
}

// begunAlike finds the name that is longer or shorter than this one by the
// fewest letters at its end: ReadJSONLines for ReadJSONL. Beginnings of fewer than
// four letters say nothing.
func begunAlike(name string, names []string) (best string) {
	name = strings.ToLower(name)
	fewest := 0
	for _, n := range names {
		short, long := name, strings.ToLower(n)
		if len(short) > len(long) {
			short, long = long, short
		}
		if more := len(long) - len(short); more > 0 && len(short) >= 4 && strings.HasPrefix(long, short) && (best == "" || more < fewest) {
			best, fewest = n, more
		}
	}
	return best
}
