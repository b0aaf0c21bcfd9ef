package figure

import (
	"fmt"
	"slices"

	"divvy/arrowio"
)

// Scatter makes a figure of points with the least-squares line of each series.
func Scatter(series []Series) *Figure {
	out := slices.Clone(series)
	for i := range out {
		out[i].Mark, out[i].Fit = Points, true
	}
	return &Figure{Series: out}
}

// Curves makes a figure of lines with a marker at each point, and a band where a
// series has bounds.
func Curves(series []Series) *Figure {
	out := slices.Clone(series)
	for i := range out {
		out[i].Mark = LinePoints
		if len(out[i].Y) > 60 { // markers would hide the line
			out[i].Mark = Line
		}
	}
	return &Figure{Series: out}
}

// BarChart makes a figure of bars, those of all series side by side over each
// category.
func BarChart(categories []string, series []Series) *Figure {
	return &Figure{Categories: categories, Series: slices.Clone(series), Layout: Bars}
}

// DotChart makes a figure with a line for each category and on it a dot a series.
func DotChart(categories []string, series []Series) *Figure {
	f := &Figure{Categories: categories, Series: slices.Clone(series), Layout: Dots}
	f.Height = 130 + 26*float64(len(categories))
	return f
}

// Groups makes series of a table: the columns x and y are the points, and each
// distinct value of the column by, in order of first appearance, is a series, named
// by the text, or as "long = true" where the column holds no text.
// With an empty by all rows are one series.
func Groups(t *arrowio.Table, x, y, by string) ([]Series, error) {
	xs, err := t.Floats(x)
	if err != nil {
		return nil, fmt.Errorf("figure: groups: %w", err)
	}
	ys, err := t.Floats(y)
	if err != nil {
		return nil, fmt.Errorf("figure: groups: %w", err)
	}
	if by == "" {
		return []Series{{Name: y, X: xs, Y: ys}}, nil
	}
	var out []Series
	at := map[string]int{}
	for i := range xs {
		v, err := t.Value(i, by)
		if err != nil {
			return nil, fmt.Errorf("figure: groups: %w", err)
		}
		name := fmt.Sprint(v)
		if _, text := v.(string); !text { // true or 2 alone says nothing
			name = by + " = " + name
		}
		k, ok := at[name]
		if !ok {
			k = len(out)
			at[name] = k
			out = append(out, Series{Name: name})
		}
		out[k].X, out[k].Y = append(out[k].X, xs[i]), append(out[k].Y, ys[i])
	}
	return out, nil
}
