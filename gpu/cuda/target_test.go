//go:build cuda

package cuda

import (
	"context"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"divvy/gpu/batch"
	"divvy/gpu/devicetest"
	"divvy/gpu/generate"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/pjrt"
	"divvy/gpu/program"
	"divvy/gpu/stablehlo"
	"divvy/gpu/train"
)

// target is a compiler for an H200, or for as many of them as the options say.
func target(t *testing.T, o pjrt.CompileOptions) func(text []byte) (pjrt.Plan, error) {
	t.Helper()
	f := Find(context.Background(), Machine())
	if f.Plugin == "" {
		t.Fatal(f.Problems())
	}
	var preload []string
	for _, l := range f.Libraries {
		if l.Path != "" {
			preload = append(preload, l.Path)
		}
	}
	if err := f.showCompiler(); err != nil {
		t.Fatal(err)
	}
	p, err := pjrt.Load(f.Plugin, preload...)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("interface %d.%d", p.Major, p.Minor)
	described, err := os.ReadFile("testdata/h200.txtpb")
	if err != nil {
		t.Fatal(err)
	}
	return func(text []byte) (pjrt.Plan, error) {
		o.Overrides = maps.Clone(Options().Compile)
		o.Overrides["xla_gpu_autotune_level"] = 0
		return p.CompileFor(string(described), text, o)
	}
}

// TestTargetTable compiles every Program of the device table for an H200, cuDNN's
// attention where it can be, in the way of TestTarget.
func TestTargetTable(t *testing.T) {
	compile := target(t, pjrt.CompileOptions{})
	programs := devicetest.Programs(devicetest.Options{Types: []program.DType{program.F32, program.BF16}, Float64: true, Seed: 1})
	calls := 0
	for _, p := range programs {
		text, err := stablehlo.Emit(p, stablehlo.Options{Flash: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := compile(text); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		calls += strings.Count(string(text), "@__cudnn$fmha")
	}
	t.Logf("%d Programs, %d calls of cuDNN's attention", len(programs), calls)
	if calls == 0 {
		t.Error("no Program has cuDNN's attention")
	}
}

// TestTargetRanks compiles a Program over eight ranks, one a card, joined by NCCL.
func TestTargetRanks(t *testing.T) {
	const n = 8
	p, err := program.Build("ranks", func(b *program.Builder) {
		b.OverRanks(n)
		w, x := b.SplitInput(program.State, "w", program.F32, 1<<16), b.SplitInput(program.Data, "x", program.BF16, 512, 64)
		all := b.Reshape(b.AllGather(b.Convert(w, program.BF16)), 64, n<<16/64)
		y := b.AllReduce(b.Sum(b.Convert(b.GELU(b.MatMul(x, all, false, false)), program.F32)))
		b.Output("y", y)
		b.Assign(w, b.Gradient(y, w)[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := stablehlo.Emit(p, stablehlo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := target(t, pjrt.CompileOptions{Replicas: n})(text)
	if err != nil {
		t.Fatal(err)
	}
	if part := int64(4 << 16); plan.Aliased != part {
		t.Errorf("%d bytes are updated in place on each card, want its part of %d", plan.Aliased, part)
	}
}

// TestTargetTogether compiles a training step that XLA divides over four cards,
// each of which calls cuDNN for its own rows.
func TestTargetTogether(t *testing.T) {
	const n = 4
	c := model.NewTiny(model.LLaMA, 512, 256, 2)
	c.Heads, c.KVHeads, c.RotaryDims = 4, 4, 64
	step, err := train.StepProgram(c, train.Config{Loss: loss.PRO{}, Batch: 8, Compute: program.BF16, Recompute: true, Moments: program.U8}, &batch.Batch{Rows: 8, RowTokens: 128, G: 8, K: 4})
	if err != nil {
		t.Fatal(err)
	}
	text, err := stablehlo.Emit(step, stablehlo.Options{Flash: true, Partitions: n})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "sdy.manual_computation") {
		t.Fatal("cuDNN is not called")
	}
	plan, err := target(t, pjrt.CompileOptions{Partitions: n})(text)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("each of %d: %+v", n, plan)
}

// TestTargetSample compiles the choice of 28 tokens of OPT's vocabulary.
func TestTargetSample(t *testing.T) {
	p, err := program.Build("sample", func(b *program.Builder) {
		in := func(name string, typ program.DType, shape ...int) *program.Value {
			return b.Input(program.Data, name, typ, shape...)
		}
		logits := b.Convert(b.Linear(in("h", program.BF16, 28, 2048), in("w", program.BF16, 50272, 2048), nil), program.F32)
		b.Output("likeliest", b.ArgMax(logits))
		b.Output("drawn", b.Sample(logits, in("chance", program.F32, 28), program.SampleOptions{Temperature: 0.8, TopK: 50, TopP: 0.95}))
		b.Output("of all", b.Sample(logits, in("other", program.F32, 28), program.SampleOptions{Temperature: 1, TopP: 0.9}))
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := stablehlo.Emit(p, stablehlo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := target(t, pjrt.CompileOptions{})(text)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", plan)
}

// TestTargetGeneration compiles eight steps of OPT-1.3B's generation, 28 texts with
// 512 places each, and the run over their prompts.
func TestTargetGeneration(t *testing.T) {
	compile := target(t, pjrt.CompileOptions{})
	for tokens, steps := range map[int]int{1: 8, 384: 1} {
		p, err := generate.StepProgram(model.Published()["opt-1.3b"], program.BF16, 28, tokens, steps, 512)
		if err != nil {
			t.Fatal(err)
		}
		text, err := stablehlo.Emit(p, stablehlo.Options{Flash: true})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := compile(text)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d tokens a text: %+v", tokens, plan)
		if cache := int64(2 * 24 * 28 * 512 * 2048 * 2); plan.Aliased < cache {
			t.Errorf("%d bytes are updated in place, the cache has %d", plan.Aliased, cache)
		}
	}
}

// TestTarget compiles full-size training steps for an H200 with XLA's plug-in
// for CUDA, on a machine that has its wheels but needs no GPU, and says how long
// that takes and what memory a step needs by the compiler's plan. Products are
// left untuned, as tuning runs them.
//
//	DIVVY_CUDA_PLUGIN=ENV/lib/python3.*/site-packages go test -tags cuda -run Target -v ./gpu/cuda
func TestTarget(t *testing.T) {
	compile := target(t, pjrt.CompileOptions{})
	for _, c := range []struct {
		model        string
		loss         loss.Loss
		rows, tokens int
		k            int
		recompute    bool
		moments      program.DType
		flash        bool
		card         float64 // GB in which it must fit
	}{
		{"opt-1.3b", loss.SFT{}, 32, 512, 1, false, program.F32, true, 80},
		{"opt-1.3b", loss.SFT{}, 32, 512, 1, false, program.F32, false, 80},
		{"opt-1.3b", loss.PRO{}, 6, 1280, 4, false, program.F32, true, 80},
		{"opt-1.3b", loss.PRO{}, 6, 1280, 4, false, program.F32, false, 80},
		{"llama-7b", loss.PRO{}, 6, 1280, 4, true, program.F32, true, 141},
		{"llama-7b", loss.PRO{}, 6, 1280, 4, true, program.BF16, true, 80},
		{"llama-7b", loss.PRO{}, 6, 1280, 4, true, program.U8, true, 80},
	} {
		t.Run(c.model+" "+c.loss.Name()+" "+c.moments.String()+map[bool]string{true: " by cuDNN"}[c.flash], func(t *testing.T) {
			var reach []int32
			for i := 0; c.k == 1 && i < c.rows*c.tokens; i++ { // a text a row
				reach = append(reach, int32(c.tokens-1))
			}
			step, err := train.StepProgram(model.Published()[c.model], train.Config{Loss: c.loss, Batch: c.rows, Compute: program.BF16, Recompute: c.recompute, Moments: c.moments},
				&batch.Batch{Rows: c.rows, RowTokens: c.tokens, G: c.rows, K: c.k, Reach: reach})
			if err != nil {
				t.Fatal(err)
			}
			text, err := stablehlo.Emit(step, stablehlo.Options{Flash: c.flash})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			plan, err := compile(text)
			if err != nil {
				t.Fatal(err)
			}
			gb := func(n int64) float64 { return float64(n) / 1e9 }
			t.Logf("%d tokens, recomputed %v: compiled in %.0f s; states and data %.2f GB, of which %.2f in place, temporaries %.2f GB, peak %.2f GB",
				c.rows*c.tokens, c.recompute, time.Since(start).Seconds(), gb(plan.Arguments), gb(plan.Aliased), gb(plan.Temporary), gb(plan.Peak))
			if gb(plan.Peak) > c.card*95/100 {
				t.Errorf("it does not fit in 95 %% of a card's %.0f GB", c.card)
			}
		})
	}
}
