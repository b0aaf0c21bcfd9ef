package xla_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"divvy/gpu/batch/batchtest"
	"divvy/gpu/cpu"
	"divvy/gpu/generate"
	"divvy/gpu/hf"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/stablehlo"
	"divvy/gpu/train"
	"divvy/gpu/xla"
)

const vocab = 40

// run trains a small model for some steps and returns the steps and the weights.
func run(t *testing.T, dev program.Device, arch string, c train.Config) ([]train.Step, model.Weights) {
	t.Helper()
	width, layers := 32, 2
	if c.Moments != program.F32 {
		width, layers = 64, 1 // small matrices have no moments of 8 bits
	}
	m := model.NewTiny(arch, vocab, width, layers)
	m.Heads, m.KVHeads, m.MaxPositions, m.InitStd = 4, 4, 64, 0.1
	if arch != model.OPT {
		m.RotaryDims = 8
	}
	params, err := model.Params(m, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Steps, c.Batch, c.LR, c.RowTokens = 4, 6, 1e-2, 64
	tr, err := train.New(t.Context(), dev, m, model.Initial(params, 3), batchtest.Rankings(12, 3, vocab), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	w, err := tr.Weights()
	if err != nil {
		t.Fatal(err)
	}
	return tr.History(), w
}

// TestTraining: whole steps, with recomputation, accumulation and clipping, and the
// vocabulary in three blocks, give the processor's losses, norms and weights.
func TestTraining(t *testing.T) {
	host := cpu.New(2)
	for _, c := range []struct {
		name    string
		arch    string
		c       train.Config
		near    float64
		devices []int
		ranks   bool
	}{
		{"opt SFT in f64", model.OPT, train.Config{Loss: loss.SFT{}, Store: program.F64, Compute: program.F64}, 1e-9, []int{0}, false},
		{"llama PRO in f64, recomputed", model.LLaMA, train.Config{Loss: loss.PRO{}, Store: program.F64, Compute: program.F64, Recompute: true}, 1e-9, []int{0}, false},
		{"neox DPO in f32, accumulated", model.GPTNeoX, train.Config{Loss: loss.DPO{}, Micro: 2}, 1e-3, []int{0}, false},
		{"llama PRO in bf16", model.LLaMA, train.Config{Loss: loss.PRO{}, Compute: program.BF16, Recompute: true}, 5e-2, []int{0}, false},
		{"llama PRO, moments in bf16", model.LLaMA, train.Config{Loss: loss.PRO{}, Moments: program.BF16}, 1e-3, []int{0}, false},
		{"opt SFT, moments in 8 bits on two devices", model.OPT, train.Config{Loss: loss.SFT{}, Moments: program.U8, RowMultiple: 2}, 1e-3, []int{1, 2}, false},
		{"llama PRO in f64 on four devices", model.LLaMA, train.Config{Loss: loss.PRO{}, Store: program.F64, Compute: program.F64, RowMultiple: 4}, 1e-9, []int{0, 1, 2, 3}, false},
		{"llama PRO in f64 on three ranks", model.LLaMA, train.Config{Loss: loss.PRO{}, Store: program.F64, Compute: program.F64, Micro: 3, Recompute: true}, 1e-9, []int{0, 1, 2}, true},
		{"opt SFT in f64 on two ranks, accumulated", model.OPT, train.Config{Loss: loss.SFT{}, Store: program.F64, Compute: program.F64, Micro: 2}, 1e-9, []int{0, 2}, true},
		{"llama SFT in f64 with adapters, recomputed", model.LLaMA, train.Config{Loss: loss.SFT{}, Store: program.F64, Compute: program.F64, Recompute: true, LoRA: model.LoRA{Rank: 2}}, 1e-9, []int{0}, false},
		{"neox DPO in bf16 on two ranks", model.GPTNeoX, train.Config{Loss: loss.DPO{}, Compute: program.BF16}, 5e-2, []int{1, 2}, true},
		{"opt SFT in bf16 on two devices", model.OPT, train.Config{Loss: loss.SFT{}, Compute: program.BF16, RowMultiple: 2}, 5e-2, []int{1, 2}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			want, wantW := run(t, host, c.arch, c.c)
			got, gotW := run(t, device(t, xla.Options{Ranks: c.ranks, Emit: stablehlo.Options{VocabBlock: 16}}, c.devices...), c.arch, c.c)
			for i := range want {
				near(t, "loss", got[i].Loss, want[i].Loss, c.near)
				near(t, "norm", got[i].Norm, want[i].Norm, c.near)
			}
			if c.near > 1e-6 {
				return // AdamW's first steps turn noise in small gradients into whole steps
			}
			for name, w := range wantW {
				for i, x := range w.F32 {
					if d := math.Abs(float64(gotW[name].F32[i] - x)); d > 1e-6 {
						t.Fatalf("%s: element %d is off by %g", name, i, d)
					}
				}
			}
		})
	}
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*max(1, math.Abs(want))) {
		t.Errorf("%s is %.12g, want %.12g", what, got, want)
	}
}

// TestGeneration: the greedy tokens of transformers, with the cache in place on
// the device.
func TestGeneration(t *testing.T) {
	for _, name := range []string{"opt", "llama", "gpt_neox"} {
		dir := filepath.Join("..", "testdata", name)
		m, err := hf.Load(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "expect.json"))
		if err != nil {
			t.Fatal(err)
		}
		var e struct{ IDs, Greedy [][]int32 }
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatal(err)
		}
		m.Config.EOS = -1 // the fixture goes on over it
		g, err := generate.New(device(t, xla.Options{}), m.Config, m.Weights)
		if err != nil {
			t.Fatal(err)
		}
		got, err := g.Generate(context.Background(), e.IDs, generate.Options{MaxNew: len(e.Greedy[0])})
		if err != nil {
			t.Fatal(err)
		}
		for i := range e.Greedy {
			if !slices.Equal(got[i], e.Greedy[i]) {
				t.Errorf("%s: text %d is %v, want %v", name, i, got[i], e.Greedy[i])
			}
		}
	}
}
