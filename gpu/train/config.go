package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"divvy/gpu/batch"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
)

// Config is how to train. The zero value of a field means its default; the
// defaults are the paper's (arXiv 2403.11124) where it gives one.
type Config struct {
	// Loss to minimise; nil means PRO.
	Loss loss.Loss
	// Steps of the optimiser; 0 means 4000.
	Steps int
	// Batch is the number of examples in a step; 0 means 112.
	Batch int
	// Micro is the number of examples computed at once; gradients of a step's
	// parts are added up. 0 means Batch.
	Micro int
	// LR is the learning rate; 0 means 2e-5.
	LR float64
	// Schedule of the learning rate after the warm-up: "constant" (default),
	// "linear" or "cosine", both to 0 after the last step, as transformers has them.
	Schedule string
	// Warmup is the number of steps over which the rate rises from 0.
	Warmup int
	// Beta1, Beta2 and Eps of AdamW; 0 means 0.9, 0.999 and 1e-8.
	Beta1, Beta2, Eps float64
	// Decay is the weight decay of matrices; 0 means 0.01, negative none.
	Decay float64
	// Clip is the largest norm of the gradient; 0 means 1, negative no clipping.
	Clip float64
	// Seed of the order of examples.
	Seed uint64
	// Compute is the type of activations: F32, or BF16 with F32 master weights.
	// Store F64 with Compute F64 is for tests.
	Store, Compute program.DType
	// Moments is the type in which AdamW keeps its two moments: F32 (the zero
	// value) as the weights, BF16 in half that memory, U8 in a quarter. See
	// program.Builder.AdamW and AdamW8. With U8, vectors, small matrices and
	// tables of embeddings, whose rows change seldom and by leaps, stay in F32.
	Moments program.DType
	// Recompute saves memory by computing each block's activations again.
	Recompute bool
	// LoRA trains low-rank adapters only, if its Rank is positive.
	LoRA model.LoRA
	// Limits cut examples that are too long.
	Limits batch.Limits
	// RowTokens is the length of a packed row; 0 packs each micro-batch into one
	// row that is as long as needed. Devices that compile slowly want it fixed.
	RowTokens int
	// RowMultiple adds empty rows to make their number a multiple of it.
	RowMultiple int
	// MaxMemory in bytes beyond which a run is refused; 0 means what the
	// machine has available.
	MaxMemory int64

	// Dir holds checkpoints; "" keeps none.
	Dir string
	// SaveEvery steps a checkpoint is written; 0 means at the end and when a run
	// is stopped.
	SaveEvery int
	// EvalEvery steps Eval is called; 0 means 500.
	EvalEvery int
	// Eval gives the figure of merit, larger is better, of the weights so far;
	// the best are kept. nil means none.
	Eval func(ctx context.Context, step int, w model.Weights) (float64, error)
	// Progress is told of every step; it must return soon. nil means nobody.
	Progress func(Step)

	ranks int // of the device; 0 and 1 mean one
}

// withDefaults fills in the defaults.
func (c Config) withDefaults() Config {
	set := func(p *float64, v float64) {
		if *p == 0 {
			*p = v
		}
	}
	seti := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	if c.Loss == nil {
		c.Loss = loss.PRO{}
	}
	if c.Schedule == "" {
		c.Schedule = "constant"
	}
	seti(&c.Steps, 4000)
	seti(&c.Batch, 112)
	seti(&c.Micro, c.Batch)
	seti(&c.EvalEvery, 500)
	set(&c.LR, 2e-5)
	set(&c.Beta1, 0.9)
	set(&c.Beta2, 0.999)
	set(&c.Eps, 1e-8)
	set(&c.Decay, 0.01)
	set(&c.Clip, 1)
	c.Decay = max(c.Decay, 0)
	c.Micro = min(c.Micro, c.Batch)
	return c
}

// check says what is wrong with a Config whose defaults are filled in.
func (c Config) check(m model.Config) error {
	var errs []error
	if c.Steps < 0 || c.Batch < 1 || c.Micro < 1 || c.Warmup < 0 || c.LR < 0 || math.IsNaN(c.LR) {
		errs = append(errs, fmt.Errorf("steps %d, batch %d, micro %d, warmup %d, lr %g", c.Steps, c.Batch, c.Micro, c.Warmup, c.LR))
	}
	switch c.Schedule {
	case "constant", "linear", "cosine":
	default:
		errs = append(errs, fmt.Errorf("schedule %q is none of constant, linear, cosine", c.Schedule))
	}
	if needs := c.Loss.Needs(); needs.Scores != (m.Head == model.RewardModel) {
		errs = append(errs, fmt.Errorf("the loss %s does not fit a model with head %q", c.Loss.Name(), m.Head))
	}
	if c.Compute == program.F64 != (c.Store == program.F64) || c.Store == program.BF16 || c.Compute == program.I32 {
		errs = append(errs, fmt.Errorf("cannot store %s and compute in %s", c.Store, c.Compute))
	}
	switch {
	case c.Moments == program.F32:
	case c.Moments != program.BF16 && c.Moments != program.U8, c.Store != program.F32:
		errs = append(errs, fmt.Errorf("cannot keep moments in %s for weights in %s: f32, bf16 and u8 can be kept for weights in f32", c.Moments, c.Store))
	}
	if len(errs) > 0 {
		return fmt.Errorf("training configuration: %w", errors.Join(errs...))
	}
	return nil
}

// Rate is the learning rate at a step, counted from 1.
func (c Config) Rate(step int) float64 {
	c = c.withDefaults()
	if step <= c.Warmup {
		return c.LR * float64(step) / float64(c.Warmup)
	}
	done := float64(step-c.Warmup-1) / float64(max(1, c.Steps-c.Warmup))
	switch c.Schedule {
	case "linear":
		return c.LR * (1 - done)
	case "cosine":
		return c.LR * (1 + math.Cos(math.Pi*done)) / 2
	default:
		return c.LR
	}
}

// Step is what one step of the optimiser did.
type Step struct {
	Step     int                `json:"step"` // counted from 1
	Steps    int                `json:"steps"`
	Loss     float64            `json:"loss"`
	Parts    map[string]float64 `json:"parts"` // the loss's parts, see loss.Terms
	Norm     float64            `json:"norm"`  // of the gradient, before clipping
	LR       float64            `json:"lr"`
	Tokens   int                `json:"tokens"`  // computed in the step
	Padded   int                `json:"padded"`  // what padded rows would have computed
	Seconds  float64            `json:"seconds"` // the step took
	Merit    float64            `json:"merit,omitempty"`
	HasMerit bool               `json:"has_merit,omitempty"` // Merit was measured after this step
}

// TokensPerSecond is the speed of the step.
func (s Step) TokensPerSecond() float64 { return float64(s.Tokens) / s.Seconds }

// DivergedError says that a step's loss or gradient is not a finite number. The
// weights are those before the step.
type DivergedError struct {
	Step     int
	Examples []int // IDs of the step's examples
	Loss     float64
	Norm     float64
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("training diverged at step %d: loss %g, gradient norm %g, examples %v; the weights are those of step %d",
		e.Step, e.Loss, e.Norm, e.Examples, e.Step-1)
}
