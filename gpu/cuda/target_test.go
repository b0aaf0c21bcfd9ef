//go:build cuda

package cuda

import (
	"context"
	"os"
	"testing"
	"time"

	"divvy/gpu/batch"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/pjrt"
	"divvy/gpu/program"
	"divvy/gpu/stablehlo"
	"divvy/gpu/train"
)

// TestTarget compiles full-size training steps for an H200 with XLA's plug-in
// for CUDA, on a machine that has its wheels but needs no GPU, and says how long
// that takes and what memory a step needs by the compiler's plan. Products are
// left untuned, as tuning runs them.
//
//	DIVVY_CUDA_PLUGIN=ENV/lib/python3.*/site-packages go test -tags cuda -run Target -v ./gpu/cuda
func TestTarget(t *testing.T) {
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
	p, err := pjrt.Load(f.Plugin, preload...)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("interface %d.%d", p.Major, p.Minor)
	target, err := os.ReadFile("testdata/h200.txtpb")
	if err != nil {
		t.Fatal(err)
	}
	const card = 141e9
	for _, c := range []struct {
		model        string
		loss         loss.Loss
		rows, tokens int
		k            int
		recompute    bool
		moments      program.DType
	}{
		{"opt-1.3b", loss.SFT{}, 32, 512, 1, false, program.F32},
		{"opt-1.3b", loss.PRO{}, 8, 2048, 4, false, program.F32},
		{"llama-7b", loss.PRO{}, 4, 2048, 4, true, program.F32},
		{"llama-7b", loss.PRO{}, 4, 2048, 4, true, program.BF16},
		{"llama-7b", loss.PRO{}, 4, 2048, 4, true, program.U8},
	} {
		t.Run(c.model+" "+c.loss.Name()+" "+c.moments.String(), func(t *testing.T) {
			step, err := train.StepProgram(model.Published()[c.model], train.Config{Loss: c.loss, Batch: c.rows, Compute: program.BF16, Recompute: c.recompute, Moments: c.moments},
				&batch.Batch{Rows: c.rows, RowTokens: c.tokens, G: c.rows, K: c.k})
			if err != nil {
				t.Fatal(err)
			}
			text, err := stablehlo.Emit(step, stablehlo.Options{})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			plan, err := p.CompileFor(string(target), text, pjrt.CompileOptions{Overrides: map[string]any{
				"xla_gpu_autotune_level": 0, "xla_gpu_enable_triton_gemm": false, "xla_gpu_cuda_data_dir": f.DataDir,
			}})
			if err != nil {
				t.Fatal(err)
			}
			gb := func(n int64) float64 { return float64(n) / 1e9 }
			t.Logf("%d tokens, recomputed %v: compiled in %.0f s; states and data %.2f GB, of which %.2f in place, temporaries %.2f GB, peak %.2f GB",
				c.rows*c.tokens, c.recompute, time.Since(start).Seconds(), gb(plan.Arguments), gb(plan.Aliased), gb(plan.Temporary), gb(plan.Peak))
			if plan.Peak > card*95/100 {
				t.Errorf("it does not fit in 95 %% of a card's %.0f GB", card/1e9)
			}
		})
	}
}
