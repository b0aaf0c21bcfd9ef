package jupyter_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

// TestHostileClients: whatever comes, the next honest message is answered.
func TestHostileClients(t *testing.T) {
	k, c := connect(t)
	stranger, err := jupyter.NewSession("", "a guess")
	if err != nil {
		t.Fatal(err)
	}
	forge := func(o jupyter.Outgoing) [][]byte {
		frames, _, err := stranger.Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		return frames
	}
	sign := func(o jupyter.Outgoing) [][]byte {
		frames, _, err := c.Session().Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		return frames
	}
	// A message is taken once, on whatever channel: each gets its own.
	type attack func() [][]byte
	own := func(o jupyter.Outgoing) attack { return func() [][]byte { return sign(o) } }
	raw := func(frames ...[]byte) attack { return func() [][]byte { return frames } }
	once := sign(jupyter.Outgoing{Type: "execute_request", Content: map[string]any{"code": "result 1"}})
	attacks := map[string]attack{
		"junk":         raw([]byte("junk")),
		"empty frames": raw(nil, nil, nil),
		"delimiter":    raw([]byte("<IDS|MSG>")),
		"delimiters":   raw(bytes.Split([]byte(strings.Repeat("<IDS|MSG>,", 50)), []byte(","))...),
		"forged":       raw(forge(jupyter.Outgoing{Type: "shutdown_request", Content: map[string]any{"restart": false}})...),
		"forged cell":  raw(forge(jupyter.Outgoing{Type: "execute_request", Content: map[string]any{"code": "print pwned"}})...),
		"thousands":    raw(make([][]byte, 5000)...),
		"replay":       raw(once...),
		"unknown":      own(jupyter.Outgoing{Type: "frobnicate_request"}),
		"no request":   own(jupyter.Outgoing{Type: "execute_reply", Content: map[string]any{"status": "ok"}}),
		"strange":      own(jupyter.Outgoing{Type: "\x00\n💥"}),
		"many idents": func() [][]byte {
			return append(bytes.Split(bytes.Repeat([]byte("x,"), 100), []byte(",")), sign(jupyter.Outgoing{Type: "frobnicate_request"})...)
		},
		"code a number": own(jupyter.Outgoing{Type: "execute_request", Content: map[string]any{"code": 5}}),
		"code null":     own(jupyter.Outgoing{Type: "execute_request", Content: map[string]any{"code": nil}}),
		"expressions":   own(jupyter.Outgoing{Type: "execute_request", Content: map[string]any{"code": "", "user_expressions": []int{1}}}),
		"cursor":        own(jupyter.Outgoing{Type: "complete_request", Content: map[string]any{"code": "x", "cursor_pos": 1e300}}),
		"history":       own(jupyter.Outgoing{Type: "history_request", Content: map[string]any{"hist_access_type": "tail", "n": -1 << 40}}),
		"comm":          own(jupyter.Outgoing{Type: "comm_msg", Content: map[string]any{"comm_id": nil}}),
		"restart":       own(jupyter.Outgoing{Type: "shutdown_request", Content: map[string]any{"restart": "maybe"}}),
		"subshell":      own(jupyter.Outgoing{Type: "delete_subshell_request", Content: map[string]any{"subshell_id": []string{"x"}}}),
	}
	if err := c.SendRaw(client.Shell, once...); err != nil {
		t.Fatal(err)
	}
	c.Next(client.Shell)
	for name, frames := range attacks {
		for _, channel := range []client.Channel{client.Shell, client.Control, client.Stdin} {
			if err := c.SendRaw(channel, frames()...); err != nil {
				t.Fatalf("%s on %s: %v", name, channel, err)
			}
		}
		for _, channel := range []client.Channel{client.Shell, client.Control} {
			id := c.Send(channel, "kernel_info_request", map[string]any{})
			if reply := c.Reply(channel, id); jupytertest.Field[string](t, reply, "implementation") != "mock" {
				t.Errorf("after %s: %s", name, jupytertest.Show(reply))
			}
		}
	}
	if reply, published := c.Execute("print still here"); jupytertest.Text(t, published, "stdout") != "still here\n" {
		t.Error(jupytertest.Show(append(published, reply)...))
	}
	for _, r := range k.mock.Ran() {
		if strings.Contains(r.Code, "pwned") {
			t.Error("a forged cell was run")
		}
	}
	if got := len(k.mock.Ran()); got != 2 {
		t.Errorf("%d cells ran, not 2: one sent three times and one honest", got)
	}
	for _, want := range []string{"no delimiter", "wrong signature", "signature seen before", "unknown type", "MalformedRequest"} {
		if !strings.Contains(k.log.String(), want) {
			t.Errorf("the log does not tell of %q", want)
		}
	}
}

// TestMalformedRequests are signed, of a known type, and wrong inside: each is
// answered with an error.
func TestMalformedRequests(t *testing.T) {
	_, c := connect(t)
	for kind, content := range map[string]any{
		"execute_request":         map[string]any{"code": []int{1}},
		"complete_request":        map[string]any{"code": "x", "cursor_pos": "end"},
		"inspect_request":         map[string]any{"code": 1},
		"history_request":         map[string]any{"hist_access_type": 3},
		"comm_info_request":       map[string]any{"target_name": 7},
		"delete_subshell_request": map[string]any{"subshell_id": 7},
	} {
		channel := client.Shell
		if kind == "delete_subshell_request" {
			channel = client.Control
		}
		reply, published := c.Ask(channel, kind, content)
		if got := jupytertest.Field[string](t, reply, "ename"); got != "MalformedRequest" || len(published) > 0 {
			t.Errorf("%s: %s", kind, jupytertest.Show(append(published, reply)...))
		}
	}
}

// TestUnknownRequest is dropped without an answer, between busy and idle, as
// the specification has it.
func TestUnknownRequest(t *testing.T) {
	_, c := connect(t)
	id := c.Send(client.Shell, "frobnicate_request", map[string]any{})
	if published := c.Published(id); len(published) > 0 {
		t.Errorf("published %s", jupytertest.Show(published...))
	}
	c.Quiet(client.Shell, 20*time.Millisecond)
}
