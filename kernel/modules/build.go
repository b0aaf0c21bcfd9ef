package modules

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"divvy/kernel/symbols/tables"
)

// Builder builds worker programs.
type Builder struct {
	// Cache is the folder that keeps them.
	Cache string
	// Source finds the sources of Divvy.
	Source func(context.Context) (*Source, error)
	// CompiledIn lists the packages that every kernel has.
	CompiledIn func() ([]string, error)
}

// Progress is told what a build is at, and with what.
type Progress func(stage, detail string)

// Build returns the program that has the wanted modules, and builds it unless it
// is in the cache.
func (b *Builder) Build(ctx context.Context, want []Spec, tell Progress) (*Program, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, errNoGo
	}
	source, err := b.Source(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(b.Cache, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder for programs: %w", err)
	}
	dir, err := os.MkdirTemp(b.Cache, "build-")
	if err != nil {
		return nil, fmt.Errorf("making a folder to build in: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := source.unpack(dir); err != nil {
		return nil, err
	}
	tell("resolving", names(want))
	t, err := b.resolve(ctx, dir, want, tell)
	if err != nil {
		return nil, err
	}
	key, err := t.key(ctx, source)
	if err != nil {
		return nil, err
	}
	if p, err := b.cached(key); err == nil {
		return p, nil
	}
	p, err := t.build(ctx, tell)
	if err != nil {
		return nil, err
	}
	return b.keep(key, p)
}

func names(specs []Spec) string {
	list := make([]string, len(specs))
	for i, s := range specs {
		list[i] = s.String()
	}
	return strings.Join(list, " ")
}

// tree is a copy of Divvy's sources in which a worker is being built.
type tree struct {
	dir   string
	specs []Spec            // with the versions that were chosen
	fixed map[string]string // modules that must stay as they are -> version
	has   map[string]bool   // packages that are compiled in
}

// modulesOf reads the versions of a go.mod.
func modulesOf(dir string) (*modfile.File, map[string]string, error) {
	path := filepath.Join(dir, "go.mod")
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := modfile.Parse(path, raw, nil)
	if err != nil {
		return nil, nil, err
	}
	versions := map[string]string{}
	for _, r := range f.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	return f, versions, nil
}

// moduleOf is the module of the list that provides a package: the one with the
// longest path.
func moduleOf(versions map[string]string, path string) string {
	for p := path; p != "." && p != "/" && p != ""; {
		if _, ok := versions[p]; ok {
			return p
		}
		i := strings.LastIndexByte(p, '/')
		if i < 0 {
			break
		}
		p = p[:i]
	}
	return ""
}

// resolve chooses versions and writes them into the tree's go.mod.
func (b *Builder) resolve(ctx context.Context, dir string, want []Spec, tell Progress) (*tree, error) {
	packages, err := b.CompiledIn()
	if err != nil {
		return nil, err
	}
	f, versions, err := modulesOf(dir)
	if err != nil {
		return nil, fmt.Errorf("reading Divvy's go.mod: %w", err)
	}
	t := &tree{dir: dir, fixed: map[string]string{}, has: map[string]bool{}}
	// The interpreter reaches into yaegi, and cells are checked against the
	// packages as they were when their tables were made.
	for _, p := range append(packages, "github.com/traefik/yaegi") {
		t.has[p] = true
		if m := moduleOf(versions, p); m != "" {
			t.fixed[m] = versions[m]
		}
	}
	get := []string{"get"}
	for _, s := range want {
		m := moduleOf(versions, s.Path)
		switch {
		case t.has[s.Path] && s.Dir == "" && (s.Version == "" || m == "" || versions[m] == s.Version):
			return nil, fmt.Errorf("%s is compiled in: import it as it is", s.Path)
		case s.Dir != "":
			if m == s.Path {
				return nil, fmt.Errorf("%s is compiled into Divvy (%s), and cannot be replaced by the folder %s", s.Path, versions[m], s.Dir)
			}
			if err := errors.Join(f.AddReplace(s.Path, "", s.Dir, ""), f.AddRequire(s.Path, "v0.0.0-00010101000000-000000000000")); err != nil {
				return nil, fmt.Errorf("%s: %w", s.Dir, err)
			}
		case m != "" && (s.Version == "" || s.Version == versions[m]):
			// What Divvy is built with is there.
		case s.Version == "":
			get = append(get, s.Path+"@latest")
		default:
			get = append(get, s.Path+"@"+s.Version)
		}
	}
	f.Cleanup()
	raw, err := f.Format()
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "go.mod"), raw, 0o644)
	}
	if err != nil {
		return nil, fmt.Errorf("writing go.mod: %w", err)
	}
	told := func(line string) {
		if what, ok := strings.CutPrefix(line, "go: downloading "); ok {
			tell("downloading", what)
		}
	}
	if len(get) > 1 {
		if _, err := runGo(ctx, dir, told, get...); err != nil {
			return nil, explain(err)
		}
	}
	if _, err := t.checkFixed(want); err != nil {
		return nil, err
	}
	t.specs = want
	patterns, err := t.patterns()
	if err != nil {
		return nil, err
	}
	// What the packages import may lack a version still, and settles others.
	if _, err := runGo(ctx, dir, told, append([]string{"list", "-e", "-deps", "-f", "{{.Name}}"}, patterns...)...); err != nil {
		return nil, explain(err)
	}
	versions, err = t.checkFixed(want)
	if err != nil {
		return nil, err
	}
	t.specs = nil
	for _, s := range want {
		m := moduleOf(versions, s.Path)
		if m == "" {
			return nil, fmt.Errorf("%s is in no module that go get has found", s.Path)
		}
		if s.Dir == "" {
			s.Version = versions[m]
		}
		t.specs = append(t.specs, s)
	}
	return t, nil
}

// checkFixed returns the versions that have been chosen, and an error if one of
// those that are compiled in would change.
func (t *tree) checkFixed(want []Spec) (map[string]string, error) {
	_, versions, err := modulesOf(t.dir)
	if err != nil {
		return nil, fmt.Errorf("reading go.mod: %w", err)
	}
	for m, v := range t.fixed {
		if versions[m] != v {
			return nil, fmt.Errorf("%s would bring %s %s, and %s is compiled into Divvy. "+
				"Ask for a version that is content with that one (%%pkg add MODULE@VERSION); `go list -m -versions MODULE` lists what there is",
				names(want), m, versions[m], v)
		}
	}
	return versions, nil
}

// patterns are the packages to add, as the go tool takes them: all of a module, or
// the one that was named.
func (t *tree) patterns() ([]string, error) {
	_, versions, err := modulesOf(t.dir)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, s := range t.specs {
		if _, ok := versions[s.Path]; ok {
			list = append(list, s.Path+"/...")
		} else {
			list = append(list, s.Path)
		}
	}
	return list, nil
}

// build makes the tables and links the program, in the tree.
func (t *tree) build(ctx context.Context, tell Progress) (*Program, error) {
	patterns, err := t.patterns()
	if err != nil {
		return nil, err
	}
	tell("compiling", strings.Join(patterns, " "))
	keep := func(path string) bool {
		return !t.has[path] && !strings.Contains("/"+path+"/", "/internal/") && !strings.Contains("/"+path+"/", "/vendor/")
	}
	made, err := tables.Group{Name: "added", Patterns: patterns, Keep: keep, Dir: t.dir, Env: goEnv()}.Generate(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("making the symbol tables: %w", err)
	}
	p := &Program{Specs: t.specs, Packages: made.Paths}
	if p.Notes, err = t.judge(ctx, made); err != nil {
		return nil, err
	}
	if _, err := t.checkFixed(t.specs); err != nil { // a package may have needed more
		return nil, err
	}
	if _, err := tables.Write(filepath.Join(t.dir, "kernel", "symbols", "added"), made.Files, false); err != nil {
		return nil, fmt.Errorf("writing the symbol tables: %w", err)
	}
	p.Path = filepath.Join(t.dir, programName())
	if err := t.link(ctx, p.Path, tell); err != nil {
		return nil, err
	}
	return p, nil
}

// judge decides whether what was left out is an error, and else what to note.
func (t *tree) judge(ctx context.Context, made *tables.Made) (notes []string, err error) {
	for _, s := range t.specs {
		under := func(path string) bool { return path == s.Path || strings.HasPrefix(path, s.Path+"/") }
		there := 0
		for _, p := range made.Paths {
			if under(p) {
				there++
			}
		}
		var left []tables.Omitted
		for _, o := range made.Omitted {
			if under(o.Path) {
				left = append(left, o)
			}
		}
		named := func(o tables.Omitted) bool { return o.Path == s.Path }
		if !slices.Contains(made.Paths, s.Path) && !slices.ContainsFunc(left, named) {
			// A pattern passes over what has no file for this system.
			why, _ := runGo(ctx, t.dir, nil, "list", "-e", "-f", "{{with .Error}}{{.Err}}{{end}}", s.Path)
			if strings.Contains(why, "build constraints exclude") {
				left = append(left, tables.Omitted{Path: s.Path, Why: why})
			}
		}
		switch {
		case there == 0 && len(left) > 0:
			return nil, fmt.Errorf("%s cannot be added:\n%s", s, t.reason(ctx, left[0].Why))
		case there == 0:
			return nil, fmt.Errorf("%s has no package that a cell could import (commands and internal packages do not count)", s)
		}
		for _, o := range left {
			notes = append(notes, fmt.Sprintf("%s is left out: %s", o.Path, firstLine(t.reason(ctx, o.Why))))
		}
	}
	for _, path := range made.Paths {
		if g := made.Generic[path]; len(g) > 0 {
			few := g[:min(len(g), 4)]
			more := ""
			if len(g) > len(few) {
				more = ", …"
			}
			notes = append(notes, fmt.Sprintf("%s has %d generic functions, which cells cannot call yet (%s%s)", path, len(g), strings.Join(few, ", "), more))
		}
	}
	return notes, nil
}

// reason words why a package does not compile.
func (t *tree) reason(ctx context.Context, why string) string {
	why = strings.TrimSpace(why)
	cgo, _ := runGo(ctx, t.dir, nil, "env", "CGO_ENABLED")
	switch {
	case strings.Contains(why, "C compiler") || strings.Contains(why, "build constraints exclude all Go files") && strings.TrimSpace(cgo) == "0":
		return why + "\nIf it is written in C in part (cgo), it needs a C compiler: on Debian or Ubuntu, apt install gcc; " +
			"on macOS, xcode-select --install. CGO_ENABLED must not be 0"
	case strings.Contains(why, "build constraints exclude all Go files"):
		return why + "\nIt has nothing for this system, " + runtime.GOOS + "/" + runtime.GOARCH
	}
	return why
}

func firstLine(s string) string {
	s = strings.TrimSpace(s)
	for strings.HasPrefix(s, "# ") { // the package, which is named before
		_, s, _ = strings.Cut(s, "\n")
	}
	line, _, _ := strings.Cut(s, "\n")
	return line
}
