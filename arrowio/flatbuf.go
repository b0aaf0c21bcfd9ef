package arrowio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow/ipc"
	flatbuffers "github.com/google/flatbuffers/go"
)

// A fbTable reads a flatbuffers table by the numbers of its fields, which stand
// in https://github.com/apache/arrow/tree/main/format (File.fbs, Message.fbs,
// Schema.fbs). Where a table points outside of the bytes, it panics.
type fbTable struct{ flatbuffers.Table }

func rootTable(b []byte) fbTable {
	return fbTable{flatbuffers.Table{Bytes: b, Pos: flatbuffers.GetUOffsetT(b)}}
}

// slot gives where a field is, 0 for an absent one.
func (t fbTable) slot(field int) flatbuffers.UOffsetT {
	return flatbuffers.UOffsetT(t.Offset(flatbuffers.VOffsetT(4 + 2*field)))
}

func (t fbTable) has(field int) bool { return t.slot(field) != 0 }

func (t fbTable) int64(field int) int64 {
	if o := t.slot(field); o != 0 {
		return t.GetInt64(t.Pos + o)
	}
	return 0
}

func (t fbTable) table(field int) fbTable {
	return fbTable{flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(t.Pos + t.slot(field))}}
}

// vector gives a vector's elements of a size in bytes, empty for none.
func (t fbTable) vector(field, size int) []byte {
	o := t.slot(field)
	if o == 0 {
		return nil
	}
	return t.Bytes[t.Vector(o):][:size*t.VectorLen(o)]
}

// checkSchema panics or gives an error where a schema, or a field of one, whose
// vectors have these numbers, claims more than its bytes can hold. Arrow v17's
// reader would believe it, and allocate.
func checkSchema(t fbTable, vectors []int, depth int) error {
	if depth > 64 {
		return errors.New("fields are nested too deeply")
	}
	for _, field := range vectors {
		t.vector(field, 4)
	}
	children := vectors[0]
	for i := range len(t.vector(children, 4)) / 4 {
		at := t.Vector(t.slot(children)) + flatbuffers.UOffsetT(4*i)
		child := fbTable{flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(at)}}
		// Field: children 5, custom_metadata 6.
		if err := checkSchema(child, []int{5, 6}, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// schemaVectors are a Schema's fields and custom_metadata.
var schemaVectors = []int{1, 2}

// ipcFooter gives the footer of an IPC file: schema 1, dictionaries 2,
// recordBatches 3, custom_metadata 4.
func ipcFooter(data []byte) (fbTable, error) {
	n, tail := len(data), 4+len(ipc.Magic)
	if n < 2*tail {
		return fbTable{}, fmt.Errorf("%d bytes are no Arrow file", n)
	}
	footerLen := int(binary.LittleEndian.Uint32(data[n-tail:]))
	if footerLen <= 0 || footerLen > n-2*tail {
		return fbTable{}, fmt.Errorf("footer of %d bytes in a file of %d", footerLen, n)
	}
	return rootTable(data[n-tail-footerLen : n-tail]), nil
}

// CheckIPCFile gives an error where the index of an Arrow IPC file of size bytes
// claims more than the file holds. Readers of Arrow v17 believe it, and end the
// program for want of memory: check a file from elsewhere before using one.
func CheckIPCFile(f io.ReaderAt, size int64) (err error) {
	defer brokenIPC(&err)
	from := max(0, size-1<<20)
	data := make([]byte, size-from)
	if _, err := f.ReadAt(data, from); err != nil {
		return err
	}
	if n := binary.LittleEndian.Uint32(data[max(0, len(data)-4-len(ipc.Magic)):]); from > 0 && int64(n) > int64(len(data))/2 && int64(n) < size {
		data = make([]byte, size) // a footer of more than half a megabyte
		if _, err := f.ReadAt(data, 0); err != nil {
			return err
		}
	}
	footer, err := ipcFooter(data)
	if err != nil {
		return err
	}
	for _, blocks := range []int{2, 3} {
		const blockSize = 24 // int64 offset, int32 length of metadata, 4 bytes nothing, int64 length of body
		for b := footer.vector(blocks, blockSize); len(b) > 0; b = b[blockSize:] {
			offset, meta, body := int64(binary.LittleEndian.Uint64(b)), int64(int32(binary.LittleEndian.Uint32(b[8:]))), int64(binary.LittleEndian.Uint64(b[16:]))
			if offset < 8 || meta < 8 || body < 0 || offset > size || meta > size-offset || body > size-offset-meta {
				return fmt.Errorf("a batch of %d and %d bytes at %d in a file of %d", meta, body, offset, size)
			}
		}
	}
	return checkSchema(footer.table(1), schemaVectors, 0)
}

// brokenIPC turns the panic of reading past the end of a flatbuffers table into an
// error.
func brokenIPC(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("a table of its index lies outside of it: %v", p)
	}
}

// CheckIPCStream is CheckIPCFile for the begin of an Arrow IPC stream, of which
// head should be the first 64 KiB or all.
func CheckIPCStream(head []byte) (err error) {
	defer brokenIPC(&err)
	if len(head) >= 4 && binary.LittleEndian.Uint32(head) == 0xffffffff {
		head = head[4:]
	}
	if len(head) < 8 {
		return errors.New("it ends before its schema")
	}
	if n := binary.LittleEndian.Uint32(head); int64(n) <= int64(len(head)-4) {
		message := rootTable(head[4 : 4+n])
		return checkSchema(message.table(2), schemaVectors, 0)
	}
	if len(head) < 1<<16 {
		return errors.New("it ends within its schema")
	}
	return nil // a schema longer than what was looked at
}
