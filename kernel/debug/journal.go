package debug

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/google/go-dap"
)

// Journal remembers what a front end has set, so that the debugger of a program
// that is started anew, because it crashed, can be brought to the same state.
type Journal struct {
	mu     sync.Mutex
	begin  map[string][]byte // initialize and the like, by command
	dumped map[string][]byte // dumpCell, by path
	points map[string][]byte // setBreakpoints, by path
	held   int               // the thread that is stopped, or 0
}

// keptDumps is how many cells without breakpoints are remembered.
const keptDumps = 200

// beginnings are the commands that begin a debugging session, in order.
var beginnings = []string{"initialize", "attach", "configurationDone", "setExceptionBreakpoints"}

// Note takes note of a request that was answered.
func (j *Journal) Note(request, reply []byte) {
	var q struct {
		Command   string `json:"command"`
		Arguments struct {
			Source      dap.Source        `json:"source"`
			Breakpoints []json.RawMessage `json:"breakpoints"`
		} `json:"arguments"`
	}
	var r struct {
		Success bool         `json:"success"`
		Body    dumpCellBody `json:"body"`
	}
	if json.Unmarshal(request, &q) != nil || json.Unmarshal(reply, &r) != nil || !r.Success {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.begin == nil {
		j.begin, j.dumped, j.points = map[string][]byte{}, map[string][]byte{}, map[string][]byte{}
	}
	switch {
	case q.Command == "disconnect" || q.Command == "terminate":
		clear(j.begin)
		clear(j.points)
		clear(j.dumped)
	case slices.Contains(beginnings, q.Command):
		j.begin[q.Command] = request
	case q.Command == "dumpCell":
		if len(j.dumped) > keptDumps {
			maps.DeleteFunc(j.dumped, func(path string, _ []byte) bool { return j.points[path] == nil })
		}
		j.dumped[r.Body.SourcePath] = request
	case q.Command == "setBreakpoints":
		if path := q.Arguments.Source.Path; len(q.Arguments.Breakpoints) > 0 {
			j.points[path] = request
		} else {
			delete(j.points, path)
		}
	}
}

// Event takes note of an event.
func (j *Journal) Event(event []byte) {
	var e struct {
		Event string               `json:"event"`
		Body  dap.StoppedEventBody `json:"body"`
	}
	if json.Unmarshal(event, &e) != nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch e.Event {
	case "stopped":
		j.held = e.Body.ThreadId
	case "continued":
		j.held = 0
	}
}

// Requests are those that bring another program to the same state, none when
// the debugger is off.
func (j *Journal) Requests() [][]byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.begin["initialize"] == nil {
		return nil
	}
	var out [][]byte
	for _, command := range beginnings {
		if r := j.begin[command]; r != nil {
			out = append(out, r)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(j.points)) {
		if r := j.dumped[path]; r != nil {
			out = append(out, r)
		}
		out = append(out, j.points[path])
	}
	return out
}

// Ended says that the program has ended. The result is the event with which
// a front end learns that nothing is held any more, nil if nothing was.
func (j *Journal) Ended() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.held == 0 {
		return nil
	}
	e := dap.ContinuedEvent{
		Event: dap.Event{ProtocolMessage: dap.ProtocolMessage{Seq: 1, Type: "event"}, Event: "continued"},
		Body:  dap.ContinuedEventBody{ThreadId: j.held, AllThreadsContinued: true},
	}
	j.held = 0
	out, err := json.Marshal(e)
	if err != nil {
		return nil // plain data
	}
	return out
}
