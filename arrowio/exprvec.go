package arrowio

import (
	"math"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

type vecKind byte

const (
	vecNull vecKind = iota
	vecBool
	vecInt
	vecFloat
	vecText
	vecTime // nanoseconds of UTC, in ints
	vecList // only its lengths, in ints
)

var vecKindNames = [...]string{"null", "a Boolean", "an integer", "a number", "text", "a time", "a list"}

// A vec is the values of an expression for a block of rows, or one value for
// all of them. What it points to belongs to the table or to the evaluation.
type vec struct {
	kind   vecKind
	scalar bool // the first value stands for every row
	bools  []bool
	ints   []int64
	floats []float64
	texts  []string
	valid  []bool         // nil: none is null
	zone   *time.Location // of times that have parts; nil is UTC

	exact   *decimals // of decimals, whose kind is vecFloat, in place of floats
	literal bool      // a number as it is written
}

func (v *vec) isValid(i int) bool {
	if v.kind == vecNull {
		return false
	}
	if v.scalar {
		i = 0
	}
	return v.valid == nil || v.valid[i]
}

// spread gives n values in place of one.
func spread[T any](values []T, scalar bool, n int) []T {
	if !scalar {
		return values
	}
	out := make([]T, n)
	for i := range out {
		out[i] = values[0]
	}
	return out
}

// loadVec reads rows [from, to) of a column; ok is false for types that no
// expression knows.
func loadVec(a arrow.Array, from, to int) (v vec, ok bool) {
	if a.NullN() > 0 {
		v.valid = make([]bool, to-from)
		for i := range v.valid {
			v.valid[i] = !isNull(a, from+i)
		}
	}
	v.kind = vecInt
	switch a := a.(type) {
	case *array.Int64:
		v.ints = a.Int64Values()[from:to]
	case *array.Int32:
		v.ints = convert[int64](a.Int32Values()[from:to])
	case *array.Int16:
		v.ints = convert[int64](a.Int16Values()[from:to])
	case *array.Int8:
		v.ints = convert[int64](a.Int8Values()[from:to])
	case *array.Uint32:
		v.ints = convert[int64](a.Uint32Values()[from:to])
	case *array.Uint16:
		v.ints = convert[int64](a.Uint16Values()[from:to])
	case *array.Uint8:
		v.ints = convert[int64](a.Uint8Values()[from:to])
	case *array.Uint64:
		v.ints = convert[int64](a.Uint64Values()[from:to])
	case *array.Float64:
		v.kind, v.floats = vecFloat, a.Float64Values()[from:to]
	case *array.Float32:
		v.kind, v.floats = vecFloat, convert[float64](a.Float32Values()[from:to])
	case *array.Float16:
		v.kind, v.floats = vecFloat, convert[float64](halves(a, from, to))
	case *array.Decimal128, *array.Decimal256:
		v.kind, v.exact = vecFloat, loadDecimals(a, from, to)
	case *array.Boolean:
		v.kind, v.bools = vecBool, make([]bool, to-from)
		for i := range v.bools {
			v.bools[i] = a.Value(from + i)
		}
	case *array.String:
		v.kind, v.texts = vecText, make([]string, to-from)
		for i := range v.texts {
			v.texts[i] = a.Value(from + i)
		}
	case *array.LargeString:
		v.kind, v.texts = vecText, make([]string, to-from)
		for i := range v.texts {
			v.texts[i] = a.Value(from + i)
		}
	case *array.Timestamp, *array.Date32, *array.Date64:
		return loadTimes(a, from, to, v.valid), true
	case *array.Null:
		v.kind = vecNull
	case *array.Dictionary:
		return loadDictionary(a, from, to, v.valid)
	case *array.Map:
		return v, false
	case array.ListLike:
		v.kind, v.ints = vecList, make([]int64, to-from)
		for i := range v.ints {
			begin, end := a.ValueOffsets(from + i)
			v.ints[i] = end - begin
		}
	default:
		return v, false
	}
	return v, true
}

// loadTimes reads rows of a column of instants or days.
func loadTimes(a arrow.Array, from, to int, valid []bool) vec {
	v := vec{kind: vecTime, valid: valid, ints: make([]int64, to-from)}
	switch a := a.(type) {
	case *array.Timestamp:
		dt := a.DataType().(*arrow.TimestampType)
		if zone, err := time.LoadLocation(dt.TimeZone); err == nil {
			v.zone = zone
		}
		for i := range v.ints {
			v.ints[i] = nanoseconds(int64(a.Value(from+i)), dt.Unit.Multiplier())
		}
	case *array.Date32:
		for i := range v.ints {
			v.ints[i] = nanoseconds(int64(a.Value(from+i)), 24*time.Hour)
		}
	case *array.Date64:
		for i := range v.ints {
			v.ints[i] = nanoseconds(int64(a.Value(from+i)), time.Millisecond)
		}
	}
	return v
}

func loadDictionary(a *array.Dictionary, from, to int, valid []bool) (vec, bool) {
	v := vec{kind: vecText, valid: valid, texts: make([]string, to-from)}
	switch words := a.Dictionary().(type) {
	case *array.String:
		for i := range v.texts {
			if !isNull(a, from+i) {
				v.texts[i] = words.Value(a.GetValueIndex(from + i))
			}
		}
	case *array.LargeString:
		for i := range v.texts {
			if !isNull(a, from+i) {
				v.texts[i] = words.Value(a.GetValueIndex(from + i))
			}
		}
	default:
		return v, false
	}
	return v, true
}

// tooLarge gives the first value of a column, from a row up to another, that no
// int64 holds.
func tooLarge(a arrow.Array, from, to int) (uint64, bool) {
	if u, ok := a.(*array.Uint64); ok {
		for i, v := range u.Uint64Values()[from:to] {
			if v > math.MaxInt64 && u.IsValid(from+i) {
				return v, true
			}
		}
	}
	return 0, false
}

// asFloats gives the numbers of an integer or float vec.
func (v *vec) asFloats() []float64 {
	if v.exact != nil {
		return v.exact.floats()
	}
	if v.kind == vecFloat {
		return v.floats
	}
	return convert[float64](v.ints)
}

// join of validities: null where either is.
func bothValid(a, b *vec, n int) []bool {
	if a.kind != vecNull && b.kind != vecNull && a.valid == nil && b.valid == nil {
		return nil
	}
	valid := make([]bool, n)
	for i := range valid {
		valid[i] = a.isValid(i) && b.isValid(i)
	}
	return valid
}

// runes counts characters.
func runes(s string) int64 { return int64(utf8.RuneCountInString(s)) }

// vecArray puts the blocks of a result together to a column of n rows.
func vecArray(w *work, mem memory.Allocator, parts []vec, n int) arrow.Array {
	kind := vecNull
	anyNull := false
	for i := range parts {
		kind = max(kind, parts[i].kind)
	}
	if kind == vecNull {
		return array.NewNull(n)
	}
	size := func(i int) int { return min(blockRows, n-i*blockRows) }
	var valid []bool
	for i := range parts {
		if p := &parts[i]; p.valid != nil || p.kind == vecNull {
			anyNull = true
		}
	}
	if anyNull {
		valid = make([]bool, 0, n)
		for i := range parts {
			for j := range size(i) {
				valid = append(valid, parts[i].isValid(j))
			}
		}
	}
	var out arrow.Array
	switch kind {
	case vecBool:
		out = boolArray(mem, gather(w, parts, n, func(v *vec) []bool { return v.bools }))
	case vecInt, vecList:
		out = fixedArray(mem, arrow.PrimitiveTypes.Int64, gather(w, parts, n, func(v *vec) []int64 { return v.ints }))
	case vecTime:
		out = fixedArray(mem, timestampNS, gather(w, parts, n, func(v *vec) []int64 { return v.ints }))
	case vecFloat:
		if out = decimalArray(mem, parts, n); out != nil {
			break
		}
		out = fixedArray(mem, arrow.PrimitiveTypes.Float64, gather(w, parts, n, (*vec).asFloats))
	case vecText:
		out = stringArray(mem, gather(w, parts, n, func(v *vec) []string { return v.texts }))
	}
	if !anyNull {
		return out
	}
	return withMoreNulls(mem, out, valid)
}

func gather[T any](w *work, parts []vec, n int, values func(*vec) []T) []T {
	out := make([]T, n)
	tasks(w, len(parts), func(i int) {
		block := out[i*blockRows : min(n, (i+1)*blockRows)]
		if v := &parts[i]; v.kind != vecNull {
			copy(block, spread(values(v), v.scalar, len(block)))
		}
	})
	return out
}

// bit is 1 for true, without a branch.
func bit(b bool) int { return int(*(*byte)(unsafe.Pointer(&b))) }

// boolBytes sees Booleans as bytes of 0 and 1.
func boolBytes(b []bool) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}
