package arrowio

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// Arrow v17's Parquet reader gives decimals of more than 38 digits wrong values
// where they are below zero: it extends their sign by bytes taken for bits. So it
// is made to read their bytes, and they are put together here.

// decimalsAsBytes has the reader give bytes for such decimals.
func decimalsAsBytes(fields []pqarrow.SchemaField, leaves *schema.Schema) {
	for i := range fields {
		f := &fields[i]
		if len(f.Children) > 0 {
			decimalsAsBytes(f.Children, leaves)
			continue
		}
		if f.Field.Type.ID() != arrow.DECIMAL256 {
			continue
		}
		field := *f.Field
		switch leaf := leaves.Column(f.ColIndex); leaf.PhysicalType() {
		case parquet.Types.FixedLenByteArray:
			field.Type = &arrow.FixedSizeBinaryType{ByteWidth: leaf.TypeLength()}
		case parquet.Types.ByteArray:
			field.Type = arrow.BinaryTypes.Binary
		}
		f.Field = &field
	}
}

// decimalsOfBytes gives the column with its decimals, which its type still has
// where they lie in lists and structs. It takes over the reference of a.
func decimalsOfBytes(mem memory.Allocator, a arrow.Array, dt arrow.DataType) (arrow.Array, error) {
	if !hasDecimal256(dt) {
		return a, nil
	}
	defer a.Release()
	data, err := decimalData(mem, a.Data(), dt)
	if err != nil {
		return nil, err
	}
	defer data.Release()
	return array.MakeFromData(data), nil
}

func hasDecimal256(dt arrow.DataType) bool {
	if nested, ok := dt.(arrow.NestedType); ok {
		for _, f := range nested.Fields() {
			if hasDecimal256(f.Type) {
				return true
			}
		}
	}
	return dt.ID() == arrow.DECIMAL256
}

func decimalData(mem memory.Allocator, d arrow.ArrayData, dt arrow.DataType) (arrow.ArrayData, error) {
	if dt.ID() == arrow.DECIMAL256 && d.DataType().ID() != arrow.DECIMAL256 {
		return decimalsOf256(mem, d, dt)
	}
	nested, ok := dt.(arrow.NestedType)
	if !ok || len(d.Children()) != nested.NumFields() {
		d.Retain()
		return d, nil
	}
	children := make([]arrow.ArrayData, 0, len(d.Children()))
	defer func() {
		for _, c := range children {
			c.Release()
		}
	}()
	for i, f := range nested.Fields() {
		c, err := decimalData(mem, d.Children()[i], f.Type)
		if err != nil {
			return nil, err
		}
		children = append(children, c)
	}
	return array.NewData(dt, d.Len(), d.Buffers(), children, d.NullN(), d.Offset()), nil
}

// decimalsOf256 reads bytes of big-endian two's complement.
func decimalsOf256(mem memory.Allocator, d arrow.ArrayData, dt arrow.DataType) (arrow.ArrayData, error) {
	bytes := array.MakeFromData(d)
	defer bytes.Release()
	values, ok := bytes.(interface{ Value(int) []byte })
	if !ok {
		return nil, fmt.Errorf("decimals as %s", typeName(bytes.DataType()))
	}
	buf, limbs := newFixed[uint64](mem, 4*bytes.Len()) // of each value the least first
	for i := range bytes.Len() {
		if isNull(bytes, i) {
			continue
		}
		v := values.Value(i)
		if len(v) == 0 || len(v) > 32 {
			buf.Release()
			return nil, fmt.Errorf("row %d: a decimal of %d bytes", i, len(v))
		}
		var wide [32]byte
		if v[0] >= 0x80 {
			for k := range wide {
				wide[k] = 0xff
			}
		}
		copy(wide[32-len(v):], v)
		for k := range 4 {
			limbs[4*i+k] = binary.BigEndian.Uint64(wide[8*(3-k):])
		}
	}
	a := newArray(dt, bytes.Len(), []*memory.Buffer{validityOf(mem, bytes), buf}, nil, bytes.NullN())
	defer a.Release()
	a.Data().Retain()
	return a.Data(), nil
}
