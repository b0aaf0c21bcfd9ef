package widget

import (
	"encoding/base64"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"divvy/stdlib/display"
)

// Interaction is a function whose result follows its controls.
type Interaction struct {
	// Controls are those of the function, in the order of its parameters, and
	// others that were given beside them.
	Controls []Widget

	core
	run *interaction
}

// interaction is what all copies of an Interaction share.
type interaction struct {
	fn     reflect.Value
	args   []argument
	image  *Image
	out    *Output
	caller *callback

	mu     sync.Mutex
	result any
	shown  display.Bundle // the result as a bundle
	prints string
}

// argument is one parameter of the function.
type argument struct {
	from valued
	to   reflect.Type
}

// valued is a control with a value.
type valued interface {
	element
	value() any
}

// Interact shows controls and, below them, what fn gives for their values; it
// calls fn again when one changes. fn is a function whose parameters take the
// values of the controls in their order. It may return nothing, anything that
// can be displayed, an error, or both; what it prints is shown as well.
//
//	widget.Interact(func(p float64, log bool) any { ... },
//		widget.FloatSlider{Label: "p", Max: 1, Value: 0.5}, widget.Checkbox{Label: "log"})
//
// A control is a widget, or its address where the cell wants to keep it. In
// place of one a plain value makes the usual one: a bool a Checkbox, a string a
// Text, a []string a Dropdown, a number v a slider from -v to 3v, as in
// ipywidgets. Widgets without a value, a box for example, are shown and given to
// nobody.
//
// A result that is an image, as a figure is, is replaced without flicker;
// anything else may be a mixture of text, tables and pictures.
func Interact(fn any, controls ...any) (*Interaction, error) {
	f := reflect.ValueOf(fn)
	if f.Kind() != reflect.Func || f.IsNil() {
		return nil, fmt.Errorf("widget: Interact of a %T, want a function", fn)
	}
	i := &Interaction{run: &interaction{fn: f, image: &Image{}, out: &Output{}}}
	for n, c := range controls {
		w, err := control(c)
		if err != nil {
			return nil, fmt.Errorf("widget: Interact: control %d: %w", n+1, err)
		}
		i.Controls = append(i.Controls, w)
		if v, ok := w.(valued); ok {
			i.run.args = append(i.run.args, argument{from: v})
		}
	}
	if err := i.run.match(f.Type()); err != nil {
		return nil, fmt.Errorf("widget: Interact: %w", err)
	}
	i.run.caller = newCallback(i.run.update)
	for _, a := range i.run.args {
		watch(a.from, i.run.caller)
	}
	i.run.update()
	return i, nil
}

// Update calls the function now, for when something else has changed that it
// depends on.
func (w *Interaction) Update() { w.run.update() }

// Result is what the function has returned last, without its error.
func (w *Interaction) Result() any {
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	return w.run.result
}

func (w *Interaction) describe() (string, map[string]any) {
	children := append(refer(w.Controls), reference+w.run.image.ModelID(), reference+w.run.out.ModelID())
	return "VBoxModel", map[string]any{"children": children, "_dom_classes": []string{"widget-interact"}}
}

// ModelID implements Widget.
func (w *Interaction) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget. Beside the widget stands the first result, for
// readers that show no widgets.
func (w *Interaction) MIMEBundle() map[string]any {
	b := bundle(w)
	for mime, content := range w.still().Data {
		if mime != display.MIMEText && !strings.HasSuffix(mime, "json") {
			b[mime] = content
		}
	}
	return b
}

// MIMEMetadata gives the size of a figure among the results.
func (w *Interaction) MIMEMetadata() map[string]any { return w.still().Metadata }

// still is the last result.
func (w *Interaction) still() display.Bundle {
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	return w.run.shown
}

func (w *Interaction) text() string {
	parts := []string{texts(w.Controls, "\n")}
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	if w.run.prints != "" {
		parts = append(parts, w.run.prints)
	}
	if t := w.run.shown.Text(); t != "" {
		parts = append(parts, t)
	}
	return strings.Join(parts, "\n")
}

// control makes a widget of whatever was given as one.
func control(c any) (Widget, error) {
	switch c := c.(type) {
	case Widget:
		if _, ok := c.(element); !ok {
			return nil, fmt.Errorf("%T is none of this package's widgets", c)
		}
		return c, nil
	case bool:
		return &Checkbox{Value: c}, nil
	case string:
		return &Text{Value: c}, nil
	case []string:
		return &Dropdown{Options: c}, nil
	case int:
		low, high := around(float64(c))
		return &IntSlider{Min: int(low), Max: int(high), Value: c}, nil
	case float64:
		low, high := around(c)
		return &FloatSlider{Min: low, Max: high, Step: 0.1, Value: c}, nil
	}
	if v := reflect.ValueOf(c); v.Kind() == reflect.Struct {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		if w, ok := p.Interface().(element); ok {
			return w, nil
		}
	}
	return nil, fmt.Errorf("no control can be made of a %T", c)
}

// around is the range of the slider for a plain number.
func around(v float64) (low, high float64) {
	if v == 0 {
		return 0, 1
	}
	return min(-v, 3*v), max(-v, 3*v)
}

// watch calls c when the value of a control changes.
func watch(w valued, c *callback) {
	key := "value"
	switch w.(type) {
	case *Dropdown:
		key = "index"
	}
	m := opened(w)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.watch[key] = append(m.watch[key], c)
}

// match sees whether the function can take the values of the controls.
func (r *interaction) match(t reflect.Type) error {
	if t.IsVariadic() || t.NumIn() != len(r.args) {
		return fmt.Errorf("the function %v takes %d values, the controls give %d", t, t.NumIn(), len(r.args))
	}
	if t.NumOut() > 2 {
		return fmt.Errorf("the function %v returns %d values, want two at most, a value and an error", t, t.NumOut())
	}
	for n := range r.args {
		to, from := t.In(n), reflect.TypeOf(r.args[n].from.value())
		if class(to) != class(from) && to.Kind() != reflect.Interface || !from.ConvertibleTo(to) {
			return fmt.Errorf("parameter %d is a %v, its control gives a %v", n+1, to, from)
		}
		r.args[n].to = to
	}
	return nil
}

// class says which kinds may stand for each other: numbers for numbers, but no
// number for a string, which Go would take for a character.
func class(t reflect.Type) string {
	switch k := t.Kind(); {
	case k >= reflect.Int && k <= reflect.Float64:
		return "number"
	default:
		return k.String()
	}
}

// update calls the function and shows what it gives.
func (r *interaction) update() {
	prints := &outputs{}
	var results []reflect.Value
	ok := host().Capture(prints, func() {
		args := make([]reflect.Value, len(r.args))
		for i, a := range r.args {
			args[i] = reflect.ValueOf(a.from.value()).Convert(a.to)
		}
		results = r.fn.Call(args)
	})
	var result any
	var shown display.Bundle
	if ok {
		var err error
		if result, err = split2(results); err != nil {
			prints.Fail("Error", err.Error(), []string{"error: " + err.Error()})
			ok = false
		}
	}
	if ok && result != nil {
		shown = host().Bundle(result)
	}
	printed := prints.text()
	if r.picture(shown); shown.Data != nil && shown.Data[display.MIMEPNG] == nil {
		prints.Display(shown, "", false)
	}
	prints.mu.Lock()
	list := prints.list()
	prints.mu.Unlock()
	opened(r.out).setOutputs(list)

	r.mu.Lock()
	defer r.mu.Unlock()
	r.prints = printed
	if ok {
		r.result, r.shown = result, shown
	}
}

// picture shows the image of a result, or none if it has none. An image widget
// swaps pictures in place; an Output would take the old one away first.
func (r *interaction) picture(b display.Bundle) {
	encoded, _ := b.Data[display.MIMEPNG].(string)
	content, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(content) == 0 {
		SetProperty(r.image, "layout.display", "none")
		return
	}
	size, _ := b.Metadata[display.MIMEPNG].(map[string]any)
	opened(r.image).set(imageState(content, whole(size["width"]), whole(size["height"])))
	SetProperty(r.image, "layout.display", nil)
}

// whole is a number of whatever type.
func whole(v any) int {
	f, _ := normal(v).(float64)
	return int(f)
}

var errorType = reflect.TypeFor[error]()

// split2 takes the results of the function apart.
func split2(out []reflect.Value) (any, error) {
	if n := len(out); n > 0 && out[n-1].Type() == errorType {
		if err, _ := out[n-1].Interface().(error); err != nil {
			return nil, err
		}
		out = out[:n-1]
	}
	switch len(out) {
	case 0:
		return nil, nil
	case 1:
		v := out[0].Interface()
		if err, ok := v.(error); ok {
			return nil, err
		}
		return v, nil
	}
	return nil, errors.New("two results, of which the second is no error")
}
