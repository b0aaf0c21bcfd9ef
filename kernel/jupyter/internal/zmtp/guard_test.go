package zmtp

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestSilentPeer: peers that connect and say nothing, or never end saying it,
// keep nobody out and are closed in time.
func TestSilentPeer(t *testing.T) {
	s := echo(t, Config{Handshake: 2 * time.Second}) // which the honest client has, too
	var peers []raw
	for _, word := range [][]byte{nil, greeting()[:1], greeting()[:20], greeting(), append(greeting(), 4), append(greeting(), ready("DEALER")[:9]...)} {
		for range 5 {
			p := dialRaw(t, s.Addr())
			p.send(word)
			peers = append(peers, p)
		}
	}
	begin := time.Now()
	honest(t, s.Addr())
	t.Logf("an honest client was served after %v", time.Since(begin))
	for _, p := range peers {
		p.ended()
	}
	honest(t, s.Addr())
}

// TestHugeFrames: what is announced and longer than the limit ends the
// connection before anything is allocated for it.
func TestHugeFrames(t *testing.T) {
	s := echo(t, Config{MaxMessage: 1 << 20})
	for name, words := range map[string][][]byte{
		"2^60 bytes":              {long(0, 1<<60)},
		"2^63 bytes":              {long(0, 1<<63)},
		"all ones":                {long(0, 1<<64-1)},
		"one byte over the limit": {long(0, 1<<20+1)},
		"too long in sum":         {long(flagMore, 600_000), make([]byte, 600_000), long(0, 600_000)},
		"after a good one":        {short(0, "hello"), long(0, 1<<60)},
		"a command":               {short(flagCommand, "\x04PING\x00\x00")},
		"reserved flags":          {short(0x80, "hello")},
	} {
		t.Run(name, func(t *testing.T) {
			p := dialRaw(t, s.Addr())
			p.shake("DEALER")
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			p.send(words...)
			p.ended()
			runtime.ReadMemStats(&after)
			if grown := int64(after.TotalAlloc) - int64(before.TotalAlloc); grown > 16<<20 {
				t.Errorf("%d bytes were allocated", grown)
			}
			honest(t, s.Addr())
		})
	}
	if left := s.budget.Load(); left != 4<<20 {
		t.Errorf("%d bytes of the budget are left at rest, not all", left)
	}
}

// TestEndlessMessage: frames that never end are as long as they are many.
func TestEndlessMessage(t *testing.T) {
	s := echo(t, Config{MaxMessage: 1 << 20})
	p := dialRaw(t, s.Addr())
	p.shake("DEALER")
	p.Write(bytes.Repeat(short(flagMore, ""), 1_000_000)) // fails when the other side has had enough
	p.ended()
	honest(t, s.Addr())
}

// TestBudget: many peers together cannot announce more than a multiple of what
// one can.
func TestBudget(t *testing.T) {
	s := echo(t, Config{MaxMessage: 1 << 20})
	var peers []raw
	for range 8 {
		p := dialRaw(t, s.Addr())
		p.shake("DEALER")
		p.send(long(0, 1_000_000))
		peers = append(peers, p)
	}
	s.await(t, 4) // the others would promise more than 4 MB
	for _, p := range peers {
		p.Close()
	}
	honest(t, s.Addr())
}

// TestHostileHandshake: zmq4 panics on some of these.
func TestHostileHandshake(t *testing.T) {
	s := echo(t, Config{Handshake: patience})
	property := func(body string) []byte { return short(flagCommand, "\x05READY"+body) }
	for name, words := range map[string][][]byte{
		"HTTP":                     {[]byte("GET / HTTP/1.1\r\nHost: localhost\r\n" + strings.Repeat("X: y\r\n", 20))},
		"zeros":                    {make([]byte, 200)},
		"ZMTP 2":                   {append([]byte{0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1}, make([]byte, 53)...)},
		"another mechanism":        {bytes.Replace(greeting(), []byte("NULL"), []byte("CURV"), 1)},
		"unknown socket type":      {greeting(), ready("FOO")},
		"no socket type":           {greeting(), ready("")},
		"incompatible socket type": {greeting(), ready("PUB")},
		"no property":              {greeting(), property("")},
		"truncated name":           {greeting(), property("\xffSocket")},
		"truncated length":         {greeting(), property("\x0bSocket-Type\x00")},
		"truncated value":          {greeting(), property("\x0bSocket-Type\xff\xff\xff\xff")},
		"not READY":                {greeting(), short(flagCommand, "\x05ERROR\x00")},
		"name longer than command": {greeting(), short(flagCommand, "\xffREADY")},
		"empty command":            {greeting(), short(flagCommand, "")},
		"a message":                {greeting(), short(0, "hello")},
		"a command with more":      {greeting(), short(flagCommand|flagMore, "\x05READY")},
		"a huge READY":             {greeting(), long(flagCommand, 1<<60)},
		"a READY of 1 MB":          {greeting(), long(flagCommand, 1<<20), make([]byte, 1<<20)},
	} {
		t.Run(name, func(t *testing.T) {
			p := dialRaw(t, s.Addr())
			if _, err := p.Write(bytes.Join(words, nil)); err == nil {
				p.ended()
			}
			honest(t, s.Addr())
		})
	}
}
