package dataset

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// decompress undoes gzip or zstd, seen from the first bytes. The library is
// github.com/klauspost/compress: Arrow brings it anyway, its gzip is about
// twice as fast as the standard library's and zstd is in no standard library.
func decompress(r io.Reader) (io.ReadCloser, error) {
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
		return z, nil
	case bytes.Equal(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return z.IOReadCloser(), nil
	}
	return io.NopCloser(in), nil
}

// detectLine says which format the first line with anything on it has.
func detectLine(data []byte) (Format, error) {
	line, _, _ := bytes.Cut(bytes.TrimSpace(data), []byte{'\n'})
	o := newObject()
	if err := o.open(line); err != nil {
		return "", fmt.Errorf("cannot tell the format: %w", err)
	}
	for {
		more, err := o.next()
		if err == nil && more {
			_, err = o.raw()
		}
		if err != nil || !more {
			break
		}
	}
	switch {
	case o.has("chosen") && o.has("rejected"):
		return HH, nil
	case o.has("prefix") && o.has("suffix"):
		return PRO, nil
	}
	return "", fmt.Errorf("cannot tell the format: no field tells HH-RLHF (chosen, rejected) or PRO (prefix, suffix)")
}

// counter counts the bytes that a reader gives, reports them, and ends with the
// context.
type counter struct {
	r           io.Reader
	ctx         context.Context
	report      func(done, total int64)
	done, total int64
}

func (c *counter) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.r.Read(p)
	c.done += int64(n)
	if c.report != nil && n > 0 {
		c.report(c.done, c.total)
	}
	return n, err
}
