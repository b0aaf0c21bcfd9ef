package budget

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat/distuv"

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

// Estimate is a reward that a law gives: the mean of what models trained so come
// to. A single model scatters about it, by as much as Law.String says.
type Estimate struct {
	Reward float64
	// StdErr is the standard error of Reward, and Low and High the confidence band
	// of the line (95 %, normal errors). They are infinite for a line through two
	// points.
	StdErr, Low, High float64
	// Outside says that d lies outside the range that the line was fitted on.
	Outside bool

	free int // degrees of freedom of the line
}

// Reward is the law's reward for prompts of diversity d with so many responses.
// It is an error to ask for a number of responses without a line.
func (l *Law) Reward(responses int, d float64) (Estimate, error) {
	of, ok := l.lines[responses]
	if !ok {
		return Estimate{}, fmt.Errorf("budget: %s has no line for %d responses: it has %v", l.Name, responses, l.Responses())
	}
	e := Estimate{Reward: of.At(d), StdErr: math.Inf(1), Outside: d < of.least || d > of.greatest, free: of.N - 2}
	if e.free > 0 {
		e.StdErr = of.MeanError(d)
	}
	e.Low, e.High = of.Band(d, confidence)
	return e, nil
}

const confidence = 0.95

// Gain is how much more reward an estimate promises than another, of another line,
// with the confidence interval of the difference (95 %, Welch 1947). It takes the
// two lines' errors for independent. Two bands may overlap and the difference be
// clear all the same: an interval that has 0 in it is what says that it is not.
func (e Estimate) Gain(than Estimate) (gain, low, high float64) {
	gain = e.Reward - than.Reward
	a, b := e.StdErr*e.StdErr, than.StdErr*than.StdErr
	if math.IsInf(a+b, 0) {
		return gain, math.Inf(-1), math.Inf(1)
	}
	if a+b == 0 { // lines without any scatter
		return gain, gain, gain
	}
	free := (a + b) * (a + b) / (a*a/float64(e.free) + b*b/float64(than.free))
	half := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: free}.Quantile(0.5+confidence/2) * math.Sqrt(a+b)
	return gain, gain - half, gain + half
}

// String names the law and gives its lines, with how far single runs scatter about
// them (a standard deviation) where there are more than two.
func (l *Law) String() string {
	s := l.Name
	for _, k := range l.Responses() {
		of := l.lines[k]
		sign := "+"
		if of.Slope < 0 {
			sign = "-"
		}
		s += fmt.Sprintf("\n%s: reward = %.4f %s %.6f d (%d runs, d %.2f to %.2f", responses(k), of.Intercept, sign, math.Abs(of.Slope), of.N, of.least, of.greatest)
		if of.N > 2 {
			s += fmt.Sprintf(", scatter %.4f", of.Scatter())
		}
		s += ")"
	}
	return s
}
