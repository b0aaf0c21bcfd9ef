package worker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
)

func collect(frames *[]frame) func(frame) error {
	return func(f frame) error { *frames = append(*frames, f); return nil }
}

// Frames come out as they went in, however the pipe cuts them.
func TestFrames(t *testing.T) {
	var pipe bytes.Buffer
	s := &sender{w: &pipe}
	big := bytes.Repeat([]byte("x"), 100000)
	want := []frame{
		{kind: kindReady, head: []byte("{}")},
		{kind: kindEvent, id: 1 << 60, head: []byte(`{"a":1}`), parts: [][]byte{{}, {1, 2}, big}},
		{kind: kindStdout, id: 7, head: []byte{}, parts: [][]byte{[]byte("text")}},
		{kind: kindClose, head: []byte{}},
	}
	for _, f := range want {
		var err error
		if f.kind == kindStdout {
			err = s.stream(f.kind, f.id, "text")
		} else {
			err = s.send(f.kind, f.id, f.head, f.parts...)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, cut := range []int{1, 3, 17, 4096, pipe.Len()} {
		var a assembler
		var got []frame
		for b := pipe.Bytes(); len(b) > 0; b = b[min(cut, len(b)):] {
			if err := a.feed(b[:min(cut, len(b))], collect(&got)); err != nil {
				t.Fatalf("pieces of %d: %v", cut, err)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("pieces of %d: other frames came out", cut)
		}
	}
}

// Text that waits for a slow reader joins one frame, in the order of its writing.
func TestStreamsMerge(t *testing.T) {
	var pipe bytes.Buffer
	s := &sender{w: &pipe}
	s.writing.Lock() // as while a write waits for its reader
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { s.stream(kindStdout, 1, "x") })
	}
	for waiting := 0; waiting < 10; {
		s.mu.Lock()
		waiting = bytes.Count(s.pending, []byte("x"))
		s.mu.Unlock()
	}
	all.Go(func() { s.stream(kindStderr, 1, "other stream") })
	for done := false; !done; {
		s.mu.Lock()
		done = bytes.Contains(s.pending, []byte("other stream"))
		s.mu.Unlock()
	}
	all.Go(func() { s.stream(kindStderr, 2, "other cell") })
	for done := false; !done; {
		s.mu.Lock()
		done = bytes.Contains(s.pending, []byte("other cell"))
		s.mu.Unlock()
	}
	s.writing.Unlock()
	all.Wait()
	var got []frame
	var a assembler
	if err := a.feed(pipe.Bytes(), collect(&got)); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, f := range got {
		texts = append(texts, string(f.parts[0]))
	}
	if want := "xxxxxxxxxx|other stream|other cell"; strings.Join(texts, "|") != want {
		t.Errorf("frames %q, want %q", strings.Join(texts, "|"), want)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestSendAfterFailure(t *testing.T) {
	s := &sender{w: failing{}}
	for range 2 {
		if err := s.send(kindReady, 0, nil); err == nil || err.Error() != "gone" {
			t.Errorf("send: %v", err)
		}
		if err := s.stream(kindStdout, 0, "x"); err == nil || err.Error() != "gone" {
			t.Errorf("stream: %v", err)
		}
	}
}

func TestMalformedFrames(t *testing.T) {
	header := func(size, head uint32) []byte {
		b := binary.LittleEndian.AppendUint32(nil, size)
		b = append(b, kindEvent)
		b = binary.LittleEndian.AppendUint64(b, 1)
		return binary.LittleEndian.AppendUint32(b, head)
	}
	for name, b := range map[string][]byte{
		"too large":         header(1<<31, 0),
		"too small":         header(3, 0),
		"head beyond frame": append(header(15, 4), 1, 2),
		"part beyond frame": append(header(18, 0), 9, 0, 0, 0, 1),
		"half a part":       append(header(15, 0), 1, 2),
		"text":              []byte("this is no frame at all, but text"),
	} {
		var a assembler
		if err := a.feed(b, func(frame) error { return nil }); err != errMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever comes through the pipe, reading it does not panic, and does not take
// memory that the bytes do not justify by more than one announced frame.
func FuzzAssembler(f *testing.F) {
	var pipe bytes.Buffer
	s := &sender{w: &pipe}
	s.send(kindEvent, 3, []byte("{}"), []byte("a"), nil)
	f.Add(pipe.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= 4 && binary.LittleEndian.Uint32(b) > 1<<20 {
			t.Skip("only its allocation would be tested")
		}
		var a assembler
		a.feed(b, func(f frame) error {
			if f.kind == kindEvent {
				decodeEvent(f)
			}
			return nil
		})
	})
}
