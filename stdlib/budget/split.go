package budget

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"divvy/stdlib/augment"
	"divvy/stdlib/diversity"
	"divvy/stdlib/paper"
	"divvy/stdlib/tokenize"
)

// Options of Split. Annotations is needed, all else may stay zero.
type Options struct {
	// Annotations is the budget: how many responses are annotated, all prompts
	// together.
	Annotations int
	// Responses are the numbers of responses a prompt to compare: the paper's 2, 3
	// and 4 by default.
	Responses []int
	// Law turns diversity into reward. Without one the ways are compared by
	// diversity alone.
	Law *Law
	// Choice is how prompts are chosen for diversity: augment.Novelty by default.
	// Its Keep, N, P, MaxTokens and Seed are those of here.
	Choice augment.Options
	// Draws is how many random orders of the pool are measured, 5 by default.
	Draws int
	// N and P are the order of the N-grams and the decay index, MaxTokens is where
	// a prompt is cut: 2, 0.5 and 512 by default, see package diversity.
	N         int
	P         float64
	MaxTokens int
	// Seed of the random orders and of the choice.
	Seed uint64
}

// Way is one way to spend the budget.
type Way struct {
	Responses   int // to each prompt
	Prompts     int // as many as the budget pays for and the pool has
	Annotations int // Responses times Prompts
	// Short says that the pool has fewer prompts than the budget would pay for.
	Short bool
	// RandomD is the mean diversity of so many prompts drawn at random, RandomStd
	// the standard deviation of the draws, 0 of a single one. Draws of most of the
	// pool have most prompts in common, and differ less than fresh prompts would.
	RandomD, RandomStd float64
	// ChosenD is the diversity of Rows.
	ChosenD float64
	// Rows are the prompts chosen for diversity, as rows of the pool, in the order
	// in which they were taken.
	Rows []int
	// Random and Chosen are the law's rewards at RandomD and ChosenD; zero without
	// a law. Random is outside the law's range if RandomD is by more than RandomStd.
	Random, Chosen Estimate
}

// Plan is the ways to spend a budget.
type Plan struct {
	Options Options // defaults filled in
	Pool    int     // number of prompts in the pool
	Ways    []Way   // in the order of Options.Responses
	// Curve is d of random prompts, the mean over the draws, at the numbers of
	// prompts in Sizes: what smaller budgets would buy. CurveStd is its standard
	// deviation over the draws, 0 of a single one.
	Sizes           []int
	Curve, CurveStd []float64
}

// withDefaults fills in what is not set and refuses what cannot be.
func (o Options) withDefaults(pool int) (Options, error) {
	if len(o.Responses) == 0 {
		o.Responses = paper.Rankings()
		if o.Law != nil {
			o.Responses = o.Law.Responses()
		}
	}
	if o.Draws == 0 {
		o.Draws = 5
	}
	if o.N == 0 {
		o.N = paper.NGram
	}
	if o.P == 0 {
		o.P = paper.DecayIndex
	}
	if o.Choice.Strategy == "" {
		o.Choice.Strategy = augment.Novelty
	}
	o.Choice.N, o.Choice.P, o.Choice.MaxTokens, o.Choice.Seed = o.N, o.P, o.MaxTokens, o.Seed
	switch {
	case pool == 0:
		return o, fmt.Errorf("budget: the pool has no prompts")
	case o.Draws < 0:
		return o, fmt.Errorf("budget: %d random draws", o.Draws)
	case o.Choice.Strategy == augment.Jaccard || o.Choice.Strategy == augment.LocalRatio || o.Choice.Strategy == augment.SeedNovelty:
		return o, fmt.Errorf("budget: the strategy %q measures candidates by a seed set, and there is none here: use %q or %q", o.Choice.Strategy, augment.Novelty, augment.Random)
	}
	for _, k := range o.Responses {
		switch {
		case k < 1:
			return o, fmt.Errorf("budget: %d responses a prompt", k)
		case o.Annotations < k:
			return o, fmt.Errorf("budget: %d annotations do not pay for one prompt with %d responses", o.Annotations, k)
		}
		if o.Law != nil {
			if _, err := o.Law.Reward(k, 0); err != nil {
				return o, err
			}
		}
	}
	return o, nil
}

// Split compares the ways to spend a budget on prompts of a pool, given as the
// token ids of rendered prompts. The result depends on the ids and the Options
// alone.
func Split(ctx context.Context, pool *tokenize.IDs, o Options) (*Plan, error) {
	o, err := o.withDefaults(pool.Len())
	if err != nil {
		return nil, err
	}
	p := &Plan{Options: o, Pool: pool.Len()}
	for _, k := range o.Responses {
		n := o.Annotations / k
		w := Way{Responses: k, Prompts: min(n, p.Pool), Short: n > p.Pool}
		w.Annotations = k * w.Prompts
		p.Ways = append(p.Ways, w)
		p.Sizes = append(p.Sizes, w.Prompts)
	}
	most := slices.Max(p.Sizes)
	for i := 1; i <= curvePoints; i++ {
		p.Sizes = append(p.Sizes, max(1, most*i/curvePoints))
	}
	slices.Sort(p.Sizes)
	p.Sizes = slices.Compact(p.Sizes)
	if err := p.draw(ctx, pool); err != nil {
		return nil, err
	}
	if err := p.choose(ctx, pool, most); err != nil {
		return nil, err
	}
	if o.Law == nil {
		return p, nil
	}
	for i := range p.Ways {
		w := &p.Ways[i]
		if w.Random, err = p.random(w.Responses, w.RandomD, w.RandomStd); err != nil {
			return nil, err
		}
		if w.Chosen, err = o.Law.Reward(w.Responses, w.ChosenD); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// curvePoints is how many sizes of a smaller budget are measured.
const curvePoints = 40

func (p *Plan) measure() diversity.Options {
	return diversity.Options{N: p.Options.N, P: p.Options.P, MaxTokens: p.Options.MaxTokens}
}

// random is the law's reward for random prompts. A mean that the range misses by less
// than single draws vary is not called outside.
func (p *Plan) random(responses int, d, std float64) (Estimate, error) {
	law := p.Options.Law
	e, err := law.Reward(responses, d)
	if err == nil && e.Outside {
		of := law.lines[responses]
		e.Outside = d < of.least-std || d > of.greatest+std
	}
	return e, err
}

// draw measures nested prefixes of random orders of the pool.
func (p *Plan) draw(ctx context.Context, pool *tokenize.IDs) error {
	draws := make([][]float64, len(p.Sizes)) // d of each size in each draw
	for draw := range p.Options.Draws {
		order := rand.New(rand.NewPCG(p.Options.Seed, uint64(draw))).Perm(pool.Len())
		curve, err := diversity.Curve(ctx, pool.Take(order[:p.Sizes[len(p.Sizes)-1]]), p.Sizes, p.measure())
		if err != nil {
			return fmt.Errorf("budget: random draw %d: %w", draw, err)
		}
		for i, d := range curve.D {
			draws[i] = append(draws[i], d)
		}
	}
	for _, d := range draws {
		std := 0.0
		if len(d) > 1 {
			std = stat.StdDev(d, nil)
		}
		p.Curve, p.CurveStd = append(p.Curve, stat.Mean(d, nil)), append(p.CurveStd, std)
	}
	for i := range p.Ways {
		j, _ := slices.BinarySearch(p.Sizes, p.Ways[i].Prompts)
		p.Ways[i].RandomD, p.Ways[i].RandomStd = p.Curve[j], p.CurveStd[j]
	}
	return nil
}

// choose takes the prompts of each way. Those of a smaller way are the first of
// the largest one's, as the choice takes one prompt after the other; only with
// LengthMatch, which divides the number among the lengths, each is a choice of
// its own.
func (p *Plan) choose(ctx context.Context, pool *tokenize.IDs, most int) error {
	none, err := tokenize.NewIDs(nil, pool.VocabSize())
	if err != nil {
		return fmt.Errorf("budget: %w", err)
	}
	var rows []int
	for i := range p.Ways {
		w := &p.Ways[i]
		if rows == nil || p.Options.Choice.LengthMatch {
			choice := p.Options.Choice
			choice.Keep = most
			if choice.LengthMatch {
				choice.Keep = w.Prompts
			}
			selection, err := augment.Select(ctx, none, pool, choice)
			if err != nil {
				return fmt.Errorf("budget: choosing prompts: %w", err)
			}
			rows = selection.Rows
		}
		n := min(w.Prompts, len(rows))
		w.Rows = rows[:n:n]
		m, err := diversity.Measure(ctx, pool.Take(w.Rows), p.measure())
		if err != nil {
			return fmt.Errorf("budget: the prompts chosen for %d responses: %w", w.Responses, err)
		}
		w.ChosenD = m.D
	}
	return nil
}

// Best is the way of the greatest reward, the first of them where several are equal:
// of the reward with chosen prompts or, where the law says nothing about some of
// these because their d lies outside its range, with random ones. Without a law it is
// the way whose chosen prompts are the most diverse.
func (p *Plan) Best() Way { return p.Ways[p.best()] }

// best is the place of Best.
func (p *Plan) best() int {
	best := 0
	for i, w := range p.Ways {
		of := func(w Way) float64 {
			if p.Options.Law == nil {
				return w.ChosenD
			}
			return p.compared(w).Reward
		}
		if of(w) > of(p.Ways[best]) {
			best = i
		}
	}
	return best
}

// compared is the estimate that a way is compared with others by.
func (p *Plan) compared(w Way) Estimate {
	if p.byChosen() {
		return w.Chosen
	}
	return w.Random
}

// byChosen tells whether the law's range has the d of all chosen prompts, so that
// ways can be compared by them.
func (p *Plan) byChosen() bool {
	return !slices.ContainsFunc(p.Ways, func(w Way) bool { return w.Chosen.Outside })
}
