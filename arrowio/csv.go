package arrowio

import (
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"divvy/arrowio/compressed"
)

// CSVOptions say how comma-separated values are written and read.
type CSVOptions struct {
	// Comma separates the fields; 0 means ',', and a tab in a file called .tsv.
	Comma byte
	// NoHeader says that the first line holds values. Columns then are named
	// column_1, column_2, …
	NoHeader bool
	// Types forces columns, by name, to a type: "str", "i64", "f64", "bool",
	// "date" or "datetime". Other columns get the narrowest of these that every
	// value fits.
	Types map[string]string
	// Null are the unquoted fields that stand for null; none means the empty
	// field only. Used in reading.
	Null []string
	// Read says which columns are wanted, and in what memory.
	Read ReadOptions
}

func (o CSVOptions) comma() byte {
	if o.Comma == 0 {
		return ','
	}
	return o.Comma
}

// commaOf is what separates the fields in a file of that name.
func (o CSVOptions) commaOf(path string) byte {
	if ext := filepath.Ext(compressed.Trim(path)); o.Comma == 0 && strings.EqualFold(ext, ".tsv") {
		return '\t'
	}
	return o.comma()
}

// WriteCSV writes a CSV file atomically; see EncodeCSV. It is compressed if its name
// ends in .gz or .zst, and has tabs between the fields if it ends in .tsv.
func (t *Table) WriteCSV(path string, opts ...CSVOptions) error {
	o, err := oneOption(opts)
	if err != nil {
		return err
	}
	o.Comma = o.commaOf(path)
	return t.writeText(path, func(w io.Writer) error { return t.EncodeCSV(w, o) })
}

// EncodeCSV writes comma-separated values as RFC 4180 has them, in UTF-8. Null
// is an empty field; a text that is empty, or looks like a number, Boolean, date or
// time, is a quoted one, so that ReadCSV reads it as text. Bytes of a text that are
// not UTF-8 become U+FFFD. Timestamps are RFC 3339 in UTC, bytes are hexadecimal,
// lists and structs JSON.
func (t *Table) EncodeCSV(w io.Writer, opts ...CSVOptions) error {
	o, err := oneOption(opts)
	if err != nil {
		return err
	}
	if t.released.Load() {
		return ErrReleased
	}
	if t.NumCols() == 0 {
		return nil
	}
	w = watchedWriter{w, t.work}
	comma := o.comma()
	var line []byte
	if !o.NoHeader {
		for i, name := range t.Columns() {
			if i > 0 {
				line = append(line, comma)
			}
			line = appendCSVText(line, name, comma)
		}
		line = append(line, '\n')
	}
	cols := make([]appender, t.NumCols())
	for i := range cols {
		cols[i] = csvAppender(t.rec.Column(i), comma)
	}
	const flushAt = 64 << 10
	told := 0
	for row := range t.NumRows() {
		for i, app := range cols {
			if i > 0 {
				line = append(line, comma)
			}
			line = app(line, row)
		}
		line = append(line, '\n')
		if len(line) >= flushAt {
			if _, err := w.Write(line); err != nil {
				return err
			}
			line = line[:0]
			t.work.add(int64(row + 1 - told))
			told = row + 1
		}
	}
	_, err = w.Write(line)
	t.work.add(int64(t.NumRows() - told))
	return err
}

// An appender appends the value of a row.
type appender func(dst []byte, row int) []byte

func csvAppender(col arrow.Array, comma byte) appender {
	var app appender
	switch a := col.(type) {
	case *array.String:
		app = func(dst []byte, i int) []byte { return appendCSVText(dst, a.Value(i), comma) }
	case *array.LargeString:
		app = func(dst []byte, i int) []byte { return appendCSVText(dst, a.Value(i), comma) }
	case *array.Dictionary:
		if words, ok := stringValues(a.Dictionary()); ok {
			app = func(dst []byte, i int) []byte { return appendCSVText(dst, words[a.GetValueIndex(i)], comma) }
			break
		}
		app = csvAppender(a.Dictionary(), comma)
		inner := app
		app = func(dst []byte, i int) []byte { return inner(dst, a.GetValueIndex(i)) }
	case *array.Binary, *array.LargeBinary, *array.FixedSizeBinary:
		app = func(dst []byte, i int) []byte { return hex.AppendEncode(dst, goValue(a, i).([]byte)) }
	case *array.Struct, *array.Map, array.ListLike:
		js := jsonAppender(col)
		app = func(dst []byte, i int) []byte { return appendCSVText(dst, string(js(nil, i)), comma) }
	default:
		app = scalarAppender(col)
		if app == nil {
			app = func(dst []byte, i int) []byte { return appendCSVText(dst, valueText(col, i), comma) }
		}
	}
	if col.NullN() == 0 {
		return app
	}
	return func(dst []byte, i int) []byte {
		if isNull(col, i) {
			return dst
		}
		return app(dst, i)
	}
}

// scalarAppender appends numbers, Booleans and times as CSV and, but for times
// and what is not finite, JSON have them; nil for other types.
func scalarAppender(col arrow.Array) appender {
	switch a := col.(type) {
	case *array.Float64:
		return func(dst []byte, i int) []byte { return appendFloat(dst, a.Value(i), 64) }
	case *array.Float32:
		return func(dst []byte, i int) []byte { return appendFloat(dst, float64(a.Value(i)), 32) }
	case *array.Float16:
		return func(dst []byte, i int) []byte { return appendFloat(dst, float64(a.Value(i).Float32()), 32) }
	case *array.Decimal128, *array.Decimal256:
		return func(dst []byte, i int) []byte { return append(dst, goValue(a, i).(string)...) }
	case *array.Int64:
		return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, a.Value(i), 10) }
	case *array.Int32:
		return func(dst []byte, i int) []byte { return strconv.AppendInt(dst, int64(a.Value(i)), 10) }
	case *array.Boolean:
		return func(dst []byte, i int) []byte { return strconv.AppendBool(dst, a.Value(i)) }
	case *array.Date32:
		return func(dst []byte, i int) []byte { return a.Value(i).ToTime().AppendFormat(dst, time.DateOnly) }
	case *array.Date64:
		return func(dst []byte, i int) []byte { return a.Value(i).ToTime().AppendFormat(dst, time.DateOnly) }
	case *array.Timestamp:
		unit := a.DataType().(*arrow.TimestampType).Unit
		return func(dst []byte, i int) []byte { return a.Value(i).ToTime(unit).AppendFormat(dst, time.RFC3339Nano) }
	}
	if arrow.IsInteger(col.DataType().ID()) {
		return func(dst []byte, i int) []byte { return fmt.Append(dst, goValue(col, i)) }
	}
	return nil
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 0):
		return append(dst, map[bool]string{true: "inf", false: "-inf"}[f > 0]...)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, format, -1, bits)
	for _, c := range dst[start:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...) // so that a reader sees a float
}

// appendCSVText quotes text that is empty, or that a reader could take for
// something else.
func appendCSVText(dst []byte, s string, comma byte) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, string(utf8.RuneError))
	}
	quote := s == "" || looksTyped(s)
	for i := 0; i < len(s) && !quote; i++ {
		switch c := s[i]; {
		case c == comma, c == '"', c == '\n', c == '\r':
			quote = true
		case c == ' ' || c == '\t':
			quote = i == 0 || i == len(s)-1
		}
	}
	if !quote {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for i := range len(s) {
		if s[i] == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, s[i])
	}
	return append(dst, '"')
}

// looksTyped tells whether ReadCSV would take a text for something else.
func looksTyped(s string) bool {
	const longest = 40 // of what is no long number
	if strings.IndexByte("0123456789+-.tTfFnNi", s[0]) < 0 || len(s) > longest && strings.Trim(s, "0123456789+-.eE") != "" {
		return false
	}
	for k := csvBool; k < csvText; k++ {
		if k.holds([]byte(s)) {
			return true
		}
	}
	return false
}
