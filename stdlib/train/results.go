package train

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"divvy/arrowio"
	"divvy/stdlib/figure"
	"divvy/stdlib/paper"
)

// Results are the cells of a Grid.
type Results struct {
	Cells []Cell
	// Before is the reward of the model before any training.
	Before float64
}

// Table is all cells.
func (r *Results) Table() (*arrowio.Table, error) { return arrowio.FromStructs(r.Cells) }

// mean is the outcome of the seeds of one algorithm, ranking and number of
// prompts.
type mean struct {
	algorithm          string
	responses, prompts int
	diversity          float64
	reward, deviation  float64 // deviation is that of a sample, 0 of a single seed
	seeds              int
}

// means are in the order in which the cells first occur.
func (r *Results) means() []mean {
	var out []mean
	var rewards [][]float64
	for _, c := range r.Cells {
		i := slices.IndexFunc(out, func(m mean) bool {
			return m.algorithm == c.Algorithm && m.responses == c.Responses && m.prompts == c.Prompts
		})
		if i < 0 {
			i = len(out)
			out = append(out, mean{algorithm: c.Algorithm, responses: c.Responses, prompts: c.Prompts, diversity: c.Diversity})
			rewards = append(rewards, nil)
		}
		rewards[i] = append(rewards[i], c.Reward)
	}
	for i, all := range rewards {
		m := &out[i]
		m.seeds = len(all)
		for _, x := range all {
			m.reward += x / float64(len(all))
		}
		for _, x := range all {
			m.deviation += (x - m.reward) * (x - m.reward)
		}
		m.deviation = math.Sqrt(m.deviation / float64(max(1, len(all)-1)))
	}
	return out
}

// Summary is of Table 1's shape: a row for each algorithm and number of
// prompts, the mean reward over seeds in percent for each ranking, and with
// several seeds the standard deviation over them.
func (r *Results) Summary() (*arrowio.Table, error) {
	type row struct {
		Algorithm string   `arrow:"algorithm"`
		Prompts   int64    `arrow:"prompts"`
		Diversity float64  `arrow:"diversity"`
		Reward2   *float64 `arrow:"reward_2"`
		Reward3   *float64 `arrow:"reward_3"`
		Reward4   *float64 `arrow:"reward_4"`
		Spread2   *float64 `arrow:"deviation_2"`
		Spread3   *float64 `arrow:"deviation_3"`
		Spread4   *float64 `arrow:"deviation_4"`
	}
	var rows []row
	several := false
	for _, m := range r.means() {
		i := slices.IndexFunc(rows, func(x row) bool { return x.Algorithm == m.algorithm && x.Prompts == int64(m.prompts) })
		if i < 0 {
			i = len(rows)
			rows = append(rows, row{Algorithm: m.algorithm, Prompts: int64(m.prompts), Diversity: m.diversity})
		}
		x := &rows[i]
		reward, deviation := 100*m.reward, 100*m.deviation
		switch m.responses {
		case 2:
			x.Reward2, x.Spread2 = &reward, &deviation
		case 3:
			x.Reward3, x.Spread3 = &reward, &deviation
		case 4:
			x.Reward4, x.Spread4 = &reward, &deviation
		default:
			return nil, fmt.Errorf("grid: Table 1 has rankings of 2 to 4 responses, not %d", m.responses)
		}
		several = several || m.seeds > 1
	}
	t, err := arrowio.FromStructs(rows)
	if err != nil || several {
		return t, err
	}
	return t.Drop("deviation_2", "deviation_3", "deviation_4")
}

// EqualBudget compares the ways to spend one budget of annotations, responses
// times prompts: a row for each algorithm and ranking that the grid has at that
// budget, with the mean reward over seeds in percent.
func (r *Results) EqualBudget(annotations int) (*arrowio.Table, error) {
	type row struct {
		Algorithm string   `arrow:"algorithm"`
		Responses int64    `arrow:"responses"`
		Prompts   int64    `arrow:"prompts"`
		Diversity float64  `arrow:"diversity"`
		Reward    float64  `arrow:"reward"`
		Deviation *float64 `arrow:"deviation"` // null with a single seed
		Seeds     int64    `arrow:"seeds"`
	}
	var rows []row
	for _, m := range r.means() {
		if m.responses*m.prompts != annotations {
			continue
		}
		x := row{m.algorithm, int64(m.responses), int64(m.prompts), m.diversity, 100 * m.reward, nil, int64(m.seeds)}
		if m.seeds > 1 {
			deviation := 100 * m.deviation
			x.Deviation = &deviation
		}
		rows = append(rows, x)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("grid: no cell has responses times prompts of %d", annotations)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return int(a.Responses - b.Responses) })
	slices.SortStableFunc(rows, func(a, b row) int {
		return slices.Index(r.algorithms(), a.Algorithm) - slices.Index(r.algorithms(), b.Algorithm)
	})
	return arrowio.FromStructs(rows)
}

// Comparisons says how clear the order of the rankings is: a row for each
// algorithm and pair of rankings, at the same prompts and at the same budget of
// annotations (responses times prompts). won counts the comparisons in which
// more responses got more reward, difference is their mean gain in percent, and
// noise the standard deviation that the gain of one comparison has over seeds,
// null with a single seed. Where won is about half of compared, or the difference
// is small beside the noise, there is no order to speak of.
func (r *Results) Comparisons() (*arrowio.Table, error) {
	type row struct {
		Algorithm  string   `arrow:"algorithm"`
		Question   string   `arrow:"question"`
		Won        int64    `arrow:"won"`
		Compared   int64    `arrow:"compared"`
		Difference float64  `arrow:"difference"`
		Noise      *float64 `arrow:"noise"`
	}
	var rows []row
	means := r.means()
	for _, algorithm := range r.algorithms() {
		for _, same := range []string{"prompts", "budget"} {
			for _, k := range [][2]int{{3, 2}, {4, 3}, {4, 2}} {
				x := row{Algorithm: algorithm, Question: fmt.Sprintf("%d against %d responses, same %s", k[0], k[1], same)}
				var variance float64
				several := true
				for _, a := range means {
					for _, b := range means {
						if a.algorithm != algorithm || b.algorithm != algorithm || a.responses != k[0] || b.responses != k[1] ||
							same == "prompts" && a.prompts != b.prompts || same == "budget" && a.responses*a.prompts != b.responses*b.prompts {
							continue
						}
						x.Compared++
						if a.reward > b.reward {
							x.Won++
						}
						x.Difference += 100 * (a.reward - b.reward)
						variance += a.deviation*a.deviation + b.deviation*b.deviation
						several = several && a.seeds > 1 && b.seeds > 1
					}
				}
				if x.Compared == 0 {
					continue
				}
				x.Difference /= float64(x.Compared)
				if several {
					noise := 100 * math.Sqrt(variance/float64(x.Compared))
					x.Noise = &noise
				}
				rows = append(rows, x)
			}
		}
	}
	if len(rows) == 0 {
		return nil, errors.New("grid: no two cells can be compared")
	}
	return arrowio.FromStructs(rows)
}

// algorithms are those of the cells, in their order.
func (r *Results) algorithms() []string {
	var out []string
	for _, c := range r.Cells {
		if !slices.Contains(out, c.Algorithm) {
			out = append(out, c.Algorithm)
		}
	}
	return out
}

// Series are the cells of one algorithm as Figure 4(c) has them: the mean reward
// over seeds against diversity, a series with its least-squares line for each
// ranking. With several seeds error bars reach one standard deviation up and
// down.
func (r *Results) Series(algorithm string) []figure.Series {
	var out []figure.Series
	at := map[int]int{}
	for _, m := range r.means() {
		if m.algorithm != algorithm {
			continue
		}
		i, ok := at[m.responses]
		if !ok {
			i = len(out)
			at[m.responses] = i
			s := figure.Series{Name: fmt.Sprintf("%d responses", m.responses), Fit: true}
			if k := slices.Index(paper.Rankings(), m.responses); k >= 0 {
				s.Color = k + 1 // as in the paper's figures here
			}
			out = append(out, s)
		}
		s := &out[i]
		s.X, s.Y = append(s.X, m.diversity), append(s.Y, m.reward)
		if m.seeds > 1 {
			s.Lo, s.Hi = append(s.Lo, m.reward-m.deviation), append(s.Hi, m.reward+m.deviation)
		}
	}
	return out
}

// Fits are the lines of Series, as a table of Figure 4(c)'s: slope, intercept
// and mean squared error of each ranking.
func (r *Results) Fits(algorithm string) (*arrowio.Table, error) {
	type row struct {
		Ranking   string  `arrow:"ranking"`
		Slope     float64 `arrow:"slope"`
		Intercept float64 `arrow:"intercept"`
		MSE       float64 `arrow:"mse"`
	}
	series := r.Series(algorithm)
	fits, err := figure.FitAll(series)
	if err != nil {
		return nil, err
	}
	if len(fits) == 0 {
		return nil, errors.New("grid: no cell of algorithm " + algorithm)
	}
	rows := make([]row, len(fits))
	for i, f := range fits {
		rows[i] = row{series[i].Name, f.Slope, f.Intercept, f.MSE()}
	}
	return arrowio.FromStructs(rows)
}

// Figure draws Series with the pooled mean squared error of the lines, and the
// reward before training.
func (r *Results) Figure(algorithm string) (*figure.Figure, error) {
	series := r.Series(algorithm)
	f := figure.Scatter(series)
	f.Title = algorithm + ": reward against diversity of the prompts"
	f.XLabel, f.YLabel = "Diversity d of the training prompts", "Mean reward of the answers"
	mse, err := figure.PooledMSE(series)
	if err != nil {
		return nil, err
	}
	f.Subtitle = fmt.Sprintf("One least-squares line per ranking, pooled MSE %.2e", mse)
	seeds := 0
	for _, m := range r.means() {
		seeds = max(seeds, m.seeds)
	}
	if seeds > 1 {
		f.Caption = fmt.Sprintf("Points: means of %d seeds. Bars: one standard deviation.", seeds)
	}
	if r.Before > 0 {
		f.Caption = strings.TrimSpace(f.Caption + " Dashed: before training.")
		f.Rules = []figure.Rule{{At: r.Before, Horizontal: true}}
	}
	return f, nil
}
