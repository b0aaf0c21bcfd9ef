package dataset

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"divvy/arrowio"
)

// Columnar files come in record batches. A row of any of them is read as the
// JSON object with its columns as fields, so every format of JSON lines is a
// format of Parquet and Arrow too, with the same checks and the same errors
// (the line of an error is the row's number).

// isIndexed says whether a file begins as Parquet or an Arrow file does, whose
// indexes are at the end.
func isIndexed(at io.ReaderAt) bool {
	var head [6]byte
	n, _ := at.ReadAt(head[:], 0)
	return bytes.HasPrefix(head[:n], parquetMagic) || bytes.HasPrefix(head[:n], arrowMagic)
}

var parquetMagic, arrowMagic = []byte("PAR1"), []byte("ARROW1")

// produceIndexedStream reads an indexed file from a stream, which must fit into
// memory; a file on disk need not.
func produceIndexedStream(ctx context.Context, o *Options, name string, in io.Reader, emit func(*block) error) error {
	data, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	return produceIndexed(ctx, o, name, bytes.NewReader(data), int64(len(data)), emit)
}

func produceIndexed(ctx context.Context, o *Options, name string, at io.ReaderAt, size int64, emit func(*block) error) error {
	var head [4]byte
	if _, err := at.ReadAt(head[:], 0); err != nil {
		return err
	}
	if bytes.Equal(head[:], parquetMagic) {
		return produceParquet(ctx, o, name, at, size, emit)
	}
	return produceArrowFile(o, name, io.NewSectionReader(at, 0, size), emit)
}

// produceParquet reads Parquet a batch of rows at a time.
func produceParquet(ctx context.Context, o *Options, name string, at io.ReaderAt, size int64, emit func(*block) error) (err error) {
	defer func() {
		if p := recover(); p != nil { // the Parquet reader panics on some broken files
			err = fmt.Errorf("not Parquet: %v", p)
		}
	}()
	f, err := file.NewParquetReader(io.NewSectionReader(at, 0, size), file.WithReadProps(parquet.NewReaderProperties(readerMemory())))
	if err != nil {
		return err
	}
	defer f.Close()
	// The Arrow schema that a Parquet file may carry is of no use here, and its
	// reader takes what a broken one says for the size of its memory.
	for _, pair := range f.MetaData().KeyValueMetadata() {
		if pair.Key == "ARROW:schema" {
			pair.Key = ""
		}
	}
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: batchRows}, readerMemory())
	if err != nil {
		return err
	}
	records, err := r.GetRecordReader(ctx, nil, nil)
	if err != nil {
		return err
	}
	defer records.Release()
	return produceRecords(o, name, records.Read, emit)
}

const batchRows = 4096

// produceArrowFile reads the Arrow file format a record at a time.
func produceArrowFile(o *Options, name string, at ipc.ReadAtSeeker, emit func(*block) error) (err error) {
	defer func() {
		if p := recover(); p != nil { // the IPC reader panics on some broken files
			err = fmt.Errorf("not Arrow: %v", p)
		}
	}()
	size, err := at.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if err := arrowio.CheckIPCFile(at, size); err != nil {
		return fmt.Errorf("not Arrow: %w", err)
	}
	r, err := ipc.NewFileReader(at, ipc.WithAllocator(readerMemory()))
	if err != nil {
		return err
	}
	defer r.Close()
	next := 0
	return produceRecords(o, name, func() (arrow.Record, error) {
		if next == r.NumRecords() {
			return nil, io.EOF
		}
		next++
		return r.Record(next - 1)
	}, emit)
}

// produceArrowStream reads the Arrow stream format.
func produceArrowStream(o *Options, name string, in io.Reader, emit func(*block) error) (err error) {
	defer func() {
		if p := recover(); p != nil { // the IPC reader panics on some broken files
			err = fmt.Errorf("not Arrow: %v", p)
		}
	}()
	buffered := bufio.NewReaderSize(in, 1<<16)
	head, _ := buffered.Peek(1 << 16)
	if err := arrowio.CheckIPCStream(head); err != nil {
		return fmt.Errorf("not Arrow: %w", err)
	}
	r, err := ipc.NewReader(buffered, ipc.WithAllocator(readerMemory()))
	if err != nil {
		return err
	}
	defer r.Release()
	return produceRecords(o, name, r.Read, emit)
}

// readerMemory is what Arrow's readers allocate from: a record's column is of at most
// 4 GiB, and what asks for more is a broken file. The readers' panics become errors.
func readerMemory() memory.Allocator { return arrowio.Bounded(memory.NewGoAllocator(), 4<<30) }

// produceRecords turns record batches into blocks.
func produceRecords(o *Options, name string, read func() (arrow.Record, error), emit func(*block) error) error {
	line := int64(1)
	format := o.Format
	for {
		rec, err := read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var rows bytes.Buffer
		if err := array.RecordToJSON(rec, &rows); err != nil {
			return fmt.Errorf("rows from %d: %w", line, err)
		}
		if format == Detect && rec.NumRows() > 0 {
			if format, err = detect(rows.Bytes()); err != nil {
				return err
			}
		}
		if format == OASSTMessages {
			return fmt.Errorf("flat OASST messages are read from JSON lines only")
		}
		if rec.NumRows() > 0 {
			if err := emit(&block{file: name, format: format, line: line, data: rows.Bytes()}); err != nil {
				return err
			}
		}
		line += rec.NumRows()
	}
}

// parseOwn reads a row of Schema.
func parseOwn(o *object, r *Row) error {
	if err := o.members(func() (err error) {
		var number float64
		switch o.key {
		case "prefix":
			err = o.texts(&r.Prefix)
		case "responses":
			err = o.texts(&r.Responses)
		case "rewards":
			err = parseRewards(o, r)
		case "sft_index":
			err = o.number(&number)
			r.SFTIndex = int(number)
		case "meta":
			err = o.json(&r.Meta, false)
		case "extra":
			err = o.json(&r.Extra, true)
		case "file":
			err = o.text(&r.File)
		case "line":
			err = o.number(&number)
			r.Line = int64(number)
		default:
			return o.at(o.key, fmt.Errorf("the column %q is not of this schema", o.key))
		}
		return err
	}); err != nil {
		return err
	}
	return o.require("prefix", "responses")
}
