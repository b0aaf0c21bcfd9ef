package train

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"divvy/gpu/batch"
	"divvy/gpu/cpu"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
)

// texts are random rows of n tokens, all but the first to be predicted.
func texts(rows, n, vocab int) []batch.Example {
	r := rand.New(rand.NewPCG(1, 1))
	out := make([]batch.Example, rows)
	for i := range out {
		e := batch.Example{ID: i, Prompt: []int32{0}, Responses: [][]int32{make([]int32, n)}, Rewards: []float64{0}}
		for j := range e.Responses[0] {
			e.Responses[0][j] = int32(r.IntN(vocab))
		}
		out[i] = e
	}
	return out
}

// BenchmarkStep is a whole training step: forward, backward, clipping, AdamW.
// "of-peak" is its speed over that of the device's own large matrix product,
// measured right before and after it ("best-of-peak": the best step over the
// best product); only matrix products are counted as work. gpu/bench/compare.py
// runs it in turn with PyTorch.
func BenchmarkStep(b *testing.B) {
	small := model.NewTiny(model.OPT, 512, 128, 4)
	llama := model.NewTiny(model.LLaMA, 512, 128, 4)
	ten := model.NewTiny(model.OPT, 4096, 320, 7)
	ten.Heads, ten.KVHeads, ten.MaxPositions = 5, 5, 512
	small.MaxPositions = 128
	tenLLaMA := model.NewTiny(model.LLaMA, 4096, 320, 7)
	tenLLaMA.Heads, tenLLaMA.KVHeads, tenLLaMA.RotaryDims = 5, 5, 64
	tenNeoX := model.NewTiny(model.GPTNeoX, 4096, 320, 7)
	tenNeoX.Heads, tenNeoX.KVHeads, tenNeoX.RotaryDims = 5, 5, 16
	dev := cpu.New(0)
	for _, c := range []struct {
		name       string
		m          model.Config
		rows, text int
	}{
		{"opt-0.9M", small, 8, 128}, {"llama-0.9M", llama, 8, 128},
		{"opt-10M", ten, 8, 256}, {"llama-10M", tenLLaMA, 8, 256}, {"neox-10M", tenNeoX, 8, 256},
	} {
		b.Run(c.name, func(b *testing.B) {
			params, err := model.Params(c.m, model.Options{})
			if err != nil {
				b.Fatal(err)
			}
			cfg := Config{Loss: loss.SFT{}, Steps: 1 << 30, Batch: c.rows, LR: 1e-4}
			tr, err := New(b.Context(), dev, c.m, model.Initial(params, 1), texts(c.rows, c.text, c.m.Vocab), cfg)
			if err != nil {
				b.Fatal(err)
			}
			plan, err := tr.Plan()
			if err != nil {
				b.Fatal(err)
			}
			peak := peakOf(b, dev)
			step, best := 0, math.Inf(1)
			for b.Loop() {
				step++
				s, err := tr.one(context.Background(), step)
				if err != nil {
					b.Fatal(err)
				}
				best = min(best, s.Seconds)
			}
			seconds := b.Elapsed().Seconds() / float64(b.N)
			peak = max(peak, peakOf(b, dev))
			b.ReportMetric(float64(plan.Tokens)/seconds, "tokens/s")
			b.ReportMetric(float64(plan.Tokens)/best, "best-tokens/s") // what bench/torch_step.py prints
			b.ReportMetric(plan.FLOPs/seconds/1e9, "GFLOP/s")
			b.ReportMetric(plan.FLOPs/seconds/1e9/peak, "of-peak")
			b.ReportMetric(plan.FLOPs/best/1e9/peak, "best-of-peak")
			b.ReportMetric(float64(plan.Total)/1e6, "M-params")
		})
	}
}

// peakOf is the speed of a product of large square matrices, in GFLOP/s.
func peakOf(b *testing.B, dev program.Device) float64 {
	const n = 1024
	p, err := program.Build("peak", func(pb *program.Builder) {
		x := pb.Input(program.State, "x", program.F32, n, n)
		pb.Output("y", pb.Slice(pb.MatMul(x, x, false, false), 0, 0, 1))
	})
	if err != nil {
		b.Fatal(err)
	}
	e, err := dev.Compile(p)
	if err != nil {
		b.Fatal(err)
	}
	x, err := dev.Upload(program.NewTensor(program.F32, n, n))
	if err != nil {
		b.Fatal(err)
	}
	best := 0.0
	for range 12 {
		start := time.Now()
		if _, err := e.Run(context.Background(), program.Bindings{State: map[string]program.Buffer{"x": x}}); err != nil {
			b.Fatal(err)
		}
		best = max(best, 2*n*n*n/time.Since(start).Seconds()/1e9)
	}
	return best
}
