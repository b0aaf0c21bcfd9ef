package jupyter_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

const key = "a key for tests"

// kernel is a server with a mock interpreter, for one test.
type kernel struct {
	*jupyter.Server
	mock *jupytertest.Mock
	log  *logged
	end  chan error // what Serve returned
}

// logged is what a server logged.
type logged struct {
	mu  sync.Mutex
	all strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// start serves a mock on free ports.
func start(t testing.TB, o jupyter.Options) *kernel {
	t.Helper()
	k := &kernel{mock: jupytertest.NewMock(), log: &logged{}, end: make(chan error, 1)}
	o.Log = slog.New(slog.NewTextHandler(k.log, nil))
	var err error
	k.Server, err = jupyter.New(jupyter.ConnectionInfo{Key: key}, jupytertest.Info(), k.mock, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { k.end <- k.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-k.end:
		case <-time.After(jupytertest.Patience):
			t.Error("Serve did not end")
		}
		if strings.Contains(k.log.String(), "not encoded") && !t.Failed() && !strings.Contains(t.Name(), "Unencodable") {
			t.Errorf("log: %s", k.log)
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", k.log)
		}
	})
	return k
}

// connect starts a server and connects a client to it.
func connect(t testing.TB) (*kernel, *jupytertest.Client) {
	t.Helper()
	k := start(t, jupyter.Options{})
	return k, jupytertest.Dial(t, k.Connection())
}

func TestShutdown(t *testing.T) {
	for _, restart := range []bool{false, true} {
		for _, channel := range []client.Channel{client.Control, client.Shell} {
			k, c := connect(t)
			reply, published := c.Ask(channel, "shutdown_request", map[string]any{"restart": restart})
			if got := jupytertest.Field[bool](t, reply, "restart"); got != restart {
				t.Errorf("restart %v was answered with %v", restart, got)
			}
			if len(published) != 1 || published[0].Header.Type != "shutdown_reply" {
				t.Errorf("other front ends were told %s", jupytertest.Show(published...))
			}
			select {
			case err := <-k.end:
				if err != nil {
					t.Errorf("Serve returned %v", err)
				}
				k.end <- nil
			case <-time.After(jupytertest.Patience):
				t.Fatal("Serve did not return")
			}
		}
	}
}

func TestShutdownWhileACellRuns(t *testing.T) {
	k, c := connect(t)
	c.Send(client.Shell, "execute_request", map[string]any{"code": "forever"})
	waitForCell(t, k, 1)
	id := c.Send(client.Control, "shutdown_request", map[string]any{"restart": false})
	c.Reply(client.Control, id)
	select {
	case err := <-k.end:
		if err != nil {
			t.Errorf("Serve returned %v", err)
		}
		k.end <- nil
	case <-time.After(jupytertest.Patience):
		t.Fatal("Serve did not return")
	}
}

// TestShutdownDuringAnInterrupt that the interpreter does not come back from.
func TestShutdownDuringAnInterrupt(t *testing.T) {
	k, c := connect(t)
	begun := make(chan bool)
	k.mock.SlowInterrupt(func(ctx context.Context) { close(begun); <-ctx.Done() })
	c.Send(client.Control, "interrupt_request", map[string]any{})
	<-begun
	c.Reply(client.Control, c.Send(client.Control, "shutdown_request", map[string]any{"restart": false}))
	if err := <-k.end; err != nil {
		t.Errorf("Serve returned %v", err)
	}
	k.end <- nil
}

// TestManyCells runs as many as a long day brings: nothing may grow with them.
func TestManyCells(t *testing.T) {
	k := start(t, jupyter.Options{})
	c := jupytertest.Dial(t, k.Connection())
	run := func(n int) (heap uint64, goroutines int) {
		for range n {
			c.Execute("print a\nresult 1")
		}
		k.mock.Forget()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, runtime.NumGoroutine()
	}
	heap, goroutines := run(500)
	heapAfter, goroutinesAfter := run(5000)
	t.Logf("heap %d KB, then %d KB", heap>>10, heapAfter>>10)
	// The history in memory, and the signatures that the server and the client
	// remember, are bounded and not yet full.
	if grown := int64(heapAfter) - int64(heap); grown > 5000*1000 {
		t.Errorf("the heap grew by %d bytes in 5000 cells", grown)
	}
	if goroutinesAfter > goroutines+2 {
		t.Errorf("%d goroutines, then %d", goroutines, goroutinesAfter)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	mock := jupytertest.NewMock()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the parent is gone")
	cancel(why)
	if err := jupyter.Serve(ctx, jupyter.ConnectionInfo{Key: key}, jupytertest.Info(), mock, jupyter.Options{}); !errors.Is(err, why) {
		t.Errorf("Serve returned %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	k := start(t, jupyter.Options{})
	conn := jupyter.ConnectionInfo{Key: key, HBPort: k.Connection().HBPort}
	_, err := jupyter.New(conn, jupytertest.Info(), k.mock, jupyter.Options{})
	if err == nil || !strings.Contains(err.Error(), "heartbeat") {
		t.Errorf("error %v does not name the socket", err)
	}
}

func TestUnixSockets(t *testing.T) {
	conn := jupyter.ConnectionInfo{
		Transport: "ipc", IP: t.TempDir() + "/k", Key: key,
		ShellPort: 1, IOPubPort: 2, StdinPort: 3, ControlPort: 4, HBPort: 5,
	}
	s, err := jupyter.New(conn, jupytertest.Info(), jupytertest.NewMock(), jupyter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error)
	go func() { end <- s.Serve(ctx) }()
	c := jupytertest.Dial(t, s.Connection())
	if _, published := c.Execute("print over ipc"); jupytertest.Text(t, published, "stdout") != "over ipc\n" {
		t.Error(jupytertest.Show(published...))
	}
	cancel()
	<-end
}

func TestHeartbeat(t *testing.T) {
	k, c := connect(t)
	c.Send(client.Shell, "execute_request", map[string]any{"code": "forever"})
	waitForCell(t, k, 1)
	ctx, cancel := context.WithTimeout(t.Context(), jupytertest.Patience)
	defer cancel()
	for range 3 {
		if err := c.Ping(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// TestManyClients runs cells from several clients: each gets its own replies,
// and what is published reaches all.
func TestManyClients(t *testing.T) {
	k := start(t, jupyter.Options{})
	const n, cells = 5, 20
	clients := make([]*jupytertest.Client, n)
	for i := range clients {
		clients[i] = jupytertest.Dial(t, k.Connection())
	}
	ids := make([]string, n)
	for i, c := range clients {
		for range cells {
			ids[i] = c.Send(client.Shell, "execute_request", map[string]any{"code": "result 1"})
		}
	}
	for i, c := range clients {
		for j := range cells {
			if m := c.Next(client.Shell); m.Header.Type != "execute_reply" || j == cells-1 && m.Parent.ID != ids[i] {
				t.Errorf("client %d: reply %d is for %s", i, j, m.Parent.ID)
			}
		}
		results := 0
		for idle := 0; idle < n*cells; {
			switch m := c.Next(client.IOPub); {
			case m.Header.Type == "execute_result":
				results++
			case jupytertest.Field[string](t, m, "execution_state") == "idle":
				idle++
			}
		}
		if results != n*cells {
			t.Errorf("client %d saw %d results", i, results)
		}
	}
}

// waitForCell waits until the interpreter has begun with its nth cell.
func waitForCell(t testing.TB, k *kernel, n int) {
	t.Helper()
	for end := time.Now().Add(jupytertest.Patience); len(k.mock.Ran()) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d cells have begun", len(k.mock.Ran()), n)
		}
	}
}
