package augment

import (
	"fmt"

	"divvy/arrowio"
	"divvy/stdlib/figure"
)

// Status is what became of each candidate: "accepted", "refused" or "unseen".
func (f *Filtered) Status() []string {
	out := make([]string, f.pool)
	for row := range out {
		switch {
		case f.Blocker[row] >= 0:
			out[row] = "refused"
		case row >= f.pool-f.Unseen:
			out[row] = "unseen"
		default:
			out[row] = "accepted"
		}
	}
	return out
}

// Table is a row a candidate with the columns candidate (row of the pool),
// status, and for refused ones blocked_by ("seed" or "pool"), blocker (the row
// there, else null) and jaccard.
func (f *Filtered) Table() *arrowio.Table {
	rows, by, blocker, valid := make([]int, f.pool), make([]string, f.pool), make([]int, f.pool), make([]bool, f.pool)
	for row, b := range f.Blocker {
		rows[row] = row
		valid[row] = b >= 0
		switch {
		case b >= f.seeds:
			by[row], blocker[row] = "pool", b-f.seeds
		case b >= 0:
			by[row], blocker[row] = "seed", b
		}
	}
	return built(arrowio.NewTable().Ints("candidate", rows).Strings("status", f.Status()).
		Strings("blocked_by", by).Valid(valid).Ints("blocker", blocker).Valid(valid).
		Floats("jaccard", f.Jaccard).Valid(valid))
}

// Figure is how the number of kept candidates grows as the pool is walked
// through.
func (f *Filtered) Figure() *figure.Figure {
	const points = 200
	s := figure.Series{Name: "kept", Mark: figure.Line}
	looked := f.pool - f.Unseen
	kept, at := 0, 0
	for i := range points + 1 {
		for goal := looked * i / points; at < goal; at++ {
			if f.Blocker[at] < 0 {
				kept++
			}
		}
		if n := len(s.X); n == 0 || s.X[n-1] < float64(at) {
			s.X, s.Y = append(s.X, float64(at)), append(s.Y, float64(kept))
		}
	}
	c := figure.Curves([]figure.Series{s})
	c.Series[0].Mark = figure.Line
	c.Title = fmt.Sprintf("%d of %d candidates are new", f.Accepted, looked)
	c.Subtitle = fmt.Sprintf("Jaccard index of %d-grams with all seeds and kept candidates below %g", f.Options.N, f.Options.Threshold)
	c.XLabel, c.YLabel = "Candidates looked at", "Candidates kept"
	return c
}

// String is the outcome in one line.
func (f *Filtered) String() string {
	s := fmt.Sprintf("Jaccard below %g (%s): %d of %d candidates kept, %d refused, %d unseen; d %.4f -> %.4f",
		f.Options.Threshold, f.Options.Method, f.Accepted, f.pool, f.Refused, f.Unseen, f.Before.D, f.After.D)
	if f.Options.Method == LSH {
		s += fmt.Sprintf("; %d x %d hashes find %.1f %% of %d similar pairs", f.Options.Bands, f.Options.Rows, 100*f.MeasuredRecall, f.RecallPairs)
	}
	return s
}

// MIMEBundle shows the growth above the candidates.
func (f *Filtered) MIMEBundle() map[string]any {
	return figure.WithTable(f.Figure(), f.Table(), f.String()+"\n"+f.Table().String())
}
