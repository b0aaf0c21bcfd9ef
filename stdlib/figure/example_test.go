package figure_test

import (
	"fmt"
	"log"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"divvy/arrowio"
	"divvy/stdlib/figure"
	"divvy/stdlib/paper"
)

// The four panels of the paper's figure.
func ExampleFigure4() {
	if err := figure.Figure4().Save("testdata/figure4.png"); err != nil {
		log.Fatal(err)
	}
}

func ExampleFigure4c() {
	f := figure.Figure4c()
	f.Title = "Reward follows diversity" // every option is a field
	if err := f.Save("testdata/figure4c.png"); err != nil {
		log.Fatal(err)
	}
}

// The twelve comparisons at equal annotation budget.
func ExampleEqualBudget() {
	if err := figure.EqualBudget().Save("testdata/equal_budget.png"); err != nil {
		log.Fatal(err)
	}
}

// Series of a table: one a value of a column.
func ExampleGroups() {
	series, err := figure.Groups(paper.Figure4Arrow(), "diversity", "reward", "algorithm")
	if err != nil {
		log.Fatal(err)
	}
	f := figure.Scatter(series)
	f.Title, f.XLabel, f.YLabel = "All rankings together", "Diversity d", "Reward"
	f.Width, f.Height = 480, 320
	if err := f.Save("testdata/groups.png"); err != nil {
		log.Fatal(err)
	}
}

// Curves with a confidence band and a rule, on a logarithmic axis.
func ExampleCurves() {
	var d, random figure.Series
	d.Name, random.Name = "chosen", "random (mean and range of 5)"
	for n := 100.; n <= 51200; n *= 2 {
		v := 3 * math.Log(n)
		d.X, d.Y = append(d.X, n), append(d.Y, v)
		random.X, random.Y = append(random.X, n), append(random.Y, 0.85*v)
		random.Lo, random.Hi = append(random.Lo, 0.8*v), append(random.Hi, 0.9*v)
	}
	f := figure.Curves([]figure.Series{d, random})
	f.Title = "Diversity of augmented prompt sets"
	f.XLabel, f.YLabel, f.XLog = "Prompts N (logarithmic)", "Diversity d", true
	f.Rules = []figure.Rule{{At: 1500, Label: "seed set", Color: 8}, {At: 30, Label: "target", Horizontal: true, Color: 2}}
	f.Width, f.Height = 480, 320
	if err := f.Save("testdata/curves.png"); err != nil {
		log.Fatal(err)
	}
}

// Error bars: the range over three runs at each point.
func ExampleScatter() {
	f := figure.Scatter([]figure.Series{{
		Name: "2 responses", X: []float64{1, 2, 3}, Y: []float64{0.52, 0.55, 0.56}, Fit: true,
		Lo: []float64{0.50, 0.54, 0.53}, Hi: []float64{0.54, 0.57, 0.58},
	}, {
		Name: "4 responses", X: []float64{1.1, 2.1, 3.1}, Y: []float64{0.56, 0.57, 0.60}, Fit: true,
		Lo: []float64{0.55, 0.56, 0.58}, Hi: []float64{0.58, 0.59, 0.61},
	}})
	f.Title, f.XLabel, f.YLabel = "Three runs at each point", "diversity d", "mean reward"
	if err := f.Save("testdata/error_bars.png"); err != nil {
		log.Fatal(err)
	}
}

func ExampleBarChart() {
	f := figure.BarChart([]string{"Harmless", "Helpful", "Global"}, []figure.Series{
		{Name: "2 responses", Y: []float64{57.01, 50.06, 53.78}},
		{Name: "3 responses", Y: []float64{57.29, 51.00, 54.67}},
		{Name: "4 responses", Y: []float64{59.24, 51.35, 55.30}},
	})
	f.Title, f.YLabel = "PRO, OPT-1.3B, 48,000 responses", "Reward × 100"
	f.Width, f.Height = 480, 320
	if err := f.Save("testdata/bars.png"); err != nil {
		log.Fatal(err)
	}
}

// The theme dresses any plot of gonum.
func ExampleTheme() {
	p := plot.New()
	figure.Theme(p)
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "A sine", "x", "sin x"
	wave := plotter.NewFunction(math.Sin)
	wave.Width = vg.Points(1.5)
	p.Add(figure.Grid(), wave)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 10, -1.1, 1.1
	if err := p.Save(4*vg.Inch, 3*vg.Inch, "testdata/theme.png"); err != nil {
		log.Fatal(err)
	}
}

// The pooled mean squared errors that the paper prints in Figure 4.
func ExamplePooledMSE() {
	for _, panel := range []struct {
		name   string
		series []figure.Series
	}{
		{"(a) PRO against N", figure.BySamples(paper.Figure4a())},
		{"(c) PRO against d", figure.ByDiversity(paper.Figure4c())},
		{"(d) SFT against d", figure.ByDiversity(paper.Figure4d())},
	} {
		mse, err := figure.PooledMSE(panel.series)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %.2e\n", panel.name, mse)
	}
	// Output:
	// (a) PRO against N: 1.23e-04
	// (c) PRO against d: 2.58e-05
	// (d) SFT against d: 9.33e-06
}

func ExampleOLS() {
	t, err := arrowio.NewTable().Floats("x", []float64{0, 1, 2, 3}).Floats("y", []float64{1, 3, 5, 8}).Build()
	if err != nil {
		log.Fatal(err)
	}
	x, _ := t.Floats("x")
	y, _ := t.Floats("y")
	line, err := figure.OLS(x, y)
	fmt.Println(line, err)
	// Output:
	// y = 2.3 x +0.8 (n = 4, MSE 0.075, R² 0.989) <nil>
}
