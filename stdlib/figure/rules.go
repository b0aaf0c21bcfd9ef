package figure

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// ruleLabel is the height that labels of vertical rules take above the plot: in
// it they would lie on the data.
const ruleLabel = 15

// hasRuleLabels tells whether there are such labels.
func (f *Figure) hasRuleLabels() bool {
	return slices.ContainsFunc(f.Rules, func(r Rule) bool { return !r.Horizontal && r.Label != "" })
}

// ink is the colour of the line and its label.
func (r Rule) ink() color.Color {
	if r.Color > 0 && r.Color <= len(palette) {
		return palette[r.Color-1].color
	}
	return inkText
}

// ruleAligns says how each rule's label stands above it: in the middle, or to the
// side where it would leave the picture or meet its neighbour. at is the place of
// a value between 0 and width, in CSS pixels.
func (f *Figure) ruleAligns(at func(float64) float64, width float64) []text.XAlignment {
	half := func(i int) float64 {
		return float64(textStyle(sizeTick, false, inkText).Width(f.Rules[i].Label)/px(1))/2 + 3
	}
	aligns := make([]text.XAlignment, len(f.Rules))
	var order []int
	for i, r := range f.Rules {
		if !r.Horizontal {
			aligns[i], order = draw.XCenter, append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return int(1e3 * (at(f.Rules[i].At) - at(f.Rules[j].At)))
	})
	for k, i := range order {
		x := at(f.Rules[i].At)
		if k > 0 {
			before := order[k-1]
			if at(f.Rules[before].At)+half(before) > x-half(i) {
				if aligns[before] == draw.XCenter {
					aligns[before] = draw.XRight
				}
				aligns[i] = draw.XLeft
			}
		}
		switch {
		case x+half(i) > width+margin && aligns[i] == draw.XCenter:
			aligns[i] = draw.XRight
		case x < half(i)-margin:
			aligns[i] = draw.XLeft
		}
	}
	return aligns
}

// rule is a line across the plot with its label.
type rule struct {
	Rule
	figure *Figure
	place  int // among the figure's rules
}

func (r rule) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	line := draw.LineStyle{Color: r.ink(), Width: px(1.2), Dashes: []vg.Length{px(5), px(4)}}
	sty := textStyle(sizeTick, false, r.ink())
	if r.Horizontal {
		y := ty(r.At)
		if y < c.Min.Y || y > c.Max.Y {
			return
		}
		c.StrokeLine2(line, c.Min.X, y, c.Max.X, y)
		sty.XAlign, sty.YAlign = draw.XLeft, draw.YBottom
		c.FillText(sty, vg.Point{X: c.Min.X + px(4), Y: y + px(3)}, r.Label)
		return
	}
	x := tx(r.At)
	if x < c.Min.X || x > c.Max.X {
		return
	}
	c.StrokeLine2(line, x, c.Min.Y, x, c.Max.Y)
	at := func(v float64) float64 { return float64((tx(v) - c.Min.X) / px(1)) }
	sty.XAlign = r.figure.ruleAligns(at, float64((c.Max.X-c.Min.X)/px(1)))[r.place]
	sty.YAlign = draw.YBottom
	c.FillText(sty, vg.Point{X: x - px(3*ruleSide(sty.XAlign)), Y: c.Max.Y + px(3)}, r.Label)
}

// ruleSide is -1 for a label on the right of its line, which begins there, 1 for
// one on the left, 0 for one above it.
func ruleSide(a text.XAlignment) float64 {
	switch a {
	case draw.XLeft:
		return -1
	case draw.XRight:
		return 1
	}
	return 0
}
