package arrowio

import (
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// noRow in a list of rows stands for a row of nulls.
const noRow = -1

// takeRows gives the table's rows in the given order. Arrow v17's own take
// cannot do dictionaries, nor more than one core.
func (t *Table) takeRows(rows []int32) (*Table, error) {
	w := t.work
	if isIdentity(rows, t.NumRows()) {
		return t.Slice(0, t.NumRows())
	}
	cols := make([]arrow.Array, 0, t.NumCols())
	defer func() { releaseAll(cols) }()
	fields := t.Schema().Fields()
	mayNull := slices.Contains(rows, noRow)
	for i, f := range fields {
		col, err := take(w, t.mem, t.rec.Column(i), rows, mayNull)
		if err != nil {
			return nil, fmt.Errorf("arrowio: column %q: %w", f.Name, err)
		}
		fields[i].Type = col.DataType()
		fields[i].Nullable = f.Nullable || mayNull
		cols = append(cols, col)
		w.add(1)
	}
	out := tableOf(t.mem, fields, cols, len(rows))
	cols = nil
	return out, nil
}

// isIdentity tells whether rows are 0, 1, … n-1.
func isIdentity(rows []int32, n int) bool {
	if len(rows) != n {
		return false
	}
	for i, r := range rows {
		if int(r) != i {
			return false
		}
	}
	return true
}

// take gives the values of a at rows. mayNull says whether noRow is among them.
func take(w *work, mem memory.Allocator, a arrow.Array, rows []int32, mayNull bool) (arrow.Array, error) {
	data := a.Data()
	validity, nulls := takeValidity(w, mem, a, rows, mayNull)
	switch a := a.(type) {
	case *array.Null:
		return array.NewNull(len(rows)), nil
	case *array.Boolean:
		bits := takeBits(w, mem, bytesOf(data.Buffers()[1]), data.Offset(), rows)
		return newArray(a.DataType(), len(rows), []*memory.Buffer{validity, bits}, nil, nulls), nil
	case *array.String:
		return takeText(w, mem, a.DataType(), a.ValueOffsets(), data.Buffers()[2], rows, validity, nulls), nil
	case *array.LargeString:
		return takeText(w, mem, a.DataType(), a.ValueOffsets(), data.Buffers()[2], rows, validity, nulls), nil
	case *array.Binary:
		return takeText(w, mem, a.DataType(), a.ValueOffsets(), data.Buffers()[2], rows, validity, nulls), nil
	case *array.LargeBinary:
		return takeText(w, mem, a.DataType(), offsets64(data, a.Len()), data.Buffers()[2], rows, validity, nulls), nil
	case *array.Dictionary:
		width := a.DataType().(*arrow.DictionaryType).IndexType.(arrow.FixedWidthDataType).Bytes()
		index := takeBytes(w, mem, bytesOf(data.Buffers()[1]), data.Offset(), width, rows, mayNull)
		return newDictionary(a.DataType().(*arrow.DictionaryType), len(rows), []*memory.Buffer{validity, index}, a.Dictionary(), nulls), nil
	case *array.List:
		return takeList(w, mem, a, a.DataType(), a.Offsets()[data.Offset():], rows, validity, nulls)
	case *array.Map:
		return takeList(w, mem, a, a.DataType(), a.Offsets()[data.Offset():], rows, validity, nulls)
	case *array.LargeList:
		return takeList(w, mem, a, a.DataType(), a.Offsets()[data.Offset():], rows, validity, nulls)
	case *array.FixedSizeList:
		return takeFixedList(w, mem, a, rows, validity, nulls)
	case *array.Struct:
		return takeStruct(w, mem, a, rows, mayNull, validity, nulls)
	}
	if dt, ok := a.DataType().(arrow.FixedWidthDataType); ok && dt.BitWidth()%8 == 0 && len(data.Buffers()) == 2 {
		values := takeBytes(w, mem, bytesOf(data.Buffers()[1]), data.Offset(), dt.Bytes(), rows, mayNull)
		return newArray(a.DataType(), len(rows), []*memory.Buffer{validity, values}, nil, nulls), nil
	}
	if validity != nil {
		validity.Release()
	}
	return nil, fmt.Errorf("rows of type %s cannot be reordered", a.DataType())
}

// takeValidity gives the bitmap of what is there, or nil for all.
func takeValidity(w *work, mem memory.Allocator, a arrow.Array, rows []int32, mayNull bool) (*memory.Buffer, int) {
	if a.NullN() == 0 && !mayNull || a.DataType().ID() == arrow.NULL {
		return nil, 0
	}
	buf := newBuffer(mem, int(bitutil.BytesForBits(int64(len(rows)))))
	bits := buf.Bytes()
	counts := make([]int, numBlocks(len(rows)))
	old := a.NullBitmapBytes()
	offset := a.Data().Offset()
	blocks(w, len(rows), func(from, to int) {
		valid := 0
		for i := from; i < to; i++ {
			if r := rows[i]; r != noRow && (len(old) == 0 || bitutil.BitIsSet(old, offset+int(r))) {
				bits[i>>3] |= 1 << (i & 7)
				valid++
			}
		}
		counts[from/blockRows] = valid
	})
	nulls := len(rows) - prefixSums(counts)
	if nulls == 0 {
		buf.Release()
		return nil, 0
	}
	return buf, nulls
}

func takeBits(w *work, mem memory.Allocator, src []byte, offset int, rows []int32) *memory.Buffer {
	buf := newBuffer(mem, int(bitutil.BytesForBits(int64(len(rows)))))
	bits := buf.Bytes()
	blocks(w, len(rows), func(from, to int) {
		i := from
		for ; i+8 <= to; i += 8 {
			var b byte
			for j, r := range rows[i : i+8] {
				if r != noRow {
					at := uint(offset + int(r))
					b |= (src[at>>3] >> (at & 7) & 1) << j
				}
			}
			bits[i>>3] = b
		}
		for ; i < to; i++ {
			if r := rows[i]; r != noRow && bitutil.BitIsSet(src, offset+int(r)) {
				bits[i>>3] |= 1 << (i & 7)
			}
		}
	})
	return buf
}

// takeBytes gives the values of a width in bytes at rows; zeros for noRow.
func takeBytes(w *work, mem memory.Allocator, src []byte, offset, width int, rows []int32, mayNull bool) *memory.Buffer {
	make := newRawBuffer
	if mayNull {
		make = newBuffer
	}
	buf := make(mem, len(rows)*width)
	dst := buf.Bytes()
	src = src[offset*width:]
	switch width {
	case 1:
		takeFixed(w, dst, src, rows, mayNull)
	case 2:
		takeFixed(w, view[uint16](dst), view[uint16](src), rows, mayNull)
	case 4:
		takeFixed(w, view[uint32](dst), view[uint32](src), rows, mayNull)
	case 8:
		takeFixed(w, view[uint64](dst), view[uint64](src), rows, mayNull)
	default:
		blocks(w, len(rows), func(from, to int) {
			for i := from; i < to; i++ {
				if r := int(rows[i]); r != noRow {
					copy(dst[i*width:(i+1)*width], src[r*width:])
				}
			}
		})
	}
	return buf
}

func takeFixed[T fixed](w *work, dst, src []T, rows []int32, mayNull bool) {
	blocks(w, len(rows), func(from, to int) {
		part := dst[from:to]
		if !mayNull {
			for i, r := range rows[from:to] {
				part[i] = src[r]
			}
			return
		}
		for i, r := range rows[from:to] {
			if r != noRow {
				part[i] = src[r]
			}
		}
	})
}

// takeText gives text or bytes at rows, with 64-bit offsets where they must be.
func takeText[O int32 | int64](w *work, mem memory.Allocator, dt arrow.DataType, offsets []O, data *memory.Buffer, rows []int32, validity *memory.Buffer, nulls int) arrow.Array {
	starts := make([]int, numBlocks(len(rows)))
	blocks(w, len(rows), func(from, to int) {
		n := 0
		for _, r := range rows[from:to] {
			if r != noRow {
				n += int(offsets[r+1] - offsets[r])
			}
		}
		starts[from/blockRows] = n
	})
	total := prefixSums(starts)
	out := newRawBuffer(mem, total)
	src := bytesOf(data)
	wide := dt.ID() == arrow.LARGE_STRING || dt.ID() == arrow.LARGE_BINARY
	if !wide && !fitsInt32(total) {
		wide = true
		dt = map[arrow.Type]arrow.DataType{arrow.STRING: arrow.BinaryTypes.LargeString, arrow.BINARY: arrow.BinaryTypes.LargeBinary}[dt.ID()]
	}
	if wide {
		buf, ends := newFixed[int64](mem, len(rows)+1)
		copyText(w, out.Bytes(), ends[1:], src, offsets, rows, starts)
		return newArray(dt, len(rows), []*memory.Buffer{validity, buf, out}, nil, nulls)
	}
	buf, ends := newFixed[int32](mem, len(rows)+1)
	copyText(w, out.Bytes(), ends[1:], src, offsets, rows, starts)
	return newArray(dt, len(rows), []*memory.Buffer{validity, buf, out}, nil, nulls)
}

func copyText[O, P int32 | int64](w *work, dst []byte, ends []P, src []byte, offsets []O, rows []int32, starts []int) {
	blocks(w, len(rows), func(from, to int) {
		block := from / blockRows
		at, end := starts[block], len(dst)
		if block+1 < len(starts) {
			end = starts[block+1]
		}
		for i := from; i < to; i++ {
			if r := rows[i]; r != noRow {
				begin, n := int(offsets[r]), int(offsets[r+1]-offsets[r])
				if n <= 16 && at+16 <= end && begin+16 <= len(src) {
					// Sixteen bytes at once are quicker than exactly n; what is too
					// much is overwritten by the block's next text.
					copy(dst[at:at+16], src[begin:begin+16])
					at += n
				} else {
					at += copy(dst[at:], src[begin:begin+n])
				}
			}
			ends[i] = P(at)
		}
	})
}

// offsets64 gives the offsets of a large binary array.
func offsets64(data arrow.ArrayData, n int) []int64 {
	all := view[int64](bytesOf(data.Buffers()[1]))
	if len(all) == 0 {
		return []int64{0}
	}
	return all[data.Offset() : data.Offset()+n+1]
}

// takeList gives lists at rows: the rows of their values are spelled out, and
// taken in turn.
func takeList[O int32 | int64](w *work, mem memory.Allocator, a array.ListLike, dt arrow.DataType, offsets []O, rows []int32, validity *memory.Buffer, nulls int) (arrow.Array, error) {
	ends := make([]int64, len(rows))
	total := int64(0)
	for i, r := range rows {
		if r != noRow {
			total += int64(offsets[r+1] - offsets[r])
		}
		ends[i] = total
	}
	values := a.ListValues()
	buffers := []*memory.Buffer{validity, nil}
	if total > math.MaxInt32 || values.Len() > math.MaxInt32 {
		releaseBuffers(buffers)
		return nil, fmt.Errorf("%d values in lists are more than %d", total, math.MaxInt32)
	}
	inner := make([]int32, 0, total)
	for _, r := range rows {
		if r != noRow {
			for j := offsets[r]; j < offsets[r+1]; j++ {
				inner = append(inner, int32(j))
			}
		}
	}
	child, err := take(w, mem, values, inner, false)
	if err != nil {
		releaseBuffers(buffers)
		return nil, fmt.Errorf("in a list: %w", err)
	}
	defer child.Release()
	buf, out := newFixed[O](mem, len(rows)+1)
	for i, e := range ends {
		out[i+1] = O(e)
	}
	buffers[1] = buf
	return newArray(dt, len(rows), buffers, []arrow.ArrayData{child.Data()}, nulls), nil
}

func takeFixedList(w *work, mem memory.Allocator, a *array.FixedSizeList, rows []int32, validity *memory.Buffer, nulls int) (arrow.Array, error) {
	n := int(a.DataType().(*arrow.FixedSizeListType).Len())
	inner := make([]int32, 0, len(rows)*n)
	mayNull := false
	for _, r := range rows {
		for j := range n {
			if r == noRow {
				inner, mayNull = append(inner, noRow), true
				continue
			}
			inner = append(inner, int32((int(r)+a.Data().Offset())*n+j))
		}
	}
	child, err := take(w, mem, a.ListValues(), inner, mayNull)
	if err != nil {
		releaseBuffers([]*memory.Buffer{validity})
		return nil, fmt.Errorf("in a list: %w", err)
	}
	defer child.Release()
	return newArray(a.DataType(), len(rows), []*memory.Buffer{validity}, []arrow.ArrayData{child.Data()}, nulls), nil
}

func takeStruct(w *work, mem memory.Allocator, a *array.Struct, rows []int32, mayNull bool, validity *memory.Buffer, nulls int) (arrow.Array, error) {
	cols := make([]arrow.Array, 0, a.NumField())
	defer func() { releaseAll(cols) }()
	children := make([]arrow.ArrayData, a.NumField())
	fields := slices.Clone(a.DataType().(*arrow.StructType).Fields())
	for i := range fields {
		col, err := take(w, mem, a.Field(i), rows, mayNull)
		if err != nil {
			releaseBuffers([]*memory.Buffer{validity})
			return nil, fmt.Errorf("field %q: %w", fields[i].Name, err)
		}
		cols = append(cols, col)
		children[i], fields[i].Type = col.Data(), col.DataType()
	}
	return newArray(arrow.StructOf(fields...), len(rows), []*memory.Buffer{validity}, children, nulls), nil
}

// bytesOf gives the bytes of a buffer, which empty arrays may lack.
func bytesOf(b *memory.Buffer) []byte {
	if b == nil {
		return nil
	}
	return b.Bytes()
}

func releaseBuffers(buffers []*memory.Buffer) {
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
}

// spelledOut gives the values of a dictionary's words.
func spelledOut(w *work, mem memory.Allocator, a *array.Dictionary) (arrow.Array, error) {
	rows := make([]int32, a.Len())
	for i := range rows {
		if rows[i] = noRow; !isNull(a, i) {
			rows[i] = int32(a.GetValueIndex(i))
		}
	}
	return take(w, mem, a.Dictionary(), rows, a.NullN() > 0)
}
