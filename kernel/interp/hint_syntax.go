package interp

import (
	"regexp"
	"strings"
)

// syntaxHint is how Go says what other languages say so: by the parser's message,
// or by the line that it is about.
func syntaxHint(msg, line string, column int) string {
	for _, p := range otherSyntax {
		if (p.msg == "" || strings.Contains(msg, p.msg)) && (p.line == nil || p.line.MatchString(line)) {
			return "; " + p.hint
		}
	}
	if at := min(max(column-1, 0), len(line)); strings.HasSuffix(msg, "found and") || strings.HasSuffix(msg, "found or") || wordNot.MatchString(line[:at]) {
		return "; and, or, not are &&, ||, !"
	}
	return ""
}

var wordNot = regexp.MustCompile(`(^|[\s(])not\s+$`)

// otherSyntax is what Python and notebooks have and Go has not, the first that fits
// is told of: a piece of the parser's message, the line, and the way to say it.
var otherSyntax = []struct {
	msg  string
	line *regexp.Regexp
	hint string
}{
	{"", regexp.MustCompile(`^\s*(async\s+)?def\s+\w`), "functions are: func double(x int) int { return 2 * x }"},
	{"", regexp.MustCompile(`^\s*class\s+\w`), "types are: type Point struct { X, Y float64 }"},
	{"", regexp.MustCompile(`^\s*while\b`), "a loop while something holds is: for x > 0 { … }"},
	{"", regexp.MustCompile(`^\s*elif\b`), "Go says: } else if x > 3 { … }"},
	{"", regexp.MustCompile(`^\s*(from\s+\S+\s+)?import\s+[^"'(\s]`), `imports are: import "math"; dataset, arrowio, figure and the like are there without one`},
	{"", regexp.MustCompile(`^\s*(with|try|except|finally)\b.*:\s*$`), "an error is a value: v, err := f(), or must(f()); defer f() runs at the end"},
	{"", regexp.MustCompile(`^\s*print\s+\S`), "it is fmt.Println(x)"},
	{"", regexp.MustCompile(`\blambda\b[^:]*:`), "a function is written func(x int) int { return x + 1 }"},
	{"", regexp.MustCompile(`\[.+\sfor\s.+\sin\s.+\]`), "a list is made by a loop: for i := range 10 { list = append(list, i) }"},
	{"", regexp.MustCompile(`(^|[\s(=,])f"`), `text with values in it is fmt.Sprintf("hello %v", x)`},
	{"", regexp.MustCompile(`^\s*(if|for|else)\b.*:\s*$`), "a block stands in braces: if x > 3 { … }"},
	{"found in", nil, "loops are: for i := range 10 { … }, for i, x := range list { … }"},
	{"expected 1 expression", nil, "several values are shown by display.Show(a, b), a list is []float64{1, 2}"},
	{"U+003F '?'", nil, "?name is a cell of its own"},
	{"U+0023 '#'", nil, "comments begin with //"},
	{"illegal rune literal", nil, "text stands in \"double quotes\""},
	{"more than one character in rune literal", nil, "text stands in \"double quotes\""},
	{"found '++'", nil, "x++ is a statement of its own"},
	{"found '--'", nil, "x-- is a statement of its own"},
}

// lineOf is line n of the lines, counted from 1.
func lineOf(lines []string, n int) string {
	if n < 1 || n > len(lines) {
		return ""
	}
	return lines[n-1]
}
