package arrowio

import (
	"math"
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// fixed are the types whose Go slices have the layout of an Arrow buffer.
type fixed interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// newBuffer allocates n bytes.
func newBuffer(mem memory.Allocator, n int) *memory.Buffer {
	b := memory.NewResizableBuffer(mem)
	b.Resize(n)
	return b
}

// newRawBuffer allocates n bytes that hold anything, for whoever writes all of
// them: of Go's memory it saves the time of making it zero.
func newRawBuffer(mem memory.Allocator, n int) *memory.Buffer {
	if mem != memory.DefaultAllocator || n < 1<<12 {
		return newBuffer(mem, n)
	}
	const align = 64 // as Arrow wants it
	var b strings.Builder
	b.Grow(n + align)
	b.WriteByte(0)
	start := unsafe.Pointer(unsafe.StringData(b.String()))
	skip := (align - int(uintptr(start)%align)) % align
	return memory.NewBufferWithAllocator(unsafe.Slice((*byte)(unsafe.Add(start, skip)), n), mem)
}

// view sees the bytes of a buffer as a slice of T.
func view[T fixed](b []byte) []T {
	if len(b) == 0 {
		return nil
	}
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), len(b)/int(unsafe.Sizeof(zero)))
}

// newFixed allocates a buffer of n values of T and gives both views of it.
func newFixed[T fixed](mem memory.Allocator, n int) (*memory.Buffer, []T) {
	var zero T
	b := newBuffer(mem, n*int(unsafe.Sizeof(zero)))
	return b, view[T](b.Bytes())
}

// newArray makes an array of buffers, taking over their references. A nil
// first buffer means that no value is null.
func newArray(dt arrow.DataType, n int, buffers []*memory.Buffer, children []arrow.ArrayData, nulls int) arrow.Array {
	data := array.NewData(dt, n, buffers, children, nulls, 0)
	defer data.Release()
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	return array.MakeFromData(data)
}

// fixedArray copies values into an array of type dt, whose layout is T's.
func fixedArray[T fixed](mem memory.Allocator, dt arrow.DataType, values []T) arrow.Array {
	b, dst := newFixed[T](mem, len(values))
	copy(dst, values)
	return newArray(dt, len(values), []*memory.Buffer{nil, b}, nil, 0)
}

// boolArray copies values into a Boolean array.
func boolArray(mem memory.Allocator, values []bool) arrow.Array {
	return newArray(arrow.FixedWidthTypes.Boolean, len(values), []*memory.Buffer{nil, bitmapOf(mem, values)}, nil, 0)
}

// bitmapOf packs values into a bitmap.
func bitmapOf(mem memory.Allocator, values []bool) *memory.Buffer {
	b := newBuffer(mem, int(bitutil.BytesForBits(int64(len(values)))))
	bits := b.Bytes()
	for i, v := range values {
		if v {
			bits[i>>3] |= 1 << (i & 7)
		}
	}
	return b
}

// stringArray copies values into a string array; its offsets take 64 bits when
// the text is too long for 32.
func stringArray(mem memory.Allocator, values []string) arrow.Array {
	total := 0
	for _, s := range values {
		total += len(s)
	}
	data := newBuffer(mem, total)
	dst := data.Bytes()
	if total <= math.MaxInt32 {
		b, offsets := newFixed[int32](mem, len(values)+1)
		fillStrings(dst, offsets, values)
		return newArray(arrow.BinaryTypes.String, len(values), []*memory.Buffer{nil, b, data}, nil, 0)
	}
	b, offsets := newFixed[int64](mem, len(values)+1)
	fillStrings(dst, offsets, values)
	return newArray(arrow.BinaryTypes.LargeString, len(values), []*memory.Buffer{nil, b, data}, nil, 0)
}

func fillStrings[O int32 | int64](dst []byte, offsets []O, values []string) {
	at := 0
	for i, s := range values {
		at += copy(dst[at:], s)
		offsets[i+1] = O(at)
	}
}

// withMoreNulls gives the array with further nulls: row i is null where it was
// or where valid[i] is false. It takes over the reference of a.
func withMoreNulls(mem memory.Allocator, a arrow.Array, valid []bool) arrow.Array {
	defer a.Release()
	old := a.Data()
	if len(old.Buffers()) == 0 { // of type null
		a.Retain()
		return a
	}
	offset, nulls := old.Offset(), 0
	bitmap := newBuffer(mem, int(bitutil.BytesForBits(int64(offset+len(valid)))))
	bits := bitmap.Bytes()
	for i, v := range valid {
		if v && !isNull(a, i) {
			bitutil.SetBit(bits, offset+i)
		} else {
			nulls++
		}
	}
	defer bitmap.Release()
	buffers := append([]*memory.Buffer{bitmap}, old.Buffers()[1:]...)
	var data *array.Data
	if dict, ok := a.(*array.Dictionary); ok {
		data = array.NewDataWithDictionary(a.DataType(), a.Len(), buffers, nulls, offset, dict.Dictionary().Data().(*array.Data))
	} else {
		data = array.NewData(a.DataType(), a.Len(), buffers, old.Children(), nulls, offset)
	}
	defer data.Release()
	return array.MakeFromData(data)
}

// newDictionary makes a dictionary array, taking over the references of the
// buffers but not that of the words.
func newDictionary(dt *arrow.DictionaryType, n int, buffers []*memory.Buffer, words arrow.Array, nulls int) arrow.Array {
	data := array.NewDataWithDictionary(dt, n, buffers, nulls, 0, words.Data().(*array.Data))
	defer data.Release()
	for _, b := range buffers {
		if b != nil {
			b.Release()
		}
	}
	return array.MakeFromData(data)
}

func fitsInt32(n int) bool { return n <= math.MaxInt32 }

// shiftBitmap copies n bits from an offset on to the begin of a new bitmap.
func shiftBitmap(mem memory.Allocator, bits []byte, offset, n int) *memory.Buffer {
	b := newBuffer(mem, int(bitutil.BytesForBits(int64(n))))
	bitutil.CopyBitmap(bits, offset, n, b.Bytes(), 0)
	return b
}

// unsafeString sees bytes as a string, for as long as they last and do not change.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
