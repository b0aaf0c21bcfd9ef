package dataset

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"unicode/utf8"

	"divvy/arrowio"
	"divvy/stdlib/figure"
)

// Table is the rows as a table of Schema's columns. See Record for its limit.
func (d *Dataset) Table(ctx context.Context) (*arrowio.Table, error) {
	record, err := d.Record(ctx)
	if err != nil {
		return nil, err
	}
	return arrowio.FromRecord(record), nil
}

// Figure is how long the prompts are, in characters. The longest hundredth of
// them is counted in the last interval. It takes no context: a million prompts
// take a fifth of a second on two cores.
func (d *Dataset) Figure() *figure.Figure {
	lengths := make([]int, d.n)
	// Without a context and with no row that can fail there is no error.
	_ = d.each(context.Background(), "Looking at prompts", cores(), func(from, to int) error {
		var prompt []byte
		for i := from; i < to; i++ {
			prompt = d.appendPrompt(prompt[:0], i)
			lengths[i] = characters(prompt)
		}
		return nil
	})
	f, median := figure.Lengths("prompts", lengths)
	f.Title = "Characters per prompt"
	f.Subtitle = fmt.Sprintf("%d prompts, median %d", d.n, median)
	f.XLabel, f.YLabel = "Characters", "Prompts"
	return f
}

// characters is the number of code points of a text that is UTF-8, as all text of
// a Dataset is: that of the bytes which continue none, eight at a time.
func characters(text []byte) int {
	n := len(text)
	for ; len(text) >= 8; text = text[8:] {
		word := binary.LittleEndian.Uint64(text)
		n -= bits.OnesCount64(word &^ (word << 1) & 0x8080808080808080) // 10xxxxxx
	}
	for _, b := range text {
		if b&0xc0 == 0x80 {
			n--
		}
	}
	return n
}

// RejectsTable is Rejects as a table.
func (d *Dataset) RejectsTable() *arrowio.Table {
	return arrowio.FromRecord(RejectsRecord(d.rejects))
}

// Describe is a table of what the rows are like, a quantity a row: how many
// values there are, their mean, standard deviation (of a sample), least, quartiles and
// greatest. Characters are Unicode code points; the turn that is to be written, the
// answer, is none of the prompt's turns.
func (d *Dataset) Describe(ctx context.Context) (*arrowio.Table, error) {
	names := []string{"turns per prompt", "characters per prompt", "responses per prompt",
		"characters per response", "reward", "reward, best minus worst"}
	blocks := make([][6][]float64, (d.n+blockRows-1)/blockRows)
	err := d.each(ctx, "Describing", cores(), func(from, to int) error {
		var values [6][]float64
		add := func(quantity int, v float64) { values[quantity] = append(values[quantity], v) }
		var prompt []byte
		for i := from; i < to; i++ {
			row := d.Row(i)
			prompt = d.appendPrompt(prompt[:0], i)
			add(0, float64(len(row.Prefix)-1)) // the last is the open mark of the answer
			add(1, float64(characters(prompt)))
			add(2, float64(len(row.Responses)))
			for _, r := range row.Responses {
				add(3, float64(utf8.RuneCountInString(r)))
			}
			if r := present(row.Rewards); len(r) > 0 {
				values[4] = append(values[4], r...)
				add(5, slices.Max(r)-slices.Min(r))
			}
		}
		blocks[from/blockRows] = values
		return nil
	})
	if err != nil {
		return nil, err
	}
	counts := make([]int, len(names))
	columns := make([][]float64, 7)
	for q := range names {
		var values []float64
		for _, b := range blocks {
			values = append(values, b[q]...)
		}
		counts[q] = len(values)
		for j, v := range summary(values) {
			columns[j] = append(columns[j], v)
		}
	}
	return arrowio.NewTable().Strings("quantity", names).Ints("count", counts).
		Floats("mean", columns[0]).Floats("std", columns[1]).Floats("min", columns[2]).
		Floats("25%", columns[3]).Floats("50%", columns[4]).Floats("75%", columns[5]).Floats("max", columns[6]).Build()
}

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
