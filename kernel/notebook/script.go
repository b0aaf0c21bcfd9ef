package notebook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
)

// marker is the line that begins a cell of a script: "// %%", optionally with a
// title, a type and tags, as jupytext and the editors have it:
//
//	// %% The figure [markdown] tags=["parameters"]
//
// A title that is the word parameters is that tag, too.
var marker = regexp.MustCompile(`^//\s*%%(.*)$`)

var (
	markerType = regexp.MustCompile(`\[(markdown|md|raw)\]`)
	markerTags = regexp.MustCompile(`tags\s*=\s*\[([^\]]*)\]`)
	quoted     = regexp.MustCompile(`"([^"]*)"`)
)

// ReadScript reads a Go script.
func ReadScript(path string) (*Notebook, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a script: %w", err)
	}
	return ParseScript(string(b)), nil
}

// ParseScript makes a notebook of a script: one cell, or one for each "// %%"
// line. A Go program with a package clause and func main is a script too: its
// package clause is blanked, and the interpreter calls the main that a cell
// declares.
//
// Each code cell knows the line at which it begins, so errors name lines of the
// script.
func ParseScript(source string) *Notebook {
	source = strings.ReplaceAll(source, "\r\n", "\n")
	if strings.HasPrefix(source, "#!") { // a line for the shell
		source = source[strings.IndexByte(source+"\n", '\n'):]
	}
	source = withoutPackage(source)
	nb := New()
	var lines []string
	kind, tags, begin := "code", []any(nil), 1
	flush := func(next int) {
		text := strings.Join(lines, "\n")
		lines = lines[:0]
		if strings.TrimSpace(text) == "" {
			begin = next
			return
		}
		// Blank lines at the start go, and the cell begins below them.
		for strings.HasPrefix(text, "\n") {
			text = text[1:]
			begin++
		}
		text = strings.TrimRight(text, "\n\t ")
		if kind != "code" {
			text = uncomment(text)
		}
		c := newCell(kind, cellID(len(nb.Cells), text), text)
		if kind == "code" {
			c.Line = begin
		}
		if tags != nil {
			object(c.fields, "metadata")["tags"] = tags
		}
		nb.Cells = append(nb.Cells, c)
		begin = next
	}
	for i, line := range strings.Split(source, "\n") {
		m := marker.FindStringSubmatch(line)
		if m == nil {
			lines = append(lines, line)
			continue
		}
		flush(i + 2)
		kind, tags = "code", nil
		if t := markerType.FindStringSubmatch(m[1]); t != nil {
			kind = map[string]string{"markdown": "markdown", "md": "markdown", "raw": "raw"}[t[1]]
		}
		if strings.EqualFold(strings.Trim(m[1], " \t[]"), tagParameters) {
			tags = []any{tagParameters}
		}
		if t := markerTags.FindStringSubmatch(m[1]); t != nil {
			tags = []any{}
			for _, q := range quoted.FindAllStringSubmatch(t[1], -1) {
				tags = append(tags, q[1])
			}
		}
	}
	flush(0)
	return nb
}

// packageClause is a package clause with what belongs to it on its line.
var packageClause = regexp.MustCompile(`^package[ \t]+\w+[ \t]*;?[ \t]*`)

// withoutPackage takes the package clause out of a script, since a cell cannot
// have one. Lines stay where they are.
func withoutPackage(source string) string {
	f, err := parser.ParseFile(token.NewFileSet(), "", source, parser.PackageClauseOnly)
	if err != nil {
		return source
	}
	at := int(f.Package) - 1 // positions in the only file count from 1
	return source[:at] + packageClause.ReplaceAllString(source[at:], "")
}

// uncomment takes the comment signs from the lines of a markdown or raw cell.
func uncomment(text string) string {
	if t := strings.TrimSpace(text); strings.HasPrefix(t, "/*") && strings.HasSuffix(t, "*/") {
		return strings.TrimSpace(t[2 : len(t)-2])
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if rest, ok := strings.CutPrefix(line, "//"); ok {
			lines[i] = strings.TrimPrefix(rest, " ")
		}
	}
	return strings.Join(lines, "\n")
}

// cellID makes an id that is the same whenever the script is.
func cellID(n int, text string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", n, text))
	return hex.EncodeToString(sum[:4])
}
