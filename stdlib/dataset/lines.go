package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
)

// block is a piece of a file: whole lines on the way in, rows on the way out.
// Blocks are parsed by several goroutines and taken in the order of the file.
type block struct {
	file   string
	format Format
	line   int64 // the number of data's first line
	data   []byte
	parsed chan struct{} // closed when the fields below are set

	record  arrow.Record // nil when there is no row
	rejects []Reject
	err     error
}

// blockBytes is the size of a block unless one line is longer. A block becomes
// a batch: small enough to stream, large enough for one to cost little.
const blockBytes = 2 << 20

// startPipeline reads sources and parses their blocks. The channel gives every
// block in order; wait for its parsed. It is closed after the last block, after
// the first that has an error, and when ctx ends.
func startPipeline(ctx context.Context, o *Options, sources []source) <-chan *block {
	ordered := make(chan *block, 2*o.Workers)
	work := make(chan *block, 2*o.Workers)
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() {
			p := newParser(o)
			for b := range work {
				p.parse(b)
				close(b.parsed)
			}
		})
	}
	emit := func(b *block) error {
		b.parsed = make(chan struct{})
		select {
		case ordered <- b:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if b.err != nil || b.record != nil {
			close(b.parsed)
			return b.err
		}
		work <- b
		return nil
	}
	go func() {
		defer close(ordered)
		defer workers.Wait()
		defer close(work)
		for _, s := range sources {
			if err := produce(ctx, o, s, emit); err != nil {
				if ctx.Err() == nil {
					emit(&block{err: err})
				}
				return
			}
		}
	}()
	return ordered
}

// produce reads one source and emits its blocks.
func produce(ctx context.Context, o *Options, s source, emit func(*block) error) error {
	stream, size, err := s.open()
	if err != nil {
		return fmt.Errorf("opening: %w", err)
	}
	defer stream.Close()
	in, err := decompress(&counter{r: stream, total: size, ctx: ctx, report: o.Progress})
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer in.Close()
	if err := produceLines(o, s.name, in, emit); err != nil {
		var placed *LineError
		if errors.As(err, &placed) || ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("reading %s: %w", s.name, err)
	}
	return nil
}

// produceLines cuts a stream into blocks of whole lines.
func produceLines(o *Options, name string, in io.Reader, emit func(*block) error) error {
	format := o.Format
	line := int64(1)
	var carry []byte
	for first := true; ; first = false {
		buf := make([]byte, len(carry)+blockBytes)
		copy(buf, carry)
		n, err := io.ReadFull(in, buf[len(carry):])
		buf = buf[:len(carry)+n]
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return err
		}
		if first {
			buf = bytes.TrimPrefix(buf, []byte("\xef\xbb\xbf"))
		}
		cut := len(buf)
		if !end {
			cut = bytes.LastIndexByte(buf, '\n') + 1
		}
		carry = buf[cut:]
		if len(carry) > o.MaxLine {
			return &LineError{name, line + int64(bytes.Count(buf[:cut], []byte{'\n'})), 0,
				fmt.Errorf("the line is longer than %d bytes (Options.MaxLine)", o.MaxLine)}
		}
		if format == Detect && len(bytes.TrimSpace(buf[:cut])) > 0 {
			if format, err = detectLine(buf[:cut]); err != nil {
				return &LineError{name, line, 0, err}
			}
		}
		if cut > 0 {
			if err := emit(&block{file: name, format: format, line: line, data: buf[:cut]}); err != nil {
				return err
			}
			line += int64(bytes.Count(buf[:cut], []byte{'\n'}))
		}
		if end {
			return nil
		}
	}
}

// parser turns blocks into rows. It is one goroutine's.
type parser struct {
	options *Options
	object  *object
	builder *builder
}

func newParser(o *Options) *parser {
	return &parser{options: o, object: newObject(), builder: newBuilder()}
}

func (p *parser) parse(b *block) {
	number := b.line - 1
	for line := range bytes.Lines(b.data) {
		number++
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		row := Row{File: b.file, Line: number}
		err := p.row(b.format, line, &row)
		if err == nil {
			p.builder.append(&row)
			continue
		}
		placed := &LineError{File: b.file, Line: number, Err: err}
		var c *columnError
		if errors.As(err, &c) {
			placed.Column, placed.Err = c.offset+1, c.err
		}
		kind := Malformed
		if errors.Is(err, errExcluded) {
			kind = Excluded
		} else if !p.options.Collect {
			b.err = placed
			p.builder.record().Release()
			return
		}
		b.rejects = append(b.rejects, Reject{b.file, number, placed.Column, kind, placed.Err.Error(), string(line)})
	}
	b.data = nil
	if p.builder.rows > 0 {
		b.record = p.builder.record()
	}
}

// row reads one line.
func (p *parser) row(format Format, line []byte, r *Row) error {
	if err := p.object.open(line); err != nil {
		return err
	}
	var err error
	switch format {
	case HH:
		err = parseHH(p.object, p.options.PRO, r)
	case PRO:
		err = parsePRO(p.object, r)
	default:
		return fmt.Errorf("unknown format %q", format)
	}
	if err != nil {
		return err
	}
	return r.check()
}
