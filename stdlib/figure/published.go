package figure

import (
	"fmt"

	"divvy/stdlib/paper"
)

const source = "Data: Song et al. 2024, arXiv 2403.11124, Figure 4 and Table 1. OPT-1.3B, all test prompts."

// byRanking makes a series of each number of responses.
func byRanking(points []paper.Point, x func(paper.Point) float64) []Series {
	var out []Series
	for _, k := range paper.Rankings() {
		s := Series{Name: fmt.Sprintf("%d responses", k)}
		for _, p := range points {
			if p.Rankings == k {
				s.X, s.Y = append(s.X, x(p)), append(s.Y, p.Reward)
			}
		}
		out = append(out, s)
	}
	return out
}

func samples(p paper.Point) float64   { return float64(p.Samples) }
func diversity(p paper.Point) float64 { return p.Diversity }

// BySamples gives the points of a panel of Figure 4 as one series a ranking,
// against the number of prompts.
func BySamples(points []paper.Point) []Series { return byRanking(points, samples) }

// ByDiversity gives the points of a panel of Figure 4 as one series a ranking,
// against the diversity d of the prompts.
func ByDiversity(points []paper.Point) []Series { return byRanking(points, diversity) }

// scatter4 makes a panel with its pooled MSE in the subtitle.
func scatter4(title, xlabel string, series []Series) *Figure {
	f := Scatter(series)
	f.Title, f.XLabel, f.YLabel, f.Caption = title, xlabel, "Reward", source
	if mse, err := PooledMSE(series); err != nil {
		f.Subtitle = err.Error()
	} else {
		f.Subtitle = "One least-squares line per ranking, pooled MSE " + scientific(mse)
	}
	return f
}

// Figure4a draws PRO's reward against the number of prompts.
func Figure4a() *Figure {
	f := scatter4("(a) PRO: reward against the number of prompts", "Prompts N", BySamples(paper.Figure4a()))
	f.XTicks = []float64{0, 6000, 12000, 18000, 24000, 30000, 36000}
	return f
}

// Figure4b draws the diversity of the nested subsets against their number of
// prompts.
func Figure4b() *Figure {
	s := Series{Name: "d", Mark: LinePoints}
	for _, p := range paper.Figure4b() {
		s.X, s.Y = append(s.X, float64(p.Samples)), append(s.Y, p.Diversity)
	}
	return &Figure{
		Title:    "(b) Diversity of nested prompt sets",
		Subtitle: "d = √|D| × unique 2-grams / all 2-grams",
		XLabel:   "Prompts N", YLabel: "Diversity d", Caption: source,
		Series: []Series{s},
		XTicks: []float64{0, 6000, 12000, 18000, 24000, 30000, 36000},
	}
}

// Figure4c draws PRO's reward against diversity.
func Figure4c() *Figure {
	return scatter4("(c) PRO: reward against diversity", "Diversity d", ByDiversity(paper.Figure4c()))
}

// Figure4d draws SFT's reward against diversity.
func Figure4d() *Figure {
	return scatter4("(d) SFT: reward against diversity", "Diversity d", ByDiversity(paper.Figure4d()))
}

// Figure4 draws the four panels as one figure.
func Figure4() *Panels {
	g := &Panels{
		Title:   "Reward follows the diversity of prompts more closely than their number",
		Caption: source,
		Figures: []*Figure{Figure4a(), Figure4b(), Figure4c(), Figure4d()},
	}
	for _, f := range g.Figures {
		f.Width, f.Height, f.Caption = 520, 380, ""
	}
	return g
}

// EqualBudget draws the twelve comparisons of Table 1 in which the same number
// of responses is spent on many prompts with 2 responses or fewer with 3 or 4.
func EqualBudget() *Figure {
	triples := paper.Triples()
	names := make([]string, len(triples))
	series := []Series{
		{Name: "2 responses × N prompts"}, {Name: "3 responses × 2N/3"}, {Name: "4 responses × N/2"},
	}
	for i, t := range triples {
		names[i] = fmt.Sprintf("%s %s %s, N = %s", t.Algorithm, t.Backbone, t.Domain, number(float64(t.N), 0))
		series[0].Y = append(series[0].Y, t.Reward2)
		series[1].Y = append(series[1].Y, t.Reward3)
		series[2].Y = append(series[2].Y, t.Reward4)
	}
	f := DotChart(names, series)
	f.Title = "More responses beat more prompts at equal budget"
	f.Subtitle = "Reward after training on 2N responses in all"
	f.XLabel = "Reward × 100"
	f.Caption = "Data: Song et al. 2024, arXiv 2403.11124, Table 1 (red cells)."
	f.Width = 720
	return f
}
