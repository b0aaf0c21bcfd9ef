package arrowio

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio/files"
)

// IPCOptions say how Arrow IPC is written.
type IPCOptions struct {
	// Stream writes the stream format instead of the file format (which is also
	// Feather, version 2).
	Stream bool
	// Compression is "", "lz4" or "zstd". A compressed file cannot be memory-mapped.
	Compression string
	// BatchRows is the most rows of a record batch; 0 writes one batch.
	BatchRows int
}

// WriteIPC writes an Arrow IPC file (Feather), or a stream, atomically.
func (t *Table) WriteIPC(path string, opts ...IPCOptions) error {
	return t.write(path, func(w io.Writer) error { return t.EncodeIPC(w, opts...) })
}

// EncodeIPC writes Arrow IPC to w.
func (t *Table) EncodeIPC(w io.Writer, opts ...IPCOptions) (err error) {
	defer func() {
		if r := recover(); r != nil { // as the writer does on types that it does not know
			err = fmt.Errorf("arrowio: write IPC: %v", r)
		}
	}()
	o, err := oneOption(opts)
	if err != nil {
		return err
	}
	if t.released.Load() {
		return ErrReleased
	}
	mending := &mendingWriter{w: watchedWriter{w, t.work}}
	settings := []ipc.Option{ipc.WithSchema(t.Schema()), ipc.WithAllocator(t.mem)}
	switch o.Compression {
	case "":
	case "lz4":
		settings = append(settings, ipc.WithLZ4())
	case "zstd":
		settings = append(settings, ipc.WithZstd())
	default:
		return fmt.Errorf("arrowio: IPC knows the compressions \"lz4\" and \"zstd\", not %q", o.Compression)
	}
	var out interface {
		Write(arrow.Record) error
		Close() error
	}
	if o.Stream {
		out = ipc.NewWriter(mending, settings...)
	} else if out, err = ipc.NewFileWriter(&countingWriter{w: mending}, settings...); err != nil {
		return err
	}
	for from, rows := int64(0), t.rec.NumRows(); ; {
		to := rows
		if o.BatchRows > 0 {
			to = min(rows, from+int64(o.BatchRows))
		}
		batch := uncounted(t.rec, from, to)
		err := out.Write(batch)
		batch.Release()
		if err != nil {
			out.Close()
			return fmt.Errorf("arrowio: write rows %d to %d as IPC: %w", from, to, err)
		}
		t.work.add(to - from)
		if from = to; from >= rows {
			return mending.finish(out.Close)
		}
	}
}

// countingWriter lets the IPC file writer, which asks a Seeker for its place,
// write to any io.Writer.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func (c *countingWriter) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, fmt.Errorf("cannot seek in a stream")
	}
	return c.n, nil
}

// ReadOptions say how a file is read.
type ReadOptions struct {
	// Columns are the columns wanted, in that order; none means all.
	Columns []string
	// Context ends the reading when it ends; nil means never.
	Context context.Context
	// Progress is told how much of the file is read; nil means nobody.
	Progress Reporter
	// Allocator provides the table's memory; nil means Go's own.
	Allocator memory.Allocator
	// Encoding is that of CSV and JSON lines, by its name on the web: "windows-1252"
	// (which Latin-1 is there), "shift_jis", "utf-16le", …; "" means UTF-8, or UTF-16
	// where a byte order mark says so. A text that is not in it is an error.
	Encoding string
}

// work is what the reading is part of; nil where nobody follows it.
func (o ReadOptions) work() *work {
	if o.Context == nil && o.Progress == nil {
		return nil
	}
	w := newWork(o.Context)
	w.to, w.tell = o.Progress, o.Progress
	return w
}

func (o ReadOptions) allocator() memory.Allocator {
	if o.Allocator == nil {
		return memory.DefaultAllocator
	}
	return o.Allocator
}

// ReadIPC reads an Arrow IPC file (Feather, version 2) or stream.
func ReadIPC(path string, opts ...ReadOptions) (*Table, error) {
	return readFile(path, "ipc", opts, func(f *source, o ReadOptions) (*Table, error) {
		head := make([]byte, len(ipc.Magic))
		if n, _ := f.ReadAt(head, 0); n == len(head) && bytes.Equal(head, ipc.Magic) {
			return readIPCFile(f, o)
		}
		in := bufio.NewReaderSize(f, 1<<20)
		begin, _ := in.Peek(1 << 16)
		if err := CheckIPCStream(begin); err != nil {
			return nil, err
		}
		return decodeStream(f.work, in, o, readerMemory(f.size()))
	})
}

// readFile opens a file for read, says its name in errors, and turns a panic of
// a decoder that met a corrupt file into an error.
func readFile(path, format string, opts []ReadOptions, read func(*source, ReadOptions) (*Table, error)) (t *Table, err error) {
	o, err := oneOption(opts)
	if err != nil {
		return nil, err
	}
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := &source{f, o.work()}
	in.work.start(in.size(), "read "+filepath.Base(path))
	defer in.work.done()
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, fmt.Errorf("the file is corrupt: %v", r)
		}
		if other := otherFormat(path, format); other != "" && (err != nil || format == "csv") {
			if t != nil {
				t.Release()
			}
			t, err = nil, errors.New(other)
		}
		if err != nil && in.work.ended() {
			err = context.Cause(in.work.ctx)
		}
		if err != nil {
			t, err = nil, fmt.Errorf("arrowio: read %s: %w", path, err)
		}
	}()
	return read(in, o)
}

// openFile opens the file of a table.
func openFile(path string) (*os.File, error) {
	f, err := files.Open(path)
	if folder := (*files.FolderError)(nil); errors.As(err, &folder) {
		return nil, fmt.Errorf("arrowio: %w, not the file of a table", err)
	}
	if err != nil {
		return nil, fmt.Errorf("arrowio: %w", err)
	}
	return f, nil
}

// A source is a file that is read as part of some work, and tells what was read.
type source struct {
	*os.File
	work *work
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	return watchedReader{s.File, s.work}.Read(p)
}

// ReadAt implements io.ReaderAt.
func (s *source) ReadAt(p []byte, at int64) (int, error) {
	if s.work.ended() {
		return 0, context.Cause(s.work.ctx)
	}
	n, err := s.File.ReadAt(p, at)
	s.work.add(int64(n))
	return n, err
}

func (s *source) size() int64 {
	if info, err := s.Stat(); err == nil {
		return info.Size()
	}
	return 0
}

// readerMemory is what Arrow's IPC readers allocate from: always Go's own memory,
// since those of v17 never release dictionaries and the messages they came in.
func readerMemory(size int64) memory.Allocator { return Bounded(memory.NewGoAllocator(), mostIn(size)) }

func readIPCFile(f *source, o ReadOptions) (*Table, error) {
	if err := CheckIPCFile(f, f.size()); err != nil {
		return nil, err
	}
	r, err := ipc.NewFileReader(f, ipc.WithAllocator(readerMemory(f.size())))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var batches []arrow.Record
	defer func() { releaseRecords(batches) }()
	for i := range r.NumRecords() {
		rec, err := r.RecordAt(i)
		if err != nil {
			return nil, fmt.Errorf("record batch %d: %w", i, err)
		}
		batches = append(batches, rec)
	}
	return tableOfBatches(f.work, o, r.Schema(), batches)
}

// DecodeIPCStream reads an Arrow IPC stream to its end.
func DecodeIPCStream(r io.Reader, opts ...ReadOptions) (*Table, error) {
	o, err := oneOption(opts)
	if err != nil {
		return nil, err
	}
	w := o.work()
	return decodeStream(w, watchedReader{r, w}, o, memory.NewGoAllocator())
}

func decodeStream(w *work, r io.Reader, o ReadOptions, mem memory.Allocator) (*Table, error) {
	in, err := ipc.NewReader(r, ipc.WithAllocator(mem))
	if err != nil {
		return nil, fmt.Errorf("not an Arrow IPC stream: %w", err)
	}
	defer in.Release()
	var batches []arrow.Record
	defer func() { releaseRecords(batches) }()
	for in.Next() {
		rec := in.Record()
		rec.Retain()
		batches = append(batches, rec)
	}
	if err := in.Err(); err != nil && err != io.EOF {
		return nil, fmt.Errorf("record batch %d: %w", len(batches), err)
	}
	return tableOfBatches(w, o, in.Schema(), batches)
}

func releaseRecords(recs []arrow.Record) {
	for _, r := range recs {
		r.Release()
	}
}

// oneOption gives the one options value, or the zero value for none.
func oneOption[T any](opts []T) (o T, err error) {
	switch len(opts) {
	case 0:
	case 1:
		o = opts[0]
	default:
		err = fmt.Errorf("arrowio: %d options given, want at most one", len(opts))
	}
	return o, err
}

// tableOfBatches joins record batches to one table of the wanted columns.
func tableOfBatches(w *work, o ReadOptions, schema *arrow.Schema, batches []arrow.Record) (*Table, error) {
	names := make([]string, schema.NumFields())
	for i := range names {
		names[i] = schema.Field(i).Name
	}
	want := make([]int, 0, len(names))
	if len(o.Columns) == 0 {
		for i := range names {
			want = append(want, i)
		}
	}
	for _, name := range o.Columns {
		i := slices.Index(names, name)
		if i < 0 {
			return nil, fmt.Errorf("no column %q; %s", name, suggest(name, names))
		}
		want = append(want, i)
	}
	rows := 0
	for _, b := range batches {
		rows += int(b.NumRows())
	}
	fields := make([]arrow.Field, 0, len(want))
	cols := make([]arrow.Array, 0, len(want))
	for _, i := range want {
		chunks := make([]arrow.Array, len(batches))
		for j, b := range batches {
			chunks[j] = b.Column(i)
		}
		field := schema.Field(i)
		col, err := concatenate(w, o.allocator(), field.Type, chunks)
		if err != nil {
			releaseAll(cols)
			return nil, fmt.Errorf("column %q: %w", field.Name, err)
		}
		col = withoutViews(o.allocator(), col)
		field.Type = col.DataType()
		fields = append(fields, field)
		cols = append(cols, col)
	}
	t := tableOf(o.allocator(), fields, cols, rows)
	t.rec = uniqueNames(t.rec)
	return t, nil
}
