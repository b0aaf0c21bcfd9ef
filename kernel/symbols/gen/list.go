package main

import (
	"bytes"
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

// group is a set of packages that change together: the standard library with
// the Go release, third-party packages with go.mod, our own every day.
type group struct {
	name     string
	patterns []string
	// keep says whether a listed package belongs to the group.
	keep func(path string) bool
}

var groups = []group{
	{name: "std", patterns: []string{"std"}, keep: isCellStd},
	{name: "third", patterns: thirdParty, keep: func(string) bool { return true }},
	{name: "own", patterns: []string{"divvy/stdlib/...", "divvy/arrowio/..."}, keep: func(p string) bool {
		return !strings.Contains(p+"/", "/internal/") && !strings.HasSuffix(p, "/bench") // a bench holds only tests
	}},
}

// thirdParty lists what a cell may import beside the standard library and our
// own packages: plotting, statistics and Arrow.
var thirdParty = []string{
	"gonum.org/v1/plot",
	"gonum.org/v1/plot/font",
	"gonum.org/v1/plot/palette",
	"gonum.org/v1/plot/palette/brewer",
	"gonum.org/v1/plot/palette/moreland",
	"gonum.org/v1/plot/plotter",
	"gonum.org/v1/plot/plotutil",
	"gonum.org/v1/plot/text",
	"gonum.org/v1/plot/vg",
	"gonum.org/v1/plot/vg/draw",
	"gonum.org/v1/plot/vg/vgimg",
	"gonum.org/v1/plot/vg/vgsvg",
	"gonum.org/v1/gonum/floats",
	"gonum.org/v1/gonum/mat",
	"gonum.org/v1/gonum/stat",
	"gonum.org/v1/gonum/stat/combin",
	"gonum.org/v1/gonum/stat/distuv",
	"github.com/apache/arrow/go/v17/arrow",
	"github.com/apache/arrow/go/v17/arrow/array",
	"github.com/apache/arrow/go/v17/arrow/compute",
	"github.com/apache/arrow/go/v17/arrow/decimal128",
	"github.com/apache/arrow/go/v17/arrow/decimal256",
	"github.com/apache/arrow/go/v17/arrow/float16",
	"github.com/apache/arrow/go/v17/arrow/ipc",
	"github.com/apache/arrow/go/v17/arrow/memory",
	"github.com/apache/arrow/go/v17/arrow/scalar",
}

// isCellStd leaves out what is no use in a cell or differs between systems:
// its table would not compile elsewhere.
func isCellStd(path string) bool {
	if strings.Contains("/"+path+"/", "/internal/") || strings.HasPrefix(path, "vendor/") || strings.HasPrefix(path, "cmd/") {
		return false
	}
	switch path {
	case "unsafe", "syscall", "log/syslog", "plugin", "embed", "structs", "time/tzdata",
		"runtime/cgo", "runtime/coverage", "runtime/race", "testing/cryptotest", "net/http/pprof":
		return false
	}
	return true
}

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
	fset    *token.FileSet
	imports map[string]*types.Package
}

func list(g group) (*listing, error) {
	args := append([]string{"list", "-e", "-trimpath", "-export", "-deps",
		"-json=ImportPath,Name,Dir,Export,GoFiles,CgoFiles,DepOnly,Error,DepsErrors"}, g.patterns...)
	cmd := exec.Command("go", args...)
	// Without cgo the packages net and os/user are the same on all systems.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOEXPERIMENT=", "GOFLAGS=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && len(out) == 0 {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	l := &listing{all: map[string]*listed{}, fset: token.NewFileSet(), imports: map[string]*types.Package{"unsafe": types.Unsafe}}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(listed)
		if err := d.Decode(p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		l.all[p.ImportPath] = p
		if p.DepOnly || !g.keep(p.ImportPath) || p.Name == "main" || p.ImportPath == "unsafe" {
			continue
		}
		if p.Error != nil || len(p.DepsErrors) > 0 || p.Export == "" {
			fmt.Fprintf(os.Stderr, "gen: %s is left out: it does not compile\n", p.ImportPath)
			continue
		}
		l.roots = append(l.roots, p)
	}
	sort.Slice(l.roots, func(i, j int) bool { return l.roots[i].ImportPath < l.roots[j].ImportPath })
	return l, nil
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
