package interp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"divvy/kernel/cell"
	"divvy/kernel/interp"
)

// front is a front end: it keeps the widgets that it was told of.
type front struct {
	*collector
	t *testing.T
	s *interp.Session
}

func newFront(t *testing.T, s *interp.Session) *front { return &front{&collector{}, t, s} }

// run runs a cell that must end well and gives its result's bundle.
func (f *front) run(code string) map[string]any {
	f.t.Helper()
	f.mu.Lock()
	from := len(f.events)
	f.mu.Unlock()
	if r := f.s.Execute(context.Background(), cell.Request{Count: 1, Code: code}, f); r.Error != nil {
		f.t.Fatalf("%s\n%s", code, strings.Join(r.Error.Traceback, "\n"))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.events[from:] {
		if e.Kind == cell.ExecuteResult {
			return e.Bundle.Data
		}
	}
	return nil
}

// states are the models as the messages so far have made them, by id.
func (f *front) states() map[string]map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string]map[string]any{}
	for _, e := range f.events {
		if e.Comm == nil {
			continue
		}
		if e.Kind == cell.CommOpen {
			all[e.Comm.ID] = map[string]any{}
		}
		raw, err := json.Marshal(e.Comm.Data)
		if err != nil {
			f.t.Fatal(err)
		}
		var data struct{ State map[string]any }
		if err := json.Unmarshal(raw, &data); err != nil {
			f.t.Fatal(err)
		}
		for k, v := range data.State {
			if all[e.Comm.ID] == nil {
				all[e.Comm.ID] = map[string]any{} // opened before this front end came
			}
			all[e.Comm.ID][k] = v
		}
	}
	return all
}

// find gives the id of the only model of a kind.
func (f *front) find(model string) string {
	f.t.Helper()
	found := ""
	for id, s := range f.states() {
		if s["_model_name"] == model {
			if found != "" {
				f.t.Fatalf("several models are a %s", model)
			}
			found = id
		}
	}
	if found == "" {
		f.t.Fatalf("no model is a %s", model)
	}
	return found
}

// send delivers a message as the front end would.
func (f *front) send(id string, data map[string]any) {
	f.t.Helper()
	m := cell.CommMessage{Kind: cell.CommMsg, ID: id, Data: data}
	if err := f.s.Comm(context.Background(), m, f); err != nil {
		f.t.Error(err)
	}
}

func (f *front) move(id, key string, v any) {
	f.t.Helper()
	f.send(id, map[string]any{"method": "update", "state": map[string]any{key: v}})
}

func (f *front) click(id string) {
	f.t.Helper()
	f.send(id, map[string]any{"method": "custom", "content": map[string]any{"event": "click"}})
}

// until waits for something to become true.
func (f *front) until(what string, ok func() bool) {
	f.t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("%s: not so after 10 s; stdout %q, stderr %q", what, f.stdout(), f.stderr())
		}
	}
}

func (f *front) stderr() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err.String()
}

// outputs writes an Output's outputs.
func (f *front) outputs(id string) string {
	return fmt.Sprint(f.states()[id]["outputs"])
}

func TestWidgetInteract(t *testing.T) {
	f := newFront(t, session(t))
	b := f.run(`
p := widget.FloatSlider{Label: "p", Min: 0.3, Max: 0.7, Step: 0.01, Value: 0.5}
type answer struct{ P, Double float64 }
calls := 0
widget.Interact(func(p float64) any {
	calls++
	fmt.Println("at", p)
	return answer{p, 2 * p}
}, p)`)
	view, _ := b["application/vnd.jupyter.widget-view+json"].(json.RawMessage)
	if !strings.Contains(string(view), f.find("VBoxModel")) {
		t.Errorf("the result is %v", b)
	}
	if text := fmt.Sprint(b["text/plain"]); text != "p: 0.5\nat 0.5\n{P:0.5 Double:1}" && !strings.Contains(text, "answer") {
		t.Errorf("its text is %q", text)
	}
	slider, out := f.find("FloatSliderModel"), f.find("OutputModel")
	for _, v := range []float64{0.51, 0.6} {
		f.move(slider, "value", v)
		want := fmt.Sprintf("at %v", v)
		f.until(want, func() bool { return strings.Contains(f.outputs(out), want) })
	}
	if s := f.outputs(out); !strings.Contains(s, "Double") || !strings.Contains(s, "1.2") || strings.Contains(s, "0.51") {
		t.Errorf("outputs %s", s)
	}
	if text := f.run("calls")["text/plain"]; text != "3" {
		t.Errorf("%v calls", text)
	}
	if f.stdout() != "" {
		t.Errorf("prints went to the cell: %q", f.stdout())
	}
}

func TestWidgetCallbackOutput(t *testing.T) {
	s := session(t)
	f := newFront(t, s)
	f.run(`
b := &widget.Button{Label: "go"}
clicks := 0
b.OnClick(func() {
	clicks++
	fmt.Println("click", clicks)
	done := make(chan int)
	go func() { fmt.Println("from a goroutine"); done <- 1 }()
	<-done
	if clicks == 2 {
		var xs []int
		_ = xs[clicks]
	}
	display.Show("shown")
})
b`)
	other := newFront(t, s)
	other.run(`fmt.Println("another cell")`)
	button := f.find("ButtonModel")
	other.click(button)
	f.until("the first click", func() bool { return strings.Contains(f.stdout(), "click 1\nfrom a goroutine\n") })
	other.click(button)
	f.until("the panic", func() bool { return strings.Contains(f.stderr(), "index out of range [2] with length 0") })
	if !strings.Contains(f.stderr(), "In[1]:12") {
		t.Errorf("the panic has no place: %s", f.stderr())
	}
	other.click(button)
	f.until("the third click", func() bool { return strings.Contains(f.stdout(), "click 3\n") })
	if other.stdout() != "another cell\n" || other.stderr() != "" {
		t.Errorf("another cell got %q, %q", other.stdout(), other.stderr())
	}
}

// TestWidgetWhileCellRuns drags a slider during a cell, which sees the value;
// its function is called once, afterwards.
func TestWidgetWhileCellRuns(t *testing.T) {
	f := newFront(t, session(t))
	f.run(`
import "time"
n := &widget.IntSlider{Max: 1000}
var seen []int
running := false
n.OnChange(func(v int) {
	if running { panic("beside a cell") }
	seen = append(seen, v)
})
n`)
	slider := f.find("IntSliderModel")
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.run(`
running = true
fmt.Println("running")
for n.Get() < 500 { time.Sleep(time.Millisecond) }
fmt.Println("got", n.Get())
running = false`)
	}()
	f.until("running", func() bool { return strings.Contains(f.stdout(), "running\n") })
	start := time.Now()
	for v := range 500 {
		f.move(slider, "value", float64(v+1))
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("500 changes during a cell took %v", d)
	}
	<-done
	if !strings.Contains(f.stdout(), "got 500\n") {
		t.Errorf("the cell saw %q", f.stdout())
	}
	f.until("the call", func() bool { return f.run("len(seen)")["text/plain"] == "1" })
	if got := f.run("seen[0]")["text/plain"]; got != "500" || f.stderr() != "" {
		t.Errorf("called with %v; %s", got, f.stderr())
	}
}

// TestWidgetInterrupt stops functions that widgets have called, and goes on.
func TestWidgetInterrupt(t *testing.T) {
	for name, block := range map[string]string{
		"loop":    `for {}`,
		"channel": `<-make(chan int)`,
		"sleep":   `time.Sleep(time.Hour)`,
	} {
		t.Run(name, func(t *testing.T) {
			s := session(t)
			f := newFront(t, s)
			f.run(`
import "time"
b := &widget.Button{}
clicks := 0
b.OnClick(func() {
	clicks++
	fmt.Println("click", clicks)
	if clicks == 1 { ` + block + ` }
})
b`)
			f.run("1")
			button := f.find("ButtonModel")
			start := time.Now()
			f.click(button)
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("the message waited %v for its function", d)
			}
			f.until("click 1", func() bool { return strings.Contains(f.stdout(), "click 1\n") })
			s.Interrupt(context.Background())
			f.until("the end", func() bool { return strings.Contains(f.stderr(), "KeyboardInterrupt") })
			f.click(button)
			f.until("click 2", func() bool { return strings.Contains(f.stdout(), "click 2\n") })
			if got := f.run("clicks")["text/plain"]; got != "2" {
				t.Errorf("%v clicks", got)
			}
		})
	}
}

// TestWidgetCoalesces moves a slider whose function is slow.
func TestWidgetCoalesces(t *testing.T) {
	f := newFront(t, session(t))
	begun, moved := filepath.Join(t.TempDir(), "begun"), filepath.Join(t.TempDir(), "moved")
	f.run(`
import ("os"; "time")
n := widget.IntSlider{Max: 100}
calls := 0
shown, err := widget.Interact(func(n int) int {
	if n > 0 {
		calls++
		os.WriteFile("` + filepath.ToSlash(begun) + `", nil, 0o600)
		for {
			if _, err := os.Stat("` + filepath.ToSlash(moved) + `"); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	return n
}, n)
shown`)
	slider, out := f.find("IntSliderModel"), f.find("OutputModel")
	for v := range 100 {
		f.move(slider, "value", float64(v+1))
		if v == 0 { // it is being called with the first value when the others come
			f.until("the first call", func() bool { _, err := os.Stat(begun); return err == nil })
		}
	}
	if err := os.WriteFile(moved, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.until("the last value", func() bool { return strings.Contains(f.outputs(out), "text/plain:100") })
	if got := f.run("calls")["text/plain"]; got != "2" {
		t.Errorf("%v calls for 100 changes", got)
	}
	if got := f.run("shown.Result()")["text/plain"]; got != "100" {
		t.Errorf("result %v", got)
	}
}

func TestWidgetOutputCapture(t *testing.T) {
	f := newFront(t, session(t))
	f.run(`
out := &widget.Output{}
tabs := &widget.Tab{Children: []widget.Widget{out, widget.Row(&widget.Label{Value: "plain"})}, Titles: []string{"a", "b"}}
ok := out.Do(func() {
	fmt.Println("inside")
	panic("stop")
})
fmt.Println("outside", ok)
tabs`)
	s := f.outputs(f.find("OutputModel"))
	if !strings.Contains(s, "inside") || !strings.Contains(s, "stop") || strings.Contains(s, "outside") {
		t.Errorf("outputs %s", s)
	}
	if f.stdout() != "outside false\n" || f.stderr() != "" {
		t.Errorf("stdout %q, stderr %q", f.stdout(), f.stderr())
	}
}

// TestWidgetsReloaded asks for all states, as a page that is loaded anew does,
// and lists the comms.
func TestWidgetsReloaded(t *testing.T) {
	s := session(t)
	f := newFront(t, s)
	f.run(`size := &widget.IntSlider{Label: "size", Value: 7}
size`)
	id := f.find("IntSliderModel")
	page := newFront(t, s)
	open := cell.CommMessage{Kind: cell.CommOpen, ID: "c-" + t.Name(), Target: "jupyter.widget.control", Data: map[string]any{}}
	if err := s.Comm(context.Background(), open, page); err != nil {
		t.Fatal(err)
	}
	page.send(open.ID, map[string]any{"method": "request_states"})
	if len(page.events) != 1 {
		t.Fatalf("answers %v", page.events)
	}
	states := page.events[0].Comm.Data["states"].(map[string]any)
	if states[id] == nil {
		t.Error("the slider is missing")
	}
	comms, err := s.Comms(context.Background(), "jupyter.widget")
	if err != nil || comms[id] != "jupyter.widget" || comms[open.ID] != "" {
		t.Errorf("comms %v, %v", comms, err)
	}
	for _, m := range []cell.CommMessage{
		{Kind: cell.CommOpen, ID: "x", Target: "nobody"},
		{Kind: cell.CommMsg, ID: "gone", Data: map[string]any{"method": "update"}},
	} {
		if err := s.Comm(context.Background(), m, page); err == nil {
			t.Errorf("%v was taken", m)
		}
	}
}
