package augment

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/stat"

	"divvy/arrowio"
	"divvy/stdlib/diversity"
	"divvy/stdlib/figure"
	"divvy/stdlib/tokenize"
)

// Comparison is several strategies on the same seeds and the same pool.
type Comparison struct {
	// Before is the diversity of the seeds alone.
	Before diversity.Result
	// Selections are what the strategies took, in the order asked for.
	Selections []*Selection
	// RandomMean and RandomStd are the mean and the standard deviation of d over
	// Draws random choices of as many candidates as the first strategy took, and
	// of the same N: what a difference must be compared with to be one.
	RandomMean, RandomStd float64
	Draws                 int
}

// draws is how often Compare chooses at random.
const draws = 10

// Compare runs several selections on one pool; nil means Strategies with as many
// candidates as there are seeds, at most half of the pool. All should have the
// same N, P and number of candidates, or their d do not compare.
func Compare(ctx context.Context, seeds, pool *tokenize.IDs, ways []Options) (*Comparison, error) {
	if ways == nil {
		ways = Strategies(min(seeds.Len(), pool.Len()/2), 0)
	}
	if len(ways) == 0 {
		return nil, fmt.Errorf("augment: no strategies to compare")
	}
	s := newSelector(seeds, pool)
	c := &Comparison{Draws: draws}
	for _, o := range ways {
		selection, err := s.run(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", o, err)
		}
		c.Selections = append(c.Selections, selection)
	}
	first := c.Selections[0]
	c.Before = first.Before
	base := first.Options
	var d []float64
	for i := range draws {
		o := Options{Strategy: Random, Keep: max(1, first.Accepted), Seed: base.Seed + uint64(i), N: base.N, P: base.P, MaxTokens: base.MaxTokens, Workers: base.Workers}
		r, err := s.run(ctx, o)
		if err != nil {
			return nil, err
		}
		d = append(d, r.After.D)
	}
	c.RandomMean, c.RandomStd = stat.MeanStdDev(d, nil)
	return c, nil
}

// names are the strategies' names, made different where two are alike.
func (c *Comparison) names() []string {
	out, seen := make([]string, len(c.Selections)), map[string]int{}
	for i, s := range c.Selections {
		name := s.Options.String()
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s (%d)", name, seen[name])
		}
		out[i] = name
	}
	return out
}

// Table is a row a strategy with the columns strategy, accepted, refused and
// unseen (numbers of candidates), d_before, d_after, over_random (d_after minus
// RandomMean) and mean_length (N-grams of an accepted candidate).
func (c *Comparison) Table() *arrowio.Table {
	n := len(c.Selections)
	accepted, refused, unseen := make([]int, n), make([]int, n), make([]int, n)
	before, after, over, length := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i, s := range c.Selections {
		accepted[i], refused[i], unseen[i] = s.Accepted, s.Refused, s.Unseen
		before[i], after[i], over[i], length[i] = s.Before.D, s.After.D, s.After.D-c.RandomMean, s.MeanLength()
	}
	return built(arrowio.NewTable().Strings("strategy", c.names()).Ints("accepted", accepted).Ints("refused", refused).
		Ints("unseen", unseen).Floats("d_before", before).Floats("d_after", after).Floats("over_random", over).
		Floats("mean_length", length))
}

// Figure is d after each strategy, beside that of random choice.
func (c *Comparison) Figure() *figure.Figure {
	y := make([]float64, len(c.Selections))
	for i, s := range c.Selections {
		y[i] = s.After.D
	}
	f := figure.DotChart(c.names(), []figure.Series{{Name: "d after", Y: y}})
	f.Title = "What each strategy does to diversity"
	f.Subtitle = fmt.Sprintf("%d seeds, %d candidates; the seeds alone have d = %.2f", c.Before.Prompts, c.Selections[0].pool, c.Before.D)
	f.XLabel = "Diversity d of seeds and accepted candidates"
	f.Caption = fmt.Sprintf("Random: mean of %d draws, standard deviation %.3f.", c.Draws, c.RandomStd)
	f.Rules = []figure.Rule{{At: c.RandomMean, Label: "mean of random"}}
	f.Height = 160 + 34*float64(len(y))
	return f
}

// Growth is d as candidates are added, a curve a strategy.
func (c *Comparison) Growth() *figure.Figure {
	var series []figure.Series
	for i, name := range c.names() {
		s := figure.Series{Name: name, Mark: figure.Line}
		g := c.Selections[i].Growth
		for j := range g.Len() {
			s.X, s.Y = append(s.X, float64(g.Sizes[j])), append(s.Y, g.D[j])
		}
		series = append(series, s)
	}
	f := figure.Curves(series)
	for i := range f.Series {
		f.Series[i].Mark = figure.Line
	}
	f.Title = "Diversity as candidates are added"
	f.Subtitle = "In the order in which each strategy takes them"
	f.XLabel, f.YLabel = "Prompts", "Diversity d"
	f.Height = 460
	return f
}

// String is the table in plain text.
func (c *Comparison) String() string { return c.Table().String() }

// MIMEBundle shows the figure above the table.
func (c *Comparison) MIMEBundle() map[string]any {
	return figure.WithTable(c.Figure(), c.Table(), c.String())
}
