package figure

import (
	"image/color"
	"math"
	"strconv"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// px gives n CSS pixels, of which 96 make an inch.
func px(n float64) vg.Length { return vg.Length(n) * vg.Inch / 96 }

// style is the look of one series.
type style struct {
	color color.NRGBA
	shape shape
}

// palette is that of Okabe and Ito (2008), in an order in which the first ones
// differ most in lightness too; yellow is left out, being too light for white
// paper, and the last is grey.
var palette = [...]style{
	{color.NRGBA{0x00, 0x72, 0xb2, 0xff}, circle},   // blue
	{color.NRGBA{0xd5, 0x5e, 0x00, 0xff}, square},   // vermillion
	{color.NRGBA{0x00, 0x9e, 0x73, 0xff}, triangle}, // bluish green
	{color.NRGBA{0xcc, 0x79, 0xa7, 0xff}, diamond},  // reddish purple
	{color.NRGBA{0xe6, 0x9f, 0x00, 0xff}, down},     // orange
	{color.NRGBA{0x56, 0xb4, 0xe9, 0xff}, cross},    // sky blue
	{color.NRGBA{0x00, 0x00, 0x00, 0xff}, circle},   // black
	{color.NRGBA{0x76, 0x76, 0x76, 0xff}, square},   // grey
}

// The inks and sizes of everything that is not data.
var (
	inkTitle = color.NRGBA{0x1a, 0x1a, 0x1a, 0xff}
	inkText  = color.NRGBA{0x4d, 0x4d, 0x4d, 0xff}
	inkFaint = color.NRGBA{0x70, 0x70, 0x70, 0xff}
	inkAxis  = color.NRGBA{0x8c, 0x8c, 0x8c, 0xff}
	inkGrid  = color.NRGBA{0xe6, 0xe6, 0xe6, 0xff}
	white    = color.NRGBA{0xff, 0xff, 0xff, 0xff}
)

const (
	sizeTitle   = 17 // CSS pixels, as are all below
	sizeText    = 13
	sizeTick    = 12
	sizeCaption = 11
	margin      = 14
	lineWidth   = 2
	markerSize  = 4.6 // radius of a circle; the other shapes have its area
)

// face is the theme's sans serif font, which gonum/plot carries in the program;
// its measures are those of Arial, which stands in where an SVG is shown.
func face(size float64, bold bool) font.Font {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: px(size)}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return f
}

func textStyle(size float64, bold bool, ink color.Color) text.Style {
	return text.Style{Color: ink, Font: face(size, bold), Handler: text.Plain{Fonts: font.DefaultCache}}
}

// Theme dresses any gonum plot as the figures of this package are: fonts, inks,
// round numbers on the axes. It adds nothing; Grid adds the grid.
func Theme(p *plot.Plot) {
	p.BackgroundColor = white
	p.TextHandler = text.Plain{Fonts: font.DefaultCache}
	p.Title.TextStyle = textStyle(sizeTitle, true, inkTitle)
	p.Title.TextStyle.XAlign, p.Title.TextStyle.YAlign = draw.XCenter, draw.YTop
	p.Title.Padding = px(8)
	p.Legend.TextStyle = textStyle(sizeText, false, inkText)
	p.Legend.Top = true
	p.Legend.Padding = px(3)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		rotation, xalign, yalign := a.Label.TextStyle.Rotation, a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign
		a.Label.TextStyle = textStyle(sizeText, false, inkText)
		a.Label.TextStyle.Rotation, a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign = rotation, xalign, yalign
		a.Label.Padding = px(7)
		xalign, yalign = a.Tick.Label.XAlign, a.Tick.Label.YAlign
		a.Tick.Label = textStyle(sizeTick, false, inkText)
		a.Tick.Label.XAlign, a.Tick.Label.YAlign = xalign, yalign
		a.Tick.LineStyle = draw.LineStyle{Color: inkAxis, Width: px(1)}
		a.Tick.Length = px(5)
		a.LineStyle = draw.LineStyle{Color: inkAxis, Width: px(1)}
		a.Padding = px(0)
		a.Tick.Marker = Ticks{}
	}
	// A line of figures looks centred on its x-height, not on its box.
	p.Y.Tick.Label.YAlign = draw.YCenter - 0.08
	p.Y.LineStyle.Width = 0
	p.Y.Tick.Length = 0
	p.Y.Padding = px(6)
}

// Grid gives the light grid of the theme, to be added to a plot first.
func Grid() *plotter.Grid {
	line := draw.LineStyle{Color: inkGrid, Width: px(1)}
	return &plotter.Grid{Vertical: line, Horizontal: line}
}

// Ticks labels an axis with about Count round numbers, all with as many decimals
// as the closest two need and with commas between thousands.
type Ticks struct {
	// Count is how many labels there should be; zero means 6.
	Count int
}

// Ticks gives the labels between min and max.
func (t Ticks) Ticks(min, max float64) []plot.Tick {
	if t.Count <= 0 {
		t.Count = 6
	}
	step := niceStep((max - min) / float64(t.Count))
	if !(step > 0) || math.IsInf(step, 0) {
		return []plot.Tick{{Value: min, Label: number(min, -1)}}
	}
	decimals := decimalsOf(step)
	if step < 1e-4 {
		decimals = -1
	}
	var out []plot.Tick
	for k := math.Ceil(min/step - 1e-9); k*step <= max+1e-9*step && len(out) < 1000; k++ {
		out = append(out, plot.Tick{Value: k * step, Label: number(k*step, decimals)})
	}
	return out
}

// niceStep gives the round number (1, 2 or 5 times a power of ten) that is
// nearest to raw on a logarithmic scale.
func niceStep(raw float64) float64 {
	if !(raw > 0) {
		return 0
	}
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	best := power
	for _, m := range []float64{2, 5, 10} {
		if math.Abs(math.Log(m*power/raw)) < math.Abs(math.Log(best/raw)) {
			best = m * power
		}
	}
	return best
}

// decimalsOf tells how many decimals are needed to write multiples of a step.
func decimalsOf(step float64) int {
	for d := range 9 {
		scaled := step * math.Pow(10, float64(d))
		if math.Abs(scaled-math.Round(scaled)) < 1e-6*scaled {
			return d
		}
	}
	return -1
}

// number writes a label; very large and very small ones as 1.5e-06.
func number(v float64, decimals int) string {
	if v == 0 {
		v = 0 // no minus zero
	}
	if abs := math.Abs(v); decimals < 0 || decimals > 6 || abs >= 1e9 || abs > 0 && abs < 1e-4 {
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	whole, fraction, dot := strings.Cut(s, ".")
	digits := len(strings.TrimPrefix(whole, "-"))
	for i := len(whole) - 3; digits > 3; i, digits = i-3, digits-3 {
		whole = whole[:i] + "," + whole[i:]
	}
	whole = strings.Replace(whole, "-", "−", 1) // the minus sign proper
	if dot {
		return whole + "." + fraction
	}
	return whole
}
