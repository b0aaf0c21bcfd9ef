package diversity_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"sort"
	"testing"

	"divvy/stdlib/diversity"
	"divvy/stdlib/tokenize"
)

// zipfPrompts is prompts of equal length over a vocabulary of 32,000, ids drawn
// from a Zipf law (exponent 1.05, shift 2.7) and dealt out at random, so that
// frequent ids are not neighbours. Of 5.9e7 2-grams 1.7e7 are distinct.
func zipfPrompts(prompts, length int) *tokenize.IDs {
	const vocab = 32000
	cdf := make([]float64, vocab)
	total := 0.0
	for i := range cdf {
		total += math.Pow(float64(i)+2.7, -1.05)
		cdf[i] = total
	}
	r := rand.New(rand.NewPCG(3, 4))
	names := r.Perm(vocab)
	table := make([]int32, 1<<22)
	for i := range table {
		at := sort.SearchFloat64s(cdf, (float64(i)+0.5)/float64(len(table))*total)
		table[i] = int32(names[min(at, vocab-1)])
	}
	flat := make([]int32, prompts*length)
	for i := range flat {
		flat[i] = table[r.Uint32()>>10]
	}
	offsets := make([]int64, prompts+1)
	for i := range offsets {
		offsets[i] = int64(i * length)
	}
	ids, err := tokenize.FlatIDs(flat, offsets, vocab)
	if err != nil {
		panic(err)
	}
	return ids
}

// benchPrompts is the ids that bench/compare.py shares with Python, prompts of 60
// ids each, or else a million prompts of zipfPrompts.
func benchPrompts(b *testing.B) *tokenize.IDs {
	path := os.Getenv("DIVVY_BENCH_IDS")
	if path == "" {
		return zipfPrompts(1_000_000, 60)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	flat := make([]int32, len(data)/4)
	for i := range flat {
		flat[i] = int32(binary.LittleEndian.Uint32(data[4*i:]))
	}
	offsets := make([]int64, len(flat)/60+1)
	for i := range offsets {
		offsets[i] = int64(i * 60)
	}
	ids, err := tokenize.FlatIDs(flat, offsets, 32000)
	if err != nil {
		b.Fatal(err)
	}
	return ids
}

// BenchmarkCurve is the whole curve: d at each of a million nested prefixes.
func BenchmarkCurve(b *testing.B) {
	ids := benchPrompts(b)
	for _, n := range []int{1, 2, 3, 4, 5} {
		for _, workers := range []int{1, runtime.GOMAXPROCS(0)} {
			b.Run(fmt.Sprintf("N=%d/workers=%d", n, workers), func(b *testing.B) {
				unique := int64(0)
				for b.Loop() {
					curve, err := diversity.Curve(context.Background(), ids, nil, diversity.Options{N: n, Workers: workers})
					if err != nil {
						b.Fatal(err)
					}
					unique = curve.Unique[curve.Len()-1]
				}
				reportGrams(b, ids.Len()*(60-n+1))
				if n == 2 {
					b.Logf("unique %d", unique) // compare.py compares it with Python's
				}
			})
		}
	}
}

// BenchmarkCurveApproximate is HyperLogLog at eight sizes.
func BenchmarkCurveApproximate(b *testing.B) {
	ids := benchPrompts(b)
	for b.Loop() {
		sizes := []int{ids.Len() / 8, ids.Len() / 4, ids.Len() / 2, ids.Len()}
		if _, err := diversity.CurveApproximate(context.Background(), ids, sizes, diversity.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	reportGrams(b, ids.Len()*59)
}

func reportGrams(b *testing.B, grams int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(grams), "ns/gram")
}

// BenchmarkSlider is what a slider waits for: the eight sizes of the paper on
// 36,000 prompts of the length of HH-RLHF's.
func BenchmarkSlider(b *testing.B) {
	ids := zipfPrompts(36_000, 125)
	sizes := []int{1500, 2000, 3000, 6000, 12000, 16000, 24000, 36000}
	for b.Loop() {
		if _, err := diversity.Curve(context.Background(), ids, sizes, diversity.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/curve")
}
