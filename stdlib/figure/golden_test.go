package figure_test

import (
	"testing"

	"gonum.org/v1/plot/cmpimg"
)

// Each picture must look as it did (-regen draws them anew; look at them then).
// The tolerance covers what processors differ in, a fused multiply-add say.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		example func()
		file    string
	}{
		{ExampleFigure4, "figure4.png"},
		{ExampleFigure4c, "figure4c.png"},
		{ExampleEqualBudget, "equal_budget.png"},
		{ExampleGroups, "groups.png"},
		{ExampleCurves, "curves.png"},
		{ExampleBarChart, "bars.png"},
		{ExampleTheme, "theme.png"},
		{ExampleScatter, "error_bars.png"},
	} {
		t.Run(c.file, func(t *testing.T) { cmpimg.CheckPlotApprox(c.example, t, 0.02, c.file) })
	}
}
