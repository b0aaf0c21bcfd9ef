package arrowio

import (
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

type jsonKind byte

const (
	jsonNull jsonKind = iota
	jsonBool
	jsonInt
	jsonFloat
	jsonText
	jsonList
	jsonObject
)

// A jsonColumn gathers the values of one key at their rows, and widens its kind
// as they come: integers to floats. Every other mixture is an error.
type jsonColumn struct {
	kind   jsonKind
	depth  int    // in how many lists and objects
	n      int    // rows so far; those missing at the end are null
	valid  []bool // of the rows so far
	bools  []bool
	ints   []int64
	floats []float64
	texts  []string
	ends   []int64     // of lists, in elem
	elem   *jsonColumn // of lists
	keys   []string    // of objects, in order of appearance
	fields map[string]*jsonColumn
}

// What JSON lines may be at most: deeper, a column's type could not be written to
// a file, and more keys are values in the place of keys, each of which would make a
// column that is null in all rows but one.
const (
	jsonDepth = 64
	jsonKeys  = 10_000
)

// add reads one value at a row, after nulls for the rows passed over.
func (c *jsonColumn) add(dec *json.Decoder, row int) error {
	c.fill(row)
	tok, err := dec.Token()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	switch v := tok.(type) {
	case nil:
		c.fill(row + 1)
		return nil
	case bool:
		if err := c.become(jsonBool); err != nil {
			return err
		}
		c.bools = append(c.bools, v)
	case string:
		if err := c.become(jsonText); err != nil {
			return err
		}
		c.texts = append(c.texts, v)
	case json.Number:
		if err := c.addNumber(string(v)); err != nil {
			return err
		}
	case json.Delim:
		if v == '[' {
			err = c.addList(dec)
		} else {
			err = c.addObject(dec, row)
		}
		if err != nil {
			return err
		}
	}
	c.valid = append(c.valid, true)
	c.n++
	return nil
}

func (c *jsonColumn) addNumber(s string) error {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil && c.kind != jsonFloat {
		if err := c.become(jsonInt); err != nil {
			return err
		}
		c.ints = append(c.ints, i)
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return fmt.Errorf("number %s: %w", s, err)
	}
	if !strings.ContainsAny(s, ".eE") && !holdsInteger(f, s) {
		return fmt.Errorf("no float64 holds the integer %s; in quotes it would be text, and SQL has wider integers: select * from read_json('file.json')", s)
	}
	if err := c.become(jsonFloat); err != nil {
		return err
	}
	c.floats = append(c.floats, f)
	return nil
}

// holdsInteger tells whether a number is the integer of these digits.
func holdsInteger(f float64, digits string) bool {
	if len(digits) <= 15 {
		return true
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return false
	}
	exact, _ := big.NewFloat(f).Int(nil)
	return exact.Cmp(n) == 0
}

func (c *jsonColumn) addList(dec *json.Decoder) error {
	if err := c.become(jsonList); err != nil {
		return err
	}
	for dec.More() {
		if err := c.elem.add(dec, c.elem.n); err != nil {
			return fmt.Errorf("in a list: %w", err)
		}
	}
	c.ends = append(c.ends, int64(c.elem.n))
	_, err := dec.Token()
	return err
}

func (c *jsonColumn) addObject(dec *json.Decoder, row int) error {
	if err := c.become(jsonObject); err != nil {
		return err
	}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		key, _ := tok.(string)
		field, ok := c.fields[key]
		if !ok {
			if len(c.keys) >= jsonKeys && row > 0 {
				return fmt.Errorf("key %q: it is one of more than %d different keys; each would be a column: are they values?", key, jsonKeys)
			}
			field = &jsonColumn{depth: c.depth + 1}
			if c.fields == nil {
				c.fields = map[string]*jsonColumn{}
			}
			c.fields[key], c.keys = field, append(c.keys, key)
		}
		if field.n > row {
			return fmt.Errorf("key %q comes twice", key)
		}
		if err := field.add(dec, row); err != nil {
			return fmt.Errorf("key %q: %w", key, err)
		}
	}
	_, err := dec.Token()
	return err
}

var jsonKindNames = [...]string{"null", "a Boolean", "an integer", "a number", "text", "a list", "an object"}

// become makes the column one of a kind, or says why it cannot.
func (c *jsonColumn) become(k jsonKind) error {
	switch {
	case c.kind == k:
		return nil
	case c.depth > jsonDepth && (k == jsonList || k == jsonObject):
		return fmt.Errorf("nested deeper than %d levels", jsonDepth)
	case c.kind == jsonNull:
		c.kind = k
		switch k { // rows before were null
		case jsonBool:
			c.bools = make([]bool, c.n)
		case jsonInt:
			c.ints = make([]int64, c.n)
		case jsonFloat:
			c.floats = make([]float64, c.n)
		case jsonText:
			c.texts = make([]string, c.n)
		case jsonList:
			c.ends, c.elem = make([]int64, c.n), &jsonColumn{depth: c.depth + 1}
		}
		return nil
	case c.kind == jsonInt && k == jsonFloat:
		for row, i := range c.ints {
			if int64(float64(i)) != i {
				return fmt.Errorf("a fraction here, but row %d has the integer %d, which no float64 holds", row, i)
			}
		}
		c.kind, c.floats, c.ints = jsonFloat, convert[float64](c.ints), nil
		return nil
	}
	return fmt.Errorf("%s here, but %s in a row before", jsonKindNames[k], jsonKindNames[c.kind])
}

// fill adds nulls up to n rows.
func (c *jsonColumn) fill(n int) {
	for ; c.n < n; c.n++ {
		c.valid = append(c.valid, false)
		switch c.kind {
		case jsonBool:
			c.bools = append(c.bools, false)
		case jsonInt:
			c.ints = append(c.ints, 0)
		case jsonFloat:
			c.floats = append(c.floats, 0)
		case jsonText:
			c.texts = append(c.texts, "")
		case jsonList:
			c.ends = append(c.ends, int64(c.elem.n))
		}
	}
}

// array gives the column as an Arrow array of n rows.
func (c *jsonColumn) array(mem memory.Allocator, n int) arrow.Array {
	c.fill(n)
	var a arrow.Array
	switch c.kind {
	case jsonNull:
		return array.NewNull(n)
	case jsonBool:
		a = boolArray(mem, c.bools)
	case jsonInt:
		a = fixedArray(mem, arrow.PrimitiveTypes.Int64, c.ints)
	case jsonFloat:
		a = fixedArray(mem, arrow.PrimitiveTypes.Float64, c.floats)
	case jsonText:
		a = stringArray(mem, c.texts)
	case jsonList:
		a = c.listArray(mem)
	case jsonObject:
		a = c.structArray(mem, n)
	}
	return withMoreNulls(mem, a, c.valid)
}

func (c *jsonColumn) listArray(mem memory.Allocator) arrow.Array {
	child := c.elem.array(mem, c.elem.n)
	defer child.Release()
	if fitsInt32(c.elem.n) {
		buf, offsets := newFixed[int32](mem, c.n+1)
		for i, end := range c.ends {
			offsets[i+1] = int32(end)
		}
		return newArray(arrow.ListOf(child.DataType()), c.n, []*memory.Buffer{nil, buf}, []arrow.ArrayData{child.Data()}, 0)
	}
	buf, offsets := newFixed[int64](mem, c.n+1)
	copy(offsets[1:], c.ends)
	return newArray(arrow.LargeListOf(child.DataType()), c.n, []*memory.Buffer{nil, buf}, []arrow.ArrayData{child.Data()}, 0)
}

func (c *jsonColumn) structArray(mem memory.Allocator, n int) arrow.Array {
	fields := make([]arrow.Field, len(c.keys))
	children := make([]arrow.ArrayData, len(c.keys))
	cols := make([]arrow.Array, len(c.keys))
	defer func() { releaseAll(cols) }()
	for i, key := range c.keys {
		cols[i] = c.fields[key].array(mem, n)
		fields[i] = arrow.Field{Name: key, Type: cols[i].DataType(), Nullable: true}
		children[i] = cols[i].Data()
	}
	return newArray(arrow.StructOf(fields...), n, []*memory.Buffer{nil}, children, 0)
}
