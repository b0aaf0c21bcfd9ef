package dataset_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"divvy/stdlib/dataset"
)

// The paper's two ways to spend the same annotation on the first prompts.
func Example() {
	ds := dataset.Example()
	for _, a := range dataset.Budget(720) {
		subset, err := ds.Prefix(a.Prompts).RankingsWith(context.Background(), a.Responses, dataset.PythonRandom(42))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(a.Responses, "responses to", subset.Len(), "prompts:", len(subset.Responses(0)), "a row")
	}
	// Output:
	// 2 responses to 720 prompts: 2 a row
	// 3 responses to 480 prompts: 3 a row
	// 4 responses to 360 prompts: 4 a row
}

// A bad line is an error that says where, or a reject that one can look at.
func ExampleParse() {
	lines := `{"chosen": "\n\nHuman: Hi\n\nAssistant: Hello", "rejected": "\n\nHuman: Hi\n\nAssistant: What?"}
{"chosen": "\n\nHuman: Hi", "rejected": 3}`
	_, err := dataset.Parse(context.Background(), dataset.Options{}, "hh.jsonl", strings.NewReader(lines))
	fmt.Println(err)
	ds, err := dataset.Parse(context.Background(), dataset.Options{Collect: true}, "hh.jsonl", strings.NewReader(lines))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(ds)
	fmt.Printf("%q\n", ds.Prompt(0))
	// Output:
	// dataset: hh.jsonl:2:41: rejected: a number where a string should be
	// 1 prompts, 1 rejected
	// "\n\nHuman: Hi\n\nAssistant:"
}

// Two of the four ranked responses to each prompt, the better first, for the first
// prompts of a shuffle: the paper's way of slicing.
func ExampleDataset_Rankings() {
	ctx := context.Background()
	data := dataset.Example().Shuffle(42).Prefix(100)
	two, err := data.Rankings(ctx, 2, 42)
	if err != nil {
		log.Fatal(err)
	}
	r := two.Row(0)
	fmt.Println(two.Len(), len(r.Responses), r.Rewards[0] >= r.Rewards[1])
	// Output: 100 2 true
}

// The rows that a function of one's own wants.
func ExampleDataset_Filter() {
	long, err := dataset.Example().Filter(context.Background(), func(r dataset.Row) bool { return len(r.Turns()) > 2 })
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(0 < long.Len(), long.Len() < dataset.Example().Len())
	// Output: true true
}
