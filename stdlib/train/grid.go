package train

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	engine "divvy/gpu/train"
	"divvy/stdlib/dataset"
	"divvy/stdlib/display"
	"divvy/stdlib/diversity"
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
		ranked, err := shuffled.RankingsWith(ctx, k, dataset.PythonRandom(paper.Seed1))
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
	if g.Dir != "" { // so that the run itself goes on, too
		sum := sha256.Sum256([]byte(key))
		o.Dir = filepath.Join(g.Dir, "run-"+hex.EncodeToString(sum[:8]))
	}
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
	if err := g.append(c); err != nil {
		return c, err
	}
	if g.Dir != "" {
		return c, os.RemoveAll(o.Dir)
	}
	return c, nil
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
	a.Progress, a.Stream, a.Live = nil, nil, false
	b, err := json.Marshal(struct {
		Algorithm        string
		Seed             uint64
		Train, Test      string
		Base, Judge      string
		Options, Answers string
	}{algorithm, seed, engine.DataHash(examples), engine.DataHash(test), g.Base.fingerprint(), g.Judge.fingerprint(), fmt.Sprintf("%+v", o), fmt.Sprintf("%+v", a)})
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
