package arrowio

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"divvy/arrowio/compressed"
)

// write writes a file atomically. The rows that were written are its progress.
func (t *Table) write(path string, encode func(io.Writer) error) error {
	t.work.start(int64(t.NumRows()), "write "+filepath.Base(path))
	defer t.work.done()
	err := writeAtomic(path, encode)
	if err != nil && t.work.ended() {
		return fmt.Errorf("arrowio: write %s: %w", path, context.Cause(t.work.ctx))
	}
	return err
}

// writeText is write for a text file, which is compressed if its name says so.
func (t *Table) writeText(path string, encode func(io.Writer) error) error {
	return t.write(path, func(w io.Writer) error {
		z, err := compressed.NewWriter(path, w)
		if err != nil {
			return err
		}
		if err := encode(z); err != nil {
			z.Close()
			return err
		}
		return z.Close()
	})
}

// writeAtomic writes a file that appears under its name only when it is whole
// and on the disk: until then, and after any error, the name shows what it
// showed before. Directories on the way are made.
func writeAtomic(path string, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("arrowio: write %s: %w", path, err)
	}
	mode := os.FileMode(0o644)
	if old, err := os.Stat(path); err == nil {
		if !old.Mode().IsRegular() {
			return fmt.Errorf("arrowio: write %s: it is there and no regular file", path)
		}
		mode = old.Mode().Perm()
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.part")
	if err != nil {
		return fmt.Errorf("arrowio: write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("arrowio: write %s: %w", path, unprefixed(err))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	if err = write(w); err != nil {
		return err
	}
	if err = w.Flush(); err != nil {
		return err
	}
	if err = f.Chmod(mode); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// unprefixed is an error without this package's name before it, for a message that
// begins with it.
func unprefixed(err error) error {
	if rest, ok := strings.CutPrefix(err.Error(), "arrowio: "); ok {
		return said{rest, err}
	}
	return err
}

// said is an error in other words.
type said struct {
	words string
	error
}

func (s said) Error() string { return s.words }
func (s said) Unwrap() error { return s.error }
