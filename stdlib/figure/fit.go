package figure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"
)

// Fit is a least-squares line, y = Slope·x + Intercept. OLS makes one.
type Fit struct {
	Slope, Intercept float64
	// SSE is the sum of the squared residuals over the N points.
	SSE float64
	N   int
	// R2 is the share of the variance of y that the line explains; NaN where y does
	// not vary.
	R2 float64

	mean, spread float64 // of x: mean, and sum of the squared deviations
	loo          float64 // see LOO
}

// At gives the line's y.
func (l Fit) At(x float64) float64 { return l.Slope*x + l.Intercept }

// MSE gives SSE / N, the biased mean squared error that the paper prints.
func (l Fit) MSE() float64 { return l.SSE / float64(l.N) }

// Scatter is the standard deviation of the points about the line, by which a
// single further one is expected to miss it: the root of SSE / (N - 2). It is NaN
// for a line through two points, which says nothing of it.
func (l Fit) Scatter() float64 {
	if l.N < 3 {
		return math.NaN()
	}
	return math.Sqrt(l.SSE / float64(l.N-2))
}

// SlopeError is the standard error of the slope, NaN as Scatter is.
func (l Fit) SlopeError() float64 { return l.Scatter() / math.Sqrt(l.spread) }

// MeanError is the standard error of the line at x, taken for the mean of y there;
// NaN as Scatter is. A single point scatters more.
func (l Fit) MeanError(x float64) float64 {
	return l.Scatter() * math.Sqrt(l.leverage(x))
}

// leverage is how much a point at x would draw the line, from 1/N in the middle
// to 1 for a point without which there is no line.
func (l Fit) leverage(x float64) float64 {
	return 1/float64(l.N) + (x-l.mean)*(x-l.mean)/l.spread
}

// Band is the confidence band of the line at x, for the mean of y there, under
// normal errors of one variance: At(x) less and plus Student's t times MeanError.
// It is infinite for a line through two points.
func (l Fit) Band(x, confidence float64) (low, high float64) {
	if l.N < 3 {
		return math.Inf(-1), math.Inf(1)
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(l.N - 2)}.Quantile(0.5 + confidence/2)
	half := t * l.MeanError(x)
	return l.At(x) - half, l.At(x) + half
}

// LOO is the mean squared error of leave-one-out: each point is predicted by the
// line through the others. It is infinite where a point is left without a line.
func (l Fit) LOO() float64 { return l.loo / float64(l.N) }

// String writes the line as a formula.
func (l Fit) String() string {
	return fmt.Sprintf("y = %.5g x %+.5g (n = %d, MSE %.3g, R² %.3f)", l.Slope, l.Intercept, l.N, l.MSE(), l.R2)
}

// OLS fits a line by ordinary least squares. It needs two points of different x.
func OLS(x, y []float64) (Fit, error) {
	fail := func(format string, args ...any) (Fit, error) {
		return Fit{}, fmt.Errorf("figure: least squares: "+format, args...)
	}
	switch {
	case len(x) != len(y):
		return fail("%d x and %d y", len(x), len(y))
	case len(x) < 2:
		return fail("%d points, want at least 2", len(x))
	}
	for i := range x {
		if v := x[i] + y[i]; math.IsNaN(v) || math.IsInf(v, 0) {
			return fail("point %d is (%v, %v)", i, x[i], y[i])
		}
	}
	// Equal x are told by comparing them: the rounding of their mean would leave
	// deviations other than zero, and a line of any slope.
	least, greatest := slices.Min(x), slices.Max(x)
	if greatest-least <= 1e-12*max(math.Abs(least), math.Abs(greatest)) {
		return fail("all %d points have x = %v: no line", len(x), x[0])
	}
	l := Fit{N: len(x)}
	n, yMean := float64(l.N), 0.0
	for i := range x {
		l.mean, yMean = l.mean+x[i]/n, yMean+y[i]/n
	}
	ySpread := 0.0
	for i := range x {
		dx, dy := x[i]-l.mean, y[i]-yMean
		l.spread, l.Slope, ySpread = l.spread+dx*dx, l.Slope+dx*dy, ySpread+dy*dy
	}
	l.Slope /= l.spread
	l.Intercept = yMean - l.Slope*l.mean
	for i := range x {
		r := y[i] - l.At(x[i])
		l.SSE += r * r
		if left := 1 - l.leverage(x[i]); left > 1e-9 {
			l.loo += (r / left) * (r / left)
		} else {
			l.loo = math.Inf(1) // of the others all have one x
		}
	}
	l.R2 = 1 - l.SSE/ySpread
	if slices.Min(y) == slices.Max(y) {
		l.R2 = math.NaN()
	}
	return l, nil
}

// FitAll fits one line a series.
func FitAll(series []Series) ([]Fit, error) {
	fits := make([]Fit, len(series))
	for i, s := range series {
		l, err := OLS(s.X, s.Y)
		if err != nil {
			return nil, fmt.Errorf("series %q: %w", s.Name, err)
		}
		fits[i] = l
	}
	return fits, nil
}

// PooledMSE gives the squared residuals of one least-squares line a series,
// summed over all series and divided by the number of all points: the MSE that
// is printed in Figure 4.
func PooledMSE(series []Series) (float64, error) {
	fits, err := FitAll(series)
	if err != nil {
		return 0, err
	}
	sse, n := 0., 0
	for _, l := range fits {
		sse += l.SSE
		n += l.N
	}
	if n == 0 {
		return 0, ErrEmpty
	}
	return sse / float64(n), nil
}

// scientific writes 0.000123 as 1.23e-4, as the paper does.
func scientific(v float64) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 2, 64), "e")
	n, _ := strconv.Atoi(exponent)
	return fmt.Sprintf("%se%d", mantissa, n)
}
