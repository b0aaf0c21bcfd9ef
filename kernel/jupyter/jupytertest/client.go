package jupytertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/client"
)

// Patience is how long a test waits for a message that must come.
const Patience = 20 * time.Second

// Client is a client that checks every message it gets.
type Client struct {
	*client.Client
	T testing.TB
	// Kernel is the kernel's session, from the first message on.
	Kernel string
}

// Dial connects to a kernel and waits until its subscription is in force.
func Dial(t testing.TB, conn jupyter.ConnectionInfo) *Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	raw, err := client.Dial(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(raw.Close)
	c := &Client{Client: raw, T: t}
	if m := c.Next(client.IOPub); m.Header.Type != "iopub_welcome" {
		t.Fatalf("the first message on iopub is %s", m.Header.Type)
	}
	return c
}

// Next waits for a message on a channel and checks it.
func (c *Client) Next(channel client.Channel) *jupyter.Message {
	c.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	m, err := c.Client.Next(ctx, channel)
	if err != nil {
		c.T.Fatal(err)
	}
	c.check(m)
	return m
}

func (c *Client) check(m *jupyter.Message) {
	c.T.Helper()
	if err := Validate(m); err != nil {
		c.T.Error(err)
	}
	if c.Kernel == "" {
		c.Kernel = m.Header.Session
	}
	if m.Header.Session != c.Kernel || m.Header.Session == c.Session().ID() {
		c.T.Errorf("%s: session %q is not the kernel's own", m.Header.Type, m.Header.Session)
	}
}

// Quiet fails if a message comes on a channel within d.
func (c *Client) Quiet(channel client.Channel, d time.Duration) {
	c.T.Helper()
	select {
	case r := <-c.Messages(channel):
		c.T.Errorf("unexpected on %s: %v", channel, Show(r.Message))
	case <-time.After(d):
	}
}

// Send sends a request and returns its ID.
func (c *Client) Send(channel client.Channel, kind string, content any) string {
	c.T.Helper()
	return c.SendOutgoing(channel, jupyter.Outgoing{Type: kind, Content: content})
}

// SendOutgoing is Send with all that a message may have.
func (c *Client) SendOutgoing(channel client.Channel, o jupyter.Outgoing) string {
	c.T.Helper()
	id, err := c.Client.Send(channel, o)
	if err != nil {
		c.T.Fatal(err)
	}
	return id
}

// Reply waits for the reply to a request, on the channel that it went over.
func (c *Client) Reply(channel client.Channel, id string) *jupyter.Message {
	c.T.Helper()
	for {
		if m := c.Next(channel); m.Parent.ID == id {
			return m
		}
	}
}

// Ask sends a request and returns its reply, checking that busy and idle
// surround whatever it published, which comes with it.
func (c *Client) Ask(channel client.Channel, kind string, content any) (reply *jupyter.Message, published []*jupyter.Message) {
	c.T.Helper()
	id := c.Send(channel, kind, content)
	reply = c.Reply(channel, id)
	if want := strings.TrimSuffix(kind, "_request") + "_reply"; reply.Header.Type != want {
		c.T.Errorf("%s was answered with %s", kind, reply.Header.Type)
	}
	return reply, c.Published(id)
}

// Published returns what was published because of a request, between its busy
// and its idle, in order.
func (c *Client) Published(id string) []*jupyter.Message {
	c.T.Helper()
	var all []*jupyter.Message
	busy := false
	for {
		m := c.Next(client.IOPub)
		if m.Parent.ID != id {
			continue
		}
		switch state := Field[string](c.T, m, "execution_state"); {
		case m.Header.Type == "status" && state == "idle":
			if !busy {
				c.T.Errorf("idle without busy")
			}
			return all
		case m.Header.Type == "status":
			busy = true // again, when other requests were handled meanwhile
		case !busy:
			c.T.Errorf("%s before busy", m.Header.Type)
		default:
			all = append(all, m)
		}
	}
}

// Execute runs a cell and returns its reply and what it published.
func (c *Client) Execute(code string) (*jupyter.Message, []*jupyter.Message) {
	c.T.Helper()
	return c.Ask(client.Shell, "execute_request", map[string]any{"code": code})
}

// Text is the text of the stream messages of that name, "" for both together.
func Text(t testing.TB, messages []*jupyter.Message, name string) string {
	t.Helper()
	var b strings.Builder
	for _, m := range messages {
		if m.Header.Type == "stream" && (name == "" || Field[string](t, m, "name") == name) {
			b.WriteString(Field[string](t, m, "text"))
		}
	}
	return b.String()
}

// Field is a field of a message's content; a path of keys reaches into objects.
// It is T's zero value where it is absent.
func Field[T any](t testing.TB, m *jupyter.Message, path ...string) T {
	t.Helper()
	var v any
	if err := json.Unmarshal(m.Content, &v); err != nil {
		t.Fatal(err)
	}
	for _, key := range path {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	x, ok := v.(T)
	if !ok && v != nil {
		t.Fatalf("%s: %s is %T", m.Header.Type, strings.Join(path, "."), v)
	}
	return x
}

// Show writes messages as a test's failure shows them.
func Show(messages ...*jupyter.Message) string {
	var b strings.Builder
	for _, m := range messages {
		content := string(m.Content)
		if len(content) > 200 {
			content = content[:200] + "…"
		}
		fmt.Fprintf(&b, "%s %s; ", m.Header.Type, content)
	}
	return b.String()
}
