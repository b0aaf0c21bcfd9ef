package dataset

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"divvy/arrowio"
)

// Ranked is the rows with their responses in the order of descending reward, as
// the paper trains on them; responses with equal rewards keep their order. A row
// without rewards, or with a response that has none, is an error.
func (d *Dataset) Ranked(ctx context.Context) (*Dataset, error) {
	return d.pick(ctx, func(i int, rewards []float64) []int {
		return byReward(rewards, count(len(rewards)))
	})
}

// Rankings is k of the ranked responses to each prompt, from NewRandom(seed). It
// takes them as the paper does: from rankings of 4, 3 are sampled for every row;
// from these 2. So the 2-rankings of a seed are within its 3-rankings, and all
// have the same prompts.
func (d *Dataset) Rankings(ctx context.Context, k int, seed uint64) (*Dataset, error) {
	return d.RankingsWith(ctx, k, NewRandom(seed))
}

// RankingsWith is Rankings from a generator of the caller. With
// PythonRandom(42) the rows are those of the paper's split.py: one random stream
// samples K-1 of K responses for all rows, then K-2 of these for all rows, and so
// on down to k; each time the sample is put in the order of descending reward,
// equal rewards as sampled, and so are the responses of a row that has k. A row with fewer than k responses is an error;
// AtLeast leaves such rows out.
func (d *Dataset) RankingsWith(ctx context.Context, k int, r Random) (*Dataset, error) {
	if k < 1 {
		return nil, fmt.Errorf("dataset: rankings of %d responses", k)
	}
	picks := make([][]int, d.n)
	rewards := make([][]float64, d.n)
	err := d.each(ctx, "Looking at rewards", cores(), func(from, to int) error {
		for i := from; i < to; i++ {
			rewards[i] = d.Rewards(i)
			if n := d.responses(i); n < k {
				return d.rowError(i, fmt.Errorf("%d responses, a ranking of %d was asked for (AtLeast leaves such rows out)", n, k))
			}
			if err := d.scored(i, rewards[i]); err != nil {
				return err
			}
			picks[i] = count(len(rewards[i]))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	most := 0
	for _, pick := range picks {
		most = max(most, len(pick))
	}
	for size := most - 1; size >= k; size-- {
		// One stream of random numbers: one goroutine.
		err := d.each(ctx, fmt.Sprintf("Sampling rankings of %d", size), 1, func(from, to int) error {
			for i := from; i < to; i++ {
				if pick := picks[i]; len(pick) > size {
					smaller := make([]int, size)
					for j, at := range sample(len(pick), size, r) {
						smaller[j] = pick[at]
					}
					picks[i] = byReward(rewards[i], smaller)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	// A row that had k responses from the beginning is put in order, too.
	return d.pick(ctx, func(i int, rewards []float64) []int { return byReward(rewards, picks[i]) })
}

// AtLeast is the rows that have k responses or more.
func (d *Dataset) AtLeast(k int) *Dataset {
	rows := []int{}
	for i := range d.n {
		if d.responses(i) >= k {
			rows = append(rows, d.base(i))
		}
	}
	return d.view(rows)
}

// responses is how many responses row i has.
func (d *Dataset) responses(i int) int {
	c, j := d.place(i)
	from, to := c.responses.ValueOffsets(j)
	return int(to - from)
}

// count is 0 … n-1.
func count(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// byReward sorts places by the reward there, highest first, equal ones as they
// were.
func byReward(rewards []float64, places []int) []int {
	slices.SortStableFunc(places, func(a, b int) int {
		switch {
		case rewards[a] > rewards[b]:
			return -1
		case rewards[a] < rewards[b]:
			return 1
		}
		return 0
	})
	return places
}

// scored is an error unless every response of row i has a reward.
func (d *Dataset) scored(i int, rewards []float64) error {
	if rewards == nil {
		return d.rowError(i, fmt.Errorf("it has no rewards to rank by"))
	}
	if at := slices.IndexFunc(rewards, math.IsNaN); at >= 0 {
		return d.rowError(i, fmt.Errorf("response %d has no reward to rank by", at))
	}
	return nil
}

func (d *Dataset) rowError(i int, err error) error {
	r := d.Row(i)
	return fmt.Errorf("dataset: row %d (%s:%d): %w", i, r.File, r.Line, err)
}

// pick makes a Dataset in which row i has the responses that choose names, in
// that order; the first is what supervised fine-tuning learns. The other columns
// are shared.
func (d *Dataset) pick(ctx context.Context, choose func(i int, rewards []float64) []int) (*Dataset, error) {
	return d.rebuilt(ctx, "Ranking responses", func(i int, row *Row) error {
		if err := d.scored(i, row.Rewards); err != nil {
			return err
		}
		places := choose(i, row.Rewards)
		responses, rewards := make([]string, len(places)), make([]float64, len(places))
		for j, p := range places {
			responses[j], rewards[j] = row.Responses[p], row.Rewards[p]
		}
		row.Responses, row.Rewards, row.SFTIndex = responses, rewards, 0
		return nil
	})
}

// WithRewards is the rows with other rewards, rewards[i][j] for response j of
// row i, as a reward model gives them. The responses stay in their order; Ranked
// sorts them by it.
func (d *Dataset) WithRewards(ctx context.Context, rewards [][]float64) (*Dataset, error) {
	if len(rewards) != d.n {
		return nil, fmt.Errorf("dataset: rewards for %d rows, there are %d", len(rewards), d.n)
	}
	return d.rebuilt(ctx, "Writing rewards", func(i int, row *Row) error {
		if len(rewards[i]) != len(row.Responses) {
			return d.rowError(i, fmt.Errorf("%d rewards for %d responses", len(rewards[i]), len(row.Responses)))
		}
		row.Rewards = slices.Clone(rewards[i])
		return nil
	})
}

// rebuilt makes a Dataset of rows that change has been at. change is called from
// several goroutines.
func (d *Dataset) rebuilt(ctx context.Context, doing string, change func(i int, row *Row) error) (*Dataset, error) {
	blocks := make([][]arrow.Record, (d.n+blockRows-1)/blockRows)
	builders := sync.Pool{New: func() any { return newBuilder() }}
	err := d.each(ctx, doing, cores(), func(from, to int) error {
		w := builders.Get().(*builder)
		var records []arrow.Record
		for i := from; i < to; i++ {
			row := d.Row(i)
			if err := change(i, &row); err != nil {
				return err
			}
			w.append(&row)
			if w.bytes >= chunkBytes || i+1 == to {
				records = append(records, w.record())
			}
		}
		blocks[from/blockRows] = records
		builders.Put(w)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var chunks []*chunk
	rows := 0
	for _, records := range blocks {
		for _, rec := range records {
			chunks = append(chunks, newChunk(rec, rows))
			rows += int(rec.NumRows())
		}
	}
	out := newDataset(chunks, nil)
	out.rejects = d.rejects
	return out, nil
}

// chunkBytes is the text of a record made here, far below the two gigabytes that
// a string column can hold.
const chunkBytes = 64 << 20

// Allocation is one way to spend an annotation budget.
type Allocation struct {
	Responses   int // to each prompt
	Prompts     int
	Annotations int // Responses times Prompts
}

// Grid is the ways to spend one annotation budget.
type Grid []Allocation

// Budget is the paper's grid of equal annotation: 2 responses to n prompts, 3 to
// 2n/3, 4 to n/2 (Table 1 has n = 24,000 and n = 3,000). When n is not a multiple
// of 6 the numbers of prompts are rounded down.
func Budget(n int) Grid {
	g := Grid{}
	for k := 2; k <= 4; k++ {
		prompts := 2 * n / k
		g = append(g, Allocation{k, prompts, k * prompts})
	}
	return g
}

// Table is the grid with the columns responses, prompts and annotations.
func (g Grid) Table() *arrowio.Table {
	names := []string{"responses", "prompts", "annotations"}
	fields := make([]arrow.Field, len(names))
	columns := make([]arrow.Array, len(names))
	for i, name := range names {
		b := array.NewInt64Builder(memory.DefaultAllocator)
		for _, a := range g {
			b.Append(int64([]int{a.Responses, a.Prompts, a.Annotations}[i]))
		}
		fields[i], columns[i] = arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64}, b.NewArray()
	}
	return arrowio.FromRecord(array.NewRecord(arrow.NewSchema(fields, nil), columns, int64(len(g))))
}

// MIMEBundle shows the grid as a table.
func (g Grid) MIMEBundle() map[string]any { return g.Table().MIMEBundle() }
