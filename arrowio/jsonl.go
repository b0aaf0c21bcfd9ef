package arrowio

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"divvy/arrowio/charset"
	"divvy/arrowio/compressed"
)

// WriteJSONLines writes a file of one JSON object a row, atomically, compressed if
// its name ends in .gz or .zst; see EncodeJSONLines.
func (t *Table) WriteJSONLines(path string) error {
	return t.writeText(path, t.EncodeJSONLines)
}

// EncodeJSONLines writes one JSON object a row. Numbers that are not finite are
// null, decimals have all their digits, timestamps are RFC 3339 in UTC, bytes base64.
func (t *Table) EncodeJSONLines(w io.Writer) error {
	if t.released.Load() {
		return ErrReleased
	}
	w = watchedWriter{w, t.work}
	names := make([][]byte, t.NumCols())
	cols := make([]appender, t.NumCols())
	for i, name := range t.Columns() {
		names[i] = append(appendJSONText(nil, name), ':')
		cols[i] = jsonAppender(t.rec.Column(i))
	}
	var line []byte
	told := 0
	for row := range t.NumRows() {
		line = append(line, '{')
		for i, app := range cols {
			if i > 0 {
				line = append(line, ',')
			}
			line = app(append(line, names[i]...), row)
		}
		line = append(line, '}', '\n')
		if len(line) >= 64<<10 {
			if _, err := w.Write(line); err != nil {
				return err
			}
			line = line[:0]
			t.work.add(int64(row + 1 - told))
			told = row + 1
		}
	}
	_, err := w.Write(line)
	t.work.add(int64(t.NumRows() - told))
	return err
}

// jsonAppender appends values as JSON.
func jsonAppender(col arrow.Array) appender {
	var app appender
	switch a := col.(type) {
	case *array.String:
		app = func(dst []byte, i int) []byte { return appendJSONText(dst, a.Value(i)) }
	case *array.LargeString:
		app = func(dst []byte, i int) []byte { return appendJSONText(dst, a.Value(i)) }
	case *array.StringView:
		app = func(dst []byte, i int) []byte { return appendJSONText(dst, a.Value(i)) }
	case *array.Float64, *array.Float32, *array.Float16:
		number := scalarAppender(col)
		app = func(dst []byte, i int) []byte {
			if f := goValue(a, i).(float64); !isFinite(f) {
				return append(dst, "null"...) // JSON has no other word for it
			}
			return number(dst, i)
		}
	case *array.Date32, *array.Date64, *array.Timestamp:
		text := scalarAppender(col)
		app = func(dst []byte, i int) []byte { return append(text(append(dst, '"'), i), '"') }
	case *array.Binary, *array.LargeBinary, *array.FixedSizeBinary:
		app = func(dst []byte, i int) []byte {
			return append(base64.StdEncoding.AppendEncode(append(dst, '"'), goValue(a, i).([]byte)), '"')
		}
	case *array.Dictionary:
		words := jsonAppender(a.Dictionary())
		app = func(dst []byte, i int) []byte { return words(dst, a.GetValueIndex(i)) }
	case *array.Struct:
		app = jsonStruct(a)
	case *array.Map:
		values := jsonAppender(a.Items())
		app = func(dst []byte, i int) []byte {
			from, to := a.ValueOffsets(i)
			dst = append(dst, '{')
			for j := int(from); j < int(to); j++ {
				if j > int(from) {
					dst = append(dst, ',')
				}
				dst = append(appendJSONText(dst, fmt.Sprint(goValue(a.Keys(), j))), ':')
				dst = values(dst, j)
			}
			return append(dst, '}')
		}
	case array.ListLike:
		values := jsonAppender(a.ListValues())
		app = func(dst []byte, i int) []byte {
			from, to := a.ValueOffsets(i)
			dst = append(dst, '[')
			for j := int(from); j < int(to); j++ {
				if j > int(from) {
					dst = append(dst, ',')
				}
				dst = values(dst, j)
			}
			return append(dst, ']')
		}
	default:
		if app = scalarAppender(col); app == nil {
			app = func(dst []byte, i int) []byte { return appendJSONText(dst, valueText(col, i)) }
		}
	}
	return func(dst []byte, i int) []byte {
		if isNull(col, i) {
			return append(dst, "null"...)
		}
		return app(dst, i)
	}
}

func jsonStruct(a *array.Struct) appender {
	fields := a.DataType().(*arrow.StructType).Fields()
	names := make([][]byte, len(fields))
	values := make([]appender, len(fields))
	for i, f := range fields {
		names[i] = append(appendJSONText(nil, f.Name), ':')
		values[i] = jsonAppender(a.Field(i))
	}
	return func(dst []byte, row int) []byte {
		dst = append(dst, '{')
		for i, app := range values {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = app(append(dst, names[i]...), row)
		}
		return append(dst, '}')
	}
}

// appendJSONText quotes text; bytes that are not UTF-8 become U+FFFD.
func appendJSONText(dst []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < 0x20 || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, size := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += size
			continue
		}
		i++
	}
	return append(dst, '"')
}

// ReadJSONLines reads a file of one JSON object a line. A column gets the type
// that holds all its values: Boolean, int64, float64, text, lists and structs of
// these (an integer that the column's type would round is an error); a key that a line lacks is null there. Empty lines are passed over. The
// file may be compressed with gzip or zstd. Text that is not UTF-8, or half of a
// surrogate pair, is an error.
func ReadJSONLines(path string, opts ...ReadOptions) (*Table, error) {
	return readFile(path, "jsonl", opts, func(f *source, o ReadOptions) (*Table, error) {
		in, err := compressed.NewReader(f)
		if err != nil {
			return nil, err
		}
		defer in.Close()
		return decodeJSONLines(f.work, in, o)
	})
}

// DecodeJSONLines reads one JSON object a line; see ReadJSONLines.
func DecodeJSONLines(r io.Reader, opts ...ReadOptions) (*Table, error) {
	o, err := oneOption(opts)
	if err != nil {
		return nil, err
	}
	w := o.work()
	return decodeJSONLines(w, watchedReader{r, w}, o)
}

func decodeJSONLines(w *work, r io.Reader, o ReadOptions) (*Table, error) {
	text, err := charset.NewReader(r, o.Encoding)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(text, 1<<20)
	root := &jsonColumn{kind: jsonObject}
	rows := 0
	start, _ := in.Peek(1000)
	if name, ok := charset.LooksUTF16(start); ok && o.Encoding == "" {
		return nil, fmt.Errorf("the text looks like UTF-16 that no byte order mark begins: name it in ReadOptions.Encoding, %q", name)
	}
	for line := 1; ; line++ {
		text, err := readLine(in)
		if err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if err := root.addLine(text, rows); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		rows++
	}
	return root.table(w, o, rows)
}

// readLine gives a line without its end, and io.EOF after the last.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadBytes('\n')
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	return bytes.TrimRight(line, "\r\n"), err
}

func (c *jsonColumn) addLine(text []byte, row int) error {
	if text = bytes.TrimSpace(text); text[0] != '{' {
		hint := ""
		if text[0] == '[' {
			hint = "; SQL reads a file that is one list of objects: select * from read_json('file.json')"
		}
		return fmt.Errorf("an object was expected, not %q%s", text[0], hint)
	}
	if err := textFault(text); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := c.add(dec, row); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the object does not end in its line; SQL reads objects of several lines: select * from read_json('file.json')")
	} else if err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("more follows the object, at byte %d", dec.InputOffset())
	}
	return nil
}

func (c *jsonColumn) table(w *work, o ReadOptions, rows int) (*Table, error) {
	mem := o.allocator()
	fields := make([]arrow.Field, len(c.keys))
	cols := make([]arrow.Array, len(c.keys))
	defer func() { releaseAll(cols) }()
	for i, key := range c.keys {
		cols[i] = c.fields[key].array(mem, rows)
		fields[i] = arrow.Field{Name: key, Type: cols[i].DataType(), Nullable: true}
	}
	rec := array.NewRecord(arrow.NewSchema(fields, nil), cols, int64(rows))
	defer rec.Release()
	return tableOfBatches(w, o, rec.Schema(), []arrow.Record{rec})
}
