package widget

import (
	"fmt"
	"net/http"
	"strings"

	"divvy/stdlib/display"
)

// HTML shows HTML, which the front end takes as it is: escape text of others
// before putting it in (html.EscapeString).
type HTML struct {
	// Label stands before it.
	Label string
	// Value is the HTML at the start.
	Value string

	core
}

func (w *HTML) describe() (string, map[string]any) {
	return "HTMLModel", described(w.Label, "", false, map[string]any{"value": w.Value})
}

// Get is the HTML now.
func (w *HTML) Get() string { s, _ := opened(w).get("value").(string); return s }

// Set shows other HTML.
func (w *HTML) Set(s string) { opened(w).set(map[string]any{"value": s}) }

// ModelID implements Widget.
func (w *HTML) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *HTML) MIMEBundle() map[string]any { return bundle(w) }

func (w *HTML) text() string { return labelled(w.Label, display.HTML(w.Get()).Text()) }

// Label shows a line of text. Formulas between dollar signs are set; nothing
// else in it is taken for more than text.
type Label struct {
	Value string

	core
}

func (w *Label) describe() (string, map[string]any) {
	return "LabelModel", map[string]any{"value": w.Value}
}

// Get is the text now.
func (w *Label) Get() string { s, _ := opened(w).get("value").(string); return s }

// Set shows another text.
func (w *Label) Set(s string) { opened(w).set(map[string]any{"value": s}) }

// ModelID implements Widget.
func (w *Label) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *Label) MIMEBundle() map[string]any { return bundle(w) }

func (w *Label) text() string { return w.Get() }

// Image shows a picture, and another one in its place without flicker.
type Image struct {
	// Value is the encoded picture: PNG, JPEG, GIF or SVG.
	Value []byte
	// Width and Height are those at which it is shown, in CSS pixels; zero means
	// its own.
	Width, Height int

	core
}

func (w *Image) describe() (string, map[string]any) {
	return "ImageModel", imageState(w.Value, w.Width, w.Height)
}

// imageState is the state of an image of any of the formats.
func imageState(content []byte, width, height int) map[string]any {
	format := "png"
	kind := http.DetectContentType(content)
	switch {
	case kind == display.MIMEJPEG:
		format = "jpeg"
	case kind == display.MIMEGIF:
		format = "gif"
	case strings.HasPrefix(kind, "text/"):
		format = "svg+xml"
	}
	if content == nil {
		content = []byte{}
	}
	return map[string]any{"value": content, "format": format, "width": pixels(width), "height": pixels(height)}
}

func pixels(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprint(n)
}

// Set shows another picture of the same size on the page.
func (w *Image) Set(content []byte) {
	state := imageState(content, 0, 0)
	delete(state, "width")
	delete(state, "height")
	opened(w).set(state)
}

// ModelID implements Widget.
func (w *Image) ModelID() string { return opened(w).id }

// MIMEBundle implements Widget.
func (w *Image) MIMEBundle() map[string]any { return bundle(w) }

func (w *Image) text() string { return "image" }
