package dataset

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// LineError is a line that could not be read.
type LineError struct {
	File   string
	Line   int64 // from 1
	Column int   // in bytes, from 1; 0 when the whole line is meant
	Err    error
}

func (e *LineError) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", e.File, e.Line, e.Column, e.Err)
}

func (e *LineError) Unwrap() error { return e.Err }

// Reject is a line that gave no row, or a message of a conversation tree that is
// in none, and why.
type Reject struct {
	File   string
	Line   int64 // from 1
	Column int   // in bytes, from 1; 0 when the whole line is meant
	// Kind is "malformed" for a line that cannot be read, "excluded" for a good
	// line that the preprocessing leaves out.
	Kind   string
	Reason string
	Text   string // the line, or the message, itself
}

// The kinds of Reject.
const (
	Malformed = "malformed"
	Excluded  = "excluded"
)

// errExcluded marks the errors of good lines that the preprocessing leaves out.
var errExcluded = errors.New("excluded")

// excluded says that a good line gives no row, and why.
func excluded(format string, args ...any) error {
	return &exclusion{fmt.Sprintf(format, args...)}
}

type exclusion struct{ reason string }

func (e *exclusion) Error() string        { return e.reason }
func (e *exclusion) Is(target error) bool { return target == errExcluded }

// RejectsRecord is rejects as an Arrow record with the columns file, line,
// column, kind, reason and text.
func RejectsRecord(rejects []Reject) arrow.Record {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "file", Type: arrow.BinaryTypes.String},
		{Name: "line", Type: arrow.PrimitiveTypes.Int64},
		{Name: "column", Type: arrow.PrimitiveTypes.Int64},
		{Name: "kind", Type: arrow.BinaryTypes.String},
		{Name: "reason", Type: arrow.BinaryTypes.String},
		{Name: "text", Type: arrow.BinaryTypes.String},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	text := func(column int) *array.StringBuilder { return b.Field(column).(*array.StringBuilder) }
	number := func(column int) *array.Int64Builder { return b.Field(column).(*array.Int64Builder) }
	for _, r := range rejects {
		text(0).Append(r.File)
		number(1).Append(r.Line)
		number(2).Append(int64(r.Column))
		text(3).Append(r.Kind)
		text(4).Append(r.Reason)
		text(5).Append(r.Text)
	}
	return b.NewRecord()
}
