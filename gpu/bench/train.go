package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"divvy/gpu/batch"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/train"
	"divvy/gpu/xla"
)

// training is what steps of training are measured on.
type training struct {
	model    model.Config
	examples []batch.Example
	c        train.Config
	k        int // responses of an example
}

// fits compiles the step, for which no weights are needed yet, and says whether
// its memory is there; a device that does not count its memory has enough.
func (t training) fits(dev program.Device) error {
	if d, ok := dev.(program.Ranked); ok && d.Ranks() > 1 {
		return nil // the batch is divided, and looked at by training itself
	}
	b, err := batch.Pack(t.examples, t.k, batch.Options{RowTokens: t.c.RowTokens})
	if err != nil {
		return err
	}
	plan, err := train.PlanStep(dev, t.model, t.c, b)
	if err != nil {
		return err
	}
	if have, ok := free(dev); ok && plan.Sum() > have {
		plan.Available = have
		return fmt.Errorf("%w: %s", train.ErrMemory, plan)
	}
	return nil
}

// free is how much of the device's memory can be used.
func free(dev program.Device) (int64, bool) {
	d, ok := dev.(train.Limited)
	if !ok {
		return 0, false
	}
	n, err := d.Available()
	return n, err == nil
}

// smaller is t with half the examples, where there is more than one.
func (t training) smaller() (training, bool) {
	n := len(t.examples) / 2
	if n == 0 {
		return t, false
	}
	t.examples = t.examples[:n]
	t.c.Batch = n
	return t, true
}

// steps trains for some steps and reports the speed of the median one.
func (t training) steps(ctx context.Context, s settings, r *Result, dev program.Device) error {
	z, err := sizes(s.size)
	if err != nil {
		return err
	}
	w, err := weights(t.model, s.seed)
	if err != nil {
		return err
	}
	t.c.Steps, t.c.LR, t.c.Seed = z.Warmup+z.Steps, 1e-6, 1
	t.c.Progress = func(st train.Step) { r.say("step %d: %.3f s, loss %.4g", st.Step, st.Seconds, st.Loss) }
	tr, err := train.New(ctx, dev, t.model, w, t.examples, t.c)
	if err != nil {
		return err
	}
	plan, err := tr.Plan()
	if err != nil {
		return err
	}
	r.note("plan: %s", plan)
	if err := tr.Run(ctx); err != nil {
		return err
	}
	var speeds, seconds []float64
	var tokens, padded int
	for _, st := range tr.History()[z.Warmup:] {
		speeds, seconds = append(speeds, float64(st.Tokens)/st.Seconds), append(seconds, st.Seconds)
		tokens, padded = tokens+st.Tokens, padded+st.Padded
	}
	last := tr.History()[len(tr.History())-1]
	perStep := float64(tokens) / float64(z.Steps*plan.Tokens) / median(seconds) / 1e12
	r.set("loss", last.Loss)
	r.set("tokens_per_s", median(speeds))
	r.set("step_s", median(seconds))
	r.set("slowest_step_s", slices.Max(seconds))
	r.set("samples_per_s", float64(t.c.Batch)/median(seconds))
	r.set("padded_over_computed", float64(padded)/float64(tokens))
	r.set("plan_bytes", float64(plan.Sum()))
	r.set("tflops", plan.LeastFLOPs*perStep)
	r.set("tflops_with_recomputed", plan.FLOPs*perStep)
	if d, ok := dev.(*xla.Device); ok {
		if m, err := d.Memory(); err == nil && m.Peak > 0 {
			r.set("peak_bytes", float64(m.Peak))
			r.set("limit_bytes", float64(m.Limit))
		}
	}
	return nil
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}

// measure trains on as many of the examples as fit, if fewer may be taken.
func (t training) measure(ctx context.Context, s settings, r *Result, fewer bool) error {
	dev, err := s.open(ctx, r, nil)
	if err != nil {
		return err
	}
	for err = t.fits(dev); err != nil; err = t.fits(dev) {
		less, ok := t.smaller()
		if !fewer || !ok || !isMemory(err) {
			return err
		}
		r.note("%d examples are too many: %v", len(t.examples), err)
		t = less
	}
	return t.steps(ctx, s, r, dev)
}

// sft is rows of random tokens, each predicted: PyTorch computes the same ones.
func sft(ctx context.Context, s settings, r *Result) error {
	z, err := sizes(s.size)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(s.seed, 1))
	examples := make([]batch.Example, z.Rows)
	for i := range examples {
		ids := make([]int32, z.Length)
		for j := range ids {
			ids[j] = int32(rng.IntN(z.Model.Vocab))
		}
		examples[i] = batch.Example{ID: i, Prompt: []int32{2}, Responses: [][]int32{ids}, Rewards: []float64{0}}
	}
	return training{z.Model, examples, train.Config{
		Loss: loss.SFT{}, Compute: program.BF16, Batch: z.Rows, RowTokens: z.Length, Limits: batch.Limits{Prompt: 1, Total: z.Length + 1},
	}, 1}.measure(ctx, s, r, true)
}

// rank is PRO on n ranked responses behind shared prompts, packed.
func (s settings) rank(c model.Config, n int) (training, error) {
	z, err := sizes(s.size)
	if err != nil {
		return training{}, err
	}
	z.Model.Vocab = min(z.Model.Vocab, c.Vocab)
	examples, err := rankings(s.prompts, n, z)
	if err != nil {
		return training{}, err
	}
	row, err := shortest(examples, z)
	return training{c, examples, train.Config{
		Loss: loss.PRO{}, Compute: program.BF16, Batch: n, RowTokens: row, Limits: batch.Limits{Prompt: z.Prompt, Total: z.Total},
	}, z.K}, err
}

// shortest is the length of rows that leaves the fewest tokens unused; of equal
// ones the shortest, as attention takes the square of it.
func shortest(examples []batch.Example, z size) (int, error) {
	best, computed := 0, 0
	var last error
	for row := z.RowPRO / 2; row <= z.RowPRO; row += z.RowPRO / 8 {
		b, err := batch.Pack(examples, z.K, batch.Options{RowTokens: row})
		if err != nil {
			last = err
			continue
		}
		if best == 0 || b.Stats.Computed < computed {
			best, computed = row, b.Stats.Computed
		}
	}
	if best == 0 {
		return 0, last
	}
	return best, nil
}

// pro is ranked responses behind shared prompts, packed.
func pro(ctx context.Context, s settings, r *Result) error { return s.ranked(ctx, r, true) }

// proPlain is pro without cuDNN's attention, to say what that gives. It is the
// same batch or nothing.
func proPlain(ctx context.Context, s settings, r *Result) error {
	s.attention = plainly
	return s.ranked(ctx, r, false)
}

func (s settings) ranked(ctx context.Context, r *Result, fewer bool) error {
	z, err := sizes(s.size)
	if err != nil {
		return err
	}
	t, err := s.rank(z.Model, z.Prompts)
	if err != nil {
		return err
	}
	return t.measure(ctx, s, r, fewer)
}

// large is PRO on the model that must fit: with moments as exact as the device's
// memory allows.
func large(ctx context.Context, s settings, r *Result) error {
	if s.tune < 0 {
		s.tune = 0 // that it runs is asked for, and time is short
	}
	z, err := sizes(s.size)
	if err != nil {
		return err
	}
	t, err := s.rank(z.Large, z.Prompts)
	if err != nil {
		return err
	}
	t.c.Recompute = true
	dev, err := s.open(ctx, r, nil)
	if err != nil {
		return err
	}
	params, err := model.Params(t.model, model.Options{})
	if err != nil {
		return err
	}
	have, known := free(dev)
	for _, m := range []program.DType{program.F32, program.BF16, program.U8} {
		t.c.Moments = m
		if states := int64(model.Count(params)) * int64(4+2*m.Size()); known && states+states/10 > have && m != program.U8 {
			err = fmt.Errorf("weights and moments take %s of %s, which leaves too little for the rest", train.Bytes(states), train.Bytes(have))
		} else if err = t.fits(dev); err == nil {
			r.note("moments in %s", m)
			return t.steps(ctx, s, r, dev)
		} else if !isMemory(err) {
			return err
		}
		r.note("moments in %s do not fit: %v", m, err)
	}
	return err
}
