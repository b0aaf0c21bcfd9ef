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
		return nil, errors.New("this kernel has no debugger")
	}
	reply, err := d.Debug(r.ctx, r.Content, s.newOutput(r, s.executionCount()))
	if err != nil {
		return nil, err
	}
	return json.RawMessage(reply), nil
}
