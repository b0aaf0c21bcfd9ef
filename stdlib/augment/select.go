package augment

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"divvy/stdlib/diversity"
	"divvy/stdlib/tokenize"
)

// Selection is the candidates that a strategy took.
type Selection struct {
	// Options are those of the call, defaults filled in.
	Options Options
	// Rows are the accepted candidates, as rows of the pool, in the order in which
	// they were taken.
	Rows []int
	// Score is each candidate's score: its Jaccard index, ratio or share of new
	// N-grams; for Novelty that of the last time it was computed, an upper bound
	// for those not taken. NaN where none was computed.
	Score []float64
	// Accepted, Refused and Unseen are how many candidates were taken, were looked
	// at and not taken, and were never looked at, because Keep had been reached.
	Accepted, Refused, Unseen int
	// Before and After are the diversity of the seeds, and of the seeds and the
	// accepted candidates.
	Before, After diversity.Result
	// Growth is the diversity on the way, as candidates are added in the order of
	// Rows: some twenty sizes from the seeds alone to all.
	Growth *diversity.Series

	seeds, pool int
	lengths     []int32 // N-grams of each candidate
	order       []int   // order[row] is the place of a row in Rows, -1 for none
}

// Select takes candidates of pool that go with seeds, both as token ids of one
// tokenizer. The result depends on the ids and the Options alone.
func Select(ctx context.Context, seeds, pool *tokenize.IDs, o Options) (*Selection, error) {
	return newSelector(seeds, pool).run(ctx, o)
}

// selector has what several selections from one pool share.
type selector struct {
	seeds, pool *tokenize.IDs
	sets        map[[2]int]*gramSets // by N and MaxTokens
}

func newSelector(seeds, pool *tokenize.IDs) *selector {
	return &selector{seeds: seeds, pool: pool, sets: map[[2]int]*gramSets{}}
}

// problem is one selection: sets 0 … seeds-1 are the seeds', the others the
// candidates'.
type problem struct {
	Options
	sets  *gramSets
	seeds int
	pool  int
}

// candidate is the place in sets of a row of the pool.
func (p *problem) candidate(row int) int { return p.seeds + row }

func (s *selector) run(ctx context.Context, o Options) (*Selection, error) {
	o, err := o.withDefaults(s.seeds.Len(), s.pool.Len())
	if err != nil {
		return nil, err
	}
	key := [2]int{o.N, o.MaxTokens}
	if s.sets[key] == nil {
		sets, err := newGramSets(ctx, o.N, o.MaxTokens, o.Progress, s.seeds, s.pool)
		if err != nil {
			return nil, err
		}
		s.sets[key] = sets
	}
	p := &problem{Options: o, sets: s.sets[key], seeds: s.seeds.Len(), pool: s.pool.Len()}
	out := &Selection{Options: o, seeds: p.seeds, pool: p.pool, lengths: p.sets.total[p.seeds:]}
	out.Options.Progress = nil // a result holds no display
	looked := p.pool
	switch {
	case o.Strategy == Random:
		out.Score = nans(p.pool)
		score := make([]float64, p.pool)
		r := rand.New(rand.NewPCG(o.Seed, 0))
		for i := range score {
			score[i] = r.Float64()
		}
		out.Rows = p.best(score)
	case o.Strategy == Novelty:
		out.Rows, out.Score, err = p.novelty(ctx)
	case o.Growing:
		out.Rows, out.Score, looked, err = p.growing(ctx)
	default:
		out.Score, err = p.scores(ctx)
		switch {
		case err != nil:
		case o.Threshold > 0 && !o.LengthMatch:
			out.Rows, looked = p.inOrder(out.Score)
		default:
			out.Rows = p.best(out.Score)
		}
	}
	if err != nil {
		return nil, err
	}
	out.Accepted = len(out.Rows)
	out.Refused, out.Unseen = looked-out.Accepted, p.pool-looked
	for row := looked; row < p.pool; row++ {
		out.Score[row] = math.NaN() // computed, but not looked at
	}
	out.order = make([]int, p.pool)
	for row := range out.order {
		out.order[row] = -1
	}
	for place, row := range out.Rows {
		out.order[row] = place
	}
	return out, s.measure(ctx, out)
}

// measure fills in d before, on the way and after.
func (s *selector) measure(ctx context.Context, out *Selection) error {
	const points = 20
	sizes := []int{}
	for i := range points + 1 {
		if n := s.seeds.Len() + out.Accepted*i/points; len(sizes) == 0 || n > sizes[len(sizes)-1] {
			sizes = append(sizes, n)
		}
	}
	all, err := join(s.seeds, s.pool.Take(out.Rows))
	if err != nil {
		return err
	}
	maxTokens := out.Options.MaxTokens
	o := diversity.Options{N: out.Options.N, P: out.Options.P, MaxTokens: maxTokens, Workers: out.Options.Workers}
	if out.Growth, err = diversity.Curve(ctx, all, sizes, o); err != nil {
		return fmt.Errorf("augment: measuring the result: %w", err)
	}
	out.Before, out.After = out.Growth.At(0), out.Growth.At(out.Growth.Len()-1)
	return nil
}

// join is the texts of a, then those of b.
func join(a, b *tokenize.IDs) (*tokenize.IDs, error) {
	return tokenize.NewIDs(append(a.Sequences(), b.Sequences()...), max(a.VocabSize(), b.VocabSize()))
}

// passes tells whether a score is good enough.
func (p *problem) passes(score float64) bool {
	return p.Threshold == 0 || p.lowIsGood() && score < p.Threshold || !p.lowIsGood() && score >= p.Threshold
}

// lowIsGood tells which way the strategy's score points.
func (p *problem) lowIsGood() bool { return p.Strategy == Jaccard || p.Strategy == Random }

// inOrder takes candidates that pass, in the order of the pool, until there are
// enough; looked is how many it had to look at.
func (p *problem) inOrder(score []float64) (rows []int, looked int) {
	for row, s := range score {
		if len(rows) == p.Keep {
			return rows, row
		}
		if p.passes(s) {
			rows = append(rows, row)
		}
	}
	return rows, p.pool
}

// best takes the candidates of the best scores that pass, best first; of equal
// scores the first. With LengthMatch each stratum of lengths has its quota.
func (p *problem) best(score []float64) []int {
	order := make([]int, 0, p.pool)
	for row, s := range score {
		if p.passes(s) {
			order = append(order, row)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case score[a] == score[b]:
			return 0
		case (score[a] < score[b]) == p.lowIsGood():
			return -1
		}
		return 1
	})
	quota := p.quotas()
	rows := order[:0]
	for _, row := range order {
		if quota.take(row) {
			rows = append(rows, row)
		}
	}
	return rows
}

// quotas says how many candidates of each length may still be taken.
type quotas struct {
	stratum []int // of each candidate; nil when all are in one
	left    []int // of each stratum
}

// quotas shares Keep among the strata of lengths.
func (p *problem) quotas() *quotas {
	keep := min(p.Keep, p.pool)
	if !p.LengthMatch {
		return &quotas{left: []int{keep}}
	}
	lengths := p.sets.total[p.seeds:]
	order := make([]int, p.pool)
	for row := range order {
		order[row] = row
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(lengths[a]) - int(lengths[b]) })
	strata := min(p.Strata, max(1, p.pool))
	q := &quotas{stratum: make([]int, p.pool), left: make([]int, strata)}
	for s := range strata {
		for _, row := range order[s*p.pool/strata : (s+1)*p.pool/strata] {
			q.stratum[row] = s
		}
		q.left[s] = (s+1)*keep/strata - s*keep/strata
	}
	return q
}

// take tells whether a candidate may be taken, and counts it.
func (q *quotas) take(row int) bool {
	s := 0
	if q.stratum != nil {
		s = q.stratum[row]
	}
	if q.left[s] == 0 {
		return false
	}
	q.left[s]--
	return true
}

func nans(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = math.NaN()
	}
	return out
}
