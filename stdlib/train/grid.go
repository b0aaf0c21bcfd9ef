package train

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"divvy/arrowio"
	engine "divvy/gpu/train"
	"divvy/stdlib/dataset"
	"divvy/stdlib/display"
	"divvy/stdlib/diversity"
	"divvy/stdlib/figure"
	"divvy/stdlib/paper"
	"divvy/stdlib/tokenize"
)

// Grid is the paper's experiment: every algorithm with every ranking, number of
// prompts and seed, each trained from the same model and judged on the same
// prompts by a reward model.
type Grid struct {
	// Base is the model that each run begins with; Judge scores the answers.
	Base, Judge *Model
	// Train are the rankings to learn from, with as many responses as the
	// longest of Rankings; Test are the prompts to answer.
	Train, Test *dataset.Dataset
	// Algorithms; nil means SFT and PRO.
	Algorithms []string
	// Rankings are numbers of responses; nil means 2, 3, 4.
	Rankings []int
	// Prompts are numbers of prompts: nested prefixes of one shuffle. They must
	// be given.
	Prompts []int
	// Seeds of the order of training; nil means 42.
	Seeds []uint64
	// Options of each run; its Algorithm and Seed are the grid's.
	Options Options
	// Answers says how the test prompts are answered.
	Answers GenerateOptions
	// Dir keeps the finished cells, so that an interrupted grid goes on.
	Dir string
}

// Cell is one run of a Grid and its outcome.
type Cell struct {
	Algorithm string  `arrow:"algorithm" json:"algorithm"`
	Responses int     `arrow:"responses" json:"responses"`
	Prompts   int     `arrow:"prompts" json:"prompts"`
	Seed      int64   `arrow:"seed" json:"seed"`
	Diversity float64 `arrow:"diversity" json:"diversity"` // of the training prompts, as the paper defines it
	Reward    float64 `arrow:"reward" json:"reward"`       // mean sigmoid of the judge's scores of the answers
	RawReward float64 `arrow:"raw_reward" json:"raw_reward"`
	Loss      float64 `arrow:"loss" json:"loss"` // of the last step
	Tokens    int64   `arrow:"tokens" json:"tokens"`
	Seconds   float64 `arrow:"seconds" json:"seconds"`
	Key       string  `arrow:"-" json:"key"` // what was run, to know it again
}

// Results are the cells of a Grid.
type Results struct {
	Cells []Cell
	// Before is the reward of the model before any training.
	Before float64
}

// Run trains and judges every cell that is not finished yet. On interruption it
// gives the finished cells with ctx's error.
func (g Grid) Run(ctx context.Context) (*Results, error) {
	if g.Base == nil || g.Judge == nil || g.Train == nil || g.Test == nil || len(g.Prompts) == 0 {
		return nil, errors.New("grid: Base, Judge, Train, Test and Prompts must be given")
	}
	if g.Algorithms == nil {
		g.Algorithms = []string{SFT, PRO}
	}
	if g.Rankings == nil {
		g.Rankings = paper.Rankings()
	}
	if g.Seeds == nil {
		g.Seeds = []uint64{paper.Seed1}
	}
	done, err := g.load()
	if err != nil {
		return nil, err
	}
	res := &Results{}
	if res.Before, _, err = g.judge(ctx, g.Base); err != nil {
		return nil, fmt.Errorf("grid: judging the model before training: %w", err)
	}
	total := len(g.Algorithms) * len(g.Rankings) * len(g.Prompts) * len(g.Seeds)
	bar := display.Bar(int64(total), "grid")
	bar.Unit = "runs"
	defer bar.Done()
	shuffled := g.Train.ShuffleWith(dataset.PythonRandom(paper.Seed1))
	for _, k := range g.Rankings {
		ranked, err := shuffled.RankingsWith(k, dataset.PythonRandom(paper.Seed1))
		if err != nil {
			return res, fmt.Errorf("grid: rankings of %d responses: %w", k, err)
		}
		for _, n := range g.Prompts {
			if n > ranked.Len() {
				return res, fmt.Errorf("grid: %d prompts are wanted, there are %d", n, ranked.Len())
			}
			ds := ranked.Prefix(n)
			for _, algorithm := range g.Algorithms {
				for _, seed := range g.Seeds {
					cell, err := g.cell(ctx, ds, algorithm, k, seed, done)
					if err != nil {
						return res, fmt.Errorf("grid: %s with %d responses to %d prompts, seed %d: %w", algorithm, k, n, seed, err)
					}
					res.Cells = append(res.Cells, cell)
					bar.Add(1)
				}
			}
		}
	}
	return res, nil
}

// cell trains and judges one run, or finds it among those done.
func (g Grid) cell(ctx context.Context, ds *dataset.Dataset, algorithm string, k int, seed uint64, done map[string]Cell) (Cell, error) {
	key, err := g.key(ds, algorithm, seed)
	if err != nil {
		return Cell{}, err
	}
	if c, ok := done[key]; ok {
		return c, nil
	}
	start := time.Now()
	o := g.Options
	o.Algorithm, o.Seed, o.Quiet = algorithm, seed, true
	run, err := Fit(ctx, g.Base, ds, o)
	if err != nil {
		return Cell{}, err
	}
	d, err := g.diversity(ctx, ds)
	if err != nil {
		return Cell{}, err
	}
	reward, raw, err := g.judge(ctx, run.Model)
	if err != nil {
		return Cell{}, err
	}
	c := Cell{algorithm, k, ds.Len(), int64(seed), d, reward, raw, run.Loss, run.Tokens, time.Since(start).Seconds(), key}
	return c, g.append(c)
}

// judge answers the test prompts and scores the answers.
func (g Grid) judge(ctx context.Context, m *Model) (reward, raw float64, err error) {
	answers, err := m.Generate(ctx, g.Test.Prompts(), g.Answers)
	if err != nil {
		return 0, 0, err
	}
	scores, err := g.Judge.Score(ctx, g.Test, answers)
	if err != nil {
		return 0, 0, err
	}
	for _, s := range scores {
		raw += s / float64(len(scores))
	}
	return MeanSigmoid(scores), raw, nil
}

// diversity is d of the rows' prompts over the model's own tokens.
func (g Grid) diversity(ctx context.Context, ds *dataset.Dataset) (float64, error) {
	ids, err := g.Base.tokenizer.EncodeAll(ctx, ds.Prompts(), tokenize.Options{})
	if err != nil {
		return 0, err
	}
	r, err := diversity.Measure(ctx, ids, diversity.Options{})
	return r.D, err
}

// key identifies a cell by all that decides its outcome.
func (g Grid) key(ds *dataset.Dataset, algorithm string, seed uint64) (string, error) {
	examples, err := g.Base.examples(ds)
	if err != nil {
		return "", err
	}
	test, err := g.Base.examples(g.Test)
	if err != nil {
		return "", err
	}
	o := g.Options
	o.Dev, o.Judge, o.Progress, o.Dir, o.Quiet, o.Micro, o.Recompute = nil, nil, nil, "", false, 0, false
	a := g.Answers
	a.Progress, a.Stream = nil, nil
	b, err := json.Marshal(struct {
		Algorithm         string
		Seed              uint64
		Train, Test       string
		Base, Judge       string
		Options           string
		MaxNew            int
		Temperature, TopP float64
	}{algorithm, seed, engine.DataHash(examples), engine.DataHash(test), g.Base.fingerprint(), g.Judge.fingerprint(), fmt.Sprintf("%+v", o), a.MaxNew, a.Temperature, a.TopP})
	return string(b), err
}

// cellsFile holds the finished cells, one JSON object a line.
const cellsFile = "cells.jsonl"

// load reads the finished cells. A last line cut short by a crash is dropped:
// its cell is run again.
func (g Grid) load() (map[string]Cell, error) {
	done := map[string]Cell{}
	if g.Dir == "" {
		return done, nil
	}
	f, err := os.Open(filepath.Join(g.Dir, cellsFile))
	if errors.Is(err, os.ErrNotExist) {
		return done, nil
	}
	if err != nil {
		return nil, fmt.Errorf("grid: %w", err)
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var c Cell
		if json.Unmarshal(s.Bytes(), &c) == nil {
			done[c.Key] = c
		}
	}
	return done, s.Err()
}

// append adds a finished cell to the file.
func (g Grid) append(c Cell) error {
	if g.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(g.Dir, 0o777); err != nil {
		return err
	}
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(g.Dir, cellsFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	// A line break first ends a line that a crash cut short.
	_, err = f.Write(append(append([]byte{'\n'}, line...), '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// Table is all cells.
func (r *Results) Table() (*arrowio.Table, error) { return arrowio.FromStructs(r.Cells) }

// Summary is of Table 1's shape: a row for each algorithm and number of
// prompts, the mean reward over seeds in percent for each ranking.
func (r *Results) Summary() (*arrowio.Table, error) {
	type row struct {
		Algorithm string   `arrow:"algorithm"`
		Prompts   int64    `arrow:"prompts"`
		Diversity float64  `arrow:"diversity"`
		Reward2   *float64 `arrow:"reward_2"`
		Reward3   *float64 `arrow:"reward_3"`
		Reward4   *float64 `arrow:"reward_4"`
	}
	var rows []row
	counts := map[string]int{}
	for _, c := range r.Cells {
		i := -1
		for j := range rows {
			if rows[j].Algorithm == c.Algorithm && rows[j].Prompts == int64(c.Prompts) {
				i = j
			}
		}
		if i < 0 {
			i = len(rows)
			rows = append(rows, row{c.Algorithm, int64(c.Prompts), c.Diversity, nil, nil, nil})
		}
		at := map[int]**float64{2: &rows[i].Reward2, 3: &rows[i].Reward3, 4: &rows[i].Reward4}[c.Responses]
		if at == nil {
			return nil, fmt.Errorf("grid: Table 1 has rankings of 2 to 4 responses, not %d", c.Responses)
		}
		key := fmt.Sprint(c.Algorithm, c.Prompts, c.Responses)
		n := float64(counts[key])
		counts[key]++
		v := 100 * c.Reward / (n + 1)
		if *at != nil {
			v += **at * n / (n + 1)
		}
		*at = &v
	}
	return arrowio.FromStructs(rows)
}

// Series are the cells of one algorithm as Figure 4(c) has them: reward against
// diversity, a series with its least-squares line for each ranking.
func (r *Results) Series(algorithm string) []figure.Series {
	var out []figure.Series
	at := map[int]int{}
	for _, c := range r.Cells {
		if c.Algorithm != algorithm {
			continue
		}
		i, ok := at[c.Responses]
		if !ok {
			i = len(out)
			at[c.Responses] = i
			out = append(out, figure.Series{Name: fmt.Sprintf("%d responses", c.Responses), Fit: true})
		}
		out[i].X, out[i].Y = append(out[i].X, c.Diversity), append(out[i].Y, c.Reward)
	}
	return out
}

// Figure draws Series with the pooled mean squared error of the lines.
func (r *Results) Figure(algorithm string) (*figure.Figure, error) {
	series := r.Series(algorithm)
	f := figure.Scatter(series)
	f.Title = algorithm + ": reward against diversity of the prompts"
	f.XLabel, f.YLabel = "diversity d of the training prompts", "mean reward of the answers"
	mse, err := figure.PooledMSE(series)
	if err != nil {
		return nil, err
	}
	f.Subtitle = fmt.Sprintf("least-squares lines, pooled mean squared error %.3g", mse)
	return f, nil
}
