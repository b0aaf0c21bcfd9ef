package arrowio

import (
	"context"
	"fmt"
	"io"
	"os"

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
// metadata so that dictionaries and time zones survive.
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
	tbl := array.NewTableFromRecords(t.Schema(), []arrow.Record{t.rec})
	defer tbl.Release()
	return pqarrow.WriteTable(tbl, keepOpen{w}, rows, parquet.NewWriterProperties(settings...),
		pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema(), pqarrow.WithAllocator(t.mem)))
}

// keepOpen hides a writer's Close, which the Parquet writer would call.
type keepOpen struct{ io.Writer }

// ReadParquet reads a Parquet file, or the wanted columns of it.
func ReadParquet(path string, opts ...ReadOptions) (*Table, error) {
	return readFile(path, opts, readParquet)
}

func readParquet(f *os.File, o ReadOptions) (*Table, error) {
	props := parquet.NewReaderProperties(o.allocator())
	pf, err := file.NewParquetReader(f, file.WithReadProps(props))
	if err != nil {
		return nil, err
	}
	defer pf.Close()
	r, err := pqarrow.NewFileReader(pf, pqarrow.ArrowReadProperties{Parallel: true}, o.allocator())
	if err != nil {
		return nil, err
	}
	leaves, err := parquetLeaves(r, o.Columns)
	if err != nil {
		return nil, err
	}
	groups := make([]int, pf.NumRowGroups())
	for i := range groups {
		groups[i] = i
	}
	tbl, err := r.ReadRowGroups(context.Background(), leaves, groups)
	if err != nil {
		return nil, err
	}
	defer tbl.Release()
	// Columns of a table may be cut into chunks differently from each other.
	schema := tbl.Schema()
	cols := make([]arrow.Array, 0, schema.NumFields())
	defer func() { releaseAll(cols) }()
	fields := schema.Fields()
	for i := range fields {
		col, err := concatenate(o.allocator(), fields[i].Type, tbl.Column(i).Data().Chunks())
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", fields[i].Name, err)
		}
		fields[i].Type = col.DataType()
		cols = append(cols, col)
	}
	rec := array.NewRecord(arrow.NewSchema(fields, nil), cols, tbl.NumRows())
	defer rec.Release()
	return tableOfBatches(o, rec.Schema(), []arrow.Record{rec})
}

// parquetLeaves lists the Parquet columns, which are leaves, under the wanted
// Arrow columns.
func parquetLeaves(r *pqarrow.FileReader, names []string) ([]int, error) {
	schema, err := r.Schema()
	if err != nil {
		return nil, err
	}
	known := make([]string, schema.NumFields())
	for i := range known {
		known[i] = schema.Field(i).Name
	}
	wanted := map[string]bool{}
	for _, name := range names {
		if len(schema.FieldIndices(name)) == 0 {
			return nil, fmt.Errorf("no column %q; %s", name, suggest(name, known))
		}
		wanted[name] = true
	}
	var leaves []int
	pq := r.ParquetReader().MetaData().Schema
	for i := range pq.NumColumns() {
		if len(names) == 0 || wanted[pq.ColumnRoot(i).Name()] {
			leaves = append(leaves, i)
		}
	}
	return leaves, nil
}
