package jupyter

import (
	"errors"
	"unicode/utf8"

	"divvy/kernel/cell"
)

func (s *Server) kernelInfo(*request) (any, error) { return s.info, nil }

// connect answers connect_request, which is deprecated and still sent.
func (s *Server) connect(*request) (any, error) {
	content := map[string]any{"status": "ok"}
	for name, port := range s.conn.ports() {
		content[name] = *port
	}
	return content, nil
}

// codeRequest is the content of complete_request, inspect_request and
// is_complete_request.
type codeRequest struct {
	Code   string `json:"code"`
	Cursor *int   `json:"cursor_pos"` // in code points; nil is the end
	Detail int    `json:"detail_level"`
}

func (r *request) decodeCode() (q codeRequest, cursor int, err error) {
	if err := r.decode(&q); err != nil {
		return q, 0, err
	}
	n := utf8.RuneCountInString(q.Code)
	if q.Cursor == nil {
		return q, n, nil
	}
	return q, max(0, min(*q.Cursor, n)), nil
}

type completeReply struct {
	replyOK
	Matches  []string       `json:"matches"`
	Start    int            `json:"cursor_start"`
	End      int            `json:"cursor_end"`
	Metadata map[string]any `json:"metadata"`
}

// typedMatch is a match with its kind and signature, which JupyterLab shows.
// The key is ipykernel's; it never lost its "experimental".
type typedMatch struct {
	Text      string `json:"text"`
	Type      string `json:"type"`
	Signature string `json:"signature"`
	Start     int    `json:"start"`
	End       int    `json:"end"`
}

const typedMatches = "_jupyter_types_experimental"

func (s *Server) complete(r *request) (any, error) {
	q, cursor, err := r.decodeCode()
	if err != nil {
		return nil, err
	}
	c, err := s.ip.Complete(r.ctx, q.Code, cursor)
	if err != nil {
		return nil, err
	}
	reply := completeReply{replyOK: ok, Matches: []string{}, Start: c.Start, End: c.End}
	typed := []typedMatch{}
	for _, m := range c.Matches {
		reply.Matches = append(reply.Matches, m.Text)
		kind := m.Kind
		if kind == "" {
			kind = "<unknown>" // ipykernel's word, for which front ends have no icon
		}
		typed = append(typed, typedMatch{m.Text, kind, m.Signature, c.Start, c.End})
	}
	reply.Metadata = map[string]any{typedMatches: typed}
	return reply, nil
}

type inspectReply struct {
	replyOK
	Found    bool           `json:"found"`
	Data     map[string]any `json:"data"`
	Metadata map[string]any `json:"metadata"`
}

func (s *Server) inspect(r *request) (any, error) {
	q, cursor, err := r.decodeCode()
	if err != nil {
		return nil, err
	}
	if q.Detail != 0 {
		q.Detail = 1
	}
	i, err := s.ip.Inspect(r.ctx, q.Code, cursor, q.Detail)
	if err != nil {
		return nil, err
	}
	return inspectReply{ok, i.Found, object(i.Bundle.Data), object(i.Bundle.Metadata)}, nil
}

type isCompleteReply struct {
	Status string  `json:"status"`
	Indent *string `json:"indent,omitempty"` // with "incomplete" only
}

func (s *Server) isComplete(r *request) (any, error) {
	q, _, err := r.decodeCode()
	if err != nil {
		return isCompleteReply{Status: "unknown"}, nil // this reply has no "error"
	}
	c, err := s.ip.IsComplete(r.ctx, q.Code)
	if err != nil {
		s.log.Warn("completeness not known", "err", err)
		return isCompleteReply{Status: "unknown"}, nil
	}
	switch c.Status {
	case "incomplete":
		return isCompleteReply{c.Status, &c.Indent}, nil
	case "complete", "invalid":
		return isCompleteReply{Status: c.Status}, nil
	}
	return isCompleteReply{Status: "unknown"}, nil
}

func (s *Server) interrupt(r *request) (any, error) {
	if err := s.interruptAll(r.ctx); err != nil {
		return nil, err
	}
	return ok, nil
}

type shutdownReply struct {
	replyOK
	Restart bool `json:"restart"`
}

// shutdown answers, tells all front ends, and ends the server when the request
// is done with.
func (s *Server) shutdown(r *request) (any, error) {
	var q struct {
		Restart bool `json:"restart"`
	}
	if err := r.decode(&q); err != nil {
		return nil, err
	}
	reply := shutdownReply{ok, q.Restart}
	s.publish(r.RawHeader, "shutdown_reply", reply)
	r.after = func() { s.stop(errShutdown) }
	return reply, nil
}

// comm delivers comm_open, comm_msg and comm_close to the interpreter.
func (s *Server) comm(r *request) (any, error) {
	var q struct {
		ID     string         `json:"comm_id"`
		Target string         `json:"target_name"`
		Data   map[string]any `json:"data"`
	}
	if err := r.decode(&q); err != nil {
		return nil, err
	}
	if q.ID == "" {
		return nil, errors.New("comm message without comm_id")
	}
	m := cell.CommMessage{Kind: r.Header.Type, ID: q.ID, Target: q.Target, Data: object(q.Data), Buffers: r.Buffers}
	if m.Kind != cell.CommOpen {
		m.Target = ""
	}
	if err := unmarshalObject(r.Metadata, &m.Metadata); err != nil {
		return nil, err
	}
	out := s.newOutput(r, s.executionCount())
	err := s.ip.Comm(r.ctx, m, out)
	out.finish()
	if err != nil {
		s.log.Warn("comm message not delivered", "type", m.Kind, "comm", m.ID, "target", m.Target, "err", err)
		if m.Kind == cell.CommOpen { // so that both sides agree that there is no such comm
			s.publish(r.RawHeader, cell.CommClose, commContent{ID: m.ID, Data: map[string]any{}})
		}
	}
	return nil, nil
}

func (s *Server) commInfo(r *request) (any, error) {
	var q struct {
		Target string `json:"target_name"`
	}
	if err := r.decode(&q); err != nil {
		return nil, err
	}
	open, err := s.ip.Comms(r.ctx, q.Target)
	if err != nil {
		return nil, err
	}
	comms := map[string]any{}
	for id, target := range open {
		comms[id] = map[string]string{"target_name": target}
	}
	return map[string]any{"status": "ok", "comms": comms}, nil
}
