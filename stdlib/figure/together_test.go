package figure

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"divvy/arrowio"
)

func TestHistogram(t *testing.T) {
	f := Histogram("v", []float64{0, 0.5, 1, 1.9, 2, 5, -3, math.NaN()}, 0, 2, 2)
	if err := f.check(); err != nil {
		t.Fatal(err)
	}
	s := f.Series[0]
	if want := []float64{0, 3, 3, 4, 4, 0}; !slices.Equal(s.Y, want) || !slices.Equal(s.Hi, want) {
		t.Errorf("heights %v, want %v", s.Y, want)
	}
	if want := []float64{0, 0, 1, 1, 2, 2}; !slices.Equal(s.X, want) {
		t.Errorf("edges %v, want %v", s.X, want)
	}
}

// Where all values are one there is no width to divide.
func TestHistogramOfOneValue(t *testing.T) {
	for _, high := range []float64{3, 2, math.NaN()} {
		f := Histogram("v", []float64{3, 3, math.Inf(1)}, 3, high, 4)
		if err := f.check(); err != nil || f.Series[0].Y[1] != 2 || f.Series[0].X[len(f.Series[0].X)-1] != 4 {
			t.Errorf("up to %v: %+v, %v", high, f.Series[0], err)
		}
	}
}

// Lengths are a histogram up to the length that a hundredth exceeds.
func TestLengths(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, n := range []int{0, 1, 2, 99, 100, 5000} {
		lengths, floats := make([]int, n), make([]float64, n)
		for i := range lengths {
			lengths[i] = int(math.Exp(6 * r.Float64()))
			floats[i] = float64(lengths[i])
		}
		f, median := Lengths("texts", lengths)
		slices.Sort(floats)
		high, middle := 1.0, 0.0
		if n > 0 {
			high, middle = max(1, floats[n*99/100]), floats[n/2]
		}
		want := Histogram("texts", floats, 0, high+1, int(min(high, 60)))
		if !slices.Equal(f.Series[0].Y, want.Series[0].Y) || !slices.Equal(f.Series[0].X, want.Series[0].X) || float64(median) != middle {
			t.Errorf("%d lengths: median %d, want %v; %v, want %v", n, median, middle, f.Series[0], want.Series[0])
		}
	}
}

func TestWithTable(t *testing.T) {
	table, err := arrowio.NewTable().Ints("n", []int{1}).Build()
	if err != nil {
		t.Fatal(err)
	}
	f := Histogram("v", []float64{1}, 0, 2, 2)
	f.Title = `a "b" <c>`
	page := WithTable(f, table, "text")["text/html"].(string)
	if !strings.HasPrefix(page, `<img alt="a &#34;b&#34; &lt;c&gt;"`) || !strings.Contains(page, "<table") {
		t.Errorf("page %.80s", page)
	}
	if page := WithTable(&Figure{}, table, "")["text/html"].(string); strings.Contains(page, "<img") {
		t.Error("a figure without data is shown")
	}
}
