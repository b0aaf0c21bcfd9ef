package diversity

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"divvy/stdlib/tokenize"
)

// firstSeenByMap is the definition: a Go map, a prompt at a time.
func firstSeenByMap(sequences [][]int32, n, maxIDs int) []int32 {
	fresh := make([]int32, len(sequences))
	seen := map[string]bool{}
	for i, ids := range sequences {
		ids = ids[:min(len(ids), maxIDs)]
		for j := 0; j+n <= len(ids); j++ {
			key := fmt.Sprint(ids[j : j+n])
			if !seen[key] {
				seen[key] = true
				fresh[i]++
			}
		}
	}
	return fresh
}

// randomPrompts has empty prompts, prompts shorter than any N, long ones,
// repeated ones and skewed ids, id 0 among them.
func randomPrompts(r *rand.Rand, prompts, vocab int) [][]int32 {
	sequences := make([][]int32, prompts)
	for i := range sequences {
		if i > 3 && r.IntN(10) == 0 {
			sequences[i] = sequences[r.IntN(i)]
			continue
		}
		n := r.IntN(40)
		if r.IntN(20) == 0 {
			n = r.IntN(700)
		}
		s := make([]int32, n)
		for j := range s {
			s[j] = int32(float64(vocab) * r.Float64() * r.Float64() * r.Float64())
		}
		sequences[i] = s
	}
	return sequences
}

func mustIDs(t testing.TB, sequences [][]int32, vocab int) *tokenize.IDs {
	t.Helper()
	ids, err := tokenize.NewIDs(sequences, vocab)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// Every structure must count what a map counts, prompt by prompt, for every
// order, vocabulary, number of workers and of passes.
func TestEveryEngineEqualsAMap(t *testing.T) {
	shaped := func(set seenSet, shape hashShape) seenSet {
		switch s := set.(type) {
		case *hashSet:
			s.shape = shape
		case *wideHashSet:
			s.shape = shape
		}
		return set
	}
	type kind struct {
		name string
		make func(n, vocab int) seenSet
		can  func(n, vocab int) bool
	}
	pairs := func(n, v int) bool { return n == 2 && v <= 60000 }
	narrow := func(n, v int) bool { return n <= 3 || n == 4 && v <= 1<<16 || n <= 8 && v <= 256 }
	wide := func(n, v int) bool { return n >= 2 && (n <= 5 || v <= 1<<16 && n <= 8) }
	kinds := []kind{
		{"bitmap", func(_, v int) seenSet { return newBitmap(v, true) }, pairs},
		{"bitmap of the cache", func(_, v int) seenSet { return newBitmap(v, false) }, pairs},
		{"unigrams", func(_, v int) seenSet { return newUnigrams(v) }, func(n, _ int) bool { return n == 1 }},
		{"hash", func(n, _ int) seenSet { return newHashSet(n, 1000, true) }, narrow},
		{"hash of many parts", func(n, _ int) seenSet { return newHashSet(n, 1<<40, true) }, func(n, v int) bool { return n <= 3 }},
		{"hash of the cache", func(n, _ int) seenSet { return newHashSet(n, 1000, false) }, narrow},
		{"hash in four passes", func(n, _ int) seenSet { return shaped(newHashSet(n, 1000, false), hashShape{2, 5}) }, narrow},
		{"wide hash", func(n, _ int) seenSet { return newWideHashSet(n, 1000, true) }, wide},
		{"wide hash of the cache", func(n, _ int) seenSet { return newWideHashSet(n, 1000, false) }, wide},
		{"wide hash in two passes", func(n, _ int) seenSet { return shaped(newWideHashSet(n, 1000, false), hashShape{1, 4}) }, wide},
	}
	r := rand.New(rand.NewPCG(7, 8))
	for _, vocab := range []int{1, 2, 3, 64, 250, 5000, 32000, 50257, 1 << 20} {
		sequences := randomPrompts(r, 1500, vocab)
		ids := mustIDs(t, sequences, vocab)
		for n := 1; n <= 6; n++ {
			for _, maxIDs := range []int{512, 7} {
				want := firstSeenByMap(sequences, n, maxIDs)
				for _, k := range kinds {
					if !k.can(n, vocab) {
						continue
					}
					for _, workers := range []int{1, 3} {
						o, err := Options{N: n, MaxTokens: maxIDs, Workers: workers}.withDefaults()
						if err != nil {
							t.Fatal(err)
						}
						e := &engine{options: o, set: k.make(n, vocab)}
						for range workers {
							e.workers = append(e.workers, &worker{})
						}
						got := make([]int32, ids.Len())
						parts := [][2]int{{0, ids.Len()}}
						if !strings.Contains(k.name, "cache") && !strings.Contains(k.name, "passes") {
							// In two halves, so that the second meets a set that is not empty.
							parts = [][2]int{{0, ids.Len() / 3}, {ids.Len() / 3, ids.Len()}}
						}
						for _, part := range parts {
							if err := e.add(context.Background(), ids.Slice(part[0], part[1]), got[part[0]:part[1]], nil); err != nil {
								t.Fatal(err)
							}
						}
						if !slices.Equal(got, want) {
							t.Fatalf("%s, vocabulary %d, N = %d, first %d ids, %d workers: counts differ from a map's", k.name, vocab, n, maxIDs, workers)
						}
					}
				}
			}
		}
	}
}

// A text that repeats one N-gram for ever puts everything into one partition of
// one pass: the buckets must grow.
func TestOneNGramForEver(t *testing.T) {
	sequences := make([][]int32, 400)
	for i := range sequences {
		sequences[i] = make([]int32, 500)
	}
	sequences[200][250] = 1
	ids := mustIDs(t, sequences, 1<<16)
	for n := 2; n <= 5; n++ {
		o, err := Options{N: n, Workers: 2}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		sets := map[string]seenSet{"wide": &wideHashSet{n: n, width: uint(128 / n), shape: hashShape{2, 6}, round: 1 << 40}}
		if n <= 4 {
			sets["hash"] = &hashSet{n: n, width: uint(64 / n), shape: hashShape{2, 6}, round: 1 << 40}
		}
		if n == 2 {
			sets["bitmap"] = newBitmap(1<<16, false)
		}
		want := firstSeenByMap(sequences, n, 512)
		for name, set := range sets {
			e := &engine{options: o, set: set, workers: []*worker{{}, {}}}
			got := make([]int32, ids.Len())
			if err := e.add(context.Background(), ids, got, nil); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s, N = %d: counts differ from a map's", name, n)
			}
		}
	}
}

func TestTooManyBits(t *testing.T) {
	_, err := Measure(context.Background(), mustIDs(t, [][]int32{{1}}, 50257), Options{N: 9})
	if err == nil {
		t.Error("9-grams of 16 bits an id do not fit 128 bits: want an error")
	}
}
