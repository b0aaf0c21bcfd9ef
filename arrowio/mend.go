package arrowio

import (
	"encoding/binary"
	"io"

	"github.com/apache/arrow/go/v17/arrow/flight"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	flatbuffers "github.com/google/flatbuffers/go"
)

// The flatbuffers package of Go lets tables share a vtable whose fields lie at the
// same places, without looking at how long the tables are. So a decimal's type may
// tell that a dictionary's encoding ends within its 64-bit id, and readers that
// verify what they are given (nanoarrow, which is R's too, and whatever is built on
// flatcc) refuse the whole schema. What is written here gets vtables that tell the
// length of the longest.

// mendSchema corrects the vtables of a schema, in place.
func mendSchema(schema fbTable) {
	schema.spans(2, 4, 4, 4)
	mendAll(schema, 2, mendKeyValue)
	mendAll(schema, 1, mendField)
}

func mendField(f fbTable) {
	f.spans(4, 1, 1, 4, 4, 4, 4) // name, nullable, the type's number, type, dictionary, children, custom_metadata
	mendAll(f, 6, mendKeyValue)
	mendAll(f, 5, mendField)
	if f.has(3) {
		f.table(3).spans(typeFields[f.GetByte(f.Pos+f.slot(2))]...)
	}
	if f.has(4) {
		encoding := f.table(4)
		encoding.spans(8, 4, 1, 2) // id, index type, whether it is ordered, kind
		if encoding.has(1) {
			encoding.table(1).spans(typeFields[typeInt]...)
		}
	}
}

func mendKeyValue(kv fbTable) { kv.spans(4, 4) }

func mendAll(t fbTable, field int, mend func(fbTable)) {
	if !t.has(field) {
		return
	}
	for i := range len(t.vector(field, 4)) / 4 {
		at := t.Vector(t.slot(field)) + flatbuffers.UOffsetT(4*i)
		mend(fbTable{flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(at)}})
	}
}

const typeInt = 2

// typeFields are the sizes of a type's fields, by the type's number in Schema.fbs;
// types that are not here have none.
var typeFields = map[byte][]int{
	typeInt: {4, 1}, 3: {2}, 7: {4, 4, 4}, 8: {2}, 9: {2, 4}, 10: {2, 4}, 11: {2}, 14: {2, 4}, 15: {4}, 16: {4}, 17: {1}, 18: {2},
}

// spans makes a table's vtable tell that it holds fields of these sizes.
func (t fbTable) spans(sizes ...int) {
	vtable := flatbuffers.UOffsetT(flatbuffers.SOffsetT(t.Pos) - t.GetSOffsetT(t.Pos))
	length := t.Bytes[vtable+2:]
	for field, size := range sizes {
		if at := t.slot(field); at != 0 && int(at)+size > int(binary.LittleEndian.Uint16(length)) {
			binary.LittleEndian.PutUint16(length, uint16(int(at)+size))
		}
	}
}

// mendMessage corrects the vtables of an IPC message that is a schema.
func mendMessage(b []byte) {
	const schema = 1
	if m := rootTable(b); m.has(1) && m.GetByte(m.Pos+m.slot(1)) == schema {
		mendSchema(m.table(2))
	}
}

// serializedSchema is a schema as Flight's descriptions hold it.
func serializedSchema(t *Table) []byte {
	b := flight.SerializeSchema(t.Schema(), t.mem)
	mendMessage(b[8:]) // after a message's mark and its length
	return b
}

// A mendingWriter passes on what an IPC writer writes, with the schema at its
// begin, and at the end of a file, mended.
type mendingWriter struct {
	w      io.Writer
	held   []byte
	begun  bool // the schema has passed
	ending bool // what comes belongs to the file's footer
}

// Write implements io.Writer.
func (m *mendingWriter) Write(p []byte) (int, error) {
	if m.begun && !m.ending {
		return m.w.Write(p)
	}
	m.held = append(m.held, p...)
	if m.begun {
		return len(p), nil
	}
	begin := 0
	if len(m.held) >= len(ipc.Magic) && string(m.held[:len(ipc.Magic)]) == string(ipc.Magic) {
		begin = 8 // the magic bytes are padded
	}
	if begin += 8; len(m.held) < begin { // the mark of a message, and its length
		return len(p), nil
	}
	if n := int(binary.LittleEndian.Uint32(m.held[begin-4:])); n <= len(m.held)-begin {
		m.begun = true
		mendMessage(m.held[begin:][:n])
		if err := m.pass(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// finish lets the IPC writer write its end, and passes that on.
func (m *mendingWriter) finish(end func() error) error {
	m.ending = true
	if err := end(); err != nil {
		return err
	}
	if footer, err := ipcFooter(m.held); err == nil {
		mendSchema(footer.table(1))
	}
	return m.pass()
}

func (m *mendingWriter) pass() error {
	_, err := m.w.Write(m.held)
	m.held = nil
	return err
}

// mendingStream is the same for Flight.
type mendingStream struct{ flight.DataStreamWriter }

// Send implements flight.DataStreamWriter.
func (s mendingStream) Send(d *flight.FlightData) error {
	mendMessage(d.DataHeader)
	return s.DataStreamWriter.Send(d)
}
