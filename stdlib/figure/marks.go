package figure

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	bandOpacity = 0.18
	groupWidth  = 0.76 // of a category, taken by its bars …
	barWidth    = 0.44 // … none of which is wider than this
	errorWidth  = 1.2  // of error bars, in pixels
	errorCap    = 7

	cloudAbove   = 500 // points of a series
	cloudOpacity = 0.5
	cloudEdge    = 1.5 // of white, beside a line on a cloud

	// A line is drawn in strokes of so many points: the time of one grows with the
	// square of how often it crosses a row of pixels.
	strokePoints = 64
)

// addSeries draws bands below lines below markers.
func (f *Figure) addSeries(p *plot.Plot) error {
	p.Add(Grid())
	seen := make([]Series, len(f.Series))
	for i, s := range f.Series {
		seen[i] = f.thinned(s)
	}
	for i, s := range seen {
		if s.Lo == nil || s.Mark == Points {
			continue
		}
		band := append(xys(s.X, s.Hi), reversed(xys(s.X, s.Lo))...)
		area, err := plotter.NewPolygon(band)
		if err != nil {
			return err
		}
		area.Color, area.LineStyle.Width = palette[f.look(i)].faded(bandOpacity), 0
		p.Add(area)
	}
	for i, s := range seen {
		look := palette[f.look(i)]
		if s.Mark != Points && len(s.X) > 0 {
			for from := 0; from == 0 || from < len(s.X)-1; from += strokePoints {
				to := min(len(s.X), from+strokePoints+1)
				line, err := plotter.NewLine(xys(s.X[from:to], s.Y[from:to]))
				if err != nil {
					return err
				}
				line.LineStyle = look.line()
				p.Add(line)
			}
		}
		if s.Fit && !f.clouded() {
			if err := f.addFit(p, i); err != nil {
				return err
			}
		}
	}
	for i, s := range seen {
		if s.Mark == Line || len(s.X) == 0 {
			continue
		}
		if s.Mark == Points && s.Lo != nil {
			bars, err := plotter.NewYErrorBars(spread{xys(s.X, s.Y), s})
			if err != nil {
				return err
			}
			bars.LineStyle = palette[f.look(i)].line()
			bars.LineStyle.Width, bars.LineStyle.Dashes, bars.CapWidth = px(errorWidth), nil, px(errorCap)
			p.Add(bars)
		}
		points, err := plotter.NewScatter(xys(s.X, s.Y))
		if err != nil {
			return err
		}
		points.GlyphStyle = palette[f.look(i)].glyph()
		if len(s.X) > cloudAbove { // small and translucent, so that density shows
			points.GlyphStyle.Radius /= 2
			points.GlyphStyle.Color = palette[f.look(i)].faded(cloudOpacity)
			points.GlyphStyle.Shape = draw.CircleGlyph{}
		}
		p.Add(points)
	}
	for i, s := range f.Series { // which a cloud would hide
		if s.Fit && f.clouded() {
			if err := f.addFit(p, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// clouded tells whether there are so many points that they are drawn as a cloud,
// below the lines.
func (f *Figure) clouded() bool {
	return slices.ContainsFunc(f.Series, func(s Series) bool { return s.Mark != Line && len(s.X) > cloudAbove })
}

// addFit draws the fitted line of a series, on a cloud with a white edge.
func (f *Figure) addFit(p *plot.Plot, i int) error {
	s, style := f.Series[i], palette[f.look(i)].line()
	fit, err := OLS(s.X, s.Y)
	if err != nil {
		return err
	}
	line := curve{fit.At, slices.Min(s.X), slices.Max(s.X), style}
	if f.clouded() {
		edge := line
		edge.style.Color, edge.style.Width = white, px(lineWidth+2*cloudEdge)
		p.Add(edge)
	}
	p.Add(line)
	return nil
}

func (f *Figure) addBars(p *plot.Plot) {
	grid := Grid()
	grid.Vertical.Width = 0
	p.Add(grid)
	p.NominalX(f.Categories...)
	p.X.Tick.Length, p.X.Tick.LineStyle = px(6), draw.LineStyle{Color: color.Transparent, Width: px(1)} // room for the names
	p.X.Padding, p.Y.Padding, p.X.LineStyle.Width = 0, 0, 0
	n := float64(len(f.Series))
	each := min(barWidth, groupWidth/n)
	for i, s := range f.Series {
		for j, y := range s.Y {
			x := float64(j) + each*(float64(i)-n/2)
			p.Add(box{x + 0.04*each, x + 0.96*each, 0, y, palette[f.look(i)].color})
		}
	}
	p.Add(baseline{})
}

func (f *Figure) addDots(p *plot.Plot) {
	grid := Grid()
	grid.Horizontal.Width = 0
	p.Add(grid)
	n := len(f.Categories)
	names := slices.Clone(f.Categories)
	slices.Reverse(names) // the first on top
	p.NominalY(names...)
	p.Y.Tick.Length, p.Y.Tick.LineStyle.Width = 0, 0
	p.Y.LineStyle.Width = 0
	for j := range n {
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, s := range f.Series {
			lo, hi = min(lo, s.Y[j]), max(hi, s.Y[j])
		}
		at := float64(n - 1 - j)
		p.Add(curve{func(float64) float64 { return at }, lo, hi, draw.LineStyle{Color: inkGridDark, Width: px(3)}})
	}
	for i, s := range f.Series {
		points := make(plotter.XYs, n)
		for j, v := range s.Y {
			points[j] = plotter.XY{X: v, Y: float64(n - 1 - j)}
		}
		glyph := palette[f.look(i)].glyph()
		glyph.Radius = px(5.4)
		p.Add(&plotter.Scatter{XYs: points, GlyphStyle: glyph})
	}
}

var inkGridDark = color.NRGBA{0xcc, 0xcc, 0xcc, 0xff}

// spread is a series with the distances of its bounds, as error bars want them.
type spread struct {
	plotter.XYs
	s Series
}

func (e spread) YError(i int) (low, high float64) {
	return e.s.Y[i] - e.s.Lo[i], e.s.Hi[i] - e.s.Y[i]
}

func xys(x, y []float64) plotter.XYs {
	out := make(plotter.XYs, len(x))
	for i := range x {
		out[i] = plotter.XY{X: x[i], Y: y[i]}
	}
	return out
}

func reversed(v plotter.XYs) plotter.XYs {
	slices.Reverse(v)
	return v
}

// curve draws a function between two x. On a logarithmic axis a line is not
// straight, hence the many pieces.
type curve struct {
	f      func(float64) float64
	lo, hi float64
	style  draw.LineStyle
}

func (l curve) Plot(c draw.Canvas, p *plot.Plot) {
	const pieces = 64
	tx, ty := p.Transforms(&c)
	line := make([]vg.Point, pieces+1)
	for i := range line {
		x := l.lo + (l.hi-l.lo)*float64(i)/pieces
		line[i] = vg.Point{X: tx(x), Y: ty(l.f(x))}
	}
	c.StrokeLines(l.style, c.ClipLinesXY(line)...)
}

// box is one bar.
type box struct {
	x0, x1, y0, y1 float64
	color          color.Color
}

func (b box) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	c.FillPolygon(b.color, c.ClipPolygonXY([]vg.Point{
		{X: tx(b.x0), Y: ty(b.y0)}, {X: tx(b.x1), Y: ty(b.y0)}, {X: tx(b.x1), Y: ty(b.y1)}, {X: tx(b.x0), Y: ty(b.y1)},
	}))
}

// baseline is the line that bars stand on.
type baseline struct{}

func (baseline) Plot(c draw.Canvas, p *plot.Plot) {
	_, ty := p.Transforms(&c)
	if y := ty(0); y >= c.Min.Y && y <= c.Max.Y {
		c.StrokeLine2(draw.LineStyle{Color: inkAxis, Width: px(1)}, c.Min.X, y, c.Max.X, y)
	}
}
