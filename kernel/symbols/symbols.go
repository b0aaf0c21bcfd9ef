// Package symbols is what a cell may import: the compiled symbols that the
// interpreter calls, the export data against which go/types checks a cell, and
// the documentation that inspection shows. All of it is generated, by package
// tables; one `go generate ./kernel/symbols` makes it again. It knows neither cells nor
// the interpreter.
//
// Nothing is built before it is asked for: a process that never runs a cell
// pays nothing.
package symbols

//go:generate go run ./gen -dir .

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"go/token"
	"go/types"
	"io"
	"path"
	"reflect"
	"sort"
	"strings"
	"sync"

	"golang.org/x/tools/go/gcexportdata"

	"divvy/kernel/symbols/added"
	"divvy/kernel/symbols/own"
	"divvy/kernel/symbols/std"
	"divvy/kernel/symbols/third"
)

// Table returns the compiled symbols of a package by name, or nil when the
// package is not built in. Functions and variables are themselves, a type is a
// nil pointer to it, and "_T" is the adapter of interface T.
func Table(path string) map[string]reflect.Value {
	for _, table := range []func(string) map[string]reflect.Value{std.Table, own.Table, third.Table, added.Table} {
		if t := table(path); t != nil {
			return t
		}
	}
	return nil
}

// Library reads types and documentation from the embedded archives. It is
// safe for concurrent use.
type Library struct {
	fset    *token.FileSet
	entries map[string]*zip.File

	mu   sync.Mutex
	pkgs map[string]*types.Package
	docs map[string]map[string]string
}

// Shared returns the library of this process. What it caches never changes,
// so all sessions can share it.
var Shared = sync.OnceValues(Open)

// Open makes a library of its own.
func Open() (*Library, error) {
	l := &Library{
		fset:    token.NewFileSet(),
		entries: map[string]*zip.File{},
		pkgs:    map[string]*types.Package{"unsafe": types.Unsafe},
		docs:    map[string]map[string]string{},
	}
	for _, b := range [][]byte{std.Bundle, third.Bundle, own.Bundle, added.Bundle} {
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return nil, fmt.Errorf("embedded packages: %w", err)
		}
		for _, f := range z.File {
			l.entries[f.Name] = f
		}
	}
	return l, nil
}

// Import returns the types of a built-in package.
func (l *Library) Import(path string) (*types.Package, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.pkgs[path]; p != nil && p.Complete() {
		return p, nil
	}
	raw, err := l.read("export/" + path)
	if err != nil {
		return nil, err
	}
	if raw == nil {
		return nil, &NotBuiltIn{Path: path, Near: l.near(path)}
	}
	p, err := gcexportdata.Read(bytes.NewReader(raw), l.fset, l.pkgs, path)
	if err != nil {
		return nil, fmt.Errorf("types of %s: %w", path, err)
	}
	return p, nil
}

// NotBuiltIn is the error for a package that a cell cannot import.
type NotBuiltIn struct {
	Path string
	Near []string // built-in packages of the same last name
}

func (e *NotBuiltIn) Error() string {
	s := fmt.Sprintf("package %s is not built into this kernel", e.Path)
	if len(e.Near) > 0 {
		s += " (did you mean " + strings.Join(e.Near, " or ") + "?)"
	} else if host, _, _ := strings.Cut(e.Path, "/"); strings.Contains(host, ".") {
		s += "; to add it: %pkg add " + e.Path
	}
	return s
}

func (l *Library) near(p string) (near []string) {
	for _, have := range l.Paths() {
		if path.Base(have) == path.Base(p) {
			near = append(near, have)
		}
	}
	return near
}

// Paths lists the import paths of all built-in packages, sorted.
func (l *Library) Paths() []string {
	var paths []string
	for name := range l.entries {
		if p, ok := strings.CutPrefix(name, "export/"); ok {
			paths = append(paths, p)
		}
	}
	sort.Strings(paths)
	return paths
}

// Has reports whether a package is built in.
func (l *Library) Has(path string) bool {
	return l.entries["export/"+path] != nil || path == "unsafe"
}

// Doc returns the doc comment of a declaration, "Name" or "Type.Member", of a
// package; the empty name asks for the package's own.
func (l *Library) Doc(path, name string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, ok := l.docs[path]
	if !ok {
		raw, err := l.read("doc/" + path)
		if err != nil || json.Unmarshal(raw, &m) != nil {
			m = nil // inspection then shows the type alone
		}
		l.docs[path] = m
	}
	return m[name]
}

// read unpacks an entry, nil when there is none.
func (l *Library) read(name string) ([]byte, error) {
	f := l.entries[name]
	if f == nil {
		return nil, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("embedded %s: %w", name, err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("embedded %s: %w", name, err)
	}
	return raw, nil
}
