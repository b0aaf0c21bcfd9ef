package augment

import (
	"container/heap"
	"context"
	"fmt"
)

// seenBySeeds marks the N-grams of the seeds.
func (p *problem) seenBySeeds() []bool {
	seen := make([]bool, p.sets.distinct())
	for i := range p.seeds {
		for _, gram := range p.sets.at(i) {
			seen[gram] = true
		}
	}
	return seen
}

// newShare is the share of a candidate's N-grams that is new: distinct N-grams
// not seen over all of them. It is what the candidate adds to the numerator of r
// over what it adds to the denominator.
func (p *problem) newShare(seen []bool, row int) float64 {
	c := p.candidate(row)
	if p.sets.total[c] == 0 {
		return 0
	}
	fresh := 0
	for _, gram := range p.sets.at(c) {
		if !seen[gram] {
			fresh++
		}
	}
	return float64(fresh) / float64(p.sets.total[c])
}

// novelty takes the candidate of the greatest share of new N-grams again and
// again. A share never rises when more is taken, so what was computed earlier is
// an upper bound: a candidate whose share is up to date and still greatest among
// the bounds is the one, and the others need not be looked at.
func (p *problem) novelty(ctx context.Context) (rows []int, share []float64, err error) {
	seen := p.seenBySeeds()
	share = make([]float64, p.pool)
	err = parallel(ctx, p.pool, p.Workers, nil, "novelty", func(_, from, to int) {
		for row := from; row < to; row++ {
			share[row] = p.newShare(seen, row)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	keep := min(p.Keep, p.pool)
	start(p.Progress, int64(keep), "novelty")
	defer done(p.Progress)
	queue := &shares{share: share, rows: make([]int, p.pool)}
	for row := range queue.rows {
		queue.rows[row] = row
	}
	heap.Init(queue)
	computed := make([]int, p.pool) // how many had been taken when a share was computed
	quota := p.quotas()
	for steps := 0; len(rows) < keep && queue.Len() > 0; steps++ {
		if steps%256 == 0 && ctx.Err() != nil {
			return nil, nil, fmt.Errorf("augment: novelty after %d of %d candidates: %w", len(rows), keep, context.Cause(ctx))
		}
		row := queue.rows[0]
		if computed[row] < len(rows) {
			share[row], computed[row] = p.newShare(seen, row), len(rows)
			heap.Fix(queue, 0)
			continue
		}
		if !p.passes(share[row]) {
			break
		}
		heap.Pop(queue)
		if !quota.take(row) {
			continue // its length is full for good
		}
		for _, gram := range p.sets.at(p.candidate(row)) {
			seen[gram] = true
		}
		rows = append(rows, row)
		add(p.Progress, 1)
	}
	return rows, share, nil
}

// shares is a heap of candidates, the greatest share on top, of equal shares the
// first candidate.
type shares struct {
	share []float64
	rows  []int
}

func (s *shares) Len() int { return len(s.rows) }
func (s *shares) Less(i, j int) bool {
	a, b := s.rows[i], s.rows[j]
	return s.share[a] > s.share[b] || s.share[a] == s.share[b] && a < b
}
func (s *shares) Swap(i, j int) { s.rows[i], s.rows[j] = s.rows[j], s.rows[i] }
func (s *shares) Push(x any)    { s.rows = append(s.rows, x.(int)) }
func (s *shares) Pop() any {
	last := s.rows[len(s.rows)-1]
	s.rows = s.rows[:len(s.rows)-1]
	return last
}
