package arrowio_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/float16"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio"
)

// A maker makes random columns, and beside each the values that Table.Value
// should give of it.
type maker struct {
	*rand.Rand
	mem memory.Allocator
}

func newMaker(mem memory.Allocator, seed uint64) *maker {
	return &maker{rand.New(rand.NewPCG(seed, 42)), mem}
}

// flatTypes are all types whose values are no lists and no structs.
func flatTypes() []arrow.DataType {
	types := []arrow.DataType{
		arrow.Null, arrow.FixedWidthTypes.Boolean,
		arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64,
		arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64,
		arrow.FixedWidthTypes.Float16, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64,
		arrow.BinaryTypes.String, arrow.BinaryTypes.LargeString, arrow.BinaryTypes.Binary, arrow.BinaryTypes.LargeBinary,
		&arrow.FixedSizeBinaryType{ByteWidth: 3}, arrow.FixedWidthTypes.Date32, arrow.FixedWidthTypes.Date64,
		arrow.FixedWidthTypes.Time32s, arrow.FixedWidthTypes.Time32ms, arrow.FixedWidthTypes.Time64us, arrow.FixedWidthTypes.Time64ns,
		&arrow.Decimal128Type{Precision: 38, Scale: 3}, &arrow.Decimal128Type{Precision: 9, Scale: 0}, &arrow.Decimal256Type{Precision: 70, Scale: 7},
	}
	for unit := arrow.Second; unit <= arrow.Nanosecond; unit++ {
		types = append(types, &arrow.TimestampType{Unit: unit}, &arrow.TimestampType{Unit: unit, TimeZone: "Asia/Tokyo"}, &arrow.DurationType{Unit: unit})
	}
	for _, index := range []arrow.DataType{arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64} {
		types = append(types, &arrow.DictionaryType{IndexType: index, ValueType: arrow.BinaryTypes.String})
	}
	return append(types, &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int16, ValueType: arrow.PrimitiveTypes.Int64})
}

// anyType gives a type of that depth of lists and structs at most.
func (m *maker) anyType(depth int) arrow.DataType {
	flat := flatTypes()
	if depth == 0 || m.IntN(3) == 0 {
		return flat[m.IntN(len(flat))]
	}
	inner := func() arrow.Field {
		return arrow.Field{Name: "item", Type: m.anyType(depth - 1), Nullable: true}
	}
	switch m.IntN(5) {
	case 0:
		return arrow.ListOfField(inner())
	case 1:
		return arrow.LargeListOfField(inner())
	case 2:
		return arrow.FixedSizeListOfField(int32(1+m.IntN(3)), inner())
	case 3:
		return arrow.MapOf(arrow.BinaryTypes.String, m.anyType(depth-1))
	}
	fields := make([]arrow.Field, 1+m.IntN(3))
	for i := range fields {
		fields[i] = inner()
		fields[i].Name = fmt.Sprint("f", i)
	}
	return arrow.StructOf(fields...)
}

// texts are what readers and writers of text take for something else.
var texts = []string{"", " ", "a", "b", "null", "NaN", "true", "12", "007", "1.5", "-0", "2024-03-16", "2024-03-16 12:30:00", "\"", "'", ",", ";", "\\",
	"a\nb", "a\r\nb", "\r", "\t", " a", "a ", "\x00", "\x00\x00", "\ufeffa", "żółć 漢字 🎈", "a\u2028b", "x\x7fy", "inf", "1e5", "#", strings.Repeat("long ", 300)}

func pick[T any](m *maker, of ...T) T { return of[m.IntN(len(of))] }

// integer gives an integer of so many bits, often one at the end of its range.
func (m *maker) integer(bits int) int64 {
	low := int64(-1) << (bits - 1)
	return pick(m, 0, 0, 1, -1, 2, 3, low, ^low, low+1, int64(m.Uint64())>>(64-bits))
}

func (m *maker) bigInt(digits int) *big.Int {
	n := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	switch m.IntN(4) {
	case 0:
		n.Sub(n, big.NewInt(1))
	case 1:
		n.Neg(n.Sub(n, big.NewInt(1)))
	default:
		n.SetInt64(m.integer(16))
	}
	return n
}

func (m *maker) float() float64 {
	return pick(m, 0, math.Copysign(0, -1), 1, -1, 0.5, 2.5, math.NaN(), math.Inf(1), math.Inf(-1), m.NormFloat64(), float64(m.IntN(4)))
}

// value appends a random value that is not null, and gives what Table.Value
// should give of it.
func (m *maker) value(b array.Builder) any {
	switch b := b.(type) {
	case *array.NullBuilder:
		b.AppendNull()
		return nil
	case *array.BooleanBuilder:
		v := m.IntN(2) == 0
		b.Append(v)
		return v
	case *array.Int8Builder:
		v := m.integer(8)
		b.Append(int8(v))
		return v
	case *array.Int16Builder:
		v := m.integer(16)
		b.Append(int16(v))
		return v
	case *array.Int32Builder:
		v := m.integer(32)
		b.Append(int32(v))
		return v
	case *array.Int64Builder:
		v := m.integer(64)
		b.Append(v)
		return v
	case *array.Uint8Builder:
		v := uint8(m.integer(8))
		b.Append(v)
		return uint64(v)
	case *array.Uint16Builder:
		v := uint16(m.integer(16))
		b.Append(v)
		return uint64(v)
	case *array.Uint32Builder:
		v := uint32(m.integer(32))
		b.Append(v)
		return uint64(v)
	case *array.Uint64Builder:
		v := uint64(m.integer(64))
		b.Append(v)
		return v
	case *array.Float16Builder:
		v := float16.New(float32(m.float()))
		b.Append(v)
		return float64(v.Float32())
	case *array.Float32Builder:
		v := float32(m.float())
		b.Append(v)
		return float64(v)
	case *array.Float64Builder:
		v := m.float()
		b.Append(v)
		return v
	case *array.FixedSizeBinaryBuilder:
		v := []byte(pick(m, "abc", "\x00\x00\x00", "\xff\xff\xff", "ab\x00"))
		b.Append(v)
		return v
	case *array.StringBuilder, *array.LargeStringBuilder:
		v := pick(m, texts...)
		b.(array.StringLikeBuilder).Append(v)
		return v
	case *array.BinaryBuilder:
		v := []byte(pick(m, append([]string{"\xff", "\xc3("}, texts...)...))
		b.Append(v)
		return v
	case *array.Date32Builder:
		v := arrow.Date32(pick(m, 0, -1, 19782, -719162, 2932896))
		b.Append(v)
		return v.ToTime()
	case *array.Date64Builder:
		v := arrow.Date64(pick[int64](m, 0, -1, 19782, -719162, 2932896) * 86_400_000)
		b.Append(v)
		return v.ToTime()
	case *array.Time32Builder:
		unit := b.Type().(*arrow.Time32Type).Unit
		v := arrow.Time32(pick(m, 0, 1, 45296, 86399))
		b.Append(v)
		return v.FormattedString(unit)
	case *array.Time64Builder:
		unit := b.Type().(*arrow.Time64Type).Unit
		v := arrow.Time64(pick(m, 0, 1, 45296, 86399))
		b.Append(v)
		return v.FormattedString(unit)
	case *array.TimestampBuilder:
		unit := b.Type().(*arrow.TimestampType).Unit
		v := arrow.Timestamp(pick(m, 0, -1, 1, 1_709_123_456, -1_709_123_456))
		b.Append(v)
		return v.ToTime(unit)
	case *array.DurationBuilder:
		unit := b.Type().(*arrow.DurationType).Unit
		v := pick[int64](m, 0, -1, 1, 1_709_123_456, -1_709_123_456)
		b.Append(arrow.Duration(v))
		return time.Duration(v) * unit.Multiplier()
	case *array.Decimal128Builder:
		dt := b.Type().(*arrow.Decimal128Type)
		n := m.bigInt(int(dt.Precision))
		b.Append(decimal128.FromBigInt(n))
		return decimalText(n, int(dt.Scale))
	case *array.Decimal256Builder:
		dt := b.Type().(*arrow.Decimal256Type)
		n := m.bigInt(int(dt.Precision))
		b.Append(decimal256.FromBigInt(n))
		return decimalText(n, int(dt.Scale))
	case *array.BinaryDictionaryBuilder: // below a list or struct
		v := pick(m, texts...)
		if err := b.AppendString(v); err != nil {
			panic(err)
		}
		return v
	case *array.Int64DictionaryBuilder:
		v := m.integer(64)
		if err := b.Append(v); err != nil {
			panic(err)
		}
		return v
	case *array.StructBuilder:
		b.Append(true)
		v := map[string]any{}
		for i, f := range b.Type().(*arrow.StructType).Fields() {
			v[f.Name] = m.valueOrNull(b.FieldBuilder(i), 4)
		}
		return v
	case *array.MapBuilder:
		b.Append(true)
		v := map[string]any{}
		for i := range m.IntN(3) {
			key := fmt.Sprint("k", i)
			b.KeyBuilder().(*array.StringBuilder).Append(key)
			v[key] = m.valueOrNull(b.ItemBuilder(), 4)
		}
		return v
	case *array.FixedSizeListBuilder:
		b.Append(true)
		return m.list(b.ValueBuilder(), int(b.Type().(*arrow.FixedSizeListType).Len()))
	case array.ListLikeBuilder:
		b.Append(true)
		return m.list(b.ValueBuilder(), m.IntN(4))
	}
	panic(fmt.Sprintf("no values for %T", b))
}

func (m *maker) list(b array.Builder, n int) []any {
	v := make([]any, n)
	for i := range v {
		v[i] = m.valueOrNull(b, 4)
	}
	return v
}

// valueOrNull is null once in so many times.
func (m *maker) valueOrNull(b array.Builder, once int) any {
	if m.IntN(once) > 0 {
		return m.value(b)
	}
	b.AppendNull()
	return nil
}

func decimalText(n *big.Int, scale int) string {
	digits := new(big.Int).Abs(n).String()
	if scale > 0 {
		digits = strings.Repeat("0", max(0, scale+1-len(digits))) + digits
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

// column gives a random column of n rows, the values of a longer one from some
// row on, as tables cut from others have them.
func (m *maker) column(dt arrow.DataType, n int) (arrow.Array, []any) {
	before, after := m.IntN(3)*m.IntN(9), m.IntN(3)
	values := make([]any, before+n+after)
	nullOnce := pick(m, 2, 5, math.MaxInt)
	var whole arrow.Array
	if d, ok := dt.(*arrow.DictionaryType); ok {
		whole = m.dictionary(d, values, nullOnce)
	} else {
		b := array.NewBuilder(m.mem, dt)
		defer b.Release()
		for i := range values {
			values[i] = m.valueOrNull(b, nullOnce)
		}
		whole = b.NewArray()
	}
	defer whole.Release()
	return array.NewSlice(whole, int64(before), int64(before+n)), values[before : before+n]
}

// dictionary has words twice, words that no row has, and sometimes null as a word.
func (m *maker) dictionary(dt *arrow.DictionaryType, values []any, nullOnce int) arrow.Array {
	words := array.NewBuilder(m.mem, dt.ValueType)
	defer words.Release()
	known := make([]any, 6)
	for i := range known {
		known[i] = m.valueOrNull(words, pick(m, 5, math.MaxInt))
	}
	index := array.NewBuilder(m.mem, dt.IndexType)
	defer index.Release()
	for i := range values {
		if m.IntN(nullOnce) == 0 {
			index.AppendNull()
			continue
		}
		at := m.IntN(len(known))
		values[i] = known[at]
		if err := index.AppendValueFromString(fmt.Sprint(at)); err != nil {
			panic(err)
		}
	}
	indices, list := index.NewArray(), words.NewArray()
	defer indices.Release()
	defer list.Release()
	return array.NewDictionaryArray(dt, indices, list)
}

// table gives a table of such columns and the values of each.
func (m *maker) table(t testing.TB, n int, types ...arrow.DataType) (*arrowio.Table, map[string][]any) {
	t.Helper()
	b := arrowio.NewTableIn(m.mem)
	all := map[string][]any{}
	for i, dt := range types {
		name := fmt.Sprint("c", i)
		col, values := m.column(dt, n)
		b.Array(name, col)
		col.Release()
		all[name] = values
	}
	return must(t)(b.Build()), all
}
