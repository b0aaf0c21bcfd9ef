package jupyter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"divvy/kernel/cell"
	"divvy/kernel/jupyter/internal/zmtp"
)

// Options are a server's choices. The zero value of a field is its default.
type Options struct {
	// Log takes what goes wrong with messages and connections (none).
	Log *slog.Logger
	// History keeps the cells (in memory, for as long as the server lives).
	History History
	// Output bounds what cells may print (see [OutputLimit]).
	Output OutputLimit
	// MaxMessage is the longest message taken, in bytes (512 MiB).
	MaxMessage int64
	// MaxQueue is how many bytes may wait for a front end that does not read
	// before it begins to lose output (64 MiB).
	MaxQueue int64
	// Handshake is how long a connection may take to introduce itself (10 s).
	Handshake time.Duration
	// Linger is how long the last messages may take to leave at the end (1 s).
	Linger time.Duration
}

// Server serves one interpreter to any number of front ends.
type Server struct {
	conn    ConnectionInfo
	info    kernelInfo
	ip      cell.Interpreter
	o       Options
	log     *slog.Logger
	session *Session
	history History

	onShell, onControl map[string]handler

	shell, control, stdin *zmtp.Router
	iopub                 *zmtp.Publisher
	heartbeat             *zmtp.Echo

	ctx  context.Context // ends when the server does
	stop context.CancelCauseFunc

	main, comms, controls *lane
	debugs, asides        *lane
	lanes                 sync.WaitGroup
	subshells             subshells
	input                 input
	execution             sync.Mutex   // one cell at a time, whatever its subshell
	count                 atomic.Int64 // the n of the last In[n]
	idling                sync.Mutex   // makes "idle" the last word on a request
}

// errShutdown is why a server's context ends after a shutdown_request.
var errShutdown = errors.New("shut down by request")

// Serve answers front ends until one asks for shutdown, when it returns nil, or
// until ctx ends, when it returns the reason. The interpreter stays open.
func Serve(ctx context.Context, conn ConnectionInfo, info Info, ip cell.Interpreter, o Options) error {
	s, err := New(conn, info, ip, o)
	if err != nil {
		return err
	}
	return s.Serve(ctx)
}

// New opens the five sockets. A port of 0 becomes a free one, see
// [Server.Connection]. Messages wait until Serve is called.
func New(conn ConnectionInfo, info Info, ip cell.Interpreter, o Options) (*Server, error) {
	if err := conn.validate(); err != nil {
		return nil, fmt.Errorf("connection: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.History == nil {
		o.History = NewMemoryHistory()
	}
	if o.Linger == 0 {
		o.Linger = time.Second
	}
	session, err := NewSession(conn.SignatureScheme, conn.Key)
	if err != nil {
		return nil, fmt.Errorf("connection: %w", err)
	}
	if conn.Key == "" {
		o.Log.Warn("no key: everyone who reaches the sockets may run code")
	}
	s := &Server{conn: conn, info: info.reply(), ip: ip, o: o, log: o.Log, session: session, history: o.History,
		onShell: shellHandlers(), onControl: controlHandlers()}
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	s.main, s.comms, s.controls = newLane("shell", s.handle), newLane("comms", s.handle), newLane("control", s.handle)
	s.debugs, s.asides = newLane("debug", s.handle), newLane("aside", s.handle)
	if err := s.listen(); err != nil {
		s.closeSockets(0)
		return nil, err
	}
	return s, nil
}

// listen opens the sockets and notes the ports.
func (s *Server) listen() (err error) {
	cfg := zmtp.Config{MaxMessage: s.o.MaxMessage, MaxQueue: s.o.MaxQueue, Handshake: s.o.Handshake, Log: s.log}
	router := func(port *int, name string, take func([][]byte)) *zmtp.Router {
		if err != nil {
			return nil
		}
		network, addr := s.conn.address(*port)
		var r *zmtp.Router
		if r, err = zmtp.ListenRouter(s.ctx, network, addr, cfg, take); err != nil {
			err = fmt.Errorf("open the %s socket: %w", name, err)
			return nil
		}
		*port = portOf(r.Addr(), *port)
		return r
	}
	s.shell = router(&s.conn.ShellPort, "shell", s.fromShell)
	s.control = router(&s.conn.ControlPort, "control", s.fromControl)
	s.stdin = router(&s.conn.StdinPort, "stdin", s.fromStdin)
	if err != nil {
		return err
	}
	network, addr := s.conn.address(s.conn.IOPubPort)
	if s.iopub, err = zmtp.ListenPublisher(s.ctx, network, addr, cfg, s.welcome); err != nil {
		return fmt.Errorf("open the iopub socket: %w", err)
	}
	s.conn.IOPubPort = portOf(s.iopub.Addr(), s.conn.IOPubPort)
	network, addr = s.conn.address(s.conn.HBPort)
	if s.heartbeat, err = zmtp.ListenEcho(s.ctx, network, addr, cfg); err != nil {
		return fmt.Errorf("open the heartbeat socket: %w", err)
	}
	s.conn.HBPort = portOf(s.heartbeat.Addr(), s.conn.HBPort)
	return nil
}

// Connection is how to reach the server: what it was given, with the ports
// that it has.
func (s *Server) Connection() ConnectionInfo { return s.conn }

// Serve is [Serve] for a server that is open already. It can be called once.
func (s *Server) Serve(ctx context.Context) error {
	stopped := context.AfterFunc(ctx, func() { s.stop(context.Cause(ctx)) })
	defer stopped()
	s.publish(nil, "status", status{"starting"})
	for _, l := range []*lane{s.main, s.comms, s.controls, s.debugs, s.asides} {
		s.start(l)
	}
	<-s.ctx.Done()
	s.end()
	if err := context.Cause(s.ctx); !errors.Is(err, errShutdown) {
		return err
	}
	return nil
}

func (s *Server) start(l *lane) {
	s.lanes.Add(1)
	go func() {
		defer s.lanes.Done()
		l.run()
	}()
}

// end stops the lanes, gives a running cell a moment to notice that its context
// is over, sends what is queued and closes the sockets.
func (s *Server) end() {
	for _, l := range append(s.subshells.all(), s.main, s.comms, s.controls, s.debugs, s.asides) {
		for _, r := range l.close() {
			if r.after != nil {
				r.after()
			}
		}
	}
	ended := make(chan struct{})
	go func() {
		s.lanes.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(100 * time.Millisecond):
		s.log.Warn("a request is still being handled at the end")
	}
	s.closeSockets(s.o.Linger)
}

func (s *Server) closeSockets(linger time.Duration) {
	type closer interface{ Close(time.Duration) }
	var open []closer
	for _, r := range []*zmtp.Router{s.shell, s.control, s.stdin} {
		if r != nil {
			open = append(open, r)
		}
	}
	if s.iopub != nil {
		open = append(open, s.iopub)
	}
	if s.heartbeat != nil {
		open = append(open, s.heartbeat)
	}
	var all sync.WaitGroup
	for _, c := range open {
		all.Go(func() { c.Close(linger) })
	}
	all.Wait()
	s.stop(errShutdown)
}

// interruptPatience is how long an interpreter may take to stop a cell.
const interruptPatience = 10 * time.Second

// Interrupt stops the running cell, as an interrupt_request does. It is for a
// program that gets SIGINT, with which some front ends interrupt.
func (s *Server) Interrupt() error { return s.interruptAll(s.ctx) }

// interruptAll ends an open question to the user and whatever the shells handle.
func (s *Server) interruptAll(ctx context.Context) error {
	s.input.cancel()
	s.main.cancel()
	s.asides.cancel()
	for _, l := range s.subshells.all() {
		l.cancel()
	}
	ctx, cancel := context.WithTimeout(ctx, interruptPatience)
	defer cancel()
	if err := s.ip.Interrupt(ctx); err != nil {
		return fmt.Errorf("interrupt the running cell: %w", err)
	}
	return nil
}
