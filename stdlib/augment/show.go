package augment

import (
	"fmt"
	"math"

	"divvy/arrowio"
	"divvy/stdlib/figure"
)

// built is the table of a builder whose columns this package made.
func built(b *arrowio.Builder) *arrowio.Table {
	t, err := b.Build()
	if err != nil {
		panic(err) // columns of different length: a slip of ours
	}
	return t
}

// MeanLength is the mean number of N-grams of an accepted candidate.
func (s *Selection) MeanLength() float64 {
	if len(s.Rows) == 0 {
		return 0
	}
	sum := 0.0
	for _, row := range s.Rows {
		sum += float64(s.lengths[row])
	}
	return sum / float64(len(s.Rows))
}

// Status is what became of each candidate: "accepted", "refused" or "unseen".
func (s *Selection) Status() []string {
	out := make([]string, s.pool)
	looked := s.pool - s.Unseen
	for row := range out {
		switch {
		case s.order[row] >= 0:
			out[row] = "accepted"
		case row < looked:
			out[row] = "refused"
		default:
			out[row] = "unseen"
		}
	}
	return out
}

// Table is a row a candidate with the columns candidate (row of the pool),
// status, order (place among the accepted, -1 for others), score (null where
// none was computed) and ngrams (its number of N-grams).
func (s *Selection) Table() *arrowio.Table {
	rows, ngrams := make([]int, s.pool), make([]int, s.pool)
	valid := make([]bool, s.pool)
	for row := range rows {
		rows[row], ngrams[row], valid[row] = row, int(s.lengths[row]), !math.IsNaN(s.Score[row])
	}
	return built(arrowio.NewTable().Ints("candidate", rows).Strings("status", s.Status()).Ints("order", s.order).
		Floats("score", s.Score).Valid(valid).Ints("ngrams", ngrams))
}

// Figure is d as the accepted candidates are added.
func (s *Selection) Figure() *figure.Figure {
	c := figure.Series{Name: s.Options.String(), Mark: figure.LinePoints}
	for i := range s.Growth.Len() {
		c.X, c.Y = append(c.X, float64(s.Growth.Sizes[i])), append(c.Y, s.Growth.D[i])
	}
	f := figure.Curves([]figure.Series{c})
	f.Title = fmt.Sprintf("Diversity as %d candidates are added", s.Accepted)
	f.Subtitle = s.Options.String()
	f.XLabel, f.YLabel = "Prompts", "Diversity d"
	return f
}

// String is the outcome in one line.
func (s *Selection) String() string {
	return fmt.Sprintf("%s: %d of %d candidates accepted, %d refused, %d unseen; d %.4f -> %.4f",
		s.Options, s.Accepted, s.pool, s.Refused, s.Unseen, s.Before.D, s.After.D)
}

// MIMEBundle shows the growth of d above the candidates.
func (s *Selection) MIMEBundle() map[string]any {
	return figure.WithTable(s.Figure(), s.Table(), s.String()+"\n"+s.Table().String())
}
