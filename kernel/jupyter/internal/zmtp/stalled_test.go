package zmtp

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestStalledSubscriber: one that subscribes and never reads slows nobody, and
// costs no more than its queue.
func TestStalledSubscriber(t *testing.T) {
	var subscribed sync.WaitGroup
	subscribed.Add(2)
	s := publisher(t, Config{MaxQueue: 1 << 20, Log: testLog(t)}, func(*Peer, string) { subscribed.Done() })
	stalled := dialRaw(t, s.Addr())
	stalled.shake("SUB")
	stalled.send(short(0, "\x01"))
	reader := subscriber(t, s, "")
	subscribed.Wait()

	const n, size = 1000, 100_000 // 100 MB
	body := make([]byte, size)
	slowest := time.Duration(0)
	lost := 0
	for i := range n {
		begin := time.Now()
		for _, l := range s.Publish([][]byte{[]byte("x"), []byte(strconv.Itoa(i)), body}, true) {
			lost += l.Messages
		}
		slowest = max(slowest, time.Since(begin))
		if got := receive(t, reader); !strings.HasPrefix(got, fmt.Sprintf("x %d ", i)) {
			t.Fatalf("the reader got %.20q for message %d", got, i)
		}
	}
	t.Logf("the slowest Publish took %v", slowest)
	if slowest > 2*time.Second {
		t.Errorf("a Publish took %v", slowest)
	}
	var waiting int64
	s.mu.Lock()
	for p := range s.topics {
		p.mu.Lock()
		waiting = max(waiting, p.waiting)
		p.mu.Unlock()
	}
	s.mu.Unlock()
	if waiting == 0 || waiting > 1<<20+size+1000 {
		t.Errorf("%d bytes wait for the stalled subscriber", waiting)
	}

	// When it reads again it gets what was kept, in order, and what comes next,
	// and Publish tells what it lost.
	later := make(chan int, 1)
	go func() {
		for s.topicsOf() == 2 {
			for _, l := range s.Publish([][]byte{[]byte("end")}, true) {
				later <- l.Messages
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	kept := 0
	stalled.SetReadDeadline(time.Now().Add(patience))
	last := -1
	for {
		var frames []string
		for more := true; more; {
			frame, m := stalled.frame()
			frames, more = append(frames, frame), m
		}
		if frames[0] == "end" {
			break
		}
		i, err := strconv.Atoi(frames[1])
		if err != nil || i <= last || len(frames[2]) != size {
			t.Fatalf("message %q after %d", frames[1], last)
		}
		last = i
		kept++
	}
	if lost += <-later; lost < n-kept || kept < 5 {
		t.Errorf("%d messages were kept, and %d lost", kept, lost)
	}
	stalled.Close()
}

func (s *Publisher) topicsOf() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.topics)
}

// frame reads a frame.
func (r raw) frame() (body string, more bool) {
	r.t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		r.t.Fatal(err)
	}
	size := int(head[1])
	if head[0]&flagLong != 0 {
		rest := make([]byte, 7)
		if _, err := io.ReadFull(r, rest); err != nil {
			r.t.Fatal(err)
		}
		for _, b := range rest {
			size = size<<8 | int(b)
		}
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		r.t.Fatal(err)
	}
	return string(b), head[0]&flagMore != 0
}

// TestHopelessSubscriber: who does not even take what must not be lost is let
// go, so that its client notices.
func TestHopelessSubscriber(t *testing.T) {
	var subscribed sync.WaitGroup
	subscribed.Add(1)
	s := publisher(t, Config{MaxQueue: 1 << 20, MaxMessage: 1 << 20}, func(*Peer, string) { subscribed.Done() })
	stalled := dialRaw(t, s.Addr())
	stalled.shake("SUB")
	stalled.send(short(0, "\x01"))
	subscribed.Wait()
	body := make([]byte, 100_000)
	for i := 0; s.topicsOf() == 1; i++ {
		if i > 1000 {
			t.Fatal("100 MB wait for a subscriber that reads nothing")
		}
		s.Publish([][]byte{[]byte("x"), body}, false)
		time.Sleep(100 * time.Microsecond)
	}
	stalled.ended()
}

// TestStalledClient: a client that sends requests and reads no reply is let go,
// and the others are served meanwhile.
func TestStalledClient(t *testing.T) {
	s := echo(t, Config{MaxQueue: 1 << 20, MaxMessage: 1 << 20})
	p := dialRaw(t, s.Addr())
	p.shake("DEALER")
	message := append(long(0, 100_000), make([]byte, 100_000)...)
	for i := 0; ; i++ {
		if _, err := p.Write(message); err != nil {
			break
		}
		if i > 1000 {
			t.Fatal("a client that reads nothing is answered for ever")
		}
		if i%10 == 0 {
			honest(t, s.Addr())
		}
	}
	honest(t, s.Addr())
}
