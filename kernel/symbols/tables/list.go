package tables

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"sort"
	"strings"

	"golang.org/x/tools/go/gcexportdata"
)

// Group is a set of packages that change together, and whose tables form one
// Go package: its Name.
type Group struct {
	Name     string
	Patterns []string // as the go tool takes them; none makes an empty group
	// Keep says whether a listed package belongs to the group; nil keeps all
	// that a cell could import.
	Keep func(path string) bool
	// Dir is where the go tool runs (the working directory).
	Dir string
	// Env is what the go tool finds in its environment, beside this process's own.
	Env []string
}

// Omitted is a package of a group that has no table, and why.
type Omitted struct{ Path, Why string }

// listed is one package as go list gives it.
type listed struct {
	ImportPath, Name, Dir, Export string
	GoFiles, CgoFiles             []string
	DepOnly                       bool
	Error                         *struct{ Err string }
	DepsErrors                    []*struct{ Err string }
}

// listing is a group's packages and a loader of their types.
type listing struct {
	all     map[string]*listed
	roots   []*listed // sorted by import path
	omitted []Omitted
	fset    *token.FileSet
	imports map[string]*types.Package
}

func (g Group) list(ctx context.Context) (*listing, error) {
	l := &listing{all: map[string]*listed{}, fset: token.NewFileSet(), imports: map[string]*types.Package{"unsafe": types.Unsafe}}
	if len(g.Patterns) == 0 {
		return l, nil
	}
	args := append([]string{"list", "-e", "-trimpath", "-export", "-deps",
		"-json=ImportPath,Name,Dir,Export,GoFiles,CgoFiles,DepOnly,Error,DepsErrors"}, g.Patterns...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = g.Dir
	cmd.Env = append(os.Environ(), g.Env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && len(out) == 0 {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	keep := g.Keep
	if keep == nil {
		keep = func(path string) bool { return !strings.Contains("/"+path+"/", "/internal/") }
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(listed)
		if err := d.Decode(p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		l.all[p.ImportPath] = p
		if p.DepOnly || !keep(p.ImportPath) || p.Name == "main" || p.ImportPath == "unsafe" {
			continue
		}
		if why := p.fault(); why != "" {
			l.omitted = append(l.omitted, Omitted{p.ImportPath, why})
			continue
		}
		l.roots = append(l.roots, p)
	}
	sort.Slice(l.roots, func(i, j int) bool { return l.roots[i].ImportPath < l.roots[j].ImportPath })
	return l, nil
}

// fault is why a package cannot be compiled, empty when it can.
func (p *listed) fault() string {
	switch {
	case p.Error != nil:
		return p.Error.Err
	case len(p.DepsErrors) > 0:
		return p.DepsErrors[0].Err
	case p.Export == "":
		return "it does not compile"
	}
	return ""
}

// load reads the types of a package from its export data.
func (l *listing) load(path string) (*types.Package, error) {
	if p := l.imports[path]; p != nil && p.Complete() {
		return p, nil
	}
	raw, err := l.export(path)
	if err != nil {
		return nil, err
	}
	return gcexportdata.Read(bytes.NewReader(raw), l.fset, l.imports, path)
}

// export returns the export data proper, without the archive around it.
func (l *listing) export(path string) ([]byte, error) {
	p := l.all[path]
	if p == nil || p.Export == "" {
		return nil, fmt.Errorf("no export data for %s", path)
	}
	f, err := os.Open(p.Export)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := gcexportdata.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("export data of %s: %w", path, err)
	}
	return io.ReadAll(r)
}

// ident makes an import path a Go identifier.
func ident(path string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, path)
}
