package budget

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"divvy/stdlib/augment"
	"divvy/stdlib/dataset"
	"divvy/stdlib/diversity"
	"divvy/stdlib/paper"
	"divvy/stdlib/tokenize"
)

func example(t testing.TB) *tokenize.IDs {
	t.Helper()
	ids, err := tokenize.WhiteSpace().EncodeAll(context.Background(), dataset.Example().Prompts(), tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// The slopes and intercepts were computed from the published points elsewhere.
func TestPublished(t *testing.T) {
	for algorithm, lines := range map[string]map[int][2]float64{
		"PRO": {2: {7.3174e-3, 0.38830}, 3: {6.4528e-3, 0.42109}, 4: {4.2583e-3, 0.47194}},
		"SFT": {2: {4.6520e-3, 0.43481}, 3: {4.5237e-3, 0.45235}, 4: {5.3581e-3, 0.44973}},
	} {
		law, err := Published(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(law.Responses(), paper.Rankings()) {
			t.Error(law.Responses())
		}
		for k, want := range lines {
			of := law.lines[k]
			if math.Abs(of.Slope-want[0]) > 1e-6 || math.Abs(of.Intercept-want[1]) > 1e-5 {
				t.Errorf("%s, %d responses: %v + %v d, want %v", algorithm, k, of.Intercept, of.Slope, want)
			}
			e, err := law.Reward(k, 15)
			if err != nil || e.Outside || !(e.Low < e.Reward && e.Reward < e.High) || math.Abs(e.Reward-of.At(15)) > 1e-12 {
				t.Errorf("%s, %d responses at 15: %+v, %v", algorithm, k, e, err)
			}
			if e, _ := law.Reward(k, 30); !e.Outside {
				t.Errorf("%s, %d responses at 30 is not outside", algorithm, k)
			}
		}
	}
	if _, err := Published("DPO"); err == nil || !strings.Contains(err.Error(), "PRO and SFT") {
		t.Error(err)
	}
}

// With the published lines and diversities the paper's equal budgets come out as
// in its Table 1: four responses beat two.
func TestPublishedBudgets(t *testing.T) {
	d := map[int]float64{}
	for _, s := range paper.Figure4b() {
		d[s.Samples] = s.Diversity
	}
	for _, algorithm := range []string{"PRO", "SFT"} {
		law, err := Published(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range paper.Budgets() {
			two, err2 := law.Reward(2, d[n])
			four, err4 := law.Reward(4, d[n/2])
			if err2 != nil || err4 != nil || four.Reward <= two.Reward {
				t.Errorf("%s, budget of 2 x %d: %v with 2, %v with 4 (%v, %v)", algorithm, n, two.Reward, four.Reward, err2, err4)
			}
		}
	}
}

func TestSplit(t *testing.T) {
	ctx, ids := context.Background(), example(t)
	law, err := FitLaw("a test", []Run{{2, 4, .1}, {2, 6, .2}, {2, 9, .36}, {4, 4, .2}, {4, 5, .22}, {4, 9, .3}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Split(ctx, ids, Options{Annotations: 800, Law: law, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Ways) != 2 {
		t.Fatal(p.Ways)
	}
	for i, want := range []struct{ k, n int }{{2, 400}, {4, 200}} {
		w := p.Ways[i]
		if w.Responses != want.k || w.Prompts != want.n || w.Annotations != 800 || w.Short {
			t.Errorf("way %d: %+v", i, w)
		}
		// The figures are what the other packages measure.
		m, err := diversity.Measure(ctx, ids.Take(w.Rows), diversity.Options{})
		if err != nil || m.D != w.ChosenD || m.Prompts != want.n {
			t.Errorf("chosen %v, %v; want %v", m, err, w.ChosenD)
		}
		e, err := law.Reward(want.k, w.ChosenD)
		if err != nil || e != w.Chosen {
			t.Errorf("reward %+v, %v; want %+v", w.Chosen, err, e)
		}
		if w.ChosenD < w.RandomD || w.RandomStd <= 0 {
			t.Errorf("chosen d %v, random %v, std %v", w.ChosenD, w.RandomD, w.RandomStd)
		}
	}
	if !slices.Equal(p.Ways[0].Rows[:200], p.Ways[1].Rows) {
		t.Error("the choices are not nested")
	}
	alone, err := augment.Select(ctx, ids.Prefix(0), ids, augment.Options{Strategy: augment.Novelty, Keep: 200, Seed: 7})
	if err != nil || !slices.Equal(alone.Rows, p.Ways[1].Rows) {
		t.Errorf("the choice for 200 prompts alone differs: %v", err)
	}
	again, err := Split(ctx, ids, Options{Annotations: 800, Law: law, Seed: 7})
	if err != nil || again.String() != p.String() {
		t.Errorf("another result with the same seed: %v", err)
	}
	matched, err := Split(ctx, ids, Options{Annotations: 800, Responses: []int{2, 4}, Choice: augment.Options{LengthMatch: true}})
	if err != nil || len(matched.Ways[0].Rows) != 400 || len(matched.Ways[1].Rows) != 200 || matched.Ways[1].ChosenD >= p.Ways[1].ChosenD {
		t.Errorf("length-matched: %v, %v", matched, err)
	}
	best := p.Best()
	if other := p.Ways[0]; best.Chosen.Reward < other.Chosen.Reward {
		t.Errorf("best is %+v", best)
	}
	if text := p.Answer(); !strings.Contains(text, "For 800 annotations: ") || !strings.Contains(text, "a test") || !strings.Contains(text, "is assumed") {
		t.Error(text)
	}
	behind, err := p.Table().Floats("behind")
	if err != nil || len(behind) != 2 || math.IsNaN(behind[0]) == math.IsNaN(behind[1]) {
		t.Errorf("behind the best: %v, %v", behind, err)
	}
	if f := p.Figure(); len(f.Series) == 0 || f.YLabel != "Reward" {
		t.Errorf("%+v", f)
	}
}

// Without a law there is no reward, and what lies outside a law is said.
func TestSplitLimits(t *testing.T) {
	ctx, ids := context.Background(), example(t)
	p, err := Split(ctx, ids, Options{Annotations: 2000})
	if err != nil {
		t.Fatal(err)
	}
	if w := p.Ways[0]; !w.Short || w.Prompts != ids.Len() || w.Annotations != 2*ids.Len() || w.RandomStd > 1e-9 {
		t.Errorf("%+v", w)
	}
	if text := p.Answer(); !strings.Contains(text, "takes a Law") || !strings.Contains(text, "The pool has 720 prompts; the budget could pay for 1000 with 2 responses.") {
		t.Error(text)
	}
	if _, err := p.Table().Floats("reward_chosen"); err == nil {
		t.Error("a reward without a law")
	}
	law, err := Published("PRO")
	if err != nil {
		t.Fatal(err)
	}
	p, err = Split(ctx, ids, Options{Annotations: 600, Law: law, Responses: []int{2, 4}})
	if err != nil {
		t.Fatal(err)
	}
	if text := p.Answer(); !strings.Contains(text, "if the lines of the paper's Figure 4(c) (PRO, OPT-1.3B) held beyond the d") ||
		!strings.Contains(text, "Extrapolated, so not to be trusted, are the rewards of random prompts: 2 responses (d ") {
		t.Error(text)
	}
	if f := p.Figure(); len(f.Series) != 2*len(p.Ways) || f.Series[1].Y[0] != p.Ways[0].ChosenD {
		t.Errorf("figure without the chosen prompts: %v", f.Series)
	}
	if f := p.Figure(); f.YLabel != "Diversity d" {
		t.Error("a reward is drawn outside the law's range")
	}
	for _, o := range []Options{
		{}, {Annotations: 3}, {Annotations: 100, Responses: []int{0}}, {Annotations: 100, Law: law, Responses: []int{5}},
		{Annotations: 100, Choice: augment.Options{Strategy: augment.Jaccard}}, {Annotations: 100, Draws: -1},
	} {
		if p, err := Split(ctx, ids, o); err == nil {
			t.Errorf("%+v gives %v", o, p)
		}
	}
	if _, err := Split(ctx, ids.Prefix(0), Options{Annotations: 100}); err == nil {
		t.Error("an empty pool gives a plan")
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Split(ended, ids, Options{Annotations: 100}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFitLaw(t *testing.T) {
	for name, runs := range map[string][]Run{
		"none": nil, "one d": {{2, 1, 1}, {2, 1, 2}}, "no responses": {{0, 1, 1}, {0, 2, 1}}, "not a number": {{2, math.NaN(), 1}, {2, 2, 1}},
		"three seeds at one size": {{2, 12.6974, .47}, {2, 12.6974, .48}, {2, 12.6974, .49}},
	} {
		if law, err := FitLaw(name, runs); err == nil {
			t.Errorf("%s: %v", name, law)
		}
	}
	law, err := FitLaw("two points", []Run{{3, 1, 1}, {3, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	if e, err := law.Reward(3, 1.5); err != nil || math.Abs(e.Reward-2) > 1e-12 || !math.IsInf(e.High, 1) {
		t.Errorf("%+v, %v", e, err)
	}
	if got := law.String(); got != "two points\n3 responses: reward = -1.0000 + 2.000000 d (2 runs, d 1.00 to 2.00)" {
		t.Error(got)
	}
}

// Where chosen prompts lead beyond the runs of some number of responses, the ways are
// compared by random prompts: a line that rises steeply must not win by what nobody saw.
func TestSplitBeyondTheRuns(t *testing.T) {
	ctx, ids := context.Background(), example(t)
	steep := []Run{{2, 6.2, .1}, {2, 6.4, .2}, {2, 6.6, .31}}
	flat := []Run{{4, 5.9, .5}, {4, 6.1, .51}, {4, 9, .53}}
	law, err := FitLaw("a test", append(steep, flat...))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Split(ctx, ids, Options{Annotations: 800, Law: law})
	if err != nil {
		t.Fatal(err)
	}
	if two, four := p.Ways[0], p.Ways[1]; !two.Chosen.Outside || two.Chosen.Reward < four.Chosen.Reward || two.Random.Outside || four.Chosen.Outside {
		t.Fatalf("not the case to be tested: %+v, %+v", two.Chosen, four.Chosen)
	}
	if best := p.Best(); best.Responses != 4 || len(best.Rows) != 200 {
		t.Errorf("best: %d responses to %d prompts", best.Responses, len(best.Rows))
	}
	text := p.Answer()
	for _, says := range []string{
		"For 800 annotations: 4 responses to each of 200 prompts, by the lines of a test. Reward 0.5", "with prompts drawn at random.",
		"the lines cannot say, for it leads beyond them: 2 responses (d 8.40), fitted on 6.20 to 6.60.",
	} {
		if !strings.Contains(text, says) {
			t.Errorf("%q is missing in %s", says, text)
		}
	}
	compared, err := p.Table().Strings("compared")
	if err != nil || !slices.Equal(compared, []string{"random", "random"}) {
		t.Error(compared, err)
	}
	// A mean that misses the range by less than draws vary is not called outside.
	near, err := FitLaw("a test", []Run{{4, 6.12, .1}, {4, 7, .2}, {4, 9, .3}})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = Split(ctx, ids, Options{Annotations: 800, Law: near}); err != nil {
		t.Fatal(err)
	}
	if w := p.Ways[0]; w.RandomD >= 6.12 || w.RandomD < 6.12-w.RandomStd || w.Random.Outside {
		t.Errorf("d %v ± %v: %+v", w.RandomD, w.RandomStd, w.Random)
	}
}

// Welch's interval as scipy and statsmodels give it.
func TestGain(t *testing.T) {
	law, err := FitLaw("a test", []Run{
		{2, 1, 2}, {2, 2, 3.1}, {2, 4, 2.9}, {2, 4.5, 4.2}, {2, 7, 5.5},
		{3, 1, 1.5}, {3, 2, 2.2}, {3, 3, 2.8}, {3, 5, 3.3}, {3, 8, 4.9}, {4, 1, 3}, {4, 2, 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	at := func(k int) Estimate {
		e, err := law.Reward(k, 5)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	gain, low, high := at(2).Gain(at(3))
	for i, v := range [][2]float64{{gain, 0.7473936613844856}, {low, -0.15866458260587457}, {high, 1.6534519053748458}} {
		if math.Abs(v[0]-v[1]) > 1e-9 {
			t.Errorf("%d: %v, want %v", i, v[0], v[1])
		}
	}
	if _, low, high := at(2).Gain(at(4)); !math.IsInf(low, -1) || !math.IsInf(high, 1) {
		t.Errorf("beside a line through two points: %v to %v", low, high)
	}
	if text := law.String(); !strings.Contains(text, "4 responses: reward = 5.0000 - 2.000000 d (2 runs, d 1.00 to 2.00)") || !strings.Contains(text, "d 1.00 to 7.00, scatter 0.5662)") {
		t.Error(text)
	}
}
