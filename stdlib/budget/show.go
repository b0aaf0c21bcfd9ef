package budget

import (
	"fmt"
	"html"
	"math"
	"strings"

	"divvy/arrowio"
	"divvy/stdlib/display"
	"divvy/stdlib/figure"
)

// Table is a row a way with the columns responses, prompts, annotations, short
// (the pool has too few prompts), d_random, d_std (over the draws) and d_chosen
// and, with a law, reward_random and reward_chosen; compared, which of the two the
// ways are compared by (see Best), with low and high, the band of the line there, and
// outside (that d lies outside the range of the law); and behind, behind_low and
// behind_high: how much more the best way promises, with the interval of that (see
// Estimate.Gain), null for the best way.
func (p *Plan) Table() *arrowio.Table {
	n := len(p.Ways)
	ks, prompts, annotations, short := make([]int, n), make([]int, n), make([]int, n), make([]bool, n)
	random, std, chosen := make([]float64, n), make([]float64, n), make([]float64, n)
	r, c, low, high, outside, compared := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]bool, n), make([]string, n)
	by := "random"
	if p.byChosen() {
		by = "chosen"
	}
	for i, w := range p.Ways {
		ks[i], prompts[i], annotations[i], short[i] = w.Responses, w.Prompts, w.Annotations, w.Short
		random[i], std[i], chosen[i] = w.RandomD, w.RandomStd, w.ChosenD
		e := p.compared(w)
		r[i], c[i], compared[i], low[i], high[i], outside[i] = w.Random.Reward, w.Chosen.Reward, by, e.Low, e.High, e.Outside
	}
	b := arrowio.NewTable().Ints("responses", ks).Ints("prompts", prompts).Ints("annotations", annotations).Bools("short", short).
		Floats("d_random", random).Floats("d_std", std).Floats("d_chosen", chosen)
	if p.Options.Law != nil {
		behind, least, most, valid := make([]float64, n), make([]float64, n), make([]float64, n), make([]bool, n)
		best := p.best()
		for i, w := range p.Ways {
			if valid[i] = i != best; valid[i] {
				behind[i], least[i], most[i] = p.compared(p.Ways[best]).Gain(p.compared(w))
			}
		}
		b.Floats("reward_random", r).Floats("reward_chosen", c).Strings("compared", compared).Floats("low", low).Floats("high", high).Bools("outside", outside).
			Floats("behind", behind).Valid(valid).Floats("behind_low", least).Valid(valid).Floats("behind_high", most).Valid(valid)
	}
	t, err := b.Build()
	if err != nil {
		panic("budget: " + err.Error()) // columns of one length under distinct names
	}
	return t
}

// Figure is what budgets up to this one buy with random prompts, a curve for
// each number of responses, and beside it a point for what this budget buys with
// prompts chosen for diversity: the law's reward with its band, the curve where d
// lies in the range of the law, or d where there is no such reward.
func (p *Plan) Figure() *figure.Figure {
	f := p.rewards()
	if f == nil {
		f = p.diversities()
	}
	f.XLabel = "Annotated responses"
	f.Rules = []figure.Rule{{At: float64(p.Options.Annotations), Label: "the budget"}}
	return f
}

func (p *Plan) rewards() *figure.Figure {
	law := p.Options.Law
	if law == nil {
		return nil
	}
	var series []figure.Series
	for _, w := range p.Ways {
		s := figure.Series{Name: responses(w.Responses), Mark: figure.Line}
		for i, n := range p.Sizes {
			e, err := p.random(w.Responses, p.Curve[i], p.CurveStd[i])
			if err != nil || e.Outside || n > w.Prompts {
				continue
			}
			s.X, s.Y = append(s.X, float64(n*w.Responses)), append(s.Y, e.Reward)
			if !math.IsInf(e.High, 0) {
				s.Lo, s.Hi = append(s.Lo, e.Low), append(s.Hi, e.High)
			}
		}
		if len(s.X) > 1 {
			series = append(series, s)
		}
		if c := w.Chosen; !c.Outside {
			series = append(series, chosen(w, c.Reward, c.Low, c.High))
		}
	}
	if len(series) == 0 {
		return nil
	}
	return &figure.Figure{
		Title: "What a budget buys", Subtitle: fmt.Sprintf("Prompts of a pool of %d; reward by the lines of %s", p.Pool, law.Name),
		YLabel: "Reward", Series: series, Caption: linesAndPoints + " Bands and bars: 95 % for the mean of a line. Only where d lies in the range of the lines.",
	}
}

func (p *Plan) diversities() *figure.Figure {
	var series []figure.Series
	for _, w := range p.Ways {
		s := figure.Series{Name: responses(w.Responses), Mark: figure.Line}
		for i, n := range p.Sizes {
			if n <= w.Prompts {
				s.X, s.Y = append(s.X, float64(n*w.Responses)), append(s.Y, p.Curve[i])
			}
		}
		series = append(series, s, chosen(w, w.ChosenD, math.Inf(-1), math.Inf(1)))
	}
	return &figure.Figure{
		Title: "What a budget buys in diversity", Subtitle: fmt.Sprintf("Prompts of a pool of %d", p.Pool),
		YLabel: "Diversity d", Series: series, Caption: linesAndPoints,
	}
}

const linesAndPoints = "Lines: prompts drawn at random. Points: prompts chosen for diversity."

// chosen is the point of a way's chosen prompts, of the look of its line.
func chosen(w Way, y, low, high float64) figure.Series {
	s := figure.Series{Name: responses(w.Responses), X: []float64{float64(w.Annotations)}, Y: []float64{y}}
	if !math.IsInf(low, 0) && !math.IsInf(high, 0) {
		s.Lo, s.Hi = []float64{low}, []float64{high}
	}
	return s
}

func responses(k int) string {
	if k == 1 {
		return "1 response"
	}
	return fmt.Sprintf("%d responses", k)
}

// Answer says in words what the plan comes to, a sentence a line.
func (p *Plan) Answer() string {
	best := p.Ways[p.best()]
	way := fmt.Sprintf("%s to each of %d prompts", responses(best.Responses), best.Prompts)
	var s []string
	law := p.Options.Law
	if law == nil {
		s = append(s, fmt.Sprintf("For %d annotations, %s are the most diverse (d = %.2f chosen, %.2f random).", p.Options.Annotations, way, best.ChosenD, best.RandomD),
			"What more responses buy is not in it: that takes a Law, see FitLaw and Published.")
	} else {
		s = append(s, p.reward(way)...)
	}
	var short []string
	for _, w := range p.Ways {
		if w.Short {
			short = append(short, fmt.Sprintf("%d with %s", p.Options.Annotations/w.Responses, responses(w.Responses)))
		}
	}
	if len(short) > 0 {
		s = append(s, fmt.Sprintf("The pool has %d prompts; the budget could pay for %s.", p.Pool, strings.Join(short, ", ")))
	}
	return strings.Join(s, "\n")
}

// reward says what the law says of the best way, and of the others beside it.
func (p *Plan) reward(way string) []string {
	at, law := p.best(), p.Options.Law
	best := p.Ways[at]
	e := p.compared(best)
	by := "by the lines of " + law.Name
	if e.Outside {
		by = "if the lines of " + law.Name + " held beyond the d that they were fitted on"
	}
	s := []string{fmt.Sprintf("For %d annotations: %s, %s.", p.Options.Annotations, way, by)}
	if p.byChosen() {
		s[0] += fmt.Sprintf(" Reward %.4f%s with prompts chosen for diversity, %.4f with random ones.", e.Reward, band(e), best.Random.Reward)
	} else {
		s[0] += fmt.Sprintf(" Reward %.4f%s with prompts drawn at random.", e.Reward, band(e))
	}
	for i, w := range p.Ways {
		if i == at {
			continue
		}
		if gain, low, high := e.Gain(p.compared(w)); math.IsInf(low, 0) {
			s = append(s, fmt.Sprintf("Lines through two points cannot say whether that is better than %s.", responses(w.Responses)))
		} else if low <= 0 {
			s = append(s, fmt.Sprintf("That is not clearly better than %s: %.4f more, 95 %% interval %.4f to %.4f.", responses(w.Responses), gain, low, high))
		}
	}
	random := func(w Way) (float64, Estimate) { return w.RandomD, w.Random }
	chosen := func(w Way) (float64, Estimate) { return w.ChosenD, w.Chosen }
	if p.byChosen() {
		s = append(s, "That prompts chosen for diversity follow a line of random ones is assumed.")
	} else {
		s = append(s, "What choosing them for diversity adds the lines cannot say, for it leads beyond them: "+p.outside(chosen)+".")
	}
	if ways := p.outside(random); ways != "" {
		s = append(s, "Extrapolated, so not to be trusted, are the rewards of random prompts: "+ways+".")
	}
	return s
}

// outside says which ways have prompts about which the law says nothing, and the
// range of its lines once where they share it.
func (p *Plan) outside(of func(Way) (float64, Estimate)) string {
	var ways, ranges []string
	for _, w := range p.Ways {
		if d, e := of(w); e.Outside {
			line := p.Options.Law.lines[w.Responses]
			ways = append(ways, fmt.Sprintf("%s (d %.2f)", responses(w.Responses), d))
			ranges = append(ranges, fmt.Sprintf(", fitted on %.2f to %.2f", line.least, line.greatest))
		}
	}
	for i := range ways {
		if i == len(ways)-1 || ranges[i] != ranges[i+1] {
			ways[i] += ranges[i]
		}
	}
	return strings.Join(ways, ", ")
}

func band(e Estimate) string {
	if math.IsInf(e.High, 0) {
		return ""
	}
	return fmt.Sprintf(" (%.4f to %.4f)", e.Low, e.High)
}

// String is the answer and what is compared of the table.
func (p *Plan) String() string { return p.Answer() + "\n" + p.shown().String() }

// MIMEBundle shows the answer, the figure and what is compared of the table.
func (p *Plan) MIMEBundle() map[string]any {
	bundle := figure.WithTable(p.Figure(), p.shown(), p.String())
	answer := "<p>" + strings.ReplaceAll(html.EscapeString(p.Answer()), "\n", "<br>") + "</p>"
	bundle[display.MIMEHTML] = answer + bundle[display.MIMEHTML].(string)
	return bundle
}

// shown is the columns of Table that are to be looked at beside the answer.
func (p *Plan) shown() *arrowio.Table {
	t := p.Table()
	if p.Options.Law == nil {
		return t
	}
	short, err := t.Select("responses", "prompts", "d_random", "d_chosen", "reward_random", "reward_chosen", "behind", "behind_low", "behind_high")
	if err != nil {
		panic("budget: " + err.Error()) // columns of Table
	}
	return short
}
