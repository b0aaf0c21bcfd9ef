package augment_test

import (
	"context"
	"fmt"

	"divvy/stdlib/augment"
	"divvy/stdlib/dataset"
	"divvy/stdlib/tokenize"
)

// exampleIDs is the shipped example data as white-space tokens.
func exampleIDs() *tokenize.IDs {
	ids, err := tokenize.WhiteSpace().EncodeAll(context.Background(), dataset.Example().Shuffle(42).Prompts(), tokenize.Options{})
	if err != nil {
		panic(err)
	}
	return ids
}

func ExampleSelect() {
	ids := exampleIDs()
	seeds, pool := ids.Prefix(120), ids.Slice(120, ids.Len())
	s, err := augment.Select(context.Background(), seeds, pool, augment.Options{Strategy: augment.Novelty, Keep: 120})
	if err != nil {
		panic(err)
	}
	fmt.Println(s)
	// Output:
	// novelty: 120 of 600 candidates accepted, 480 refused, 0 unseen; d 5.4254 -> 7.7050
}

func ExampleFilter() {
	ids := exampleIDs()
	seeds, pool := ids.Prefix(120), ids.Slice(120, ids.Len())
	f, err := augment.Filter(context.Background(), seeds, pool, augment.FilterOptions{Threshold: 0.3})
	if err != nil {
		panic(err)
	}
	fmt.Println(f)
	// Output:
	// Jaccard below 0.3 (prefix): 172 of 600 candidates kept, 428 refused, 0 unseen; d 5.4254 -> 6.8216
}

func ExampleNearest() {
	ids := exampleIDs()
	n, err := augment.Nearest(context.Background(), ids.Slice(120, ids.Len()), ids.Prefix(120), augment.NearestOptions{})
	if err != nil {
		panic(err)
	}
	fmt.Println(n)
	fmt.Println(n.Below(0.3), "candidates pass a threshold of 0.3")
	// Output:
	// 600 prompts; greatest Jaccard index of 2-gram sets: median 0.306, 95 % below 0.636, at most 0.810
	// 288 candidates pass a threshold of 0.3
}

func ExampleNewTemplates() {
	src, err := augment.NewTemplates([]string{"How do I {cook|freeze} {food}?", "Is {food} healthy?"},
		map[string][]string{"food": {"rice", "beans"}}, 42)
	if err != nil {
		panic(err)
	}
	c, err := augment.Collect(context.Background(), src, augment.CollectOptions{Max: 3})
	if err != nil {
		panic(err)
	}
	fmt.Println(c)
	for _, text := range c.Texts {
		fmt.Println(text)
	}
	fmt.Printf("%q\n", c.AsPrompts()[0])
	// Output:
	// 3 prompts from 2 templates, 6 combinations, seed 42, 0 of them from an earlier run
	// How do I cook beans?
	// How do I cook rice?
	// How do I freeze rice?
	// "\n\nHuman: How do I cook beans?\n\nAssistant:"
}
