package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"divvy/arrowio"
	"divvy/gpu/batch"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
	engine "divvy/gpu/train"
	"divvy/stdlib/dataset"
	"divvy/stdlib/paper"
)

// The algorithms.
const (
	SFT    = "SFT"    // supervised fine-tuning on the best response
	PRO    = "PRO"    // preference ranking optimisation
	DPO    = "DPO"    // direct preference optimisation
	RRHF   = "RRHF"   // rank responses to align with human feedback
	Reward = "Reward" // a reward model, by the Bradley-Terry loss
)

// Options say how to train. Zero fields mean the paper's values where it gives
// one.
type Options struct {
	// Algorithm is one of the constants above; "" means PRO.
	Algorithm string
	// Steps of the optimiser; 0 means 4000.
	Steps int
	// Batch is the number of prompts in a step; 0 means 112.
	Batch int
	// Micro is the number of prompts computed at once; 0 means Batch. Smaller
	// takes less memory and gives the same result.
	Micro int
	// LearningRate; 0 means 2e-5.
	LearningRate float64
	// Schedule is "constant" (default), "linear" or "cosine"; Warmup is the
	// number of steps before it.
	Schedule string
	Warmup   int
	// Decay is AdamW's weight decay; 0 means 0.01, negative none.
	Decay float64
	// Clip is the largest norm of the gradient; 0 means 1, negative none.
	Clip float64
	// Seed of the order of the rows; 0 means 42.
	Seed uint64
	// Precision is "f32" (default) or "bf16".
	Precision string
	// Moments are AdamW's, two numbers for each weight: in "f32" (default), in
	// "bf16" or in "8bit", which takes a quarter of the memory.
	Moments string
	// Recompute saves memory for a third more time.
	Recompute bool
	// LoRA, if positive, trains adapters of that rank only; the result has them
	// merged.
	LoRA int
	// Weight is PRO's weight of imitation (0 means 0.05), DPO's beta (0 means
	// 0.1), RRHF's weight of the ranking (0 means 1).
	Weight float64
	// MaxPrompt and MaxTokens cut prompts (at their beginning) and prompt with
	// response; 0 means 384 and 512.
	MaxPrompt, MaxTokens int
	// Dir keeps checkpoints from which an interrupted run goes on; SaveEvery
	// steps one is written.
	Dir       string
	SaveEvery int
	// Dev, if not nil, is what every EvalEvery (0 means 500) steps is answered by
	// the model and scored by Judge, a reward model; the best weights are the
	// result.
	Dev       *dataset.Dataset
	Judge     *Model
	EvalEvery int
	// MaxNew is the length of those answers in tokens; 0 means 128.
	MaxNew int
	// Quiet shows nothing in the notebook.
	Quiet bool
	// Progress is told of every step. nil means nobody.
	Progress func(step, steps int, loss, tokensPerSecond float64)
}

// Run is a finished, or interrupted, training run.
type Run struct {
	// Model is the result: the best by Options.Judge, else the last.
	Model *Model
	// Algorithm, Responses, Prompts, Seed and DataHash say what was run.
	Algorithm string
	Responses int
	Prompts   int
	Seed      uint64
	DataHash  string
	// Steps done, with the last loss and the best merit.
	Steps    int
	Loss     float64
	Merit    float64
	HasMerit bool
	// Tokens computed, and those that padded rows would have taken.
	Tokens, Padded int64
	Seconds        float64
	// Plan is the memory plan in words.
	Plan string

	settings Options
	history  []engine.Step
}

// lossOf makes the loss of an algorithm.
func (o Options) lossOf() (loss.Loss, error) {
	switch o.Algorithm {
	case "", PRO:
		return loss.PRO{Weight: o.Weight}, nil
	case SFT:
		return loss.SFT{}, nil
	case DPO:
		return loss.DPO{Beta: o.Weight}, nil
	case RRHF:
		return loss.RRHF{RankWeight: o.Weight}, nil
	case Reward:
		return loss.BradleyTerry{}, nil
	}
	return nil, fmt.Errorf("algorithm %q is none of SFT, PRO, DPO, RRHF, Reward", o.Algorithm)
}

// config is the engine's configuration.
func (o Options) config(l loss.Loss) (engine.Config, error) {
	c := engine.Config{
		Loss: l, Steps: o.Steps, Batch: o.Batch, Micro: o.Micro, LR: o.LearningRate, Schedule: o.Schedule, Warmup: o.Warmup,
		Decay: o.Decay, Clip: o.Clip, Seed: o.Seed, Recompute: o.Recompute, Dir: o.Dir, SaveEvery: o.SaveEvery, EvalEvery: o.EvalEvery,
		Limits: batch.Limits{Prompt: o.MaxPrompt, Total: o.MaxTokens},
		Beta1:  paper.AdamBeta1, Beta2: paper.AdamBeta2, Eps: paper.AdamEpsilon,
		LoRA: model.LoRA{Rank: o.LoRA},
	}
	set := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	set(&c.Steps, paper.Steps)
	set(&c.Batch, paper.GlobalBatch)
	set(&c.EvalEvery, paper.EvalEvery)
	set(&c.Limits.Prompt, paper.MaxPromptTokens)
	set(&c.Limits.Total, paper.MaxTokens)
	if c.LR == 0 {
		c.LR = paper.LearningRateOPT
	}
	if c.Seed == 0 {
		c.Seed = paper.Seed1
	}
	switch o.Precision {
	case "", "f32":
	case "bf16":
		c.Compute = program.BF16
	default:
		return c, fmt.Errorf("precision %q is neither f32 nor bf16", o.Precision)
	}
	switch o.Moments {
	case "", "f32":
	case "bf16":
		c.Moments = program.BF16
	case "8bit":
		c.Moments = program.U8
	default:
		return c, fmt.Errorf("moments %q are none of f32, bf16, 8bit", o.Moments)
	}
	return c, nil
}

// Fit trains a model on a dataset and gives the result as another model. On
// interruption it gives the run as far as it came, with ctx's error; with
// Options.Dir the same call goes on from there, to the same bits.
func Fit(ctx context.Context, m *Model, ds *dataset.Dataset, o Options) (*Run, error) {
	switch {
	case m == nil:
		return nil, errors.New("training: there is no model: Open and NewTiny give one, and an error where they do not")
	case ds == nil:
		return nil, errors.New("training: there is no data: dataset.Load gives some, and an error where it does not")
	}
	l, err := o.lossOf()
	if err != nil {
		return nil, fmt.Errorf("training: %w", err)
	}
	c, err := o.config(l)
	if err != nil {
		return nil, fmt.Errorf("training: %w", err)
	}
	if (o.Algorithm == Reward) && !m.IsReward() {
		if m, err = m.AsReward(c.Seed); err != nil {
			return nil, err
		}
	}
	examples, err := m.examples(ds)
	if err != nil {
		return nil, fmt.Errorf("training: %w", err)
	}
	run := &Run{Algorithm: l.Name(), Prompts: len(examples), Seed: c.Seed, DataHash: engine.DataHash(examples), settings: o}
	if o.Algorithm == Reward {
		run.Algorithm = Reward
	}
	for _, e := range examples {
		run.Responses = max(run.Responses, len(e.Responses))
	}
	view := newLive(c.Steps, o)
	c.Progress = view.step
	if o.Dev != nil {
		if o.Judge == nil {
			return nil, errors.New("training: Dev is given but no Judge to score the answers")
		}
		if o.Dev.Len() == 0 {
			return nil, errors.New("training: Dev has no prompts")
		}
		c.Eval = func(ctx context.Context, _ int, w model.Weights) (float64, error) {
			now, err := m.with(w, c.LoRA)
			if err != nil {
				return 0, err
			}
			return now.devReward(ctx, o)
		}
	}
	c = forDevice(c, m.device, longest(examples, c.Limits))
	t, err := engine.New(ctx, m.device, m.config, m.weights, examples, c)
	if err != nil {
		return nil, err
	}
	plan, err := t.Plan()
	if err != nil {
		return nil, err
	}
	run.Plan = plan.String()
	view.begin(run.Plan, t.Step())
	start := time.Now()
	runErr := t.Run(ctx)
	view.end()
	run.Seconds = time.Since(start).Seconds()
	return run, errors.Join(runErr, run.finish(m, t, c))
}

// finish reads the outcome of a run.
func (r *Run) finish(m *Model, t *engine.Trainer, c engine.Config) error {
	w, err := t.Weights()
	if err != nil {
		return err
	}
	r.Merit, r.HasMerit = t.Best()
	if !r.HasMerit {
		r.Merit = 0
	} else {
		if w, err = t.BestWeights(); err != nil {
			return err
		}
	}
	if r.Model, err = m.with(w, c.LoRA); err != nil {
		return err
	}
	r.history = t.History()
	r.Steps = t.Step()
	for _, s := range r.history {
		r.Tokens += int64(s.Tokens)
		r.Padded += int64(s.Padded)
		r.Loss = s.Loss
	}
	return nil
}

// with is the model with other weights, adapters merged.
func (m *Model) with(w model.Weights, l model.LoRA) (*Model, error) {
	n := *m
	n.weights = w
	if l.Rank > 0 {
		merged, err := model.Merge(w, l)
		if err != nil {
			return nil, err
		}
		n.weights = merged
	}
	return &n, nil
}

// devReward is the mean sigmoid reward of the model's answers.
func (m *Model) devReward(ctx context.Context, o Options) (float64, error) {
	answers, err := m.Generate(ctx, o.Dev.Prompts(), GenerateOptions{MaxNew: o.MaxNew, MaxPrompt: o.MaxPrompt, Progress: unseen})
	if err != nil {
		return 0, err
	}
	scores, err := o.Judge.scoreAnswers(ctx, o.Dev, answers, nil)
	if err != nil {
		return 0, err
	}
	return MeanSigmoid(scores), nil
}

// Row is the run as a table of one row: settings, data and outcome.
func (r *Run) Row() (*arrowio.Table, error) { return Runs(r) }

// Runs is a table of runs, one a row.
func Runs(runs ...*Run) (*arrowio.Table, error) {
	type row struct {
		Algorithm string  `arrow:"algorithm"`
		Responses int64   `arrow:"responses"`
		Prompts   int64   `arrow:"prompts"`
		Seed      int64   `arrow:"seed"`
		Steps     int64   `arrow:"steps"`
		Batch     int64   `arrow:"batch"`
		LR        float64 `arrow:"learning_rate"`
		Schedule  string  `arrow:"schedule"`
		Precision string  `arrow:"precision"`
		Moments   string  `arrow:"moments"`
		LoRA      int64   `arrow:"lora"`
		Model     string  `arrow:"model"`
		DataHash  string  `arrow:"data_hash"`
		Loss      float64 `arrow:"loss"`
		Merit     float64 `arrow:"merit"`
		Tokens    int64   `arrow:"tokens"`
		Padded    int64   `arrow:"padded_tokens"`
		Seconds   float64 `arrow:"seconds"`
	}
	rows := make([]row, len(runs))
	for i, r := range runs {
		c, err := r.settings.config(nil)
		if err != nil {
			return nil, err
		}
		rows[i] = row{
			r.Algorithm, int64(r.Responses), int64(r.Prompts), int64(r.Seed), int64(r.Steps), int64(c.Batch), c.LR, c.Schedule,
			c.Compute.String(), cmp.Or(r.settings.Moments, "f32"), int64(c.LoRA.Rank), r.Model.String(), r.DataHash, r.Loss, r.Merit, r.Tokens, r.Padded, r.Seconds,
		}
	}
	return arrowio.FromStructs(rows)
}

// Curve is the run's steps as a table: loss and its parts, the gradient's norm,
// the learning rate, tokens and speed. merit is null between evaluations.
func (r *Run) Curve() (*arrowio.Table, error) {
	type row struct {
		Step     int64    `arrow:"step"`
		Loss     float64  `arrow:"loss"`
		Rank     *float64 `arrow:"rank"`
		Imitate  *float64 `arrow:"sft"`
		Accuracy *float64 `arrow:"accuracy"`
		Norm     float64  `arrow:"gradient_norm"`
		LR       float64  `arrow:"learning_rate"`
		Tokens   int64    `arrow:"tokens"`
		Seconds  float64  `arrow:"seconds"`
		Merit    *float64 `arrow:"merit"`
	}
	part := func(s engine.Step, name string) *float64 {
		if v, ok := s.Parts[name]; ok {
			return &v
		}
		return nil
	}
	rows := make([]row, len(r.history))
	for i, s := range r.history {
		rows[i] = row{int64(s.Step), s.Loss, part(s, "rank"), part(s, "sft"), part(s, "accuracy"), s.Norm, s.LR, int64(s.Tokens), s.Seconds, nil}
		if s.HasMerit {
			rows[i].Merit = &s.Merit
		}
	}
	return arrowio.FromStructs(rows)
}

// String is the run in a line.
func (r *Run) String() string {
	saving := float64(r.Padded) / float64(max(1, r.Tokens))
	return fmt.Sprintf("%s on %d prompts with up to %d responses: %d steps, loss %.4g, %d tokens in %.1f s (padded rows: %.2f times as many)",
		r.Algorithm, r.Prompts, r.Responses, r.Steps, r.Loss, r.Tokens, r.Seconds, saving)
}
