package jupyter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"divvy/kernel/cell"
	"divvy/kernel/jupyter/internal/zmtp"
)

// channel is one of the sockets that requests come from.
type channel string

const (
	onShell   channel = "shell"
	onControl channel = "control"
	onStdin   channel = "stdin"
)

// handler handles the messages of one type. What it returns is the content of
// the reply, an error one with status "error"; nil means that there is none.
type handler func(*Server, *request) (any, error)

// shellHandlers are the handlers of the shell channel by message type.
func shellHandlers() map[string]handler {
	return map[string]handler{
		"execute_request":     (*Server).execute,
		"complete_request":    (*Server).complete,
		"inspect_request":     (*Server).inspect,
		"is_complete_request": (*Server).isComplete,
		"history_request":     (*Server).historyRequest,
		"comm_info_request":   (*Server).commInfo,
		"kernel_info_request": (*Server).kernelInfo,
		"connect_request":     (*Server).connect,
		"comm_open":           (*Server).comm,
		"comm_msg":            (*Server).comm,
		"comm_close":          (*Server).comm,
	}
}

// controlHandlers are those of the control channel. None may take long: an
// interrupt may be waiting behind it.
func controlHandlers() map[string]handler {
	return map[string]handler{
		"kernel_info_request":     (*Server).kernelInfo,
		"connect_request":         (*Server).connect,
		"interrupt_request":       (*Server).interrupt,
		"shutdown_request":        (*Server).shutdown,
		"create_subshell_request": (*Server).createSubshell,
		"delete_subshell_request": (*Server).deleteSubshell,
		"list_subshell_request":   (*Server).listSubshells,
		"debug_request":           (*Server).debug,
	}
}

func (s *Server) fromShell(frames [][]byte) {
	defer s.survive(onShell)
	r := s.receive(onShell, frames)
	if r == nil {
		return
	}
	switch r.Header.Type {
	case "shutdown_request", "interrupt_request": // from clients before protocol 5.4 and 5.3
		r.lane = s.controls
	default:
		r.lane = s.laneOf(r)
	}
	if r.lane == nil || !r.lane.push(r) {
		s.refuse(r, fmt.Errorf("no subshell %q", deref(r.Header.Subshell)))
	}
}

func (s *Server) fromControl(frames [][]byte) {
	defer s.survive(onControl)
	r := s.receive(onControl, frames)
	if r == nil {
		return
	}
	if r.Header.Type == "shutdown_request" {
		s.controls.cancel() // an interrupt that does not end must not keep us here
	}
	r.lane = s.controls
	if r.Header.Type == "debug_request" {
		r.lane = s.debugs // what it evaluates may take long
	}
	r.lane.push(r)
}

// survive drops a message that the server itself cannot cope with.
func (s *Server) survive(from channel) {
	if p := recover(); p != nil {
		s.log.Error("message dropped: panic", "channel", from, "panic", p, "stack", string(debug.Stack()))
	}
}

// laneOf is where a shell message is handled; nil if it names a subshell that
// is not there.
func (s *Server) laneOf(r *request) *lane {
	l := s.main
	if id := deref(r.Header.Subshell); id != "" {
		if l = s.subshells.get(id); l == nil {
			return nil
		}
	}
	if r.isComm() && l.overtakes(r.Header.Type == "comm_open") {
		return s.comms
	}
	if r.isAside() && l.running() != nil {
		return s.asides
	}
	return l
}

// receive decodes a message; nil if it is to be dropped.
func (s *Server) receive(from channel, frames [][]byte) *request {
	m, err := s.session.Decode(frames)
	if err != nil {
		s.log.Warn("message dropped", "channel", from, "err", err)
		return nil
	}
	r := &request{Message: m, from: from}
	r.ctx, r.cancel = context.WithCancel(s.ctx)
	return r
}

// handle is the life of a request in its lane.
func (s *Server) handle(r *request) {
	if r.isComm() && r.lane != s.comms {
		// In its turn here, but behind the comm messages that overtook a cell.
		done := make(chan struct{})
		handover := *r
		handover.lane, handover.after = s.comms, func() { close(done) }
		if s.comms.push(&handover) {
			<-done
		}
		return
	}
	defer r.cancel()
	s.publish(r.RawHeader, "status", status{"busy"})
	if reply, err := s.call(r); err != nil {
		s.log.Warn("request failed", "type", r.Header.Type, "channel", r.from, "err", err)
		s.reply(r, s.failure(r, err))
	} else if reply != nil {
		s.reply(r, reply)
	}
	if r.after != nil {
		r.after()
	}
	s.idle(r)
}

// idle says that a request has been handled. Front ends show one state for the
// whole kernel, the latest, so when a cell runs meanwhile it is said again.
func (s *Server) idle(r *request) {
	s.idling.Lock()
	defer s.idling.Unlock()
	s.publish(r.RawHeader, "status", status{"idle"})
	r.idle = true
	if cell := s.main.running(); cell != nil && !cell.idle {
		s.publish(cell.RawHeader, "status", status{"busy"})
	}
}

// call runs the handler of a request, whose panics end the request only.
func (s *Server) call(r *request) (reply any, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("handler panicked", "type", r.Header.Type, "panic", p, "stack", string(debug.Stack()))
			reply, err = nil, &cell.Error{Name: cell.ErrInternal, Value: fmt.Sprintf("panic in the kernel: %v", p)}
		}
	}()
	if r.aborted {
		return executeReply{Status: "aborted", Count: s.executionCount()}, nil
	}
	handlers := s.onShell
	if r.lane == s.controls || r.lane == s.debugs {
		handlers = s.onControl
	}
	h := handlers[r.Header.Type]
	if h == nil {
		s.log.Warn("message of an unknown type ignored", "type", r.Header.Type, "channel", r.from)
		return nil, nil
	}
	return h(s, r)
}

// refuse answers a request that no lane takes.
func (s *Server) refuse(r *request, err error) {
	defer r.cancel()
	s.log.Warn("request refused", "type", r.Header.Type, "err", err)
	s.publish(r.RawHeader, "status", status{"busy"})
	s.reply(r, s.failure(r, err))
	s.idle(r)
}

// decode reads a request's content into v.
func (r *request) decode(v any) error {
	if err := json.Unmarshal(r.Content, v); err != nil {
		return &cell.Error{Name: "MalformedRequest", Value: fmt.Sprintf("content of %s: %v", r.Header.Type, err)}
	}
	return nil
}

// reply answers a request on the channel that it came on. Messages other than
// requests have no reply.
func (s *Server) reply(r *request, content any) {
	kind, isRequest := strings.CutSuffix(r.Header.Type, "_request")
	if !isRequest {
		return
	}
	frames, _, err := s.session.Encode(Outgoing{Idents: r.Idents, Type: kind + "_reply", Parent: r.RawHeader, Content: content})
	if err != nil {
		s.log.Error("reply not encoded", "type", kind+"_reply", "err", err)
		frames, _, _ = s.session.Encode(Outgoing{Idents: r.Idents, Type: kind + "_reply", Parent: r.RawHeader, Content: s.failure(r, err)})
	}
	socket := s.shell
	if r.from == onControl {
		socket = s.control
	}
	if !socket.Send(string(frames[0]), frames[1:]) {
		s.log.Warn("reply not sent: the client is gone", "type", kind+"_reply")
	}
}

// publish sends a message to all subscribers.
func (s *Server) publish(parent json.RawMessage, kind string, content any) {
	s.broadcast(Outgoing{Type: kind, Parent: parent, Content: content}, false)
}

// broadcast publishes; what is expendable is lost to a subscriber that does not
// keep up. It returns the message's size on the wire, 0 if it cannot be sent.
func (s *Server) broadcast(o Outgoing, expendable bool) int {
	o.Idents = s.topic(o.Type)
	frames, _, err := s.session.Encode(o)
	if err != nil {
		s.log.Error("message not encoded", "type", o.Type, "err", err)
		return 0
	}
	for _, loss := range s.iopub.Publish(frames, expendable) {
		s.tellLoss(loss, o.Parent)
	}
	size := 0
	for _, f := range frames {
		size += len(f)
	}
	return size
}

// tellLoss tells a subscriber that it has lost output.
func (s *Server) tellLoss(loss zmtp.Loss, parent json.RawMessage) {
	text := fmt.Sprintf("\n[… %d messages left out here: this front end did not read them in time …]\n", loss.Messages)
	o := Outgoing{Type: "stream", Parent: parent, Content: stream{"stderr", text}}
	o.Idents = s.topic(o.Type)
	if frames, _, err := s.session.Encode(o); err == nil {
		loss.Peer.Send(frames, false)
	}
}

func (s *Server) topic(kind string) [][]byte {
	return [][]byte{[]byte("kernel." + s.session.id + "." + kind)}
}

// welcome tells a subscriber that from now on it gets everything. It goes to
// that one alone: the others have had theirs.
func (s *Server) welcome(p *zmtp.Peer, topic string) {
	if !utf8.ValidString(topic) {
		s.log.Warn("subscription is not UTF-8", "topic", []byte(topic))
		return
	}
	frames, _, err := s.session.Encode(Outgoing{
		Idents:  [][]byte{[]byte(topic)},
		Type:    "iopub_welcome",
		Content: map[string]string{"subscription": topic},
	})
	if err != nil {
		s.log.Error("message not encoded", "type", "iopub_welcome", "err", err)
		return
	}
	p.Send(frames, false)
}

func portOf(a net.Addr, otherwise int) int {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return otherwise
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// failure is the content of a reply that reports an error.
func (s *Server) failure(r *request, err error) any {
	var e *cell.Error
	if !errors.As(err, &e) {
		e = &cell.Error{Name: "Error", Value: err.Error()}
	}
	content := contentOf(e)
	if r.isExecute() { // whose reply has a count whatever happens
		return executeReply{Status: "error", Count: s.executionCount(), errorContent: &content}
	}
	return errorReply{Status: "error", errorContent: content}
}
