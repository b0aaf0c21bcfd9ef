package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"divvy/stdlib/internal/tokenizetest"
)

// TestOddPromptsAgainstLoops filters, looks for neighbours and takes what is new of
// random prompts beside brute force, up to ids that are the largest int32.
func TestOddPromptsAgainstLoops(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 4))
		vocab := []int{1, 2, 7, 300, 65_537, math.MaxInt32}[r.IntN(6)]
		n, maxTokens := 1+r.IntN(4), []int{512, 3}[r.IntN(2)]
		_, seeds := tokenizetest.OddPrompts(r, r.IntN(30), vocab)
		_, pool := tokenizetest.OddPrompts(r, r.IntN(60), vocab)
		what := fmt.Sprintf("seed %d, %d and %d prompts, vocabulary %d, N = %d, first %d", seed, seeds.Len(), pool.Len(), vocab, n, maxTokens)
		o := FilterOptions{Threshold: []float64{0.01, 0.25, 1. / 3, 0.5, 1}[r.IntN(5)], N: n, MaxTokens: maxTokens, PoolOnly: r.IntN(3) == 0, Workers: 1 + r.IntN(3)}
		want, _ := bruteFilter(seeds, pool, o)
		for _, o.Method = range []Method{Exact, Counting, Prefix} {
			if f, err := Filter(t.Context(), seeds, pool, o); err != nil || !slices.Equal(f.Rows, want) {
				t.Fatalf("%s, %+v: kept %v, want %v; %v", what, o, f.Rows, want, err)
			}
		}
		near, err := Nearest(t.Context(), pool, seeds, NearestOptions{N: n, MaxTokens: maxTokens})
		if err != nil {
			t.Fatal(err)
		}
		seedSets, poolSets := bruteSets(seeds, n, maxTokens), bruteSets(pool, n, maxTokens)
		for i, set := range poolSets {
			best, at := 0.0, -1
			for k, other := range seedSets {
				if j := bruteJaccard(set, other); j > best {
					best, at = j, k
				}
			}
			if near.Row[i] != at || near.Jaccard[i] != best {
				t.Fatalf("%s: nearest of %d is %d at %v, want %d at %v", what, i, near.Row[i], near.Jaccard[i], at, best)
			}
		}
		seen := map[string]bool{}
		for _, set := range seedSets {
			for g := range set {
				seen[g] = true
			}
		}
		share := func(row int) float64 {
			total, fresh := max(0, min(len(pool.At(row)), maxTokens)-n+1), 0
			for g := range poolSets[row] {
				if !seen[g] {
					fresh++
				}
			}
			if total == 0 {
				return 0
			}
			return float64(fresh) / float64(total)
		}
		threshold := []float64{0.2, 0.5, 1}[r.IntN(3)]
		var passing []int
		for row := range poolSets {
			if share(row) >= threshold {
				passing = append(passing, row)
			}
		}
		s, err := Select(t.Context(), seeds, pool, Options{Strategy: SeedNovelty, Threshold: threshold, N: n, MaxTokens: maxTokens})
		if err != nil || !slices.Equal(s.Rows, passing) {
			t.Fatalf("%s: seed novelty of %v takes %v, want %v; %v", what, threshold, s.Rows, passing, err)
		}
		keep := r.IntN(pool.Len() + 1)
		s, err = Select(t.Context(), seeds, pool, Options{Strategy: Novelty, Keep: keep, N: n, MaxTokens: maxTokens})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if keep == 0 {
			keep = pool.Len() / 2
		}
		var greedy []int
		for len(greedy) < keep {
			best, at := -1.0, -1
			for row := range poolSets {
				if v := share(row); v > best && !slices.Contains(greedy, row) {
					best, at = v, row
				}
			}
			greedy = append(greedy, at)
			for g := range poolSets[at] {
				seen[g] = true
			}
		}
		if !slices.Equal(s.Rows, greedy) {
			t.Fatalf("%s: novelty takes %v, want %v", what, s.Rows, greedy)
		}
	}
}
