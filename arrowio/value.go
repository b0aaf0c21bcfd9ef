package arrowio

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// convert copies values of one numeric type to another.
func convert[To, From fixed](from []From) []To {
	to := make([]To, len(from))
	for i, v := range from {
		to[i] = To(v)
	}
	return to
}

// numbers copies the values of a numeric array, whatever stands at nulls.
func numbers[To fixed](a arrow.Array) ([]To, bool) {
	switch a := a.(type) {
	case *array.Int8:
		return convert[To](a.Int8Values()), true
	case *array.Int16:
		return convert[To](a.Int16Values()), true
	case *array.Int32:
		return convert[To](a.Int32Values()), true
	case *array.Int64:
		return convert[To](a.Int64Values()), true
	case *array.Uint8:
		return convert[To](a.Uint8Values()), true
	case *array.Uint16:
		return convert[To](a.Uint16Values()), true
	case *array.Uint32:
		return convert[To](a.Uint32Values()), true
	case *array.Uint64:
		return convert[To](a.Uint64Values()), true
	}
	return nil, false
}

func floatValues(a arrow.Array) ([]float64, bool) {
	switch a := a.(type) {
	case *array.Float64:
		return convert[float64](a.Float64Values()), true
	case *array.Float32:
		return convert[float64](a.Float32Values()), true
	case *array.Float16:
		v := make([]float64, a.Len())
		for i := range v {
			v[i] = float64(a.Value(i).Float32())
		}
		return v, true
	case *array.Decimal128, *array.Decimal256:
		return loadDecimals(a, 0, a.Len()).floats(), true
	case *array.Null:
		return make([]float64, a.Len()), true
	}
	return numbers[float64](a)
}

func intValues(a arrow.Array) ([]int, bool) {
	wide, ok := numbers[int64](a)
	if !ok {
		return nil, false
	}
	v := make([]int, len(wide))
	_, unsigned := a.(*array.Uint64)
	for i, x := range wide {
		if v[i] = int(x); int64(v[i]) != x || unsigned && x < 0 {
			return nil, false
		}
	}
	return v, true
}

func int32Values(a arrow.Array) ([]int32, bool) {
	if a, ok := a.(*array.Int32); ok {
		return convert[int32](a.Int32Values()), true
	}
	wide, ok := intValues(a)
	if !ok {
		return nil, false
	}
	v := make([]int32, len(wide))
	for i, x := range wide {
		if x != int(int32(x)) {
			return nil, false
		}
		v[i] = int32(x)
	}
	return v, true
}

// stringValues copies the text of an array into one Go string that all values
// are slices of, so that they outlive the array at the cost of one allocation.
func stringValues(a arrow.Array) ([]string, bool) {
	switch a := a.(type) {
	case *array.String:
		return cutStrings(a.ValueBytes(), a.ValueOffsets()), true
	case *array.LargeString:
		return cutStrings(a.ValueBytes(), a.ValueOffsets()), true
	case *array.StringView:
		v := make([]string, a.Len())
		for i := range v {
			v[i] = strings.Clone(a.Value(i))
		}
		return v, true
	case *array.Dictionary:
		words, ok := stringValues(a.Dictionary())
		if !ok {
			return nil, false
		}
		v := make([]string, a.Len())
		for i := range v {
			if !isNull(a, i) {
				v[i] = words[a.GetValueIndex(i)]
			}
		}
		return v, true
	}
	return nil, false
}

func cutStrings[O int32 | int64](data []byte, offsets []O) []string {
	if len(offsets) == 0 {
		return []string{}
	}
	all, first := string(data), offsets[0]
	v := make([]string, len(offsets)-1)
	for i := range v {
		v[i] = all[offsets[i]-first : offsets[i+1]-first]
	}
	return v
}

// goValue gives the value at i as Table.Value describes.
func goValue(a arrow.Array, i int) any {
	if isNull(a, i) {
		return nil
	}
	switch a := a.(type) {
	case *array.Boolean:
		return a.Value(i)
	case *array.String:
		return strings.Clone(a.Value(i))
	case *array.LargeString:
		return strings.Clone(a.Value(i))
	case *array.StringView:
		return strings.Clone(a.Value(i))
	case *array.Float64:
		return a.Value(i)
	case *array.Float32:
		return float64(a.Value(i))
	case *array.Float16:
		return float64(a.Value(i).Float32())
	case *array.Int8:
		return int64(a.Value(i))
	case *array.Int16:
		return int64(a.Value(i))
	case *array.Int32:
		return int64(a.Value(i))
	case *array.Int64:
		return a.Value(i)
	case *array.Uint8:
		return uint64(a.Value(i))
	case *array.Uint16:
		return uint64(a.Value(i))
	case *array.Uint32:
		return uint64(a.Value(i))
	case *array.Uint64:
		return a.Value(i)
	case *array.Binary:
		return append([]byte{}, a.Value(i)...)
	case *array.LargeBinary:
		return append([]byte{}, a.Value(i)...)
	case *array.FixedSizeBinary:
		return append([]byte{}, a.Value(i)...)
	case *array.Timestamp:
		return a.Value(i).ToTime(a.DataType().(*arrow.TimestampType).Unit)
	case *array.Date32:
		return a.Value(i).ToTime()
	case *array.Date64:
		return a.Value(i).ToTime()
	case *array.Duration:
		return durationValue(a, i)
	case *array.MonthDayNanoInterval:
		v := a.Value(i)
		return fmt.Sprintf("%s, %s, %v", plural(int(v.Months), "month"), plural(int(v.Days), "day"), time.Duration(v.Nanoseconds))
	case *array.Time32:
		return a.Value(i).FormattedString(a.DataType().(*arrow.Time32Type).Unit)
	case *array.Time64:
		return a.Value(i).FormattedString(a.DataType().(*arrow.Time64Type).Unit)
	case *array.Decimal128:
		return decimalText(a.Value(i).BigInt(), a.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Decimal256:
		return decimalText(a.Value(i).BigInt(), a.DataType().(*arrow.Decimal256Type).Scale)
	case *array.Dictionary:
		return goValue(a.Dictionary(), a.GetValueIndex(i))
	case *array.Struct:
		return structValue(a, i)
	case *array.Map:
		return mapValue(a, i)
	case array.ListLike:
		from, to := a.ValueOffsets(i)
		list := make([]any, 0, to-from)
		for j := from; j < to; j++ {
			list = append(list, goValue(a.ListValues(), int(j)))
		}
		return list
	}
	return a.ValueStr(i)
}

// durationValue is a time.Duration, or a text where that, which reaches 292 years,
// holds it not.
func durationValue(a *array.Duration, i int) any {
	v, unit := int64(a.Value(i)), a.DataType().(*arrow.DurationType).Unit
	if limit := math.MaxInt64 / int64(unit.Multiplier()); v > limit || v < -limit {
		return fmt.Sprintf("%d%v", v, unit)
	}
	return time.Duration(v) * unit.Multiplier()
}

func structValue(a *array.Struct, i int) map[string]any {
	fields := a.DataType().(*arrow.StructType).Fields()
	m := make(map[string]any, len(fields))
	for j, f := range fields {
		m[f.Name] = goValue(a.Field(j), i)
	}
	return m
}

func mapValue(a *array.Map, i int) map[string]any {
	from, to := a.ValueOffsets(i)
	m := make(map[string]any, to-from)
	for j := int(from); j < int(to); j++ {
		m[fmt.Sprint(goValue(a.Keys(), j))] = goValue(a.Items(), j)
	}
	return m
}

// typeName is the short word for a type under a column's name, in the manner of
// Polars.
func typeName(dt arrow.DataType) string {
	switch dt := dt.(type) {
	case *arrow.BooleanType:
		return "bool"
	case *arrow.StringType, *arrow.LargeStringType, *arrow.StringViewType:
		return "str"
	case *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.BinaryViewType:
		return "binary"
	case *arrow.TimestampType:
		if dt.TimeZone == "" {
			return "datetime[" + dt.Unit.String() + "]"
		}
		return "datetime[" + dt.Unit.String() + ", " + dt.TimeZone + "]"
	case *arrow.DurationType:
		return "duration[" + dt.Unit.String() + "]"
	case *arrow.Date32Type, *arrow.Date64Type:
		return "date"
	case *arrow.MonthDayNanoIntervalType:
		return "interval"
	case *arrow.Time32Type, *arrow.Time64Type:
		return "time"
	case arrow.DecimalType:
		return fmt.Sprintf("decimal[%d, %d]", dt.GetPrecision(), dt.GetScale())
	case *arrow.FixedSizeBinaryType:
		return fmt.Sprintf("binary[%d]", dt.ByteWidth)
	case *arrow.DictionaryType:
		return "cat"
	case *arrow.MapType:
		return "map[" + typeName(dt.KeyType()) + ", " + typeName(dt.ItemType()) + "]"
	case arrow.ListLikeType:
		return "list[" + typeName(dt.Elem()) + "]"
	case *arrow.StructType:
		return fmt.Sprintf("struct[%d]", dt.NumFields())
	}
	name := dt.Name()
	for _, p := range [][2]string{{"uint", "u"}, {"int", "i"}, {"float", "f"}} {
		if rest, ok := strings.CutPrefix(name, p[0]); ok && len(rest) <= 2 {
			return p[1] + rest
		}
	}
	if name == "double" {
		return "f64"
	}
	return name
}

// isNumber tells whether values of a type are numbers, which stand on the right.
func isNumber(dt arrow.DataType) bool {
	return arrow.IsInteger(dt.ID()) || arrow.IsFloating(dt.ID()) || arrow.IsDecimal(dt.ID())
}

// isFinite tells whether f is neither infinite nor NaN.
func isFinite(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }

// isNull tells whether a value is null: in a column of type null, of which v17's
// own IsNull knows nothing, every one is.
func isNull(a arrow.Array, i int) bool { return a.IsNull(i) || a.DataType().ID() == arrow.NULL }
