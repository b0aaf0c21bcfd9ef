package figure

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"divvy/arrowio/atomicfile"
	"divvy/stdlib/display"
)

// dots is the number of dots of a PNG in a CSS pixel.
const dots = 2

// drawing is what can be put on a canvas of its own size.
type drawing interface {
	Draw(c draw.Canvas) error
	// size is in CSS pixels; an error comes before a canvas of it is made.
	size() (width, height float64)
	check() error
}

// PNG gives the figure as an encoded image of two dots a CSS pixel.
func (f *Figure) PNG() ([]byte, error) { return drawPNG(f) }

// SVG gives the figure as an SVG document. Its text is in Liberation Sans or,
// where that is missing, Arial or Helvetica, which have the same widths.
func (f *Figure) SVG() (string, error) { return drawSVG(f) }

// Save writes the figure to a file, and makes its folder where there is none; the
// name's ending, .png or .svg, says how.
// (There is no .pdf: gonum's writer knows neither bold Liberation nor the minus
// sign. An SVG becomes one in any vector program.)
func (f *Figure) Save(path string) error { return save(f, path) }

// MIMEBundle shows the figure: as Vega-Lite (unless Static), PNG and text. A
// figure that cannot be drawn shows the error.
func (f *Figure) MIMEBundle() map[string]any {
	b, err := f.PNG()
	if err != nil {
		return map[string]any{display.MIMEText: err.Error()}
	}
	out := map[string]any{display.MIMEPNG: b, display.MIMEText: f.String()}
	if f.vegaFits() {
		out[display.MIMEVegaLite] = f.VegaLite()
	}
	return out
}

// MIMEMetadata gives the size at which the PNG is meant to be seen.
func (f *Figure) MIMEMetadata() map[string]any { return pngSize(f) }

func pngSize(d drawing) map[string]any {
	w, h := d.size()
	return map[string]any{display.MIMEPNG: map[string]any{"width": int(w), "height": int(h)}}
}

func drawPNG(d drawing) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	w, h := d.size()
	c := vgimg.NewWith(vgimg.UseWH(px(w), px(h)), vgimg.UseDPI(96*dots))
	if err := d.Draw(draw.New(c)); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, c.Image()); err != nil {
		return nil, fmt.Errorf("figure: encoding PNG: %w", err)
	}
	return b.Bytes(), nil
}

func drawSVG(d drawing) (string, error) {
	if err := d.check(); err != nil {
		return "", err
	}
	w, h := d.size()
	c := vgsvg.New(px(w), px(h))
	if err := d.Draw(draw.New(c)); err != nil {
		return "", err
	}
	var b strings.Builder
	if _, err := c.WriteTo(&b); err != nil {
		return "", fmt.Errorf("figure: writing SVG: %w", err)
	}
	return strings.ReplaceAll(b.String(), "font-family:Liberation Sans;",
		"font-family:'Liberation Sans',Arial,Helvetica,sans-serif;"), nil
}

func save(d drawing, path string) error {
	var content []byte
	var err error
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png":
		content, err = drawPNG(d)
	case ".svg":
		var s string
		s, err = drawSVG(d)
		content = []byte(s)
	default:
		return fmt.Errorf("figure: save %s: the ending is %q, want .png or .svg", path, ext)
	}
	if err != nil {
		return fmt.Errorf("figure: save %s: %w", path, err)
	}
	if err = os.MkdirAll(filepath.Dir(path), 0o777); err == nil {
		err = atomicfile.Write(path, func(w io.Writer) error {
			_, err := w.Write(content)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("figure: save %s: %w", path, err)
	}
	return nil
}

// WriteTo writes the figure as a PNG.
func (f *Figure) WriteTo(w io.Writer) (int64, error) {
	b, err := f.PNG()
	if err != nil {
		return 0, err
	}
	n, err := w.Write(b)
	return int64(n), err
}
