package jupyter

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

// Entry is one cell of the history.
type Entry struct {
	Session int // counts the kernel's starts, from 1
	Line    int // the n of In[n]
	Input   string
	Output  string // the text of its result, empty if it had none
}

// History keeps the cells that were run. Append is for the current session and
// ignores the entry's Session. The others return entries from old to new.
// It must be safe for concurrent use.
type History interface {
	Append(Entry) error
	// Tail returns the last n entries of all sessions; all if n is 0.
	Tail(n int) ([]Entry, error)
	// Range returns a session's entries with start <= Line < stop; a stop of 0
	// is the end. Session 0 is the current one, -1 the one before it, and so on.
	Range(session, start, stop int) ([]Entry, error)
	// Search returns the last n entries, all if n is 0, whose input matches a
	// pattern of * and ? (and [] classes), each input once if unique.
	Search(pattern string, n int, unique bool) ([]Entry, error)
}

// historyRequest handles history_request.
func (s *Server) historyRequest(r *request) (any, error) {
	var q struct {
		Access  string  `json:"hist_access_type"`
		Output  bool    `json:"output"`
		Session int     `json:"session"`
		Start   *int    `json:"start"`
		Stop    *int    `json:"stop"`
		N       *int    `json:"n"`
		Pattern *string `json:"pattern"`
		Unique  bool    `json:"unique"`
	}
	if err := r.decode(&q); err != nil {
		return nil, err
	}
	var entries []Entry
	var err error
	switch q.Access {
	case "tail":
		n := 10 // IPython's default
		if q.N != nil {
			n = *q.N
		}
		entries, err = s.history.Tail(max(n, 0))
	case "range":
		start := 1
		if q.Start != nil {
			start = *q.Start
		}
		stop := 0
		if q.Stop != nil {
			stop = *q.Stop
		}
		entries, err = s.history.Range(q.Session, start, stop)
	case "search":
		pattern, n := "*", 0
		if q.Pattern != nil {
			pattern = *q.Pattern
		}
		if q.N != nil {
			n = *q.N
		}
		entries, err = s.history.Search(pattern, max(n, 0), q.Unique)
	default:
		err = fmt.Errorf("hist_access_type %q is none of tail, range and search", q.Access)
	}
	if err != nil {
		return nil, err
	}
	rows := [][3]any{}
	for _, e := range entries {
		row := [3]any{e.Session, e.Line, e.Input}
		if q.Output {
			var out any // null where there was no result
			if e.Output != "" {
				out = e.Output
			}
			row[2] = [2]any{e.Input, out}
		}
		rows = append(rows, row)
	}
	return map[string]any{"status": "ok", "history": rows}, nil
}

// MemoryHistory is a History that ends with the process: one session.
type MemoryHistory struct {
	mu      sync.Mutex
	entries []Entry
}

// NewMemoryHistory returns an empty one.
func NewMemoryHistory() *MemoryHistory { return &MemoryHistory{} }

// memoryEntries is how many entries a MemoryHistory keeps.
const memoryEntries = 10_000

// Append implements History.
func (h *MemoryHistory) Append(e Entry) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.Session = 1
	if len(h.entries) >= 2*memoryEntries {
		h.entries = append([]Entry(nil), h.entries[memoryEntries:]...)
	}
	h.entries = append(h.entries, e)
	return nil
}

// Tail implements History.
func (h *MemoryHistory) Tail(n int) ([]Entry, error) { return h.Search("*", n, false) }

// Range implements History.
func (h *MemoryHistory) Range(session, start, stop int) ([]Entry, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []Entry
	if session != 0 && session != 1 {
		return found, nil
	}
	for _, e := range h.entries {
		if e.Line >= start && (stop <= 0 || e.Line < stop) {
			found = append(found, e)
		}
	}
	return found, nil
}

// Search implements History.
func (h *MemoryHistory) Search(pattern string, n int, unique bool) ([]Entry, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []Entry
	seen := map[string]bool{}
	for i := len(h.entries) - 1; i >= 0 && (n == 0 || len(found) < n); i-- {
		e := h.entries[i]
		if unique && seen[e.Input] || !glob(pattern, e.Input) {
			continue
		}
		seen[e.Input] = true
		found = append(found, e)
	}
	for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
		found[i], found[j] = found[j], found[i]
	}
	return found, nil
}

// glob matches * and ? over all of s, line breaks included.
func glob(pattern, s string) bool {
	p, t := []rune(pattern), []rune(s)
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

// unmarshalObject reads a JSON object into a map.
func unmarshalObject(raw json.RawMessage, into *map[string]any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	return nil
}
