package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"divvy/gpu/cuda"
	"divvy/gpu/device"
	"divvy/gpu/devicetest"
	"divvy/gpu/generate"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/xla"
)

// part is one thing to measure.
type part struct {
	name  string
	torch bool          // in Python
	most  time.Duration // that it may take
	run   func(ctx context.Context, s settings, r *Result) error
}

// parts are in the order of what is wanted most: what the targets name comes
// first, so that a time that is too short cuts off the end.
func parts() []part {
	return []part{
		{"attention", false, 100 * time.Second, attention},
		{"product", false, time.Minute, product},
		{"sft", false, 150 * time.Second, sft},
		{"torch-sft", true, 4 * time.Minute, nil},
		{"pro", false, 150 * time.Second, pro},
		{"torch-pro", true, 2 * time.Minute, nil},
		{"generate", false, 100 * time.Second, greedy},
		{"torch-generate", true, 100 * time.Second, nil},
		{"table", false, 2 * time.Minute, table},
		{"large", false, 4 * time.Minute, large},
		{"pro-plain", false, 2 * time.Minute, proPlain},
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
		if len(spec.Devices) > 1 {
			o = cuda.Among()
		}
		var mu sync.Mutex
		o.Compiled = func(p *program.Program, text int, took time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if r.Part != "table" && p.Name != "zeros" {
				r.note("compiled %q, %.2f MB of text, in %.1f s", p.Name, float64(text)/1e6, took.Seconds())
			}
			r.set("compile_s", r.Values["compile_s"]+took.Seconds())
		}
		if s.tune >= 0 {
			o.Compile["xla_gpu_autotune_level"] = s.tune
		}
		if change != nil {
			change(&o)
		}
		if dev, err = s.cuda(ctx, o, r, spec.Devices); err != nil {
			return nil, err
		}
	}
	r.Device = dev.Name()
	return dev, nil
}

// cuda opens NVIDIA devices, with cuDNN's attention as the settings say.
func (s settings) cuda(ctx context.Context, o xla.Options, r *Result, devices []int) (program.Device, error) {
	if s.attention == byCuDNN || s.attention == byCuDNNCausal { // an earlier part has tried it
		c, err := cuda.Client(ctx, cuda.Machine())
		if err != nil {
			return nil, err
		}
		o.Emit.Flash, o.Emit.OnlyCausal = true, s.attention == byCuDNNCausal
		return xla.New(c, o, devices...)
	}
	o.Emit.Flash = s.attention == tryCuDNN
	dev, how, err := cuda.OpenTold(ctx, o, devices...)
	if err != nil {
		return nil, err
	}
	if o.Emit.Flash {
		r.Attention = plainly
		if used, onlyCausal := dev.Flash(); used && onlyCausal {
			r.Attention = byCuDNNCausal
		} else if used {
			r.Attention = byCuDNN
		}
		r.note("attention %s", how)
	}
	return dev, nil
}

// attention starts the device and tries cuDNN's attention, for all other parts:
// what goes wrong in it goes wrong in a process of its own. It says what was found
// on the machine.
func attention(ctx context.Context, s settings, r *Result) error {
	if spec, err := device.Parse(s.device); err == nil && spec.Kind == "cuda" {
		for line := range strings.Lines(cuda.Find(ctx, cuda.Machine()).String()) {
			r.note("%s", strings.TrimSpace(line))
		}
	}
	start := time.Now()
	dev, err := s.open(ctx, r, nil)
	if err != nil {
		return err
	}
	r.set("start_s", time.Since(start).Seconds())
	if have, ok := free(dev); ok {
		r.set("free_bytes", float64(have))
	}
	return nil
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
	if s.attention != plainly {
		s.attention = tryCuDNN // with heads that share keys, too, which the models do without
	}
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
