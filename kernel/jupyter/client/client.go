// Package client is a front end without a face: it connects to a kernel, sends
// requests and receives what the kernel says. It is for verifying a kernel
// after it was installed, for tests and for measurements. It speaks through
// go-zeromq/zmq4's own sockets, and knows nothing of the server's.
package client

import (
	"context"
	"fmt"
	"time"

	"github.com/go-zeromq/zmq4"

	"divvy/kernel/jupyter"
)

// Channel is one of a kernel's sockets.
type Channel string

// The channels that messages go over.
const (
	Shell   Channel = "shell"
	Control Channel = "control"
	Stdin   Channel = "stdin"
	IOPub   Channel = "iopub"
)

// Client is connected to all sockets of a kernel.
type Client struct {
	session *jupyter.Session
	sockets map[Channel]zmq4.Socket
	hb      zmq4.Socket
	in      map[Channel]chan Received
	cancel  context.CancelFunc
	ctx     context.Context
}

// Received is a message that came, or why one did not.
type Received struct {
	*jupyter.Message
	Err error
}

// Dial connects. It waits for the kernel to listen for as long as ctx lets it.
// The connection to stdin has the shell's identity, as the protocol asks.
func Dial(ctx context.Context, conn jupyter.ConnectionInfo) (*Client, error) {
	session, err := jupyter.NewSession(conn.SignatureScheme, conn.Key)
	if err != nil {
		return nil, err
	}
	c := &Client{session: session, sockets: map[Channel]zmq4.Socket{}, in: map[Channel]chan Received{}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	id := zmq4.WithID(zmq4.SocketIdentity(session.ID()))
	retry, always := zmq4.WithDialerRetry(5*time.Millisecond), zmq4.WithDialerMaxRetries(-1)
	c.hb = zmq4.NewReq(c.ctx, retry, always)
	c.sockets[IOPub] = zmq4.NewSub(c.ctx, retry, always)
	for _, channel := range []Channel{Shell, Control, Stdin} {
		c.sockets[channel] = zmq4.NewDealer(c.ctx, retry, always, id)
	}
	if err := c.dial(ctx, conn); err != nil {
		c.Close()
		return nil, err
	}
	for channel, socket := range c.sockets {
		c.in[channel] = make(chan Received, 1024)
		go c.receive(socket, c.in[channel])
	}
	return c, nil
}

// dial connects all sockets. zmq4's own Dial would wait for ever for a peer that
// accepts a connection and says nothing.
func (c *Client) dial(ctx context.Context, conn jupyter.ConnectionInfo) error {
	ports := map[zmq4.Socket]int{
		c.hb: conn.HBPort, c.sockets[IOPub]: conn.IOPubPort, c.sockets[Shell]: conn.ShellPort,
		c.sockets[Control]: conn.ControlPort, c.sockets[Stdin]: conn.StdinPort,
	}
	dialled := make(chan error, len(ports))
	for socket, port := range ports {
		go func() {
			err := socket.Dial(conn.Endpoint(port))
			if err == nil && socket.Type() == zmq4.Sub {
				err = socket.SetOption(zmq4.OptionSubscribe, "")
			}
			dialled <- err
		}()
	}
	for range ports {
		select {
		case err := <-dialled:
			if err != nil {
				return fmt.Errorf("connect to the kernel: %w", err)
			}
		case <-ctx.Done():
			return fmt.Errorf("connect to the kernel: %w", context.Cause(ctx))
		}
	}
	return nil
}

func (c *Client) receive(socket zmq4.Socket, in chan<- Received) {
	defer close(in)
	for {
		raw, err := socket.Recv()
		if err != nil {
			return
		}
		frames := raw.Frames
		if socket.Type() == zmq4.Dealer { // a dealer's routing prefix is empty
			frames = append([][]byte{nil}, frames...)
		}
		m, err := c.session.Decode(frames)
		select {
		case in <- Received{m, err}:
		case <-c.ctx.Done():
			return
		}
	}
}

// Send sends a message and returns its ID. The type and the content of o must
// be set; o.Parent is for answers.
func (c *Client) Send(channel Channel, o jupyter.Outgoing) (id string, err error) {
	frames, id, err := c.session.Encode(o)
	if err != nil {
		return "", err
	}
	return id, c.SendRaw(channel, frames...)
}

// SendRaw sends frames as they are, whatever they are.
func (c *Client) SendRaw(channel Channel, frames ...[]byte) error {
	if err := c.sockets[channel].SendMulti(zmq4.NewMsgFrom(frames...)); err != nil {
		return fmt.Errorf("send on %s: %w", channel, err)
	}
	return nil
}

// Session is the session with which the client signs its messages.
func (c *Client) Session() *jupyter.Session { return c.session }

// Messages are those that come on a channel, closed when the client is.
// Either they or Request and Next are used.
func (c *Client) Messages(channel Channel) <-chan Received { return c.in[channel] }

// Next waits for a message on a channel.
func (c *Client) Next(ctx context.Context, channel Channel) (*jupyter.Message, error) {
	select {
	case r, open := <-c.in[channel]:
		if !open {
			return nil, fmt.Errorf("%s: the connection is closed", channel)
		}
		return r.Message, r.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("no message on %s: %w", channel, context.Cause(ctx))
	}
}

// Request sends a request and waits for its reply, passing over others.
func (c *Client) Request(ctx context.Context, channel Channel, o jupyter.Outgoing) (*jupyter.Message, error) {
	id, err := c.Send(channel, o)
	if err != nil {
		return nil, err
	}
	for {
		m, err := c.Next(ctx, channel)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Type, err)
		}
		if m.Parent.ID == id {
			return m, nil
		}
	}
}

// Ping waits for the heartbeat's echo.
func (c *Client) Ping(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { c.hb.Close() })
	defer stop()
	if err := c.hb.Send(zmq4.NewMsgString("ping")); err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	m, err := c.hb.Recv()
	if err != nil {
		return fmt.Errorf("heartbeat: %w", err)
	}
	if string(m.Bytes()) != "ping" {
		return fmt.Errorf("heartbeat: %q came back", m.Bytes())
	}
	return nil
}

// Close ends the connections.
func (c *Client) Close() {
	c.cancel()
	for _, s := range c.sockets {
		s.Close()
	}
	c.hb.Close()
}
