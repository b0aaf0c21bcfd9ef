package train

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"divvy/arrowio"
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
	for _, want := range []string{"4 against 2 responses, same prompts 1 0 1 20.0 31.6228 22.3607", "4 against 2 responses, same budget 1 0 1 10.0 31.6228 22.3607"} {
		if !strings.Contains(text, want) {
			t.Errorf("comparisons are %s, want %q", text, want)
		}
	}
	if bundle := r.MIMEBundle(); !strings.Contains(bundle["text/html"].(string), "<table") || !strings.Contains(bundle["text/plain"].(string), "6 cells") {
		t.Errorf("shown as %.200v", bundle)
	}
	r.Cells = r.Cells[:2]
	if sum, err = r.Summary(); err != nil || strings.Contains(sum.String(), "deviation") {
		t.Errorf("summary of one seed %v, %v", sum, err)
	}
}

// TestResultsOfAnyRankings: the grid decides which rankings are compared, a tie is
// no defeat, and a line through two points has no error.
func TestResultsOfAnyRankings(t *testing.T) {
	r := &Results{}
	for i, n := range []int{10, 20} {
		for k, reward := range map[int]float64{2: 0.5, 6: 0.5 + float64(i)/10} {
			r.Cells = append(r.Cells, Cell{Algorithm: PRO, Responses: k, Prompts: n, Diversity: float64(n), Reward: reward})
		}
	}
	r.Cells = append(r.Cells, Cell{Algorithm: PRO, Responses: 3, Prompts: 30, Diversity: 30, Reward: 0.7})
	sum, err := r.Summary()
	if err != nil || !slices.Equal(sum.Columns(), []string{"algorithm", "prompts", "diversity", "reward_2", "reward_3", "reward_6"}) {
		t.Fatalf("summary %v, %v", sum, err)
	}
	if nulls := columnNulls(t, sum, "reward_3"); !slices.Equal(nulls, []bool{true, true, false}) {
		t.Errorf("nulls of reward_3: %v", nulls)
	}
	c, err := r.Comparisons()
	if err != nil {
		t.Fatal(err)
	}
	// At the same prompts 6 won once and tied once.
	text := strings.Join(strings.Fields(c.String()), " ")
	if !strings.Contains(text, "6 against 2 responses, same prompts 1 1 2 5.0 null null") || strings.Contains(text, "same budget") {
		t.Error(text)
	}
	r.Cells = slices.DeleteFunc(r.Cells, func(c Cell) bool { return c.Responses == 3 })
	fits, err := r.Fits(PRO)
	if err != nil || !slices.Equal(columnNulls(t, fits, "slope_error"), []bool{true, true}) {
		t.Errorf("fits %v, %v", fits, err)
	}
}

// columnNulls says which values of a column are null.
func columnNulls(t *testing.T, table *arrowio.Table, name string) []bool {
	t.Helper()
	c, err := table.Column(name)
	if err != nil {
		t.Fatal(err)
	}
	nulls := make([]bool, c.Len())
	for i := range nulls {
		nulls[i] = c.IsNull(i)
	}
	return nulls
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
