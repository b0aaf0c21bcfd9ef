package notebook

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"divvy/kernel/cell"
)

// widgetTarget is the comm target of ipywidgets' models.
const widgetTarget = "jupyter.widget"

// widgetStates follows the comms of a run and keeps the state of each widget, so
// that the executed notebook shows its widgets without a kernel.
type widgetStates struct {
	models map[string]*widgetModel
}

type widgetModel struct {
	state   map[string]any
	buffers map[string]map[string]any // by path
}

// handle follows one comm message. The run's lock is held.
func (w *widgetStates) handle(kind string, m *cell.CommMessage) {
	if kind == cell.CommOpen && m.Target == widgetTarget {
		w.models[m.ID] = &widgetModel{state: map[string]any{}, buffers: map[string]map[string]any{}}
	}
	model := w.models[m.ID]
	state, ok := m.Data["state"].(map[string]any)
	if model == nil || !ok {
		return
	}
	maps.Copy(model.state, state)
	paths, _ := m.Data["buffer_paths"].([]any)
	for i, path := range paths {
		key, err := json.Marshal(path)
		if err != nil || i >= len(m.Buffers) {
			continue
		}
		model.buffers[string(key)] = map[string]any{
			"data":     base64.StdEncoding.EncodeToString(m.Buffers[i]),
			"encoding": "base64",
			"path":     path,
		}
	}
}

// store writes the states into a notebook's metadata, in the form of
// @jupyter-widgets/schema. States of an earlier run go.
func (w *widgetStates) store(nb *Notebook) {
	if len(w.models) == 0 {
		delete(nb.metadata(), "widgets")
		return
	}
	states := map[string]any{}
	for id, m := range w.models {
		// The schema names the model once; in the state it goes without saying.
		s := map[string]any{
			"model_name":           m.state["_model_name"],
			"model_module":         m.state["_model_module"],
			"model_module_version": m.state["_model_module_version"],
			"state":                m.state,
		}
		if len(m.buffers) > 0 {
			list := []any{}
			for _, b := range m.buffers {
				list = append(list, b)
			}
			s["buffers"] = list
		}
		states[id] = s
	}
	nb.metadata()["widgets"] = map[string]any{
		"application/vnd.jupyter.widget-state+json": map[string]any{
			"version_major": 2, "version_minor": 0, "state": states,
		},
	}
}

// widgetView is the part of an output that is a widget.
const widgetView = "application/vnd.jupyter.widget-view+json"

// settings says what the controls in a widget were set to when the notebook was
// stored, "p: 0.5, trained by: PRO", for a page on which nobody sees them.
func (nb *Notebook) settings(view any) string {
	at := func(v any, key string) any {
		if raw, ok := v.(json.RawMessage); ok { // of a run that has just ended
			if err := json.Unmarshal(raw, &v); err != nil {
				return nil
			}
		}
		m, _ := v.(map[string]any)
		return m[key]
	}
	models := at(at(at(nb.metadata(), "widgets"), "application/vnd.jupyter.widget-state+json"), "state")
	var parts []string
	seen := map[string]bool{} // a notebook may say that a widget is in itself
	var visit func(id string)
	visit = func(id string) {
		state := at(at(models, id), "state")
		if seen[id] || state == nil {
			return
		}
		seen[id] = true
		children, _ := at(state, "children").([]any)
		for _, c := range children {
			name, _ := c.(string)
			visit(strings.TrimPrefix(name, "IPY_MODEL_"))
		}
		label, _ := at(state, "description").(string)
		value := at(state, "value")
		if options, ok := at(state, "_options_labels").([]any); ok {
			if i, err := strconv.Atoi(fmt.Sprint(at(state, "index"))); err == nil && i >= 0 && i < len(options) {
				value = options[i]
			}
		}
		if label != "" && value != nil {
			parts = append(parts, fmt.Sprintf("%s: %v", label, value))
		}
	}
	id, _ := at(view, "model_id").(string)
	visit(id)
	return strings.Join(parts, ", ")
}
