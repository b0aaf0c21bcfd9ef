package widget

import "fmt"

// FloatProgress is a bar that shows how far something has come. For long work in
// a cell display.Progress is more at hand; a bar of this kind can stand beside
// controls.
type FloatProgress struct {
	// Label stands before the bar.
	Label string
	// Min and Max are the values of an empty and a full bar. Both zero mean 0 to 1.
	Min, Max float64
	// Value is that at the start.
	Value float64
	// Style colours the bar: "", "success", "info", "warning" or "danger".
	Style string
	// Width is that of the whole control, in CSS: "30em", "100%".
	Width string

	core
}

func (w *FloatProgress) describe() (string, map[string]any) {
	low, high := w.Min, w.Max
	if low == 0 && high == 0 {
		high = 1
	}
	return "FloatProgressModel", described(w.Label, w.Width, false, map[string]any{
		"min": low, "max": max(low, high), "value": clamp(w.Value, low, max(low, high)), "bar_style": w.Style,
	})
}

func (w *FloatProgress) prepare(m *model) { m.accept = acceptNumber(m, false) }

// Get is the value now.
func (w *FloatProgress) Get() float64 { return number(opened(w).get("value")) }

// Set moves the bar.
func (w *FloatProgress) Set(v float64) { setNumber(opened(w), v) }

// ModelID implements Widget.
func (w *FloatProgress) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *FloatProgress) MIMEBundle() map[string]any { return bundle(w) }

func (w *FloatProgress) text() string { return share(w.Label, opened(w)) }

// IntProgress is a bar that counts.
type IntProgress struct {
	// Label stands before the bar.
	Label string
	// Min and Max are the values of an empty and a full bar. Both zero mean 0 to 100.
	Min, Max int
	// Value is that at the start.
	Value int
	// Style colours the bar: "", "success", "info", "warning" or "danger".
	Style string
	// Width is that of the whole control, in CSS: "30em", "100%".
	Width string

	core
}

func (w *IntProgress) describe() (string, map[string]any) {
	low, high := intBounds(w.Min, w.Max)
	return "IntProgressModel", described(w.Label, w.Width, false, map[string]any{
		"min": low, "max": high, "value": min(max(w.Value, low), high), "bar_style": w.Style,
	})
}

func (w *IntProgress) prepare(m *model) { m.accept = acceptNumber(m, true) }

// Get is the value now.
func (w *IntProgress) Get() int { return int(number(opened(w).get("value"))) }

// Set moves the bar.
func (w *IntProgress) Set(v int) { setNumber(opened(w), float64(v)) }

// ModelID implements Widget.
func (w *IntProgress) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *IntProgress) MIMEBundle() map[string]any { return bundle(w) }

func (w *IntProgress) text() string { return share(w.Label, opened(w)) }

// share writes a bar as text.
func share(label string, m *model) string {
	low, high := number(m.get("min")), number(m.get("max"))
	percent := 0.0
	if high > low {
		percent = 100 * (number(m.get("value")) - low) / (high - low)
	}
	return labelled(label, fmt.Sprintf("%.0f %%", percent))
}
