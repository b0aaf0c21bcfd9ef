package budget

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"divvy/stdlib/diversity"
	"divvy/stdlib/paper"
)

// Run is the outcome of one training: what prompts of diversity D with so many
// responses each came to.
type Run struct {
	Responses int
	D         float64
	Reward    float64
}

// Law is how reward follows from diversity: a least-squares line for each number
// of responses.
type Law struct {
	// Name says where the lines come from.
	Name  string
	lines map[int]line
}

// line is a fitted line and the range of d that it was fitted on.
type line struct {
	diversity.Line
	least, greatest float64
}

// Published is the lines of the paper's Figure 4(c), for "PRO", or 4(d), for
// "SFT": OPT-1.3B on HH-RLHF, d of LLaMA's tokens.
func Published(algorithm string) (*Law, error) {
	panels := map[string]struct {
		points []paper.Point
		panel  string
	}{"PRO": {paper.Figure4c(), "4(c)"}, "SFT": {paper.Figure4d(), "4(d)"}}
	p, ok := panels[algorithm]
	if !ok {
		return nil, fmt.Errorf("budget: no published lines for the algorithm %q: there are PRO and SFT", algorithm)
	}
	var runs []Run
	for _, q := range p.points {
		runs = append(runs, Run{q.Rankings, q.Diversity, q.Reward})
	}
	return FitLaw(fmt.Sprintf("the paper's Figure %s (%s, OPT-1.3B)", p.panel, algorithm), runs)
}

// FitLaw fits a line to the runs of each number of responses. Each needs runs of
// at least two different d; a band about its line needs three.
func FitLaw(name string, runs []Run) (*Law, error) {
	if len(runs) == 0 {
		return nil, fmt.Errorf("budget: no runs to fit lines to")
	}
	law := &Law{Name: name, lines: map[int]line{}}
	var d []float64
	var observations []diversity.Observation
	for i, r := range runs {
		if r.Responses < 1 || math.IsNaN(r.D) || math.IsInf(r.D, 0) || math.IsNaN(r.Reward) || math.IsInf(r.Reward, 0) {
			return nil, fmt.Errorf("budget: run %d (%d responses, d %v, reward %v) cannot be used", i, r.Responses, r.D, r.Reward)
		}
		d = append(d, r.D)
		observations = append(observations, diversity.Observation{Group: strconv.Itoa(r.Responses), Reward: r.Reward})
	}
	lines, err := diversity.Lines(d, observations)
	if err != nil {
		return nil, fmt.Errorf("budget: fitting the lines of %s: %w", name, err)
	}
	for _, l := range lines {
		k, _ := strconv.Atoi(l.Group) // written above
		of := line{Line: l, least: math.Inf(1), greatest: math.Inf(-1)}
		for _, r := range runs {
			if r.Responses == k {
				of.least, of.greatest = min(of.least, r.D), max(of.greatest, r.D)
			}
		}
		law.lines[k] = of
	}
	return law, nil
}

// Responses are the numbers of responses that the law has a line for, rising.
func (l *Law) Responses() []int {
	var ks []int
	for k := range l.lines {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}

// Estimate is a reward that a law gives, with the confidence band of its line
// for the mean reward there (95 %, normal errors; infinite for a line through
// two points).
type Estimate struct {
	Reward, Low, High float64
	// Outside says that d lies outside the range that the line was fitted on.
	Outside bool
}

// Reward is the law's reward for prompts of diversity d with so many responses.
// It is an error to ask for a number of responses without a line.
func (l *Law) Reward(responses int, d float64) (Estimate, error) {
	of, ok := l.lines[responses]
	if !ok {
		return Estimate{}, fmt.Errorf("budget: %s has no line for %d responses: it has %v", l.Name, responses, l.Responses())
	}
	low, high := of.Band(d, confidence)
	return Estimate{Reward: of.At(d), Low: low, High: high, Outside: d < of.least || d > of.greatest}, nil
}

const confidence = 0.95

// String names the law and gives its lines.
func (l *Law) String() string {
	s := l.Name
	for _, k := range l.Responses() {
		of := l.lines[k]
		s += fmt.Sprintf("\n%d responses: reward = %.4f + %.6f d (%d runs, d %.2f to %.2f)", k, of.Intercept, of.Slope, of.Points, of.least, of.greatest)
	}
	return s
}
