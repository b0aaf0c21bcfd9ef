package arrowio

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/flight"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
)

// ParquetOptions say how Parquet is written. Statistics (least and greatest
// value and number of nulls of each column in each row group) always are.
type ParquetOptions struct {
	// Compression is "zstd" (the default), "snappy", "gzip", "brotli" or "none".
	Compression string
	// Level is the compression's level; 0 means its default.
	Level int
	// RowGroupRows is the most rows of a row group; 0 means 1,048,576.
	RowGroupRows int
	// Plain turns dictionary encoding off.
	Plain bool
}

var parquetCodecs = map[string]compress.Compression{
	"": compress.Codecs.Zstd, "zstd": compress.Codecs.Zstd, "snappy": compress.Codecs.Snappy,
	"gzip": compress.Codecs.Gzip, "brotli": compress.Codecs.Brotli,
	"none": compress.Codecs.Uncompressed,
}

// WriteParquet writes a Parquet file atomically, with the Arrow schema in its
// metadata so that every type comes back in readers that know Arrow, and as the
// type beneath in others: durations are integers there.
func (t *Table) WriteParquet(path string, opts ...ParquetOptions) error {
	return t.write(path, func(w io.Writer) error { return t.EncodeParquet(w, opts...) })
}

// EncodeParquet writes Parquet to w.
func (t *Table) EncodeParquet(w io.Writer, opts ...ParquetOptions) (err error) {
	o, err := oneOption(opts)
	if err != nil {
		return err
	}
	if t.released.Load() {
		return ErrReleased
	}
	codec, ok := parquetCodecs[o.Compression]
	if !ok {
		return fmt.Errorf("arrowio: Parquet has no compression %q; there are zstd, snappy, gzip, brotli and none", o.Compression)
	}
	// The writer keeps memory and references when it fails, so it has Go's own.
	mem, rec := memory.NewGoAllocator(), uncounted(t.rec, 0, t.rec.NumRows())
	rows := int64(orDefault(o.RowGroupRows, 1<<20))
	settings := []parquet.WriterProperty{
		parquet.WithAllocator(mem), parquet.WithCompression(codec), parquet.WithDictionaryDefault(!o.Plain),
		parquet.WithStats(true), parquet.WithMaxRowGroupLength(rows), parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithCreatedBy("divvy arrowio"),
	}
	if o.Level != 0 {
		settings = append(settings, parquet.WithCompressionLevel(o.Level))
	}
	defer func() {
		if r := recover(); r != nil { // the writer panics on types that Parquet lacks
			err = fmt.Errorf("arrowio: write Parquet: %v", r)
		}
	}()
	props := parquet.NewWriterProperties(settings...)
	arrowProps := pqarrow.NewArrowWriterProperties(pqarrow.WithAllocator(mem))
	for _, f := range t.Schema().Fields() {
		if _, err := pqarrow.ToParquet(arrow.NewSchema([]arrow.Field{{Name: f.Name, Type: plainType(f.Type), Nullable: f.Nullable}}, nil), props, arrowProps); err != nil {
			return fmt.Errorf("column %q of type %s cannot be Parquet: %w", f.Name, typeName(f.Type), err)
		}
	}
	schema := plainSchema(t.Schema())
	out, err := pqarrow.NewFileWriter(schema, keepOpen{watchedWriter{w, t.work}}, props, arrowProps)
	if err != nil {
		return err
	}
	if err := out.AppendKeyValueMetadata(parquetSchemaKey, schemaText(t.Schema(), mem)); err != nil {
		return err
	}
	n := t.rec.NumRows()
	for from := int64(0); from < n || from == 0; from += rows {
		out.NewRowGroup()
		size := min(rows, n-from)
		for i := range t.NumCols() {
			if t.work.ended() {
				out.Close()
				return context.Cause(t.work.ctx)
			}
			if err := writeParquetColumn(out, mem, rec.Column(i), from, size); err != nil {
				out.Close()
				return fmt.Errorf("arrowio: write Parquet: column %q: %w", t.rec.ColumnName(i), err)
			}
		}
		t.work.add(size)
	}
	return out.Close()
}

func writeParquetColumn(out *pqarrow.FileWriter, mem memory.Allocator, column arrow.Array, from, size int64) error {
	part := array.NewSlice(column, from, from+size)
	defer part.Release()
	plain, err := toPlain(nil, mem, part, false)
	if err != nil {
		return err
	}
	defer plain.Release()
	chunked := arrow.NewChunked(plain.DataType(), []arrow.Array{plain})
	defer chunked.Release()
	return out.WriteColumnChunked(chunked, 0, size)
}

// keepOpen hides a writer's Close, which the Parquet writer would call.
type keepOpen struct{ io.Writer }

// ReadParquet reads a Parquet file, or the wanted columns of it.
func ReadParquet(path string, opts ...ReadOptions) (*Table, error) {
	return readFile(path, "parquet", opts, readParquet)
}

func readParquet(f *source, o ReadOptions) (_ *Table, err error) {
	own := o.Allocator
	mem := &tracked{Allocator: Bounded(o.allocator(), mostIn(f.size())), live: map[*byte][]byte{}}
	var result arrow.Record
	defer func() { mem.freeAllBut(result) }() // the reader keeps memory, when it fails and of pages of version 2
	o.Allocator = mem
	props := parquet.NewReaderProperties(o.Allocator)
	pf, err := file.NewParquetReader(f, file.WithReadProps(props))
	if err != nil {
		return nil, err
	}
	defer pf.Close()
	var origin *arrow.Schema
	if text := pf.MetaData().KeyValueMetadata().FindValue(parquetSchemaKey); text != nil {
		message, err := base64.StdEncoding.DecodeString(*text)
		if err == nil {
			err = CheckIPCStream(message)
		}
		if err == nil {
			origin, err = flight.DeserializeSchema(message, memory.NewGoAllocator())
		}
		if err != nil {
			return nil, fmt.Errorf("its Arrow schema: %w", err)
		}
		*text = schemaText(plainSchema(origin), memory.NewGoAllocator()) // for Arrow's reader
	}
	r, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{Parallel: true}, o.allocator())
	if err != nil {
		return nil, err
	}
	schema, wanted, err := parquetFields(r, o.Columns)
	if err != nil {
		return nil, err
	}
	decimalsAsBytes(r.Manifest.Fields, pf.MetaData().Schema)
	groups := make([]int, pf.NumRowGroups())
	for i := range groups {
		groups[i] = i
	}
	// One column a task: Arrow's own ReadTable decodes on goroutines of its own,
	// where a corrupt page's panic would end the process.
	cols := make([]arrow.Array, len(wanted))
	errs := make([]error, len(wanted))
	defer func() { releaseAll(cols) }()
	w := f.work
	tasks(w, len(wanted), func(k int) {
		cols[k], errs[k] = readParquetField(w, r, wanted[k], groups, o)
		if errs[k] == nil {
			cols[k], errs[k] = decimalsOfBytes(o.allocator(), cols[k], schema.Field(wanted[k]).Type)
		}
		if i := wanted[k]; errs[k] == nil && origin != nil && i < origin.NumFields() {
			cols[k], errs[k] = fromPlain(w, o.allocator(), cols[k], origin.Field(i).Type)
		}
		if errs[k] != nil {
			errs[k] = fmt.Errorf("column %q: %w", schema.Field(wanted[k]).Name, errs[k])
		}
	})
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	fields := make([]arrow.Field, len(wanted))
	for k, i := range wanted {
		fields[k] = schema.Field(i)
		fields[k].Type = cols[k].DataType()
	}
	rec := array.NewRecord(arrow.NewSchema(fields, nil), cols, pf.NumRows())
	defer rec.Release()
	o.Allocator = own
	t, err := tableOfBatches(w, o, rec.Schema(), []arrow.Record{rec})
	if err == nil {
		result = t.rec
	}
	return t, err
}

// parquetFields gives the Arrow schema and the indices of the wanted columns.
func parquetFields(r *pqarrow.FileReader, names []string) (*arrow.Schema, []int, error) {
	schema, err := r.Schema()
	if err != nil {
		return nil, nil, err
	}
	known := make([]string, schema.NumFields())
	wanted := make([]int, 0, len(known))
	for i := range known {
		known[i] = schema.Field(i).Name
		if len(names) == 0 || slices.Contains(names, known[i]) {
			wanted = append(wanted, i)
		}
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, nil, fmt.Errorf("no column %q; %s", name, suggest(name, known))
		}
	}
	return schema, wanted, nil
}

func readParquetField(w *work, r *pqarrow.FileReader, field int, groups []int, o ReadOptions) (arrow.Array, error) {
	leaves := map[int]bool{}
	pf := r.ParquetReader()
	name := r.Manifest.Fields[field].Field.Name
	for i := range pf.MetaData().Schema.NumColumns() {
		if pf.MetaData().Schema.ColumnRoot(i).Name() == name {
			leaves[i] = true
		}
	}
	if len(leaves) > 1 { // a struct, whose leaves are decoded on goroutines after all
		if err := readPages(pf, leaves); err != nil {
			return nil, err
		}
	}
	col, err := r.GetFieldReader(context.Background(), field, leaves, groups)
	if err != nil {
		return nil, err
	}
	defer col.Release()
	chunks, err := r.ReadColumn(groups, col)
	if err != nil {
		return nil, err
	}
	defer chunks.Release()
	for _, c := range chunks.Chunks() {
		if err := checkLists(c); err != nil {
			return nil, err
		}
	}
	return concatenate(w, o.allocator(), chunks.DataType(), chunks.Chunks())
}

// readPages unpacks every page of some leaves, which panics here and now if one
// is corrupt.
func readPages(pf *file.Reader, leaves map[int]bool) error {
	for g := range pf.NumRowGroups() {
		for leaf := range leaves {
			pages, err := pf.RowGroup(g).GetColumnPageReader(leaf)
			if err != nil {
				return err
			}
			for pages.Next() {
			}
			if err := pages.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}
