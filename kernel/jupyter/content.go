package jupyter

import "divvy/kernel/cell"

// The contents of messages, in the order of the specification. What a message
// must hold it always holds: lists and objects are never null.

type replyOK struct {
	Status string `json:"status"`
}

var ok = replyOK{"ok"}

type errorContent struct {
	Name      string   `json:"ename"`
	Value     string   `json:"evalue"`
	Traceback []string `json:"traceback"`
}

// contentOf is an error as the protocol writes it. There is always a traceback:
// consoles print nothing else.
func contentOf(e *cell.Error) errorContent {
	if len(e.Traceback) == 0 {
		return errorContent{e.Name, e.Value, []string{e.Error()}}
	}
	return errorContent{e.Name, e.Value, e.Traceback}
}

type errorReply struct {
	Status string `json:"status"`
	errorContent
}

type executeRequest struct {
	Code            string            `json:"code"`
	Silent          bool              `json:"silent"`
	StoreHistory    *bool             `json:"store_history"` // nil: unless silent
	UserExpressions map[string]string `json:"user_expressions"`
	AllowStdin      bool              `json:"allow_stdin"`
	StopOnError     *bool             `json:"stop_on_error"` // nil: true
}

type executeReply struct {
	Status          string         `json:"status"`
	Count           int            `json:"execution_count"`
	Payload         []any          `json:"payload,omitzero"`
	UserExpressions map[string]any `json:"user_expressions,omitzero"`
	*errorContent
}

type displayContent struct {
	Data      map[string]any `json:"data"`
	Metadata  map[string]any `json:"metadata"`
	Transient transient      `json:"transient"`
}

type executeResult struct {
	displayContent
	Count int `json:"execution_count"`
}

type transient struct {
	DisplayID string `json:"display_id,omitempty"`
}

type stream struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

type status struct {
	State string `json:"execution_state"`
}

type executeInput struct {
	Code  string `json:"code"`
	Count int    `json:"execution_count"`
}

type commContent struct {
	ID     string         `json:"comm_id"`
	Target string         `json:"target_name,omitempty"`
	Data   map[string]any `json:"data"`
}

// object makes sure that a map is encoded as an object.
func object(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
