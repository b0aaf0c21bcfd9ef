package figure

import (
	"math"
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
