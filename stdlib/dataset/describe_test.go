package dataset

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Characters are code points, wherever they lie in a word.
func TestCharacters(t *testing.T) {
	text := "aé日𝄞\x00" + strings.Repeat("naïve 数 ", 5)
	for from := range text {
		for to := range text[from:] {
			part := text[from : from+to]
			if got, want := characters([]byte(part)), utf8.RuneCountInString(part); got != want {
				t.Errorf("%q: %d characters, want %d", part, got, want)
			}
		}
	}
}
