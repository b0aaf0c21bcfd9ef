package diversity_test

import (
	"context"
	"fmt"
	"log"

	"divvy/stdlib/dataset"
	"divvy/stdlib/diversity"
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
