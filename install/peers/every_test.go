package peers

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/decimal256"
	"github.com/apache/arrow/go/v17/arrow/float16"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio"
)

// everyTable has a column of every type, each with nulls and with the values at
// its ends; testdata/every.py builds the same in pyarrow.
func everyTable(t testing.TB, mem memory.Allocator) *arrowio.Table {
	t.Helper()
	b := everyBuilder{mem: mem}
	fromJSON(&b, "bool", arrow.FixedWidthTypes.Boolean, `[true,null,false,true,null]`)
	for _, c := range []struct {
		name   string
		dt     arrow.DataType
		values string
	}{
		{"int8", arrow.PrimitiveTypes.Int8, `[127,null,-128,0,-1]`},
		{"uint8", arrow.PrimitiveTypes.Uint8, `[255,null,0,1,2]`},
		{"int16", arrow.PrimitiveTypes.Int16, `[32767,null,-32768,0,-1]`},
		{"uint16", arrow.PrimitiveTypes.Uint16, `[65535,null,0,1,2]`},
		{"int32", arrow.PrimitiveTypes.Int32, `[2147483647,null,-2147483648,0,-1]`},
		{"uint32", arrow.PrimitiveTypes.Uint32, `[4294967295,null,0,1,2]`},
		{"int64", arrow.PrimitiveTypes.Int64, `["9223372036854775807",null,"-9223372036854775808",0,-1]`},
		{"uint64", arrow.PrimitiveTypes.Uint64, `["18446744073709551615",null,0,1,2]`},
	} {
		fromJSON(&b, c.name, c.dt, c.values)
	}
	nan, inf, zero := math.NaN(), math.Inf(1), math.Copysign(0, -1)
	each(&b, "float16", arrow.FixedWidthTypes.Float16, []float64{nan, 0, inf, zero, 1.5}, func(x array.Builder, f float64) {
		x.(*array.Float16Builder).Append(float16.New(float32(f)))
	})
	each(&b, "float32", arrow.PrimitiveTypes.Float32, []float64{nan, 0, -inf, zero, 0.25}, func(x array.Builder, f float64) {
		x.(*array.Float32Builder).Append(float32(f))
	})
	each(&b, "float64", arrow.PrimitiveTypes.Float64, []float64{nan, 0, inf, zero, 1e300}, func(x array.Builder, f float64) {
		x.(*array.Float64Builder).Append(f)
	})
	texts := []string{"", "", "a \"quoted\", line\nand the next", "żółć 漢字 🎈 \x00\u202e", "</script>"}
	text := func(x array.Builder, s string) { x.(array.StringLikeBuilder).Append(s) }
	each(&b, "string", arrow.BinaryTypes.String, texts, text)
	each(&b, "large_string", arrow.BinaryTypes.LargeString, texts, text)
	raw := []string{"", "", "\x00\xff", "\xc3(", "plain"}
	bytes := func(x array.Builder, s string) { x.(*array.BinaryBuilder).Append([]byte(s)) }
	each(&b, "binary", arrow.BinaryTypes.Binary, raw, bytes)
	each(&b, "large_binary", arrow.BinaryTypes.LargeBinary, raw, bytes)
	each(&b, "fixed_binary", &arrow.FixedSizeBinaryType{ByteWidth: 3}, []string{"abc", "", "\x00\x01\x02", "\xff\xff\xff", "xyz"}, func(x array.Builder, s string) {
		x.(*array.FixedSizeBinaryBuilder).Append([]byte(s))
	})
	days := []int64{19782, 0, -1, -719162, 2932896}
	each(&b, "date32", arrow.FixedWidthTypes.Date32, days, func(x array.Builder, d int64) { x.(*array.Date32Builder).Append(arrow.Date32(d)) })
	each(&b, "date64", arrow.FixedWidthTypes.Date64, days, func(x array.Builder, d int64) { x.(*array.Date64Builder).Append(arrow.Date64(d * 86_400_000)) })
	clock := []int64{45296, 0, 0, 86399, 1}
	each(&b, "time32s", arrow.FixedWidthTypes.Time32s, clock, func(x array.Builder, c int64) { x.(*array.Time32Builder).Append(arrow.Time32(c)) })
	each(&b, "time32ms", arrow.FixedWidthTypes.Time32ms, clock, func(x array.Builder, c int64) { x.(*array.Time32Builder).Append(arrow.Time32(c*1000 + 7)) })
	each(&b, "time64us", arrow.FixedWidthTypes.Time64us, clock, func(x array.Builder, c int64) { x.(*array.Time64Builder).Append(arrow.Time64(c*1e6 + 7)) })
	each(&b, "time64ns", arrow.FixedWidthTypes.Time64ns, clock, func(x array.Builder, c int64) { x.(*array.Time64Builder).Append(arrow.Time64(c*1e9 + 7)) })
	const ns = 1_709_123_456_123_456_789
	stamp := func(x array.Builder, v int64) { x.(*array.TimestampBuilder).Append(arrow.Timestamp(v)) }
	for _, unit := range []arrow.TimeUnit{arrow.Second, arrow.Millisecond, arrow.Microsecond, arrow.Nanosecond} {
		first := ns / int64(unit.Multiplier())
		each(&b, "timestamp_"+unit.String(), &arrow.TimestampType{Unit: unit}, []int64{first, 0, 0, -1, 1}, stamp)
		each(&b, "duration_"+unit.String(), &arrow.DurationType{Unit: unit}, []int64{first, 0, 0, -1, 1}, func(x array.Builder, v int64) {
			x.(*array.DurationBuilder).Append(arrow.Duration(v))
		})
	}
	each(&b, "timestamp_utc", &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}, []int64{ns / 1000, 0, 0, -1, 1}, stamp)
	each(&b, "timestamp_zone", &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "Europe/Berlin"}, []int64{ns, 0, 0, -1, 1}, stamp)
	each(&b, "decimal128", &arrow.Decimal128Type{Precision: 10, Scale: 2}, []int64{1_234_567_890, 0, -1, 0, 9_999_999_999}, func(x array.Builder, v int64) {
		x.(*array.Decimal128Builder).Append(decimal128.FromI64(v))
	})
	each(&b, "decimal256", &arrow.Decimal256Type{Precision: 50, Scale: 10},
		[]string{"12345678901234567890123456789012345678900123456789", "", "-1", "0", "10000000000"}, func(x array.Builder, s string) {
			n, _ := new(big.Int).SetString(s, 10)
			x.(*array.Decimal256Builder).Append(decimal256.FromBigInt(n))
		})
	fromJSON(&b, "null", arrow.Null, `[null,null,null,null,null]`)
	words := column(mem, arrow.BinaryTypes.String, `["red","blue","unused"]`)
	defer words.Release()
	dictionary := func(name string, index arrow.Array) {
		defer index.Release()
		b.add(name, array.NewDictionaryArray(&arrow.DictionaryType{IndexType: index.DataType(), ValueType: arrow.BinaryTypes.String}, index, words))
	}
	dictionary("dictionary", column(mem, arrow.PrimitiveTypes.Int32, `[0,null,1,0,1]`))
	dictionary("dictionary8", column(mem, arrow.PrimitiveTypes.Int8, `[1,null,0,0,1]`))
	i32, str := arrow.PrimitiveTypes.Int32, arrow.BinaryTypes.String
	field := func(name string, dt arrow.DataType) arrow.Field {
		return arrow.Field{Name: name, Type: dt, Nullable: true}
	}
	fromJSON(&b, "list", arrow.ListOf(i32), `[[1,null,3],null,[],[null],[4]]`)
	fromJSON(&b, "large_list", arrow.LargeListOf(str), `[["a",null],null,[],[""],["b"]]`)
	fromJSON(&b, "fixed_list", arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Float32), `[[1,null],null,[-0.0,2],["Inf",3],[null,null]]`)
	fromJSON(&b, "struct", arrow.StructOf(field("a", i32), field("b", arrow.ListOf(str)), field("c", arrow.StructOf(field("d", arrow.FixedWidthTypes.Boolean)))),
		`[{"a":1,"b":["x",null],"c":{"d":true}},null,{"a":null,"b":null,"c":null},{"a":2,"b":[],"c":{"d":null}},{"a":3,"b":["y"],"c":{"d":false}}]`)
	fromJSON(&b, "structs", arrow.ListOf(arrow.StructOf(field("x", arrow.PrimitiveTypes.Float64), field("y", str))),
		`[[{"x":1.5,"y":"p"},null],null,[],[{"x":null,"y":null}],[{"x":2,"y":"q"}]]`)
	fromJSON(&b, "map", arrow.MapOf(str, arrow.PrimitiveTypes.Int64),
		`[[{"key":"k","value":1},{"key":"l","value":null}],null,[],[{"key":"m","value":"1152921504606846976"}],[{"key":"n","value":-1}]]`)
	rec := array.NewRecord(arrow.NewSchema(b.fields, nil), b.cols, 5)
	defer rec.Release()
	for _, c := range b.cols {
		c.Release()
	}
	tbl := arrowio.FromRecord(rec)
	t.Cleanup(tbl.Release)
	return tbl
}

type everyBuilder struct {
	mem    memory.Allocator
	fields []arrow.Field
	cols   []arrow.Array
}

// add takes over the reference of col.
func (b *everyBuilder) add(name string, col arrow.Array) {
	b.fields = append(b.fields, arrow.Field{Name: name, Type: col.DataType(), Nullable: true})
	b.cols = append(b.cols, col)
}

// fromJSON adds a column that Arrow's own reader of JSON makes.
func fromJSON(b *everyBuilder, name string, dt arrow.DataType, values string) {
	b.add(name, column(b.mem, dt, values))
}

func column(mem memory.Allocator, dt arrow.DataType, values string) arrow.Array {
	a, _, err := array.FromJSON(mem, dt, strings.NewReader(values))
	if err != nil {
		panic(dt.String() + ": " + err.Error())
	}
	return a
}

// each adds a column value by value; the second is null.
func each[T any](b *everyBuilder, name string, dt arrow.DataType, values []T, add func(array.Builder, T)) {
	x := array.NewBuilder(b.mem, dt)
	defer x.Release()
	for i, v := range values {
		if i == 1 {
			x.AppendNull()
		} else {
			add(x, v)
		}
	}
	b.add(name, x.NewArray())
}
