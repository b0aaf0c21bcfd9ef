package train

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"divvy/arrowio"
	"divvy/stdlib/display"
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
		m.seeds, m.reward = len(all), stat.Mean(all, nil)
		if m.seeds > 1 {
			m.deviation = stat.StdDev(all, nil)
		}
	}
	return out
}

// rankings are the numbers of responses of the cells, rising.
func (r *Results) rankings() []int {
	var out []int
	for _, c := range r.Cells {
		out = append(out, c.Responses)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Summary is of Table 1's shape: a row for each algorithm and number of prompts
// with the columns algorithm, prompts, diversity and, for each ranking of k
// responses, reward_k, the mean reward over seeds in percent, and with several
// seeds deviation_k, the standard deviation over them. Null is what the grid has
// not, or has of a single seed.
func (r *Results) Summary() (*arrowio.Table, error) {
	type place struct {
		algorithm string
		prompts   int
	}
	var rows []place
	var algorithms []string
	var prompts []int
	var diversities []float64
	means, several := r.means(), false
	at := make([]int, len(means))
	for i, m := range means {
		p := place{m.algorithm, m.prompts}
		if at[i] = slices.Index(rows, p); at[i] < 0 {
			at[i], rows = len(rows), append(rows, p)
			algorithms, prompts, diversities = append(algorithms, m.algorithm), append(prompts, m.prompts), append(diversities, m.diversity)
		}
		several = several || m.seeds > 1
	}
	b := arrowio.NewTable().Strings("algorithm", algorithms).Ints("prompts", prompts).Floats("diversity", diversities)
	columns := func(name string, of func(m mean) (float64, bool)) {
		for _, k := range r.rankings() {
			values, valid := make([]float64, len(rows)), make([]bool, len(rows))
			for i, m := range means {
				if m.responses == k {
					values[at[i]], valid[at[i]] = of(m)
				}
			}
			b.Floats(fmt.Sprintf("%s_%d", name, k), values).Valid(valid)
		}
	}
	columns("reward", func(m mean) (float64, bool) { return 100 * m.reward, true })
	if several {
		columns("deviation", func(m mean) (float64, bool) { return 100 * m.deviation, m.seeds > 1 })
	}
	return b.Build()
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
// annotations (responses times prompts).
//
// Of the compared cells won counts those in which more responses got more reward,
// and tied those with the same; difference is their mean gain in percent. noise is
// the standard deviation that the gain of one comparison has over seeds, and
// standard_error that of difference, if the seeds are what varies; both are null
// with a single seed. Where won is about half of compared, or the difference is
// small beside its error, there is no order to speak of. The prompts of a grid are
// nested and its test prompts the same, so that the comparisons are not as many
// independent witnesses as there are rows.
func (r *Results) Comparisons() (*arrowio.Table, error) {
	type row struct {
		Algorithm  string   `arrow:"algorithm"`
		Question   string   `arrow:"question"`
		Won        int64    `arrow:"won"`
		Tied       int64    `arrow:"tied"`
		Compared   int64    `arrow:"compared"`
		Difference float64  `arrow:"difference"`
		Noise      *float64 `arrow:"noise"`
		Error      *float64 `arrow:"standard_error"`
	}
	var rows []row
	for _, algorithm := range r.algorithms() {
		for _, same := range []string{"prompts", "budget"} {
			for _, k := range pairsOf(r.rankings()) {
				x := row{Algorithm: algorithm, Question: fmt.Sprintf("%d against %d responses, same %s", k[0], k[1], same)}
				var noise, variance float64 // of the seeds' gain, and of the means'
				several := true
				r.compare(algorithm, k, same == "budget", func(more, fewer mean) {
					x.Compared++
					switch {
					case more.reward > fewer.reward:
						x.Won++
					case more.reward == fewer.reward:
						x.Tied++
					}
					x.Difference += 100 * (more.reward - fewer.reward)
					for _, m := range []mean{more, fewer} {
						noise += m.deviation * m.deviation
						variance += m.deviation * m.deviation / float64(m.seeds)
						several = several && m.seeds > 1
					}
				})
				if x.Compared == 0 {
					continue
				}
				n := float64(x.Compared)
				x.Difference /= n
				if several {
					noise, variance = 100*math.Sqrt(noise/n), 100*math.Sqrt(variance)/n
					x.Noise, x.Error = &noise, &variance
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

// compare visits the outcomes of an algorithm with k[0] and k[1] responses that
// have the same prompts or the same budget.
func (r *Results) compare(algorithm string, k [2]int, budget bool, visit func(more, fewer mean)) {
	means := r.means()
	for _, a := range means {
		for _, b := range means {
			if a.algorithm != algorithm || b.algorithm != algorithm || a.responses != k[0] || b.responses != k[1] {
				continue
			}
			if budget && a.responses*a.prompts == b.responses*b.prompts || !budget && a.prompts == b.prompts {
				visit(a, b)
			}
		}
	}
}

// pairsOf are all pairs of rising numbers, the greater first, neighbours before
// those further apart.
func pairsOf(numbers []int) (pairs [][2]int) {
	for apart := 1; apart < len(numbers); apart++ {
		for i := range len(numbers) - apart {
			pairs = append(pairs, [2]int{numbers[i+apart], numbers[i]})
		}
	}
	return pairs
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

// Fits are the lines of Series, as a table of Figure 4(c)'s: of each ranking the
// number of points, slope with its standard error (null for two points), intercept,
// mean squared error, and r2, the share of the variance that the line explains.
func (r *Results) Fits(algorithm string) (*arrowio.Table, error) {
	type row struct {
		Ranking    string   `arrow:"ranking"`
		Points     int64    `arrow:"points"`
		Slope      float64  `arrow:"slope"`
		SlopeError *float64 `arrow:"slope_error"`
		Intercept  float64  `arrow:"intercept"`
		MSE        float64  `arrow:"mse"`
		R2         float64  `arrow:"r2"`
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
		rows[i] = row{Ranking: series[i].Name, Points: int64(f.N), Slope: f.Slope, Intercept: f.Intercept, MSE: f.MSE(), R2: f.R2}
		if e := f.SlopeError(); f.N > 2 {
			rows[i].SlopeError = &e
		}
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

// String says how many cells there are, and gives their summary.
func (r *Results) String() string {
	text := fmt.Sprintf("%d cells, reward before training %.4f", len(r.Cells), r.Before)
	if t, err := r.Summary(); err == nil && len(r.Cells) > 0 {
		text += "\n" + t.String()
	}
	return text
}

// MIMEBundle shows the cells; Summary and Figure are what to look at next.
func (r *Results) MIMEBundle() map[string]any {
	t, err := r.Table()
	if err != nil {
		return map[string]any{display.MIMEText: r.String()}
	}
	b := t.MIMEBundle()
	b[display.MIMEText] = r.String()
	return b
}
