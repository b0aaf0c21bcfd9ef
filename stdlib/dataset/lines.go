package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"

	"divvy/arrowio/compressed"
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
		if b.err != nil || b.data == nil {
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
		return err
	}
	defer stream.Close()
	if at, ok := stream.(io.ReaderAt); ok && isIndexed(at) {
		if err := produceIndexed(ctx, o, s.name, at, size, emit); err != nil {
			return fmt.Errorf("reading %s: %w", s.name, err)
		}
		return nil
	}
	in, err := compressed.NewReader(&counter{r: stream, total: size, ctx: ctx, report: o.Progress})
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	defer in.Close()
	if err := produceAny(ctx, o, s.name, in, emit); err != nil {
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
	if format == Detect && isText(name) {
		format = Prompts
	}
	line := int64(1)
	var carry []byte
	for {
		buf := make([]byte, len(carry)+blockBytes)
		copy(buf, carry)
		n, err := io.ReadFull(in, buf[len(carry):])
		buf = buf[:len(carry)+n]
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return err
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
			if format, err = detect(buf[:cut]); err != nil {
				return placedError(name, line, err)
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
		if err := p.rows(b, line, number); err != nil && !p.reject(b, line, number, err) {
			p.builder.record().Release()
			return
		}
	}
	p.finish(b)
}

// finish gives the block the rows that were parsed.
func (p *parser) finish(b *block) {
	b.data = nil
	if p.builder.rows > 0 {
		b.record = p.builder.record()
	}
}

// placedError is an error of a line, at its column where that is known.
func placedError(file string, line int64, err error) *LineError {
	placed := &LineError{File: file, Line: line, Err: err}
	var c *columnError
	if errors.As(err, &c) {
		placed.Column, placed.Err = c.offset+1, c.err
	}
	return placed
}

// reject puts a line among the block's rejects, or, when bad lines are not
// collected, ends the block with an error and gives false.
func (p *parser) reject(b *block, line []byte, number int64, err error) bool {
	placed := placedError(b.file, number, err)
	kind := Malformed
	if errors.Is(err, errExcluded) {
		kind = Excluded
	} else if !p.options.Collect {
		b.err = placed
		return false
	}
	b.rejects = append(b.rejects, Reject{b.file, number, placed.Column, kind, placed.Err.Error(), string(line)})
	return true
}

// rows reads one line. A line gives all its rows or none.
func (p *parser) rows(b *block, line []byte, number int64) error {
	row := Row{File: b.file, Line: number}
	if b.format == Prompts && isText(b.file) {
		err := parseText(line, &row)
		if err == nil {
			p.builder.append(&row)
		}
		return err
	}
	err := p.object.open(line)
	if err != nil {
		return err
	}
	switch b.format {
	case HH:
		err = parseHH(p.object, p.options.PRO, &row)
	case Pairs:
		err = parsePair(p.object, &row)
	case PRO:
		err = parsePRO(p.object, &row)
	case UltraFeedback:
		err = parseUltraFeedback(p.object, &row)
	case Messages:
		err = parseMessages(p.object, &row)
	case Prompts:
		err = parsePrompt(p.object, &row)
	case own:
		err = parseOwn(p.object, &row)
	case OASST:
		var rows []Row
		var lost []Reject
		err = parseTree(p.object, func(r Row) {
			r.File, r.Line = b.file, number
			rows = append(rows, r)
		}, func(m *message, err error) {
			lost = append(lost, Reject{b.file, number, m.column, Excluded, err.Error(), string(m.source)})
		})
		for i := range rows {
			if err == nil {
				err = rows[i].check()
			}
		}
		if err == nil {
			for i := range rows {
				p.builder.append(&rows[i])
			}
			b.rejects = append(b.rejects, lost...)
		}
		return err
	default:
		return fmt.Errorf("unknown format %q", b.format)
	}
	if err == nil {
		err = row.check()
	}
	if err == nil {
		p.builder.append(&row)
	}
	return err
}

// produceMessages reads a file of flat OpenAssistant messages, which must be
// seen to the end before the first tree is known.
func produceMessages(o *Options, name string, in io.Reader, emit func(*block) error) error {
	var f forest
	p := newParser(o)
	b := &block{file: name, format: OASSTMessages}
	err := produceLines(o, name, in, func(part *block) error {
		number := part.line - 1
		for line := range bytes.Lines(part.data) {
			number++
			line = bytes.TrimRight(line, "\r\n")
			if len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			err := p.object.open(line)
			if err == nil {
				err = f.add(p.object, number)
			}
			if err != nil && !p.reject(b, line, number, err) {
				return b.err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	f.rows(func(r Row) {
		r.File = name
		p.builder.append(&r)
	}, func(m *message, err error) { p.reject(b, m.source, m.line, err) })
	p.finish(b)
	return emit(b)
}
