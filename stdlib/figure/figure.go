package figure

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
)

// Mark is the way in which a series is drawn.
type Mark int

const (
	// Points draws a marker at each point.
	Points Mark = iota
	// Line joins the points in their order.
	Line
	// LinePoints does both.
	LinePoints
)

// Series is one group of data: a colour, a marker and an entry in the legend.
type Series struct {
	// Name stands in the legend. Series of one name have one entry and one look:
	// a curve and the points beside it.
	Name string
	// X and Y are the points, equally many. In a figure with Categories X is left
	// empty: Y[i] belongs to Categories[i].
	X, Y []float64
	// Lo and Hi, when set, bound a band about the curve, as a confidence interval
	// does, or with Mark Points are the ends of error bars; both have the length of
	// Y.
	Lo, Hi []float64
	// Mark is how the points are drawn. Figures with Categories have ways of
	// their own.
	Mark Mark
	// Fit adds the least-squares line through the points.
	Fit bool
	// Color, when it is from 1 to 8, is that colour and marker of the palette;
	// zero means the series' own place.
	Color int
}

// Rule is a line across the figure that marks a value.
type Rule struct {
	// At is the value.
	At float64
	// Label is written at the line.
	Label string
	// Horizontal rules mark a value of y, others one of x.
	Horizontal bool
	// Color is that of the palette, from 1 to 8; zero means grey.
	Color int
}

// Layout is how a figure with Categories is drawn.
type Layout int

const (
	// Bars stands the series' values side by side over each category, from zero.
	Bars Layout = iota
	// Dots puts each category on a line of its own, with a marker a series. Its
	// axis need not begin at zero, so small differences can be seen.
	Dots
)

// Figure is one picture. The zero value of every field is a good default.
type Figure struct {
	// Title says what is seen, Subtitle how it was made; both stand on the left
	// above the data.
	Title, Subtitle string
	// XLabel and YLabel name the axes and their units.
	XLabel, YLabel string
	// Caption stands small below: the source, for example.
	Caption string

	Series []Series
	// Categories makes the figure one of bars or dots.
	Categories []string
	Layout     Layout
	Rules      []Rule

	// Width and Height are in CSS pixels; zero means 640 by 420.
	Width, Height float64
	// XRange and YRange fix the axes; both zero means that the data decides.
	XRange, YRange [2]float64
	// XTicks are the places of the labels on the x axis; nil means round numbers.
	XTicks []float64
	// XLog makes the x axis logarithmic; all x must be positive.
	XLog bool
	// NoLegend leaves the legend out; a single series has none anyway.
	NoLegend bool
	// Static leaves out the Vega-Lite form, so that a notebook shows the PNG.
	Static bool
	// Customize, when set, is given the plot after all else was added to it.
	Customize func(p *plot.Plot)
}

// The default size in CSS pixels.
const (
	defaultWidth  = 640
	defaultHeight = 420
)

// ErrEmpty is the error of a figure without data.
var ErrEmpty = errors.New("figure: no data")

func (f *Figure) size() (width, height float64) {
	width, height = f.Width, f.Height
	if width <= 0 {
		width = defaultWidth
	}
	if height <= 0 {
		height = defaultHeight
	}
	return width, height
}

// check tells the first thing that keeps the figure from being drawn.
func (f *Figure) check() error {
	points := 0
	for i, s := range f.Series {
		name := fmt.Sprintf("figure: series %d %q", i, s.Name)
		switch {
		case f.Categories != nil && len(s.Y) != len(f.Categories):
			return fmt.Errorf("%s: %d values for %d categories", name, len(s.Y), len(f.Categories))
		case f.Categories == nil && len(s.X) != len(s.Y):
			return fmt.Errorf("%s: %d x and %d y", name, len(s.X), len(s.Y))
		case (s.Lo != nil || s.Hi != nil) && (len(s.Lo) != len(s.Y) || len(s.Hi) != len(s.Y)):
			return fmt.Errorf("%s: %d y with %d lower and %d upper bounds", name, len(s.Y), len(s.Lo), len(s.Hi))
		case s.Color < 0 || s.Color > len(palette):
			return fmt.Errorf("%s: colour %d, the palette has 1 to %d", name, s.Color, len(palette))
		}
		for _, col := range []struct {
			name string
			v    []float64
		}{{"x", s.X}, {"y", s.Y}, {"lower bound", s.Lo}, {"upper bound", s.Hi}} {
			for j, v := range col.v {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return fmt.Errorf("%s: %s[%d] is %v; leave such points out first, those of a table by t.Filter(\"not is_nan(column)\")", name, col.name, j, v)
				}
				if f.XLog && col.name == "x" && v <= 0 {
					return fmt.Errorf("%s: x[%d] is %v on a logarithmic axis", name, j, v)
				}
			}
		}
		points += len(s.Y)
	}
	if points == 0 {
		return ErrEmpty
	}
	return checkSize(f)
}

// checkSize keeps a slip of the pen from asking for a canvas of gigabytes.
func checkSize(d drawing) error {
	const most = 8000 // CSS pixels a side
	if w, h := d.size(); w > most || h > most {
		return fmt.Errorf("figure: %g by %g pixels, at most %d by %d can be drawn", w, h, most, most)
	}
	return nil
}

// look is the place in the palette of a series.
func (f *Figure) look(i int) int {
	if c := f.Series[i].Color; c > 0 {
		return c - 1
	}
	entry := 0
	for j := range f.first(i) {
		if f.first(j) == j {
			entry++
		}
	}
	return entry % len(palette)
}

// first is the first series that has the name of series i, or i.
func (f *Figure) first(i int) int {
	name := f.Series[i].Name
	if name == "" {
		return i
	}
	return slices.IndexFunc(f.Series, func(s Series) bool { return s.Name == name })
}

// bounds gives the range of the data, fits and bands included, before padding.
func (f *Figure) bounds() (xmin, xmax, ymin, ymax float64) {
	xmin, ymin = math.Inf(1), math.Inf(1)
	xmax, ymax = math.Inf(-1), math.Inf(-1)
	for _, s := range f.Series {
		for _, v := range s.X {
			xmin, xmax = min(xmin, v), max(xmax, v)
		}
		for _, col := range [][]float64{s.Y, s.Lo, s.Hi, s.fitEnds()} {
			for _, v := range col {
				ymin, ymax = min(ymin, v), max(ymax, v)
			}
		}
	}
	for _, r := range f.Rules {
		if r.Horizontal {
			ymin, ymax = min(ymin, r.At), max(ymax, r.At)
		} else {
			xmin, xmax = min(xmin, r.At), max(xmax, r.At)
		}
	}
	return xmin, xmax, ymin, ymax
}

// fitEnds gives the values of the fitted line at its two ends.
func (s Series) fitEnds() []float64 {
	if !s.Fit {
		return nil
	}
	fit, err := OLS(s.X, s.Y)
	if err != nil {
		return nil // drawing says what is wrong
	}
	return []float64{fit.At(slices.Min(s.X)), fit.At(slices.Max(s.X))}
}

// Describe says in words what the figure shows, for whoever does not see it.
func (f *Figure) Describe() string {
	var parts []string
	for _, s := range []string{f.Title, f.Subtitle} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if f.XLabel != "" && f.YLabel != "" {
		parts = append(parts, f.YLabel+" against "+f.XLabel)
	}
	if f.hasLegend() {
		names, _, _ := f.scales()
		parts = append(parts, "Series: "+strings.Trim(fmt.Sprintf("%q", names), "[]"))
	}
	return strings.Join(parts, ". ")
}

// String names the figure.
func (f *Figure) String() string {
	w, h := f.size()
	title := f.Title
	if title == "" {
		title = "untitled"
	}
	return fmt.Sprintf("figure: %s (%g x %g)", title, w, h)
}
