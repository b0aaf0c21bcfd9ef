package figure

import (
	"fmt"
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
	want := "The first interval holds 1 more, below 0. The last interval holds 1 more, above 2. Left out: 1 NaN."
	if f.Caption != want || f.XLabel != "v" || f.YLabel != "Count" {
		t.Errorf("caption %q, axes %q and %q", f.Caption, f.XLabel, f.YLabel)
	}
	if f := Histogram("v", []float64{1, 2}, 0, 2, 2); f.Caption != "" {
		t.Errorf("caption %q where all values are inside", f.Caption)
	}
	for _, none := range [][]float64{nil, {math.NaN()}} {
		if err := Histogram("v", none, 0, 2, 2).check(); err != ErrEmpty {
			t.Errorf("histogram of %v: %v, want that there is nothing", none, err)
		}
	}
}

// Series of a column without text are named by the column, too.
func TestGroupNames(t *testing.T) {
	table, err := arrowio.NewTable().Floats("x", []float64{1, 2}).Ints("k", []int{2, 3}).
		Strings("source", []string{"hh", "oasst"}).Bools("long", []bool{true, false}).Build()
	if err != nil {
		t.Fatal(err)
	}
	for by, want := range map[string]string{"source": "hh oasst", "k": "k = 2 k = 3", "long": "long = true long = false"} {
		series, err := Groups(table, "x", "x", by)
		if err != nil || series[0].Name+" "+series[1].Name != want {
			t.Errorf("by %s: %v %v, want %s", by, series, err, want)
		}
	}
}

// The line through a cloud is drawn on it, with a white edge, in both forms.
func TestLineOnACloud(t *testing.T) {
	few, many := Series{X: []float64{1, 2, 3}, Y: []float64{1, 2, 4}}, Series{}
	for i := range cloudAbove + 1 {
		many.X, many.Y = append(many.X, float64(i%7)), append(many.Y, float64(i%11))
	}
	marks := func(s Series) (list []string) {
		for _, l := range Scatter([]Series{s}).vegaSeries() {
			mark := l.(obj)["mark"].(obj)
			list = append(list, fmt.Sprint(mark["type"], mark["strokeWidth"]))
		}
		return list
	}
	if got := marks(few); !slices.Equal(got, []string{"line2", "point0.8"}) {
		t.Errorf("few points: %v", got)
	}
	if got := marks(many); !slices.Equal(got, []string{"point<nil>", "line5", "line2"}) {
		t.Errorf("many points: %v", got)
	}
	f := Scatter([]Series{many})
	f.Width, f.Height = 320, 240
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if last := strings.LastIndex(svg, "fill-opacity:0.50"); last < 0 || !strings.Contains(svg[last:], "stroke:#0072B2") {
		t.Error("the fitted line lies under the points of the picture")
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

func TestLengthsSayWhatTheLastIntervalHolds(t *testing.T) {
	lengths := make([]int, 1000)
	lengths[7], lengths[8] = 5000, 6000
	if f, _ := Lengths("texts", lengths); f.Caption != "The last interval holds 2 more, above 1." {
		t.Errorf("caption %q", f.Caption)
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
		if n == 0 {
			if len(f.Series)+len(want.Series)+median != 0 {
				t.Errorf("no lengths: %+v and %+v, median %d", f, want, median)
			}
			continue
		}
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
	if !strings.HasPrefix(page, `<img alt="a &#34;b&#34; &lt;c&gt;. Count against v"`) || !strings.Contains(page, "<table") {
		t.Errorf("page %.80s", page)
	}
	if page := WithTable(&Figure{}, table, "")["text/html"].(string); strings.Contains(page, "<img") {
		t.Error("a figure without data is shown")
	}
}
