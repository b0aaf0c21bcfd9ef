package train_test

import (
	"context"
	"fmt"

	"divvy/stdlib/dataset"
	"divvy/stdlib/train"
)

// A model from nothing, fine-tuned on a ranking and saved in the layout that
// transformers loads.
func Example() {
	ctx := context.Background()
	ds := dataset.Example().Prefix(32)
	tok, err := train.NewBPE(ctx, ds.Prompts(), 400)
	if err != nil {
		panic(err)
	}
	m, err := train.NewTiny(train.Tiny{Tokenizer: tok, Arch: train.LLaMA, Hidden: 32, Layers: 1})
	if err != nil {
		panic(err)
	}
	run, err := train.Fit(ctx, m, ds, train.Options{Algorithm: train.PRO, Steps: 3, Batch: 8, Quiet: true})
	if err != nil {
		panic(err)
	}
	answers, err := run.Model.Generate(ctx, ds.Prefix(2).Prompts(), train.GenerateOptions{MaxNew: 8})
	fmt.Println(run.Algorithm, run.Steps, "steps;", len(answers), "answers;", err)
	fmt.Println(run.Model)
	// Output:
	// PRO 3 steps; 2 answers; <nil>
	// llama lm model: 26208 parameters, 1 layers of width 32, 1 heads, vocabulary 400
}
