package arrowio

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"divvy/arrowio/atomicfile"
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

// writeAtomic writes a file that appears under its name only when it is whole.
// Directories on the way are made.
func writeAtomic(path string, write func(io.Writer) error) error {
	err := os.MkdirAll(filepath.Dir(path), 0o777)
	if err == nil {
		err = atomicfile.Write(path, write)
	}
	if err != nil {
		return fmt.Errorf("arrowio: write %s: %w", path, unprefixed(err))
	}
	return nil
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
