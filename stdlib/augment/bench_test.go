package augment

import (
	"context"
	"fmt"
	"testing"
	"time"

	"divvy/stdlib/tokenize"
)

// benchPool is prompts of 65 2-grams or so over LLaMA's vocabulary, a quarter of
// them variations of others: 20,000 seeds and 20,000 candidates.
func benchPool(n int) (seeds, pool *tokenize.IDs) {
	all := zipf(11, 2*n, 75, 32000)
	return all.Prefix(n), all.Slice(n, 2*n)
}

// bruteRows is how many candidates brute force is timed for: its cost is the same
// for every one, and all 20,000 would take minutes.
const bruteRows = 1000

// BenchmarkNearest compares the exact nearest of 20,000 prompts for each of 20,000
// with comparing all pairs of sets, on as many cores, in one run.
func BenchmarkNearest(b *testing.B) {
	const n = 20000
	seeds, pool := benchPool(n)
	for range b.N {
		begin := time.Now()
		got, err := Nearest(b.Context(), pool, seeds, NearestOptions{})
		if err != nil {
			b.Fatal(err)
		}
		fast := time.Since(begin)

		sets, err := newGramSets(b.Context(), 2, 512, nil, seeds, pool)
		if err != nil {
			b.Fatal(err)
		}
		begin = time.Now()
		brute := make([]float64, bruteRows)
		_, _, workers := common(0, 0, 0)
		err = parallel(context.Background(), bruteRows, workers, nil, "brute force", func(_, from, to int) {
			for row := from; row < to; row++ {
				a := sets.at(n + row)
				for s := range n {
					b := sets.at(s)
					brute[row] = max(brute[row], index(intersection(a, b), len(a), len(b)))
				}
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		slow := time.Since(begin) * n / bruteRows
		for row, j := range brute {
			if j != got.Jaccard[row] {
				b.Fatalf("candidate %d: %v, brute force %v", row, got.Jaccard[row], j)
			}
		}
		b.ReportMetric(float64(fast.Nanoseconds())/n/n, "ns/pair")
		b.ReportMetric(slow.Seconds(), "brute-s")
		b.ReportMetric(slow.Seconds()/fast.Seconds(), "brute/this")
	}
}

// BenchmarkFilter compares the methods of Filter at several thresholds, with one
// another and with brute force on as many cores in the same run: each candidate
// with the seeds and the candidates kept before, until one is similar.
func BenchmarkFilter(b *testing.B) {
	const n = 20000
	seeds, pool := benchPool(n)
	sets, err := newGramSets(b.Context(), 2, 512, nil, seeds, pool)
	if err != nil {
		b.Fatal(err)
	}
	for _, threshold := range []float64{0.1, 0.2, 0.3, 0.5, 0.7} {
		exact, err := Filter(b.Context(), seeds, pool, FilterOptions{Threshold: threshold})
		if err != nil {
			b.Fatal(err)
		}
		slow := bruteTime(b, sets, exact)
		for _, method := range []Method{Counting, Prefix, LSH} {
			o := FilterOptions{Threshold: threshold, Method: method}
			if _, err := o.withDefaults(); err != nil {
				continue // LSH at a threshold that is too low for it
			}
			b.Run(fmt.Sprintf("t=%g/%s", threshold, method), func(b *testing.B) {
				for range b.N {
					begin := time.Now()
					f, err := Filter(b.Context(), seeds, pool, o)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(slow.Seconds()/time.Since(begin).Seconds(), "brute/this")
					b.ReportMetric(float64(f.Accepted), "kept")
					b.ReportMetric(f.MeasuredRecall, "recall")
				}
			})
		}
	}
}

// bruteTime is how long brute force takes, from every twentieth candidate.
func bruteTime(b *testing.B, sets *gramSets, f *Filtered) time.Duration {
	const step = 20
	begin := time.Now()
	_, _, workers := common(0, 0, 0)
	err := parallel(context.Background(), f.pool/step, workers, nil, "brute force", func(_, from, to int) {
		for i := from; i < to; i++ {
			row := i * step
			set := sets.at(f.seeds + row)
			similar := func(doc int) bool {
				other := sets.at(doc)
				return index(intersection(set, other), len(set), len(other)) >= f.Options.Threshold
			}
			found := false
			for doc := 0; doc < f.seeds && !found; doc++ {
				found = similar(doc)
			}
			for k := 0; k < len(f.Rows) && f.Rows[k] < row && !found; k++ {
				found = similar(f.seeds + f.Rows[k])
			}
			if found != (f.Blocker[row] >= 0) {
				b.Errorf("candidate %d: brute force refuses %v, Filter %v", row, found, !found)
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	return step * time.Since(begin)
}

// BenchmarkSelect is each strategy on 20,000 seeds and 20,000 candidates.
func BenchmarkSelect(b *testing.B) {
	seeds, pool := benchPool(20000)
	for _, o := range Strategies(10000, 0) {
		b.Run(o.String(), func(b *testing.B) {
			for range b.N {
				if _, err := Select(b.Context(), seeds, pool, o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
