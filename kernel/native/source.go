package native

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"
)

// Source is what a program is made of.
type Source struct {
	Decls []Decl
	Funcs []string // the functions that can be called, by their number
}

// Decl is the text of a top-level declaration, where it stands in its cell, and
// the packages that it mentions: local name (or "." with the path, for a dot
// import) to path.
type Decl struct {
	Cell         string
	Line, Column int
	Text         string
	Imports      map[string]string
}

// support is the source of the packages that a program is linked with.
//
//go:embed wire/doc.go wire/wire.go wire/message.go helper/helper.go
var support embed.FS

// placePrefix marks the file names of cells in messages of the go tool.
const placePrefix = "/cell/"

// files writes the program: path in the module -> text.
func (s *Source) files() (map[string]string, error) {
	out := map[string]string{}
	for _, name := range []string{"wire/doc.go", "wire/wire.go", "wire/message.go", "helper/helper.go"} {
		b, err := support.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("embedded source: %w", err)
		}
		out["kernel/native/"+name] = string(b)
	}
	byCell := map[string][]Decl{}
	for _, d := range s.Decls {
		byCell[d.Cell] = append(byCell[d.Cell], d)
	}
	cells := make([]string, 0, len(byCell))
	for c := range byCell {
		cells = append(cells, c)
	}
	sort.Strings(cells)
	for i, c := range cells {
		out[fmt.Sprintf("%s/cell%d.go", mainDir, i)] = cellFile(c, byCell[c])
	}
	out[mainDir+"/main.go"] = "package main\n\nimport helper__ \"divvy/kernel/native/helper\"\n\nfunc main() { helper__.Serve([]any{" + strings.Join(s.Funcs, ", ") + "}) }\n"
	return out, nil
}

// mainDir is the folder of the program's own package in the module.
const mainDir = "kernel/native/program"

// cellFile is the file of one cell's declarations: each cell has its imports.
func cellFile(cell string, decls []Decl) string {
	var b strings.Builder
	b.WriteString("package main\n\n")
	imports := map[string]string{}
	for _, d := range decls {
		for name, path := range d.Imports {
			imports[name] = path
		}
	}
	names := make([]string, 0, len(imports))
	for n := range imports {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		local := n
		if strings.HasPrefix(n, ".") {
			local = "."
		}
		fmt.Fprintf(&b, "import %s %q\n", local, imports[n])
	}
	slices.SortStableFunc(decls, func(a, b Decl) int { return a.Line - b.Line })
	for _, d := range decls {
		fmt.Fprintf(&b, "\n/*line %s%s:%d:%d*/%s\n", placePrefix, cell, d.Line, d.Column, d.Text)
	}
	return b.String()
}

// imports lists the packages that a program imports.
func (s *Source) imports() []string {
	var out []string
	for _, d := range s.Decls {
		for _, p := range d.Imports {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Key identifies a program by all that goes into it.
func (s *Source) Key() (string, error) {
	files, err := s.files()
	if err != nil {
		return "", err
	}
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	sort.Strings(names)
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	for _, n := range names {
		fmt.Fprintf(h, "%s %d\n%s", n, len(files[n]), files[n])
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}
