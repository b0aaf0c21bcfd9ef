package arrowio

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"divvy/arrowio/charset"
	"divvy/arrowio/compressed"
)

// ReadCSV reads a CSV file. Each column gets the narrowest type that all its
// values fit, of bool, i64, f64, date, datetime and str; fields in quotes are
// always text. A time without a zone is one of UTC. A line with too many or too few
// fields is an error that says so. The file may be compressed with gzip or zstd; one
// whose name ends in .tsv has tabs between the fields. A text that is not UTF-8 (or
// UTF-16 with its mark) is an error that names line and column, until
// CSVOptions.Read.Encoding says what it is.
func ReadCSV(path string, opts ...CSVOptions) (*Table, error) {
	o, err := oneOption(opts)
	if err != nil {
		return nil, err
	}
	o.Comma = o.commaOf(path)
	return readFile(path, "csv", []ReadOptions{o.Read}, func(f *source, _ ReadOptions) (*Table, error) {
		in, err := compressed.NewReader(f)
		if err != nil {
			return nil, err
		}
		defer in.Close()
		return decodeCSV(f.work, in, o)
	})
}

// DecodeCSV reads comma-separated values; see ReadCSV. The whole text is held
// in memory while it is read, twice: once for the types, once for the values.
func DecodeCSV(r io.Reader, opts ...CSVOptions) (*Table, error) {
	o, err := oneOption(opts)
	if err != nil {
		return nil, err
	}
	w := o.Read.work()
	return decodeCSV(w, watchedReader{r, w}, o)
}

func decodeCSV(w *work, r io.Reader, o CSVOptions) (_ *Table, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(stopped)
			if !ok {
				panic(r)
			}
			err = s.err
		}
	}()
	if r, err = charset.NewReader(r, o.Read.Encoding); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if name, ok := charset.LooksUTF16(text); ok && o.Read.Encoding == "" {
		return nil, fmt.Errorf("the text looks like UTF-16 that no byte order mark begins: name it in ReadOptions.Encoding, %q", name)
	}
	if bytes.IndexByte(text, '\n') < 0 { // lines that end in \r alone
		text = bytes.ReplaceAll(text, []byte{'\r'}, []byte{'\n'})
	}
	in := &csvReader{text: text, comma: o.comma(), nulls: o.Null, suspect: !utf8.Valid(text)}
	if len(in.nulls) == 0 {
		in.nulls = []string{""}
	}
	cols, err := in.header(o)
	if err != nil {
		return nil, err
	}
	begin := *in
	w.done()
	w.start(int64(len(text)), "types of columns")
	rows, err := in.eachRow(w, cols, func(c *csvColumn, _ int, f csvField) error { return c.widen(f) })
	if err != nil {
		return nil, err
	}
	mem := o.Read.allocator()
	for _, c := range cols {
		c.prepare(rows)
	}
	*in = begin
	w.done()
	w.start(int64(len(text)), "values of columns")
	if _, err := in.eachRow(w, cols, (*csvColumn).set); err != nil {
		return nil, err
	}
	fields := make([]arrow.Field, len(cols))
	arrays := make([]arrow.Array, len(cols))
	defer func() { releaseAll(arrays) }()
	for i, c := range cols {
		arrays[i] = c.array(mem)
		fields[i] = arrow.Field{Name: c.name, Type: arrays[i].DataType(), Nullable: true}
	}
	rec := array.NewRecord(arrow.NewSchema(fields, nil), arrays, int64(rows))
	defer rec.Release()
	return tableOfBatches(w, o.Read, rec.Schema(), []arrow.Record{rec})
}

type csvReader struct {
	text  []byte
	comma byte
	nulls []string
	at    int
	line  int // lines passed
	// suspect says that the text is not UTF-8 somewhere.
	suspect bool
}

type csvField struct {
	text   []byte
	quoted bool
	last   bool // of its row
	null   bool
}

// next gives the next field.
func (r *csvReader) next() (f csvField, err error) {
	if r.at < len(r.text) && r.text[r.at] == '"' {
		if f, err = r.nextQuoted(); err != nil {
			return f, err
		}
	} else {
		rest := r.text[r.at:]
		n := 0
		for n < len(rest) && rest[n] != r.comma && rest[n] != '\n' {
			n++
		}
		f.text, r.at = rest[:n], r.at+n
		if n > 0 && rest[n-1] == '\r' && (n == len(rest) || rest[n] == '\n') {
			f.text = rest[:n-1]
		}
		f.null = slices.Contains(r.nulls, string(f.text))
	}
	switch {
	case r.at >= len(r.text):
		f.last = true
	case r.text[r.at] == '\n':
		f.last = true
		r.line++
		r.at++
	default:
		r.at++
	}
	return f, nil
}

func (r *csvReader) nextQuoted() (csvField, error) {
	f := csvField{quoted: true}
	start := r.line
	r.at++
	for {
		n := bytes.IndexByte(r.text[r.at:], '"')
		if n < 0 {
			return f, fmt.Errorf("line %d: a quotation mark opens a field and nothing closes it", start+1)
		}
		piece := r.text[r.at : r.at+n]
		r.line += bytes.Count(piece, []byte{'\n'})
		r.at += n + 1
		doubled := r.at < len(r.text) && r.text[r.at] == '"'
		if f.text == nil && !doubled {
			f.text = piece
		} else {
			f.text = append(slices.Clip(f.text), piece...)
		}
		if !doubled {
			break
		}
		f.text = append(f.text, '"')
		r.at++
	}
	if r.at < len(r.text) && r.text[r.at] == '\r' && (r.at+1 == len(r.text) || r.text[r.at+1] == '\n') {
		r.at++
	}
	if r.at < len(r.text) && r.text[r.at] != r.comma && r.text[r.at] != '\n' {
		return f, fmt.Errorf("line %d: %q follows a closing quotation mark", r.line+1, r.text[r.at])
	}
	return f, nil
}

// encodingOption is what says the encoding of a text.
const encodingOption = "ReadOptions.Encoding"

// header makes the columns, from the first line or from how many fields it has.
func (r *csvReader) header(o CSVOptions) ([]*csvColumn, error) {
	var cols []*csvColumn
	taken := map[string]bool{}
	for last := len(r.text) == 0; !last; {
		f, err := r.next()
		if err != nil {
			return nil, err
		}
		if err := charset.Check(f.text, encodingOption); err != nil && !o.NoHeader {
			return nil, fmt.Errorf("line 1, column %d: its name: %w", len(cols)+1, err)
		}
		name := string(f.text)
		if o.NoHeader || name == "" {
			name = fmt.Sprintf("column_%d", len(cols)+1)
		}
		name = unusedName(name, taken)
		taken[name] = true
		cols = append(cols, &csvColumn{name: name})
		last = f.last
	}
	if o.NoHeader {
		r.at, r.line = 0, 0
	}
	for name, kind := range o.Types {
		i := slices.IndexFunc(cols, func(c *csvColumn) bool { return c.name == name })
		if i < 0 {
			return nil, fmt.Errorf("type of column %q: there is no such column", name)
		}
		k := slices.Index(csvKindNames[:], kind)
		if k < 0 {
			return nil, fmt.Errorf("type of column %q: %q is none of %v", name, kind, csvKindNames[1:])
		}
		cols[i].kind, cols[i].forced = csvKind(k), true
	}
	return cols, nil
}

// otherComma ends the message about a line that does not fit: what may stand
// between the fields instead.
func (r *csvReader) otherComma() string {
	first, _, _ := bytes.Cut(r.text, []byte{'\n'})
	for _, c := range []byte(";\t|,") {
		if n := bytes.Count(first, []byte{c}); c != r.comma && n > bytes.Count(first, []byte{r.comma}) {
			return fmt.Sprintf("; that line has %d times %q: is it the CSVOptions.Comma?", n, c)
		}
	}
	return ""
}

// eachRow gives every field from here on to its column, and counts the rows.
// Lines without anything are passed over where there are several columns.
func (r *csvReader) eachRow(w *work, cols []*csvColumn, give func(*csvColumn, int, csvField) error) (rows int, err error) {
	told := r.at
	for r.at < len(r.text) {
		if r.at-told > 1<<20 {
			w.check()
			w.add(int64(r.at - told))
			told = r.at
		}
		line := r.line + 1
		if c := r.text[r.at]; len(cols) > 1 && (c == '\n' || c == '\r' && r.at+1 < len(r.text) && r.text[r.at+1] == '\n') {
			r.at += bytes.IndexByte(r.text[r.at:], '\n') + 1
			r.line++
			continue
		}
		for i, last := 0, false; !last; i++ {
			f, err := r.next()
			if err != nil {
				return rows, err
			}
			last = f.last
			if i >= len(cols) || last && i < len(cols)-1 {
				n := i + 1
				for ; !last; n++ {
					if f, err = r.next(); err != nil {
						return rows, err
					}
					last = f.last
				}
				return rows, fmt.Errorf("line %d: %s where the first line has %d%s", line, plural(n, "field"), len(cols), r.otherComma())
			}
			if r.suspect {
				if err := charset.Check(f.text, encodingOption); err != nil {
					return rows, fmt.Errorf("line %d, column %q: %w", line, cols[i].name, err)
				}
			}
			if err := give(cols[i], rows, f); err != nil {
				return rows, fmt.Errorf("line %d, column %q: %w", line, cols[i].name, cols[i].explain(f, err))
			}
		}
		rows++
	}
	return rows, nil
}
