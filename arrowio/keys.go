package arrowio

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// groupRows numbers the rows by their keys: rows with equal keys get equal
// numbers, counted from 0 in the order in which the keys first appear. A key is
// given as the arrays that follow each other: one for grouping, one of each side
// for a join. Null equals null, NaN equals NaN, and -0 equals 0.
func groupRows(w *work, keys [][]arrow.Array, n int) (grouping, error) {
	if n > math.MaxInt32 {
		return grouping{}, fmt.Errorf("%d rows are more than %d", n, math.MaxInt32)
	}
	if len(keys) == 0 {
		g := grouping{ids: make([]int32, n)}
		if n > 0 {
			g.firsts = []int32{0}
		}
		return g, nil
	}
	var all grouping
	for i, chunks := range keys {
		g, err := groupByOne(w, chunks, n)
		if err != nil {
			return g, err
		}
		if i == 0 {
			all = g
		} else {
			all = combine(w, all, g)
		}
	}
	return all, nil
}

// A grouping tells each row's group, and each group's first row.
type grouping struct {
	ids    []int32
	firsts []int32
}

// combine numbers the pairs of two groupings' groups.
func combine(w *work, a, b grouping) grouping {
	codes := make([]uint64, len(a.ids))
	blocks(w, len(codes), func(from, to int) {
		for i := from; i < to; i++ {
			codes[i] = uint64(a.ids[i])*uint64(len(b.firsts)) + uint64(b.ids[i])
		}
	})
	return distinct(w, codes, nil)
}

// groupByOne numbers the rows by one key.
func groupByOne(w *work, chunks []arrow.Array, n int) (grouping, error) {
	codes, texts, err := keyCodes(w, chunks, n)
	if err != nil {
		return grouping{}, err
	}
	nulls := 0
	for _, c := range chunks {
		nulls += c.NullN()
	}
	if nulls == n && n > 0 {
		return grouping{ids: make([]int32, n), firsts: []int32{0}}, nil
	}
	g := distinct(w, codes, texts)
	if nulls == 0 {
		return g, nil
	}
	// What stands at nulls has been numbered as a value; now null comes apart.
	apart := grouping{ids: make([]int32, 0, n), firsts: make([]int32, 2)}
	for _, c := range chunks {
		for i := range c.Len() {
			apart.ids = append(apart.ids, int32(bit(isNull(c, i))))
		}
	}
	for i := range g.ids {
		if apart.ids[i] == 1 {
			g.ids[i] = 0
		}
	}
	return combine(w, g, apart), nil
}

// keyCodes gives a code for each row, equal for equal values; with texts, codes
// are hashes, and the texts decide.
func keyCodes(w *work, chunks []arrow.Array, n int) (codes []uint64, texts texts, err error) {
	class := keyClass(chunks[0].DataType())
	if class == "" {
		return nil, nil, fmt.Errorf("a column of type %s cannot be a key", typeName(chunks[0].DataType()))
	}
	dictionaries := true
	for _, c := range chunks {
		if k := keyClass(c.DataType()); k != class {
			return nil, nil, fmt.Errorf("a key of type %s has no equal of type %s", typeName(chunks[0].DataType()), typeName(c.DataType()))
		}
		_, isDict := c.(*array.Dictionary)
		dictionaries = dictionaries && isDict
	}
	if dictionaries {
		return dictionaryCodes(w, chunks, n)
	}
	if areTexts(class) {
		texts = newTexts(w, chunks)
		return texts.hashes(w), texts, nil
	}
	codes = make([]uint64, n)
	at := 0
	for _, c := range chunks {
		fillCodes(w, codes[at:at+c.Len()], c, false)
		at += c.Len()
	}
	return codes, nil, nil
}

// keyClass names types whose values can be equal to each other.
func keyClass(dt arrow.DataType) string {
	switch dt := dt.(type) {
	case *arrow.StringType, *arrow.LargeStringType:
		return "text"
	case *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.FixedSizeBinaryType:
		return "bytes"
	case arrow.DecimalType:
		return fmt.Sprintf("decimal of %d bits with %d decimals", dt.(arrow.FixedWidthDataType).BitWidth(), dt.GetScale())
	case *arrow.DictionaryType:
		return keyClass(dt.ValueType)
	case *arrow.Uint64Type:
		return "u64"
	case *arrow.Float64Type, *arrow.Float32Type, *arrow.Float16Type:
		return "float"
	case *arrow.BooleanType:
		return "bool"
	case *arrow.NullType:
		return "null"
	case *arrow.Date32Type, *arrow.Date64Type, *arrow.Time32Type, *arrow.Time64Type:
		return dt.Name()
	case *arrow.TimestampType:
		return "timestamp" + dt.Unit.String()
	case *arrow.DurationType:
		return "duration" + dt.Unit.String()
	}
	if arrow.IsInteger(dt.ID()) {
		return "int"
	}
	return ""
}

// dictionaryCodes numbers the words of all dictionaries, and rows by them. A
// dictionary may hold a word twice.
func dictionaryCodes(w *work, chunks []arrow.Array, n int) ([]uint64, texts, error) {
	words := make([][]arrow.Array, 1)
	total := 0
	for _, c := range chunks {
		w := c.(*array.Dictionary).Dictionary()
		words[0] = append(words[0], w)
		total += w.Len()
	}
	numbered, err := groupRows(w, words, total)
	if err != nil {
		return nil, nil, err
	}
	codes := make([]uint64, n)
	at, base := 0, 0
	for i, c := range chunks {
		d := c.(*array.Dictionary)
		part := codes[at : at+d.Len()]
		blocks(w, len(part), func(from, to int) {
			for j := from; j < to; j++ {
				if !isNull(d, j) {
					part[j] = uint64(numbered.ids[base+d.GetValueIndex(j)])
				}
			}
		})
		at += d.Len()
		base += words[0][i].Len()
	}
	return codes, nil, nil
}

// fillCodes gives codes of the values of an array that are equal where the
// values are, and in the order of the values. It tells whether the type has
// such codes. What stands at nulls is arbitrary.
func fillCodes(w *work, dst []uint64, a arrow.Array, descending bool) bool {
	const sign = 1 << 63
	flip := uint64(sign)
	if descending {
		flip = ^flip
	}
	unsigned := flip ^ sign
	switch a := a.(type) {
	case *array.Int64:
		codeInts(w, dst, a.Int64Values(), flip)
	case *array.Int32:
		codeInts(w, dst, a.Int32Values(), flip)
	case *array.Int16:
		codeInts(w, dst, a.Int16Values(), flip)
	case *array.Int8:
		codeInts(w, dst, a.Int8Values(), flip)
	case *array.Uint64:
		codeInts(w, dst, a.Uint64Values(), unsigned)
	case *array.Uint32:
		codeInts(w, dst, a.Uint32Values(), flip)
	case *array.Uint16:
		codeInts(w, dst, a.Uint16Values(), flip)
	case *array.Uint8:
		codeInts(w, dst, a.Uint8Values(), flip)
	case *array.Timestamp:
		codeInts(w, dst, a.TimestampValues(), flip)
	case *array.Duration:
		codeInts(w, dst, a.DurationValues(), flip)
	case *array.Date32:
		codeInts(w, dst, a.Date32Values(), flip)
	case *array.Date64:
		codeInts(w, dst, a.Date64Values(), flip)
	case *array.Time32:
		codeInts(w, dst, a.Time32Values(), flip)
	case *array.Time64:
		codeInts(w, dst, a.Time64Values(), flip)
	case *array.Float64:
		codeFloats(w, dst, a.Float64Values(), unsigned)
	case *array.Float32:
		codeFloats(w, dst, a.Float32Values(), unsigned)
	case *array.Float16:
		codeFloats(w, dst, halves(a, 0, a.Len()), unsigned)
	case *array.Boolean:
		for i := range dst {
			dst[i] = uint64(bit(a.Value(i))) ^ unsigned
		}
	case *array.Null:
	default:
		return false
	}
	return true
}

func codeInts[T fixed](w *work, dst []uint64, src []T, flip uint64) {
	blocks(w, len(dst), func(from, to int) {
		for i, v := range src[from:to] {
			dst[from+i] = uint64(int64(v)) ^ flip
		}
	})
}

// codeFloats orders floats as numbers, -0 with 0, and NaN of every kind last.
func codeFloats[T float32 | float64](w *work, dst []uint64, src []T, flip uint64) {
	nan := math.Float64bits(math.NaN()) | 1<<63
	blocks(w, len(dst), func(from, to int) {
		for i, v := range src[from:to] {
			f := float64(v) + 0 // -0 + 0 = 0
			b := math.Float64bits(f)
			b ^= uint64(int64(b)>>63) | 1<<63
			if f != f {
				b = nan
			}
			dst[from+i] = b ^ flip
		}
	})
}
