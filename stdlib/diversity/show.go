package diversity

import (
	"fmt"
	"math"

	"divvy/arrowio"
	"divvy/stdlib/display"
	"divvy/stdlib/figure"
)

// mostPoints is how many points of a curve a figure draws.
const mostPoints = 400

// MIMEBundle shows the result as a table of one row.
func (r Result) MIMEBundle() map[string]any {
	return map[string]any{display.MIMEHTML: r.Table().HTML(), display.MIMEText: r.String()}
}

// Figure is d as the number of prompts grows: the paper's Figure 4(b). Of a very
// long series some hundred points are drawn.
func (s *Series) Figure() *figure.Figure {
	c := figure.Series{Name: fmt.Sprintf("N = %d", s.N)}
	step := max(1, (s.Len()+mostPoints-1)/mostPoints)
	order := rising(s.Sizes)
	for i := 0; i < s.Len(); i += step {
		if i+step >= s.Len() {
			i = s.Len() - 1 // the last point is always drawn
		}
		at := i
		if order != nil {
			at = order[i]
		}
		c.X, c.Y = append(c.X, float64(s.Sizes[at])), append(c.Y, s.D[at])
	}
	f := figure.Curves([]figure.Series{c})
	f.Title = "Diversity of nested subsets"
	f.Subtitle = fmt.Sprintf("Distinct over all %d-grams of the first prompts, times their number to the power of %g", s.N, s.P)
	f.XLabel, f.YLabel = "Prompts", "Diversity d"
	return f
}

// String is the first and the last subset.
func (s *Series) String() string {
	if s.Len() == 0 {
		return "no subsets"
	}
	order := rising(s.Sizes)
	first, last := 0, s.Len()-1
	if order != nil {
		first, last = order[0], order[last]
	}
	return fmt.Sprintf("%d subsets: %d prompts d = %.4f … %d prompts d = %.4f (%d-grams, p = %g)",
		s.Len(), s.Sizes[first], s.D[first], s.Sizes[last], s.D[last], s.N, s.P)
}

// MIMEBundle shows the curve above the table.
func (s *Series) MIMEBundle() map[string]any {
	return figure.WithTable(s.Figure(), s.Table(), s.String()+"\n"+s.Table().String())
}

// Figure is the share of new N-grams as prompts come in: how fast the well runs
// dry. Each point is the mean over neighbouring prompts.
func (c *Contributions) Figure() *figure.Figure {
	const points = 100
	s := figure.Series{Name: "new N-grams", Mark: figure.Line}
	step := max(1, (len(c.New)+points-1)/points)
	for from := 0; from < len(c.New); from += step {
		to := min(from+step, len(c.New))
		fresh, total := 0, 0
		for i := from; i < to; i++ {
			fresh, total = fresh+c.New[i], total+c.Total[i]
		}
		if total > 0 {
			s.X, s.Y = append(s.X, float64(from+to)/2), append(s.Y, 100*float64(fresh)/float64(total))
		}
	}
	f := &figure.Figure{Series: []figure.Series{s}}
	f.Title = "What each prompt adds"
	f.Subtitle = fmt.Sprintf("Share of a prompt's %d-grams that no earlier prompt has; mean of %d prompts", c.N, step)
	f.XLabel, f.YLabel = "Place of the prompt", "New N-grams (%)"
	return f
}

// String says how much is new in all.
func (c *Contributions) String() string {
	fresh, total := 0, 0
	for i := range c.New {
		fresh, total = fresh+c.New[i], total+c.Total[i]
	}
	return fmt.Sprintf("%d prompts add %d new %d-grams of %d", len(c.New), fresh, c.N, total)
}

// MIMEBundle shows the figure above the table.
func (c *Contributions) MIMEBundle() map[string]any {
	return figure.WithTable(c.Figure(), c.Table(), c.String()+"\n"+c.Table().String())
}

// Figure is both errors against the decay index, a pair of curves for each order.
func (g *Grid) Figure() *figure.Figure {
	var series []figure.Series
	for i, v := range g.Intervals {
		mse := figure.Series{Name: fmt.Sprintf("N = %d, fit", v.N), Color: i%4*2 + 1, Mark: figure.Line}
		loo := figure.Series{Name: fmt.Sprintf("N = %d, leave-one-out", v.N), Color: i%4*2 + 2, Mark: figure.Line}
		for _, p := range g.Points {
			if p.N != v.N {
				continue
			}
			mse.X, mse.Y = append(mse.X, p.P), append(mse.Y, math.Sqrt(p.MSE))
			if !math.IsInf(p.LOO, 0) {
				loo.X, loo.Y = append(loo.X, p.P), append(loo.Y, math.Sqrt(p.LOO))
			}
		}
		series = append(series, mse)
		if len(loo.X) > 0 {
			series = append(series, loo)
		}
	}
	f := &figure.Figure{Series: series}
	f.Title = "Which decay index do the rewards follow?"
	f.Subtitle = g.String()
	f.XLabel, f.YLabel = "Decay index p", "Error of the reward (root mean square)"
	f.Rules = []figure.Rule{{At: g.Best.P, Label: fmt.Sprintf("p = %.3g", g.Best.P)}}
	return f
}

// String is the best definition, its error and its interval.
func (g *Grid) String() string {
	s := fmt.Sprintf("Best: N = %d, p = %.3g (MSE %.3g)", g.Best.N, g.Best.P, g.Best.MSE)
	for _, v := range g.Intervals {
		if v.N == g.Best.N {
			s += fmt.Sprintf(", %g %% interval %.3g to %.3g", 100*g.Confidence, v.Low, v.High)
			if v.AtEnd {
				s += ", which is where the grid ends"
			}
			if v.Elsewhere {
				s += "; others, far from there, fit as well"
			}
		}
	}
	return s
}

// MIMEBundle shows the figure above the intervals; Table has every point.
func (g *Grid) MIMEBundle() map[string]any {
	return figure.WithTable(g.Figure(), g.IntervalTable(), g.String()+"\n"+g.IntervalTable().String())
}

// Figure is the distribution of the index.
func (j Jaccard) Figure() *figure.Figure {
	counts := make([]float64, len(j.Histogram))
	last := 0
	for i, n := range j.Histogram {
		if counts[i] = 100 * float64(n) / float64(max(1, j.Pairs)); n > 0 {
			last = i
		}
	}
	shown := min(len(counts), max(10, last+1)) // most pairs share next to nothing
	f := figure.HistogramOf("pairs", counts[:shown], 0, float64(shown)/100)
	f.Title = "How alike two prompts are"
	f.Subtitle = j.String()
	f.XLabel, f.YLabel = "Jaccard index of their N-gram sets", "Pairs (%)"
	return f
}

// Table is the distribution in one row.
func (j Jaccard) Table() *arrowio.Table {
	one := func(v float64) []float64 { return []float64{v} }
	return table([]string{"pairs", "mean", "std", "median", "p95", "max"}, []int64{int64(j.Pairs)},
		one(j.Mean), one(j.Std), one(j.Median), one(j.P95), one(j.Max))
}

// String is the distribution in one line.
func (j Jaccard) String() string {
	return fmt.Sprintf("%d pairs: mean %.4f, median %.4f, 95 %% below %.4f, at most %.4f", j.Pairs, j.Mean, j.Median, j.P95, j.Max)
}

// MIMEBundle shows the figure above the table.
func (j Jaccard) MIMEBundle() map[string]any {
	return figure.WithTable(j.Figure(), j.Table(), j.String())
}

// String is the table in plain text.
func (p *Profile) String() string { return p.Table().String() }

// MIMEBundle shows the measures as a table.
func (p *Profile) MIMEBundle() map[string]any {
	return map[string]any{display.MIMEHTML: p.Table().HTML(), display.MIMEText: p.String()}
}
