package diversity

import (
	"fmt"
	"math"

	"divvy/arrowio"
	"divvy/stdlib/figure"
)

// Fit is rewards against diversity: the points, and for each group the line of
// least squares with its confidence band. It is the paper's Figure 4(c), with the
// bands that the paper leaves out.
type Fit struct {
	D            []float64
	Observations []Observation
	Lines        []Line
	Confidence   float64
}

// NewFit fits one line a group; d[i] is the diversity of observation i's subset.
// A confidence of 0 means 0.95.
func NewFit(d []float64, observations []Observation, confidence float64) (*Fit, error) {
	if confidence == 0 {
		confidence = 0.95
	}
	if !(confidence > 0 && confidence < 1) {
		return nil, fmt.Errorf("diversity: a confidence of %v is not between 0 and 1", confidence)
	}
	lines, err := Lines(d, observations)
	if err != nil {
		return nil, err
	}
	return &Fit{D: d, Observations: observations, Lines: lines, Confidence: confidence}, nil
}

// MSE is the pooled mean squared error, which the paper prints.
func (f *Fit) MSE() float64 { mse, _ := pooled(f.Lines); return mse }

// LOO is the pooled leave-one-out error.
func (f *Fit) LOO() float64 { _, loo := pooled(f.Lines); return loo }

// pooled is the mean squared and the leave-one-out error of the points of all lines.
func pooled(lines []Line) (mse, loo float64) {
	points := 0
	for _, l := range lines {
		mse, loo, points = mse+l.SSE, loo+l.LOO()*float64(l.N), points+l.N
	}
	return mse / float64(points), loo / float64(points)
}

// Table is a row a line with the columns group, points, slope, slope_error (its
// standard error, NaN for two points), intercept, r2, mse and loo.
func (f *Fit) Table() *arrowio.Table {
	n := len(f.Lines)
	groups, points := make([]string, n), make([]int64, n)
	columns := make([][]float64, 6)
	for i, l := range f.Lines {
		groups[i], points[i] = l.Group, int64(l.N)
		for j, v := range []float64{l.Slope, l.SlopeError(), l.Intercept, l.R2, l.MSE(), l.LOO()} {
			columns[j] = append(columns[j], v)
		}
	}
	return table([]string{"group", "points", "slope", "slope_error", "intercept", "r2", "mse", "loo"},
		groups, points, columns[0], columns[1], columns[2], columns[3], columns[4], columns[5])
}

// Figure is the points, the lines and their confidence bands.
func (f *Fit) Figure() *figure.Figure {
	var series []figure.Series
	for i, l := range f.Lines {
		line := figure.Series{Name: l.Group, Color: i%8 + 1, Mark: figure.Line}
		dots := figure.Series{Color: i%8 + 1, Mark: figure.Points}
		low, high := math.Inf(1), math.Inf(-1)
		for j, o := range f.Observations {
			if o.Group == l.Group {
				dots.X, dots.Y = append(dots.X, f.D[j]), append(dots.Y, o.Reward)
				low, high = min(low, f.D[j]), max(high, f.D[j])
			}
		}
		const pieces = 40
		for k := range pieces + 1 {
			x := low + (high-low)*float64(k)/pieces
			line.X, line.Y = append(line.X, x), append(line.Y, l.At(x))
			if l.N > 2 { // through two points the band is infinite
				lo, hi := l.Band(x, f.Confidence)
				line.Lo, line.Hi = append(line.Lo, lo), append(line.Hi, hi)
			}
		}
		series = append(series, line, dots)
	}
	out := &figure.Figure{Series: series, Static: true}
	out.Title = "Reward against diversity"
	out.Subtitle = fmt.Sprintf("Least-squares lines with %g %% confidence bands; pooled MSE %.3g, leave-one-out %.3g", 100*f.Confidence, f.MSE(), f.LOO())
	out.XLabel, out.YLabel = "Diversity d", "Reward"
	return out
}

// String is the lines in plain text.
func (f *Fit) String() string {
	return fmt.Sprintf("%d lines through %d points: pooled MSE %.4g, leave-one-out %.4g\n%v", len(f.Lines), len(f.Observations), f.MSE(), f.LOO(), f.Table())
}

// MIMEBundle shows the figure above the lines.
func (f *Fit) MIMEBundle() map[string]any { return figure.WithTable(f.Figure(), f.Table(), f.String()) }
