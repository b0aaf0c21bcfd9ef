package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// sources are the files to read: a path with * ? or [ that names no file stands
// for all that match, in the order of their names. Errors come from open.
func sources(paths []string) (out []source) {
	for _, path := range paths {
		matches := []string{path}
		if _, err := os.Lstat(path); err != nil && strings.ContainsAny(path, "*?[") {
			if matches, err = filepath.Glob(path); err != nil || len(matches) == 0 {
				out = append(out, source{path, func() (io.ReadCloser, int64, error) {
					return nil, 0, errors.Join(err, fmt.Errorf("no file matches %s%s", path, within(path)))
				}})
				continue
			}
		}
		for _, m := range matches {
			out = append(out, source{m, func() (io.ReadCloser, int64, error) { return openFile(m) }})
		}
	}
	return out
}

// openFile opens a file and gives its size.
func openFile(path string) (io.ReadCloser, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w%s%s", err, within(path), similar(path))
		}
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder; to read all of its files: %q", path, filepath.Join(path, "*"))
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// within says where a relative path was looked for.
func within(path string) string {
	dir, err := os.Getwd()
	if err != nil || filepath.IsAbs(path) {
		return ""
	}
	return " in " + dir
}

// similar names the file beside a missing one that was probably meant.
func similar(path string) string {
	dir, name := filepath.Split(path)
	entries, err := os.ReadDir(filepath.Clean(dir))
	if err != nil {
		return ""
	}
	best, edits := "", max(3, len(name)/4)+1
	for _, e := range slices.DeleteFunc(entries, fs.DirEntry.IsDir) {
		d := levenshtein.Distance(strings.ToLower(name), strings.ToLower(e.Name()), nil)
		if strings.HasPrefix(e.Name(), name) { // the ending was left out
			d = 1
		}
		if d < edits {
			best, edits = e.Name(), d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + filepath.Join(dir, best) + "?"
}
