// Package safetensors reads and writes tensors in Hugging Face's safetensors
// format: eight bytes of header length, a JSON header, raw little-endian data
// (https://github.com/huggingface/safetensors, format of version 0.3 to 0.8).
//
// It is our own because it is two pages long and must write atomically; the Go
// packages there are read whole files or only read. It converts
// between storage types and program.Tensor; it knows no model.
package safetensors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"

	"divvy/gpu/program"
)

// The storage types that are read. A caller chooses among F32, F16 and BF16 how
// floats are written; F64 and U8 are written as they are.
const (
	F64  = "F64"
	F32  = "F32"
	F16  = "F16"
	BF16 = "BF16"
	U8   = "U8"
)

// maxHeader is the format's own limit on the header.
const maxHeader = 100 << 20

// Entry is a tensor's place in a file.
type Entry struct {
	Type  string `json:"dtype"`
	Shape []int  `json:"shape"`
	Range [2]int `json:"data_offsets"` // bytes after the header
}

// File is an open file: its header is read, its data are not.
type File struct {
	Entries  map[string]Entry
	Metadata map[string]string
	path     string
	f        *os.File
	start    int64
}

// Open reads a file's header and checks it against the file's size.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &File{path: path, f: f, Entries: map[string]Entry{}}
	if err := s.header(); err != nil {
		f.Close()
		return nil, fmt.Errorf("reading safetensors header of %s: %w", path, err)
	}
	return s, nil
}

func (s *File) header() error {
	var n uint64
	if err := binary.Read(s.f, binary.LittleEndian, &n); err != nil {
		return err
	}
	if n > maxHeader {
		return fmt.Errorf("header of %d bytes is longer than the format allows", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(s.f, text); err != nil {
		return err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	info, err := s.f.Stat()
	if err != nil {
		return err
	}
	s.start = 8 + int64(n)
	size := info.Size() - s.start
	for name, msg := range raw {
		if name == "__metadata__" {
			if err := json.Unmarshal(msg, &s.Metadata); err != nil {
				return fmt.Errorf("metadata: %w", err)
			}
			continue
		}
		var e Entry
		if err := json.Unmarshal(msg, &e); err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		width := widths[e.Type]
		if width == 0 {
			return fmt.Errorf("tensor %q: storage type %q is not supported", name, e.Type)
		}
		for _, d := range e.Shape {
			if d < 0 || d > math.MaxInt32 {
				return fmt.Errorf("tensor %q: dimension %d", name, d)
			}
		}
		if e.Range[0] < 0 || int64(e.Range[1]) > size || e.Range[1]-e.Range[0] != width*program.Elements(e.Shape) {
			return fmt.Errorf("tensor %q: bytes %v do not fit %s%v in a file of %d", name, e.Range, e.Type, e.Shape, size)
		}
		s.Entries[name] = e
	}
	return nil
}

var widths = map[string]int{F64: 8, F32: 4, F16: 2, BF16: 2, U8: 1}

// Names lists the tensors in order of their names.
func (s *File) Names() []string { return slices.Sorted(maps.Keys(s.Entries)) }

// Read reads one tensor as F32, or as F64 or U8 if it is stored so.
func (s *File) Read(name string) (*program.Tensor, error) {
	e, ok := s.Entries[name]
	if !ok {
		return nil, fmt.Errorf("%s has no tensor %q", s.path, name)
	}
	raw := make([]byte, e.Range[1]-e.Range[0])
	if _, err := s.f.ReadAt(raw, s.start+int64(e.Range[0])); err != nil {
		return nil, fmt.Errorf("reading tensor %q of %s: %w", name, s.path, err)
	}
	if e.Type == F64 {
		t := program.NewTensor(program.F64, e.Shape...)
		for i := range t.F64 {
			t.F64[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		return t, nil
	}
	if e.Type == U8 {
		return &program.Tensor{Type: program.U8, Shape: e.Shape, U8: raw}, nil
	}
	t := program.NewTensor(program.F32, e.Shape...)
	for i := range t.F32 {
		switch e.Type {
		case F32:
			t.F32[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		case BF16:
			t.F32[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		case F16:
			t.F32[i] = fromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	}
	return t, nil
}

// Close closes the file.
func (s *File) Close() error { return s.f.Close() }

// Write writes tensors to a file in order of their names. F32 and BF16 tensors
// are stored as the type says, but BF16 never as F32, which would only take more
// room; F64 and U8 tensors always as they are. The file is complete on disk
// before it takes path's place.
func Write(path string, tensors map[string]*program.Tensor, storage string, metadata map[string]string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing safetensors %s: %w", path, err)
		}
	}()
	if storage != F32 && storage != F16 && storage != BF16 {
		return fmt.Errorf("storage type %q cannot be written", storage)
	}
	names := slices.Sorted(maps.Keys(tensors))
	head := map[string]any{}
	if len(metadata) > 0 {
		head["__metadata__"] = metadata
	}
	at := 0
	for _, name := range names {
		t := tensors[name]
		if t.Type == program.I32 {
			return fmt.Errorf("tensor %q: i32 is not a weight", name)
		}
		e := Entry{Type: stored(t, storage), Shape: t.Shape}
		if e.Shape == nil {
			e.Shape = []int{}
		}
		end := at + t.Len()*widths[e.Type]
		e.Range = [2]int{at, end}
		head[name] = e
		at = end
	}
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 { // the format asks for aligned data
		text = append(text, ' ')
	}
	return Atomic(path, func(w io.Writer) error {
		if err := binary.Write(w, binary.LittleEndian, uint64(len(text))); err != nil {
			return err
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
		for _, name := range names {
			if _, err := w.Write(encode(tensors[name], stored(tensors[name], storage))); err != nil {
				return err
			}
		}
		return nil
	})
}

// stored is the type in which a tensor is stored.
func stored(t *program.Tensor, storage string) string {
	switch {
	case t.Type == program.F64:
		return F64
	case t.Type == program.U8:
		return U8
	case t.Type == program.BF16 && storage == F32:
		return BF16
	}
	return storage
}

func encode(t *program.Tensor, storage string) []byte {
	if t.Type == program.U8 {
		return t.U8
	}
	if t.Type == program.F64 {
		raw := make([]byte, 8*len(t.F64))
		for i, v := range t.F64 {
			binary.LittleEndian.PutUint64(raw[8*i:], math.Float64bits(v))
		}
		return raw
	}
	raw := make([]byte, len(t.F32)*widths[storage])
	for i, v := range t.F32 {
		switch storage {
		case F32:
			binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
		case BF16:
			binary.LittleEndian.PutUint16(raw[2*i:], uint16(math.Float32bits(program.RoundBF16(v))>>16))
		case F16:
			binary.LittleEndian.PutUint16(raw[2*i:], toHalf(v))
		}
	}
	return raw
}

// Atomic writes a file beside path and renames it when it is complete and on
// disk, so that path is never half a file.
func Atomic(path string, write func(w io.Writer) error) error {
	tmp := path + ".partial"
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(f, 1<<20)
	if err = write(b); err == nil {
		err = b.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
	}
	return err
}
