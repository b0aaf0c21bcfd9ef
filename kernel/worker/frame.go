package worker

import (
	"bufio"
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

// conn is one end of the two pipes. Any goroutine may send; one reads.
type conn struct {
	r *bufio.Reader
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

func newConn(r io.Reader, w io.Writer) *conn {
	return &conn{r: bufio.NewReaderSize(r, 64<<10), w: w}
}

// send writes a frame and all that was sent before it, and returns when the
// operating system has taken them.
func (c *conn) send(kind byte, id uint64, head []byte, parts ...[]byte) error {
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
func (c *conn) stream(kind byte, id uint64, text string) error {
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
func (c *conn) flush() error {
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

// read returns the next frame. Its head and parts belong to the caller.
func (c *conn) read() (frame, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(c.r, header[:]); err != nil {
		return frame{}, err
	}
	size := int(binary.LittleEndian.Uint32(header[:])) - (headerSize - 4)
	head := int(binary.LittleEndian.Uint32(header[13:]))
	if size < 0 || size > maxFrame || head > size {
		return frame{}, errMalformed
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(c.r, body); err != nil {
		return frame{}, err
	}
	f := frame{kind: header[4], id: binary.LittleEndian.Uint64(header[5:]), head: body[:head]}
	for rest := body[head:]; len(rest) > 0; {
		if len(rest) < 4 {
			return frame{}, errMalformed
		}
		n := int(binary.LittleEndian.Uint32(rest))
		if rest = rest[4:]; n > len(rest) {
			return frame{}, errMalformed
		}
		f.parts = append(f.parts, rest[:n:n])
		rest = rest[n:]
	}
	return f, nil
}

// errMalformed ends a connection: after it, nothing can be told apart.
var errMalformed = errors.New("malformed frame on the worker's pipe")
