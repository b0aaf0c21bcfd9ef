package client_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

// TestDialGivesUp when its context ends: on ports where nobody listens, and on
// ports where somebody does who says nothing.
func TestDialGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	silent := l.Addr().(*net.TCPAddr).Port
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.Addr().(*net.TCPAddr).Port
	free.Close()
	defer l.Close()
	for name, port := range map[string]int{"nobody": nobody, "silent": silent} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := client.Dial(ctx, jupyter.ConnectionInfo{
			Transport: "tcp", IP: "127.0.0.1", Key: "k",
			ShellPort: port, IOPubPort: port, StdinPort: port, ControlPort: port, HBPort: port,
		})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRequest is what an installer does to see whether a kernel works.
func TestRequest(t *testing.T) {
	s, err := jupyter.New(jupyter.ConnectionInfo{Key: "k"}, jupytertest.Info(), jupytertest.NewMock(), jupyter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	end := make(chan error)
	go func() { end <- s.Serve(context.Background()) }()
	ctx, cancel := context.WithTimeout(t.Context(), jupytertest.Patience)
	defer cancel()
	c, err := client.Dial(ctx, s.Connection())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	reply, err := c.Request(ctx, client.Shell, jupyter.Outgoing{Type: "kernel_info_request"})
	if err != nil {
		t.Fatal(err)
	}
	if got := jupytertest.Field[string](t, reply, "implementation"); got != "mock" {
		t.Errorf("implementation %q", got)
	}
	if err := c.Ping(ctx); err != nil {
		t.Error(err)
	}
	if _, err := c.Request(ctx, client.Control, jupyter.Outgoing{Type: "shutdown_request", Content: map[string]bool{"restart": false}}); err != nil {
		t.Error(err)
	}
	if err := <-end; err != nil {
		t.Error(err)
	}
	none, cancelNone := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancelNone()
	if _, err := c.Next(none, client.Shell); err == nil {
		t.Error("a message came from a kernel that has ended")
	}
}
