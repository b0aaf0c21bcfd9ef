package diversity

import (
	"context"
	"fmt"
	"slices"

	"divvy/arrowio"
	"divvy/stdlib/tokenize"
)

// Counter measures a set of prompts that grows: add some, see d move.
//
//	c, err := diversity.NewCounter(tok.VocabSize(), diversity.Options{})
//	r, err := c.Add(ctx, ids) // d of all prompts so far
//
// It is not safe for concurrent use.
type Counter struct {
	engine  *engine
	vocab   int
	prompts int
	result  Result
	failed  error // what stopped an Add in the middle
}

// NewCounter is an empty Counter for ids below vocab.
func NewCounter(vocab int, o Options) (*Counter, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if vocab < 1 {
		return nil, fmt.Errorf("diversity: a vocabulary of %d", vocab)
	}
	// A counter lives long: the bitmap wherever it fits.
	e, err := newEngine(o, vocab, 1<<40, true)
	if err != nil {
		return nil, err
	}
	e.expect = 0
	return &Counter{engine: e, vocab: vocab, result: newResult(0, 0, 0, o)}, nil
}

// Add counts more prompts and gives the result of all so far. When ctx ends, some
// of ids are counted and the rest is not: the Counter is then of no more use, and
// gives the error again.
func (c *Counter) Add(ctx context.Context, ids *tokenize.IDs) (Result, error) {
	if c.failed != nil {
		return Result{}, fmt.Errorf("diversity: a counter that was stopped in the middle of prompts, make a new one: %w", c.failed)
	}
	if ids.VocabSize() > c.vocab {
		return Result{}, fmt.Errorf("diversity: ids of a vocabulary of %d, the counter was made for %d", ids.VocabSize(), c.vocab)
	}
	o := c.engine.options
	fresh := make([]int32, ids.Len())
	if c.failed = c.engine.add(ctx, ids, fresh, reporter(o, allGrams(ids, o))); c.failed != nil {
		return Result{}, c.failed
	}
	unique := c.result.Unique
	for _, n := range fresh {
		unique += int64(n)
	}
	c.prompts += ids.Len()
	c.result = newResult(c.prompts, unique, c.engine.grams, o)
	return c.result, nil
}

// Result is that of all prompts so far.
func (c *Counter) Result() Result { return c.result }

// Contributions is what each prompt adds to those before it.
type Contributions struct {
	N     int
	New   []int // N-grams that no earlier prompt has
	Total []int // N-grams of the prompt
}

// PerPrompt is how many new N-grams each prompt brings, given the prompts before
// it. The order of the prompts matters: of two that are alike the first gets the
// credit.
func PerPrompt(ctx context.Context, ids *tokenize.IDs, o Options) (*Contributions, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	fresh, err := firstSeen(ctx, ids, o)
	if err != nil {
		return nil, err
	}
	c := &Contributions{N: o.N, New: make([]int, len(fresh)), Total: make([]int, len(fresh))}
	for i, n := range fresh {
		c.New[i] = int(n)
		c.Total[i] = int(grams(len(ids.At(i)), o))
	}
	return c, nil
}

// Top is the k prompts that add the most, those that add most first; of prompts
// that add equally many the earlier first.
func (c *Contributions) Top(k int) []int {
	order := make([]int, len(c.New))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return c.New[b] - c.New[a] })
	return order[:min(k, len(order))]
}

// Share is, for each prompt, the part of its N-grams that is new; 0 for a prompt
// without N-grams.
func (c *Contributions) Share() []float64 {
	out := make([]float64, len(c.New))
	for i, n := range c.New {
		if c.Total[i] > 0 {
			out[i] = float64(n) / float64(c.Total[i])
		}
	}
	return out
}

// Table is the contributions with the columns prompt (its place), new, total and
// share.
func (c *Contributions) Table() *arrowio.Table {
	place, added, total := make([]int64, len(c.New)), make([]int64, len(c.New)), make([]int64, len(c.New))
	for i := range c.New {
		place[i], added[i], total[i] = int64(i), int64(c.New[i]), int64(c.Total[i])
	}
	return table([]string{"prompt", "new", "total", "share"}, place, added, total, c.Share())
}
