// Package duckdb runs SQL over Arrow records in DuckDB, inside the process.
//
// DuckDB is C++: it takes a build tag, a C++ compiler, a download of 60 MB, and
// adds 67 MB to the program and three seconds to every link (to every start only a
// millisecond or two). So that a machine with only Go, or with a C compiler that has
// no C++ library, builds everything else as ever, it is left out unless asked
// for:
//
//	go build -tags duckdb ./kernel
//
// Without the tag Query says so. (Not by cgo alone: with gcc and without g++, go
// build would choose cgo and then fail to link.)
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
