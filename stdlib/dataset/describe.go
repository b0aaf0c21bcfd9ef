package dataset

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"divvy/arrowio"
	"divvy/stdlib/figure"
)

// Table is the rows as a table of Schema's columns. See Record for its limit.
func (d *Dataset) Table() *arrowio.Table { return arrowio.FromRecord(d.Record()) }

// Figure is how long the prompts are, in characters. The longest hundredth of
// them is counted in the last interval.
func (d *Dataset) Figure() *figure.Figure {
	lengths := make([]float64, d.n)
	for i := range lengths {
		lengths[i] = float64(utf8.RuneCountInString(d.Prompt(i)))
	}
	sorted := slices.Sorted(slices.Values(lengths))
	high, median := 1.0, 0.0
	if d.n > 0 {
		high, median = max(1, sorted[d.n*99/100]), sorted[d.n/2]
	}
	f := figure.Histogram("prompts", lengths, 0, high+1, int(min(high, 60)))
	f.Title = "Characters per prompt"
	f.Subtitle = fmt.Sprintf("%d prompts, median %g", d.n, median)
	f.XLabel, f.YLabel = "Characters (the last interval has all longer prompts)", "Prompts"
	return f
}

// RejectsTable is Rejects as a table.
func (d *Dataset) RejectsTable() *arrowio.Table {
	return arrowio.FromRecord(RejectsRecord(d.rejects))
}

// Describe is a table of what the rows are like, a quantity a row: how many
// values there are, their mean, standard deviation (of a sample), least, quartiles and
// greatest. Characters are Unicode code points.
func (d *Dataset) Describe() (*arrowio.Table, error) {
	quantities := []struct {
		name   string
		values func(i int) []float64
	}{
		{"turns per prompt", func(i int) []float64 { return one(len(d.Row(i).Prefix)) }},
		{"characters per prompt", func(i int) []float64 { return one(utf8.RuneCountInString(d.Prompt(i))) }},
		{"responses per prompt", func(i int) []float64 { return one(len(d.Responses(i))) }},
		{"characters per response", func(i int) []float64 {
			var out []float64
			for _, r := range d.Responses(i) {
				out = append(out, float64(utf8.RuneCountInString(r)))
			}
			return out
		}},
		{"reward", func(i int) []float64 { return present(d.Rewards(i)) }},
		{"reward, best minus worst", func(i int) []float64 {
			r := present(d.Rewards(i))
			if len(r) == 0 {
				return nil
			}
			return []float64{slices.Max(r) - slices.Min(r)}
		}},
	}
	var names []string
	var counts []int
	columns := make([][]float64, 7)
	for _, q := range quantities {
		var values []float64
		for i := range d.n {
			values = append(values, q.values(i)...)
		}
		names, counts = append(names, q.name), append(counts, len(values))
		for j, v := range summary(values) {
			columns[j] = append(columns[j], v)
		}
	}
	return arrowio.NewTable().Strings("quantity", names).Ints("count", counts).
		Floats("mean", columns[0]).Floats("std", columns[1]).Floats("min", columns[2]).
		Floats("25%", columns[3]).Floats("50%", columns[4]).Floats("75%", columns[5]).Floats("max", columns[6]).Build()
}

func one(n int) []float64 { return []float64{float64(n)} }

// present is the values that are not NaN.
func present(values []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), math.IsNaN)
}

// summary is mean, standard deviation, least, quartiles (linear interpolation)
// and greatest; NaN where there are too few values.
func summary(values []float64) [7]float64 {
	nan := math.NaN()
	if len(values) == 0 {
		return [7]float64{nan, nan, nan, nan, nan, nan, nan}
	}
	slices.Sort(values)
	mean := 0.0
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	squares := 0.0
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	std := nan
	if len(values) > 1 {
		std = math.Sqrt(squares / float64(len(values)-1))
	}
	quantile := func(q float64) float64 {
		at := q * float64(len(values)-1)
		low := int(at)
		high := min(low+1, len(values)-1)
		return values[low] + (values[high]-values[low])*(at-float64(low))
	}
	return [7]float64{mean, std, values[0], quantile(0.25), quantile(0.5), quantile(0.75), values[len(values)-1]}
}
