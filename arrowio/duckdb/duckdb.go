//go:build cgo && !noduckdb && ((linux && (amd64 || arm64)) || (darwin && (amd64 || arm64)) || (windows && amd64))

package duckdb

/*
#include <stdint.h>
#include <stdlib.h>

// What is used here of DuckDB's C API besides the bindings, which have the Arrow
// part of it only together with Arrow v18. Handles are pointers.
extern int duckdb_arrow_scan(void *connection, const char *table_name, void *stream);
extern int duckdb_query_arrow(void *connection, const char *query, void **out_result);
extern int duckdb_query_arrow_schema(void *result, void **out_schema);
extern int duckdb_query_arrow_array(void *result, void **out_array);
extern const char *duckdb_query_arrow_error(void *result);
extern void duckdb_destroy_arrow(void **result);

// The C data interface's structures, as its specification lays them out.
struct divvy_schema { const char *format, *name, *metadata; int64_t flags, n_children; void *children, *dictionary; void (*release)(struct divvy_schema *); void *private_data; };
struct divvy_array { int64_t length, null_count, offset, n_buffers, n_children; void *buffers, *children, *dictionary; void (*release)(struct divvy_array *); void *private_data; };
struct divvy_stream { void *get_schema, *get_next, *get_last_error; void (*release)(struct divvy_stream *); void *private_data; };

static void divvy_release_stream(struct divvy_stream *s) { if (s->release) s->release(s); free(s); }
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/cdata"
	"github.com/apache/arrow/go/v17/arrow/memory"
	bindings "github.com/duckdb/duckdb-go-bindings"
)

// Available tells whether this program was built with DuckDB.
const Available = true

// ErrMissing is the error of Query in a program without DuckDB; this one has it.
var ErrMissing = errors.New("this program was built without DuckDB")

// Query runs SQL statements in a fresh DuckDB in memory that has the given
// tables, and gives the result of the last one, in batches of Go's own memory
// that the caller releases. When ctx ends, so does the query.
func Query(ctx context.Context, query string, tables map[string]arrow.Record, mem memory.Allocator, o Options) (*arrow.Schema, []arrow.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s, err := open()
	if err != nil {
		return nil, nil, err
	}
	defer s.close()
	done := make(chan struct{})
	defer close(done)
	stopped := context.AfterFunc(ctx, func() {
		select {
		case <-done:
		default:
			bindings.Interrupt(s.conn)
		}
	})
	defer stopped()
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		if err := s.load(name, tables[name]); err != nil {
			return nil, nil, errors.Join(ctx.Err(), fmt.Errorf("load table %q: %w", name, err))
		}
	}
	if o.Progress != nil {
		defer s.follow(o.Progress)()
	}
	schema, batches, err := s.query(query, o.Params)
	if err != nil {
		return nil, nil, errors.Join(ctx.Err(), err)
	}
	if err := s.checkWide(query, schema, batches); err != nil {
		for _, b := range batches {
			b.Release()
		}
		return nil, nil, err
	}
	return schema, batches, nil
}

type session struct {
	db   bindings.Database
	conn bindings.Connection
}

func open() (*session, error) {
	var config bindings.Config
	if bindings.CreateConfig(&config) == bindings.StateError {
		return nil, errors.New("DuckDB makes no configuration")
	}
	defer bindings.DestroyConfig(&config)
	// A query fetches no code from the network.
	for _, name := range []string{"autoinstall_known_extensions", "allow_community_extensions"} {
		bindings.SetConfig(config, name, "false")
	}
	s := &session{}
	var said string
	if bindings.OpenExt(":memory:", &s.db, config, &said) == bindings.StateError {
		return nil, fmt.Errorf("open DuckDB: %s", said)
	}
	if bindings.Connect(s.db, &s.conn) == bindings.StateError {
		bindings.Close(&s.db)
		return nil, errors.New("DuckDB gives no connection")
	}
	// The same query gives the same days on every machine.
	if err := s.run("SET TimeZone = 'UTC'"); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) close() {
	bindings.Disconnect(&s.conn)
	bindings.Close(&s.db)
}

// load copies a record into a table.
func (s *session) load(name string, rec arrow.Record) error {
	reader, err := array.NewRecordReader(rec.Schema(), []arrow.Record{rec})
	if err != nil {
		return err
	}
	defer reader.Release()
	stream := (*C.struct_divvy_stream)(C.calloc(1, C.sizeof_struct_divvy_stream))
	defer C.divvy_release_stream(stream)
	cdata.ExportRecordReader(reader, (*cdata.CArrowArrayStream)(unsafe.Pointer(stream)))

	const view = "divvy_arrow_stream"
	cView := C.CString(view)
	defer C.free(unsafe.Pointer(cView))
	if C.duckdb_arrow_scan(s.conn.Ptr, cView, unsafe.Pointer(stream)) != 0 {
		return errors.New("DuckDB refuses the Arrow stream")
	}
	if err := s.run("CREATE TABLE " + quote(name) + " AS SELECT * FROM " + view); err != nil {
		return err
	}
	return s.run("DROP VIEW " + view)
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (s *session) run(query string) error {
	var res bindings.Result
	defer bindings.DestroyResult(&res)
	if bindings.Query(s.conn, query, &res) == bindings.StateError {
		return errors.New(bindings.ResultError(&res))
	}
	return nil
}

// statements counts those of a query, 0 of one that cannot be read.
func (s *session) statements(query string) int {
	var all bindings.ExtractedStatements
	defer bindings.DestroyExtracted(&all)
	return int(bindings.ExtractStatements(s.conn, query, &all))
}

func destroyResult(result *unsafe.Pointer) { C.duckdb_destroy_arrow(result) }

func (s *session) query(query string, params []any) (*arrow.Schema, []arrow.Record, error) {
	if strings.ContainsRune(query, 0) {
		return nil, nil, errors.New("the query has a zero byte")
	}
	var result unsafe.Pointer
	var state int
	var err error
	if len(params) > 0 || s.statements(query) > 1 { // of several duckdb_query_arrow gives the first one's result
		result, state, err = s.prepared(query, params)
	} else {
		cQuery := C.CString(query)
		defer C.free(unsafe.Pointer(cQuery))
		state = int(C.duckdb_query_arrow(s.conn.Ptr, cQuery, &result))
	}
	defer destroyResult(&result)
	if err != nil {
		return nil, nil, err
	}
	if state != 0 {
		return nil, nil, errors.New(C.GoString(C.duckdb_query_arrow_error(result)))
	}
	cSchema := (*C.struct_divvy_schema)(C.calloc(1, C.sizeof_struct_divvy_schema))
	defer C.free(unsafe.Pointer(cSchema))
	where := unsafe.Pointer(cSchema)
	if C.duckdb_query_arrow_schema(result, &where) != 0 {
		return nil, nil, errors.New("DuckDB gives no Arrow schema of the result")
	}
	schema, err := cdata.ImportCArrowSchema((*cdata.CArrowSchema)(unsafe.Pointer(cSchema)))
	if err != nil {
		return nil, nil, fmt.Errorf("schema of the result: %w", err)
	}
	var batches []arrow.Record
	for {
		rec, err := nextBatch(result, schema)
		if err != nil || rec == nil {
			if err != nil {
				for _, b := range batches {
					b.Release()
				}
				return nil, nil, err
			}
			return schema, batches, nil
		}
		batches = append(batches, rec)
	}
}

// nextBatch gives the next batch, nil after the last. It lies in DuckDB's memory
// until it is released.
func nextBatch(result unsafe.Pointer, schema *arrow.Schema) (arrow.Record, error) {
	cArray := (*C.struct_divvy_array)(C.calloc(1, C.sizeof_struct_divvy_array))
	defer C.free(unsafe.Pointer(cArray))
	where := unsafe.Pointer(cArray)
	if C.duckdb_query_arrow_array(result, &where) != 0 {
		return nil, fmt.Errorf("next batch of the result: %s", C.GoString(C.duckdb_query_arrow_error(result)))
	}
	if cArray.release == nil || cArray.length == 0 {
		return nil, nil
	}
	rec, err := cdata.ImportCRecordBatchWithSchema((*cdata.CArrowArray)(unsafe.Pointer(cArray)), schema)
	if err != nil {
		return nil, fmt.Errorf("batch of the result: %w", err)
	}
	return rec, nil
}
