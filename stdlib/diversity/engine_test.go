package diversity

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
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
// order, vocabulary and number of workers.
func TestEveryEngineEqualsAMap(t *testing.T) {
	type kind struct {
		name string
		make func(n, vocab int) seenSet
		can  func(n, vocab int) bool
	}
	kinds := []kind{
		{"bitmap", func(_, v int) seenSet { return newBitmap(v) }, func(n, v int) bool { return n == 2 && v <= 60000 }},
		{"unigrams", func(_, v int) seenSet { return newUnigrams(v) }, func(n, _ int) bool { return n == 1 }},
		{"hash", func(n, _ int) seenSet { return newHashSet(n, 1000) }, func(n, v int) bool { return n <= 3 || n == 4 && v <= 1<<16 || n <= 8 && v <= 256 }},
		{"hash of many parts", func(n, _ int) seenSet { return newHashSet(n, 1<<40) }, func(n, v int) bool { return n <= 3 }},
		{"wide hash", func(n, _ int) seenSet { return newWideHashSet(n, 1000) }, func(n, v int) bool { return n >= 2 && (n <= 5 || v <= 1<<16 && n <= 8) }},
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
						// In two halves, so that the second meets a set that is not empty.
						half := ids.Len() / 3
						for _, part := range [][2]int{{0, half}, {half, ids.Len()}} {
							if err := e.add(context.Background(), ids.Slice(part[0], part[1]), got[part[0]:part[1]], nil); err != nil {
								t.Fatal(err)
							}
						}
						if !slices.Equal(got, want) {
							t.Fatalf("%s, vocabulary %d, N = %d, first %d ids, %d workers: counts differ from a map's", k.name, vocab, n, maxIDs, workers)
						}
						total := int64(0)
						for _, c := range want {
							total += int64(c)
						}
						if e.set.unique() != total {
							t.Fatalf("%s: unique() is %d, want %d", k.name, e.set.unique(), total)
						}
					}
				}
			}
		}
	}
}

// The hash 0 is stored apart: its key must be counted once like any other.
func TestTheKeyThatHashesToZero(t *testing.T) {
	p := hashPart{slots: make([]uint64, 4)}
	if !p.add(0) || p.add(0) {
		t.Error("hash set: 0 is not new exactly once")
	}
	w := widePart{slots: make([][2]uint64, 4)}
	if !w.add([2]uint64{}) || w.add([2]uint64{}) {
		t.Error("wide hash set: 0 is not new exactly once")
	}
}

func TestTooManyBits(t *testing.T) {
	_, err := Measure(context.Background(), mustIDs(t, [][]int32{{1}}, 50257), Options{N: 9})
	if err == nil {
		t.Error("9-grams of 16 bits an id do not fit 128 bits: want an error")
	}
}
