package display

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

func quote(s string) string {
	if len(s) <= maxString {
		return strconv.Quote(s)
	}
	return strconv.Quote(cut(s, maxString)) + fmt.Sprintf("… (%d bytes)", len(s))
}

// bytesText writes bytes as a string where they are text, else in hexadecimal.
func bytesText(b []byte) string {
	const shown = 64 // bytes of a binary value
	if head := cut(string(b[:min(len(b), maxString+1)]), maxString); utf8.ValidString(head) && !strings.Contains(head, "\x00") {
		return "[]byte(" + quote(string(b)) + ")"
	}
	if len(b) > shown {
		return fmt.Sprintf("[% x …] (%d bytes)", b[:shown], len(b))
	}
	return fmt.Sprintf("[% x]", b)
}

// clean makes control characters visible: text of a data set must not colour,
// or worse, command a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < 0x20:
			return '␀' + r
		case r == 0x7f:
			return '␡'
		case r >= 0x80 && r < 0xa0:
			return utf8.RuneError
		}
		return r
	}, s)
}

// shorten cuts a text to n bytes and says how long it was.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return cut(s, n) + fmt.Sprintf("… (%d bytes)", len(s))
}

// cut gives at most n bytes of s, ending between two characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
