package arrowio

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
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
// metadata so that dictionaries and time zones survive. What Arrow v17 does not
// write is an error: durations, large lists, lists of a fixed size with nulls.
func (t *Table) WriteParquet(path string, opts ...ParquetOptions) error {
	return writeAtomic(path, func(w io.Writer) error { return t.EncodeParquet(w, opts...) })
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
	rows := int64(orDefault(o.RowGroupRows, 1<<20))
	settings := []parquet.WriterProperty{
		parquet.WithAllocator(t.mem), parquet.WithCompression(codec), parquet.WithDictionaryDefault(!o.Plain),
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
	arrowProps := pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema(), pqarrow.WithAllocator(t.mem))
	for _, f := range t.Schema().Fields() {
		if _, err := pqarrow.ToParquet(arrow.NewSchema([]arrow.Field{f}, nil), props, arrowProps); err != nil {
			return fmt.Errorf("column %q of type %s cannot be Parquet: %w", f.Name, typeName(f.Type), err)
		}
	}
	tbl := array.NewTableFromRecords(t.Schema(), []arrow.Record{t.rec})
	defer tbl.Release()
	return pqarrow.WriteTable(tbl, keepOpen{w}, rows, props, arrowProps)
}

// keepOpen hides a writer's Close, which the Parquet writer would call.
type keepOpen struct{ io.Writer }

// ReadParquet reads a Parquet file, or the wanted columns of it.
func ReadParquet(path string, opts ...ReadOptions) (*Table, error) {
	return readFile(path, opts, readParquet)
}

func readParquet(f *os.File, o ReadOptions) (*Table, error) {
	o.Allocator = bounded{o.allocator(), sizeOf(f)}
	props := parquet.NewReaderProperties(o.Allocator)
	pf, err := file.NewParquetReader(f, file.WithReadProps(props))
	if err != nil {
		return nil, err
	}
	defer pf.Close()
	if text := pf.MetaData().KeyValueMetadata().FindValue("ARROW:schema"); text != nil {
		message, err := base64.StdEncoding.DecodeString(*text)
		if err == nil {
			err = checkIPCStream(message)
		}
		if err != nil {
			return nil, fmt.Errorf("its Arrow schema: %w", err)
		}
	}
	r, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{Parallel: true}, o.allocator())
	if err != nil {
		return nil, err
	}
	schema, wanted, err := parquetFields(r, o.Columns)
	if err != nil {
		return nil, err
	}
	groups := make([]int, pf.NumRowGroups())
	for i := range groups {
		groups[i] = i
	}
	// One column a task: Arrow's own ReadTable decodes on goroutines of its own,
	// where a corrupt page's panic would end the process.
	cols := make([]arrow.Array, len(wanted))
	errs := make([]error, len(wanted))
	defer func() { releaseAll(cols) }()
	tasks(len(wanted), func(k int) {
		if cols[k], errs[k] = readParquetField(r, wanted[k], groups, o); errs[k] != nil {
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
	return tableOfBatches(o, rec.Schema(), []arrow.Record{rec})
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

func readParquetField(r *pqarrow.FileReader, field int, groups []int, o ReadOptions) (arrow.Array, error) {
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
	return concatenate(o.allocator(), chunks.DataType(), chunks.Chunks())
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
