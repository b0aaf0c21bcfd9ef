package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"divvy/gpu/batch"
	"divvy/gpu/model"
	"divvy/gpu/program"
)

// Trainer is a run of training: a model's state on a device, the examples, and
// how far it has come.
type Trainer struct {
	dev      program.Device
	model    model.Config
	c        Config
	params   []model.Param // to be trained
	all      []model.Param
	examples []batch.Example
	k        int // responses of the longest ranking

	state   map[string]program.Buffer
	shapes  map[string][]int // of the states as one device has them
	origin  string           // of the first weights; set where there are checkpoints
	step    int              // steps done
	best    float64
	hasBest bool
	bestW   model.Weights // without a folder to keep them in
	history []Step

	compiled map[string]program.Executable
}

// New prepares a run. weights are copied; LoRA's adapters, if asked for and
// missing, are drawn from the seed. If Config.Dir holds a checkpoint of the
// same run, the run goes on from there. A loss that needs a reference model's
// log-probabilities takes long to prepare, which ends with ctx.
func New(ctx context.Context, dev program.Device, m model.Config, weights model.Weights, examples []batch.Example, c Config) (*Trainer, error) {
	c = c.withDefaults()
	if err := c.check(m); err != nil {
		return nil, err
	}
	c, err := c.over(dev)
	if err != nil {
		return nil, err
	}
	if len(examples) == 0 {
		return nil, errors.New("training: there are no examples")
	}
	t := &Trainer{dev: dev, model: m, c: c, k: 1, compiled: map[string]program.Executable{}, best: math.Inf(-1)}
	for _, e := range examples {
		e = c.Limits.Cut(e)
		if c.Loss.Needs().BestOnly {
			e = batch.OnlyBest(e)
		}
		if err := e.Check(); err != nil {
			return nil, fmt.Errorf("training: %w", err)
		}
		t.k = max(t.k, len(e.Responses))
		t.examples = append(t.examples, e)
	}
	if t.all, err = model.Params(m, model.Options{LoRA: c.LoRA}); err != nil {
		return nil, err
	}
	for _, p := range t.all {
		if !p.Frozen {
			t.params = append(t.params, p)
		}
	}
	if err := t.upload(weights); err != nil {
		return nil, err
	}
	if c.Dir != "" {
		t.origin = weights.Hash()
	}
	if c.Loss.Needs().Reference {
		if err := t.reference(ctx); err != nil {
			return nil, fmt.Errorf("training: the reference model's log-probabilities: %w", err)
		}
	}
	return t, t.resume()
}

// upload puts weights and zero moments on the device.
func (t *Trainer) upload(w model.Weights) error {
	if t.c.LoRA.Rank > 0 {
		fresh := model.Initial(t.params, t.c.Seed)
		merged := model.Weights{}
		for _, p := range t.all {
			if merged[p.Name] = w[p.Name]; merged[p.Name] == nil && !p.Frozen {
				merged[p.Name] = fresh[p.Name]
			}
		}
		w = merged
	}
	if err := w.Check(t.all); err != nil {
		return fmt.Errorf("training: %w", err)
	}
	t.state = map[string]program.Buffer{}
	t.shapes = map[string][]int{}
	var errs []error
	put := func(name string, x *program.Tensor, whole []int) {
		t.shapes[name] = x.Shape
		b, err := t.c.put(t.dev, resized(x, whole))
		t.state[name], errs = b, append(errs, err)
	}
	zeros := func(name string, typ program.DType, shape, whole []int) {
		if t.c.ranks > 1 {
			put(name, program.NewTensor(typ, shape...), whole)
			return
		}
		t.shapes[name] = shape
		b, err := program.Zeros(t.dev, typ, shape...)
		t.state[name], errs = b, append(errs, err)
	}
	alone := t.c
	alone.ranks = 0
	for _, p := range t.all {
		x := w[p.Name]
		if x.Type != t.c.Store {
			x = x.As(t.c.Store)
		}
		put(p.Name, x, t.c.whole(t.c.part(p.Shape)))
	}
	for _, p := range t.params {
		parts := t.c.slots(p)
		for i, s := range alone.slots(p) {
			zeros(s.name, s.typ, s.shape, t.c.whole(parts[i].shape))
		}
		if t.c.Micro < t.c.Batch {
			zeros(gradientSum+p.Name, t.c.Store, p.Shape, t.c.whole(t.c.part(p.Shape)))
		}
	}
	return errors.Join(errs...)
}

// reference computes the log-probabilities of all responses before training.
func (t *Trainer) reference(ctx context.Context) error {
	s := &Scorer{dev: t.dev, model: t.model, c: t.c, state: t.state}
	sums, _, err := s.LogProbs(ctx, t.examples)
	if err != nil {
		return err
	}
	for i := range t.examples {
		t.examples[i].Reference = sums[i]
	}
	return nil
}

// indices are the places of the examples of a step, counted from 1. Each epoch
// has an order of its own, made of the seed and the epoch's number; a step may
// span two.
func (t *Trainer) indices(step int) []int {
	n := len(t.examples)
	var out []int
	var order []int
	epoch := -1
	for i := (step - 1) * t.c.Batch; i < step*t.c.Batch; i++ {
		if i/n != epoch {
			epoch = i / n
			order = rand.New(rand.NewPCG(t.c.Seed, uint64(epoch))).Perm(n)
		}
		out = append(out, order[i%n])
	}
	return out
}

// pack lays out the given examples.
func (t *Trainer) pack(indices []int) (*batch.Batch, error) {
	part := make([]batch.Example, len(indices))
	for i, j := range indices {
		part[i] = t.examples[j]
	}
	return batch.Pack(part, t.k, t.c.layout(t.model))
}

func (c Config) layout(m model.Config) batch.Options {
	return batch.Options{RowTokens: c.RowTokens, RowMultiple: c.RowMultiple, WholeResponses: m.Head == model.RewardModel}
}

// executable compiles a Program once for each shape.
func (t *Trainer) executable(name string, build func() (*program.Program, error)) (program.Executable, error) {
	if e := t.compiled[name]; e != nil {
		return e, nil
	}
	p, err := build()
	if err != nil {
		return nil, err
	}
	e, err := t.dev.Compile(p)
	if err != nil {
		return nil, err
	}
	const kept = 16 // shapes
	if len(t.compiled) >= kept {
		clear(t.compiled)
	}
	t.compiled[name] = e
	return e, nil
}

// Run trains to the last step. When ctx ends it stops after the step before,
// writes a checkpoint if there is a folder for it, and returns ctx's error. It
// may be called again to go on.
func (t *Trainer) Run(ctx context.Context) error {
	if err := t.refuse(); err != nil {
		return err
	}
	done := t.step // before this call
	for {
		// An evaluation that was interrupted is made up for when the run goes on.
		if err := t.evaluate(ctx); err != nil {
			return errors.Join(fmt.Errorf("evaluating after step %d: %w", t.step, err), t.save())
		}
		if t.step > done && t.c.Progress != nil {
			t.c.Progress(t.history[len(t.history)-1])
		}
		if t.step >= t.c.Steps {
			return t.save()
		}
		if t.step > done && t.c.SaveEvery > 0 && t.step%t.c.SaveEvery == 0 {
			if err := t.save(); err != nil {
				return err
			}
		}
		s, err := t.one(ctx, t.step+1)
		if err != nil {
			return errors.Join(err, t.save())
		}
		t.step++
		t.history = append(t.history, s)
	}
}

// one does a step.
func (t *Trainer) one(ctx context.Context, step int) (Step, error) {
	start := time.Now()
	s := Step{Step: step, Steps: t.c.Steps, LR: t.c.Rate(step), Parts: map[string]float64{}}
	indices := t.indices(step)
	out, err := t.gradients(ctx, indices, &s)
	if err != nil {
		return s, fmt.Errorf("step %d: %w", step, err)
	}
	s.Norm = out["norm"].At(0)
	s.Seconds = time.Since(start).Seconds()
	if bad(s.Loss) || bad(s.Norm) {
		d := &DivergedError{Step: step, Loss: s.Loss, Norm: s.Norm}
		for _, i := range indices {
			d.Examples = append(d.Examples, t.examples[i].ID)
		}
		return s, d
	}
	return s, nil
}

func bad(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

// gradients runs the Programs of a step: one, or one for each part and one for
// the update.
func (t *Trainer) gradients(ctx context.Context, indices []int, s *Step) (map[string]*program.Tensor, error) {
	accumulate := t.c.Micro < t.c.Batch
	optimiser := func(d map[string]*program.Tensor) {
		d["lr"], d["step"] = program.Scalar(t.c.Store, s.LR), program.Scalar(t.c.Store, float64(s.Step))
	}
	var out map[string]*program.Tensor
	for lo := 0; lo < len(indices); lo += t.c.Micro {
		b, err := t.pack(indices[lo:min(len(indices), lo+t.c.Micro)])
		if err != nil {
			return nil, err
		}
		sh := shapeOf(b)
		e, err := t.executable(fmt.Sprint("step", sh), func() (*program.Program, error) {
			return stepProgram(t.model, t.c, sh, accumulate)
		})
		if err != nil {
			return nil, err
		}
		d := data(b, t.model, t.c, len(indices))
		if !accumulate {
			optimiser(d)
		}
		if out, err = e.Run(ctx, program.Bindings{State: t.state, Data: d}); err != nil {
			return nil, t.undo(err, lo > 0)
		}
		s.Loss += out["loss"].At(0)
		for name, x := range out {
			if len(name) > 5 && name[:5] == "part." {
				s.Parts[name[5:]] += x.At(0)
			}
		}
		s.Tokens += b.Stats.Computed
		s.Padded += b.Stats.Padded
	}
	if !accumulate {
		return out, nil
	}
	e, err := t.executable("update", func() (*program.Program, error) { return updateProgram(t.c, t.params) })
	if err != nil {
		return nil, err
	}
	d := map[string]*program.Tensor{}
	optimiser(d)
	out, err = e.Run(ctx, program.Bindings{State: t.state, Data: d})
	return out, t.undo(err, true)
}

// undo clears the sums of gradients after a step that failed half-way.
func (t *Trainer) undo(err error, begun bool) error {
	if err == nil || !begun {
		return err
	}
	for _, p := range t.params {
		err = errors.Join(err, t.state[gradientSum+p.Name].Write(program.NewTensor(t.c.Store, t.c.whole(t.c.part(p.Shape))...)))
	}
	return err
}

// evaluate calls Config.Eval, if it is due, and keeps the best weights.
func (t *Trainer) evaluate(ctx context.Context) error {
	if t.c.Eval == nil || len(t.history) == 0 || t.step%t.c.EvalEvery != 0 && t.step != t.c.Steps {
		return nil
	}
	s := &t.history[len(t.history)-1]
	if s.HasMerit {
		return nil
	}
	w, err := t.Weights()
	if err != nil {
		return err
	}
	merit, err := t.c.Eval(ctx, t.step, w)
	if err != nil {
		return err
	}
	s.Merit, s.HasMerit = merit, true
	if merit > t.best || !t.hasBest {
		t.best, t.hasBest = merit, true
		return t.saveBest(w)
	}
	return nil
}

// Weights are the parameters as they stand, copied to the host.
func (t *Trainer) Weights() (model.Weights, error) {
	w := model.Weights{}
	for _, p := range t.all {
		x, err := t.state[p.Name].Download()
		if err != nil {
			return nil, fmt.Errorf("reading parameter %q: %w", p.Name, err)
		}
		w[p.Name] = resized(x, p.Shape).As(program.F32)
	}
	return w, nil
}

// Step is the number of steps done.
func (t *Trainer) Step() int { return t.step }

// History is what the steps of this run did, those before a resumed checkpoint
// included.
func (t *Trainer) History() []Step { return t.history }

// Best is the largest figure of merit so far; ok is false before the first.
func (t *Trainer) Best() (merit float64, ok bool) { return t.best, t.hasBest }
