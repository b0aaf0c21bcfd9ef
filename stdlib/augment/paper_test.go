package augment

import (
	"context"
	"math"
	"sync"
	"testing"

	"divvy/stdlib/dataset"
	"divvy/stdlib/tokenize"
)

// realPrompts are the 5,801 prompts of the three test files, shuffled as Python's
// random.seed(42); random.shuffle does, as LLaMA's ids.
func realPrompts(t testing.TB) *tokenize.IDs {
	t.Helper()
	model := shared(t, "data", "tokenizers", "llama_tokenizer.model")
	var files []string
	for _, name := range []string{"harmless_base", "helpful_base", "helpful_online"} {
		files = append(files, shared(t, "data", "hh", "pro_test_"+name+".jsonl.gz"))
	}
	ids, err := loadReal(model, files)
	if err != nil {
		t.Fatal(err)
	}
	if ids.Len() != 5801 {
		t.Fatalf("%d prompts, want 5801", ids.Len())
	}
	return ids
}

// loadReal is package state of the tests: tokenizing once is enough.
var real struct {
	once sync.Once
	ids  *tokenize.IDs
	err  error
}

func loadReal(model string, files []string) (*tokenize.IDs, error) {
	real.once.Do(func() {
		var parts []*dataset.Dataset
		for _, file := range files {
			d, err := dataset.Load(context.Background(), file)
			if err != nil {
				real.err = err
				return
			}
			parts = append(parts, d)
		}
		tok, err := tokenize.LLaMA(model)
		if err != nil {
			real.err = err
			return
		}
		all := dataset.Concat(parts...).ShuffleWith(dataset.PythonRandom(42))
		real.ids, real.err = tok.EncodeAll(context.Background(), all.Prompts(), tokenize.Options{})
	})
	return real.ids, real.err
}

// TestMeasuredEffects holds the effects of the package comment to the data: 1,500
// seeds, 1,500 chosen of the other 4,301, as differences of d from random choice.
// The baseline is the next 1,500 of the shuffled prompts, d = 14.760. What is
// drawn at random moves the last digits: with other seeds of the supporting
// samples the local strategies vary by 0.05 to 0.1, hence the tolerances.
func TestMeasuredEffects(t *testing.T) {
	ids := realPrompts(t)
	seeds, pool := ids.Prefix(1500), ids.Slice(1500, ids.Len())
	const random = 14.760
	next, err := newSelector(seeds, pool.Prefix(1500)).run(t.Context(), Options{Strategy: Random, Keep: 1500})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(next.After.D-random) > 5e-4 || math.Abs(next.Before.D-12.590) > 5e-4 {
		t.Errorf("d = %.4f -> %.4f, want 12.590 -> %.3f", next.Before.D, next.After.D, random)
	}
	cases := []struct {
		o               Options
		want, tolerance float64
	}{
		{Options{Strategy: Random}, 0, 0.15},
		{Options{Threshold: 0.10}, -0.44, 0.05},
		{Options{Threshold: 0.30}, -0.06, 0.05},
		{Options{LengthMatch: true}, 0.55, 0.10},
		{Options{LengthMatch: true, Supports: 32}, 0.77, 0.10},
		{Options{LengthMatch: true, Strata: 20, Supports: 32}, 1.19, 0.10},
		{Options{Strategy: LocalRatio}, 0.66, 0.10},
		{Options{Strategy: SeedNovelty}, 1.07, 0.12},
		{Options{Strategy: Novelty}, 1.52, 0.05},
	}
	var ways []Options
	for _, c := range cases {
		c.o.Keep = 1500
		ways = append(ways, c.o)
	}
	result, err := Compare(t.Context(), seeds, pool, ways)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("random: %.3f, standard deviation %.3f of %d draws\n%v", result.RandomMean, result.RandomStd, result.Draws, result)
	if math.Abs(result.RandomMean-random) > 0.1 || result.RandomStd > 0.1 {
		t.Errorf("random choice: d = %.3f ± %.3f, want %.2f", result.RandomMean, result.RandomStd, random)
	}
	for i, c := range cases {
		s := result.Selections[i]
		if s.Accepted != 1500 || s.Accepted+s.Refused+s.Unseen != 4301 {
			t.Errorf("%v: %d accepted, %d refused, %d unseen", s.Options, s.Accepted, s.Refused, s.Unseen)
		}
		if got := s.After.D - random; math.Abs(got-c.want) > c.tolerance {
			t.Errorf("%v: d %+.3f over random, want %+.2f ± %.2f", s.Options, got, c.want, c.tolerance)
		}
	}
}
