package diversity_test

import (
	"context"
	"fmt"
	"log"

	"divvy/stdlib/dataset"
	"divvy/stdlib/diversity"
	"divvy/stdlib/paper"
	"divvy/stdlib/tokenize"
)

// d of the data set that comes with the project, over words.
func Example() {
	ctx := context.Background()
	ids, err := tokenize.WhiteSpace().EncodeAll(ctx, dataset.Example().Prompts(), tokenize.Options{})
	if err != nil {
		log.Fatal(err)
	}
	m, err := diversity.Measure(ctx, ids, diversity.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.Prompts, m.Unique == int64(m.Ratio*float64(m.Total)+0.5), m.D > 0)
	// Output: 720 true true
}

// The whole curve from one pass: d rises with more prompts, ever more slowly.
func ExampleCurve() {
	ids, err := tokenize.NewIDs([][]int32{{1, 2, 3}, {2, 3, 4}, {1, 2, 3}}, 0)
	if err != nil {
		log.Fatal(err)
	}
	curve, err := diversity.Curve(context.Background(), ids, nil, diversity.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for i := range curve.Len() {
		fmt.Println(curve.At(i))
	}
	// Output:
	// d = 1.0000 (1 prompts, 2 unique of 2 2-grams, r = 1.0000, p = 0.5)
	// d = 1.0607 (2 prompts, 3 unique of 4 2-grams, r = 0.7500, p = 0.5)
	// d = 0.8660 (3 prompts, 3 unique of 6 2-grams, r = 0.5000, p = 0.5)
}

// d of three prompts, given as token ids.
func ExampleMeasure() {
	ids, err := tokenize.NewIDs([][]int32{{1, 2, 3}, {2, 3, 4}, {1, 2, 3}}, 0)
	if err != nil {
		log.Fatal(err)
	}
	m, err := diversity.Measure(context.Background(), ids, diversity.Options{})
	fmt.Println(m, err)
	// Output: d = 0.8660 (3 prompts, 3 unique of 6 2-grams, r = 0.5000, p = 0.5) <nil>
}

// Which decay index do the paper's own rewards follow? Its 0.5 is in the interval.
func ExampleGridSearch() {
	s := &diversity.Series{N: paper.NGram}
	for _, p := range paper.Figure4b() {
		s.Sizes, s.Ratio = append(s.Sizes, p.Samples), append(s.Ratio, p.UniqueRatio)
	}
	var rewards []diversity.Observation
	for _, p := range paper.Figure4c() {
		rewards = append(rewards, diversity.Observation{Prompts: p.Samples, Group: fmt.Sprint(p.Rankings), Reward: p.Reward})
	}
	g, err := diversity.GridSearch([]*diversity.Series{s}, rewards, diversity.GridOptions{})
	if err != nil {
		log.Fatal(err)
	}
	v := g.Intervals[0]
	fmt.Printf("p = %.2f, from %.2f to %.2f\n", v.P, v.Low, v.High)
	// Output: p = 0.44, from 0.41 to 0.52
}
