package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// A frame is one message in either direction:
//
//	uint32  length of all that follows
//	byte    kind
//	uint64  id of the call or of the sink that it belongs to
//	uint32  length of the head
//	head    JSON, or empty
//	parts   each a uint32 length and that many bytes
//
// Integers are little-endian. What may be large (text, images, comm buffers)
// travels as parts, which are copied, never quoted or scanned: a 2 MB image costs
// a tenth of what it does inside the JSON (BenchmarkDisplayCodec).
type frame struct {
	kind  byte
	id    uint64
	head  []byte
	parts [][]byte
}

// Sizes of the wire.
const (
	headerSize = 4 + 1 + 8 + 4 // everything before the head

	// maxFrame bounds what a frame may announce. A larger length means that the
	// pipe carries something else: a cell that wrote to a descriptor at random.
	maxFrame = 1 << 30

	// maxMerged bounds a frame that text joins.
	maxMerged = 1 << 20
)

// sender is the sending end of a pipe. Any goroutine may send.
type sender struct {
	w io.Writer

	writing sync.Mutex // held while spare is written; taken before mu
	spare   []byte

	mu      sync.Mutex // guards what follows
	pending []byte     // whole frames, waiting to be written
	open    mergeable  // the last frame of pending, when text can be added to it
	err     error      // the first write error; nothing is sent after it
}

// mergeable says which stream the last pending frame carries, and where it
// starts. The zero value says that nothing can be merged.
type mergeable struct {
	kind byte
	id   uint64
	at   int
}

// send writes a frame and all that was sent before it, and returns when the
// operating system has taken them.
func (c *sender) send(kind byte, id uint64, head []byte, parts ...[]byte) error {
	size := headerSize + len(head)
	for _, p := range parts {
		size += 4 + len(p)
	}
	if size-4 > maxFrame {
		return fmt.Errorf("a message of %d bytes exceeds the limit of %d", size, maxFrame)
	}
	c.mu.Lock()
	c.open = mergeable{}
	c.pending = appendHeader(c.pending, size-4, kind, id, head)
	for _, p := range parts {
		c.pending = binary.LittleEndian.AppendUint32(c.pending, uint32(len(p)))
		c.pending = append(c.pending, p...)
	}
	c.mu.Unlock()
	return c.flush()
}

// stream sends text. It has been written when stream returns, so that a crash
// right after a print does not swallow it. Text that comes while another
// goroutine writes joins one frame with what else waits for the same stream.
func (c *sender) stream(kind byte, id uint64, text string) error {
	c.mu.Lock()
	if c.err != nil {
		defer c.mu.Unlock()
		return c.err
	}
	if len(text) > maxFrame/2 {
		c.mu.Unlock()
		half := len(text) / 2
		return errors.Join(c.stream(kind, id, text[:half]), c.stream(kind, id, text[half:]))
	}
	if o := c.open; o.kind == kind && o.id == id && len(c.pending) < maxMerged {
		c.pending = append(c.pending, text...)
		grown := c.pending[o.at:]
		binary.LittleEndian.PutUint32(grown, uint32(len(grown)-4))
		binary.LittleEndian.PutUint32(grown[headerSize:], uint32(len(grown)-headerSize-4))
	} else {
		c.open = mergeable{kind: kind, id: id, at: len(c.pending)}
		c.pending = appendHeader(c.pending, headerSize+len(text), kind, id, nil)
		c.pending = binary.LittleEndian.AppendUint32(c.pending, uint32(len(text)))
		c.pending = append(c.pending, text...)
	}
	c.mu.Unlock()
	return c.flush()
}

func appendHeader(b []byte, size int, kind byte, id uint64, head []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(size))
	b = append(b, kind)
	b = binary.LittleEndian.AppendUint64(b, id)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(head)))
	return append(b, head...)
}

// flush returns when all that is pending has been written, by whomever.
func (c *sender) flush() error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	out := c.pending
	c.pending, c.open = c.spare[:0], mergeable{}
	err := c.err
	c.mu.Unlock()
	if err == nil && len(out) > 0 {
		if _, err = c.w.Write(out); err != nil {
			c.mu.Lock()
			c.err = err
			c.mu.Unlock()
		}
	}
	if cap(out) > 2*maxMerged {
		out = nil // let go of the memory that one large display took
	}
	c.spare = out[:0]
	return err
}

// assembler makes frames of the bytes of a pipe, however they are cut.
type assembler struct {
	header [headerSize]byte
	have   int    // bytes of header
	body   []byte // of the frame that the header announces
	filled int    // bytes of body
}

// rest returns where the bytes that complete a large frame can be read to at
// once, or nil.
func (a *assembler) rest() []byte { return a.body[a.filled:] }

// advance notes that n bytes were read into rest, and hands the frame on when
// that completes it.
func (a *assembler) advance(n int, handle func(frame) error) error {
	if a.filled += n; a.filled < len(a.body) {
		return nil
	}
	return a.complete(handle)
}

// feed takes the next bytes of the pipe and hands on each frame that they
// complete. The frames own their memory.
func (a *assembler) feed(b []byte, handle func(frame) error) error {
	for len(b) > 0 {
		if a.have < headerSize {
			n := copy(a.header[a.have:], b)
			a.have += n
			b = b[n:]
			if a.have < headerSize {
				return nil
			}
			size := int(binary.LittleEndian.Uint32(a.header[:])) - (headerSize - 4)
			if size < 0 || size > maxFrame {
				return errMalformed
			}
			a.body, a.filled = make([]byte, size), 0
		}
		n := copy(a.body[a.filled:], b)
		b = b[n:]
		if err := a.advance(n, handle); err != nil {
			return err
		}
	}
	return nil
}

func (a *assembler) complete(handle func(frame) error) error {
	body := a.body
	f := frame{kind: a.header[4], id: binary.LittleEndian.Uint64(a.header[5:])}
	head := int(binary.LittleEndian.Uint32(a.header[13:]))
	a.have, a.body, a.filled = 0, nil, 0
	if head > len(body) {
		return errMalformed
	}
	f.head = body[:head:head]
	for rest := body[head:]; len(rest) > 0; {
		if len(rest) < 4 {
			return errMalformed
		}
		n := int(binary.LittleEndian.Uint32(rest))
		if rest = rest[4:]; n > len(rest) {
			return errMalformed
		}
		f.parts = append(f.parts, rest[:n:n])
		rest = rest[n:]
	}
	return handle(f)
}

// errMalformed ends a connection: after it, nothing can be told apart.
var errMalformed = errors.New("malformed frame on the worker's pipe")
