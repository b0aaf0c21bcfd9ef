package arrowio

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

type csvKind byte

const (
	csvUnknown csvKind = iota // only nulls so far
	csvBool
	csvInt
	csvFloat
	csvDate
	csvTime
	csvText
)

var csvKindNames = [...]string{"null", "bool", "i64", "f64", "date", "datetime", "str"}

// A csvColumn first finds its type, then takes its values.
type csvColumn struct {
	name   string
	kind   csvKind
	forced bool

	valid  []bool
	nulls  int
	bools  []bool
	ints   []int64 // integers, days, nanoseconds
	floats []float64
	bytes  []byte
	ends   []int64
}

// widen makes the column's type hold a value too.
func (c *csvColumn) widen(f csvField) error {
	if c.forced || f.null || c.kind == csvText {
		return nil
	}
	if f.quoted {
		c.kind = csvText
		return nil
	}
	switch c.kind {
	case csvUnknown:
		for c.kind = csvBool; c.kind < csvText && !c.kind.holds(f.text); c.kind++ {
		}
		return nil
	case csvInt:
		if !csvInt.holds(f.text) && csvFloat.holds(f.text) {
			c.kind = csvFloat
		}
	case csvDate:
		if !csvDate.holds(f.text) && csvTime.holds(f.text) {
			c.kind = csvTime
		}
	}
	if !c.kind.holds(f.text) {
		c.kind = csvText
	}
	return nil
}

func (k csvKind) holds(text []byte) bool {
	var err error
	switch k {
	case csvBool:
		_, err = parseBool(text)
	case csvInt:
		_, err = parseInt(text)
	case csvFloat:
		_, err = parseFloat(text)
	case csvDate:
		_, err = parseDate(text)
	case csvTime:
		_, err = parseTime(text)
	}
	return err == nil
}

func (c *csvColumn) prepare(rows int) {
	c.valid = make([]bool, rows)
	switch c.kind {
	case csvBool:
		c.bools = make([]bool, rows)
	case csvInt, csvDate, csvTime:
		c.ints = make([]int64, rows)
	case csvFloat:
		c.floats = make([]float64, rows)
	default:
		c.ends = make([]int64, rows)
	}
}

// set takes the value of a row.
func (c *csvColumn) set(row int, f csvField) (err error) {
	if f.null {
		c.nulls++
	} else {
		c.valid[row] = true
	}
	switch c.kind {
	case csvUnknown, csvText:
		if !f.null {
			c.bytes = append(c.bytes, f.text...)
		}
		c.ends[row] = int64(len(c.bytes))
		return nil
	}
	if f.null {
		return nil
	}
	switch c.kind {
	case csvBool:
		c.bools[row], err = parseBool(f.text)
	case csvInt:
		c.ints[row], err = parseInt(f.text)
	case csvFloat:
		c.floats[row], err = parseFloat(f.text)
	case csvDate:
		c.ints[row], err = parseDate(f.text)
	case csvTime:
		c.ints[row], err = parseTime(f.text)
	}
	return err
}

// explain says that a value is not of the column's type, and what to do about it.
func (c *csvColumn) explain(f csvField, err error) error {
	if errors.As(err, new(*strconv.NumError)) || errors.As(err, new(*time.ParseError)) {
		err = fmt.Errorf("%q is no %s", f.text, csvKindNames[c.kind])
	}
	return fmt.Errorf("%w: give the column the type str in CSVOptions.Types, or name what stands for null in CSVOptions.Null", err)
}

func (c *csvColumn) array(mem memory.Allocator) arrow.Array {
	var a arrow.Array
	switch c.kind {
	case csvBool:
		a = boolArray(mem, c.bools)
	case csvInt:
		a = fixedArray(mem, arrow.PrimitiveTypes.Int64, c.ints)
	case csvTime:
		a = fixedArray(mem, timestampNS, c.ints)
	case csvDate:
		a = fixedArray(mem, arrow.FixedWidthTypes.Date32, convert[int32](c.ints))
	case csvFloat:
		a = fixedArray(mem, arrow.PrimitiveTypes.Float64, c.floats)
	default:
		a = textArray(mem, c.bytes, c.ends)
	}
	c.bools, c.ints, c.floats, c.bytes = nil, nil, nil, nil
	if c.nulls == 0 {
		return a
	}
	return withMoreNulls(mem, a, c.valid)
}

// textArray makes a string array of bytes and the place where each value ends.
func textArray(mem memory.Allocator, text []byte, ends []int64) arrow.Array {
	data := newBuffer(mem, len(text))
	copy(data.Bytes(), text)
	if fitsInt32(len(text)) {
		buf, offsets := newFixed[int32](mem, len(ends)+1)
		for i, e := range ends {
			offsets[i+1] = int32(e)
		}
		return newArray(arrow.BinaryTypes.String, len(ends), []*memory.Buffer{nil, buf, data}, nil, 0)
	}
	buf, offsets := newFixed[int64](mem, len(ends)+1)
	copy(offsets[1:], ends)
	return newArray(arrow.BinaryTypes.LargeString, len(ends), []*memory.Buffer{nil, buf, data}, nil, 0)
}

func parseBool(b []byte) (bool, error) {
	switch string(b) {
	case "true", "True", "TRUE":
		return true, nil
	case "false", "False", "FALSE":
		return false, nil
	}
	return false, fmt.Errorf("%q is not a Boolean", b)
}

// parseInt takes what strconv does, but no integer with leading zeros: that is
// a code, and would lose them.
func parseInt(b []byte) (int64, error) {
	digits := bytes.TrimLeft(b, "+-")
	if len(digits) > 1 && digits[0] == '0' {
		return 0, fmt.Errorf("%q has leading zeros", b)
	}
	return strconv.ParseInt(string(b), 10, 64)
}

func parseFloat(b []byte) (float64, error) {
	switch string(b) {
	case "NaN", "nan":
		return math.NaN(), nil
	}
	for i, c := range b { // no hexadecimal, no underscores, no "infinity" of other spellings
		if (c < '0' || c > '9') && bytes.IndexByte([]byte("+-.eEinf"), c) < 0 {
			return 0, fmt.Errorf("%q is not a number", b)
		}
		if c == '0' && i+1 < len(b) && b[i+1] >= '0' && b[i+1] <= '9' && (i == 0 || i == 1 && b[0] < '.') {
			return 0, fmt.Errorf("%q has leading zeros", b)
		}
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if len(b) > 15 && bytes.IndexAny(b, ".eEinf") < 0 {
		if i, err := strconv.ParseInt(string(b), 10, 64); err != nil || int64(float64(i)) != i {
			return 0, fmt.Errorf("no float64 holds the integer %s", b)
		}
	}
	return f, err
}

func parseDate(b []byte) (int64, error) {
	if len(b) != len(time.DateOnly) {
		return 0, fmt.Errorf("%q is not a date", b)
	}
	t, err := time.Parse(time.DateOnly, string(b))
	return t.Unix() / (24 * 60 * 60), err
}

func parseTime(b []byte) (int64, error) { return parseTimeIn(nil, b) }

// parseTimeIn reads a time, of the zone where the text has none; nil is UTC.
func parseTimeIn(zone *time.Location, b []byte) (int64, error) {
	if zone == nil {
		zone = time.UTC
	}
	if len(b) < len(time.DateOnly) || b[4] != '-' {
		return 0, fmt.Errorf("%q is not a time", b)
	}
	s := string(b)
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			if y := t.Year(); y < 1678 || y > 2261 {
				return 0, fmt.Errorf("%q does not fit a timestamp in nanoseconds", b)
			}
			return t.UnixNano(), nil
		}
	}
	return 0, fmt.Errorf("%q is not a time", b)
}

// timeLayouts are the forms in which times are read: those of RFC 3339, and those
// that pandas, Polars and databases write. Fractions of a second fit all of them.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", time.DateOnly,
	"2006-01-02T15:04:05-0700", "2006-01-02 15:04:05-0700", "2006-01-02 15:04:05 UTC", "2006-01-02 15:04", "2006-01-02T15:04",
}
