package arrowio

import (
	"fmt"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// A Builder gathers columns for a Table. Each method takes a whole column and
// gives the Builder back, so that calls chain; the first thing that goes wrong
// is the error of Build.
type Builder struct {
	mem    memory.Allocator
	fields []arrow.Field
	cols   []arrow.Array
	names  map[string]bool
	err    error
}

// NewTable begins a table in Go's own memory.
func NewTable() *Builder { return NewTableIn(memory.DefaultAllocator) }

// NewTableIn begins a table in memory of the given allocator, which every table
// made from it uses too.
func NewTableIn(mem memory.Allocator) *Builder {
	return &Builder{mem: mem, names: map[string]bool{}}
}

// Build gives the table, or the first error of the calls before it. The Builder
// is empty afterwards.
func (b *Builder) Build() (*Table, error) {
	defer func() { *b = *NewTableIn(b.mem) }()
	if b.err != nil {
		releaseAll(b.cols)
		return nil, b.err
	}
	rows := 0
	if len(b.cols) > 0 {
		rows = b.cols[0].Len()
	}
	return tableOf(b.mem, b.fields, b.cols, rows), nil
}

// discard gives back the columns of a table that was not built.
func (b *Builder) discard() {
	releaseAll(b.cols)
	b.cols = nil
}

// add takes over the reference of col.
func (b *Builder) add(name string, col arrow.Array) *Builder {
	switch {
	case b.err != nil:
	case b.names[name]:
		b.err = fmt.Errorf("arrowio: build: two columns named %q", name)
	case len(b.cols) > 0 && col.Len() != b.cols[0].Len():
		b.err = fmt.Errorf("arrowio: build: column %q has %d rows, column %q has %d",
			name, col.Len(), b.fields[0].Name, b.cols[0].Len())
	default:
		b.names[name] = true
		b.fields = append(b.fields, arrow.Field{Name: name, Type: col.DataType(), Nullable: true})
		b.cols = append(b.cols, col)
		return b
	}
	col.Release()
	return b
}

// Strings adds a column of text.
func (b *Builder) Strings(name string, v []string) *Builder {
	return b.add(name, stringArray(b.mem, v))
}

// Floats adds a column of float64.
func (b *Builder) Floats(name string, v []float64) *Builder {
	return b.add(name, fixedArray(b.mem, arrow.PrimitiveTypes.Float64, v))
}

// Float32s adds a column of float32.
func (b *Builder) Float32s(name string, v []float32) *Builder {
	return b.add(name, fixedArray(b.mem, arrow.PrimitiveTypes.Float32, v))
}

// Ints adds a column of int64.
func (b *Builder) Ints(name string, v []int) *Builder {
	buf, dst := newFixed[int64](b.mem, len(v))
	for i, x := range v {
		dst[i] = int64(x)
	}
	return b.add(name, newArray(arrow.PrimitiveTypes.Int64, len(v), []*memory.Buffer{nil, buf}, nil, 0))
}

// Int64s adds a column of int64.
func (b *Builder) Int64s(name string, v []int64) *Builder {
	return b.add(name, fixedArray(b.mem, arrow.PrimitiveTypes.Int64, v))
}

// Int32s adds a column of int32.
func (b *Builder) Int32s(name string, v []int32) *Builder {
	return b.add(name, fixedArray(b.mem, arrow.PrimitiveTypes.Int32, v))
}

// Bools adds a column of Booleans.
func (b *Builder) Bools(name string, v []bool) *Builder { return b.add(name, boolArray(b.mem, v)) }

// Times adds a column of timestamps, in nanoseconds of UTC; the zone of a value
// is not kept, its instant is. The years 1678 to 2262 fit.
func (b *Builder) Times(name string, v []time.Time) *Builder {
	buf, dst := newFixed[int64](b.mem, len(v))
	for i, x := range v {
		if y := x.Year(); (y < 1678 || y > 2261) && b.err == nil {
			b.err = fmt.Errorf("arrowio: build: column %q row %d: %v does not fit a timestamp in nanoseconds", name, i, x)
		}
		dst[i] = x.UnixNano()
	}
	return b.add(name, newArray(timestampNS, len(v), []*memory.Buffer{nil, buf}, nil, 0))
}

// Categories adds a column of text with few distinct values as a dictionary:
// each value is kept once.
func (b *Builder) Categories(name string, v []string) *Builder {
	return b.add(name, dictionaryArray(b.mem, v))
}

// IntLists adds a column of lists of int32, the form of token ids. A nil list is
// an empty one.
func (b *Builder) IntLists(name string, v [][]int32) *Builder {
	return b.add(name, listArray(b.mem, arrow.PrimitiveTypes.Int32, v))
}

// FloatLists adds a column of lists of float64. A nil list is an empty one.
func (b *Builder) FloatLists(name string, v [][]float64) *Builder {
	return b.add(name, listArray(b.mem, arrow.PrimitiveTypes.Float64, v))
}

// Values adds a column of any slice: of numbers, text, Booleans, time.Time,
// time.Duration, []byte, pointers to these (nil is null), slices, maps with
// text keys and structs.
func (b *Builder) Values(name string, slice any) *Builder {
	if b.err != nil {
		return b
	}
	switch v := slice.(type) {
	case []string:
		return b.Strings(name, v)
	case []float64:
		return b.Floats(name, v)
	case []int:
		return b.Ints(name, v)
	case []bool:
		return b.Bools(name, v)
	}
	col, err := reflectColumn(b.mem, slice)
	if err != nil {
		b.err = fmt.Errorf("arrowio: build: column %q: %w", name, err)
		return b
	}
	return b.add(name, col)
}

// Array adds an Arrow array as a column, keeping a reference of it.
func (b *Builder) Array(name string, a arrow.Array) *Builder {
	a.Retain()
	return b.add(name, withoutViews(b.mem, a))
}

// Valid makes values of the column added last null: those of the rows where
// valid is false, besides those that were null already.
func (b *Builder) Valid(valid []bool) *Builder {
	if b.err != nil {
		return b
	}
	if len(b.cols) == 0 {
		b.err = fmt.Errorf("arrowio: build: Valid before any column")
		return b
	}
	last := len(b.cols) - 1
	if len(valid) != b.cols[last].Len() {
		b.err = fmt.Errorf("arrowio: build: column %q has %d rows, its Valid %d",
			b.fields[last].Name, b.cols[last].Len(), len(valid))
		return b
	}
	b.cols[last] = withMoreNulls(b.mem, b.cols[last], valid)
	return b
}

// timestampNS is the type of Times: an instant of UTC in nanoseconds.
var timestampNS = &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}

func dictionaryArray(mem memory.Allocator, v []string) arrow.Array {
	index := map[string]int32{}
	var values []string
	buf, dst := newFixed[int32](mem, len(v))
	for i, s := range v {
		id, ok := index[s]
		if !ok {
			id = int32(len(values))
			index[s] = id
			values = append(values, s)
		}
		dst[i] = id
	}
	words := stringArray(mem, values)
	defer words.Release()
	dt := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: words.DataType()}
	return newDictionary(dt, len(v), []*memory.Buffer{nil, buf}, words, 0)
}

func listArray[T fixed](mem memory.Allocator, elem arrow.DataType, v [][]T) arrow.Array {
	total := 0
	for _, l := range v {
		total += len(l)
	}
	values, dst := newFixed[T](mem, total)
	child := newArray(elem, total, []*memory.Buffer{nil, values}, nil, 0)
	defer child.Release()
	children := []arrow.ArrayData{child.Data()}
	if fitsInt32(total) {
		b, offsets := newFixed[int32](mem, len(v)+1)
		fillLists(dst, offsets, v)
		return newArray(arrow.ListOf(elem), len(v), []*memory.Buffer{nil, b}, children, 0)
	}
	b, offsets := newFixed[int64](mem, len(v)+1)
	fillLists(dst, offsets, v)
	return newArray(arrow.LargeListOf(elem), len(v), []*memory.Buffer{nil, b}, children, 0)
}

func fillLists[T fixed, O int32 | int64](dst []T, offsets []O, v [][]T) {
	at := 0
	for i, l := range v {
		at += copy(dst[at:], l)
		offsets[i+1] = O(at)
	}
}
