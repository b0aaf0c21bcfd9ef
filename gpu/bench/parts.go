package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"

	"divvy/gpu/batch"
	"divvy/gpu/cuda"
	"divvy/gpu/device"
	"divvy/gpu/devicetest"
	"divvy/gpu/generate"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/train"
	"divvy/gpu/xla"
)

// part is one thing to measure.
type part struct {
	name  string
	torch bool          // in Python
	most  time.Duration // that it may take
	run   func(ctx context.Context, s settings, r *Result) error
}

func parts() []part {
	return []part{
		{"product", false, 2 * time.Minute, product},
		{"sft", false, 3 * time.Minute, sft},
		{"torch-sft", true, 2 * time.Minute, nil},
		{"pro", false, 3 * time.Minute, pro},
		{"pro-plain", false, 3 * time.Minute, proPlain},
		{"torch-pro", true, 2 * time.Minute, nil},
		{"generate", false, 2 * time.Minute, greedy},
		{"torch-generate", true, 2 * time.Minute, nil},
		{"table", false, 4 * time.Minute, table},
		{"large", false, 6 * time.Minute, large},
	}
}

func names() []string {
	var all []string
	for _, p := range parts() {
		all = append(all, p.name)
	}
	return all
}

func find(name string) (part, error) {
	all := parts()
	i := slices.IndexFunc(all, func(p part) bool { return p.name == name })
	if i < 0 {
		return part{}, fmt.Errorf("there is no part %q: they are %v", name, names())
	}
	return all[i], nil
}

// open starts the device and notes every compilation.
func (s settings) open(ctx context.Context, r *Result, change func(*xla.Options)) (program.Device, error) {
	spec, err := device.Parse(s.device)
	if err != nil {
		return nil, err
	}
	var dev program.Device
	if several := len(spec.Devices) > 1 && !spec.Together; several || spec.Kind == "cpu" {
		if dev, err = device.Open(ctx, s.device); err != nil {
			return nil, err
		}
	} else {
		o := cuda.Options()
		var mu sync.Mutex
		o.Compiled = func(p *program.Program, text int, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if r.Part != "table" {
				r.note("compiled %q, %.2f MB of text, in %.1f s", p.Name, float64(text)/1e6, took.Seconds())
			}
			r.set("compile_s", r.Values["compile_s"]+took.Seconds())
		}
		o.Emit.Flash = s.flash
		if change != nil {
			change(&o)
		}
		var attention string
		if dev, attention, err = cuda.OpenTold(ctx, o, spec.Devices...); err != nil {
			return nil, err
		}
		r.note("attention %s", attention)
	}
	r.Device = dev.Name()
	return dev, nil
}

// product is the ceiling: a chain of large products of bf16 matrices of random
// numbers. The state that it counts up shows that state is kept in place.
func product(ctx context.Context, s settings, r *Result) error {
	z, err := sizes(s.size)
	if err != nil {
		return err
	}
	dev, err := s.open(ctx, r, nil)
	if err != nil {
		return err
	}
	const chain = 16
	n := z.Product
	p, err := program.Build("product", func(b *program.Builder) {
		w := b.Input(program.State, "w", program.BF16, n, n)
		runs := b.Input(program.State, "runs", program.F32)
		b.Assign(runs, b.Shift(runs, 1))
		x := w
		for range chain {
			x = b.MatMul(x, w, false, false)
		}
		b.Output("y", b.Slice(x, 0, 0, 1))
	})
	if err != nil {
		return err
	}
	e, err := dev.Compile(p)
	if err != nil {
		return err
	}
	w := program.NewTensor(program.BF16, n, n)
	fill(w, s.seed, 0, math.Sqrt(3/float64(n))) // variance 1/n: products keep their size
	state := map[string]program.Buffer{}
	for name, x := range map[string]*program.Tensor{"w": w, "runs": program.Scalar(program.F32, 0)} {
		if state[name], err = dev.Upload(x); err != nil {
			return err
		}
	}
	best := math.Inf(1)
	const runs = 8
	for range runs {
		start := time.Now()
		if _, err := e.Run(ctx, program.Bindings{State: state}); err != nil {
			return err
		}
		best = min(best, time.Since(start).Seconds())
	}
	count, err := state["runs"].Download()
	if err != nil {
		return err
	}
	if count.At(0) != runs {
		return fmt.Errorf("state that is counted up in place is %g after %d runs", count.At(0), runs)
	}
	r.set("tflops", chain*2*math.Pow(float64(n), 3)/best/1e12)
	return nil
}

// fill draws evenly from mean-width to mean+width, on all cores.
func fill(t *program.Tensor, seed uint64, mean, width float64) {
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	n := len(t.F32)
	for i := range workers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			part := t.F32[n*i/workers : n*(i+1)/workers]
			for j := range part {
				part[j] = float32(mean + width*(2*r.Float64()-1))
			}
			if t.Type == program.BF16 {
				for j := range part {
					part[j] = program.RoundBF16(part[j])
				}
			}
		})
	}
	wg.Wait()
}

// weights are random ones of the usual size.
func weights(c model.Config, seed uint64) (model.Weights, error) {
	params, err := model.Params(c, model.Options{})
	if err != nil {
		return nil, err
	}
	w := model.Weights{}
	for i, p := range params {
		w[p.Name] = program.NewTensor(program.F32, p.Shape...)
		fill(w[p.Name], seed+uint64(i), p.Init.Mean, p.Init.Std*math.Sqrt(3))
	}
	return w, nil
}

// steps trains for some steps and reports the speed of the median one.
func steps(ctx context.Context, s settings, r *Result, c model.Config, examples []batch.Example, t train.Config) error {
	z, err := sizes(s.size)
	if err != nil {
		return err
	}
	dev, err := s.open(ctx, r, nil)
	if err != nil {
		return err
	}
	w, err := weights(c, s.seed)
	if err != nil {
		return err
	}
	t.Compute, t.Steps, t.LR, t.Seed = program.BF16, z.Warmup+z.Steps, 1e-6, 1
	tr, err := train.New(dev, c, w, examples, t)
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
	r.set("loss", last.Loss)
	r.set("tokens_per_s", median(speeds))
	r.set("step_s", median(seconds))
	r.set("samples_per_s", float64(t.Batch)/median(seconds))
	r.set("padded_over_computed", float64(padded)/float64(tokens))
	r.set("plan_bytes", float64(plan.Sum()))
	r.set("tflops", plan.FLOPs*float64(tokens)/float64(z.Steps*plan.Tokens)/median(seconds)/1e12)
	if d, ok := dev.(*xla.Device); ok {
		if m, err := d.Memory(); err == nil {
			r.set("peak_bytes", float64(m.Peak))
		}
	}
	return nil
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
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
	return steps(ctx, s, r, z.Model, examples, train.Config{
		Loss: loss.SFT{}, Batch: z.Rows, RowTokens: z.Length, Limits: batch.Limits{Prompt: 1, Total: z.Length + 1},
	})
}

// pro is ranked responses behind shared prompts, packed.
func pro(ctx context.Context, s settings, r *Result) error {
	return ranked(ctx, s, r, func(z size) model.Config { return z.Model }, false)
}

// proPlain is pro without cuDNN's attention, to say what that gives.
func proPlain(ctx context.Context, s settings, r *Result) error {
	s.flash = false
	return pro(ctx, s, r)
}

// large is PRO on the model that must fit.
func large(ctx context.Context, s settings, r *Result) error {
	return ranked(ctx, s, r, func(z size) model.Config { return z.Large }, true)
}

func ranked(ctx context.Context, s settings, r *Result, which func(size) model.Config, recompute bool) error {
	z, err := sizes(s.size)
	if err != nil {
		return err
	}
	c := which(z)
	z.Model.Vocab = min(z.Model.Vocab, c.Vocab)
	n := z.Prompts
	if recompute {
		n = max(2, n/4)
	}
	examples, err := rankings(s.prompts, n, z)
	if err != nil {
		return err
	}
	return steps(ctx, s, r, c, examples, train.Config{
		Loss: loss.PRO{}, Batch: n, RowTokens: z.RowPRO, RowMultiple: 2, Recompute: recompute, Limits: batch.Limits{Prompt: z.Prompt, Total: z.Total},
	})
}

// greedy writes a batch of texts of equal length.
func greedy(ctx context.Context, s settings, r *Result) error {
	z, err := sizes(s.size)
	if err != nil {
		return err
	}
	examples, err := rankings(s.prompts, z.Generate, z)
	if err != nil {
		return err
	}
	var prompts [][]int32
	for _, e := range examples {
		prompts = append(prompts, e.Prompt)
	}
	dev, err := s.open(ctx, r, nil)
	if err != nil {
		return err
	}
	c := z.Model
	c.EOS = -1 // all texts have all their tokens
	w, err := weights(c, s.seed)
	if err != nil {
		return err
	}
	g, err := generate.NewIn(dev, c, w, program.BF16)
	if err != nil {
		return err
	}
	var seconds []float64
	for range 4 { // the first compiles
		start := time.Now()
		out, err := g.Generate(ctx, prompts, generate.Options{MaxNew: z.New, Batch: z.Generate})
		if err != nil {
			return err
		}
		for i, ids := range out {
			if len(ids) != z.New {
				return fmt.Errorf("text %d has %d tokens, want %d", i, len(ids), z.New)
			}
		}
		seconds = append(seconds, time.Since(start).Seconds())
	}
	t := median(seconds[1:])
	r.set("tokens_per_s", float64(z.Generate*z.New)/t)
	r.set("step_ms", t/float64(z.New)*1e3)
	return nil
}

// table runs the device's test table on random numbers that are new in each
// run. What is compiled is small: tuning it would take longer than all the rest.
func table(ctx context.Context, s settings, r *Result) error {
	dev, err := s.open(ctx, r, func(o *xla.Options) { o.Compile["xla_gpu_autotune_level"] = 0 })
	if err != nil {
		return err
	}
	keep := func(devicetest.Case) bool { return true }
	if s.size == "tiny" {
		keep = func(c devicetest.Case) bool { return c.Kind == program.MatMul || c.Kind == program.AdamW }
	}
	o := devicetest.Options{Types: []program.DType{program.F32, program.BF16}, Float64: true, Seed: s.seed, Parallel: runtime.GOMAXPROCS(0)}
	checked, failed := devicetest.RunCases(dev, o, keep)
	r.set("checked", float64(checked))
	r.set("failed", float64(len(failed)))
	for _, f := range failed {
		r.note("failed with seed %d: %s", s.seed, f)
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d comparisons failed", len(failed), checked)
	}
	return nil
}
