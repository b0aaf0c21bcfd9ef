package widget

import (
	"errors"
	"fmt"
	"math"
)

// FloatSlider chooses a number from a range.
type FloatSlider struct {
	// Label stands before the slider.
	Label string
	// Min and Max bound the value. Both zero mean 0 to 1.
	Min, Max float64
	// Step is the distance between values. Zero means a hundredth of the range.
	Step float64
	// Value is that at the start, the nearest one of the range if it is outside.
	Value float64
	// Format is that of the number beside the slider, in d3's notation; empty
	// means as many decimals as Step has.
	Format string
	// OnRelease holds back the value until the slider is let go.
	OnRelease bool
	// Vertical puts the slider upright.
	Vertical bool
	// Disabled lets nobody move it.
	Disabled bool
	// Width is that of the whole control, in CSS: "30em", "100%".
	Width string

	core
}

// bounds are Min, Max and Step with their defaults.
func (w *FloatSlider) bounds() (low, high, step float64) {
	low, high, step = w.Min, w.Max, w.Step
	if low == 0 && high == 0 {
		high = 1
	}
	high = max(low, high)
	if !(step > 0) {
		step = (high - low) / 100
	}
	if step == 0 {
		step = 1
	}
	return low, high, step
}

func (w *FloatSlider) describe() (string, map[string]any) {
	low, high, step := w.bounds()
	format := w.Format
	if format == "" {
		format = fmt.Sprintf(".%df", decimals(step))
	}
	state := sliderState(w.Vertical, w.OnRelease)
	state["min"], state["max"], state["step"], state["readout_format"] = low, high, step, format
	state["value"] = clamp(w.Value, low, high)
	return "FloatSliderModel", described(w.Label, w.Width, w.Disabled, state)
}

func (w *FloatSlider) prepare(m *model) { m.accept = acceptNumber(m, false) }

// Get is the value now.
func (w *FloatSlider) Get() float64 { return number(opened(w).get("value")) }

// Set moves the slider, to an end if v is beyond it.
func (w *FloatSlider) Set(v float64) { setNumber(opened(w), v) }

// OnChange calls f with the value after it has changed.
func (w *FloatSlider) OnChange(f func(v float64)) { opened(w).onChange("value", func() { f(w.Get()) }) }

// ModelID implements Widget.
func (w *FloatSlider) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *FloatSlider) MIMEBundle() map[string]any { return bundle(w) }

func (w *FloatSlider) text() string { return labelled(w.Label, w.Get()) }
func (w *FloatSlider) value() any   { return w.Get() }

// IntSlider chooses a whole number from a range.
type IntSlider struct {
	// Label stands before the slider.
	Label string
	// Min and Max bound the value. Both zero mean 0 to 100.
	Min, Max int
	// Step is the distance between values. Zero means 1.
	Step int
	// Value is that at the start, the nearest one of the range if it is outside.
	Value int
	// OnRelease holds back the value until the slider is let go.
	OnRelease bool
	// Vertical puts the slider upright.
	Vertical bool
	// Disabled lets nobody move it.
	Disabled bool
	// Width is that of the whole control, in CSS: "30em", "100%".
	Width string

	core
}

func (w *IntSlider) describe() (string, map[string]any) {
	low, high := intBounds(w.Min, w.Max)
	state := sliderState(w.Vertical, w.OnRelease)
	state["min"], state["max"], state["step"] = low, high, max(1, w.Step)
	state["value"] = min(max(w.Value, low), high)
	return "IntSliderModel", described(w.Label, w.Width, w.Disabled, state)
}

func (w *IntSlider) prepare(m *model) { m.accept = acceptNumber(m, true) }

// Get is the value now.
func (w *IntSlider) Get() int { return int(number(opened(w).get("value"))) }

// Set moves the slider, to an end if v is beyond it.
func (w *IntSlider) Set(v int) { setNumber(opened(w), float64(v)) }

// OnChange calls f with the value after it has changed.
func (w *IntSlider) OnChange(f func(v int)) { opened(w).onChange("value", func() { f(w.Get()) }) }

// ModelID implements Widget.
func (w *IntSlider) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *IntSlider) MIMEBundle() map[string]any { return bundle(w) }

func (w *IntSlider) text() string { return labelled(w.Label, w.Get()) }
func (w *IntSlider) value() any   { return w.Get() }

func sliderState(vertical, onRelease bool) map[string]any {
	state := map[string]any{"continuous_update": !onRelease}
	if vertical {
		state["orientation"] = "vertical"
	}
	return state
}

func intBounds(low, high int) (int, int) {
	if low == 0 && high == 0 {
		high = 100
	}
	return low, max(low, high)
}

// decimals is how many digits after the point a step needs, six at most.
func decimals(step float64) int {
	for n := 0; n < 6; n++ {
		if scaled := step * math.Pow10(n); math.Abs(scaled-math.Round(scaled)) < 1e-6*scaled {
			return n
		}
	}
	return 6
}

func number(v any) float64 {
	f, _ := v.(float64)
	return f
}

func clamp(v, low, high float64) float64 {
	if !(v >= low) { // also what is no number
		return low
	}
	return min(v, high)
}

// setNumber sets a value within the bounds of its model.
func setNumber(m *model, v float64) {
	m.set(map[string]any{"value": clamp(v, number(m.get("min")), number(m.get("max")))})
}

var errNotANumber = errors.New("widget: a value is not a number")

// acceptNumber keeps what front ends send within the bounds.
func acceptNumber(m *model, whole bool) func(string, any) (any, error) {
	return func(key string, v any) (any, error) {
		if key != "value" {
			return v, nil
		}
		f, ok := v.(float64)
		if !ok {
			return nil, errNotANumber
		}
		if whole {
			f = math.Round(f)
		}
		return clamp(f, number(m.state["min"]), number(m.state["max"])), nil
	}
}
