package figure

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Draw draws the figure into the whole of a canvas. gonum/plot panics at some
// data; such a panic comes back as an error.
func (f *Figure) Draw(c draw.Canvas) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("figure: drawing %q: %v", f.Title, p)
		}
	}()
	if err := f.check(); err != nil {
		return err
	}
	c.SetColor(white)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, px(margin), -px(margin), px(margin), -px(margin))

	c = header(c, f.Title, textStyle(sizeTitle, true, inkTitle), 3)
	c = header(c, f.Subtitle, textStyle(sizeText, false, inkText), 6)
	if f.hasLegend() {
		c = f.drawLegend(c)
	}
	if f.Title != "" || f.Subtitle != "" || f.hasLegend() {
		c = draw.Crop(c, 0, 0, 0, -px(4))
	}
	if f.hasRuleLabels() {
		c = draw.Crop(c, 0, 0, 0, -px(ruleLabel))
	}
	c = footer(c, f.Caption, textStyle(sizeCaption, false, inkFaint))

	p, err := f.plot()
	if err != nil {
		return err
	}
	p.Draw(c)
	return nil
}

// header writes lines at the top of c and gives what is left below.
func header(c draw.Canvas, txt string, sty text.Style, gap float64) draw.Canvas {
	if txt == "" {
		return c
	}
	sty.XAlign, sty.YAlign = draw.XLeft, draw.YTop
	txt = wrap(txt, sty, c.Max.X-c.Min.X)
	c.FillText(sty, vg.Point{X: c.Min.X, Y: c.Max.Y}, txt)
	return draw.Crop(c, 0, 0, 0, -sty.Height(txt)-px(gap))
}

// footer writes lines at the bottom of c and gives what is left above.
func footer(c draw.Canvas, txt string, sty text.Style) draw.Canvas {
	if txt == "" {
		return c
	}
	sty.XAlign, sty.YAlign = draw.XLeft, draw.YBottom
	txt = wrap(txt, sty, c.Max.X-c.Min.X)
	c.FillText(sty, vg.Point{X: c.Min.X, Y: c.Min.Y}, txt)
	return draw.Crop(c, 0, 0, sty.Height(txt)+px(8), 0)
}

// wrap breaks a text between words so that its lines fit the width.
func wrap(txt string, sty text.Style, width vg.Length) string {
	var out []string
	for _, paragraph := range strings.Split(txt, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			longer := strings.TrimSpace(line + " " + word)
			if line != "" && sty.Width(longer) > width {
				out = append(out, line)
				longer = word
			}
			line = longer
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func (f *Figure) hasLegend() bool {
	if f.NoLegend || len(f.Series) < 2 {
		return false
	}
	named, entries := false, 0
	for i, s := range f.Series {
		named = named || s.Name != ""
		if f.first(i) == i {
			entries++
		}
	}
	return named && entries > 1
}

// drawLegend writes the names of the series in a row, in several where one is
// too narrow, and gives the canvas below.
func (f *Figure) drawLegend(c draw.Canvas) draw.Canvas {
	sty := textStyle(sizeText, false, inkText)
	sty.XAlign, sty.YAlign = draw.XLeft, draw.YCenter
	thumb, gap, space, height := px(22), px(6), px(18), px(20)
	x, y := c.Min.X, c.Max.Y-height/2
	for i, s := range f.Series {
		if s.Name == "" || f.first(i) != i {
			continue
		}
		width := thumb + gap + sty.Width(s.Name)
		if x > c.Min.X && x+width > c.Max.X {
			x, y = c.Min.X, y-height
		}
		f.thumbnail(c, i, vg.Point{X: x, Y: y - px(1.8)}, thumb) // at the letters' middle
		c.FillText(sty, vg.Point{X: x + thumb + gap, Y: y}, s.Name)
		x += width + space
	}
	return draw.Crop(c, 0, 0, 0, y-height/2-c.Max.Y)
}

// thumbnail draws the look of series i in width from pt on.
func (f *Figure) thumbnail(c draw.Canvas, i int, pt vg.Point, width vg.Length) {
	s, look := f.Series[i], palette[f.look(i)]
	mid := vg.Point{X: pt.X + width/2, Y: pt.Y}
	box := func(h vg.Length) []vg.Point {
		return []vg.Point{{X: pt.X, Y: pt.Y - h}, {X: pt.X + width, Y: pt.Y - h}, {X: pt.X + width, Y: pt.Y + h}, {X: pt.X, Y: pt.Y + h}}
	}
	switch {
	case f.Categories != nil && f.Layout == Bars:
		c.FillPolygon(look.color, box(px(5)))
		return
	case f.Categories != nil:
		c.DrawGlyph(look.glyph(), mid)
		return
	}
	if s.Lo != nil && s.Mark != Points {
		c.FillPolygon(look.faded(bandOpacity), box(px(6)))
	}
	if s.Fit || s.Mark != Points {
		c.StrokeLines(look.line(), []vg.Point{pt, {X: pt.X + width, Y: pt.Y}})
	}
	if s.Mark != Line {
		c.DrawGlyph(look.glyph(), mid)
	}
}

// plot makes the gonum plot of axes, grid and data.
func (f *Figure) plot() (*plot.Plot, error) {
	p := plot.New()
	Theme(p)
	p.X.Label.Text, p.Y.Label.Text = f.XLabel, f.YLabel
	if f.XLog {
		p.X.Scale = plot.LogScale{}
		p.X.Tick.Marker = logTicks{}
	}
	if f.XTicks != nil {
		p.X.Tick.Marker = fixedTicks(f.XTicks)
	}
	var err error
	switch {
	case f.Categories == nil:
		err = f.addSeries(p)
	case f.Layout == Dots:
		f.addDots(p)
	default:
		f.addBars(p)
	}
	if err != nil {
		return nil, err
	}
	for i, r := range f.Rules {
		p.Add(rule{r, f, i})
	}
	f.setRanges(p)
	if f.Customize != nil {
		f.Customize(p)
	}
	return p, nil
}

// setRanges puts the ends of the axes a little beyond the data.
func (f *Figure) setRanges(p *plot.Plot) {
	xmin, xmax, ymin, ymax := f.bounds()
	n := float64(len(f.Categories))
	switch {
	case f.Categories == nil && f.XLog:
		lo, hi := padded(math.Log(xmin), math.Log(xmax))
		p.X.Min, p.X.Max = math.Exp(lo), math.Exp(hi)
		p.Y.Min, p.Y.Max = padded(ymin, ymax)
	case f.Categories == nil:
		p.X.Min, p.X.Max = padded(xmin, xmax)
		p.Y.Min, p.Y.Max = padded(ymin, ymax)
	case f.Layout == Dots:
		p.X.Min, p.X.Max = padded(ymin, ymax)
		p.Y.Min, p.Y.Max = -0.6, n-0.4
	default:
		p.X.Min, p.X.Max = -0.5, n-0.5
		// Bars stand on zero, with air above the tallest.
		p.Y.Min, p.Y.Max = padded(min(0, ymin), max(0, ymax))
		if ymin >= 0 {
			p.Y.Min = 0
		}
		if ymax <= 0 && ymin < 0 {
			p.Y.Max = 0
		}
	}
	if f.XRange != [2]float64{} {
		p.X.Min, p.X.Max = f.XRange[0], f.XRange[1]
	}
	if f.YRange != [2]float64{} {
		p.Y.Min, p.Y.Max = f.YRange[0], f.YRange[1]
	}
}

// padded widens a range by a twentieth at either end.
func padded(lo, hi float64) (float64, float64) {
	d := (hi - lo) / 20
	if d == 0 {
		d = max(math.Abs(hi)/20, 1e-9)
	}
	return lo - d, hi + d
}

// logTicks labels the powers of ten, and where there are few of them the round
// numbers between.
type logTicks struct{}

func (logTicks) Ticks(min, max float64) []plot.Tick {
	steps := []float64{1}
	switch decades := math.Log10(max / min); {
	case decades < 1.8:
		steps = []float64{1, 2, 5}
	case decades < 4:
		steps = []float64{1, 3}
	}
	var out []plot.Tick
	for power := math.Pow(10, math.Floor(math.Log10(min))); power <= max; power *= 10 {
		for _, m := range steps {
			if v := m * power; v >= min*(1-1e-9) && v <= max*(1+1e-9) {
				out = append(out, plot.Tick{Value: v, Label: number(v, decimalsOf(v))})
			}
		}
	}
	return out
}

// fixedTicks labels the given places.
func fixedTicks(at []float64) plot.ConstantTicks {
	decimals := 0
	for _, v := range at {
		decimals = max(decimals, decimalsOf(v))
	}
	out := make(plot.ConstantTicks, len(at))
	for i, v := range at {
		out[i] = plot.Tick{Value: v, Label: number(v, decimals)}
	}
	return out
}
