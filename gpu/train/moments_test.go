package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"divvy/gpu/batch"
	"divvy/gpu/cpu"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
)

// wide is a model whose matrices are large enough for moments in 8 bits.
func wide(arch string) model.Config { return sized(model.NewTiny(arch, vocab, 64, 2)) }

// TestMoments: with moments in bfloat16 or 8 bits a run reaches nearly the loss
// that it reaches with moments, and all else, in float64; it is no other run in
// name only; and it takes the memory that the plan says.
func TestMoments(t *testing.T) {
	ex := examples(12, 3)
	for _, arch := range []string{model.OPT, model.LLaMA} {
		last := func(c Config) (float64, *Trainer) {
			c.Loss, c.Steps, c.Batch, c.LR, c.Seed = loss.PRO{}, 60, 6, 2e-3, 5
			tr := trainer(t, wide(arch), ex, c)
			mustRun(t, tr)
			h := tr.History()
			var mean float64
			for _, s := range h[len(h)-6:] {
				mean += s.Loss / 6
			}
			if mean > 0.5*h[0].Loss {
				t.Errorf("%s, moments in %s: the loss went from %g to %g", arch, c.Moments, h[0].Loss, mean)
			}
			return mean, tr
		}
		want, _ := last(Config{Store: program.F64, Compute: program.F64})
		_, exact := last(Config{})
		for _, moments := range []program.DType{program.BF16, program.U8} {
			got, tr := last(Config{Moments: moments})
			t.Logf("%s: loss %.4f with moments in %s, %.4f in f64", arch, got, moments, want)
			if math.Abs(got-want) > 0.03*want {
				t.Errorf("%s: the loss is %g with moments in %s, %g in f64", arch, got, moments, want)
			}
			if distance(t, exact, tr) == 0 {
				t.Errorf("%s: the weights are those of moments in f32", arch)
			}
			plan, err := tr.Plan()
			if err != nil {
				t.Fatal(err)
			}
			var held int64
			for name, b := range tr.state {
				if strings.HasPrefix(name, "adam.") {
					held += tr.dev.(*cpu.Device).Bytes(b.Type(), b.Shape())
				}
			}
			if plan.Moments != held || moments == program.U8 && plan.Moments > plan.Parameters {
				t.Errorf("%s: the plan has %d bytes of moments in %s, the device %d; parameters take %d", arch, plan.Moments, moments, held, plan.Parameters)
			}
		}
	}
}

// TestResumeMoments: a run with small moments that is stopped and taken up ends
// with the bits of one that is not, and is not taken up with other moments.
func TestResumeMoments(t *testing.T) {
	ex := examples(6, 3)
	for _, moments := range []program.DType{program.BF16, program.U8} {
		c := Config{Moments: moments, Steps: 6, Batch: 4, LR: 1e-2, Micro: 2}
		whole := trainer(t, wide(model.LLaMA), ex, c)
		mustRun(t, whole)
		c.Dir = t.TempDir()
		second := stoppedAndResumed(t, moments.String(), wide(model.LLaMA), ex, c, 3)
		for name, b := range whole.state {
			want, err := b.Download()
			if err != nil {
				t.Fatal(err)
			}
			got, err := second.state[name].Download()
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.F32, want.F32) || !slices.Equal(got.U8, want.U8) {
				t.Errorf("%s: %s differs", moments, name)
			}
		}
		c.Moments = program.F32
		if _, err := New(t.Context(), cpu.New(1), wide(model.LLaMA), weights(t, wide(model.LLaMA), model.Options{}), ex, c); err == nil || !strings.Contains(err.Error(), "another run") {
			t.Errorf("a checkpoint with moments in %s was taken up with f32: %v", moments, err)
		}
	}
}

// TestMomentsRefused: types that moments cannot have are errors.
func TestMomentsRefused(t *testing.T) {
	for _, c := range []Config{{Moments: program.I32}, {Moments: program.F64}, {Moments: program.U8, Store: program.F64, Compute: program.F64}} {
		if err := c.withDefaults().check(wide(model.OPT)); err == nil || !strings.Contains(err.Error(), "moments") {
			t.Errorf("moments in %s, weights in %s: %v", c.Moments, c.Store, err)
		}
	}
}

// TestLLaMA7BFits: full fine-tuning of LLaMA-7B by PRO with four responses, 8,192
// tokens at once, fits in 141 GB whatever the moments are kept in, and with
// moments of 8 bits in 80 GB. The temporaries are those of the processor's plan,
// where a bfloat16 takes four bytes; the plan of XLA's compiler for a described
// H200 is TestTarget's, in package cuda.
func TestLLaMA7BFits(t *testing.T) {
	m := model.Published()["llama-7b"]
	b := &batch.Batch{Rows: 4, RowTokens: 2048, G: 4, K: 4}
	for _, want := range []struct {
		moments program.DType
		state   float64 // GB: weights and moments
		card    float64 // GB
	}{{program.F32, 80.9, 141}, {program.BF16, 53.9, 141}, {program.U8, 41.4, 80}} {
		c := Config{Loss: loss.PRO{}, Batch: 4, Compute: program.BF16, Recompute: true, Moments: want.moments}
		p, err := PlanStep(cpu.New(0), m, c, b)
		if err != nil {
			t.Fatal(err)
		}
		// State as a device with bfloat16 of two bytes keeps it.
		var exact Plan
		params, err := model.Params(m, model.Options{})
		if err != nil {
			t.Fatal(err)
		}
		exact.state(c.withDefaults(), nil, params)
		p.Parameters, p.Moments = exact.Parameters, exact.Moments
		t.Logf("moments in %s: %s", want.moments, p)
		gb := func(n int64) float64 { return float64(n) / 1e9 }
		if got := gb(p.Parameters + p.Moments); math.Abs(got-want.state) > 0.1 {
			t.Errorf("moments in %s: weights and moments take %.1f GB, want %.1f", want.moments, got, want.state)
		}
		if got := gb(p.Sum()); got > 0.95*want.card {
			t.Errorf("moments in %s: a step takes %.1f GB, which does not fit a card of %g", want.moments, got, want.card)
		}
	}
}
