package widget

import (
	"strings"
	"sync"
	"time"

	"divvy/stdlib/display"
)

// Output is a place for what functions print and display.
//
//	out := &widget.Output{}
//	b := &widget.Button{Label: "Fit"}
//	b.OnClick(func() { out.Do(func() { fmt.Println("fitted") }) })
//	widget.Column(b, out)
//
// What it shows is a part of the widget's state. So it is saved with the
// notebook and found again by a page that is loaded anew, which output that a
// front end catches by the id of a message is not.
type Output struct {
	// Height bounds the height, in CSS: "20em". What is longer can be scrolled.
	Height string

	core
}

func (w *Output) describe() (string, map[string]any) {
	state := map[string]any{}
	if w.Height != "" {
		state["layout"] = map[string]any{"max_height": w.Height, "overflow": "auto"}
	}
	return "OutputModel", state
}

func (w *Output) prepare(m *model) { m.outputs = &outputs{show: m.setOutputs} }

func (m *model) setOutputs(list []any) { m.set(map[string]any{"outputs": list}) }

// Do runs f. What it and the goroutines that it starts print or display
// meanwhile is appended here, and so is its panic, with which it ends. Do tells
// whether f returned.
func (w *Output) Do(f func()) bool {
	out := opened(w).outputs
	defer out.flush()
	return host().Capture(out, f)
}

// Show appends a value.
func (w *Output) Show(v any) {
	out := opened(w).outputs
	out.Display(host().Bundle(v), "", false)
	out.flush()
}

// Replace shows a value in the place of all that was there.
func (w *Output) Replace(v any) {
	out := opened(w).outputs
	out.Clear(true)
	out.Display(host().Bundle(v), "", false)
	out.flush()
}

// Clear empties the place, at once or (wait) when the next output comes, which
// avoids flicker.
func (w *Output) Clear(wait bool) {
	out := opened(w).outputs
	out.Clear(wait)
	out.flush()
}

// ModelID implements Widget.
func (w *Output) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *Output) MIMEBundle() map[string]any { return bundle(w) }

func (w *Output) text() string { return opened(w).outputs.text() }

// The bounds of an Output: every change sends the whole of it.
const (
	maxOutputs    = 200
	maxOutputText = 256 << 10
	outputsEvery  = 100 * time.Millisecond
)

// outputs gathers outputs in the form of a notebook file and hands them on, not
// too often. It is a Sink.
type outputs struct {
	show func(list []any) // may be nil: then they are only gathered

	mu    sync.Mutex
	items []output
	size  int  // of the text
	clear bool // before the next one
	full  bool
	dirty bool // something is not handed on yet
	timer *time.Timer
	last  time.Time

	handing sync.Mutex // keeps what is handed on in order
}

// output is one of them: a stream whose text grows, or something else.
type output struct {
	stream string
	text   []byte
	id     string // a display that may be replaced
	other  map[string]any
}

// Stream implements Sink.
func (o *outputs) Stream(name, text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begin()
	if !o.room(len(text)) {
		return
	}
	if n := len(o.items); n == 0 || o.items[n-1].stream != name {
		o.items = append(o.items, output{stream: name})
	}
	last := &o.items[len(o.items)-1]
	last.text = append(last.text, text...)
	o.later()
}

// Display implements Sink.
func (o *outputs) Display(b display.Bundle, id string, update bool) {
	metadata := b.Metadata
	if metadata == nil {
		metadata = map[string]any{}
	}
	shown := map[string]any{"output_type": "display_data", "data": b.Data, "metadata": metadata}
	o.mu.Lock()
	defer o.mu.Unlock()
	if update {
		for i := range o.items {
			if o.items[i].id == id {
				o.items[i].other = shown
				o.later()
				return
			}
		}
	}
	o.begin()
	if o.room(0) {
		o.items = append(o.items, output{id: id, other: shown})
		o.later()
	}
}

// Clear implements Sink.
func (o *outputs) Clear(wait bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clear = true
	if !wait {
		o.begin()
		o.later()
	}
}

// Fail implements Sink.
func (o *outputs) Fail(name, value string, traceback []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begin()
	o.items = append(o.items, output{other: map[string]any{
		"output_type": "error", "ename": name, "evalue": value, "traceback": traceback,
	}})
	o.later()
}

// begin makes room if the next output replaces all others. The lock is held.
func (o *outputs) begin() {
	if o.clear {
		o.items, o.size, o.clear, o.full = nil, 0, false, false
	}
}

// room tells whether there is room for more, and says it once if not.
func (o *outputs) room(text int) bool {
	if o.full {
		return false
	}
	if o.size += text; o.size <= maxOutputText && len(o.items) < maxOutputs {
		return true
	}
	o.full = true
	end := "\n[… the rest of the output is left out …]\n"
	o.items = append(o.items, output{stream: "stderr", text: []byte(end)})
	o.later()
	return false
}

// later hands the outputs on, now or soon. The lock is held.
func (o *outputs) later() {
	o.dirty = true
	if o.show == nil || o.timer != nil {
		return
	}
	o.timer = time.AfterFunc(max(0, outputsEvery-time.Since(o.last)), o.flush)
}

// flush hands the outputs on now, if something changed: a timer may be about to do
// so at the same moment.
func (o *outputs) flush() {
	o.handing.Lock()
	defer o.handing.Unlock()
	o.mu.Lock()
	if o.timer != nil {
		o.timer.Stop()
		o.timer = nil
	}
	dirty := o.dirty
	o.dirty, o.last = false, time.Now()
	list := o.list()
	o.mu.Unlock()
	if dirty && o.show != nil {
		o.show(list)
	}
}

// list is the outputs as a notebook file has them. The lock is held.
func (o *outputs) list() []any {
	list := []any{}
	for i := range o.items {
		x := &o.items[i]
		if x.stream != "" {
			list = append(list, map[string]any{"output_type": "stream", "name": x.stream, "text": string(x.text)})
		} else {
			list = append(list, x.other)
		}
	}
	return list
}

// text is the outputs for those who have no widgets.
func (o *outputs) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var b strings.Builder
	for i := range o.items {
		x := &o.items[i]
		switch {
		case x.stream != "":
			b.Write(x.text)
		case x.other["output_type"] == "error":
			b.WriteString(x.other["ename"].(string) + ": " + x.other["evalue"].(string) + "\n")
		default:
			data, _ := x.other["data"].(map[string]any)
			s, _ := data[display.MIMEText].(string)
			b.WriteString(s + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
