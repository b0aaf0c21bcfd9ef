package widget_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"strings"
	"testing"

	"divvy/stdlib/display"
	"divvy/stdlib/widget"
)

// stateOf is a model's state as a page that is loaded anew gets it.
func stateOf(t *testing.T, id string) map[string]any {
	t.Helper()
	answers := fromFront(t, widget.Message{Kind: widget.CommMsg, ID: id, Data: map[string]any{"method": "request_state"}})
	return answers[0].Data["state"].(map[string]any)
}

// children are the ids of a box's children.
func children(t *testing.T, w widget.Widget) []string {
	t.Helper()
	var ids []string
	for _, c := range stateOf(t, w.ModelID())["children"].([]any) {
		ids = append(ids, strings.TrimPrefix(c.(string), "IPY_MODEL_"))
	}
	return ids
}

// outputsOf writes an Output's outputs in short.
func outputsOf(t *testing.T, id string) string {
	t.Helper()
	raw, err := json.Marshal(stateOf(t, id)["outputs"])
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, o := range list {
		switch o["output_type"] {
		case "stream":
			parts = append(parts, fmt.Sprintf("%s %q", o["name"], o["text"]))
		case "display_data":
			parts = append(parts, fmt.Sprintf("display %q", o["data"].(map[string]any)["text/plain"]))
		case "error":
			parts = append(parts, fmt.Sprintf("error %s: %s %q", o["ename"], o["evalue"], o["traceback"]))
		}
	}
	return strings.Join(parts, ", ")
}

func TestInteract(t *testing.T) {
	h := newHost(t)
	calls := 0
	p := widget.FloatSlider{Label: "p", Min: 0.3, Max: 0.7, Value: 0.5}
	got, err := widget.Interact(func(p float64, log bool) any {
		calls++
		h.sink.Stream("stdout", fmt.Sprintf("call %d\n", calls))
		return fmt.Sprintf("p %v log %v", p, log)
	}, p, true)
	if err != nil {
		t.Fatal(err)
	}
	kids := children(t, got)
	if len(kids) != 4 || calls != 1 {
		t.Fatalf("%d children, %d calls", len(kids), calls)
	}
	slider, out := got.Controls[0].(*widget.FloatSlider), kids[3]
	if s := outputsOf(t, out); s != `stdout "call 1\n", display "p 0.5 log true"` {
		t.Errorf("first: %s", s)
	}
	for _, v := range []float64{0.51, 0.52, 0.6} {
		fromFront(t, update(slider, "value", v))
	}
	if n := h.idle(); n != 1 || got.Result() != "p 0.6 log true" {
		t.Errorf("%d calls, result %v", n, got.Result())
	}
	if s := outputsOf(t, out); s != `stdout "call 2\n", display "p 0.6 log true"` {
		t.Errorf("then: %s", s)
	}
	b := got.MIMEBundle()
	if text := b[display.MIMEText]; text != "p: 0.6\n[x]\ncall 2\np 0.6 log true" {
		t.Errorf("text %q", text)
	}
	view := b[display.MIMEWidget].(map[string]any)
	if view["model_id"] != got.ModelID() || view["version_major"] != 2 {
		t.Errorf("view %v", view)
	}
}

// TestInteractPicture swaps the picture in place and leaves it in the bundle.
func TestInteractPicture(t *testing.T) {
	h := newHost(t)
	n := &widget.IntSlider{Min: 1, Max: 9, Value: 2}
	got, err := widget.Interact(func(n int) any {
		if n == 9 {
			return "no picture"
		}
		return image.NewGray(image.Rect(0, 0, n, n))
	}, n)
	if err != nil {
		t.Fatal(err)
	}
	kids := children(t, got)
	sent := func() (messages []widget.Message) {
		for _, m := range h.take() {
			if m.ID == kids[1] {
				messages = append(messages, m)
			}
		}
		return messages
	}
	sent()
	n.Set(3)
	h.idle()
	m := sent()
	if len(m) != 1 || len(m[0].Buffers) != 1 || !bytes.HasPrefix(m[0].Buffers[0], []byte("\x89PNG")) {
		t.Fatalf("sent %v", m)
	}
	if s := outputsOf(t, kids[2]); s != "" {
		t.Errorf("the picture is shown twice: %s", s)
	}
	if b := got.MIMEBundle(); b[display.MIMEPNG] == nil || !strings.Contains(b[display.MIMEText].(string), "3 x 3 pixels") {
		t.Errorf("the bundle lacks the picture: %v", b[display.MIMEText])
	}
	hidden := func() any {
		layout := stateOf(t, kids[1])["layout"].(string)
		return stateOf(t, strings.TrimPrefix(layout, "IPY_MODEL_"))["display"]
	}
	if hidden() != nil {
		t.Error("the picture is hidden")
	}
	n.Set(9)
	h.idle()
	if s := outputsOf(t, kids[2]); hidden() != "none" || s != `display "no picture"` {
		t.Errorf("display %v, outputs %s", hidden(), s)
	}
}

func TestInteractFailures(t *testing.T) {
	h := newHost(t)
	n := &widget.IntSlider{Value: 1}
	got, err := widget.Interact(func(n int) (int, error) {
		switch n {
		case 2:
			return 0, errors.New("two is bad")
		case 3:
			panic("three")
		}
		return n, nil
	}, n)
	if err != nil {
		t.Fatal(err)
	}
	out := children(t, got)[2]
	for _, test := range []struct {
		n    int
		want string
	}{
		{2, `error Error: two is bad ["error: two is bad"]`},
		{3, `error Panic: three ["panic: three"]`},
		{4, `display "4"`},
	} {
		n.Set(test.n)
		h.idle()
		if s := outputsOf(t, out); s != test.want {
			t.Errorf("%d: %s", test.n, s)
		}
	}
	if got.Result() != 4 {
		t.Errorf("result %v", got.Result())
	}
}

func TestInteractArguments(t *testing.T) {
	newHost(t)
	type P float64
	for _, test := range []struct {
		name     string
		fn       any
		controls []any
		want     string // of the error; empty means that all is well
	}{
		{"nothing", func() {}, nil, ""},
		{"no function", 5, nil, "want a function"},
		{"nil function", (func())(nil), nil, "want a function"},
		{"too few", func(a, b int) {}, []any{1}, "takes 2 values, the controls give 1"},
		{"variadic", func(a ...int) {}, []any{1}, "takes 1 values"},
		{"text for a number", func(a int) {}, []any{"x"}, "parameter 1 is a int, its control gives a string"},
		{"number for text", func(a string) {}, []any{1}, "parameter 1 is a string, its control gives a int"},
		{"number for a flag", func(a bool) {}, []any{1.5}, "parameter 1 is a bool"},
		{"no control", func(a int) {}, []any{struct{}{}}, "no control can be made of a struct {}"},
		{"three results", func() (a, b, c int) { return }, nil, "returns 3 values"},
		{"named type", func(p P) P { return p }, []any{0.5}, ""},
		{"whole for broken", func(p float64) {}, []any{5}, ""},
		{"any", func(v any) any { return v }, []any{[]string{"a", "b"}}, ""},
		{"button beside", func(v string) any { return v }, []any{&widget.Button{Label: "b"}, "x"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := widget.Interact(test.fn, test.controls...)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

func TestOutput(t *testing.T) {
	h := newHost(t)
	out := &widget.Output{}
	id := out.ModelID()
	out.Do(func() {
		h.sink.Stream("stdout", "a")
		h.sink.Stream("stdout", "b\n")
		h.sink.Stream("stderr", "c\n")
		h.sink.Display(display.HTML("<p>one"), "x", false)
		h.sink.Stream("stdout", "d\n")
		h.sink.Display(display.HTML("<p>two"), "x", true)
		panic("stop")
	})
	want := `stdout "ab\n", stderr "c\n", display "two", stdout "d\n", error Panic: stop ["panic: stop"]`
	if s := outputsOf(t, id); s != want {
		t.Errorf("outputs %s", s)
	}
	out.Show(5)
	if s := outputsOf(t, id); !strings.HasSuffix(s, `display "5"`) {
		t.Errorf("outputs %s", s)
	}
	h.take()
	out.Replace("alone")
	if s := outputsOf(t, id); s != `display "alone"` {
		t.Errorf("outputs %s", s)
	}
	if m := h.take(); len(m) != 1 { // two would flicker
		t.Errorf("replacing took %d messages", len(m))
	}
	out.Do(func() {
		for range 1 << 20 {
			h.sink.Stream("stdout", "too much\n")
		}
	})
	if s := outputsOf(t, id); len(s) > 1<<20 || strings.Count(s, "the rest of the output is left out") != 1 {
		t.Errorf("%d bytes of output", len(s))
	}
	out.Clear(false)
	if s := outputsOf(t, id); s != "" {
		t.Errorf("outputs %s", s)
	}
}

// Without a kernel widgets are text, and functions are called at once.
func ExampleInteract() {
	p := &widget.FloatSlider{Label: "p", Max: 1, Value: 0.5}
	squares, err := widget.Interact(func(p float64) any { return p * p }, p)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(display.Of(squares))
	p.Set(0.25)
	fmt.Println(squares.Result())
	// Output:
	// p: 0.5
	// 0.25
	// 0.0625
}
