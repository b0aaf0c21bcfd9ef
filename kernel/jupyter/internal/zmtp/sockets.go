package zmtp

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"syscall"

	"github.com/go-zeromq/zmq4"
)

func isEOF(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE) || errors.Is(err, zmq4.ErrClosedConn)
}

// Router is a ROUTER socket: it knows its peers by identity. A new connection
// with a known identity takes over, as with ZMQ_ROUTER_HANDOVER: it is the same
// client that has reconnected.
type Router struct {
	*listener
	take func(frames [][]byte)

	mu    sync.Mutex
	peers map[string]*Peer
}

// ListenRouter opens a ROUTER socket. take gets each message, the identity of
// its sender put before it, called from the goroutine of that peer.
func ListenRouter(ctx context.Context, network, addr string, cfg Config, take func(frames [][]byte)) (*Router, error) {
	r := &Router{take: take, peers: map[string]*Peer{}}
	l, err := listen(ctx, network, addr, zmq4.Router, cfg, r)
	if err != nil {
		return nil, err
	}
	r.listener = l
	return r, nil
}

// Send queues a message for the peer of that identity. It reports whether there
// is one that still reads.
func (r *Router) Send(id string, frames [][]byte) bool {
	r.mu.Lock()
	p := r.peers[id]
	r.mu.Unlock()
	return p != nil && p.Send(frames, false) == Queued
}

// Connected reports whether a peer of that identity is there.
func (r *Router) Connected(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.peers[id] != nil
}

func (r *Router) opened(p *Peer) {
	r.mu.Lock()
	r.peers[p.id] = p
	r.mu.Unlock()
}

func (r *Router) message(p *Peer, frames [][]byte) {
	r.take(append([][]byte{[]byte(p.id)}, frames...))
}

func (r *Router) closed(p *Peer) {
	r.mu.Lock()
	if r.peers[p.id] == p {
		delete(r.peers, p.id)
	}
	r.mu.Unlock()
}

// Publisher is an XPUB socket.
type Publisher struct {
	*listener
	subscribed func(p *Peer, topic string)

	mu     sync.Mutex
	topics map[*Peer]map[string]int // how often each peer subscribed to each topic
}

// ListenPublisher opens an XPUB socket. subscribed is told of each subscription
// when it comes into force, before anything is published under it: what it sends
// to the peer arrives first. It must not call the Publisher.
func ListenPublisher(ctx context.Context, network, addr string, cfg Config, subscribed func(p *Peer, topic string)) (*Publisher, error) {
	s := &Publisher{subscribed: subscribed, topics: map[*Peer]map[string]int{}}
	l, err := listen(ctx, network, addr, zmq4.XPub, cfg, s)
	if err != nil {
		return nil, err
	}
	s.listener = l
	return s, nil
}

// Loss is what a subscriber lost because it did not read fast enough.
type Loss struct {
	Peer     *Peer
	Messages int
}

// Publish queues a message, its topic the first frame, for every peer that has
// subscribed to it. It never waits. A peer that does not keep up loses
// expendable messages; the others are kept for it, see [Peer.Send]. Messages
// reach all peers in one order. Publish returns what peers that now read again
// have lost before.
func (s *Publisher) Publish(frames [][]byte, expendable bool) (losses []Loss) {
	topic := string(frames[0])
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, topics := range s.topics {
		if !matches(topics, topic) {
			continue
		}
		if p.Send(frames, expendable) == Queued && expendable {
			if n := p.lost(); n > 0 {
				s.cfg.Log.Warn("a subscriber did not keep up", "peer", p.guard.RemoteAddr(), "messages lost", n)
				losses = append(losses, Loss{p, n})
			}
		}
	}
	return losses
}

func matches(topics map[string]int, topic string) bool {
	for t := range topics {
		if strings.HasPrefix(topic, t) {
			return true
		}
	}
	return false
}

func (s *Publisher) opened(p *Peer) {
	s.mu.Lock()
	s.topics[p] = map[string]int{}
	s.mu.Unlock()
}

// message takes a subscription: one frame, 1 or 0 and the topic.
func (s *Publisher) message(p *Peer, frames [][]byte) {
	if len(frames) != 1 || len(frames[0]) == 0 || frames[0][0] > 1 {
		s.cfg.Log.Warn("not a subscription", "peer", p.guard.RemoteAddr())
		return
	}
	topic := string(frames[0][1:])
	s.mu.Lock()
	defer s.mu.Unlock()
	topics := s.topics[p]
	if frames[0][0] == 0 {
		if topics[topic]--; topics[topic] <= 0 {
			delete(topics, topic)
		}
		return
	}
	topics[topic]++
	if s.subscribed != nil {
		s.subscribed(p, topic)
	}
}

func (s *Publisher) closed(p *Peer) {
	s.mu.Lock()
	delete(s.topics, p)
	s.mu.Unlock()
}

// Echo is a REP socket that sends every request back: a heartbeat.
type Echo struct{ *listener }

// ListenEcho opens the socket.
func ListenEcho(ctx context.Context, network, addr string, cfg Config) (*Echo, error) {
	e := &Echo{}
	l, err := listen(ctx, network, addr, zmq4.Rep, cfg, e)
	if err != nil {
		return nil, err
	}
	e.listener = l
	return e, nil
}

func (*Echo) opened(*Peer)                     {}
func (*Echo) closed(*Peer)                     {}
func (*Echo) message(p *Peer, frames [][]byte) { p.Send(frames, false) }
