package figure

import (
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// shape is the form of a marker.
type shape int

const (
	circle shape = iota
	square
	triangle
	diamond
	down
	cross
)

// corners gives the x and y of a shape's corners in turn, y upwards, where its area
// is that of a circle of radius 1. A circle has none.
func (s shape) corners() []float64 {
	switch s {
	case square:
		a := math.Sqrt(math.Pi) / 2
		return []float64{-a, -a, a, -a, a, a, -a, a}
	case triangle, down:
		// Equilateral, its centroid at the origin.
		side := math.Sqrt(4 * math.Pi / math.Sqrt(3))
		h := side * math.Sqrt(3) / 2
		if s == down {
			return []float64{-side / 2, h / 3, side / 2, h / 3, 0, -2 * h / 3}
		}
		return []float64{-side / 2, -h / 3, side / 2, -h / 3, 0, 2 * h / 3}
	case diamond:
		a := math.Sqrt(math.Pi / 2)
		return []float64{0, -a, a, 0, 0, a, -a, 0}
	case cross:
		// Five squares of side t.
		t := math.Sqrt(math.Pi / 5)
		a, b := t/2, 1.5*t
		return []float64{-a, -b, a, -b, a, -a, b, -a, b, a, a, a, a, b, -a, b, -a, a, -b, a, -b, -a, -a, -a}
	}
	return nil
}

// outline gives the path of a marker about pt, of the area of a circle of radius r.
func (s shape) outline(pt vg.Point, r vg.Length) vg.Path {
	var p vg.Path
	xy := s.corners()
	if xy == nil {
		p.Move(vg.Point{X: pt.X + r, Y: pt.Y})
		p.Arc(pt, r, 0, 2*math.Pi)
	}
	for i := 0; i < len(xy); i += 2 {
		q := vg.Point{X: pt.X + r*vg.Length(xy[i]), Y: pt.Y + r*vg.Length(xy[i+1])}
		if i == 0 {
			p.Move(q)
		} else {
			p.Line(q)
		}
	}
	p.Close()
	return p
}

// svg gives the shape as an SVG path, y downwards, as Vega takes it.
func (s shape) svg() string {
	xy := s.corners()
	if xy == nil {
		return "circle"
	}
	var b strings.Builder
	for i := 0; i < len(xy); i += 2 {
		fmt.Fprintf(&b, "%c%.3f,%.3f", "ML"[min(i, 1)], xy[i], -xy[i+1])
	}
	return b.String() + "Z"
}

// marker draws a shape with a thin white edge, so that neighbours and the lines
// below stay apart. It is a draw.GlyphDrawer.
type marker struct{ shape shape }

// DrawGlyph draws the marker.
func (m marker) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	path := m.shape.outline(pt, sty.Radius)
	c.SetLineStyle(draw.LineStyle{Color: color.White, Width: px(1.6)})
	c.Stroke(path)
	c.SetColor(sty.Color)
	c.Fill(path)
}

func (s style) glyph() draw.GlyphStyle {
	return draw.GlyphStyle{Color: s.color, Radius: px(markerSize), Shape: marker{s.shape}}
}

func (s style) line() draw.LineStyle {
	return draw.LineStyle{Color: s.color, Width: px(lineWidth)}
}

// faded gives the colour with the given opacity.
func (s style) faded(opacity float64) color.NRGBA {
	c := s.color
	c.A = uint8(math.Round(255 * opacity))
	return c
}
