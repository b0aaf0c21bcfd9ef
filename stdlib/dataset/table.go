package dataset

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"divvy/arrowio/compressed"
)

// A JSON array is read as JSON lines with an element each, whose number stands for
// the line in errors; CSV as JSON lines that have the columns as fields, all texts.

// produceArray reads the elements of a JSON array one after the other.
func produceArray(o *Options, name string, in io.Reader, emit func(*block) error) error {
	dec := jsontext.NewDecoder(in)
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	lines := &lineWriter{o: o, name: name, emit: emit, next: 1}
	wrong := func(err error) error {
		var s *jsontext.SyntacticError
		if errors.As(err, &s) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return &LineError{name, lines.next, 0, fmt.Errorf("not JSON, in this element of the array or behind it: %w", err)}
		}
		return err
	}
	for dec.PeekKind() != ']' {
		v, err := dec.ReadValue()
		if err != nil {
			return wrong(err)
		}
		if v = v.Clone(); v.Compact() != nil || len(v) > o.MaxLine {
			return &LineError{name, lines.next, 0, fmt.Errorf("the element is longer than %d bytes (Options.MaxLine)", o.MaxLine)}
		}
		if err := lines.add(lines.next, v); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return wrong(err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something follows the JSON array: %w", err)
	}
	return lines.flush()
}

// isCSV tells by its name whether a file is comma- or tab-separated.
func isCSV(name string) bool {
	name = strings.ToLower(compressed.Trim(name))
	return strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".tsv")
}

// produceCSV reads rows under a line of names. What separates them is a tab in a
// file called .tsv, else a comma, or a semicolon where the names have no comma.
func produceCSV(o *Options, name string, start []byte, in io.Reader, emit func(*block) error) error {
	r := csv.NewReader(in)
	header, _, _ := bytes.Cut(start, []byte("\n"))
	switch {
	case strings.HasSuffix(strings.ToLower(compressed.Trim(name)), ".tsv"):
		r.Comma = '\t'
	case !bytes.ContainsRune(header, ',') && bytes.ContainsRune(header, ';'):
		r.Comma = ';'
	}
	wrong := func(err error) error {
		var p *csv.ParseError
		if errors.As(err, &p) {
			return &LineError{name, int64(p.Line), p.Column, fmt.Errorf("not CSV: %w", p.Err)}
		}
		return err
	}
	names, err := r.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return wrong(err)
	}
	r.ReuseRecord = true
	lines := &lineWriter{o: o, name: name, emit: emit, next: 1}
	var object []byte
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines.flush()
		}
		if err != nil {
			return wrong(err)
		}
		object = append(object[:0], '{')
		for i, field := range fields {
			if i > 0 {
				object = append(object, ',')
			}
			line, column := r.FieldPos(i)
			if object, err = jsontext.AppendQuote(object, names[i]); err == nil {
				object, err = jsontext.AppendQuote(append(object, ':'), field)
			}
			if err != nil {
				return &LineError{name, int64(line), column, err}
			}
		}
		line, _ := r.FieldPos(0)
		if err := lines.add(int64(line), append(object, '}')); err != nil {
			return err
		}
	}
}

// lineWriter gathers JSON lines into blocks.
type lineWriter struct {
	o     *Options
	name  string
	emit  func(*block) error
	first int64 // the number of the first line of data
	next  int64 // and of that behind the last
	data  []byte
	known Format
}

// add adds a line of that number. Numbers without one become empty lines, which
// readers skip.
func (w *lineWriter) add(number int64, line []byte) error {
	if len(w.data) == 0 {
		w.first, w.next = number, number
	}
	for ; w.next < number; w.next++ {
		w.data = append(w.data, '\n')
	}
	w.data = append(append(w.data, line...), '\n')
	w.next++
	if len(w.data) < blockBytes {
		return nil
	}
	return w.flush()
}

func (w *lineWriter) flush() error {
	if len(w.data) == 0 {
		return nil
	}
	if w.known == "" {
		if w.known = w.o.Format; w.known == Detect {
			var err error
			if w.known, err = detect(w.data); err != nil {
				return placedError(w.name, w.first, err)
			}
		}
	}
	if w.known == OASSTMessages {
		return fmt.Errorf("flat OASST messages are read from JSON lines only")
	}
	data := w.data
	w.data = nil
	return w.emit(&block{file: w.name, format: w.known, line: w.first, data: data})
}
