package budget

import (
	"math"
	"slices"
	"strings"
	"testing"

	"divvy/arrowio"
)

func TestRunsOf(t *testing.T) {
	build := func(b *arrowio.Builder) *arrowio.Table {
		t.Helper()
		table, err := b.Build()
		if err != nil {
			t.Fatal(err)
		}
		return table
	}
	columns := func() *arrowio.Builder {
		return arrowio.NewTable().Ints("responses", []int{2, 2, 4}).Floats("diversity", []float64{1, 2, 3}).Floats("reward", []float64{.5, .6, .7})
	}
	want := []Run{{2, 1, .5}, {2, 2, .6}, {4, 3, .7}}
	for name, table := range map[string]*arrowio.Table{
		"three columns": build(columns()),
		"two algorithms": build(arrowio.NewTable().Ints("responses", []int{2, 2, 2, 4}).Floats("diversity", []float64{1, 2, 7, 3}).
			Floats("reward", []float64{.5, .6, 0, .7}).Strings("algorithm", []string{"PRO", "PRO", "SFT", "PRO"})),
	} {
		if got, err := RunsOf(table, "PRO"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for name, c := range map[string]struct {
		table *arrowio.Table
		says  string
	}{
		"others":       {build(columns().Strings("algorithm", []string{"PRO", "SFT", "PRO"})), "there are PRO, SFT"},
		"no diversity": {build(arrowio.NewTable().Ints("responses", []int{2}).Floats("reward", []float64{1})), "diversity"},
		"no reward":    {build(arrowio.NewTable().Ints("responses", []int{2}).Floats("diversity", []float64{1})), "reward"},
		"no responses": {build(arrowio.NewTable().Floats("diversity", []float64{1}).Floats("reward", []float64{1})), "responses"},
	} {
		if runs, err := RunsOf(c.table, "DPO"); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v", name, runs, err)
		}
	}
	// A reward that is missing is not a reward of zero.
	t2 := build(columns().Floats("maybe", []float64{.5, math.NaN(), .7}))
	t2, err := t2.WithColumn("reward", "if(is_nan(maybe), null, maybe)")
	if err != nil {
		t.Fatal(err)
	}
	runs, err := RunsOf(t2, "")
	if err == nil {
		_, err = FitLaw("with a gap", runs)
	}
	if err == nil {
		t.Errorf("a missing reward was fitted: %v", runs)
	}
}
