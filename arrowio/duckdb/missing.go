//go:build !(cgo && !noduckdb && ((linux && (amd64 || arm64)) || (darwin && (amd64 || arm64)) || (windows && amd64)))

package duckdb

import (
	"context"
	"errors"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Available tells whether this program was built with DuckDB.
const Available = false

// ErrMissing is the error of Query in a program without DuckDB.
var ErrMissing = errors.New("this program was built without DuckDB: build it with CGO_ENABLED=1 and without -tags noduckdb, " +
	"which needs a C++ compiler (Debian and Ubuntu: apt install g++; macOS: xcode-select --install)")

// Query gives ErrMissing.
func Query(context.Context, string, map[string]arrow.Record, memory.Allocator, Options) (*arrow.Schema, []arrow.Record, error) {
	return nil, nil, ErrMissing
}
