// Package tables writes what a cell may import: for every package of a group a
// table of reflect values for the interpreter, and for the group one archive with
// export data (for go/types) and documentation.
//
// It is what `go generate ./kernel/symbols` and %pkg have in common. It knows
// nothing of the kernel; it needs the go tool. Its output is the same bytes on
// every machine with the same Go release and go.mod: no paths of this machine
// (-trimpath), no times, sorted names.
package tables

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
)

// Made is what Generate has made of a group.
type Made struct {
	Files   map[string][]byte // by name
	Paths   []string          // of the packages that have a table
	Omitted []Omitted
	// Generic names, for a package, the functions that a table cannot hold: they
	// exist in compiled code only as they were instantiated there.
	Generic map[string][]string
}

// Generate makes the files of a group.
func (g Group) Generate(ctx context.Context) (*Made, error) {
	l, err := g.list(ctx)
	if err != nil {
		return nil, err
	}
	made := &Made{Files: map[string][]byte{}, Omitted: l.omitted, Generic: map[string][]string{}}
	for _, p := range l.roots {
		tp, err := l.load(p.ImportPath)
		if err != nil {
			return nil, err
		}
		src, generic, err := table(g.Name, tp)
		if err != nil {
			return nil, err
		}
		made.Files["zz_"+ident(p.ImportPath)+".go"] = src
		made.Paths = append(made.Paths, p.ImportPath)
		if len(generic) > 0 {
			made.Generic[p.ImportPath] = generic
		}
	}
	if made.Files["zz_index.go"], err = index(g.Name, l.roots); err != nil {
		return nil, err
	}
	made.Files["zz_bundle.zip"], err = bundle(l)
	return made, err
}

// Write brings dir to files, removing generated files that are not among them,
// and returns the names of those that differed. With check it changes nothing.
func Write(dir string, files map[string][]byte, check bool) (changed []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	old, err := filepath.Glob(filepath.Join(dir, "zz_*"))
	if err != nil {
		return nil, err
	}
	for _, path := range old {
		if _, ok := files[filepath.Base(path)]; !ok {
			changed = append(changed, path)
			if !check {
				if err := os.Remove(path); err != nil {
					return nil, err
				}
			}
		}
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if had, err := os.ReadFile(path); err == nil && bytes.Equal(had, content) {
			continue
		}
		changed = append(changed, path)
		if check {
			continue
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return nil, err
		}
	}
	return changed, nil
}
