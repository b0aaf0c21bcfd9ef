package train

import (
	"context"
	"math"
	"strings"
	"testing"
)

// TestResults: seeds become means with deviations.
func TestResults(t *testing.T) {
	r := &Results{Before: 0.4}
	for seed, x := range []float64{0.5, 0.7} {
		for _, n := range []int{10, 20} {
			r.Cells = append(r.Cells, Cell{Algorithm: SFT, Responses: 4, Prompts: n, Seed: int64(seed), Diversity: float64(n), Reward: x + float64(n)/100})
		}
	}
	s := r.Series(SFT)[0]
	for i, want := range []float64{0.7, 0.8} {
		d := math.Sqrt(0.02)
		if math.Abs(s.Y[i]-want) > 1e-12 || math.Abs(s.Hi[i]-want-d) > 1e-12 || math.Abs(s.Lo[i]-want+d) > 1e-12 {
			t.Errorf("point %d is %g from %g to %g", i, s.Y[i], s.Lo[i], s.Hi[i])
		}
	}
	f, err := r.Figure(SFT)
	if err != nil || !strings.Contains(f.Caption, "means of 2 seeds") || len(f.Rules) != 1 {
		t.Errorf("figure %+v, %v", f, err)
	}
	sum, err := r.Summary()
	if err != nil || sum.NumRows() != 2 || !strings.Contains(sum.String(), "deviation_4") {
		t.Errorf("summary %v, %v", sum, err)
	}
	for seed, x := range []float64{0.4, 0.8} {
		r.Cells = append(r.Cells, Cell{Algorithm: SFT, Responses: 2, Prompts: 20, Seed: int64(seed), Diversity: 20, Reward: x})
	}
	// 4 against 2 at 20 prompts: 0.8 against 0.6; at 40 annotations 0.7 against 0.6.
	c, err := r.Comparisons()
	if err != nil || c.NumRows() != 2 {
		t.Fatalf("comparisons %v, %v", c, err)
	}
	text := strings.Join(strings.Fields(c.String()), " ")
	for _, want := range []string{"4 against 2 responses, same prompts 1 1 20.0 31.6", "4 against 2 responses, same budget 1 1 10.0 31.6"} {
		if !strings.Contains(text, want) {
			t.Errorf("comparisons are %s, want %q", text, want)
		}
	}
	r.Cells = r.Cells[:2]
	if sum, err = r.Summary(); err != nil || strings.Contains(sum.String(), "deviation") {
		t.Errorf("summary of one seed %v, %v", sum, err)
	}
}

// TestRank: responses are put in the order of a reward model's scores.
func TestRank(t *testing.T) {
	ds := rows(t, 3)
	rm, err := tiny(t, ds).AsReward(5)
	if err != nil {
		t.Fatal(err)
	}
	ranked, err := rm.Rank(context.Background(), ds)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := rm.ScoreAll(context.Background(), ranked)
	if err != nil {
		t.Fatal(err)
	}
	for i := range ranked.Len() {
		for j, x := range ranked.Rewards(i) {
			if math.Abs(x-scores[i][j]) > 1e-4 || j > 0 && x > ranked.Rewards(i)[j-1] {
				t.Errorf("row %d: rewards %v, scores %v", i, ranked.Rewards(i), scores[i])
			}
		}
	}
}
