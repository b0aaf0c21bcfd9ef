package jupyter_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

func TestComms(t *testing.T) {
	k, c := connect(t)
	send := func(o jupyter.Outgoing) []*jupyter.Message {
		t.Helper()
		return c.Published(c.SendOutgoing(client.Shell, o))
	}
	comms := func(content map[string]any) map[string]any {
		t.Helper()
		reply, _ := c.Ask(client.Shell, "comm_info_request", content)
		return jupytertest.Field[map[string]any](t, reply, "comms")
	}

	// Opened by the front end.
	if got := send(jupyter.Outgoing{Type: "comm_open", Content: map[string]any{"comm_id": "a", "target_name": "echo", "data": map[string]any{}}}); len(got) != 0 {
		t.Errorf("comm_open published %s", jupytertest.Show(got...))
	}
	buffers := [][]byte{{0, 1, 2, 0xff}, {}, bytes.Repeat([]byte{7}, 1<<20)}
	got := send(jupyter.Outgoing{
		Type: "comm_msg", Content: map[string]any{"comm_id": "a", "data": map[string]any{"x": 1}},
		Metadata: map[string]any{"version": "2.1.0"}, Buffers: buffers,
	})
	if kinds(got) != "stream comm_msg" {
		t.Fatalf("comm_msg published %s", jupytertest.Show(got...))
	}
	echo := got[1]
	if !reflect.DeepEqual(echo.Buffers, buffers) {
		t.Errorf("buffers came back as %d buffers", len(echo.Buffers))
	}
	var metadata map[string]any
	if err := json.Unmarshal(echo.Metadata, &metadata); err != nil || metadata["version"] != "2.1.0" {
		t.Errorf("metadata came back as %s", echo.Metadata)
	}

	// Opened by the kernel.
	_, published := c.Execute("comm b")
	if kinds(published) != "execute_input comm_open" || len(published[1].Buffers) != 1 {
		t.Errorf("the kernel's comm: %s", jupytertest.Show(published...))
	}
	if got := comms(map[string]any{}); len(got) != 2 {
		t.Errorf("open: %v", got)
	}
	if got := comms(map[string]any{"target_name": "kernel"}); len(got) != 1 || got["b"] == nil {
		t.Errorf("open with target kernel: %v", got)
	}

	send(jupyter.Outgoing{Type: "comm_close", Content: map[string]any{"comm_id": "a", "data": map[string]any{}}})
	if got := comms(map[string]any{"target_name": "echo"}); len(got) != 0 {
		t.Errorf("still open: %v", got)
	}

	// Faults.
	got = send(jupyter.Outgoing{Type: "comm_open", Content: map[string]any{"comm_id": "z", "target_name": "nobody"}})
	if kinds(got) != "comm_close" || jupytertest.Field[string](t, got[0], "comm_id") != "z" {
		t.Errorf("an unknown target published %s", jupytertest.Show(got...))
	}
	for _, content := range []any{
		map[string]any{"comm_id": "unknown", "data": map[string]any{}},
		map[string]any{"data": map[string]any{}},
		map[string]any{"comm_id": 5},
		map[string]any{"comm_id": "b", "data": map[string]any{"panic": true}},
	} {
		if got := send(jupyter.Outgoing{Type: "comm_msg", Content: content}); len(got) != 0 {
			t.Errorf("%v published %s", content, jupytertest.Show(got...))
		}
	}
	if reply, _ := c.Execute("result 1"); jupytertest.Field[string](t, reply, "status") != "ok" {
		t.Error("the kernel does not go on")
	}
	if got := k.mock.Messages()[1]; got.Kind != "comm_msg" || len(got.Buffers) != 3 || got.Metadata["version"] != "2.1.0" {
		t.Errorf("the interpreter got %v", got)
	}
}

// TestCommsWhileACellRuns moves a widget during a long cell, in the main shell
// as front ends without subshells do.
func TestCommsWhileACellRuns(t *testing.T) {
	k, c := connect(t)
	c.Execute("comm slider")
	cell := c.Send(client.Shell, "execute_request", map[string]any{"code": "forever"})
	waitForCell(t, k, 2)
	const n = 50
	var last string
	for i := range n {
		last = c.Send(client.Shell, "comm_msg", map[string]any{"comm_id": "slider", "data": map[string]any{"i": i}})
	}
	if got := c.Published(last); kinds(got) != "stream comm_msg" {
		t.Errorf("published %s", jupytertest.Show(got...))
	}
	// Behind a waiting cell a comm_open must wait: the cell may register its target.
	waiting := c.Send(client.Shell, "execute_request", map[string]any{"code": "result 1", "stop_on_error": false})
	open := c.Send(client.Shell, "comm_open", map[string]any{"comm_id": "late", "target_name": "echo"})
	behind := c.Send(client.Shell, "comm_msg", map[string]any{"comm_id": "late", "data": map[string]any{"i": n}})
	c.Ask(client.Control, "kernel_info_request", map[string]any{})
	if got := len(k.mock.Messages()); got != n {
		t.Errorf("%d comm messages were delivered before their turn", got-n)
	}
	k.Interrupt()
	c.Reply(client.Shell, cell)
	if got := jupytertest.Field[string](t, c.Reply(client.Shell, waiting), "status"); got != "aborted" {
		t.Errorf("the waiting cell: %s", got)
	}
	c.Published(open)
	if got := c.Published(behind); kinds(got) != "stream comm_msg" {
		t.Errorf("published %s", jupytertest.Show(got...))
	}
	messages := k.mock.Messages()
	if len(messages) != n+2 || messages[n].Kind != "comm_open" {
		t.Fatalf("%d comm messages were delivered", len(messages))
	}
	for i, m := range append(messages[:n:n], messages[n+1]) {
		if m.Data["i"] != float64(i) {
			t.Errorf("message %d is %v", i, m.Data)
		}
	}
}
