package figure

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"
)

// Fit is a least-squares line, y = Slope·x + Intercept.
type Fit struct {
	Slope, Intercept float64
	// SSE is the sum of the squared residuals over the N points.
	SSE float64
	N   int
	// R2 is the share of the variance of y that the line explains.
	R2 float64
}

// At gives the line's y.
func (l Fit) At(x float64) float64 { return l.Slope*x + l.Intercept }

// MSE gives SSE / N, the biased mean squared error that the paper prints.
func (l Fit) MSE() float64 { return l.SSE / float64(l.N) }

// String writes the line as a formula.
func (l Fit) String() string {
	return fmt.Sprintf("y = %.5g x %+.5g (n = %d, MSE %.3g, R² %.3f)", l.Slope, l.Intercept, l.N, l.MSE(), l.R2)
}

// OLS fits a line by ordinary least squares. It needs two points of different x.
func OLS(x, y []float64) (Fit, error) {
	if len(x) != len(y) {
		return Fit{}, fmt.Errorf("figure: least squares: %d x and %d y", len(x), len(y))
	}
	if len(x) < 2 {
		return Fit{}, fmt.Errorf("figure: least squares: %d points, want at least 2", len(x))
	}
	l := Fit{N: len(x)}
	l.Intercept, l.Slope = stat.LinearRegression(x, y, nil, false)
	if math.IsNaN(l.Slope) || math.IsInf(l.Slope, 0) {
		return Fit{}, fmt.Errorf("figure: least squares: no finite line: x all equal, or a value not finite")
	}
	for i := range x {
		r := y[i] - l.At(x[i])
		l.SSE += r * r
	}
	l.R2 = stat.RSquared(x, y, nil, l.Intercept, l.Slope)
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
