// Package compressed reads and writes text files that are compressed with gzip or
// zstd: reading sees it from the first bytes, writing from the name's ending. The
// library is github.com/klauspost/compress: Arrow brings it anyway, its gzip is
// about twice as fast as the standard library's and zstd is in no standard library.
// It knows nothing of what is in the files.
package compressed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// NewReader undoes gzip or zstd; what is neither is given as it is.
func NewReader(r io.Reader) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	head, err := in.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return whole{z, "gzip"}, nil
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return whole{z.IOReadCloser(), "zstd"}, nil
	}
	return io.NopCloser(in), nil
}

// whole makes the early end of compressed data an error of its own. Who reads
// whole blocks takes io.ErrUnexpectedEOF for the last, shorter one, and would lose
// the rest of a file in silence.
type whole struct {
	io.ReadCloser
	kind string
}

func (w whole) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%s: the file is cut short: its compressed data does not end", w.kind)
	}
	return n, err
}

// NewWriter compresses what goes to a file of that name, if it ends in .gz or .zst.
// Closing it ends the compression, and leaves w open.
func NewWriter(name string, w io.Writer) (io.WriteCloser, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".gz":
		return gzip.NewWriter(w), nil
	case ".zst":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}
	return plain{w}, nil
}

// Trim gives a file's name without the ending that NewWriter looks at.
func Trim(name string) string {
	switch ext := filepath.Ext(name); strings.ToLower(ext) {
	case ".gz", ".zst":
		return strings.TrimSuffix(name, ext)
	}
	return name
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }
