//go:build cgo && !noduckdb && ((linux && (amd64 || arm64)) || (darwin && (amd64 || arm64)) || (windows && amd64))

package duckdb

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	bindings "github.com/duckdb/duckdb-go-bindings"
)

// checkWide finds unsigned integers of 128 bits, as md5_number gives them, that DuckDB
// hands over as if their highest bit were a sign, and says so.
func (s *session) checkWide(query string, schema *arrow.Schema, batches []arrow.Record) error {
	for i, f := range schema.Fields() {
		if dt, ok := f.Type.(*arrow.Decimal128Type); !ok || dt.Precision != 38 || dt.Scale != 0 || !anyBelowZero(batches, i) {
			continue
		}
		if s.columnType(query, i) == bindings.TypeUHugeInt {
			return fmt.Errorf("column %q is of type UHUGEINT and has a value of 2^127 or more, which Arrow has not: cast it in the query, to VARCHAR, DOUBLE or, cut off, to UBIGINT", f.Name)
		}
	}
	return nil
}

func anyBelowZero(batches []arrow.Record, column int) bool {
	for _, b := range batches {
		a, ok := b.Column(column).(*array.Decimal128)
		for i := 0; ok && i < a.Len(); i++ {
			if a.IsValid(i) && a.Value(i).Sign() < 0 {
				return true
			}
		}
	}
	return false
}

// columnType is the type of a column of the last statement's result.
func (s *session) columnType(query string, column int) bindings.Type {
	var all bindings.ExtractedStatements
	n := bindings.ExtractStatements(s.conn, query, &all)
	defer bindings.DestroyExtracted(&all)
	if n == 0 {
		return bindings.TypeInvalid
	}
	var stmt bindings.PreparedStatement
	defer bindings.DestroyPrepare(&stmt)
	if bindings.PrepareExtractedStatement(s.conn, all, n-1, &stmt) == bindings.StateError {
		return bindings.TypeInvalid
	}
	return bindings.PreparedStatementColumnType(stmt, bindings.IdxT(column))
}
