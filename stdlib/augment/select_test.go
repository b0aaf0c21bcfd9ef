package augment

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"divvy/stdlib/diversity"
	"divvy/stdlib/tokenize"
)

// Lazy evaluation takes the very candidates that a search takes which computes
// every share anew at every step.
func TestNoveltyEqualsPlainGreedy(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 0))
	for trial := range 30 {
		seeds := zipf(uint64(2*trial), r.IntN(60), 3+r.IntN(15), 30+r.IntN(300))
		pool := zipf(uint64(2*trial+1), 1+r.IntN(150), 3+r.IntN(15), seeds.VocabSize())
		o := Options{Strategy: Novelty, Keep: 1 + r.IntN(pool.Len()), N: 1 + r.IntN(3), Threshold: []float64{0, 0.3}[r.IntN(2)]}
		got, err := Select(t.Context(), seeds, pool, o)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, set := range bruteSets(seeds, o.N, 512) {
			for g := range set {
				seen[g] = true
			}
		}
		sets := bruteSets(pool, o.N, 512)
		var want []int
		for len(want) < o.Keep {
			best, at := -1.0, -1
			for row, set := range sets {
				if slices.Contains(want, row) {
					continue
				}
				fresh, total := 0, max(0, len(pool.At(row))-o.N+1)
				for g := range set {
					if !seen[g] {
						fresh++
					}
				}
				share := 0.0
				if total > 0 {
					share = float64(fresh) / float64(total)
				}
				if share > best {
					best, at = share, row
				}
			}
			if o.Threshold > 0 && best < o.Threshold {
				break
			}
			want = append(want, at)
			for g := range sets[at] {
				seen[g] = true
			}
		}
		if !slices.Equal(got.Rows, want) {
			t.Fatalf("trial %d, %+v: %v, want %v", trial, o, got.Rows, want)
		}
	}
}

// The Jaccard strategies score what their options say, from supporting samples
// that are seeds.
func TestScores(t *testing.T) {
	seeds, pool := zipf(1, 30, 12, 60), zipf(2, 80, 12, 60)
	setsOfSeeds, setsOfPool := bruteSets(seeds, 2, 512), bruteSets(pool, 2, 512)
	// With as many supports as seeds nothing is left to chance.
	for rule, threshold := range map[Rule]float64{Max: 0.1, Mean: 0.1, Union: 0.04} {
		s, err := Select(t.Context(), seeds, pool, Options{Supports: 30, Rule: rule, Threshold: threshold})
		if err != nil {
			t.Fatal(err)
		}
		var want []int
		for row, set := range setsOfPool {
			all, most, sum := map[string]bool{}, 0.0, 0.0
			for _, other := range setsOfSeeds {
				j := bruteJaccard(set, other)
				most, sum = max(most, j), sum+j
				for g := range other {
					all[g] = true
				}
			}
			score := map[Rule]float64{Max: most, Mean: sum / 30, Union: bruteJaccard(set, all)}[rule]
			if math.Abs(s.Score[row]-score) > 1e-12 {
				t.Errorf("%s of candidate %d: %v, want %v", rule, row, s.Score[row], score)
			}
			if score < threshold {
				want = append(want, row)
			}
		}
		if len(want) == 0 || len(want) == 80 || !slices.Equal(s.Rows, want) {
			t.Errorf("%s: accepted %v, want %v", rule, s.Rows, want)
		}
	}
	s, err := Select(t.Context(), seeds, pool, Options{Strategy: LocalRatio, Supports: 30, Keep: 10})
	if err != nil {
		t.Fatal(err)
	}
	for row := range setsOfPool {
		one, err := join(seeds, pool.Slice(row, row+1))
		if err != nil {
			t.Fatal(err)
		}
		m, err := diversity.Measure(t.Context(), one, diversity.Options{})
		if err != nil || math.Abs(m.Ratio-s.Score[row]) > 1e-12 {
			t.Errorf("local ratio of candidate %d: %v, want %v (%v)", row, s.Score[row], m.Ratio, err)
		}
	}
}

// Supporting samples are different, and every prompt may be one.
func TestDraw(t *testing.T) {
	var l localScorer
	drawn := make([]int, 10)
	for i := range 2000 {
		l.draw(rand.New(rand.NewPCG(1, uint64(i))), 3, 10)
		if len(l.supports) != 3 || len(slices.Compact(slices.Sorted(slices.Values(l.supports)))) != 3 {
			t.Fatalf("drew %v", l.supports)
		}
		for _, s := range l.supports {
			drawn[s]++
		}
	}
	for s, n := range drawn { // 600 expected, standard deviation 20
		if n < 500 || n > 700 {
			t.Errorf("%d was drawn %d times of 2000 x 3 from 10", s, n)
		}
	}
}

func TestLengthMatchKeepsLengths(t *testing.T) {
	seeds, pool := zipf(1, 100, 30, 500), zipf(2, 1000, 30, 500)
	lengths := make([]int, pool.Len())
	for row := range lengths {
		lengths[row] = len(pool.At(row))
	}
	slices.Sort(lengths)
	for _, strategy := range []Strategy{Random, Jaccard, LocalRatio, SeedNovelty, Novelty} {
		s, err := Select(t.Context(), seeds, pool, Options{Strategy: strategy, LengthMatch: true, Strata: 10, Keep: 205})
		if err != nil {
			t.Fatal(err)
		}
		if s.Accepted != 205 {
			t.Errorf("%s: %d accepted", strategy, s.Accepted)
		}
		var got []int
		for _, row := range s.Rows {
			got = append(got, len(pool.At(row)))
		}
		slices.Sort(got)
		for q := 1; q < 10; q++ { // the deciles of both within a stratum's width
			low, high := lengths[max(0, (q-1)*100)], lengths[min(999, (q+1)*100)]
			if d := got[q*205/10]; d < low || d > high {
				t.Errorf("%s: decile %d of the lengths is %d, want %d to %d", strategy, q, d, low, high)
			}
		}
	}
}

// The same seed gives the same result whatever the number of workers; another
// seed another one. Counts add up, and progress ends where it should.
func TestSelectIsReproducible(t *testing.T) {
	seeds, pool := zipf(1, 100, 20, 300), zipf(2, 400, 20, 300)
	ways := append(Strategies(100, 7), Options{Threshold: 0.08, Keep: 50, Seed: 7}, Options{Threshold: 0.08, Growing: true, Seed: 7},
		Options{Strategy: LocalRatio, Threshold: 0.9, Growing: true, Seed: 7})
	for _, o := range ways {
		bar := &counter{}
		o.Workers, o.Progress = 1, bar
		a, err := Select(t.Context(), seeds, pool, o)
		if err != nil {
			t.Fatalf("%v: %v", o, err)
		}
		if bar.started.Load() == 0 || bar.started.Load() != bar.ended.Load() {
			t.Errorf("%v: %d stages begun, %d ended", o, bar.started.Load(), bar.ended.Load())
		}
		o.Workers, o.Progress = 3, nil
		b, err := Select(t.Context(), seeds, pool, o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.Rows, b.Rows) || a.After != b.After {
			t.Errorf("%v: 1 and 3 workers differ", o)
		}
		if a.Accepted+a.Refused+a.Unseen != 400 || a.Accepted == 0 || a.Accepted == 400 {
			t.Errorf("%v: %d accepted, %d refused, %d unseen", o, a.Accepted, a.Refused, a.Unseen)
		}
		o.Seed++
		c, err := Select(t.Context(), seeds, pool, o)
		if err != nil {
			t.Fatal(err)
		}
		if drawn := o.Strategy != SeedNovelty && o.Strategy != Novelty; drawn == slices.Equal(a.Rows, c.Rows) {
			t.Errorf("%v: with another seed the same is %v", o, !drawn)
		}
		all, err := join(seeds, pool.Take(a.Rows))
		if err != nil {
			t.Fatal(err)
		}
		if m, err := diversity.Measure(t.Context(), all, diversity.Options{}); err != nil || m != a.After || a.Before.Prompts != 100 {
			t.Errorf("%v: d after is %v, want %v (%v)", o, a.After, m, err)
		}
		status := strings.Join(a.Status(), " ")
		if strings.Count(status, "accepted") != a.Accepted || strings.Count(status, "refused") != a.Refused || strings.Count(status, "unseen") != a.Unseen {
			t.Errorf("%v: the statuses do not add up", o)
		}
		if table := a.Table(); table.NumRows() != 400 || !reflect.DeepEqual(table.Columns(), []string{"candidate", "status", "order", "score", "ngrams"}) {
			t.Errorf("%v: table %v", o, table.Columns())
		}
	}
}

// counter counts the stages of a Reporter.
type counter struct{ started, ended atomic.Int64 }

func (c *counter) Start(int64, string) { c.started.Add(1) }
func (c *counter) Add(int64)           {}
func (c *counter) Done()               { c.ended.Add(1) }

func TestSelectRefuses(t *testing.T) {
	seeds, pool := zipf(1, 5, 10, 100), zipf(2, 20, 10, 100)
	for _, o := range []Options{{Strategy: "best"}, {Rule: "median"}, {N: -1}, {N: 17}, {Keep: -1}, {Threshold: 2}, {Threshold: math.NaN()},
		{Strategy: Random, Threshold: 0.5}, {Supports: 6}, {Supports: -1}, {Strata: -1}, {Growing: true}, {Strategy: Novelty, Growing: true, Threshold: 0.1}} {
		if _, err := Select(t.Context(), seeds, pool, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	if _, err := Compare(t.Context(), seeds, pool, []Options{}); err == nil {
		t.Error("nothing to compare: no error")
	}
}

// Nothing at all is no reason to fail.
func TestEmpty(t *testing.T) {
	none, err := tokenize.NewIDs(nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	some := zipf(1, 5, 10, 100)
	for _, strategy := range []Strategy{Random, Jaccard, LocalRatio, SeedNovelty, Novelty} {
		s, err := Select(t.Context(), some, none, Options{Strategy: strategy, LengthMatch: true})
		if err != nil || s.Accepted != 0 || s.After != s.Before {
			t.Errorf("%s of an empty pool: %v, %v", strategy, s, err)
			continue
		}
		if b := s.MIMEBundle(); b["text/plain"] == nil || b["text/html"] == nil {
			t.Errorf("%s of an empty pool is shown as %v", strategy, b)
		}
	}
	for _, strategy := range []Strategy{Random, SeedNovelty, Novelty} {
		if s, err := Select(t.Context(), none, some, Options{Strategy: strategy}); err != nil || s.Accepted != 2 {
			t.Errorf("%s without seeds: %v, %v", strategy, s, err)
		}
	}
	for _, pair := range [][2]*tokenize.IDs{{none, none}, {none, some}, {some, none}} {
		f, err := Filter(t.Context(), pair[0], pair[1], FilterOptions{Threshold: 0.5})
		if err != nil || f.Accepted+f.Refused != pair[1].Len() || f.MIMEBundle()["text/html"] == nil {
			t.Errorf("filter of %d and %d: %v, %v", pair[0].Len(), pair[1].Len(), f, err)
		}
		n, err := Nearest(t.Context(), pair[1], pair[0], NearestOptions{})
		if err != nil || len(n.Row) != pair[1].Len() || n.MIMEBundle()["text/html"] == nil {
			t.Errorf("nearest of %d and %d: %v, %v", pair[0].Len(), pair[1].Len(), n, err)
		}
	}
}

// Text of a prompt is never HTML.
func TestHostileText(t *testing.T) {
	c, err := Collect(t.Context(), NewPool([]string{`<script>alert("x")</script>`}), CollectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if html := c.MIMEBundle()["text/html"].(string); strings.Contains(html, "<script") || !strings.Contains(html, "&lt;script") {
		t.Errorf("shown as %s", html)
	}
}
