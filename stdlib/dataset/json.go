package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"divvy/arrowio/charset"
)

// object walks the fields of one JSON object, a line of a file. It is strict
// (UTF-8, no doubled keys, nothing behind the object) and knows the column of
// every fault. The lexer is github.com/go-json-experiment/json/jsontext, the
// module that Go's own encoding/json/v2 comes from: strict where goccy/go-json
// is lenient, and unlike encoding/json it says where a value stood.
type object struct {
	dec    *jsontext.Decoder
	buf    bytes.Buffer
	line   []byte
	key    string
	starts map[string]int // key -> offset of its value
	plain  []byte         // the text read last
	extra  []byte         // the fields that keep was called for, as a JSON object
}

func newObject() *object {
	return &object{dec: jsontext.NewDecoder(bytes.NewReader(nil)), starts: map[string]int{}}
}

// columnError is a fault at a byte offset of the line at hand.
type columnError struct {
	offset int
	err    error
}

func (e *columnError) Error() string { return e.err.Error() }
func (e *columnError) Unwrap() error { return e.err }

// fault places err at a byte offset.
func fault(offset int, err error) error { return &columnError{offset, err} }

// at places err at the value of key, or at the start of the line.
func (o *object) at(key string, err error) error { return fault(o.starts[key], err) }

// open begins with a new line.
func (o *object) open(line []byte) error {
	o.line = line
	o.buf = *bytes.NewBuffer(line)
	o.dec.Reset(&o.buf)
	clear(o.starts)
	o.extra = o.extra[:0]
	return o.enter('{', "a JSON object")
}

// syntax turns an error of the lexer into a fault.
func (o *object) syntax(err error) error {
	var s *jsontext.SyntacticError
	switch {
	case errors.As(err, &s):
		cause := s.Err
		if err := charset.Check(o.line, encodingOption); err != nil {
			cause = err
		} else if errors.Is(cause, io.ErrUnexpectedEOF) {
			cause = errors.New("the line ends inside the JSON value")
		}
		return fault(int(s.ByteOffset), fmt.Errorf("not JSON: %w", cause))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fault(len(o.line), errors.New("not JSON: the line ends inside the value"))
	}
	return fault(int(o.dec.InputOffset()), err)
}

// offset is where the next value begins.
func (o *object) offset() int {
	i := int(o.dec.InputOffset())
	for i < len(o.line) && bytes.IndexByte([]byte(" \t\r\n:,"), o.line[i]) >= 0 {
		i++
	}
	return i
}

// enter reads the opening of an object or array.
func (o *object) enter(kind jsontext.Kind, want string) error {
	start := o.offset()
	if k := o.dec.PeekKind(); k != kind && k > 0 {
		if err := o.dec.SkipValue(); err != nil { // not even JSON
			return o.syntax(err)
		}
		return fault(start, fmt.Errorf("%s where %s should be", kindName(k), want))
	}
	if _, err := o.dec.ReadToken(); err != nil {
		return o.syntax(err)
	}
	return nil
}

// next goes to the next field: its name is in o.key. At the end of the object it
// makes sure that nothing follows, and gives false.
func (o *object) next() (bool, error) {
	token, err := o.dec.ReadToken()
	if err != nil {
		return false, o.syntax(err)
	}
	if token.Kind() == '}' {
		if o.dec.StackDepth() > 0 {
			return false, nil
		}
		if _, err := o.dec.ReadToken(); !errors.Is(err, io.EOF) {
			return false, fault(o.offset(), errors.New("not JSON: something follows the object"))
		}
		return false, nil
	}
	o.key = token.String()
	if o.dec.StackDepth() == 1 {
		o.starts[o.key] = o.offset()
	}
	return true, nil
}

// members calls read for each member that is left, with its key in o.key.
func (o *object) members(read func() error) error {
	for {
		more, err := o.next()
		if err != nil || !more {
			return err
		}
		if err := read(); err != nil {
			return err
		}
	}
}

// has says whether the object had key.
func (o *object) has(key string) bool { _, ok := o.starts[key]; return ok }

// require is an error when a key is missing.
func (o *object) require(keys ...string) error {
	for _, k := range keys {
		if !o.has(k) {
			return fault(0, fmt.Errorf("the field %q is missing", k))
		}
	}
	return nil
}

// text reads a string.
func (o *object) text(dst *string) error {
	start := o.offset()
	value, err := o.dec.ReadValue()
	if err != nil {
		return o.syntax(err)
	}
	if value.Kind() != '"' {
		return fault(start, fmt.Errorf("%s: %s where a string should be", o.key, kindName(value.Kind())))
	}
	if o.plain, err = appendUnquote(o.plain[:0], value); err != nil {
		return fault(start, fmt.Errorf("%s: %w", o.key, err))
	}
	*dst = string(o.plain)
	return nil
}

// json reads a string that holds JSON, an object where one is asked for; null
// and "" are "". Line breaks in it go: it must stay one line when it is written.
func (o *object) json(dst *string, isObject bool) error {
	if o.null() {
		return nil
	}
	start := o.offset()
	if err := o.text(dst); err != nil || *dst == "" {
		return err
	}
	v := jsontext.Value(*dst)
	if !v.IsValid() || isObject && v.Kind() != '{' {
		return fault(start, fmt.Errorf("%s: %.40q is not JSON that a row can have there", o.key, *dst))
	}
	if bytes.ContainsAny(v, "\r\n") {
		if err := v.Compact(); err != nil {
			return fault(start, fmt.Errorf("%s: %w", o.key, err))
		}
	}
	*dst = string(bytes.TrimSpace(v))
	return nil
}

// null reads a null if one is next.
func (o *object) null() bool {
	if o.dec.PeekKind() != 'n' {
		return false
	}
	_, err := o.dec.ReadToken()
	return err == nil
}

// number reads a number.
func (o *object) number(dst *float64) error {
	start := o.offset()
	token, err := o.dec.ReadToken()
	if err != nil {
		return o.syntax(err)
	}
	if token.Kind() != '0' {
		return fault(start, fmt.Errorf("%s: %s where a number should be", o.key, kindName(token.Kind())))
	}
	v, err := strconv.ParseFloat(token.String(), 64)
	if err != nil {
		return fault(start, fmt.Errorf("%s: the number %s is out of range", o.key, token.String()))
	}
	*dst = v
	return nil
}

// score reads a number, a number in a string, or null, which is NaN.
func (o *object) score(dst *float64) error {
	*dst = math.NaN()
	if o.null() {
		return nil
	}
	if o.dec.PeekKind() != '"' {
		return o.number(dst)
	}
	start := o.offset()
	var text string
	if err := o.text(&text); err != nil {
		return err
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		if text == "N/A" || text == "" {
			return nil
		}
		return fault(start, fmt.Errorf("%s: %.40q where a number should be", o.key, text))
	}
	*dst = v
	return nil
}

// array calls read for each element of an array.
func (o *object) array(read func() error) error {
	if err := o.enter('[', o.key+": an array"); err != nil {
		return err
	}
	for o.dec.PeekKind() != ']' {
		if err := read(); err != nil {
			return err
		}
	}
	_, err := o.dec.ReadToken()
	if err != nil {
		return o.syntax(err)
	}
	return nil
}

// texts reads an array of strings.
func (o *object) texts(dst *[]string) error {
	return o.array(func() error {
		*dst = append(*dst, "")
		return o.text(&(*dst)[len(*dst)-1])
	})
}

// raw reads any value as it stands. It is valid until the next read.
func (o *object) raw() ([]byte, error) {
	v, err := o.dec.ReadValue()
	if err != nil {
		return nil, o.syntax(err)
	}
	return v, nil
}

// keep puts a field that the reader has no use for into the extra object.
func (o *object) keep() error {
	v, err := o.raw()
	if err != nil {
		return err
	}
	return o.put(v)
}

// put puts a value under the key at hand into the extra object.
func (o *object) put(v []byte) (err error) {
	if len(o.extra) == 0 {
		o.extra = append(o.extra, '{')
	} else {
		o.extra = append(o.extra, ',')
	}
	o.extra, err = jsontext.AppendQuote(o.extra, o.key)
	if err != nil {
		return fault(o.starts[o.key], err)
	}
	o.extra = append(append(o.extra, ':'), v...)
	return nil
}

// keepText is keep of a string, and the string.
func (o *object) keepText() (text string, err error) {
	v, err := o.raw()
	if err != nil {
		return "", err
	}
	if o.plain, err = appendUnquote(o.plain[:0], v); err != nil {
		return "", fault(o.starts[o.key], fmt.Errorf("%s: %w", o.key, err))
	}
	return string(o.plain), o.put(v)
}

// rest is the JSON object of what keep was called for, "" for nothing.
func (o *object) rest() string {
	if len(o.extra) == 0 {
		return ""
	}
	return string(o.extra) + "}"
}

// restWith is rest with one more field, an array of objects as JSON; empty ones
// are left out where all are empty.
func (o *object) restWith(key string, objects []string) string {
	if !slices.ContainsFunc(objects, func(s string) bool { return s != "" }) {
		return o.rest()
	}
	out := []byte{'{'}
	if len(o.extra) > 0 {
		out = append(append(out[:0], o.extra...), ',')
	}
	out = append(append(append(out, '"'), key...), `":[`...)
	for i, s := range objects {
		if i > 0 {
			out = append(out, ',')
		}
		if s == "" {
			s = "{}"
		}
		out = append(out, s...)
	}
	return string(out) + "]}"
}

// kindName is a kind of JSON token in words.
func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	case '[':
		return "an array"
	}
	return "something else"
}
