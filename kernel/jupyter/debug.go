package jupyter

import (
	"encoding/json"
	"errors"

	"divvy/kernel/cell"
)

// debug passes a request of the Debug Adapter Protocol on. The response is the
// content of the reply, as it comes: what fails is said in it.
func (s *Server) debug(r *request) (any, error) {
	d, ok := s.ip.(cell.Debugger)
	if !ok {
		return debugFailure(r.Content, errors.New("this kernel has no debugger")), nil
	}
	reply, err := d.Debug(r.ctx, r.Content, s.newOutput(r, s.executionCount()))
	if err != nil {
		return debugFailure(r.Content, err), nil
	}
	return json.RawMessage(reply), nil
}

// debugFailure is the response to a request that found no debugger to answer it.
func debugFailure(request json.RawMessage, err error) any {
	var q struct {
		Seq     int    `json:"seq"`
		Command string `json:"command"`
	}
	if bad := json.Unmarshal(request, &q); bad != nil || q.Command == "" {
		q.Command = "unknown"
	}
	return map[string]any{"type": "response", "seq": 0, "request_seq": q.Seq, "command": q.Command, "success": false,
		"message": err.Error(), "body": map[string]any{"error": map[string]any{"id": 1, "format": err.Error()}}}
}
