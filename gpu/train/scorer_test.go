package train

import (
	"math"
	"testing"

	"divvy/gpu/cpu"
	"divvy/gpu/model"
	"divvy/gpu/program"
)

// counting is a device that notes the shapes of what it compiles.
type counting struct {
	program.Device
	texts map[string]bool
}

func (c counting) Compile(p *program.Program) (program.Executable, error) {
	c.texts[p.String()] = true
	return c.Device.Compile(p)
}

// TestScorerShapes: rows of a fixed length make few Programs, and the same
// log-probabilities.
func TestScorerShapes(t *testing.T) {
	m, ex := tiny(model.LLaMA), examples(23, 3)
	score := func(rowTokens, rowMultiple int) ([][]float64, int) {
		dev := counting{cpu.New(1), map[string]bool{}}
		s, err := NewScorer(dev, m, weights(t, m, model.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		s.Batch, s.RowTokens, s.RowMultiple = 4, rowTokens, rowMultiple
		done := 0
		s.Progress = func(now, of int) { done = now }
		sums, _, err := s.LogProbs(t.Context(), ex)
		if err != nil || done != len(ex) {
			t.Fatalf("%d examples done, %v", done, err)
		}
		return sums, len(dev.texts)
	}
	want, _ := score(0, 0)
	got, shapes := score(128, 4)
	if shapes > 2 { // the last batch has fewer examples
		t.Errorf("%d Programs", shapes)
	}
	for i := range want {
		for j := range want[i] {
			if math.Abs(got[i][j]-want[i][j]) > 1e-4*math.Abs(want[i][j]) {
				t.Errorf("example %d, response %d: %g, want %g", i, j, got[i][j], want[i][j])
			}
		}
	}
}
