package zmtp

import (
	"errors"
	"fmt"
	"sync"

	"github.com/go-zeromq/zmq4"
)

// Peer is one connection that has completed its handshake.
type Peer struct {
	id    string
	guard *guard
	conn  *zmq4.Conn
	limit int64 // bytes that may wait to be sent
	hard  int64 // bytes that may wait of what must not be lost

	mu      sync.Mutex
	wake    sync.Cond
	queue   [][][]byte
	waiting int64 // bytes in queue and in the batch being written
	dropped int   // messages that found no room
	closing bool  // no more sends; the writer ends when the queue is empty
	dead    bool  // the connection is closed
	written chan struct{}
}

// Verdict tells what became of a message given to Send.
type Verdict int

// What Send did with a message.
const (
	Queued  Verdict = iota // it will be written in order
	Dropped                // no room: the peer does not read fast enough
	Closed                 // the connection is closed
)

func newPeer(id string, g *guard, conn *zmq4.Conn, cfg Config) *Peer {
	p := &Peer{id: id, guard: g, conn: conn, written: make(chan struct{})}
	p.limit, p.hard = cfg.MaxQueue, cfg.MaxQueue+2*cfg.MaxMessage
	p.wake.L = &p.mu
	return p
}

// ID is the peer's ZeroMQ identity, one of our making where it has none.
func (p *Peer) ID() string { return p.id }

// Send queues a message without ever waiting for the peer. The frames must not
// change afterwards; several peers may share them.
//
// A message that finds the queue full is dropped when expendable is true. When
// it is not, the queue may grow by two messages of the longest kind; past that
// the peer is given up and its connection closed, since it could no longer
// follow what happens. An empty queue takes a message of any length.
func (p *Peer) Send(frames [][]byte, expendable bool) Verdict {
	size := int64(0)
	for _, f := range frames {
		size += int64(len(f)) + frameOverhead
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing || p.dead {
		return Closed
	}
	if p.waiting > 0 {
		switch total := p.waiting + size; {
		case expendable && total > p.limit:
			p.dropped++
			return Dropped
		case total > p.hard:
			p.kill()
			return Closed
		}
	}
	p.waiting += size
	p.queue = append(p.queue, frames)
	if len(p.queue) == 1 {
		p.wake.Signal()
	}
	return Queued
}

// lost returns how many messages were dropped since it was last asked.
func (p *Peer) lost() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.dropped
	p.dropped = 0
	return n
}

// write sends what is queued, a whole batch to a system call where it fits.
func (p *Peer) write() {
	defer close(p.written)
	var spare [][][]byte
	for {
		p.mu.Lock()
		for len(p.queue) == 0 && !p.closing && !p.dead {
			p.wake.Wait()
		}
		if p.dead || len(p.queue) == 0 {
			p.mu.Unlock()
			p.close()
			return
		}
		batch, took := p.queue, p.waiting
		p.queue = spare[:0]
		p.mu.Unlock()

		err := p.writeBatch(batch)
		clear(batch) // let go of the frames
		spare = batch

		p.mu.Lock()
		p.waiting -= took
		p.mu.Unlock()
		if err != nil {
			p.close()
			return
		}
	}
}

func (p *Peer) writeBatch(batch [][][]byte) error {
	for _, frames := range batch {
		if err := p.conn.SendMsg(zmq4.NewMsgFrom(frames...)); err != nil {
			return fmt.Errorf("send to %x: %w", p.id, err)
		}
	}
	return p.guard.flush()
}

// read hands each message to take until the connection ends.
func (p *Peer) read(take func(*Peer, [][]byte)) error {
	for {
		msg, err := p.conn.RecvMsg()
		if err != nil {
			return err
		}
		if len(msg.Frames) == 0 {
			return errors.New("message without a frame")
		}
		take(p, msg.Frames)
	}
}

// finish lets the writer send what is queued and then close the connection.
func (p *Peer) finish() {
	p.mu.Lock()
	p.closing = true
	p.wake.Signal()
	p.mu.Unlock()
}

// close ends the connection at once.
func (p *Peer) close() {
	p.mu.Lock()
	p.kill()
	p.mu.Unlock()
}

// kill closes the connection; p.mu is held.
func (p *Peer) kill() {
	if p.dead {
		return
	}
	p.dead = true
	p.queue = nil
	p.wake.Signal()
	p.guard.Conn.Close()
}
