package jupyter_test

import (
	"testing"
	"time"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
	"divvy/kernel/jupyter/jupytertest"
)

func TestInput(t *testing.T) {
	_, c := connect(t)
	for _, test := range []struct {
		name, code, prompt string
		password           bool
		value, out         string
		orphan             bool // the reply names no parent, as jupyter_client's
	}{
		{name: "line", code: "input name? ", prompt: "name? ", value: "ada", out: "got \"ada\"\n"},
		{name: "password", code: "password key: ", prompt: "key: ", password: true, value: "s3cret", out: "got \"s3cret\"\n"},
		{name: "empty", code: "input ?", prompt: "?", value: "", out: "got \"\"\n"},
		{name: "no parent", code: "input ?", prompt: "?", value: "x", out: "got \"x\"\n", orphan: true},
		{name: "end of file", code: "input ?", prompt: "?", value: "\x04", out: "end of input\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			id := c.Send(client.Shell, "execute_request", map[string]any{"code": "raw before\n" + test.code, "allow_stdin": true})
			q := c.Next(client.Stdin)
			if q.Header.Type != "input_request" || q.Parent.ID != id {
				t.Fatalf("asked with %s, parent %s", jupytertest.Show(q), q.Parent.ID)
			}
			if jupytertest.Field[string](t, q, "prompt") != test.prompt || jupytertest.Field[bool](t, q, "password") != test.password {
				t.Error(jupytertest.Show(q))
			}
			parent := q.RawHeader
			if test.orphan {
				parent = nil
			}
			c.SendOutgoing(client.Stdin, jupyter.Outgoing{Type: "input_reply", Parent: parent, Content: map[string]string{"value": test.value}})
			if got := jupytertest.Field[string](t, c.Reply(client.Shell, id), "status"); got != "ok" {
				t.Errorf("status %q", got)
			}
			if got := jupytertest.Text(t, c.Published(id), "stdout"); got != "before"+test.out {
				t.Errorf("output %q", got)
			}
		})
	}
}

func TestInputNotAllowed(t *testing.T) {
	_, c := connect(t)
	reply, _ := c.Execute("input ?") // allow_stdin is false unless it is said
	if got := jupytertest.Field[string](t, reply, "status"); got != "error" {
		t.Errorf("status %q", got)
	}
	c.Quiet(client.Stdin, 20*time.Millisecond)
}

// TestStaleInput interrupts a question and answers it too late: the answer must
// not answer the next one. Nor must an answer from another client.
func TestStaleInput(t *testing.T) {
	k, c := connect(t)
	other := jupytertest.Dial(t, k.Connection())
	ask := func() (id string, q *jupyter.Message) {
		id = c.Send(client.Shell, "execute_request", map[string]any{"code": "input ?", "allow_stdin": true})
		return id, c.Next(client.Stdin)
	}
	answer := func(c *jupytertest.Client, q *jupyter.Message, value string) {
		c.SendOutgoing(client.Stdin, jupyter.Outgoing{Type: "input_reply", Parent: q.RawHeader, Content: map[string]string{"value": value}})
	}
	id, first := ask()
	c.Ask(client.Control, "interrupt_request", map[string]any{})
	if got := jupytertest.Field[string](t, c.Reply(client.Shell, id), "ename"); got != "KeyboardInterrupt" {
		t.Fatalf("ended with %q", got)
	}
	id, second := ask()
	answer(c, first, "stale")
	answer(other, second, "stranger")
	c.SendOutgoing(client.Stdin, jupyter.Outgoing{Type: "input_reply", Parent: second.RawHeader, Content: map[string]any{"value": 5}})
	c.SendOutgoing(client.Stdin, jupyter.Outgoing{Type: "kernel_info_request", Parent: second.RawHeader})
	time.Sleep(20 * time.Millisecond) // the other client's way is another connection
	answer(c, second, "fresh")
	c.Reply(client.Shell, id)
	if got := jupytertest.Text(t, c.Published(id), "stdout"); got != "got \"fresh\"\n" {
		t.Errorf("output %q", got)
	}
	answer(c, second, "nobody asks any more")
	c.Ask(client.Shell, "kernel_info_request", map[string]any{})
}
