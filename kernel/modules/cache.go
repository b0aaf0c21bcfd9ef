package modules

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// keepPrograms is how many programs the cache keeps, of 150 MB each.
	keepPrograms = 8
	// unusedAfter is how long one that nobody starts is kept.
	unusedAfter = 30 * 24 * time.Hour
	// abandonedAfter is when a folder to build in belongs to no build any more.
	abandonedAfter = 24 * time.Hour
)

// Program is a worker program that can be started, and what it adds to the one
// that is installed.
type Program struct {
	Path     string   `json:"-"` // of the executable
	Specs    []Spec   `json:"modules"`
	Packages []string `json:"packages"`
	Notes    []string `json:"notes,omitempty"`
	Cached   bool     `json:"-"` // it was there
}

// manifest describes a program, beside it.
const manifest = "modules.json"

// DefaultCache is the folder for programs in the user's cache.
func DefaultCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	return filepath.Join(dir, "divvy", "programs"), nil
}

// key names a program by all that it is built from: Divvy, the modules and their
// versions, the files of local ones, the compilers.
func (t *tree) key(ctx context.Context, source *Source) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, source.Hash())
	env, err := runGo(ctx, t.dir, nil, "env", "GOVERSION", "GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOEXPERIMENT", "CGO_ENABLED", "CC", "CXX", "CGO_CFLAGS", "CGO_LDFLAGS")
	if err != nil {
		return "", err
	}
	fmt.Fprintln(h, env)
	raw, err := os.ReadFile(filepath.Join(t.dir, "go.mod"))
	if err != nil {
		return "", err
	}
	h.Write(raw)
	patterns, err := t.patterns()
	if err != nil {
		return "", err
	}
	fmt.Fprintln(h, patterns)
	for _, s := range t.specs {
		if s.Dir == "" {
			continue
		}
		if err := hashFolder(h, s.Dir); err != nil {
			return "", fmt.Errorf("reading %s: %w", s.Dir, err)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:10]), nil
}

// hashFolder writes the names and contents of a module's files to h. Hidden files,
// tests and their data do not reach a program.
func hashFolder(h io.Writer, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		switch {
		case path == dir:
			return nil
		case d.IsDir():
			if strings.HasPrefix(name, ".") || name == "testdata" {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular() || strings.HasPrefix(name, ".") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		one := sha256.New()
		if _, err := io.Copy(one, f); err != nil {
			return err
		}
		_, err = fmt.Fprintf(h, "%s %x\n", filepath.ToSlash(rel), one.Sum(nil))
		return err
	})
}

// cached returns the program of a key.
func (b *Builder) cached(key string) (*Program, error) {
	dir := filepath.Join(b.Cache, key)
	raw, err := os.ReadFile(filepath.Join(dir, manifest))
	if err != nil {
		return nil, err
	}
	p := &Program{Path: filepath.Join(dir, programName()), Cached: true}
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, err
	}
	if _, err := os.Stat(p.Path); err != nil {
		return nil, err
	}
	now := time.Now()
	os.Chtimes(dir, now, now) // when it was last used
	return p, nil
}

// keep moves a program into the cache.
func (b *Builder) keep(key string, p *Program) (*Program, error) {
	stage, err := os.MkdirTemp(b.Cache, "keep-")
	if err != nil {
		return nil, fmt.Errorf("keeping the program: %w", err)
	}
	defer os.RemoveAll(stage)
	raw, err := json.MarshalIndent(p, "", "\t")
	err = errors.Join(err, os.Chmod(stage, 0o755),
		os.Rename(p.Path, filepath.Join(stage, programName())),
		os.WriteFile(filepath.Join(stage, manifest), raw, 0o644))
	if err != nil {
		return nil, fmt.Errorf("keeping the program: %w", err)
	}
	dir := filepath.Join(b.Cache, key)
	if err := os.Rename(stage, dir); err != nil {
		if had, missing := b.cached(key); missing == nil {
			return had, nil // another kernel was faster
		}
		os.RemoveAll(dir) // half of one
		if err := os.Rename(stage, dir); err != nil {
			return nil, fmt.Errorf("keeping the program: %w", err)
		}
	}
	b.prune(dir)
	p.Path = filepath.Join(dir, programName())
	return p, nil
}

// prune removes the programs that were not used for long, and those beyond the
// number to keep. Failing to is no fault.
func (b *Builder) prune(spare string) {
	entries, err := os.ReadDir(b.Cache)
	if err != nil {
		return
	}
	type used struct {
		path string
		at   time.Time
	}
	var programs []used
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() {
			continue
		}
		path := filepath.Join(b.Cache, e.Name())
		if strings.HasPrefix(e.Name(), "build-") || strings.HasPrefix(e.Name(), "keep-") {
			if time.Since(info.ModTime()) > abandonedAfter {
				os.RemoveAll(path)
			}
			continue
		}
		if path != spare {
			programs = append(programs, used{path, info.ModTime()})
		}
	}
	slices.SortFunc(programs, func(a, b used) int { return b.at.Compare(a.at) })
	for i, p := range programs {
		if i >= keepPrograms-1 || time.Since(p.at) > unusedAfter {
			os.RemoveAll(p.path)
		}
	}
}
