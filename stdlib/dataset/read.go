package dataset

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"divvy/stdlib/display"
)

// Format is a file format that the package reads.
type Format string

// The formats. All may be compressed with gzip or zstd, which is seen from the
// content and not from the name. Arrow files and streams and Parquet are always
// seen from the content too: their rows are read as JSON objects with the
// columns as fields would be, so Format then says what the columns are. So are the
// rows of files named .csv and .tsv, whose fields are texts, and the elements of a
// JSON array, whose number stands for the line in errors.
const (
	// Detect looks at the content; it is the default.
	Detect Format = ""
	// HH is raw HH-RLHF: JSON lines with chosen and rejected.
	HH Format = "hh"
	// Pairs is JSON lines with prompt (or instruction, question, query), chosen and
	// rejected, as trainers of preferences take them.
	Pairs Format = "pairs"
	// PRO is PRO's schema: JSON lines with prefix, suffix, reward.
	PRO Format = "pro"
	// UltraFeedback is JSON lines with instruction and scored completions.
	UltraFeedback Format = "ultrafeedback"
	// Messages is JSON lines with chosen and rejected as lists of messages, as
	// the binarised UltraFeedback has them; where these are answers alone, prompt is
	// the messages before them.
	Messages Format = "messages"
	// OASST is OpenAssistant's trees, a conversation tree a line.
	OASST Format = "oasst"
	// OASSTMessages is OpenAssistant's flat messages, of which a file must fit
	// into memory.
	OASSTMessages Format = "oasst-messages"
	// Prompts is prompts that wait for responses: JSON lines with prompt (or
	// instruction), or, in a file whose name ends in .txt, lines of text.
	Prompts Format = "prompts"
	// own is the columns of Schema, as Table().WriteParquet and WriteIPC write them.
	own Format = "divvy"
)

// Options of reading. The zero value detects the format, keeps text that PRO's
// code would drop, and fails at the first bad line.
type Options struct {
	// Format of the files, Detect by default.
	Format Format
	// Encoding is that of JSON lines, by its name on the web: "windows-1252" (which
	// Latin-1 is there), "shift_jis", "utf-16le", …; "" means UTF-8, or UTF-16 where a
	// byte order mark says so. Lines that are not in it are bad lines.
	Encoding string
	// PRO preprocesses raw HH rows exactly as PRO's code does, and so the paper:
	// a piece of text that names no speaker is dropped.
	PRO bool
	// Collect puts bad lines among the rejects instead of failing at the first.
	Collect bool
	// MaxLine is the longest line in bytes, 64 MiB by default. A longer one is
	// an error, not a bad line: the file is not what it seems.
	MaxLine int
	// Workers is the number of goroutines that parse, 0 for as many as cores.
	Workers int
	// Progress, when set, is called now and then with the number of bytes read
	// and of all bytes on disk (0 when that is not known). Without one a notebook
	// shows a bar when reading takes more than a second.
	Progress func(done, total int64)
}

func (o *Options) defaults() {
	if o.MaxLine <= 0 {
		o.MaxLine = 64 << 20
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Progress == nil {
		o.Progress = display.AutoFunc("Reading", "bytes")
	}
}

// Load reads files of any format into one Dataset, rows in the order of the
// files and lines; "hh/*.jsonl.gz" is all files that match. A line that cannot be read is a *LineError with file, line
// and column; use Read with Options.Collect to go on and look at the rejects.
func Load(ctx context.Context, paths ...string) (*Dataset, error) {
	return Read(ctx, Options{}, paths...)
}

// Read is Load with options.
func Read(ctx context.Context, o Options, paths ...string) (*Dataset, error) {
	if len(paths) == 0 {
		return nil, fmt.Errorf("dataset: no file to read")
	}
	r := Open(ctx, o, paths...)
	defer r.Close()
	return r.all()
}

// Parse reads one file's content from src. name stands for the file in errors.
func Parse(ctx context.Context, o Options, name string, src io.Reader) (*Dataset, error) {
	r := OpenReader(ctx, o, name, src)
	defer r.Close()
	return r.all()
}

// Reader reads files a batch of rows at a time, so that a file need not fit into
// memory. Its rejects stay in memory, with the text of each. Its use is that of
// bufio.Scanner:
//
//	r := dataset.Open(ctx, dataset.Options{}, "hh.jsonl.gz")
//	defer r.Close()
//	for r.Next() {
//		use(r.Batch())
//	}
//	if err := r.Err(); err != nil { … }
type Reader struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	options Options
	blocks  <-chan *block
	pipes   bool // among the files
	batch   *Dataset
	rejects []Reject
	err     error
}

// source is a named stream of bytes; size is 0 when it is not known.
type source struct {
	name string
	open func() (stream io.ReadCloser, size int64, err error)
}

// Open begins to read files. Errors, that of a missing file too, come from Err.
func Open(ctx context.Context, o Options, paths ...string) *Reader {
	all := sources(paths)
	r := open(ctx, o, all)
	for _, s := range all {
		if info, err := os.Stat(s.name); err == nil && !info.Mode().IsRegular() {
			r.pipes = true
		}
	}
	return r
}

// OpenReader is Open of one file's content, which comes from src: a pipe, or an
// answer of the web. name stands for the file in errors.
func OpenReader(ctx context.Context, o Options, name string, src io.Reader) *Reader {
	return open(ctx, o, []source{{name: name, open: func() (io.ReadCloser, int64, error) {
		return io.NopCloser(src), 0, nil
	}}})
}

func open(ctx context.Context, o Options, sources []source) *Reader {
	o.defaults()
	inner, cancel := context.WithCancelCause(ctx)
	r := &Reader{ctx: inner, cancel: cancel, options: o}
	r.blocks = startPipeline(inner, &r.options, sources)
	return r
}

// Next reads the next batch. It gives false at the end and at an error.
func (r *Reader) Next() bool {
	for r.err == nil {
		var b *block
		ok := false
		select {
		case b, ok = <-r.blocks:
		case <-r.ctx.Done(): // the producer may wait for a pipe that nobody writes to
		}
		if !ok {
			if r.ctx.Err() != nil {
				r.err = fmt.Errorf("dataset: reading: %w", context.Cause(r.ctx))
			}
			return false
		}
		select {
		case <-b.parsed:
		case <-r.ctx.Done():
			continue
		}
		if b.err != nil {
			r.err = fmt.Errorf("dataset: %w", b.err)
			r.cancel(r.err)
			return false
		}
		r.rejects = append(r.rejects, b.rejects...)
		if b.record != nil {
			r.batch = newDataset([]*chunk{newChunk(b.record, 0)}, nil)
			r.batch.rejects = b.rejects
			return true
		}
	}
	return false
}

// Batch is the rows that Next read, and the rejects among them.
func (r *Reader) Batch() *Dataset { return r.batch }

// Prompts is the rendered prompts of the batch, see Dataset.Prompts. With it a Reader
// is a diversity.Source: diversity.CurveOf measures files that no memory holds.
func (r *Reader) Prompts() []string { return r.batch.Prompts() }

// Rejects is every line so far that gave no row.
func (r *Reader) Rejects() []Reject { return r.rejects }

// Err is what ended the reading, nil for the end of the files.
func (r *Reader) Err() error { return r.err }

// Close stops reading. It may be called more than once. Files are closed when it
// returns, unless one is a pipe that gives nothing: that is closed when it does.
func (r *Reader) Close() error {
	r.cancel(nil)
	ended := make(chan struct{})
	go func() {
		for range r.blocks { // let the producer see the end
		}
		close(ended)
	}()
	var enough <-chan time.Time
	if r.pipes {
		enough = time.After(time.Second)
	}
	select {
	case <-ended:
	case <-enough:
	}
	return nil
}

// all reads to the end.
func (r *Reader) all() (*Dataset, error) {
	var chunks []*chunk
	rows := 0
	for r.Next() {
		rec := r.batch.chunks[0].rec
		chunks = append(chunks, newChunk(rec, rows))
		rows += int(rec.NumRows())
	}
	if r.err != nil {
		return nil, r.err
	}
	d := newDataset(chunks, nil)
	d.rejects = r.rejects
	return d, nil
}
