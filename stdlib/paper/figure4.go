package paper

import (
	_ "embed"

	"divvy/arrowio"
)

//go:embed data/fig4a.csv
var fig4aCSV []byte

//go:embed data/fig4b.csv
var fig4bCSV []byte

//go:embed data/fig4c.csv
var fig4cCSV []byte

//go:embed data/fig4d.csv
var fig4dCSV []byte

// Point is one point of Figure 4 (a), (c) or (d): OPT-1.3B trained on one of the
// nested subsets of prompts, evaluated on all test prompts.
type Point struct {
	Algorithm string  // PRO or SFT
	Rankings  int     // responses a prompt: 2, 3 or 4
	Samples   int     // prompts
	Diversity float64 // d of the prompts, the same for all rankings
	Reward    float64 // mean reward, 0 to 1, the best source of each point (see the package comment)
	Digitised float64 // the reward as read off this panel
}

// SizeDiversity is one point of Figure 4 (b).
type SizeDiversity struct {
	Samples     int     // prompts
	Diversity   float64 // d, as read from the panels
	UniqueRatio float64 // r = d / sqrt(Samples), implied
}

// Figure4a gives the points of PRO's reward against the number of prompts.
func Figure4a() []Point { return points("fig4a.csv", fig4aCSV) }

// Figure4b gives the diversity of each subset of prompts.
func Figure4b() []SizeDiversity {
	rows := records("fig4b.csv", fig4bCSV, 4)
	out := make([]SizeDiversity, len(rows))
	for i, r := range rows {
		out[i] = SizeDiversity{Samples: r.int(0), Diversity: r.float(2), UniqueRatio: r.float(3)}
	}
	return out
}

// Figure4c gives the points of PRO's reward against diversity.
func Figure4c() []Point { return points("fig4c.csv", fig4cCSV) }

// Figure4d gives the points of SFT's reward against diversity.
func Figure4d() []Point { return points("fig4d.csv", fig4dCSV) }

// Figure4Arrow gives the 48 points of panels (c) and (d), which contain those of
// (a), as a table with the columns algorithm, rankings, samples, diversity,
// reward (0 to 1) and digitised.
func Figure4Arrow() *arrowio.Table {
	rows := append(Figure4c(), Figure4d()...)
	n := len(rows)
	algorithm, rankings, samples := make([]string, n), make([]int, n), make([]int, n)
	diversity, reward, digitised := make([]float64, n), make([]float64, n), make([]float64, n)
	for i, p := range rows {
		algorithm[i], rankings[i], samples[i] = p.Algorithm, p.Rankings, p.Samples
		diversity[i], reward[i], digitised[i] = p.Diversity, p.Reward, p.Digitised
	}
	return built(arrowio.NewTable().Strings("algorithm", algorithm).Ints("rankings", rankings).
		Ints("samples", samples).Floats("diversity", diversity).
		Floats("reward", reward).Floats("digitised", digitised))
}

// Figure4bArrow gives panel (b) as a table with the columns samples, diversity
// and unique_ratio.
func Figure4bArrow() *arrowio.Table {
	rows := Figure4b()
	n := len(rows)
	samples, diversity, ratio := make([]int, n), make([]float64, n), make([]float64, n)
	for i, p := range rows {
		samples[i], diversity[i], ratio[i] = p.Samples, p.Diversity, p.UniqueRatio
	}
	return built(arrowio.NewTable().Ints("samples", samples).Floats("diversity", diversity).
		Floats("unique_ratio", ratio))
}

func points(name string, csv []byte) []Point {
	rows := records(name, csv, 7)
	out := make([]Point, len(rows))
	for i, r := range rows {
		out[i] = Point{
			Algorithm: r.text(0), Rankings: r.int(1), Samples: r.int(2), Diversity: r.float(3),
			Digitised: r.float(4), Reward: r.float(6),
		}
	}
	return out
}
