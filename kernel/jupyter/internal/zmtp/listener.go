package zmtp

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zeromq/zmq4"
	"github.com/go-zeromq/zmq4/security/null"
)

// Config bounds what peers may cost. The zero value of a field is its default.
type Config struct {
	// MaxMessage is the longest message taken, in bytes (512 MiB, the longest
	// that a Jupyter server forwards).
	MaxMessage int64
	// MaxQueue is how many bytes may wait for a peer that does not read (64 MiB).
	MaxQueue int64
	// MaxPeers is how many connections an endpoint has at a time (1024).
	MaxPeers int
	// Handshake is how long a new connection may take to introduce itself (10 s).
	Handshake time.Duration
	// Log takes what goes wrong with a connection (none).
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.MaxMessage == 0 {
		c.MaxMessage = 512 << 20
	}
	if c.MaxQueue == 0 {
		c.MaxQueue = 64 << 20
	}
	if c.MaxPeers == 0 {
		c.MaxPeers = 1024
	}
	if c.Handshake == 0 {
		c.Handshake = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// handler takes what happens at a listener. The methods are called from the
// connection's own goroutine: opened before the first message, closed after the
// last.
type handler interface {
	opened(*Peer)
	message(*Peer, [][]byte)
	closed(*Peer)
}

// listener accepts the peers of one endpoint.
type listener struct {
	net    net.Listener
	kind   zmq4.SocketType
	cfg    Config
	h      handler
	budget atomic.Int64

	mu      sync.Mutex
	conns   map[net.Conn]*Peer // nil until the handshake is over
	closing bool
	done    sync.WaitGroup
}

// listen opens an endpoint on a TCP address or a Unix socket's path.
func listen(ctx context.Context, network, addr string, kind zmq4.SocketType, cfg Config, h handler) (*listener, error) {
	if network == "unix" {
		removeStale(addr)
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, network, addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s %s as %s: %w", network, addr, kind, err)
	}
	if network == "unix" { // for this user only
		if err := os.Chmod(addr, 0o600); err != nil {
			l.Close()
			return nil, fmt.Errorf("listen on %s %s as %s: %w", network, addr, kind, err)
		}
	}
	s := &listener{net: l, kind: kind, cfg: cfg.withDefaults(), h: h, conns: map[net.Conn]*Peer{}}
	s.budget.Store(4 * s.cfg.MaxMessage)
	s.done.Add(1)
	go s.accept()
	return s, nil
}

// removeStale removes a socket that nobody listens on any more: a kernel that was
// killed leaves it, and its successor is given the same path.
func removeStale(path string) {
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != fs.ModeSocket {
		return
	}
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return
	}
	os.Remove(path) // if it cannot be removed, listening says so
}

// Addr is where the endpoint listens.
func (s *listener) Addr() net.Addr { return s.net.Addr() }

func (s *listener) accept() {
	defer s.done.Done()
	pause := time.Millisecond
	for {
		c, err := s.net.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of file descriptors, for example: others may be freed
			s.cfg.Log.Warn("cannot accept a connection", "endpoint", s.Addr(), "err", err)
			time.Sleep(pause)
			pause = min(2*pause, 250*time.Millisecond)
			continue
		}
		pause = time.Millisecond
		if !s.admit(c) {
			c.Close()
			continue
		}
		go s.serve(c)
	}
}

// admit makes room for a connection. When there is none, one that has not
// introduced itself yet has to go: silent peers, however many, keep nobody out.
func (s *listener) admit(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	if len(s.conns) >= s.cfg.MaxPeers && !s.evict() {
		s.cfg.Log.Warn("connection refused: too many peers", "endpoint", s.Addr(), "peers", len(s.conns))
		return false
	}
	s.conns[c] = nil
	s.done.Add(1)
	return true
}

// evict closes a connection in its handshake; s.mu is held.
func (s *listener) evict() bool {
	for c, p := range s.conns {
		if p == nil {
			delete(s.conns, c)
			c.Close()
			return true
		}
	}
	return false
}

// serve is the life of one connection.
func (s *listener) serve(c net.Conn) {
	defer s.done.Done()
	defer func() {
		c.Close()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()

	p, err := s.handshake(c)
	if err != nil {
		level := slog.LevelWarn
		if isEOF(err) { // VS Code connects and hangs up to see whether anybody listens
			level = slog.LevelDebug
		}
		s.cfg.Log.Log(context.Background(), level, "no ZMTP handshake", "endpoint", s.Addr(), "peer", c.RemoteAddr(), "err", err)
		return
	}
	s.mu.Lock()
	_, admitted := s.conns[c]
	admitted = admitted && !s.closing
	if admitted {
		s.conns[c] = p
	}
	s.mu.Unlock()
	if !admitted {
		return
	}

	go p.write()
	s.h.opened(p)
	err = p.read(s.h.message)
	p.guard.release()
	p.close()
	s.h.closed(p)
	<-p.written
	if !errors.Is(err, net.ErrClosed) && !isEOF(err) {
		s.cfg.Log.Warn("connection ended", "endpoint", s.Addr(), "peer", c.RemoteAddr(), "err", err)
	}
}

// handshake opens the ZMTP connection within the time allowed. zmq4 panics on a
// malformed READY, which must end this connection and nothing else.
func (s *listener) handshake(c net.Conn) (p *Peer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("malformed handshake: %v", r)
		}
	}()
	if tcp, ok := c.(*net.TCPConn); ok {
		if err := tcp.SetNoDelay(true); err != nil { // a reply waits for nobody
			return nil, fmt.Errorf("set TCP_NODELAY: %w", err)
		}
	}
	if err := c.SetDeadline(time.Now().Add(s.cfg.Handshake)); err != nil {
		return nil, fmt.Errorf("set the handshake's deadline: %w", err)
	}
	g := newGuard(c, s.cfg.MaxMessage, &s.budget)
	defer g.release()
	conn, err := zmq4.Open(g, null.Security(), s.kind, nil, true, nil)
	if err != nil {
		return nil, err
	}
	if err := c.SetDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("clear the handshake's deadline: %w", err)
	}
	g.open, g.message = true, 0
	id := conn.Peer.Meta["Identity"]
	if id == "" {
		id = "\x00" + rand.Text() // as libzmq: an identity of a peer's own never starts with 0
	}
	return newPeer(id, g, conn, s.cfg), nil
}

// Close ends the endpoint: it sends what is queued for as long as linger, then
// closes the connections.
func (s *listener) Close(linger time.Duration) {
	s.net.Close()
	s.mu.Lock()
	s.closing = true
	for c, p := range s.conns {
		if p == nil {
			c.Close()
		} else {
			p.finish()
		}
	}
	s.mu.Unlock()

	ended := make(chan struct{})
	go func() {
		s.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return
	case <-time.After(linger):
	}
	s.mu.Lock()
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	<-ended
}
