package zmtp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

func publisher(t testing.TB, cfg Config, subscribed func(*Peer, string)) *Publisher {
	t.Helper()
	s, err := ListenPublisher(t.Context(), "tcp", "127.0.0.1:0", cfg, subscribed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(50 * time.Millisecond) })
	return s
}

// subscriber is zmq4's, subscribed to topics.
func subscriber(t testing.TB, s *Publisher, topics ...string) zmq4.Socket {
	t.Helper()
	sub := zmq4.NewSub(context.Background())
	t.Cleanup(func() { sub.Close() })
	if err := sub.Dial("tcp://" + s.Addr().String()); err != nil {
		t.Fatal(err)
	}
	for _, topic := range topics {
		if err := sub.SetOption(zmq4.OptionSubscribe, topic); err != nil {
			t.Fatal(err)
		}
	}
	return sub
}

func receive(t testing.TB, sub zmq4.Socket) string {
	t.Helper()
	got := make(chan string, 1)
	go func() {
		m, err := sub.Recv()
		if err != nil {
			got <- err.Error()
			return
		}
		got <- string(bytes.Join(m.Frames, []byte(" ")))
	}()
	select {
	case s := <-got:
		return s
	case <-time.After(patience):
		t.Fatal("nothing came")
		return ""
	}
}

// TestSubscriptionsAreSeen, and in force when they are: what is sent then comes.
func TestSubscriptionsAreSeen(t *testing.T) {
	s := publisher(t, Config{}, func(p *Peer, topic string) {
		p.Send([][]byte{[]byte(topic), []byte("welcome")}, false)
	})
	for range 20 {
		all := subscriber(t, s, "")
		if got := receive(t, all); got != " welcome" {
			t.Fatalf("got %q", got)
		}
		s.Publish([][]byte{[]byte("x"), []byte("1")}, true)
		if got := receive(t, all); got != "x 1" {
			t.Fatalf("got %q", got)
		}
	}
}

func TestTopics(t *testing.T) {
	seen := make(chan string, 10)
	s := publisher(t, Config{}, func(_ *Peer, topic string) { seen <- topic })
	p := dialRaw(t, s.Addr())
	p.shake("SUB")
	p.send(short(0, "\x01ab"), short(0, "\x01ab"), short(0, "\x01c"), short(0, "\x00c"), short(0, "nonsense"), short(0, ""), short(0, "\x01z"))
	for _, want := range []string{"ab", "ab", "c", "z"} {
		if got := <-seen; got != want {
			t.Errorf("subscription %q, not %q", got, want)
		}
	}
	p.send(short(0, "\x00ab"), short(0, "\x01q")) // subscribed twice: one is left
	<-seen
	for _, topic := range []string{"a", "abc", "c", "zz", "b", "q"} {
		s.Publish([][]byte{[]byte(topic)}, true)
	}
	want := bytes.Join([][]byte{short(0, "abc"), short(0, "zz"), short(0, "q")}, nil)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(p, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestLargeMessages go through whole, both ways.
func TestLargeMessages(t *testing.T) {
	s := echo(t, Config{})
	d := zmq4.NewDealer(t.Context())
	defer d.Close()
	if err := d.Dial("tcp://" + s.Addr().String()); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 200<<20)
	for i := 0; i < len(body); i += 4096 {
		body[i] = byte(i >> 12)
	}
	if err := d.SendMulti(zmq4.NewMsgFrom([]byte("head"), body)); err != nil {
		t.Fatal(err)
	}
	m, err := d.Recv()
	if err != nil || len(m.Frames) != 2 || !bytes.Equal(m.Frames[1], body) {
		t.Errorf("%d frames came back, %v", len(m.Frames), err)
	}
}

// TestHandover: a client that reconnects takes its identity with it, though its
// old connection still seems to be there.
func TestHandover(t *testing.T) {
	s := echo(t, Config{})
	dial := func() zmq4.Socket {
		d := zmq4.NewDealer(t.Context(), zmq4.WithID(zmq4.SocketIdentity("me")))
		if err := d.Dial("tcp://" + s.Addr().String()); err != nil {
			t.Fatal(err)
		}
		if err := d.Send(zmq4.NewMsgString("hello")); err != nil {
			t.Fatal(err)
		}
		if got := receive(t, d); got != "hello" {
			t.Fatalf("got %q", got)
		}
		return d
	}
	first := dial()
	second := dial()
	first.Close()
	s.await(t, 1)
	if !s.Connected("me") || !s.Send("me", [][]byte{[]byte("to the second")}) {
		t.Error("the end of the first connection took the second's identity")
	}
	if got := receive(t, second); got != "to the second" {
		t.Errorf("got %q", got)
	}
	second.Close()
	for end := time.Now().Add(patience); s.Connected("me"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a client that is gone is still known")
		}
	}
	if s.Send("me", nil) {
		t.Error("a message to a client that is gone was taken")
	}
}

// TestManyConnects leaves nothing behind: no connection, no goroutine.
func TestManyConnects(t *testing.T) {
	s := echo(t, Config{})
	honest(t, s.Addr())
	before := runtime.NumGoroutine()
	for i := range 300 {
		p := dialRaw(t, s.Addr())
		switch i % 3 {
		case 0:
			p.shake("DEALER")
		case 1:
			p.send(greeting())
		}
		p.Close()
	}
	honest(t, s.Addr())
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before+5; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, before %d", runtime.NumGoroutine(), before)
		}
	}
}

func (r *Router) known() (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.peers {
		ids = append(ids, id)
	}
	return ids
}

// TestTooManyPeers are refused, and let in again when there is room.
func TestTooManyPeers(t *testing.T) {
	s := echo(t, Config{MaxPeers: 10})
	var peers []raw
	for range 10 {
		p := dialRaw(t, s.Addr())
		p.shake("DEALER")
		peers = append(peers, p)
	}
	for len(s.known()) < 10 { // until the last handshake is over on this side, too
		time.Sleep(time.Millisecond)
	}
	dialRaw(t, s.Addr()).ended()
	// A silent one has to go first.
	peers[9].Close()
	s.await(t, 9)
	silent := dialRaw(t, s.Addr())
	s.await(t, 10)
	honest(t, s.Addr())
	silent.ended()
}

// TestHeartbeat echoes to several clients at a time.
func TestHeartbeat(t *testing.T) {
	s, err := ListenEcho(t.Context(), "tcp", "127.0.0.1:0", Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(time.Second)
	silent := dialRaw(t, s.Addr())
	silent.shake("REQ")
	silent.send(short(flagMore, ""), short(0, "never read"))
	for i := range 3 {
		req := zmq4.NewReq(t.Context())
		defer req.Close()
		if err := req.Dial("tcp://" + s.Addr().String()); err != nil {
			t.Fatal(err)
		}
		for j := range 5 {
			word := fmt.Sprint("beat ", i, j)
			if err := req.Send(zmq4.NewMsgString(word)); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, req); got != word {
				t.Errorf("%q came back", got)
			}
		}
	}
}

// TestCloseSendsWhatIsQueued to who reads it, while another does not; linger
// bounds how long that one is waited for.
func TestCloseSendsWhatIsQueued(t *testing.T) {
	var subscribed sync.WaitGroup
	subscribed.Add(2)
	s := publisher(t, Config{}, func(*Peer, string) { subscribed.Done() })
	sub, stalled := dialRaw(t, s.Addr()), dialRaw(t, s.Addr())
	for _, p := range []raw{sub, stalled} {
		p.shake("SUB")
		p.send(short(0, "\x01"))
	}
	subscribed.Wait()
	const n = 20_000_000
	s.Publish([][]byte{make([]byte, n)}, false)
	read := make(chan int64)
	go func() {
		got, _ := io.Copy(io.Discard, sub)
		read <- got
	}()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.Close(patience)
	}()
	if got := <-read; got != n+9 {
		t.Errorf("%d bytes came, not %d", got, n+9)
	}
	select {
	case <-closed:
		t.Error("Close did not wait for the stalled peer")
	default:
	}
	stalled.Close()
	<-closed

	subscribed.Add(1)
	s = publisher(t, Config{}, func(*Peer, string) { subscribed.Done() })
	stalled = dialRaw(t, s.Addr())
	stalled.shake("SUB")
	stalled.send(short(0, "\x01"))
	subscribed.Wait()
	s.Publish([][]byte{make([]byte, n)}, false)
	begin := time.Now()
	s.Close(300 * time.Millisecond)
	if took := time.Since(begin); took < 250*time.Millisecond || took > patience {
		t.Errorf("Close took %v with a stalled peer and a linger of 300 ms", took)
	}
}

// TestUnixSocket replaces what a killed kernel left, and nothing else.
func TestUnixSocket(t *testing.T) {
	path := t.TempDir() + "/socket"
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	if _, err := ListenEcho(t.Context(), "unix", path, Config{}); err == nil {
		t.Error("a socket in use was replaced")
	}
	left.Close()
	s, err := ListenEcho(t.Context(), "unix", path, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v, %v", info.Mode(), err)
	}
	s.Close(time.Second)
	if err := os.WriteFile(path, []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenEcho(t.Context(), "unix", path, Config{}); err == nil {
		t.Error("a file was replaced")
	}
}
