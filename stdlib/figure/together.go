package figure

import (
	"encoding/base64"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"divvy/arrowio"
	"divvy/stdlib/display"
)

// WithTable is the bundle of a result that is a figure and a table: the figure
// stands above. Front ends show one form of a bundle, so the picture is inside
// the HTML. A figure that cannot be drawn, for want of data, is left out.
func WithTable(f *Figure, t *arrowio.Table, text string) map[string]any {
	page := t.HTML()
	if png, err := f.PNG(); err == nil {
		w, _ := f.size()
		page = fmt.Sprintf(`<img alt="%s" style="max-width:100%%" width="%g" src="data:image/png;base64,%s">`,
			html.EscapeString(f.Describe()), w, base64.StdEncoding.EncodeToString(png)) + page
	}
	return map[string]any{display.MIMEHTML: page, display.MIMEText: text}
}

// Histogram makes a figure of how many values lie in each of bins intervals of
// equal width from low to high. Values outside are counted in the interval next
// to them, NaN is left out, and the caption says of how many. The name stands at
// the x axis. Where high is not above low, the intervals go from low to 1 above it.
func Histogram(name string, values []float64, low, high float64, bins int) *Figure {
	bins = max(1, bins)
	if !(high > low) {
		high = low + 1
	}
	counts := make([]float64, bins)
	below, above, missing := 0, 0, 0
	for _, v := range values {
		at := (v - low) / (high - low) * float64(bins)
		switch {
		case math.IsNaN(at):
			missing++
			continue
		case v < low:
			below++
		case v > high:
			above++
		}
		counts[int(min(max(at, 0), float64(bins-1)))]++
	}
	f := HistogramOf(name, counts, low, high)
	f.YLabel = "Count"
	f.Caption = elsewhere(below, "below", low, "first") + elsewhere(above, "above", high, "last")
	if missing > 0 {
		f.Caption += "Left out: " + number(float64(missing), 0) + " NaN."
	}
	f.Caption = strings.TrimSpace(f.Caption)
	return f
}

// Lengths makes a figure of how long things are: a histogram from 0 up, with the
// longest hundredth in the last interval. No length may be below 0. It gives the
// median, too, which is the upper of two.
func Lengths(name string, lengths []int) (f *Figure, median int) {
	longest := 0
	for _, n := range lengths {
		longest = max(longest, n)
	}
	// Counting each length takes a tenth of the time of sorting them.
	each := make([]int, longest+1)
	for _, n := range lengths {
		each[n]++
	}
	at := func(rank int) int { // the length at a place in the order
		for n, count := range each {
			if rank -= count; rank < 0 {
				return n
			}
		}
		return 0
	}
	most := max(1, at(len(lengths)*99/100))
	counts, above := make([]float64, min(most, 60)), 0
	for n, count := range each {
		counts[min(n*len(counts)/(most+1), len(counts)-1)] += float64(count)
		if n > most {
			above += count
		}
	}
	f = HistogramOf(name, counts, 0, float64(most+1))
	f.Caption = strings.TrimSpace(elsewhere(above, "above", float64(most), "last"))
	return f, at(len(lengths) / 2)
}

// elsewhere says of how many values an interval holds that lie outside of it.
func elsewhere(n int, side string, end float64, interval string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("The %s interval holds %s more, %s %s. ", interval, number(float64(n), 0), side, number(end, decimalsOf(math.Abs(end))))
}

// HistogramOf is Histogram of counts that are known. Where all are zero there is
// nothing to draw.
func HistogramOf(name string, counts []float64, low, high float64) *Figure {
	f := &Figure{XLabel: name}
	if !slices.ContainsFunc(counts, func(n float64) bool { return n != 0 }) {
		return f
	}
	s := Series{Name: name, Mark: Line}
	step := (high - low) / float64(len(counts))
	add := func(x, y float64) {
		s.X, s.Y, s.Lo, s.Hi = append(s.X, x), append(s.Y, y), append(s.Lo, 0), append(s.Hi, y)
	}
	add(low, 0)
	for i, n := range counts {
		add(low+float64(i)*step, n)
		add(low+float64(i+1)*step, n)
	}
	add(high, 0)
	f.Series = []Series{s}
	return f
}
