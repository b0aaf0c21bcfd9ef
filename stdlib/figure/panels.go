package figure

import (
	"fmt"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"divvy/stdlib/display"
)

// Panels are several figures as one, in rows from left to right.
type Panels struct {
	// Title and Caption frame the whole.
	Title, Caption string
	Figures        []*Figure
	// Columns is the number of figures in a row; zero means 2.
	Columns int
}

func (g *Panels) columns() int {
	if g.Columns <= 0 {
		return 2
	}
	return g.Columns
}

// cell is the size that every panel has: the largest of their own.
func (g *Panels) cell() (width, height float64) {
	for _, f := range g.Figures {
		w, h := f.size()
		width, height = max(width, w), max(height, h)
	}
	return width, height
}

func (g *Panels) size() (width, height float64) {
	w, h := g.cell()
	rows := (len(g.Figures) + g.columns() - 1) / g.columns()
	width, height = w*float64(min(g.columns(), len(g.Figures))), h*float64(rows)
	if g.Title != "" {
		height += 40
	}
	if g.Caption != "" {
		height += 28
	}
	return width, height
}

func (g *Panels) check() error {
	if len(g.Figures) == 0 {
		return ErrEmpty
	}
	for i, f := range g.Figures {
		if err := f.check(); err != nil {
			return fmt.Errorf("panel %d: %w", i, err)
		}
	}
	return checkSize(g)
}

// Draw draws the panels into the whole of a canvas.
func (g *Panels) Draw(c draw.Canvas) error {
	if err := g.check(); err != nil {
		return err
	}
	c.SetColor(white)
	c.Fill(c.Rectangle.Path())
	frame := draw.Crop(c, px(margin), -px(margin), px(margin), -px(margin))
	top := c.Max.Y
	if g.Title != "" {
		header(frame, g.Title, textStyle(sizeTitle+3, true, inkTitle), 0)
		top -= px(40)
	}
	footer(frame, g.Caption, textStyle(sizeCaption, false, inkFaint))
	w, h := g.cell()
	for i, f := range g.Figures {
		row, col := i/g.columns(), i%g.columns()
		at := vg.Point{X: c.Min.X + px(w*float64(col)), Y: top - px(h*float64(row+1))}
		box := vg.Rectangle{Min: at, Max: vg.Point{X: at.X + px(w), Y: at.Y + px(h)}}
		if err := f.Draw(draw.Canvas{Canvas: c.Canvas, Rectangle: box}); err != nil {
			return fmt.Errorf("panel %d: %w", i, err)
		}
	}
	return nil
}

// PNG gives the panels as an encoded image of two dots a CSS pixel.
func (g *Panels) PNG() ([]byte, error) { return drawPNG(g) }

// SVG gives the panels as one SVG document.
func (g *Panels) SVG() (string, error) { return drawSVG(g) }

// Save writes the panels to a .png or .svg file.
func (g *Panels) Save(path string) error { return save(g, path) }

// MIMEBundle shows the panels as PNG and text.
func (g *Panels) MIMEBundle() map[string]any {
	b, err := g.PNG()
	if err != nil {
		return map[string]any{display.MIMEText: err.Error()}
	}
	return map[string]any{display.MIMEPNG: b, display.MIMEText: g.String()}
}

// MIMEMetadata gives the size at which the PNG is meant to be seen.
func (g *Panels) MIMEMetadata() map[string]any { return pngSize(g) }

// String names the panels.
func (g *Panels) String() string {
	return fmt.Sprintf("figure of %d panels: %s", len(g.Figures), g.Title)
}
