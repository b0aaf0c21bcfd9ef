package jupyter

import (
	"fmt"
	"runtime/debug"
	"strings"

	"divvy/kernel/cell"
)

func (s *Server) executionCount() int { return int(s.count.Load()) }

// execute handles execute_request: one cell at a time, whatever its subshell.
func (s *Server) execute(r *request) (any, error) {
	var q executeRequest
	if err := r.decode(&q); err != nil {
		return nil, err
	}
	store := !q.Silent && (q.StoreHistory == nil || *q.StoreHistory)
	blank := strings.TrimSpace(q.Code) == ""

	s.execution.Lock()
	defer s.execution.Unlock()
	if store && !blank {
		s.count.Add(1)
	}
	count := s.executionCount()
	if !q.Silent {
		s.publish(r.RawHeader, "execute_input", executeInput{q.Code, count})
	}

	out := s.newOutput(r, count)
	out.silent = q.Silent
	out.stdin = q.AllowStdin
	var result cell.Result
	if !blank || len(q.UserExpressions) > 0 {
		result = s.run(r, cell.Request{
			ID: r.Header.ID, Count: count, Code: q.Code, Silent: q.Silent,
			UserExpressions: q.UserExpressions, AllowStdin: q.AllowStdin,
		}, out)
	}
	out.finish()
	if store && !blank {
		if err := s.history.Append(Entry{Line: count, Input: q.Code, Output: out.resultText()}); err != nil {
			s.log.Warn("cell not kept in the history", "err", err)
		}
	}
	return s.executeReply(r, q, count, result), nil
}

// run calls the interpreter, whose panics end the cell only.
func (s *Server) run(r *request, q cell.Request, out *output) (result cell.Result) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("interpreter panicked", "panic", p, "stack", string(debug.Stack()))
			result.Error = &cell.Error{Name: cell.ErrInternal, Value: fmt.Sprintf("panic in the kernel: %v", p)}
		}
	}()
	return s.ip.Execute(r.ctx, q, out)
}

func (s *Server) executeReply(r *request, q executeRequest, count int, result cell.Result) executeReply {
	reply := executeReply{Status: "ok", Count: count}
	if e := result.Error; e != nil {
		content := contentOf(e)
		reply.Status, reply.errorContent = "error", &content
		if !q.Silent {
			s.publish(r.RawHeader, "error", content)
			if q.StopOnError == nil || *q.StopOnError {
				if e.Name != cell.ErrInterrupt {
					r.lane.settle()
				}
				r.after = r.lane.abort
			}
		}
		return reply
	}
	reply.Payload = []any{}
	for _, page := range result.Pages {
		reply.Payload = append(reply.Payload, map[string]any{"source": "page", "data": object(page.Data), "start": 0})
	}
	if result.Leave {
		reply.Payload = append(reply.Payload, map[string]any{"source": "ask_exit", "keepkernel": false})
	}
	reply.UserExpressions = map[string]any{}
	for name := range q.UserExpressions {
		reply.UserExpressions[name] = expression(result.UserExpressions[name])
	}
	return reply
}

// expression is a user expression's outcome as the protocol writes it.
func expression(x cell.ExpressionResult) any {
	switch {
	case x.Error != nil:
		return errorReply{Status: "error", errorContent: contentOf(x.Error)}
	case x.Bundle != nil:
		return map[string]any{"status": "ok", "data": object(x.Bundle.Data), "metadata": object(x.Bundle.Metadata)}
	}
	return errorReply{Status: "error", errorContent: contentOf(&cell.Error{Name: cell.ErrInternal, Value: "not evaluated"})}
}
