package diversity_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"divvy/stdlib/diversity"
	"divvy/stdlib/paper"
)

// observations is a panel of Figure 4: its points, the ratio that each size's d
// implies, and the d's themselves.
func observations(points []paper.Point) (obs []diversity.Observation, s *diversity.Series, d []float64) {
	s = &diversity.Series{N: 2}
	seen := map[int]bool{}
	for _, p := range points {
		obs = append(obs, diversity.Observation{Prompts: p.Samples, Group: fmt.Sprint(p.Rankings), Reward: p.Reward})
		d = append(d, p.Diversity)
		if !seen[p.Samples] {
			seen[p.Samples] = true
			s.Sizes = append(s.Sizes, p.Samples)
			s.Ratio = append(s.Ratio, p.Diversity/math.Sqrt(float64(p.Samples)))
		}
	}
	return obs, s, d
}

// The paper's open question on the paper's own numbers: the decay index that
// fits best, the MSE that Figure 4 prints, its lines.
func TestGridSearchOnThePaper(t *testing.T) {
	tests := []struct {
		name      string
		points    []paper.Point
		p, mse    float64
		slope     float64 // of the 2-rankings
		intercept float64
	}{
		{"PRO", paper.Figure4c(), 0.444, 2.580e-5, 7.3174e-3, 0.38830},
		{"SFT", paper.Figure4d(), 0.568, 9.327e-6, 4.6520e-3, 0.43481},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			obs, s, d := observations(test.points)
			g, err := diversity.GridSearch([]*diversity.Series{s}, obs, diversity.GridOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if !near(g.Best.P, test.p, 1.1e-3) {
				t.Errorf("best p = %v, want %v", g.Best.P, test.p)
			}
			half := g.Points[250]
			if half.P != 0.5 || !near(half.MSE, test.mse, 2e-3*test.mse) {
				t.Errorf("at p = %v the MSE is %v, want %v", half.P, half.MSE, test.mse)
			}
			if half.LOO <= half.MSE {
				t.Errorf("leave-one-out error %v is not above the MSE %v", half.LOO, half.MSE)
			}
			v := g.Intervals[0]
			if !(v.Low <= v.P && v.P <= v.High && v.P == g.Best.P) {
				t.Errorf("interval %+v", v)
			}
			lines, err := diversity.Lines(d, obs)
			if err != nil {
				t.Fatal(err)
			}
			if len(lines) != 3 || !near(lines[0].Slope, test.slope, 2e-6) || !near(lines[0].Intercept, test.intercept, 3e-5) {
				t.Errorf("line %+v, want slope %v, intercept %v", lines[0], test.slope, test.intercept)
			}
			low, high := lines[0].Band(17, 0.95)
			if at := lines[0].At(17); !(low < at && at < high && high-low < 0.1) {
				t.Errorf("band %v to %v around %v", low, high, at)
			}
		})
	}
}

// Leave-one-out by its formula is leave-one-out by leaving out.
func TestLeaveOneOut(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var obs []diversity.Observation
	s := &diversity.Series{N: 2}
	var d []float64
	for i := range 8 {
		s.Sizes, s.Ratio = append(s.Sizes, i+1), append(s.Ratio, 1/float64(i+2))
		obs = append(obs, diversity.Observation{Prompts: i + 1, Reward: r.Float64()})
		d = append(d, math.Pow(float64(i+1), 0.25)*s.Ratio[i])
	}
	g, err := diversity.GridSearch([]*diversity.Series{s}, obs, diversity.GridOptions{Indices: []float64{0.25}})
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for out := range obs {
		var restD []float64
		var rest []diversity.Observation
		for i := range obs {
			if i != out {
				restD, rest = append(restD, d[i]), append(rest, obs[i])
			}
		}
		lines, err := diversity.Lines(restD, rest)
		if err != nil {
			t.Fatal(err)
		}
		e := obs[out].Reward - lines[0].At(d[out])
		want += e * e / float64(len(obs))
	}
	if !near(g.Points[0].LOO, want, 1e-12) {
		t.Errorf("leave-one-out error %v, want %v", g.Points[0].LOO, want)
	}
}

// The interval is that of the ratio of sums of squares, whatever the order of the
// indices; where it meets the end of the grid, that is said.
func TestIntervalOfP(t *testing.T) {
	obs, s, _ := observations(paper.Figure4c())
	g, err := diversity.GridSearch([]*diversity.Series{s}, obs, diversity.GridOptions{Indices: []float64{1, .8, .6, .5, .44, .4, .2, 0}})
	if err != nil {
		t.Fatal(err)
	}
	const f = 4.451321772 // of the F distribution: 95 %, 1 and 24 - 2*3 - 1 = 17 degrees of freedom
	var good []float64
	for _, p := range g.Points {
		if p.MSE <= g.Best.MSE*(1+f/17) {
			good = append(good, p.P)
		}
	}
	if !slices.Equal(good, []float64{0, .44, .5}) { // at 0, r alone, rewards fall with d
		t.Errorf("%v fit", good)
	}
	if v := g.Intervals[0]; v.Low != .44 || v.High != .5 || v.AtEnd || !v.Elsewhere || !slices.IsSortedFunc(g.Points, func(a, b diversity.GridPoint) int { return cmp.Compare(a.P, b.P) }) {
		t.Errorf("interval %+v, points %+v", v, g.Points)
	}
	g, err = diversity.GridSearch([]*diversity.Series{s}, obs, diversity.GridOptions{Indices: []float64{.43, .44, .45}})
	if err != nil || !g.Intervals[0].AtEnd || !strings.Contains(g.String(), "where the grid ends") {
		t.Errorf("%v, %v", g, err)
	}
	// Two points a line and two lines leave no freedom.
	few := []diversity.Observation{{1500, "a", .1}, {2000, "a", .2}, {1500, "b", .1}, {2000, "b", .4}}
	g, err = diversity.GridSearch([]*diversity.Series{s}, few, diversity.GridOptions{})
	if v := g.Intervals[0]; err != nil || v.Low != 0 || v.High != 1 || !v.AtEnd {
		t.Errorf("interval %+v, %v", v, err)
	}
	if g, err := diversity.GridSearch([]*diversity.Series{s}, nil, diversity.GridOptions{}); err == nil {
		t.Errorf("no observations give %v", g)
	}
}
