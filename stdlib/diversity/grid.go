package diversity

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"divvy/arrowio"
)

// Observation is the reward of a model trained on a subset.
type Observation struct {
	Prompts int     // size of the subset; one of the series' sizes
	Group   string  // points of one group share a line, as those of one ranking do
	Reward  float64 // in whatever unit; errors are in its square
}

// GridOptions of GridSearch.
type GridOptions struct {
	// Indices are the decay indices p to try: 0 to 1 in steps of 0.002 by default.
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
	// definitions are compared, since it does not reward chance.
	BestLOO GridPoint
	// Intervals has for each N the p of least MSE and its confidence interval.
	Intervals []Interval
	// Confidence is the level of the intervals.
	Confidence float64
}

// Interval is the decay index that fits best for one N, and the interval of all
// that fit not significantly worse: those whose likelihood, under normal errors
// of one variance, is within a chi-squared quantile of the best (profile
// likelihood). An end at the end of the grid means that the interval may go on.
type Interval struct {
	N         int
	P         float64
	Low, High float64
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
	if o.Confidence == 0 {
		o.Confidence = 0.95
	}
	if len(series) == 0 || len(o.Indices) == 0 {
		return nil, fmt.Errorf("diversity: grid search over %d orders and %d decay indices", len(series), len(o.Indices))
	}
	if o.Confidence <= 0 || o.Confidence >= 1 {
		return nil, fmt.Errorf("diversity: grid search: a confidence of %v is not between 0 and 1", o.Confidence)
	}
	slack := distuv.ChiSquared{K: 1}.Quantile(o.Confidence) / float64(len(observations))
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
		first := len(g.Points)
		for _, p := range o.Indices {
			d := make([]float64, len(observations))
			for i, ob := range observations {
				d[i] = math.Pow(float64(ob.Prompts), p) * ratio[ob.Prompts]
			}
			lines, err := Lines(d, observations)
			if err != nil {
				return nil, err
			}
			point := GridPoint{N: s.N, P: p}
			for _, l := range lines {
				point.MSE += l.sse / float64(len(observations))
				point.LOO += l.loo / float64(len(observations))
			}
			g.Points = append(g.Points, point)
		}
		g.Intervals = append(g.Intervals, interval(g.Points[first:], slack))
	}
	byMSE := func(a, b GridPoint) int { return compare(a.MSE, b.MSE) }
	byLOO := func(a, b GridPoint) int { return compare(a.LOO, b.LOO) }
	g.Best, g.BestLOO = slices.MinFunc(g.Points, byMSE), slices.MinFunc(g.Points, byLOO)
	return g, nil
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// interval is the points of one N around the best whose log-likelihood ratio,
// log(MSE/least MSE) a point, is within slack.
func interval(points []GridPoint, slack float64) Interval {
	best := 0
	for i, p := range points {
		if p.MSE < points[best].MSE {
			best = i
		}
	}
	low, high := best, best
	within := func(i int) bool { return math.Log(points[i].MSE/points[best].MSE) <= slack }
	for low > 0 && within(low-1) {
		low--
	}
	for high+1 < len(points) && within(high+1) {
		high++
	}
	return Interval{N: points[best].N, P: points[best].P, Low: points[low].P, High: points[high].P}
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

// IntervalTable is the intervals with the columns n, p, low and high.
func (g *Grid) IntervalTable() *arrowio.Table {
	n := make([]int64, len(g.Intervals))
	p, low, high := make([]float64, len(n)), make([]float64, len(n)), make([]float64, len(n))
	for i, v := range g.Intervals {
		n[i], p[i], low[i], high[i] = int64(v.N), v.P, v.Low, v.High
	}
	return table([]string{"n", "p", "low", "high"}, n, p, low, high)
}

// Line is the least-squares line of one group's rewards against d.
type Line struct {
	Group            string
	Points           int
	Slope, Intercept float64

	mean, spread float64 // of d: mean, and sum of squared deviations
	sse, loo     float64
}

// MSE is the mean squared residual of the line's own points.
func (l Line) MSE() float64 { return l.sse / float64(l.Points) }

// At is the line's reward at d.
func (l Line) At(d float64) float64 { return l.Intercept + l.Slope*d }

// Band is the confidence band of the line at d, for the mean reward there, under
// normal errors: At(d) minus and plus Student's t times the standard error. It
// is infinite for a line through two points.
func (l Line) Band(d, confidence float64) (low, high float64) {
	if l.Points < 3 {
		return math.Inf(-1), math.Inf(1)
	}
	freedom := float64(l.Points - 2)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile(0.5 + confidence/2)
	half := t * math.Sqrt(l.sse/freedom*(1/float64(l.Points)+(d-l.mean)*(d-l.mean)/l.spread))
	return l.At(d) - half, l.At(d) + half
}

// Lines fits one line a group, groups in the order of their first observation;
// d[i] is the diversity of observation i's subset.
func Lines(d []float64, observations []Observation) ([]Line, error) {
	if len(d) != len(observations) {
		return nil, fmt.Errorf("diversity: %d diversities for %d observations", len(d), len(observations))
	}
	var groups []string
	places := map[string][]int{}
	for i, ob := range observations {
		if places[ob.Group] == nil {
			groups = append(groups, ob.Group)
		}
		places[ob.Group] = append(places[ob.Group], i)
	}
	lines := make([]Line, len(groups))
	for i, group := range groups {
		l := Line{Group: group, Points: len(places[group])}
		if l.Points < 2 {
			return nil, fmt.Errorf("diversity: a line through %d point of group %q", l.Points, group)
		}
		var mean float64
		for _, at := range places[group] {
			l.mean += d[at] / float64(l.Points)
			mean += observations[at].Reward / float64(l.Points)
		}
		for _, at := range places[group] {
			l.spread += (d[at] - l.mean) * (d[at] - l.mean)
			l.Slope += (d[at] - l.mean) * (observations[at].Reward - mean)
		}
		if l.spread == 0 {
			return nil, fmt.Errorf("diversity: all points of group %q have the same d", group)
		}
		l.Slope /= l.spread
		l.Intercept = mean - l.Slope*l.mean
		for _, at := range places[group] {
			e := observations[at].Reward - l.At(d[at])
			l.sse += e * e
			leverage := 1/float64(l.Points) + (d[at]-l.mean)*(d[at]-l.mean)/l.spread
			l.loo += (e / (1 - leverage)) * (e / (1 - leverage))
		}
		if l.Points < 3 {
			l.loo = math.Inf(1) // without one of two points there is no line
		}
		lines[i] = l
	}
	return lines, nil
}
