package widget

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// modelsJSON is the state with which ipywidgets starts each model, written by
// testdata/peer.py.
//
//go:embed models.json
var modelsJSON []byte

// defaults gives those states by model name.
var defaults = sync.OnceValue(func() map[string]map[string]any {
	var m map[string]map[string]any
	if err := json.Unmarshal(modelsJSON, &m); err != nil {
		panic(fmt.Sprintf("widget: models.json: %v", err)) // cannot be: tests read it
	}
	m["ImageModel"]["value"] = []byte{} // binary, so not in JSON
	return m
})

// reference is how one model's state refers to another model.
const reference = "IPY_MODEL_"

// model is the kernel's half of a widget: a state that both sides change. In
// the state numbers are float64, binary values []byte, and all else as
// encoding/json makes it, whichever side it came from.
type model struct {
	id      string
	parts   map[string]*model // "layout", "style"
	outputs *outputs          // of an Output

	mu     sync.Mutex // held while sending, so that messages keep the order of changes
	state  map[string]any
	accept func(key string, v any) (any, error) // may refuse or adjust what a front end sends
	watch  map[string][]*callback
	custom func(content map[string]any) // may be nil
}

// callback is a function of a cell. It is also the key under which it waits, so
// that many changes make one call.
type callback struct {
	cell any
	call func()
}

func newCallback(f func()) *callback { return &callback{host().Cell(), f} }

func (c *callback) later() { host().Later(c.cell, c, c.call) }

// newModel opens a model of the given name. What state leaves out is as in
// ipywidgets; a map under "layout" or "style" changes that part's own state.
// prepare, if any, completes the model before anyone hears of it.
func newModel(name string, state map[string]any, prepare func(*model)) *model {
	m := &model{id: newID(), parts: map[string]*model{}, state: maps.Clone(defaults()[name]), watch: map[string][]*callback{}}
	for key, v := range state {
		if part, ok := v.(map[string]any); ok && (key == "layout" || key == "style") {
			m.parts[key] = newModel(strings.TrimPrefix(m.state[key].(string), reference), part, nil)
			continue
		}
		m.state[key] = normal(v)
	}
	for _, key := range []string{"layout", "style"} {
		ref, ok := m.state[key].(string)
		if !ok {
			continue
		}
		if m.parts[key] == nil {
			m.parts[key] = newModel(strings.TrimPrefix(ref, reference), nil, nil)
		}
		m.state[key] = reference + m.parts[key].id
	}
	if prepare != nil {
		prepare(m)
	}
	open.Lock()
	open.models[m.id] = m
	open.Unlock()
	rest, paths, buffers := split(m.state)
	host().Send(Message{
		Kind: CommOpen, ID: m.id, Target: modelTarget, Buffers: buffers,
		Data:     map[string]any{"state": rest, "buffer_paths": paths},
		Metadata: map[string]any{"version": protocolVersion},
	})
	return m
}

// described is the model as request_states wants it.
func (m *model) described() map[string]any {
	m.mu.Lock()
	defer m.mu.Unlock()
	return map[string]any{
		"model_name":           m.state["_model_name"],
		"model_module":         m.state["_model_module"],
		"model_module_version": m.state["_model_module_version"],
		"state":                maps.Clone(m.state),
	}
}

func (m *model) get(key string) any {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state[key]
}

// set changes the state from this side and tells the front ends what is new.
func (m *model) set(changes map[string]any) {
	m.mu.Lock()
	news := map[string]any{}
	for key, v := range changes {
		if v = normal(v); !reflect.DeepEqual(m.state[key], v) {
			m.state[key], news[key] = v, v
		}
	}
	if len(news) > 0 {
		host().Send(m.message("update", news))
	}
	watchers := m.watchers(news)
	m.mu.Unlock()
	for _, c := range watchers {
		c.later()
	}
}

// watchers are those who want to know of these changes. The lock is held.
func (m *model) watchers(news map[string]any) (all []*callback) {
	for _, key := range sortedKeys(news) {
		all = append(all, m.watch[key]...)
	}
	return all
}

// message makes the message that tells a part of the state.
func (m *model) message(method string, state map[string]any) Message {
	rest, paths, buffers := split(state)
	return Message{
		Kind: CommMsg, ID: m.id, Buffers: buffers,
		Data: map[string]any{"method": method, "state": rest, "buffer_paths": paths},
	}
}

// onChange calls f after a change of key.
func (m *model) onChange(key string, f func()) {
	c := newCallback(f)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watch[key] = append(m.watch[key], c)
}

// receive takes a message of a front end.
func (m *model) receive(msg Message, reply func(Message)) error {
	switch method, _ := msg.Data["method"].(string); method {
	case "update":
		state, ok := msg.Data["state"].(map[string]any)
		if !ok {
			return fmt.Errorf("widget: update of %s without a state", m.id)
		}
		paths, _ := msg.Data["buffer_paths"].([]any)
		if err := join(state, paths, msg.Buffers); err != nil {
			return err
		}
		return m.update(state, reply)
	case "request_state":
		m.mu.Lock()
		defer m.mu.Unlock()
		reply(m.message("update", m.state))
		return nil
	case "custom":
		m.mu.Lock()
		custom := m.custom
		m.mu.Unlock()
		content, _ := msg.Data["content"].(map[string]any)
		if custom != nil && content != nil {
			custom(content)
		}
		return nil
	default:
		return fmt.Errorf("widget: message to %s of unknown method %q", m.id, method)
	}
}

// update takes over what a front end has changed. All front ends are told what
// was received, so that they agree, and then what was made of it where that is
// something else.
func (m *model) update(state map[string]any, reply func(Message)) error {
	m.mu.Lock()
	echo, news, other := map[string]any{}, map[string]any{}, map[string]any{}
	var fault error
	for _, key := range sortedKeys(state) {
		old, known := m.state[key]
		if !known || strings.HasPrefix(key, "_model") {
			continue
		}
		v := state[key]
		if !sameKind(old, v) {
			fault = fmt.Errorf("widget: %s.%s cannot become a %T", m.state["_model_name"], key, v)
			other[key] = old
			continue
		}
		echo[key] = v
		if m.accept != nil {
			adjusted, err := m.accept(key, v)
			if err != nil {
				fault, adjusted = err, old
			}
			if !reflect.DeepEqual(adjusted, v) {
				v, other[key] = adjusted, adjusted
			}
		}
		if !reflect.DeepEqual(old, v) {
			m.state[key], news[key] = v, v
		}
	}
	if len(echo) > 0 {
		reply(m.message("echo_update", echo))
	}
	if len(other) > 0 {
		reply(m.message("update", other))
	}
	watchers := m.watchers(news)
	m.mu.Unlock()
	for _, c := range watchers {
		c.later()
	}
	return fault
}

// close removes the widget from all front ends.
func (m *model) close() {
	for _, p := range m.parts {
		p.close()
	}
	open.Lock()
	_, there := open.models[m.id]
	delete(open.models, m.id)
	open.Unlock()
	if there {
		host().Send(Message{Kind: CommClose, ID: m.id, Data: map[string]any{}})
	}
}

// sameKind tells whether a property that is old may become v: what is null may
// become anything and the other way round, as properties that are optional do.
func sameKind(old, v any) bool {
	return old == nil || v == nil || reflect.TypeOf(old) == reflect.TypeOf(v)
}

// normal gives a value the form that it has when it comes from JSON.
func normal(v any) any {
	switch v := v.(type) {
	case nil, bool, string, []byte:
		return v
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil // as JSON has neither
		}
		return v
	case int:
		return float64(v)
	case []string:
		list := make([]any, len(v))
		for i, s := range v {
			list[i] = s
		}
		return list
	case []any:
		list := slices.Clone(v)
		for i := range list {
			list[i] = normal(list[i])
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[k] = normal(x)
		}
		return m
	}
	raw, err := json.Marshal(v)
	var out any
	if err != nil || json.Unmarshal(raw, &out) != nil {
		return fmt.Sprint(v)
	}
	return out
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
