package jupyter

import (
	"fmt"
	"sort"
	"sync"
)

// subshells are the lanes beside the main shell (JEP 91). Requests to them are
// handled while a cell runs, except for cells: an interpreter runs one at a
// time, so those wait for each other whatever their subshell.
type subshells struct {
	mu    sync.Mutex
	lanes map[string]*lane
}

func (s *subshells) get(id string) *lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lanes[id]
}

func (s *subshells) all() []*lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*lane
	for _, l := range s.lanes {
		all = append(all, l)
	}
	return all
}

func (s *Server) createSubshell(*request) (any, error) {
	id := newID()
	l := newLane("subshell "+id, s.handle)
	s.subshells.mu.Lock()
	if s.subshells.lanes == nil {
		s.subshells.lanes = map[string]*lane{}
	}
	s.subshells.lanes[id] = l
	s.subshells.mu.Unlock()
	s.start(l)
	return map[string]string{"status": "ok", "subshell_id": id}, nil
}

// deleteSubshell ends a subshell after the request that it is handling.
func (s *Server) deleteSubshell(r *request) (any, error) {
	var q struct {
		ID string `json:"subshell_id"`
	}
	if err := r.decode(&q); err != nil {
		return nil, err
	}
	s.subshells.mu.Lock()
	l := s.subshells.lanes[q.ID]
	delete(s.subshells.lanes, q.ID)
	s.subshells.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("no subshell %q", q.ID)
	}
	for _, waiting := range l.close() {
		s.refuse(waiting, fmt.Errorf("subshell %q was deleted", q.ID))
	}
	return ok, nil
}

func (s *Server) listSubshells(*request) (any, error) {
	s.subshells.mu.Lock()
	defer s.subshells.mu.Unlock()
	ids := []string{}
	for id := range s.subshells.lanes {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return map[string]any{"status": "ok", "subshell_id": ids}, nil
}
