package widget_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"testing"

	"divvy/stdlib/widget"
)

// roundTrip gives content as a front end reads it.
func roundTrip(t *testing.T, v any) any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// byName replaces references by ids through references by model names.
func byName(v any, names map[string]any) any {
	switch v := v.(type) {
	case string:
		if n, ok := names[v]; ok {
			return n
		}
	case []any:
		for i := range v {
			v[i] = byName(v[i], names)
		}
	case map[string]any:
		for k := range v {
			v[k] = byName(v[k], names)
		}
	}
	return v
}

// TestOpenMessages compares what each widget sends when it is made with what
// ipywidgets sends for the same one.
func TestOpenMessages(t *testing.T) {
	raw, err := os.ReadFile("testdata/messages.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	check := &widget.Checkbox{Value: true, Label: "log"}
	button := &widget.Button{Label: "Fit again", Style: "primary", Tooltip: "Refit", Icon: "refresh"}
	made := map[string]widget.Widget{
		"FloatSlider":   &widget.FloatSlider{Min: 0.3, Max: 0.7, Step: 0.01, Value: 0.5, Label: "p", OnRelease: true},
		"IntSlider":     &widget.IntSlider{Min: 1, Max: 9, Step: 2, Value: 3, Label: "n", Vertical: true, Disabled: true},
		"FloatProgress": &widget.FloatProgress{Max: 1, Value: 0.25, Label: "loss", Style: "info"},
		"IntProgress":   &widget.IntProgress{Max: 10, Value: 4, Label: "done"},
		"Dropdown":      &widget.Dropdown{Options: []string{"PRO", "SFT"}, Value: "SFT", Label: "method"},
		"Checkbox":      check,
		"Text":          &widget.Text{Value: "<b>&", Placeholder: "a prompt", Label: "prompt", OnEnter: true},
		"Button":        button,
		"HBox":          widget.Row(check, button),
		"VBox":          widget.Column(button),
		"Tab":           &widget.Tab{Children: []widget.Widget{check, button}, Titles: []string{"first", "second"}},
		"HTML":          &widget.HTML{Value: "<b>bold</b>"},
		"Label":         &widget.Label{Value: "plain"},
		"Output":        &widget.Output{},
		"Image":         &widget.Image{Value: []byte("\x89PNG\r\n\x1a\n\x00\xff"), Width: 480, Height: 326},
	}
	h := newHost(t)
	names := map[string]any{}
	var sent []widget.Message
	for _, w := range made {
		w.ModelID()
	}
	for _, m := range h.take() {
		sent = append(sent, m)
		state := m.Data["state"].(map[string]any)
		names["IPY_MODEL_"+m.ID] = "IPY_MODEL_" + state["_model_name"].(string)
	}
	if len(made) != len(want) {
		t.Fatalf("%d widgets were made, ipywidgets' messages are of %d", len(made), len(want))
	}
	for name, w := range made {
		t.Run(name, func(t *testing.T) {
			i := slices.IndexFunc(sent, func(m widget.Message) bool { return m.ID == w.ModelID() })
			if i < 0 || sent[i].Kind != widget.CommOpen {
				t.Fatal("no comm_open")
			}
			m := sent[i]
			buffers := []string{}
			for _, b := range m.Buffers {
				buffers = append(buffers, hex.EncodeToString(b))
			}
			got := byName(roundTrip(t, map[string]any{
				"target_name": m.Target, "metadata": m.Metadata, "data": m.Data, "buffers": buffers,
			}), names)
			compare(t, name, got, want[name])
		})
	}
}

// compare names each place at which two JSON values differ.
func compare(t *testing.T, at string, got, want any) {
	t.Helper()
	g, isMap := got.(map[string]any)
	w, wantMap := want.(map[string]any)
	if !isMap || !wantMap {
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %#v, want %#v", at, got, want)
		}
		return
	}
	for k := range w {
		if _, ok := g[k]; !ok {
			t.Errorf("%s.%s is missing", at, k)
			continue
		}
		compare(t, at+"."+k, g[k], w[k])
	}
	for k := range g {
		if _, ok := w[k]; !ok {
			t.Errorf("%s.%s is not in ipywidgets", at, k)
		}
	}
}

// TestFrontEndChanges follows a value that a user changes.
func TestFrontEndChanges(t *testing.T) {
	slider := &widget.FloatSlider{Min: 0.3, Max: 0.7, Value: 0.5}
	count := &widget.IntSlider{Min: 1, Max: 9, Value: 3}
	menu := &widget.Dropdown{Options: []string{"PRO", "SFT"}}
	box := &widget.Checkbox{}
	line := &widget.Text{Value: "a"}
	tests := []struct {
		name   string
		w      widget.Widget
		key    string
		send   any
		get    func() any
		want   any
		others int // messages beside the echo
		fault  bool
	}{
		{"slider", slider, "value", 0.6, func() any { return slider.Get() }, 0.6, 0, false},
		{"beyond its end", slider, "value", 5.0, func() any { return slider.Get() }, 0.7, 1, false},
		{"a string for a number", slider, "value", "x", func() any { return slider.Get() }, 0.7, 1, true},
		{"null for a number", slider, "value", nil, func() any { return slider.Get() }, 0.7, 1, true},
		{"unknown property", slider, "nonsense", 1.0, func() any { return slider.Get() }, 0.7, -1, false},
		{"the model's name", slider, "_model_name", "HTMLModel", func() any { return slider.Get() }, 0.7, -1, false},
		{"whole numbers", count, "value", 4.4, func() any { return count.Get() }, 4, 1, false},
		{"menu", menu, "index", 1.0, func() any { return menu.Get() }, "SFT", 0, false},
		{"no such option", menu, "index", 2.0, func() any { return menu.Get() }, "SFT", 1, true},
		{"none chosen", menu, "index", nil, func() any { return menu.Get() }, "", 0, false},
		{"checkbox", box, "value", true, func() any { return box.Get() }, true, 0, false},
		{"text", line, "value", "<b>", func() any { return line.Get() }, "<b>", 0, false},
	}
	newHost(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var answers []widget.Message
			err := widget.Deliver(update(test.w, test.key, test.send), func(m widget.Message) { answers = append(answers, m) })
			if (err != nil) != test.fault {
				t.Errorf("error %v", err)
			}
			if got := test.get(); got != test.want {
				t.Errorf("value %v, want %v", got, test.want)
			}
			echo := 0
			for _, a := range answers {
				if a.ID != test.w.ModelID() || a.Kind != widget.CommMsg {
					t.Errorf("an answer to another comm: %v", a)
				}
				if a.Data["method"] == "echo_update" {
					echo++
				}
			}
			if others := len(answers) - echo; test.others >= 0 && others != test.others {
				t.Errorf("answers %v", answers)
			}
			if test.others < 0 && len(answers) != 0 {
				t.Errorf("answers %v to what is none of its properties", answers)
			}
		})
	}
}

func TestKernelChanges(t *testing.T) {
	h := newHost(t)
	slider := &widget.FloatSlider{Min: 0.3, Max: 0.7, Value: 0.5}
	var seen []float64
	slider.OnChange(func(v float64) { seen = append(seen, v) })
	h.take()

	slider.Set(0.6)
	slider.Set(0.6) // nothing new
	slider.Set(9)
	sent := h.take()
	if len(sent) != 2 || fmt.Sprint(sent[0].Data) != "map[buffer_paths:[] method:update state:map[value:0.6]]" {
		t.Errorf("sent %v", sent)
	}
	if len(seen) != 0 {
		t.Error("called within the cell")
	}
	if n := h.idle(); n != 1 || !slices.Equal(seen, []float64{0.7}) {
		t.Errorf("%d calls, with %v", n, seen)
	}
	if err := widget.SetProperty(slider, "layout.width", "50%"); err != nil {
		t.Error(err)
	}
	if m := h.take(); len(m) != 1 || fmt.Sprint(m[0].Data["state"]) != "map[width:50%]" || m[0].ID == slider.ModelID() {
		t.Errorf("layout: sent %v", m)
	}
	for _, name := range []string{"layout.nonsense", "nonsense", "_model_name", "other.width"} {
		if err := widget.SetProperty(slider, name, 1); err == nil {
			t.Errorf("%s could be set", name)
		}
	}
	if v, err := widget.Property(slider, "min"); err != nil || v != 0.3 {
		t.Errorf("min is %v, %v", v, err)
	}
	widget.Close(slider)
	if m := h.take(); len(m) != 3 || m[2].Kind != widget.CommClose {
		t.Errorf("closing sent %v", m)
	}
	if slider.Get() != 0.7 {
		t.Error("the value is gone")
	}
	if widget.Deliver(update(slider, "value", 0.4), nil) == nil {
		t.Error("a closed widget takes messages")
	}
}

// TestFloodOfChanges drags a slider while a cell runs.
func TestFloodOfChanges(t *testing.T) {
	h := newHost(t)
	slider := &widget.IntSlider{Max: 1000}
	var seen []int
	slider.OnChange(func(v int) { seen = append(seen, v) })
	clicks := 0
	button := &widget.Button{}
	button.OnClick(func() { clicks++ })
	for v := range 1000 {
		fromFront(t, update(slider, "value", float64(v+1)))
		if got := slider.Get(); got != v+1 {
			t.Fatalf("after %d the value is %d", v+1, got)
		}
	}
	for range 3 {
		fromFront(t, widget.Message{Kind: widget.CommMsg, ID: button.ModelID(), Data: map[string]any{
			"method": "custom", "content": map[string]any{"event": "click"},
		}})
	}
	if n := h.idle(); n != 4 || !slices.Equal(seen, []int{1000}) || clicks != 3 {
		t.Errorf("%d calls, values %v, %d clicks", n, seen, clicks)
	}
}

// TestReload asks for all states, as a page does that is loaded anew.
func TestReload(t *testing.T) {
	newHost(t)
	slider := &widget.FloatSlider{Label: "p", Value: 0.25}
	picture := &widget.Image{Value: []byte("\x89PNG\r\n\x1a\n")}
	row := widget.Row(slider, picture)
	row.ModelID()
	slider.Set(0.75)

	control := widget.Message{Kind: widget.CommOpen, ID: "control", Target: "jupyter.widget.control", Data: map[string]any{}}
	fromFront(t, control)
	if widget.Comms("jupyter.widget.control")["control"] == "" || widget.Comms("jupyter.widget")[slider.ModelID()] == "" {
		t.Errorf("comms are %v", widget.Comms(""))
	}
	answers := fromFront(t, widget.Message{Kind: widget.CommMsg, ID: "control", Data: map[string]any{"method": "request_states"}})
	if len(answers) != 1 || answers[0].ID != "control" {
		t.Fatalf("answers %v", answers)
	}
	data := roundTrip(t, answers[0].Data).(map[string]any)
	states := data["states"].(map[string]any)
	got := states[slider.ModelID()].(map[string]any)
	if got["model_name"] != "FloatSliderModel" || got["model_module"] != "@jupyter-widgets/controls" || got["model_module_version"] != "2.0.0" {
		t.Errorf("the slider's model is %v", got)
	}
	state := got["state"].(map[string]any)
	if state["value"] != 0.75 || state["description"] != "p" {
		t.Errorf("the slider's state is %v", state)
	}
	layout, _ := state["layout"].(string)
	if states[layout[len("IPY_MODEL_"):]] == nil {
		t.Error("the slider's layout is missing")
	}
	found := false
	for i, p := range data["buffer_paths"].([]any) {
		if reflect.DeepEqual(p, []any{picture.ModelID(), "state", "value"}) {
			found = string(answers[0].Buffers[i]) == "\x89PNG\r\n\x1a\n"
		}
	}
	if !found {
		t.Errorf("the picture is missing: %v", data["buffer_paths"])
	}

	one := fromFront(t, widget.Message{Kind: widget.CommMsg, ID: slider.ModelID(), Data: map[string]any{"method": "request_state"}})
	if len(one) != 1 || one[0].Data["method"] != "update" || one[0].Data["state"].(map[string]any)["value"] != 0.75 {
		t.Errorf("request_state gives %v", one)
	}
	fromFront(t, widget.Message{Kind: widget.CommClose, ID: "control"})
	if len(widget.Comms("jupyter.widget.control")) != 0 {
		t.Error("the control comm is still open")
	}
}

// TestBuffers sends binary properties, and some that lie about them.
func TestBuffers(t *testing.T) {
	newHost(t)
	picture := &widget.Image{}
	m := update(picture, "format", "jpeg")
	m.Data["buffer_paths"], m.Buffers = []any{[]any{"value"}}, [][]byte{{1, 2}}
	answers := fromFront(t, m)
	if v, _ := widget.Property(picture, "value"); !reflect.DeepEqual(v, []byte{1, 2}) {
		t.Errorf("the value is %v", v)
	}
	if len(answers) != 1 || len(answers[0].Buffers) != 1 || !reflect.DeepEqual(answers[0].Data["buffer_paths"], []any{[]any{"value"}}) {
		t.Errorf("the echo is %v", answers)
	}
	for name, paths := range map[string][]any{
		"too many":  {[]any{"value"}, []any{"value"}},
		"nowhere":   {[]any{"format", "x"}},
		"empty":     {[]any{}},
		"no path":   {"value"},
		"an index":  {[]any{0.0}},
		"no buffer": {},
	} {
		m := update(picture, "format", "png")
		m.Data["buffer_paths"], m.Buffers = paths, [][]byte{{1}}
		if err := widget.Deliver(m, func(widget.Message) {}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestHostileMessages(t *testing.T) {
	newHost(t)
	slider := &widget.FloatSlider{}
	id := slider.ModelID()
	for _, m := range []widget.Message{
		{Kind: widget.CommMsg, ID: "unknown", Data: map[string]any{"method": "update"}},
		{Kind: widget.CommMsg, ID: id},
		{Kind: widget.CommMsg, ID: id, Data: map[string]any{"method": 5}},
		{Kind: widget.CommMsg, ID: id, Data: map[string]any{"method": "update", "state": []any{}}},
		{Kind: widget.CommOpen, ID: "x", Target: "jupyter.widget", Data: map[string]any{}},
		{Kind: widget.CommOpen, ID: "x", Target: "other", Data: map[string]any{}},
	} {
		if err := widget.Deliver(m, func(widget.Message) {}); err == nil {
			t.Errorf("%v was accepted", m)
		}
	}
	fromFront(t, widget.Message{Kind: widget.CommMsg, ID: id, Data: map[string]any{"method": "custom", "content": "x"}})
	if slider.Get() != 0 {
		t.Error("the value has changed")
	}
}
