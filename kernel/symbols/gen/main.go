// Command gen writes what a cell may import: for every listed package a table
// of reflect values for the interpreter, and for every group of packages one
// archive with export data (for go/types) and documentation.
//
// It is run by go generate in kernel/symbols and knows nothing of the kernel:
// it works on a tree of which parts do not compile, leaving those packages out
// with a warning, so that tables can always be made again. Its output is the
// same bytes on every machine with the same Go release and go.mod: no paths of
// this machine (-trimpath), no times, sorted names.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	dir := flag.String("dir", ".", "the kernel/symbols folder to write to")
	only := flag.String("group", "", "write this group only (std, third or own)")
	check := flag.Bool("check", false, "write nothing; fail when a file would change")
	flag.Parse()
	if err := run(*dir, *only, *check); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir, only string, check bool) error {
	var drift []string
	for _, g := range groups {
		if only != "" && only != g.name {
			continue
		}
		files, err := generate(g)
		if err != nil {
			return fmt.Errorf("group %s: %w", g.name, err)
		}
		changed, err := write(filepath.Join(dir, g.name), files, check)
		if err != nil {
			return err
		}
		drift = append(drift, changed...)
	}
	if check && len(drift) > 0 {
		return fmt.Errorf("these files are not what go generate makes: %s", strings.Join(drift, ", "))
	}
	return nil
}

// generate makes the files of one group: name -> content.
func generate(g group) (map[string][]byte, error) {
	l, err := list(g)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, p := range l.roots {
		tp, err := l.load(p.ImportPath)
		if err != nil {
			return nil, err
		}
		src, err := table(g.name, tp)
		if err != nil {
			return nil, err
		}
		files["zz_"+ident(p.ImportPath)+".go"] = src
	}
	if files["zz_index.go"], err = index(g.name, l.roots); err != nil {
		return nil, err
	}
	files["zz_bundle.zip"], err = bundle(l)
	return files, err
}

// write brings dir to files, removing generated files that are not among them,
// and returns the names of those that differed.
func write(dir string, files map[string][]byte, check bool) (changed []string, err error) {
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
