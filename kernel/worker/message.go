package worker

import (
	"bytes"
	"encoding/json"
	"fmt"

	"divvy/kernel/cell"
)

// Kinds of frames. The id is the call's, and a call's id also names its sink.
const (
	// Supervisor to worker.
	kindExecute    byte = iota + 1 // head: cell.Request
	kindComplete                   // head: query
	kindInspect                    // head: query
	kindIsComplete                 // head: query
	kindComm                       // head: cell.CommMessage, parts: its buffers
	kindComms                      // head: query
	kindDebug                      // part: a request of the Debug Adapter Protocol
	kindInterrupt                  // no head; no reply
	kindCancel                     // id: the call whose context has ended
	kindInputReply                 // head: inputReply
	kindClose                      // no head; the worker exits

	// Worker to supervisor.
	kindReady       // head: readiness; sent once, first
	kindReply       // head: reply, the end of a call
	kindStdout      // part: text
	kindStderr      // part: text
	kindEvent       // head: wireEvent, parts: strings of the bundle, buffers, or an event of the debugger
	kindInput       // head: inputRequest
	kindInputCancel // head: inputReply with only its number
	kindRelease     // nothing in the worker can write to this sink any more
)

// query holds the arguments of the small calls.
type query struct {
	Code   string `json:"code,omitempty"`
	Cursor int    `json:"cursor,omitempty"`
	Detail int    `json:"detail,omitempty"`
	Target string `json:"target,omitempty"`
}

// readiness tells whether the worker has an interpreter.
type readiness struct {
	Error string `json:"error,omitempty"`
}

// reply ends a call: with a value, or with an error's text.
type reply struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

type inputRequest struct {
	Number   uint64 `json:"number"`
	Prompt   string `json:"prompt"`
	Password bool   `json:"password,omitempty"`
}

type inputReply struct {
	Number uint64 `json:"number"`
	Value  string `json:"value,omitempty"`
	Error  string `json:"error,omitempty"`
}

// wireEvent is a cell.Event without what travels as parts: the strings of a
// bundle, in the order of Types, or the buffers of a comm message.
type wireEvent struct {
	Kind      string                     `json:"kind"`
	DisplayID string                     `json:"display_id,omitempty"`
	Wait      bool                       `json:"wait,omitempty"`
	HasBundle bool                       `json:"has_bundle,omitempty"`
	Types     []string                   `json:"types,omitempty"`
	JSON      map[string]json.RawMessage `json:"json,omitempty"`
	Metadata  map[string]any             `json:"metadata,omitempty"`
	Comm      *cell.CommMessage          `json:"comm,omitempty"`
}

// encodeEvent splits an event that is no stream into the head and the parts of
// a frame.
func encodeEvent(e cell.Event) (head []byte, parts [][]byte, err error) {
	w := wireEvent{Kind: e.Kind, DisplayID: e.DisplayID, Wait: e.Wait}
	if e.Bundle != nil {
		w.HasBundle = true
		w.Metadata = e.Bundle.Metadata
		for mime, v := range e.Bundle.Data {
			if s, ok := v.(string); ok {
				w.Types = append(w.Types, mime)
				parts = append(parts, []byte(s))
				continue
			}
			raw, err := json.Marshal(v)
			if err != nil {
				return nil, nil, fmt.Errorf("encoding the %s part of a display: %w", mime, err)
			}
			if w.JSON == nil {
				w.JSON = map[string]json.RawMessage{}
			}
			w.JSON[mime] = raw
		}
	}
	if e.Debug != nil {
		parts = [][]byte{e.Debug}
	}
	if e.Comm != nil {
		m := *e.Comm
		parts, m.Buffers = m.Buffers, nil
		w.Comm = &m
	}
	head, err = json.Marshal(&w)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding a %s event: %w", e.Kind, err)
	}
	return head, parts, nil
}

// decodeEvent is the inverse of encodeEvent. JSON parts of a bundle stay
// json.RawMessage: whoever writes them out needs no parsed form, and large
// integers keep all their digits.
func decodeEvent(f frame) (cell.Event, error) {
	var w wireEvent
	if err := unmarshalExact(f.head, &w); err != nil {
		return cell.Event{}, fmt.Errorf("decoding an event: %w", err)
	}
	e := cell.Event{Kind: w.Kind, DisplayID: w.DisplayID, Wait: w.Wait, Comm: w.Comm}
	if w.HasBundle {
		if len(w.Types) != len(f.parts) {
			return cell.Event{}, errMalformed
		}
		data := make(map[string]any, len(w.Types)+len(w.JSON))
		for i, mime := range w.Types {
			data[mime] = string(f.parts[i])
		}
		for mime, raw := range w.JSON {
			data[mime] = raw
		}
		e.Bundle = &cell.Bundle{Data: data, Metadata: w.Metadata}
	}
	if e.Comm != nil {
		e.Comm.Buffers = f.parts
	}
	if e.Kind == cell.DebugEvent {
		if len(f.parts) != 1 {
			return cell.Event{}, errMalformed
		}
		e.Debug = f.parts[0]
	}
	return e, nil
}

// encodeReply makes the head of the frame that ends a call.
func encodeReply(value any, err error) []byte {
	var r reply
	if err == nil && value != nil {
		r.Value, err = json.Marshal(value)
	}
	if err != nil {
		r = reply{Error: err.Error()}
	}
	head, err := json.Marshal(&r)
	if err != nil {
		panic(err) // cannot be: a string and valid JSON
	}
	return head
}

// unmarshalExact decodes JSON and keeps numbers as they were written.
func unmarshalExact(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(v)
}
