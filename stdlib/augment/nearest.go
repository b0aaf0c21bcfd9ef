package augment

import (
	"context"
	"fmt"
	"slices"

	"divvy/arrowio"
	"divvy/stdlib/display"
	"divvy/stdlib/figure"
	"divvy/stdlib/tokenize"
)

// NearestOptions of Nearest. The zero value compares sets of 2-grams.
type NearestOptions struct {
	// N is the order of the N-grams, 2 by default.
	N int
	// MaxTokens cuts each prompt to its first ids: 512 by default, a negative
	// number for no cut.
	MaxTokens int
	// Workers is the number of goroutines, 0 for as many as there are cores.
	Workers int
	// Progress, when set, is told how far the work has come. Without one a notebook
	// shows a bar when a call takes more than a second.
	Progress display.Reporter
}

// Neighbours is, for each of a list of prompts, the nearest of another list.
type Neighbours struct {
	// N is the order of the N-grams.
	N int
	// Row is the nearest prompt's row, -1 where none shares an N-gram; of equally
	// near ones the first.
	Row []int
	// Jaccard is the Jaccard index with it: the greatest with any.
	Jaccard []float64
}

// Nearest finds for each prompt of queries the prompt of targets whose N-gram
// set has the greatest Jaccard index with its own. It is exact: an inverted index
// counts what is shared, in a time that grows with the product of the two numbers
// of prompts but with a small factor (about a nanosecond a pair).
func Nearest(ctx context.Context, queries, targets *tokenize.IDs, o NearestOptions) (*Neighbours, error) {
	return nearest(ctx, o, queries.Len(), targets, queries)
}

// NearestWithin finds for each prompt the nearest of the other prompts of the
// same list.
func NearestWithin(ctx context.Context, ids *tokenize.IDs, o NearestOptions) (*Neighbours, error) {
	return nearest(ctx, o, ids.Len(), ids)
}

// nearest holds the first list and asks for the last n prompts of all lists,
// which may be the same ones.
func nearest(ctx context.Context, o NearestOptions, n int, lists ...*tokenize.IDs) (*Neighbours, error) {
	o.N, o.MaxTokens, o.Workers = common(o.N, o.MaxTokens, o.Workers)
	o.Progress = orAuto(o.Progress)
	if o.N < 1 {
		return nil, fmt.Errorf("augment: N-grams of order %d", o.N)
	}
	sets, err := newGramSets(ctx, o.N, o.MaxTokens, o.Progress, lists...)
	if err != nil {
		return nil, err
	}
	x := newCountIndex(sets, 0)
	for doc := range lists[0].Len() {
		x.insert(doc)
	}
	out := &Neighbours{N: o.N, Row: make([]int, n), Jaccard: make([]float64, n)}
	first := sets.len() - n
	scratches := make([]scratch, o.Workers)
	err = parallel(ctx, n, o.Workers, o.Progress, "nearest prompts", func(worker, from, to int) {
		for i := from; i < to; i++ {
			out.Row[i], out.Jaccard[i] = x.nearest(first+i, &scratches[worker])
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Below is how many prompts have a greatest Jaccard index below a threshold.
func (n *Neighbours) Below(threshold float64) int {
	count := 0
	for _, j := range n.Jaccard {
		if j < threshold {
			count++
		}
	}
	return count
}

// Table is a row a prompt with the columns row, nearest (null where no prompt
// shares an N-gram) and jaccard.
func (n *Neighbours) Table() *arrowio.Table {
	rows, valid := make([]int, len(n.Row)), make([]bool, len(n.Row))
	for i := range rows {
		rows[i], valid[i] = i, n.Row[i] >= 0
	}
	return built(arrowio.NewTable().Ints("row", rows).Ints("nearest", n.Row).Valid(valid).Floats("jaccard", n.Jaccard))
}

// Figure is how many prompts a threshold would let pass: the distribution
// function of the greatest Jaccard index.
func (n *Neighbours) Figure() *figure.Figure {
	sorted := slices.Sorted(slices.Values(n.Jaccard))
	const points = 200
	s := figure.Series{Name: "prompts", Mark: figure.Line}
	for i := range points + 1 {
		t := float64(i) / points
		below, _ := slices.BinarySearch(sorted, t)
		s.X, s.Y = append(s.X, t), append(s.Y, float64(below))
	}
	f := figure.Curves([]figure.Series{s})
	f.Series[0].Mark = figure.Line
	f.Title = "Prompts that a threshold lets pass"
	f.Subtitle = fmt.Sprintf("Greatest Jaccard index of the %d-gram sets, %d prompts", n.N, len(n.Row))
	f.XLabel, f.YLabel = "Threshold", "Prompts below it"
	return f
}

// String says where the middle of the distribution is.
func (n *Neighbours) String() string {
	if len(n.Jaccard) == 0 {
		return "no prompts"
	}
	sorted := slices.Sorted(slices.Values(n.Jaccard))
	return fmt.Sprintf("%d prompts; greatest Jaccard index of %d-gram sets: median %.3f, 95 %% below %.3f, at most %.3f",
		len(sorted), n.N, sorted[len(sorted)/2], sorted[len(sorted)*95/100], sorted[len(sorted)-1])
}

// MIMEBundle shows the distribution above the table.
func (n *Neighbours) MIMEBundle() map[string]any {
	return figure.WithTable(n.Figure(), n.Table(), n.String()+"\n"+n.Table().String())
}
