package interp

import (
	"go/scanner"
	"go/token"
	"os"
	"path"
	"strings"
	"unicode/utf8"

	"divvy/kernel/cell"
)

// importPrefix returns the import path that is being typed at the end of s.
func importPrefix(s string) (string, bool) {
	line := s[strings.LastIndexByte(s, '\n')+1:]
	q := strings.LastIndexByte(line, '"')
	if q < 0 || strings.Count(line, `"`)%2 == 0 {
		return "", false
	}
	head := strings.TrimSpace(s[:len(s)-len(line)+q])
	i := strings.LastIndex(head, "import")
	if i < 0 {
		return "", false
	}
	rest := strings.TrimSpace(head[i+len("import"):])
	ok := rest == "" || !strings.ContainsAny(rest, ") \t") && !strings.HasPrefix(rest, "(") || strings.HasPrefix(rest, "(") && !strings.Contains(rest, ")")
	return line[q+1:], ok
}

func (c *completer) paths(prefix string) {
	for _, p := range c.s.lib.Paths() {
		if strings.HasPrefix(p, prefix) || strings.HasPrefix(path.Base(p), prefix) {
			c.out = append(c.out, cell.Match{Text: p, Kind: kindPackage})
		}
	}
}

// maxFiles is how many files are listed to choose from.
const maxFiles = 500

// completeFile lists the files whose name begins as the string does that is being
// typed; ok is false outside of strings.
func completeFile(code string, at int) (c cell.Completion, ok bool) {
	typed, ok := openString(code[:at])
	if !ok {
		return c, false
	}
	return filesIn(typed, utf8.RuneCountInString(code[:at])), true
}

// filesIn lists the files that a path of which typed is the beginning may be of;
// end is where that ends in the cell, in code points.
func filesIn(typed string, end int) (c cell.Completion) {
	dir, name := path.Split(typed)
	c.Start, c.End = end-utf8.RuneCountInString(name), end
	entries, err := os.ReadDir(path.Clean(dir))
	if err != nil || strings.Contains(typed, `\`) {
		return c
	}
	for _, e := range entries {
		n := e.Name()
		if !strings.HasPrefix(n, name) || strings.HasPrefix(n, ".") && !strings.HasPrefix(name, ".") || strings.ContainsAny(n, "\"`\\\n") {
			continue
		}
		kind := "file"
		if info, err := os.Stat(path.Join(dir, n)); err == nil && info.IsDir() { // a link to a folder is one
			n, kind = n+"/", "folder"
		}
		if c.Matches = append(c.Matches, cell.Match{Text: n, Kind: kind}); len(c.Matches) == maxFiles {
			break
		}
	}
	return c
}

// openString gives what a string holds that begins in a piece of code and does not
// end there.
func openString(code string) (typed string, ok bool) {
	var s scanner.Scanner
	files := token.NewFileSet()
	file := files.AddFile("", -1, len(code))
	s.Init(file, []byte(code), func(token.Position, string) {}, 0)
	for {
		pos, tok, lit := s.Scan()
		switch {
		case tok == token.EOF:
			return "", false
		case tok != token.STRING:
			continue
		}
		start := file.Offset(pos)
		if start+len(lit) < len(code) || len(lit) > 1 && lit[len(lit)-1] == lit[0] {
			continue
		}
		return code[start+1:], true
	}
}
