package zmtp

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

const patience = 20 * time.Second

// raw is a peer that speaks ZMTP by hand, so that it can speak it wrongly.
type raw struct {
	net.Conn
	t testing.TB
}

func dialRaw(t testing.TB, addr net.Addr) raw {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return raw{c, t}
}

func greeting() []byte {
	g := make([]byte, greetingLen)
	g[0], g[9], g[10] = 0xff, 0x7f, 3
	copy(g[12:], "NULL")
	return g
}

// ready is a READY command's frame with that socket type.
func ready(kind string) []byte {
	body := []byte("\x05READY\x0bSocket-Type")
	body = binary.BigEndian.AppendUint32(body, uint32(len(kind)))
	body = append(body, kind...)
	return append([]byte{flagCommand, byte(len(body))}, body...)
}

// shake completes the handshake.
func (r raw) shake(kind string) {
	r.t.Helper()
	r.send(greeting(), ready(kind))
	r.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(r, make([]byte, greetingLen)); err != nil {
		r.t.Fatalf("no greeting: %v", err)
	}
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		r.t.Fatalf("no READY: %v", err)
	}
	if _, err := io.ReadFull(r, make([]byte, head[1])); err != nil {
		r.t.Fatalf("no READY: %v", err)
	}
	r.SetReadDeadline(time.Time{})
}

func (r raw) send(parts ...[]byte) {
	r.t.Helper()
	if _, err := r.Write(bytes.Join(parts, nil)); err != nil {
		r.t.Fatal(err)
	}
}

func short(flags byte, body string) []byte { return append([]byte{flags, byte(len(body))}, body...) }

func long(flags byte, size uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{flags | flagLong}, size)
}

// ended waits until the other side has closed the connection.
func (r raw) ended() {
	r.t.Helper()
	r.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, r); err != nil {
		if e, ok := err.(net.Error); ok && e.Timeout() {
			r.t.Error("the connection stays open")
		}
	}
}

// echo opens a ROUTER that answers each message with itself.
func echo(t testing.TB, cfg Config) *Router {
	t.Helper()
	var s *Router
	var ready sync.WaitGroup
	ready.Add(1)
	s, err := ListenRouter(t.Context(), "tcp", "127.0.0.1:0", cfg, func(frames [][]byte) {
		ready.Wait()
		s.Send(string(frames[0]), frames[1:])
	})
	if err != nil {
		t.Fatal(err)
	}
	ready.Done()
	t.Cleanup(func() { s.Close(time.Second) })
	return s
}

// honest makes sure that a new client of zmq4's is served.
func honest(t testing.TB, addr net.Addr) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d := zmq4.NewDealer(ctx)
	defer d.Close()
	if err := d.Dial("tcp://" + addr.String()); err != nil {
		t.Fatal(err)
	}
	if err := d.SendMulti(zmq4.NewMsgFrom([]byte("hello"), nil, make([]byte, 100_000))); err != nil {
		t.Fatal(err)
	}
	m, err := d.Recv()
	if err != nil {
		t.Fatalf("an honest client is not served: %v", err)
	}
	if len(m.Frames) != 3 || string(m.Frames[0]) != "hello" || len(m.Frames[2]) != 100_000 {
		t.Errorf("%d frames came back", len(m.Frames))
	}
}

// await waits until that many connections are open.
func (s *listener) await(t testing.TB, n int) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		open := len(s.conns)
		s.mu.Unlock()
		if open == n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d connections are open, not %d", open, n)
		}
	}
}

// testLog writes to the test's log.
func testLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}
