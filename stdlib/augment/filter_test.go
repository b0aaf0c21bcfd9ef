package augment

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"divvy/stdlib/tokenize"
)

// zipf makes prompts of ids that are distributed as words are, with boilerplate
// in front, and every so often one that varies an earlier one.
func zipf(seed uint64, prompts, meanLength, vocab int) *tokenize.IDs {
	r := rand.New(rand.NewPCG(seed, 0))
	z := rand.NewZipf(r, 1.07, 3, uint64(vocab-1))
	var all [][]int32
	for i := range prompts {
		var p []int32
		if i > 0 && r.IntN(4) == 0 {
			p = slices.Clone(all[r.IntN(i)])
			for range 1 + r.IntN(1+len(p)) {
				if len(p) > 0 {
					p[r.IntN(len(p))] = int32(z.Uint64())
				}
			}
		} else {
			p = []int32{1, 13, 13, 5, 8}
			for range r.IntN(2 * meanLength) {
				p = append(p, int32(z.Uint64()))
			}
			p = p[:min(len(p), r.IntN(2*meanLength+5))]
		}
		all = append(all, p)
	}
	ids, err := tokenize.NewIDs(all, vocab)
	if err != nil {
		panic(err)
	}
	return ids
}

// bruteSet is a set of N-grams, made in the plainest way.
func bruteSet(ids []int32, n, maxTokens int) map[string]bool {
	ids = ids[:min(len(ids), maxTokens)]
	set := map[string]bool{}
	for i := 0; i+n <= len(ids); i++ {
		set[fmt.Sprint(ids[i:i+n])] = true
	}
	return set
}

func bruteSets(ids *tokenize.IDs, n, maxTokens int) []map[string]bool {
	var sets []map[string]bool
	for i := range ids.Len() {
		sets = append(sets, bruteSet(ids.At(i), n, maxTokens))
	}
	return sets
}

func bruteJaccard(a, b map[string]bool) float64 {
	both := 0
	for g := range a {
		if b[g] {
			both++
		}
	}
	if both == 0 {
		return 0
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

func bruteFilter(seeds, pool *tokenize.IDs, o FilterOptions) (rows []int, looked int) {
	s, p := bruteSets(seeds, o.N, o.MaxTokens), bruteSets(pool, o.N, o.MaxTokens)
	if o.PoolOnly {
		s = nil
	}
	for row, set := range p {
		if o.Keep > 0 && len(rows) == o.Keep {
			return rows, row
		}
		similar := func(other map[string]bool) bool { return bruteJaccard(set, other) >= o.Threshold }
		if !slices.ContainsFunc(s, similar) {
			s = append(s, set)
			rows = append(rows, row)
		}
	}
	return rows, len(p)
}

// Both exact methods give what brute force gives: any threshold, order of
// N-grams, cut, number of workers; empty prompts and equal ones among them.
func TestFilterEqualsBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 0))
	refused := 0
	for trial := range 60 {
		seeds := zipf(uint64(2*trial), r.IntN(150), 3+r.IntN(20), 50+r.IntN(500))
		pool := zipf(uint64(2*trial+1), r.IntN(400), 3+r.IntN(20), seeds.VocabSize())
		o := FilterOptions{
			Threshold: []float64{0.05, 0.1, 0.2, 1. / 3, 0.5, 0.6, 0.7, 0.9, 1}[r.IntN(9)],
			N:         1 + r.IntN(3), MaxTokens: []int{512, 10}[r.IntN(2)], PoolOnly: r.IntN(3) == 0,
			Keep: []int{0, 0, 20}[r.IntN(3)], Workers: 1 + r.IntN(3),
		}
		want, looked := bruteFilter(seeds, pool, o)
		for _, o.Method = range []Method{Exact, Counting, Prefix} {
			f, err := Filter(t.Context(), seeds, pool, o)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(f.Rows, want) {
				t.Fatalf("trial %d, %+v: kept %v, want %v", trial, o, f.Rows, want)
			}
			if f.Accepted != len(want) || f.Unseen != pool.Len()-looked || f.Accepted+f.Refused+f.Unseen != pool.Len() {
				t.Fatalf("trial %d, %+v: %d accepted, %d refused, %d unseen", trial, o, f.Accepted, f.Refused, f.Unseen)
			}
			refused += f.Refused
			for row, b := range f.Blocker {
				status := f.Status()[row]
				if (b >= 0) != (status == "refused") || (status == "accepted") != slices.Contains(want, row) {
					t.Fatalf("trial %d: candidate %d is %s, blocked by %d", trial, row, status, b)
				}
				if b < 0 {
					continue
				}
				other := bruteSet(nil, 1, 1)
				if b < seeds.Len() {
					other = bruteSet(seeds.At(b), o.N, o.MaxTokens)
				} else {
					other = bruteSet(pool.At(b-seeds.Len()), o.N, o.MaxTokens)
				}
				if j := bruteJaccard(bruteSet(pool.At(row), o.N, o.MaxTokens), other); j != f.Jaccard[row] || j < o.Threshold {
					t.Fatalf("trial %d: candidate %d has Jaccard %v with its blocker, reported %v", trial, row, j, f.Jaccard[row])
				}
			}
		}
	}
	if refused < 1000 {
		t.Errorf("only %d candidates refused in all trials: the test says little", refused)
	}
}

func TestNearestEqualsBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 0))
	for trial := range 30 {
		targets := zipf(uint64(2*trial), 1+r.IntN(200), 3+r.IntN(20), 50+r.IntN(500))
		queries := zipf(uint64(2*trial+1), r.IntN(200), 3+r.IntN(20), targets.VocabSize())
		n := 1 + r.IntN(3)
		got, err := Nearest(t.Context(), queries, targets, NearestOptions{N: n})
		if err != nil {
			t.Fatal(err)
		}
		within, err := NearestWithin(t.Context(), targets, NearestOptions{N: n})
		if err != nil {
			t.Fatal(err)
		}
		sets := bruteSets(targets, n, 512)
		check := func(what string, set map[string]bool, self, row int, jaccard float64) {
			best, at := 0.0, -1
			for k, other := range sets {
				if j := bruteJaccard(set, other); j > best && k != self {
					best, at = j, k
				}
			}
			if row != at || jaccard != best {
				t.Fatalf("trial %d, %s: nearest is %d at %v, want %d at %v", trial, what, row, jaccard, at, best)
			}
		}
		for i := range got.Row {
			check(fmt.Sprint("query ", i), bruteSet(queries.At(i), n, 512), -1, got.Row[i], got.Jaccard[i])
		}
		for i := range within.Row {
			check(fmt.Sprint("target ", i), sets[i], i, within.Row[i], within.Jaccard[i])
		}
	}
}

// LSH may keep too much but never refuses without cause, and its recall is what
// it reports.
func TestLSHRecall(t *testing.T) {
	seeds, pool := zipf(1, 600, 30, 800), zipf(2, 1200, 30, 800)
	for _, threshold := range []float64{0.3, 0.5, 0.8} {
		// Similar prompts come in clusters, whose pairs are found or missed together,
		// so the recall of one draw of hashes varies much.
		const draws = 8
		mean, accepted := 0.0, 0
		for seed := range uint64(draws) {
			f, err := Filter(t.Context(), seeds, pool, FilterOptions{Threshold: threshold, Method: LSH, Sample: 1200, Seed: 1000 * seed})
			if err != nil {
				t.Fatal(err)
			}
			if seed == 0 {
				t.Log(f)
			}
			if f.RecallPairs < 1000 {
				t.Errorf("threshold %v: %d similar pairs: the test says little", threshold, f.RecallPairs)
			}
			mean += f.MeasuredRecall / draws
			accepted += f.Accepted
			for row, b := range f.Blocker {
				if b >= 0 && f.Jaccard[row] < threshold {
					t.Errorf("candidate %d refused at Jaccard %v", row, f.Jaccard[row])
				}
			}
		}
		if mean < 0.95 || mean > 1 {
			t.Errorf("threshold %v: mean recall %.3f, asked for 0.95", threshold, mean)
		}
		poor, err := Filter(t.Context(), seeds, pool, FilterOptions{Threshold: threshold, Method: LSH, Rows: 6, Bands: 2, Sample: 1200})
		if err != nil {
			t.Fatal(err)
		}
		if poor.MeasuredRecall >= mean || draws*poor.Accepted < accepted {
			t.Errorf("threshold %v: 2 bands of 6 rows: recall %.3f and %d kept; with recall %.3f %d kept", threshold, poor.MeasuredRecall, poor.Accepted, mean, accepted/draws)
		}
	}
	if _, err := Filter(t.Context(), seeds, pool, FilterOptions{Threshold: 0.001, Method: LSH}); err == nil {
		t.Error("LSH at threshold 0.001: no error")
	}
}

func TestFilterRefusesAndStops(t *testing.T) {
	seeds, pool := zipf(1, 50, 10, 100), zipf(2, 50, 10, 100)
	for _, o := range []FilterOptions{{}, {Threshold: 1.5}, {Threshold: -1}, {Threshold: 0.5, N: -1}, {Threshold: 0.5, N: 17}, {Threshold: 0.5, Method: "magic"}, {Threshold: 0.5, Keep: -1}} {
		if _, err := Filter(t.Context(), seeds, pool, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := Filter(ctx, seeds, pool, FilterOptions{Threshold: 0.5}); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Nearest(ctx, seeds, pool, NearestOptions{}); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := Select(ctx, seeds, pool, Options{}); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
}

// N-grams too long for one word are numbered exactly too.
func TestLongGrams(t *testing.T) {
	ids := zipf(3, 200, 20, 50000)
	for _, n := range []int{1, 2, 4, 5, 9} {
		g, err := newGramSets(t.Context(), n, 40, nil, ids)
		if err != nil {
			t.Fatal(err)
		}
		brute := bruteSets(ids, n, 40)
		df := map[string]int{}
		for i, set := range brute {
			if g.size(i) != len(set) {
				t.Fatalf("%d-grams: prompt %d has %d, want %d", n, i, g.size(i), len(set))
			}
			for gram := range set {
				df[gram]++
			}
		}
		if g.distinct() != len(df) || !slices.IsSorted(g.df) {
			t.Fatalf("%d-grams: %d distinct, want %d, by rising frequency", n, g.distinct(), len(df))
		}
		var want []int32
		for _, f := range df {
			want = append(want, int32(f))
		}
		slices.Sort(want)
		if !reflect.DeepEqual(g.df, want) {
			t.Errorf("%d-grams: document frequencies differ", n)
		}
		for i := range ids.Len() - 1 {
			a, b := g.at(i), g.at(i+1)
			if j := index(intersection(a, b), len(a), len(b)); j != bruteJaccard(brute[i], brute[i+1]) {
				t.Fatalf("%d-grams: Jaccard of %d and %d is %v", n, i, i+1, j)
			}
		}
	}
}
