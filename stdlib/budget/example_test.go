package budget_test

import (
	"context"
	"fmt"
	"log"

	"divvy/stdlib/budget"
	"divvy/stdlib/dataset"
	"divvy/stdlib/paper"
	"divvy/stdlib/tokenize"
)

// What 800 annotations buy of the data that comes with the project, by lines
// through runs of one's own.
func ExampleSplit() {
	ctx := context.Background()
	data := dataset.Example()
	ids, err := tokenize.WhiteSpace().EncodeAll(ctx, data.Prompts(), tokenize.Options{})
	if err != nil {
		log.Fatal(err)
	}
	law, err := budget.FitLaw("a few runs", []budget.Run{
		{2, 2.0, 0.40}, {2, 5.0, 0.46}, {2, 8.0, 0.50}, {2, 11.0, 0.56},
		{4, 2.0, 0.45}, {4, 5.0, 0.49}, {4, 8.0, 0.56}, {4, 11.0, 0.59},
	})
	if err != nil {
		log.Fatal(err)
	}
	plan, err := budget.Split(ctx, ids, budget.Options{Annotations: 800, Law: law})
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range plan.Ways {
		fmt.Printf("%d responses to %d prompts: d %.1f at random, %.1f chosen\n", w.Responses, w.Prompts, w.RandomD, w.ChosenD)
	}
	toAnnotate, err := data.Take(plan.Best().Rows)
	fmt.Println(toAnnotate, err)
	// Output:
	// 2 responses to 400 prompts: d 6.5 at random, 8.4 chosen
	// 4 responses to 200 prompts: d 6.1 at random, 9.0 chosen
	// 200 prompts <nil>
}

// The paper's lines, and what they say of one of its equal budgets: 4 responses to
// each of 1,500 prompts beside 2 to each of 3,000.
func ExamplePublished() {
	law, err := budget.Published("PRO")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(law)
	d := map[int]float64{}
	for _, s := range paper.Figure4b() {
		d[s.Samples] = s.Diversity
	}
	four, _ := law.Reward(4, d[1500])
	two, _ := law.Reward(2, d[3000])
	gain, low, high := four.Gain(two)
	fmt.Printf("6,000 annotations: 4 responses give %.4f more than 2 (95 %% interval %.4f to %.4f)\n", gain, low, high)
	// Output:
	// the paper's Figure 4(c) (PRO, OPT-1.3B)
	// 2 responses: reward = 0.3883 + 0.007317 d (8 runs, d 12.70 to 20.79, scatter 0.0047)
	// 3 responses: reward = 0.4211 + 0.006453 d (8 runs, d 12.70 to 20.79, scatter 0.0078)
	// 4 responses: reward = 0.4719 + 0.004258 d (8 runs, d 12.70 to 20.79, scatter 0.0046)
	// 6,000 annotations: 4 responses give 0.0290 more than 2 (95 % interval 0.0210 to 0.0370)
}
