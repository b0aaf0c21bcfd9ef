// Package files opens files by the names that analysts type: what is missing is an
// error that says where it was looked for and which file beside it was probably
// meant. It knows nothing of what is in them.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"divvy/arrowio/near"
)

// Open opens a file to be read. A folder is a *FolderError.
func Open(path string) (*os.File, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w%s%s", err, Within(path), similar(path))
	}
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		f.Close()
		if err == nil {
			err = &FolderError{path}
		}
		return nil, err
	}
	return f, nil
}

// Read is the content of a file.
func Read(path string) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// FolderError says that a folder stands where a file should.
type FolderError struct{ Path string }

// Error is the path, and that it is a folder.
func (e *FolderError) Error() string { return e.Path + " is a folder" }

// Within says where a relative path was looked for: " in /home/…", "" for others.
func Within(path string) string {
	dir, err := os.Getwd()
	if err != nil || filepath.IsAbs(path) {
		return ""
	}
	return " in " + dir
}

// similar names the file beside a missing one that was probably meant, or the first
// folder on the way that there is not.
func similar(path string) string {
	dir, name := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return noFolder(filepath.Clean(dir))
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	if best := near.Name(name, names); best != "" {
		return "; did you mean " + filepath.Join(dir, best) + "?"
	}
	return ""
}

// noFolder says which folder is the first of a path that there is not.
func noFolder(dir string) string {
	missing := ""
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		missing, dir = dir, filepath.Dir(dir)
	}
	if missing == "" {
		return ""
	}
	return "; there is no folder " + missing
}
