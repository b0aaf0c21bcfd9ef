package zmtp

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"
)

// The tests of this file show the faults of zmq4's own sockets for which this
// package stands in their place. When one of them fails, zmq4 has mended the
// fault, and there may be less to do here.

// victim, in the environment, makes the test binary serve a zmq4 ROUTER.
const victim = "ZMTP_TEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victim) == "" {
		os.Exit(m.Run())
	}
	s := zmq4.NewRouter(context.Background())
	if err := s.Listen("tcp://127.0.0.1:0"); err != nil {
		log.Fatal(err)
	}
	os.Stdout.WriteString(s.Addr().String() + "\n")
	io.Copy(io.Discard, os.Stdin) // until the test ends
}

// TestZMQ4Crashes: a few bytes from anyone end a process with a zmq4 socket.
func TestZMQ4Crashes(t *testing.T) {
	for name, words := range map[string][][]byte{
		"frame of 2^60 bytes": {greeting(), ready("DEALER"), long(0, 1<<60)},
		"unknown socket type": {greeting(), ready("FOO")},
		"truncated property":  {greeting(), short(flagCommand, "\x05READY\x0bSocket-Type\x00")},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cmd := exec.CommandContext(ctx, os.Args[0])
			cmd.Env = append(os.Environ(), victim+"=1")
			var stderr strings.Builder
			cmd.Stderr = &stderr
			if _, err := cmd.StdinPipe(); err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			addr, err := bufio.NewReader(stdout).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			at, err := net.ResolveTCPAddr("tcp", strings.TrimSpace(addr))
			if err != nil {
				t.Fatal(err)
			}
			p := dialRaw(t, at)
			p.send(words...)
			if err := cmd.Wait(); err == nil || ctx.Err() != nil || !strings.Contains(stderr.String(), "panic: ") {
				t.Errorf("the process lives, or ended with %v: %s", err, stderr.String())
			}
		})
	}
}

// TestZMQ4KeepsOthersOut while one peer is silent.
func TestZMQ4KeepsOthersOut(t *testing.T) {
	s := zmq4.NewRouter(context.Background())
	defer s.Close()
	if err := s.Listen("tcp://127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	dialRaw(t, s.Addr())
	time.Sleep(20 * time.Millisecond)
	second := dialRaw(t, s.Addr())
	second.send(greeting(), ready("DEALER"))
	second.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if _, err := second.Read(make([]byte, 1)); err == nil {
		t.Error("the second peer is greeted")
	}
}

// TestZMQ4StallsAll for a subscriber that does not read, and tells nobody of
// subscriptions.
func TestZMQ4StallsAll(t *testing.T) {
	s := zmq4.NewXPub(context.Background())
	if err := s.Listen("tcp://127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	told := make(chan zmq4.Msg, 1)
	go func() {
		m, _ := s.Recv()
		told <- m
	}()
	stalled := dialRaw(t, s.Addr())
	stalled.shake("SUB")
	stalled.send(short(0, "\x01"))
	reader := dialRaw(t, s.Addr())
	reader.shake("SUB")
	reader.send(short(0, "\x01"))
	// Both have subscribed when what they subscribe to after it is known.
	stalled.send(short(0, "\x01stalled"))
	reader.send(short(0, "\x01reader"))
	known := func(topic string) bool { return slices.Contains(s.(zmq4.Topics).Topics(), topic) }
	for end := time.Now().Add(patience); !known("stalled") || !known("reader"); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("zmq4 does not know of the subscriptions")
		}
	}
	const size = 100 << 20
	if err := s.Send(zmq4.NewMsg(make([]byte, size))); err != nil {
		t.Fatal(err)
	}
	reader.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	if n, _ := io.Copy(io.Discard, reader); n > size/2 {
		t.Errorf("the reader got %d bytes", n)
	}
	select {
	case m := <-told:
		t.Errorf("XPUB tells of %v", m)
	default:
	}
}
