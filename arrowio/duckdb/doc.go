// Package duckdb runs SQL over Arrow records in DuckDB, inside the process.
//
// DuckDB is C++: it takes cgo, a C++ compiler and a download of 60 MB, and adds
// 67 MB to the program and three seconds to every link (to every start only a
// millisecond or two). A build without cgo, which is what the go tool makes where
// there is no C compiler, leaves it out, and Query says so. Where there is a C
// compiler but no C++ library, or where the size matters, leave it out by
//
//	go build -tags noduckdb ./kernel
//
// It goes through DuckDB's own C API, by the handles of duckdb-go-bindings, and
// through Arrow v17's C data interface. The Arrow part of duckdb-go itself is
// not used: it links Arrow v18's C data interface, and two of these do not link.
//
// Tables are copied into DuckDB (CREATE TABLE AS SELECT *), since a query for
// some columns of its view of an Arrow stream gives wrong values or crashes.
//
// The package knows Arrow records and nothing of arrowio's tables.
package duckdb

// Options are those of a query.
type Options struct {
	// Params are the values of its parameters, in their order, or one
	// map[string]any with their names.
	Params []any
	// Progress is told the share that is done, from 0 to 100; nil means nobody.
	Progress func(percent int64)
}
