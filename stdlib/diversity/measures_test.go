package diversity_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"divvy/arrowio"
	"divvy/stdlib/diversity"
	"divvy/stdlib/figure"
	"divvy/stdlib/paper"
	"divvy/stdlib/tokenize"
)

func newIDs(t testing.TB, sequences [][]int32) *tokenize.IDs {
	t.Helper()
	ids, err := tokenize.NewIDs(sequences, 0)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func skewed(n, length, vocab int) [][]int32 {
	r := rand.New(rand.NewPCG(5, 6))
	out := make([][]int32, n)
	for i := range out {
		out[i] = make([]int32, r.IntN(length))
		for j := range out[i] {
			out[i][j] = int32(float64(vocab) * r.Float64() * r.Float64() * r.Float64())
		}
	}
	return out
}

// Each point of a curve is Measure of that prefix, whatever the order of sizes.
func TestCurveIsMeasureOfEachPrefix(t *testing.T) {
	ids := newIDs(t, skewed(300, 80, 500))
	for n := 1; n <= 4; n++ {
		o := diversity.Options{N: n, P: 0.3, MaxTokens: 50}
		sizes := []int{300, 0, 17, 17, 1, 299}
		curve, err := diversity.Curve(context.Background(), ids, sizes, o)
		if err != nil {
			t.Fatal(err)
		}
		full, err := diversity.Curve(context.Background(), ids, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		for i, size := range sizes {
			want, err := diversity.Measure(context.Background(), ids.Prefix(size), o)
			if err != nil {
				t.Fatal(err)
			}
			if curve.At(i) != want {
				t.Errorf("N = %d, size %d: %v, want %v", n, size, curve.At(i), want)
			}
			if size > 0 && full.At(size-1) != want {
				t.Errorf("N = %d, every size, %d: %v, want %v", n, size, full.At(size-1), want)
			}
		}
		if got := curve.WithP(0.7).D[0]; !near(got, math.Pow(300, 0.7)*curve.Ratio[0], 1e-12) {
			t.Errorf("with p = 0.7: %v", got)
		}
	}
	if _, err := diversity.Curve(context.Background(), ids, []int{301}, diversity.Options{}); err == nil {
		t.Error("a subset of 301 of 300 prompts: want an error")
	}
}

func TestCounterIsMeasureOfAllSoFar(t *testing.T) {
	ids := newIDs(t, skewed(200, 60, 300))
	for n := 1; n <= 3; n++ {
		o := diversity.Options{N: n}
		c, err := diversity.NewCounter(ids.VocabSize(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range []int{1, 50, 50, 200} {
			from := c.Result().Prompts
			got, err := c.Add(context.Background(), ids.Slice(from, to))
			if err != nil {
				t.Fatal(err)
			}
			want, err := diversity.Measure(context.Background(), ids.Prefix(to), o)
			if err != nil {
				t.Fatal(err)
			}
			if got != want || c.Result() != want {
				t.Errorf("N = %d, %d prompts: %v, want %v", n, to, got, want)
			}
		}
	}
	c, err := diversity.NewCounter(3, diversity.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Add(context.Background(), newIDs(t, [][]int32{{7}})); err == nil {
		t.Error("an id outside the counter's vocabulary: want an error")
	}
	// One that was stopped in the middle has counted some of the prompts, nobody knows
	// which: it gives no more results.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Add(ctx, newIDs(t, [][]int32{{1, 2}})); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	if r, err := c.Add(context.Background(), newIDs(t, [][]int32{{1, 2}})); !errors.Is(err, context.Canceled) {
		t.Errorf("after it was stopped: %v, %v", r, err)
	}
}

func TestPerPrompt(t *testing.T) {
	ids := newIDs(t, [][]int32{{1, 2, 3}, {1, 2}, {}, {9, 8, 7, 1, 2}, {1, 2, 3}})
	c, err := diversity.PerPrompt(context.Background(), ids, diversity.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.New, c.Total, c.Top(2), c.Share()); got != "[2 0 0 3 0] [2 1 0 4 2] [3 0] [1 0 0 0.75 0]" {
		t.Errorf("got %s", got)
	}
	if rows := c.Table().NumRows(); rows != 5 {
		t.Errorf("a table of %d rows", rows)
	}
}

func TestNothingToMeasure(t *testing.T) {
	for _, sequences := range [][][]int32{nil, {{}}, {{1}}} {
		m, err := diversity.Measure(context.Background(), newIDs(t, sequences), diversity.Options{})
		if err != nil || m.D != 0 || m.Ratio != 0 || m.Total != 0 || m.Prompts != len(sequences) {
			t.Errorf("%v: %v, %v", sequences, m, err)
		}
	}
}

// Without prompts d is 0 whatever the decay index, and no NaN.
func TestNoPromptsAndANegativeIndex(t *testing.T) {
	curve, err := diversity.Curve(t.Context(), newIDs(t, skewed(3, 10, 10)), []int{0, 3}, diversity.Options{P: -0.5})
	if err != nil || curve.D[0] != 0 || !near(curve.D[1], math.Pow(3, -0.5)*curve.Ratio[1], 1e-12) {
		t.Errorf("%v, %v", curve.D, err)
	}
	if d := curve.WithP(-1).D; d[0] != 0 || !near(d[1], curve.Ratio[1]/3, 1e-12) {
		t.Errorf("%v", d)
	}
}

func TestCancelledMeasure(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("stop")
	cancel(stop)
	ids := newIDs(t, skewed(10, 10, 10))
	if _, err := diversity.Measure(ctx, ids, diversity.Options{}); !errors.Is(err, stop) {
		t.Errorf("got %v, want the cause of the cancellation", err)
	}
}

func TestProgressEndsAtTheTotal(t *testing.T) {
	var last, all int64
	m, err := diversity.Measure(context.Background(), newIDs(t, skewed(100, 50, 90)), diversity.Options{
		Progress: func(done, total int64) { last, all = done, total }})
	if err != nil || last != m.Total || all != m.Total {
		t.Errorf("progress ended at %d of %d, %v", last, all, err)
	}
}

// The values are NLTK 3.9.2's sentence_bleu with SmoothingFunction().method1,
// each text against all others.
func TestSelfBLEU(t *testing.T) {
	ids := newIDs(t, [][]int32{{1, 2, 3, 4, 5, 6}, {1, 2, 3, 4, 9}, {7, 8, 1, 2}, {1, 2, 3, 4, 5, 6, 7, 8}, {20, 21, 22}, {5, 5, 5, 5, 2, 3}, {1, 2}})
	got, err := diversity.SelfBLEU(context.Background(), ids, diversity.SampleOptions{})
	if err != nil || !near(got, 0.423081920629667, 1e-12) {
		t.Errorf("got %v, %v; want NLTK's 0.423081920629667", got, err)
	}
	same, err := diversity.SelfBLEU(context.Background(), newIDs(t, [][]int32{{1, 2, 3, 4}, {1, 2, 3, 4}}), diversity.SampleOptions{})
	if err != nil || !near(same, 1, 1e-12) {
		t.Errorf("equal texts: %v, %v; want 1", same, err)
	}
}

func TestEntropy(t *testing.T) {
	// 2-grams: 1 2 four times, 2 1 three times, 3 4 once.
	ids := newIDs(t, [][]int32{{1, 2, 1, 2, 1, 2}, {1, 2, 1}, {3, 4}})
	counts := []float64{4, 3, 1}
	want := 0.0
	for _, c := range counts {
		want -= c / 8 * math.Log2(c/8)
	}
	got, err := diversity.Entropy(context.Background(), ids, diversity.Options{})
	if err != nil || !near(got, want, 1e-12) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

// N-grams above 64 bits are measured exactly too.
func TestLongNGrams(t *testing.T) {
	short := skewed(150, 60, 40)
	far := make([][]int32, len(short)) // the same texts with ids of 20 bits
	for i, text := range short {
		for _, id := range text {
			far[i] = append(far[i], id*26007)
		}
	}
	near20, err := tokenize.NewIDs(short, 40)
	if err != nil {
		t.Fatal(err)
	}
	far20, err := tokenize.NewIDs(far, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for n := 3; n <= 6; n++ {
		a, errA := diversity.Entropy(t.Context(), near20, diversity.Options{N: n})
		b, errB := diversity.Entropy(t.Context(), far20, diversity.Options{N: n})
		if errA != nil || errB != nil || !near(a, b, 1e-9) {
			t.Errorf("N = %d: entropies %v and %v; %v, %v", n, a, b, errA, errB)
		}
		o := diversity.SampleOptions{Options: diversity.Options{N: n}, Sample: 2000}
		j, errA := diversity.PairwiseJaccard(t.Context(), near20, o)
		k, errB := diversity.PairwiseJaccard(t.Context(), far20, o)
		if errA != nil || errB != nil || j.Mean != k.Mean || j.Max != k.Max {
			t.Errorf("N = %d: Jaccard %+v and %+v; %v, %v", n, j, k, errA, errB)
		}
		exact, errA := diversity.Measure(t.Context(), far20, diversity.Options{N: n})
		about, errB := diversity.CurveApproximate(t.Context(), far20, []int{far20.Len()}, diversity.Options{N: n})
		if errA != nil || errB != nil || !near(float64(about.Unique[0]), float64(exact.Unique), 4*diversity.ApproximateError*float64(exact.Unique)) {
			t.Errorf("N = %d: about %v, exactly %v; %v, %v", n, about, exact, errA, errB)
		}
	}
}

func TestPairwiseJaccard(t *testing.T) {
	ids := newIDs(t, [][]int32{{1, 2, 3}, {1, 2, 3}})
	j, err := diversity.PairwiseJaccard(context.Background(), ids, diversity.SampleOptions{Sample: 100})
	if err != nil || j.Mean != 1 || j.Std != 0 || j.Pairs != 100 {
		t.Errorf("equal prompts: %+v, %v", j, err)
	}
	// {12, 23, 34} and {12, 23}: 2 of 3; the third shares nothing.
	ids = newIDs(t, [][]int32{{1, 2, 3, 4}, {1, 2, 3}, {9}})
	j, err = diversity.PairwiseJaccard(context.Background(), ids, diversity.SampleOptions{Sample: 60000, Seed: 4})
	if err != nil || !near(j.Mean, 2.0/9, 0.01) || !near(j.Max, 2.0/3, 1e-12) {
		t.Errorf("got %+v, %v; want a mean near 2/9 and a greatest of 2/3", j, err)
	}
}

// Texts shorter than the order, repeated ids, and one that shares nothing, as
// NLTK's sentence_bleu and a Counter in Python have them.
func TestOddTextsAsInPython(t *testing.T) {
	ids := newIDs(t, [][]int32{{5, 2, 5, 5, 5}, {3}, {5, 0, 1, 0}, {9, 9}, {0, 5, 1, 3}, {1, 3, 1, 0, 1}, {1, 1, 0, 0, 1, 1, 1, 1}, {2, 1, 4, 5, 5}, {1, 5, 1, 3}, {0, 2, 3, 1, 1}, {0, 2, 2, 4, 4}, {4}})
	if got, err := diversity.SelfBLEU(t.Context(), ids, diversity.SampleOptions{}); err != nil || !near(got, 0.19434649923732797, 1e-12) {
		t.Errorf("self-BLEU %v, %v", got, err)
	}
	if got, err := diversity.Entropy(t.Context(), ids, diversity.Options{}); err != nil || !near(got, 4.219475244464338, 1e-12) {
		t.Errorf("entropy %v, %v", got, err)
	}
}

func TestCompressionRatio(t *testing.T) {
	repeated, err := diversity.CompressionRatio(context.Background(), []string{strings.Repeat("the same again ", 1000)})
	if err != nil || repeated < 50 {
		t.Errorf("repetition compresses %v, %v", repeated, err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 10000)
	for i := range noise {
		noise[i] = byte(r.UintN(256))
	}
	if ratio, err := diversity.CompressionRatio(context.Background(), []string{string(noise)}); err != nil || ratio > 1.01 {
		t.Errorf("noise compresses %v, %v", ratio, err)
	}
}

func TestProfile(t *testing.T) {
	p, err := diversity.NewProfile(context.Background(), newIDs(t, skewed(50, 40, 90)), []string{"a", "b"}, diversity.SampleOptions{Sample: 30})
	if err != nil || len(p.Measures) != 9 || p.Table().NumRows() != 9 {
		t.Fatalf("%+v, %v", p, err)
	}
	for i, v := range p.Values {
		if math.IsNaN(v) || v < 0 {
			t.Errorf("%s is %v", p.Measures[i], v)
		}
	}
	// The cut holds for self-BLEU, too.
	ids, o := newIDs(t, skewed(50, 40, 90)), diversity.SampleOptions{Options: diversity.Options{N: 2, MaxTokens: 10}}
	if p, err = diversity.NewProfile(context.Background(), ids, nil, o); err != nil {
		t.Fatal(err)
	}
	o.N = 4
	if want, err := diversity.SelfBLEU(context.Background(), ids, o); err != nil || p.Values[slices.Index(p.Measures, "self-BLEU-4")] != want {
		t.Errorf("%v, want a self-BLEU of %v, %v", p, want, err)
	}
}

// The stated error of the approximate counts holds over many counts.
func TestApproximateError(t *testing.T) {
	ids := newIDs(t, skewed(6000, 120, 20000))
	sizes := []int{}
	for n := 100; n <= 6000; n += 100 {
		sizes = append(sizes, n)
	}
	for n := 1; n <= 4; n++ {
		exact, err := diversity.Curve(context.Background(), ids, sizes, diversity.Options{N: n})
		if err != nil {
			t.Fatal(err)
		}
		about, err := diversity.CurveApproximate(context.Background(), ids, sizes, diversity.Options{N: n})
		if err != nil {
			t.Fatal(err)
		}
		within := 0
		for i := range sizes {
			e := math.Abs(float64(about.Unique[i])/float64(exact.Unique[i]) - 1)
			if e > 3.5*diversity.ApproximateError {
				t.Errorf("N = %d, size %d: error %.4f", n, sizes[i], e)
			}
			if e <= diversity.ApproximateError {
				within++
			}
			if about.Total[i] != exact.Total[i] {
				t.Errorf("N = %d, size %d: %d N-grams, want %d", n, sizes[i], about.Total[i], exact.Total[i])
			}
		}
		if within < len(sizes)/2 {
			t.Errorf("N = %d: only %d of %d counts are within one standard error", n, within, len(sizes))
		}
	}
}

// shown is what every result gives a notebook.
type shown interface {
	MIMEBundle() map[string]any
	Figure() *figure.Figure
	Table() *arrowio.Table
}

// Every result can be drawn, tabulated and written in a line, empty ones too.
func TestEveryResultShowsItself(t *testing.T) {
	obs, s, d := observations(paper.Figure4c())
	grid, err := diversity.GridSearch([]*diversity.Series{s}, obs, diversity.GridOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fit, err := diversity.NewFit(d, obs, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !near(fit.MSE(), grid.Points[250].MSE, 1e-9) || !near(fit.LOO(), grid.Points[250].LOO, 1e-9) {
		t.Errorf("the fit has errors %v and %v, the grid %+v", fit.MSE(), fit.LOO(), grid.Points[250])
	}
	ids := newIDs(t, skewed(1500, 40, 300))
	curve, err := diversity.Curve(t.Context(), ids, nil, diversity.Options{})
	if err != nil {
		t.Fatal(err)
	}
	each, err := diversity.PerPrompt(t.Context(), ids, diversity.Options{})
	if err != nil {
		t.Fatal(err)
	}
	jaccard, err := diversity.PairwiseJaccard(t.Context(), ids, diversity.SampleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []shown{grid, fit, curve, each, jaccard} {
		b := v.MIMEBundle()
		page, _ := b["text/html"].(string)
		if !strings.Contains(page, "<img") || !strings.Contains(page, "<table") || v.Table().NumRows() == 0 {
			t.Errorf("%T shows %.60s", v, page)
		}
		if text, _ := b["text/plain"].(string); text == "" || strings.Contains(text, "%!") {
			t.Errorf("%T: text %q", v, text)
		}
		if f := v.Figure(); f.Title == "" || f.XLabel == "" || f.YLabel == "" {
			t.Errorf("%T: a figure without a title or an axis without a name", v)
		}
	}
	if x := curve.Figure().Series[0].X; len(x) > 401 || x[len(x)-1] != 1500 {
		t.Errorf("%d points, the last at %v", len(x), x[len(x)-1])
	}
	nothing, err := diversity.Curve(t.Context(), newIDs(t, nil), nil, diversity.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if page := nothing.MIMEBundle()["text/html"].(string); !strings.Contains(page, "<table") {
		t.Errorf("an empty curve shows %q", page)
	}
}
