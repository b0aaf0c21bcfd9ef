package widget

import (
	"fmt"
	"strings"
	"sync"

	"divvy/stdlib/display"
)

// Widget is a control, or a box of them. Only the types of this package are.
type Widget interface {
	// MIMEBundle shows the widget; every display of it is a view of the same.
	MIMEBundle() map[string]any
	// ModelID is the id by which front ends know it. The widget is there from the
	// first call on.
	ModelID() string
}

// element is what all widgets of this package are.
type element interface {
	Widget
	// describe gives the name of the model and where its state differs from
	// ipywidgets' defaults.
	describe() (name string, state map[string]any)
	// prepare completes the model before anyone hears of it.
	prepare(m *model)
	// text is the widget for those who have no widgets.
	text() string
	base() *core
}

// core makes a struct of options a widget. A copy of a struct that is already
// shown is the same widget.
type core struct{ m *model }

func (c *core) base() *core    { return c }
func (c *core) prepare(*model) {}

// opening guards the pointers in all cores.
var opening sync.Mutex

// opened is the model of a widget that may not have one yet.
func opened(e element) *model {
	opening.Lock()
	defer opening.Unlock()
	if e.base().m == nil {
		opening.Unlock() // boxes open their children
		name, state := e.describe()
		opening.Lock()
		if e.base().m == nil {
			e.base().m = newModel(name, state, e.prepare)
		}
	}
	return e.base().m
}

// bundle shows a widget.
func bundle(e element) map[string]any {
	return map[string]any{
		display.MIMEText: e.text(),
		display.MIMEWidget: map[string]any{
			"version_major": 2, "version_minor": 0, "model_id": opened(e).id,
		},
	}
}

// SetProperty changes any property of a widget's model by its name in
// ipywidgets' protocol, for what has no method here: "description",
// "button_style", "bar_style", "layout.width", "style.description_width". It
// refuses names that the model does not have.
func SetProperty(w Widget, name string, value any) error {
	m, key, err := property(w, name)
	if err != nil {
		return err
	}
	m.set(map[string]any{key: value})
	return nil
}

// Property gives what SetProperty sets, as it is in JSON: a float64, string,
// bool, []any, map[string]any or nil, or []byte.
func Property(w Widget, name string) (any, error) {
	m, key, err := property(w, name)
	if err != nil {
		return nil, err
	}
	return m.get(key), nil
}

func property(w Widget, name string) (m *model, key string, err error) {
	e, ok := w.(element)
	if !ok {
		return nil, "", fmt.Errorf("widget: %T is none of this package's widgets", w)
	}
	m, key = opened(e), name
	if part, rest, dotted := strings.Cut(name, "."); dotted {
		if m, key = m.parts[part], rest; m == nil {
			return nil, "", fmt.Errorf("widget: %T has no %q, but layout and perhaps style", w, part)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.state[key]; !ok || strings.HasPrefix(key, "_") {
		return nil, "", fmt.Errorf("widget: %T has no property %q", w, name)
	}
	return m, key, nil
}

// Close removes a widget from all pages. Its last value can still be read.
func Close(w Widget) {
	if e, ok := w.(element); ok {
		opened(e).close()
	}
}

// described collects the properties that most controls have.
func described(label, width string, disabled bool, state map[string]any) map[string]any {
	if label != "" {
		state["description"] = label
	}
	if disabled {
		state["disabled"] = true
	}
	if width != "" {
		state["layout"] = map[string]any{"width": width}
	}
	return state
}

// labelled writes a control as text.
func labelled(label string, value any) string {
	if label == "" {
		return fmt.Sprint(value)
	}
	return fmt.Sprintf("%s: %v", label, value)
}

// refer is how a state names other widgets.
func refer(children []Widget) []any {
	list := []any{}
	for _, c := range children {
		if c != nil {
			list = append(list, reference+c.ModelID())
		}
	}
	return list
}
