package zmtp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
)

const (
	greetingLen   = 64      // ZMTP 3.0: signature, version, mechanism, filler
	handshakeMax  = 8 << 10 // the longest READY: an identity of 255 bytes and a socket type
	frameOverhead = 64      // what a frame costs beyond its bytes: headers here and in zmq4
	bufferSize    = 32 << 10

	flagMore    = 0x1
	flagLong    = 0x2
	flagCommand = 0x4
)

var (
	errFrameFlags   = errors.New("reserved frame flags set")
	errFrameCommand = errors.New("command frame where a message is due")
	errHandshake    = errors.New("handshake frame is not a short command")
	errMessageSize  = errors.New("message longer than the limit")
	errBudget       = errors.New("too many bytes announced by all peers together")
)

// guard is the net.Conn between a TCP connection and its zmq4.Conn. Reading, it
// follows the frames that pass and ends the connection before zmq4 allocates
// for one that is too long. Writing, it gathers the two writes that zmq4 makes
// for each frame until flush sends a whole message at once.
//
// One goroutine may read while another writes and flushes, as with a zmq4.Conn.
type guard struct {
	net.Conn
	r *bufio.Reader
	w *bufio.Writer

	open    bool // the handshake is over; set before the reader and the writer start
	limit   int64
	budget  *atomic.Int64 // bytes that all peers may still announce
	held    int64         // what this frame took from the budget
	left    int64         // bytes of the current frame, its header included, not yet read
	message int64         // bytes of the current message so far
	greeted bool
}

func newGuard(c net.Conn, limit int64, budget *atomic.Int64) *guard {
	return &guard{
		Conn:   c,
		r:      bufio.NewReaderSize(c, bufferSize),
		w:      bufio.NewWriterSize(c, bufferSize),
		limit:  limit,
		budget: budget,
	}
}

// Read hands out the bytes of one frame, never more than its header announced.
func (g *guard) Read(p []byte) (int, error) {
	if g.left == 0 {
		if err := g.next(); err != nil {
			return 0, err
		}
	}
	if int64(len(p)) > g.left {
		p = p[:g.left]
	}
	n, err := g.r.Read(p)
	g.left -= int64(n)
	if g.left == 0 {
		g.release()
	}
	return n, err
}

// next looks at the header of the frame that comes.
func (g *guard) next() error {
	if !g.greeted {
		g.greeted = true
		g.left = greetingLen
		return nil
	}
	head, err := g.r.Peek(2)
	if err != nil {
		return err
	}
	flags, size, header := head[0], int64(head[1]), int64(2)
	if flags&flagLong != 0 {
		if head, err = g.r.Peek(9); err != nil {
			return err
		}
		long := binary.BigEndian.Uint64(head[1:])
		if long > uint64(g.limit) {
			return fmt.Errorf("%w: a frame of %d bytes, at most %d are taken", errMessageSize, long, g.limit)
		}
		size, header = int64(long), 9
	}
	switch {
	case flags&^(flagMore|flagLong|flagCommand) != 0:
		return errFrameFlags
	case !g.open && (flags&flagCommand == 0 || flags&flagMore != 0 || size > handshakeMax):
		return errHandshake
	case g.open && flags&flagCommand != 0:
		// We announce ZMTP 3.0, which has no commands after the handshake, and
		// zmq4 would answer a PING in the middle of what we are writing.
		return errFrameCommand
	}
	g.message += size + frameOverhead
	if g.message > g.limit {
		return fmt.Errorf("%w: at most %d bytes are taken", errMessageSize, g.limit)
	}
	if flags&flagMore == 0 {
		g.message = 0
	}
	if g.budget.Add(-size) < 0 {
		g.budget.Add(size)
		return errBudget
	}
	g.held = size
	g.left = header + size
	return nil
}

// release gives the current frame's share of the budget back.
func (g *guard) release() {
	g.budget.Add(g.held)
	g.held = 0
}

// Write gathers; during the handshake, when each side waits for the other's
// next word, it sends at once.
func (g *guard) Write(p []byte) (int, error) {
	if !g.open {
		return g.Conn.Write(p)
	}
	return g.w.Write(p)
}

func (g *guard) flush() error { return g.w.Flush() }
