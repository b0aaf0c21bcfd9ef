package augment

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
)

// scores is the score of every candidate that does not depend on which others
// are taken.
func (p *problem) scores(ctx context.Context) ([]float64, error) {
	score := make([]float64, p.pool)
	if p.Strategy == SeedNovelty {
		seen := p.seenBySeeds()
		err := parallel(ctx, p.pool, p.Workers, p.Progress, "novelty", func(_, from, to int) {
			for row := from; row < to; row++ {
				score[row] = p.newShare(seen, row)
			}
		})
		return score, err
	}
	local := make([]localScorer, p.Workers)
	err := parallel(ctx, p.pool, p.Workers, p.Progress, string(p.Strategy), func(worker, from, to int) {
		for row := from; row < to; row++ {
			score[row] = local[worker].score(p, row, p.seeds)
		}
	})
	return score, err
}

// growing is the search in which supporting samples also come from the
// candidates taken so far.
func (p *problem) growing(ctx context.Context) (rows []int, score []float64, looked int, err error) {
	score = nans(p.pool)
	start(p.Progress, int64(p.pool), string(p.Strategy))
	defer done(p.Progress)
	var local localScorer
	local.taken = func(i int) int { return p.candidate(rows[i]) }
	for row := range p.pool {
		if row%batch == 0 && ctx.Err() != nil {
			return nil, nil, 0, fmt.Errorf("augment: %s at candidate %d of %d: %w", p.Strategy, row, p.pool, context.Cause(ctx))
		}
		if len(rows) == p.Keep {
			return rows, score, row, nil
		}
		score[row] = local.score(p, row, p.seeds+len(rows))
		if p.passes(score[row]) {
			rows = append(rows, row)
		}
		add(p.Progress, 1)
	}
	return rows, score, p.pool, nil
}

// localScorer compares a candidate with its supporting samples. It holds memory
// that one goroutine reuses.
type localScorer struct {
	supports []int
	union    []uint32
	taken    func(i int) int // the set of the i-th candidate that was taken
}

// score draws the supporting samples of a candidate from the first population
// prompts (seeds, then candidates taken) and gives its score.
func (l *localScorer) score(p *problem, row, population int) float64 {
	l.draw(rand.New(rand.NewPCG(p.Seed, uint64(row)+1)), p.Supports, population)
	for i, s := range l.supports {
		if s >= p.seeds {
			l.supports[i] = l.taken(s - p.seeds)
		}
	}
	c := p.candidate(row)
	a := p.sets.at(c)
	if p.Strategy == LocalRatio {
		total := int(p.sets.total[c])
		for _, s := range l.supports {
			total += int(p.sets.total[s])
		}
		if total == 0 {
			return 0
		}
		return float64(len(l.unite(p, a))) / float64(total)
	}
	if p.Rule == Union {
		b := l.unite(p, nil)
		return index(intersection(a, b), len(a), len(b))
	}
	most, sum := 0.0, 0.0
	for _, s := range l.supports {
		b := p.sets.at(s)
		j := index(intersection(a, b), len(a), len(b))
		most, sum = max(most, j), sum+j
	}
	if p.Rule == Mean {
		return sum / float64(len(l.supports))
	}
	return most
}

// unite is the union of the supporting samples' sets and one more.
func (l *localScorer) unite(p *problem, more []uint32) []uint32 {
	l.union = append(l.union[:0], more...)
	for _, s := range l.supports {
		l.union = append(l.union, p.sets.at(s)...)
	}
	slices.Sort(l.union)
	l.union = slices.Compact(l.union)
	return l.union
}

// draw draws k different numbers below n (Floyd's algorithm).
func (l *localScorer) draw(r *rand.Rand, k, n int) {
	l.supports = l.supports[:0]
	for j := n - k; j < n; j++ {
		if s := r.IntN(j + 1); !slices.Contains(l.supports, s) {
			l.supports = append(l.supports, s)
		} else {
			l.supports = append(l.supports, j)
		}
	}
}
