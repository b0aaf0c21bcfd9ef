package paper

import (
	_ "embed"

	"divvy/arrowio"
)

//go:embed data/table1.csv
var table1CSV []byte

// Result is one cell of Table 1: a model trained on rankings of Responses
// responses to each of Prompts prompts, and its mean reward.
type Result struct {
	Algorithm string // PRO or SFT
	Backbone  string // OPT-1.3B or LLaMA-7B
	Domain    string // Harmless, Helpful, or Global: all test prompts
	Responses int    // a prompt: 2, 3 or 4
	N         int    // the budget is 2N responses in all: 3000 or 24000
	Fraction  string // of N that Prompts is: "1/2", "2/3" or "1"
	Prompts   int
	Reward    float64 // mean sigmoid of the test reward model's logits, times 100
	// EqualBudget marks the red cells: Responses · Prompts = 2N.
	EqualBudget bool
}

// Table1 gives the 108 cells of Table 1 in its order.
func Table1() []Result {
	rows := records("table1.csv", table1CSV, 9)
	out := make([]Result, len(rows))
	for i, r := range rows {
		out[i] = Result{
			Algorithm: r.text(0), Backbone: r.text(1), Domain: r.text(2),
			Responses: r.int(3), N: r.int(4), Fraction: r.text(5), Prompts: r.int(6),
			Reward: r.float(7), EqualBudget: r.bool(8),
		}
	}
	return out
}

// Table1Arrow gives Table 1 as a table with the columns algorithm, backbone,
// domain, responses, n, prompts_fraction, prompts, reward (percent) and
// equal_budget.
func Table1Arrow() *arrowio.Table {
	rows := Table1()
	n := len(rows)
	algorithm, backbone, domain, fraction := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	responses, size, prompts := make([]int, n), make([]int, n), make([]int, n)
	reward, equal := make([]float64, n), make([]bool, n)
	for i, r := range rows {
		algorithm[i], backbone[i], domain[i], fraction[i] = r.Algorithm, r.Backbone, r.Domain, r.Fraction
		responses[i], size[i], prompts[i] = r.Responses, r.N, r.Prompts
		reward[i], equal[i] = r.Reward, r.EqualBudget
	}
	return built(arrowio.NewTable().Strings("algorithm", algorithm).Strings("backbone", backbone).
		Strings("domain", domain).Ints("responses", responses).Ints("n", size).
		Strings("prompts_fraction", fraction).Ints("prompts", prompts).
		Floats("reward", reward).Bools("equal_budget", equal))
}

// Triple is one equal-budget comparison of Table 1: what 2N responses buy when
// spent on N prompts with 2 responses each, 2N/3 with 3, or N/2 with 4.
type Triple struct {
	Algorithm string
	Backbone  string
	Domain    string
	N         int
	Reward2   float64 // percent, N prompts with 2 responses
	Reward3   float64 // 2N/3 prompts with 3
	Reward4   float64 // N/2 prompts with 4
}

// FourBeatTwo tells whether fewer prompts with more responses won.
func (t Triple) FourBeatTwo() bool { return t.Reward4 > t.Reward2 }

// Rising tells whether reward rose with each further response.
func (t Triple) Rising() bool { return t.Reward2 < t.Reward3 && t.Reward3 < t.Reward4 }

// Triples gives the 12 equal-budget comparisons in the order of Table 1.
func Triples() []Triple {
	var out []Triple
	at := map[Triple]int{} // a Triple without rewards -> its index
	for _, r := range Table1() {
		if !r.EqualBudget {
			continue
		}
		key := Triple{Algorithm: r.Algorithm, Backbone: r.Backbone, Domain: r.Domain, N: r.N}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, key)
		}
		switch r.Responses {
		case 2:
			out[i].Reward2 = r.Reward
		case 3:
			out[i].Reward3 = r.Reward
		case 4:
			out[i].Reward4 = r.Reward
		}
	}
	return out
}

// TriplesArrow gives the equal-budget comparisons as a table with the columns
// algorithm, backbone, domain, n, reward_2, reward_3, reward_4 (percent), gain
// (reward_4 less reward_2) and rising.
func TriplesArrow() *arrowio.Table {
	rows := Triples()
	n := len(rows)
	algorithm, backbone, domain, size := make([]string, n), make([]string, n), make([]string, n), make([]int, n)
	r2, r3, r4, gain, rising := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]bool, n)
	for i, t := range rows {
		algorithm[i], backbone[i], domain[i], size[i] = t.Algorithm, t.Backbone, t.Domain, t.N
		r2[i], r3[i], r4[i], gain[i], rising[i] = t.Reward2, t.Reward3, t.Reward4, t.Reward4-t.Reward2, t.Rising()
	}
	return built(arrowio.NewTable().Strings("algorithm", algorithm).Strings("backbone", backbone).
		Strings("domain", domain).Ints("n", size).Floats("reward_2", r2).Floats("reward_3", r3).
		Floats("reward_4", r4).Floats("gain", gain).Bools("rising", rising))
}
