package dataset

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"divvy/arrowio/files"
)

// sources are the files to read: a path with * ? or [ that names no file stands
// for all that match, in the order of their names. Errors come from open.
func sources(paths []string) (out []source) {
	for _, path := range paths {
		matches := []string{path}
		if _, err := os.Lstat(path); err != nil && strings.ContainsAny(path, "*?[") {
			if matches, err = filepath.Glob(path); err != nil || len(matches) == 0 {
				out = append(out, source{path, func() (io.ReadCloser, int64, error) {
					return nil, 0, errors.Join(err, fmt.Errorf("no file matches %s%s", path, files.Within(path)))
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
	f, err := files.Open(path)
	if folder := (*files.FolderError)(nil); errors.As(err, &folder) {
		err = fmt.Errorf("%w; to read all of its files: %q", err, filepath.Join(path, "*"))
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}
