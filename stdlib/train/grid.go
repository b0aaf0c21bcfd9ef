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

	"gonum.org/v1/gonum/stat"

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
	// longest of Rankings; Test are the prompts to answer, two at least.
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
	Answers   int     `arrow:"answers" json:"answers"`     // test prompts that were answered and judged
	Reward    float64 `arrow:"reward" json:"reward"`       // mean sigmoid of the judge's scores of the answers
	// RewardError is the standard error of Reward over the test prompts: how much
	// other prompts would move it. All cells of a grid answer the same prompts, so
	// that their differences are surer than this.
	RewardError float64 `arrow:"reward_error" json:"reward_error"`
	RawReward   float64 `arrow:"raw_reward" json:"raw_reward"` // mean score, without the sigmoid
	Loss        float64 `arrow:"loss" json:"loss"`             // of the last step
	Tokens      int64   `arrow:"tokens" json:"tokens"`
	Seconds     float64 `arrow:"seconds" json:"seconds"`
	Key         string  `arrow:"-" json:"key"` // what was run, to know it again
}

// judged is what a model's answers to the test prompts came to.
type judged struct {
	answers                  int
	reward, rewardError, raw float64
}

// Run trains and judges every cell that is not finished yet. On interruption it
// gives the finished cells with ctx's error.
func (g Grid) Run(ctx context.Context) (*Results, error) {
	if g.Base == nil || g.Judge == nil || g.Train == nil || g.Test == nil || len(g.Prompts) == 0 {
		return nil, errors.New("grid: Base, Judge, Train, Test and Prompts must be given")
	}
	if g.Test.Len() < 2 {
		return nil, fmt.Errorf("grid: %d test prompts: a mean and its error take two", g.Test.Len())
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
	before, err := g.judge(ctx, g.Base)
	if err != nil {
		return nil, fmt.Errorf("grid: judging the model before training: %w", err)
	}
	res, common := &Results{Before: before.reward}, g.common()
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
			set, err := g.set(ctx, ranked.Prefix(n), k)
			if err != nil {
				return res, fmt.Errorf("grid: %d responses to %d prompts: %w", k, n, err)
			}
			for _, algorithm := range g.Algorithms {
				for _, seed := range g.Seeds {
					cell, err := g.cell(ctx, set, algorithm, seed, common, done)
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

// trainingSet is what the algorithms and seeds of a grid learn from in turn.
type trainingSet struct {
	data      *dataset.Dataset
	responses int
	diversity float64 // of the prompts over the model's own tokens
	hash      string
}

func (g Grid) set(ctx context.Context, ds *dataset.Dataset, responses int) (trainingSet, error) {
	examples, err := g.Base.examples(ds)
	if err != nil {
		return trainingSet{}, err
	}
	ids, err := g.Base.tokenizer.EncodeAll(ctx, ds.Prompts(), tokenize.Options{})
	if err != nil {
		return trainingSet{}, err
	}
	r, err := diversity.Measure(ctx, ids, diversity.Options{})
	return trainingSet{ds, responses, r.D, engine.DataHash(examples)}, err
}

// cell trains and judges one run, or finds it among those done.
func (g Grid) cell(ctx context.Context, set trainingSet, algorithm string, seed uint64, common string, done map[string]Cell) (Cell, error) {
	key := fmt.Sprintf("%s, seed %d, data %s, %s", algorithm, seed, set.hash, common)
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
	run, err := Fit(ctx, g.Base, set.data, o)
	if err != nil {
		return Cell{}, err
	}
	j, err := g.judge(ctx, run.Model)
	if err != nil {
		return Cell{}, err
	}
	c := Cell{
		Algorithm: algorithm, Responses: set.responses, Prompts: set.data.Len(), Seed: int64(seed), Diversity: set.diversity,
		Answers: j.answers, Reward: j.reward, RewardError: j.rewardError, RawReward: j.raw,
		Loss: run.Loss, Tokens: run.Tokens, Seconds: time.Since(start).Seconds(), Key: key,
	}
	if err := g.append(c); err != nil {
		return c, err
	}
	if g.Dir != "" {
		return c, os.RemoveAll(o.Dir)
	}
	return c, nil
}

// judge answers the test prompts and scores the answers.
func (g Grid) judge(ctx context.Context, m *Model) (judged, error) {
	a := g.Answers
	if a.Progress == nil { // the grid has a bar
		a.Progress = unseen
	}
	answers, err := m.Generate(ctx, g.Test.Prompts(), a)
	if err != nil {
		return judged{}, err
	}
	scores, err := g.Judge.scoreAnswers(ctx, g.Test, answers, nil)
	if err != nil {
		return judged{}, err
	}
	rewards := make([]float64, len(scores))
	for i, s := range scores {
		rewards[i] = Sigmoid(s)
	}
	mean, std := stat.MeanStdDev(rewards, nil)
	return judged{len(scores), mean, stat.StdErr(std, float64(len(scores))), stat.Mean(scores, nil)}, nil
}

// common identifies all that decides a cell's outcome beside its algorithm, seed
// and data. It is made once a grid: it reads all weights.
func (g Grid) common() string {
	o, a := g.Options, g.Answers
	dev := "none"
	if o.Dev != nil && o.Judge != nil {
		dev = promptsHash(o.Dev) + " judged by " + o.Judge.fingerprint()
	}
	o.Dev, o.Judge, o.Progress, o.Dir, o.Quiet, o.Micro, o.Recompute = nil, nil, nil, "", false, 0, false
	o.Algorithm, o.Seed = "", 0 // the grid's
	a.Progress, a.Stream, a.Live = nil, nil, false
	return fmt.Sprintf("base %s, options %+v, dev %s, test %s, answers %+v, judge %s",
		g.Base.fingerprint(), o, dev, promptsHash(g.Test), a, g.Judge.fingerprint())
}

// promptsHash identifies the prompts of a dataset.
func promptsHash(ds *dataset.Dataset) string {
	h := sha256.New()
	for i := range ds.Len() {
		fmt.Fprintf(h, "%q", ds.Row(i).Prefix)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// cellsFile holds the finished cells, one JSON object a line.
const cellsFile = "cells.jsonl"

// load reads the finished cells. A line cut short by a crash is left out, and so is
// one without the number of answers, of an earlier version: its cell is run again.
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
		if json.Unmarshal(s.Bytes(), &c) == nil && c.Answers > 0 {
			done[c.Key] = c
		}
	}
	if s.Err() != nil {
		return nil, fmt.Errorf("grid: %s: %w", f.Name(), s.Err())
	}
	return done, nil
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
