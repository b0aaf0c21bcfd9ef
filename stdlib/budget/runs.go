package budget

import (
	"fmt"
	"slices"
	"strings"

	"divvy/arrowio"
)

// RunsOf are the runs of one algorithm that a table lists, a row a run, in the
// columns responses, diversity and reward; train.Results.Table is such a table.
// Where it has no column algorithm, all its rows are taken.
func RunsOf(t *arrowio.Table, algorithm string) ([]Run, error) {
	if slices.Contains(t.Columns(), "algorithm") {
		algorithms, err := t.Strings("algorithm")
		if err != nil {
			return nil, fmt.Errorf("budget: %w", err)
		}
		var rows []int
		for i, a := range algorithms {
			if a == algorithm {
				rows = append(rows, i)
			}
		}
		if len(rows) == 0 {
			slices.Sort(algorithms)
			return nil, fmt.Errorf("budget: no run of the table is of the algorithm %q: there are %s", algorithm, strings.Join(slices.Compact(algorithms), ", "))
		}
		if t, err = t.Take(rows); err != nil {
			return nil, fmt.Errorf("budget: %w", err)
		}
	}
	responses, err := t.Ints("responses")
	if err != nil {
		return nil, fmt.Errorf("budget: %w", err)
	}
	d, err := t.Floats("diversity")
	if err != nil {
		return nil, fmt.Errorf("budget: %w", err)
	}
	rewards, err := t.Floats("reward")
	if err != nil {
		return nil, fmt.Errorf("budget: %w", err)
	}
	runs := make([]Run, len(d))
	for i := range runs {
		runs[i] = Run{Responses: responses[i], D: d[i], Reward: rewards[i]}
	}
	return runs, nil
}
