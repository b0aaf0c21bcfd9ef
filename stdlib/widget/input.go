package widget

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Dropdown chooses one of a few words.
type Dropdown struct {
	// Label stands before the menu.
	Label string
	// Options are the words to choose from.
	Options []string
	// Value is the one at the start; the first, if it is none of them.
	Value string
	// Disabled lets nobody choose.
	Disabled bool
	// Width is that of the whole control, in CSS: "30em", "100%".
	Width string

	core
}

func (w *Dropdown) describe() (string, map[string]any) {
	var index any
	if len(w.Options) > 0 {
		index = max(0, slices.Index(w.Options, w.Value))
	}
	return "DropdownModel", described(w.Label, w.Width, w.Disabled, map[string]any{
		"_options_labels": slices.Clone(w.Options), "index": index,
	})
}

func (w *Dropdown) prepare(m *model) {
	m.accept = func(key string, v any) (any, error) {
		if key != "index" || v == nil {
			return v, nil
		}
		options, _ := m.state["_options_labels"].([]any)
		if i, ok := v.(float64); !ok || i < 0 || int(i) >= len(options) {
			return nil, errors.New("widget: Dropdown: an index without an option")
		}
		return v, nil
	}
}

// Get is the word that is chosen now, empty if none is.
func (w *Dropdown) Get() string {
	m := opened(w)
	m.mu.Lock()
	defer m.mu.Unlock()
	options, _ := m.state["_options_labels"].([]any)
	if i, ok := m.state["index"].(float64); ok && int(i) < len(options) {
		s, _ := options[int(i)].(string)
		return s
	}
	return ""
}

// Set chooses a word, which must be one of the options.
func (w *Dropdown) Set(word string) error {
	options, _ := opened(w).get("_options_labels").([]any)
	i := slices.Index(options, any(word))
	if i < 0 {
		return fmt.Errorf("widget: Dropdown: %q is none of the options", word)
	}
	opened(w).set(map[string]any{"index": i})
	return nil
}

// SetOptions offers other words and chooses the first.
func (w *Dropdown) SetOptions(words []string) {
	var index any
	if len(words) > 0 {
		index = 0
	}
	opened(w).set(map[string]any{"_options_labels": words, "index": index})
}

// OnChange calls f with the word after another was chosen.
func (w *Dropdown) OnChange(f func(word string)) {
	opened(w).onChange("index", func() { f(w.Get()) })
}

// ModelID implements Widget.
func (w *Dropdown) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *Dropdown) MIMEBundle() map[string]any { return bundle(w) }

func (w *Dropdown) text() string { return labelled(w.Label, w.Get()) }
func (w *Dropdown) value() any   { return w.Get() }

// Checkbox is on or off.
type Checkbox struct {
	// Label stands after the box.
	Label string
	// Value is that at the start.
	Value bool
	// Disabled lets nobody change it.
	Disabled bool
	// Width is that of the whole control, in CSS: "30em", "100%".
	Width string

	core
}

func (w *Checkbox) describe() (string, map[string]any) {
	return "CheckboxModel", described(w.Label, w.Width, w.Disabled, map[string]any{"value": w.Value})
}

// Get tells whether it is on.
func (w *Checkbox) Get() bool { on, _ := opened(w).get("value").(bool); return on }

// Set turns it on or off.
func (w *Checkbox) Set(on bool) { opened(w).set(map[string]any{"value": on}) }

// OnChange calls f after a change.
func (w *Checkbox) OnChange(f func(on bool)) { opened(w).onChange("value", func() { f(w.Get()) }) }

// ModelID implements Widget.
func (w *Checkbox) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *Checkbox) MIMEBundle() map[string]any { return bundle(w) }

func (w *Checkbox) text() string {
	if w.Get() {
		return strings.TrimSpace("[x] " + w.Label)
	}
	return strings.TrimSpace("[ ] " + w.Label)
}
func (w *Checkbox) value() any { return w.Get() }

// Text is a line to write in.
type Text struct {
	// Label stands before the line.
	Label string
	// Value is that at the start.
	Value string
	// Placeholder is shown while there is no text.
	Placeholder string
	// OnEnter holds back the text until the line is left or Enter is pressed.
	OnEnter bool
	// Disabled lets nobody write.
	Disabled bool
	// Width is that of the whole control, in CSS: "30em", "100%".
	Width string

	core
}

func (w *Text) describe() (string, map[string]any) {
	state := map[string]any{"value": w.Value, "continuous_update": !w.OnEnter}
	if w.Placeholder != "" {
		state["placeholder"] = w.Placeholder
	}
	return "TextModel", described(w.Label, w.Width, w.Disabled, state)
}

// Get is the text now.
func (w *Text) Get() string { s, _ := opened(w).get("value").(string); return s }

// Set writes another text.
func (w *Text) Set(s string) { opened(w).set(map[string]any{"value": s}) }

// OnChange calls f with the text after it has changed.
func (w *Text) OnChange(f func(s string)) { opened(w).onChange("value", func() { f(w.Get()) }) }

// ModelID implements Widget.
func (w *Text) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *Text) MIMEBundle() map[string]any { return bundle(w) }

func (w *Text) text() string { return labelled(w.Label, w.Get()) }
func (w *Text) value() any   { return w.Get() }

// Button does something when it is clicked.
type Button struct {
	// Label stands on the button.
	Label string
	// Style colours it: "", "primary", "success", "info", "warning" or "danger".
	Style string
	// Icon is the name of a Font Awesome icon before the label: "check".
	Icon string
	// Tooltip is shown when the mouse rests on it.
	Tooltip string
	// Disabled lets nobody click.
	Disabled bool
	// Width is that of the button, in CSS: "30em", "100%".
	Width string

	core
}

func (w *Button) describe() (string, map[string]any) {
	state := map[string]any{"button_style": w.Style, "icon": w.Icon}
	if w.Tooltip != "" {
		state["tooltip"] = w.Tooltip
	}
	return "ButtonModel", described(w.Label, w.Width, w.Disabled, state)
}

// OnClick calls f for every click.
func (w *Button) OnClick(f func()) {
	m, c := opened(w), newCallback(f)
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.custom
	m.custom = func(content map[string]any) {
		if before != nil {
			before(content)
		}
		if content["event"] == "click" {
			host().Later(c.cell, nil, c.call) // no key: every click counts
		}
	}
}

// ModelID implements Widget.
func (w *Button) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *Button) MIMEBundle() map[string]any { return bundle(w) }

func (w *Button) text() string { return "[" + w.Label + "]" }
