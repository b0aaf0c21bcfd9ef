package arrowio

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// OpenIPC opens an Arrow IPC file without reading it: the file is mapped into
// memory, and its pages are read when they are used and given back when memory
// is short. The table should be released, which unmaps the file with the last
// table or record that shares it; otherwise it stays mapped until the process
// ends. While it is mapped, the file must not be changed in place (arrowio and
// most writers replace files, which is safe).
//
// Only a file of one record batch, not compressed and without dictionaries, views
// and unions, can be used as it lies, as WriteIPC writes it by default; any other
// is read as by ReadIPC. Mapped tells which it was.
func OpenIPC(path string) (*Table, error) {
	return readFile(path, "ipc", nil, func(f *source, o ReadOptions) (*Table, error) {
		t, err := mapIPC(f)
		if errors.Is(err, errNotMappable) {
			return readIPCFile(f, o)
		}
		return t, err
	})
}

// Mapped tells whether the table's values lie in a file mapped by OpenIPC.
func (t *Table) Mapped() bool {
	for _, c := range t.rec.Columns() {
		for _, b := range c.Data().Buffers() {
			if b != nil && b.Parent() != nil {
				return true
			}
		}
	}
	return false
}

var errNotMappable = errors.New("cannot be mapped")

// unmapper is the allocator of a mapping: giving the memory back unmaps it.
type unmapper struct{}

func (unmapper) Allocate(int) []byte           { panic("arrowio: a mapping allocates nothing") }
func (unmapper) Reallocate(int, []byte) []byte { panic("arrowio: a mapping does not grow") }
func (unmapper) Free(b []byte)                 { _ = unmapFile(b) }

func mapIPC(f *source) (*Table, error) {
	if err := CheckIPCFile(f, f.size()); err != nil {
		return nil, err
	}
	r, err := ipc.NewFileReader(f, ipc.WithAllocator(readerMemory(f.size())))
	if err != nil {
		return nil, err
	}
	schema := r.Schema()
	if r.NumRecords() != 1 || r.NumDictionaries() > 0 {
		return nil, errNotMappable
	}
	for _, field := range schema.Fields() {
		if !mappable(field.Type) {
			return nil, errNotMappable
		}
	}
	data, err := mapFile(f.File)
	if err != nil {
		return nil, fmt.Errorf("map: %w", err)
	}
	root := memory.NewBufferWithAllocator(data, unmapper{})
	defer root.Release()
	l, rows, err := newMapLoader(root)
	if err != nil {
		return nil, err
	}
	cols := make([]arrow.Array, 0, schema.NumFields())
	defer func() { releaseAll(cols) }()
	for _, field := range schema.Fields() {
		d, err := l.load(field.Type)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", field.Name, err)
		}
		if d.Len() != rows {
			d.Release()
			return nil, fmt.Errorf("column %q: %d rows, the batch has %d", field.Name, d.Len(), rows)
		}
		cols = append(cols, array.MakeFromData(d))
		d.Release()
	}
	rec := array.NewRecord(schema, cols, int64(rows))
	return newTable(nil, uniqueNames(rec)), nil
}

// mappable tells whether load knows a type.
func mappable(dt arrow.DataType) bool {
	switch dt := dt.(type) {
	case *arrow.StringType, *arrow.LargeStringType, *arrow.BinaryType, *arrow.LargeBinaryType, *arrow.NullType:
		return true
	case *arrow.ListType, *arrow.LargeListType, *arrow.FixedSizeListType, *arrow.MapType, *arrow.StructType:
		for _, f := range dt.(arrow.NestedType).Fields() {
			if !mappable(f.Type) {
				return false
			}
		}
		return true
	}
	_, fixed := dt.(arrow.FixedWidthDataType)
	return fixed && dt.ID() != arrow.DICTIONARY && dt.ID() != arrow.EXTENSION
}

// A mapLoader makes arrays over a mapped record batch, whose nodes and buffers
// are listed in the order of the schema, depth first.
type mapLoader struct {
	root    *memory.Buffer
	body    int64 // where the batch's body begins
	bodyLen int64
	nodes   []byte // pairs of int64: length, nulls
	buffers []byte // pairs of int64: offset, length
}

// newMapLoader finds the record batch of a file that has one, as the format says:
// https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format.
func newMapLoader(root *memory.Buffer) (*mapLoader, int, error) {
	data := root.Bytes()
	footer, err := ipcFooter(data)
	if err != nil {
		return nil, 0, err
	}
	block := footer.vector(3, 24) // CheckIPCFile has seen that it lies within the file
	offset := int64(binary.LittleEndian.Uint64(block))
	metaLen := int64(int32(binary.LittleEndian.Uint32(block[8:])))
	bodyLen := int64(binary.LittleEndian.Uint64(block[16:]))
	meta := data[offset : offset+metaLen]
	if binary.LittleEndian.Uint32(meta) == 0xffffffff { // the mark of a message since format 0.15
		meta = meta[4:]
	}
	message := rootTable(meta[4:])
	batch := message.table(2)
	if batch.has(3) {
		return nil, 0, errNotMappable // compressed
	}
	l := &mapLoader{root: root, body: offset + metaLen, bodyLen: bodyLen, nodes: batch.vector(1, 16), buffers: batch.vector(2, 16)}
	return l, int(batch.int64(0)), nil
}

// load makes the next column.
func (l *mapLoader) load(dt arrow.DataType) (*array.Data, error) {
	if len(l.nodes) < 16 {
		return nil, errors.New("fewer columns than the schema has")
	}
	length, nulls := int64(binary.LittleEndian.Uint64(l.nodes)), int64(binary.LittleEndian.Uint64(l.nodes[8:]))
	l.nodes = l.nodes[16:]
	if length < 0 || nulls < 0 || nulls > length {
		return nil, fmt.Errorf("%d values, %d nulls", length, nulls)
	}
	want := []int64{(length + 7) / 8}
	var children []arrow.DataType
	switch dt := dt.(type) {
	case *arrow.NullType:
		want = nil
	case *arrow.StringType, *arrow.BinaryType:
		want = append(want, 4*(length+1), 0)
	case *arrow.LargeStringType, *arrow.LargeBinaryType:
		want = append(want, 8*(length+1), 0)
	case *arrow.LargeListType:
		want = append(want, 8*(length+1))
	case *arrow.ListType, *arrow.MapType:
		want = append(want, 4*(length+1))
	case *arrow.FixedSizeListType, *arrow.StructType:
	default:
		want = append(want, (int64(dt.(arrow.FixedWidthDataType).BitWidth())*length+7)/8)
	}
	if nested, ok := dt.(arrow.NestedType); ok {
		for _, f := range nested.Fields() {
			children = append(children, f.Type)
		}
	}
	buffers := make([]*memory.Buffer, len(want))
	defer releaseBuffers(buffers)
	for i, least := range want {
		b, err := l.buffer(least, i == 0 && nulls == 0 || length == 0)
		if err != nil {
			return nil, err
		}
		buffers[i] = b
	}
	parts := make([]arrow.ArrayData, 0, len(children))
	defer func() {
		for _, p := range parts {
			p.Release()
		}
	}()
	for _, c := range children {
		d, err := l.load(c)
		if err != nil {
			return nil, err
		}
		parts = append(parts, d)
	}
	return array.NewData(dt, int(length), buffers, parts, int(nulls), 0), nil
}

// buffer gives the next buffer, of at least so many bytes unless it may be absent.
func (l *mapLoader) buffer(least int64, optional bool) (*memory.Buffer, error) {
	if len(l.buffers) < 16 {
		return nil, errors.New("fewer buffers than the schema wants")
	}
	offset, length := int64(binary.LittleEndian.Uint64(l.buffers)), int64(binary.LittleEndian.Uint64(l.buffers[8:]))
	l.buffers = l.buffers[16:]
	if length == 0 && optional {
		return nil, nil
	}
	if offset < 0 || length < least || offset > l.bodyLen || length > l.bodyLen-offset {
		return nil, fmt.Errorf("a buffer of %d bytes at %d, want %d of %d", length, offset, least, l.bodyLen)
	}
	return memory.SliceBuffer(l.root, int(l.body+offset), int(length)), nil
}
