package tokenize

import (
	"fmt"

	"divvy/arrowio"
	"divvy/stdlib/figure"
)

// Table is the ids as a table of two columns: tokens, how many ids a text has,
// and ids.
func (s *IDs) Table() *arrowio.Table {
	tokens := make([]int, s.Len())
	for i := range tokens {
		tokens[i] = len(s.At(i))
	}
	record := s.Record()
	defer record.Release()
	t, err := arrowio.NewTable().Ints("tokens", tokens).Array("ids", record.Column(0)).Build()
	if err != nil {
		panic(err) // columns of different length: a slip of ours
	}
	return t
}

// Figure is how long the texts are. The longest hundredth of them is counted in
// the last interval.
func (s *IDs) Figure() *figure.Figure {
	lengths := make([]int, s.Len())
	for i := range lengths {
		lengths[i] = len(s.At(i))
	}
	f, median := figure.Lengths("texts", lengths)
	f.Title = "Tokens per text"
	f.Subtitle = fmt.Sprintf("%d texts, %d tokens in all, median %d", s.Len(), s.Tokens(), median)
	f.XLabel, f.YLabel = "Tokens", "Texts"
	return f
}

// MIMEBundle shows the lengths above the ids.
func (s *IDs) MIMEBundle() map[string]any {
	if s.Len() == 0 {
		return map[string]any{"text/plain": s.String()}
	}
	return figure.WithTable(s.Figure(), s.Table(), s.String())
}
