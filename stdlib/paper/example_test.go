package paper_test

import (
	"fmt"

	"divvy/stdlib/paper"
)

// At equal budget, fewer prompts with more responses won in all comparisons of
// Table 1.
func ExampleTriples() {
	won, rising := 0, 0
	for _, t := range paper.Triples() {
		if t.FourBeatTwo() {
			won++
		}
		if t.Rising() {
			rising++
		}
	}
	fmt.Printf("4 beat 2 in %d of %d, rising from 2 to 4 in %d\n", won, len(paper.Triples()), rising)
	// Output: 4 beat 2 in 12 of 12, rising from 2 to 4 in 10
}

// The points of a panel of Figure 4.
func ExampleFigure4c() {
	p := paper.Figure4c()[0]
	fmt.Printf("%s with %d responses to %d prompts of d = %.2f: reward %.4f\n", p.Algorithm, p.Rankings, p.Samples, p.Diversity, p.Reward)
	// Output: PRO with 2 responses to 1500 prompts of d = 12.70: reward 0.4764
}
