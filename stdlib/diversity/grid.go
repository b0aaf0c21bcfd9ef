package diversity

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"divvy/arrowio"
	"divvy/stdlib/figure"
)

// Observation is the reward of a model trained on a subset.
type Observation struct {
	Prompts int     // size of the subset; one of the series' sizes
	Group   string  // points of one group share a line, as those of one ranking do
	Reward  float64 // in whatever unit; errors are in its square
}

// GridOptions of GridSearch.
type GridOptions struct {
	// Indices are the decay indices p to try, in any order: 0 to 1 in steps of 0.002
	// by default.
	Indices []float64
	// Confidence is the level of intervals and bands, 0.95 by default.
	Confidence float64
}

// GridPoint is one definition of d and how well rewards follow it.
type GridPoint struct {
	N   int
	P   float64
	MSE float64 // squared residuals of one line a group, pooled, over the points
	LOO float64 // the same with each point predicted by a line fitted without it
}

// Grid is the outcome of a GridSearch.
type Grid struct {
	Points []GridPoint // by N, then by P
	Best   GridPoint   // least MSE
	// BestLOO is the least leave-one-out error: what one should look at when
	// definitions are compared, since it does not reward chance. The error is
	// infinite when a line cannot do without one of its points.
	BestLOO GridPoint
	// Intervals has for each N the p of least MSE and its confidence interval.
	Intervals []Interval
	// Confidence is the level of the intervals.
	Confidence float64
}

// Interval is the decay index that fits best for one N, and the interval around it
// of those that fit not significantly worse. Under normal errors of one variance these are
// the p whose squared residuals are at most 1 + F/f times the least, with F the
// quantile of the F distribution for 1 and f degrees of freedom, and f what two
// numbers a line and p itself leave of the observations. That is exact for a
// parameter on which the lines depend linearly, and good where they nearly do.
// Observations that are not independent, as those of nested subsets are not, know
// less than the interval says.
type Interval struct {
	N         int
	P         float64
	Low, High float64
	// AtEnd says that an end of the interval is an end of the grid, so that the
	// interval may go on beyond it.
	AtEnd bool
	// Elsewhere says that there are more of them in the grid, beyond some that fit
	// worse. With a small p, for example, d falls as prompts are added, and a falling
	// line may fit what a rising one does.
	Elsewhere bool
}

// GridSearch asks how d should be defined: it fits rewards by one least-squares
// line a group against d, for each series (one for each order N to try, each
// with the sizes of all observations) and each decay index. It is the paper's
// first open question. A Series is what Curve gives; only Sizes and Ratio are
// used, so published ratios will do.
func GridSearch(series []*Series, observations []Observation, o GridOptions) (*Grid, error) {
	if o.Indices == nil {
		for i := 0; i <= 500; i++ {
			o.Indices = append(o.Indices, float64(i)/500)
		}
	}
	o.Indices = slices.Sorted(slices.Values(o.Indices))
	if o.Confidence == 0 {
		o.Confidence = 0.95
	}
	if len(series) == 0 || len(o.Indices) == 0 || len(observations) == 0 {
		return nil, fmt.Errorf("diversity: grid search over %d orders, %d decay indices and %d observations", len(series), len(o.Indices), len(observations))
	}
	if o.Confidence <= 0 || o.Confidence >= 1 {
		return nil, fmt.Errorf("diversity: grid search: a confidence of %v is not between 0 and 1", o.Confidence)
	}
	g := &Grid{Confidence: o.Confidence}
	for _, s := range series {
		ratio := map[int]float64{}
		for i, size := range s.Sizes {
			ratio[size] = s.Ratio[i]
		}
		for i, ob := range observations {
			if _, ok := ratio[ob.Prompts]; !ok {
				return nil, fmt.Errorf("diversity: grid search: observation %d has %d prompts, the %d-gram series has no such size", i, ob.Prompts, s.N)
			}
		}
		first, free := len(g.Points), 0
		for _, p := range o.Indices {
			d := make([]float64, len(observations))
			for i, ob := range observations {
				d[i] = math.Pow(float64(ob.Prompts), p) * ratio[ob.Prompts]
			}
			lines, err := Lines(d, observations)
			if err != nil {
				return nil, fmt.Errorf("diversity: grid search at N = %d, p = %g: %w", s.N, p, err)
			}
			point := GridPoint{N: s.N, P: p}
			point.MSE, point.LOO = pooled(lines)
			g.Points, free = append(g.Points, point), len(observations)-2*len(lines)-1
		}
		g.Intervals = append(g.Intervals, interval(g.Points[first:], free, o.Confidence))
	}
	g.Best = slices.MinFunc(g.Points, func(a, b GridPoint) int { return cmp.Compare(a.MSE, b.MSE) })
	g.BestLOO = slices.MinFunc(g.Points, func(a, b GridPoint) int { return cmp.Compare(a.LOO, b.LOO) })
	return g, nil
}

// interval is the points of one N around the best that fit not significantly
// worse; all of them when the observations leave no freedom to tell.
func interval(points []GridPoint, free int, confidence float64) Interval {
	best := 0
	for i, p := range points {
		if p.MSE < points[best].MSE {
			best = i
		}
	}
	most := math.Inf(1)
	if free > 0 { // F for 1 and f degrees of freedom is Student's t squared
		t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(free)}.Quantile(0.5 + confidence/2)
		most = points[best].MSE * (1 + t*t/float64(free))
	}
	low, high := best, best
	for low > 0 && points[low-1].MSE <= most {
		low--
	}
	for high+1 < len(points) && points[high+1].MSE <= most {
		high++
	}
	v := Interval{N: points[best].N, P: points[best].P, Low: points[low].P, High: points[high].P, AtEnd: low == 0 || high+1 == len(points)}
	for i, p := range points {
		v.Elsewhere = v.Elsewhere || (i < low || i > high) && p.MSE <= most
	}
	return v
}

// Table is the points with the columns n, p, mse and loo.
func (g *Grid) Table() *arrowio.Table {
	n := make([]int64, len(g.Points))
	p, mse, loo := make([]float64, len(n)), make([]float64, len(n)), make([]float64, len(n))
	for i, point := range g.Points {
		n[i], p[i], mse[i], loo[i] = int64(point.N), point.P, point.MSE, point.LOO
	}
	return table([]string{"n", "p", "mse", "loo"}, n, p, mse, loo)
}

// IntervalTable is the intervals with the columns n, p, low, high, at_end and
// elsewhere.
func (g *Grid) IntervalTable() *arrowio.Table {
	rows := len(g.Intervals)
	n := make([]int, rows)
	p, low, high := make([]float64, rows), make([]float64, rows), make([]float64, rows)
	atEnd, elsewhere := make([]bool, rows), make([]bool, rows)
	for i, v := range g.Intervals {
		n[i], p[i], low[i], high[i], atEnd[i], elsewhere[i] = v.N, v.P, v.Low, v.High, v.AtEnd, v.Elsewhere
	}
	t, err := arrowio.NewTable().Ints("n", n).Floats("p", p).Floats("low", low).Floats("high", high).
		Bools("at_end", atEnd).Bools("elsewhere", elsewhere).Build()
	if err != nil {
		panic("diversity: " + err.Error()) // columns of one length under distinct names
	}
	return t
}

// Line is the least-squares line of one group's rewards against d: what
// figure.OLS fits, with standard errors and bands.
type Line struct {
	Group string
	figure.Fit
}

// String is the group and its line.
func (l Line) String() string { return l.Group + ": " + l.Fit.String() }

// Lines fits one line a group, groups in the order of their first observation;
// d[i] is the diversity of observation i's subset.
func Lines(d []float64, observations []Observation) ([]Line, error) {
	if len(d) != len(observations) {
		return nil, fmt.Errorf("diversity: %d diversities for %d observations", len(d), len(observations))
	}
	var groups []string
	x, y := map[string][]float64{}, map[string][]float64{}
	for i, ob := range observations {
		if x[ob.Group] == nil {
			groups = append(groups, ob.Group)
		}
		x[ob.Group], y[ob.Group] = append(x[ob.Group], d[i]), append(y[ob.Group], ob.Reward)
	}
	lines := make([]Line, len(groups))
	for i, group := range groups {
		fit, err := figure.OLS(x[group], y[group])
		if err != nil {
			return nil, fmt.Errorf("diversity: the line of group %q: %w", group, err)
		}
		lines[i] = Line{group, fit}
	}
	return lines, nil
}
