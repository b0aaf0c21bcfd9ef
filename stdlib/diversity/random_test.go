package diversity_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"divvy/stdlib/diversity"
	"divvy/stdlib/internal/tokenizetest"
)

// TestRandomPromptsAgainstLoops counts the N-grams of random prompts beside a map of
// their texts: every measure that is a number of N-grams, in every order and
// vocabulary, up to ids that are the largest int32.
func TestRandomPromptsAgainstLoops(t *testing.T) {
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 3))
		vocab := []int{1, 2, 7, 300, 32_000, 65_536, 65_537, 1 << 24, math.MaxInt32}[r.IntN(9)]
		n := 1 + r.IntN(5)
		if vocab > 1<<20 && n > 4 || n == 1 && vocab > 1<<24 { // more bits than are supported; a bit of every id
			n = 2
		}
		prompts, ids := tokenizetest.OddPrompts(r, r.IntN(60), vocab)
		o := diversity.Options{N: n, P: []float64{0.5, 0.2, 1, -0.5}[r.IntN(4)], MaxTokens: []int{0, 3, -1}[r.IntN(3)], Workers: 1 + r.IntN(3)}
		cut := map[int]int{0: 512, 3: 3, -1: math.MaxInt}[o.MaxTokens]
		what := fmt.Sprintf("seed %d, %d prompts, vocabulary %d, %+v", seed, len(prompts), vocab, o)

		// After each prompt: how many different N-grams, and how many in all.
		unique, total, fresh, counts := []int64{0}, []int64{0}, []int{}, map[string]int{}
		for _, p := range prompts {
			p = p[:min(len(p), cut)]
			before := len(counts)
			grams := 0
			for i := 0; i+n <= len(p); i++ {
				counts[fmt.Sprint(p[i:i+n])]++
				grams++
			}
			fresh = append(fresh, len(counts)-before)
			unique, total = append(unique, int64(len(counts))), append(total, total[len(total)-1]+int64(grams))
		}
		want := func(size int) diversity.Result {
			w := diversity.Result{Prompts: size, N: n, P: o.P, Unique: unique[size], Total: total[size]}
			if w.Total > 0 {
				w.Ratio = float64(w.Unique) / float64(w.Total)
				w.D = math.Pow(float64(size), o.P) * w.Ratio
			}
			return w
		}
		m, err := diversity.Measure(t.Context(), ids, o)
		if err != nil || m != want(len(prompts)) {
			t.Fatalf("%s: %+v, want %+v; %v", what, m, want(len(prompts)), err)
		}
		sizes := make([]int, r.IntN(8))
		for i := range sizes {
			sizes[i] = r.IntN(len(prompts) + 1)
		}
		curve, err := diversity.Curve(t.Context(), ids, sizes, o)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for i, size := range sizes {
			if curve.At(i) != want(size) {
				t.Fatalf("%s: curve at %d is %+v, want %+v", what, size, curve.At(i), want(size))
			}
		}
		each, err := diversity.PerPrompt(t.Context(), ids, o)
		if err != nil || !slices.Equal(each.New, fresh) {
			t.Fatalf("%s: new %v, want %v; %v", what, each.New, fresh, err)
		}
		counter, err := diversity.NewCounter(vocab, o)
		if err != nil {
			t.Fatal(err)
		}
		for from := 0; from < len(prompts); {
			to := min(len(prompts), from+r.IntN(20))
			got, err := counter.Add(t.Context(), ids.Slice(from, to))
			if err != nil || got != want(to) {
				t.Fatalf("%s: counter at %d is %+v, want %+v; %v", what, to, got, want(to), err)
			}
			from = to
		}
		entropy := 0.0
		for _, c := range counts {
			p := float64(c) / float64(total[len(prompts)])
			entropy -= p * math.Log2(p)
		}
		if got, err := diversity.Entropy(t.Context(), ids, o); err != nil || math.Abs(got-entropy) > 1e-9 {
			t.Fatalf("%s: entropy %v, want %v; %v", what, got, entropy, err)
		}
	}
}
