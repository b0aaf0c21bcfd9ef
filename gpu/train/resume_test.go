package train

import (
	"context"
	"errors"
	"fmt"
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

// TestResume: a run that is stopped, and taken up by another trainer, ends
// with the same bits as one that is not.
func TestResume(t *testing.T) {
	ex := examples(7, 3)
	for _, micro := range []int{4, 3} {
		c := Config{Steps: 9, Batch: 4, Micro: micro, LR: 3e-3, Seed: 5, Schedule: "cosine", Warmup: 2}
		whole := trainer(t, tiny(model.GPTNeoX), ex, c)
		mustRun(t, whole)

		c.Dir, c.SaveEvery = t.TempDir(), 2
		second := stoppedAndResumed(t, fmt.Sprint("micro ", micro), tiny(model.GPTNeoX), ex, c, 5)
		if d := distance(t, whole, second); d != 0 {
			t.Errorf("micro %d: weights are %g apart", micro, d)
		}
		if len(second.History()) != 9 || second.History()[8].Loss != whole.History()[8].Loss {
			t.Errorf("micro %d: history of %d steps", micro, len(second.History()))
		}
		other := weights(t, tiny(model.GPTNeoX), model.Options{})
		for _, w := range other {
			w.F32[0]++
			break
		}
		if _, err := New(t.Context(), cpu.New(1), tiny(model.GPTNeoX), other, ex, c); err == nil || !strings.Contains(err.Error(), "another run") {
			t.Errorf("a checkpoint was taken up by a run from other weights: %v", err)
		}
		c.LR = 1
		if _, err := New(t.Context(), cpu.New(1), tiny(model.GPTNeoX), weights(t, tiny(model.GPTNeoX), model.Options{}), ex, c); err == nil || !strings.Contains(err.Error(), "another run") {
			t.Errorf("another run's checkpoint was taken up: %v", err)
		}
	}
}

// stoppedAndResumed is a run that was stopped after a step, taken up from c.Dir and
// run to its end.
func stoppedAndResumed(t *testing.T, name string, m model.Config, ex []batch.Example, c Config, after int) *Trainer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	stopped := c
	stopped.Progress = func(s Step) {
		if s.Step == after {
			cancel()
		}
	}
	if err := trainer(t, m, ex, stopped).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("%s: the stopped run gave %v", name, err)
	}
	second := trainer(t, m, ex, c)
	if second.Step() != after {
		t.Fatalf("%s: resumed at step %d, want %d", name, second.Step(), after)
	}
	mustRun(t, second)
	return second
}

// TestResumeSettings: the same for the settings that keep more, or other, state.
func TestResumeSettings(t *testing.T) {
	ex := examples(6, 3)
	for name, c := range map[string]Config{
		"bf16": {Compute: program.BF16}, "LoRA": {LoRA: model.LoRA{Rank: 2}}, "DPO": {Loss: loss.DPO{}}, "recompute": {Recompute: true, Micro: 2},
	} {
		c.Steps, c.Batch, c.LR = 6, 4, 1e-2
		whole := trainer(t, tiny(model.LLaMA), ex, c)
		mustRun(t, whole)
		c.Dir = t.TempDir()
		second := stoppedAndResumed(t, name, tiny(model.LLaMA), ex, c, 3)
		if d := distance(t, whole, second); d != 0 {
			t.Errorf("%s: weights are %g apart", name, d)
		}
	}
}

// TestDiverged: a step that is not finite is named and changes nothing.
func TestDiverged(t *testing.T) {
	m := tiny(model.OPT)
	ex := examples(6, 2)
	for _, micro := range []int{3, 2} {
		w := weights(t, m, model.Options{})
		nan := float32(math.NaN())
		w["model.decoder.final_layer_norm.bias"].F32[0] = nan
		tr, err := New(t.Context(), cpu.New(1), m, w, ex, Config{Steps: 3, Batch: 3, Micro: micro, LR: 1e-3})
		if err != nil {
			t.Fatal(err)
		}
		var d *DivergedError
		if err := tr.Run(context.Background()); !errors.As(err, &d) {
			t.Fatalf("got %v, want a DivergedError", err)
		}
		if d.Step != 1 || len(d.Examples) != 3 || d.Examples[0] < 100 {
			t.Errorf("diverged as %+v", d)
		}
		after, _ := tr.Weights()
		for name, x := range w {
			for i, v := range x.F32 {
				if v == v && after[name].F32[i] != v {
					t.Fatalf("%s[%d] changed from %g to %g", name, i, v, after[name].F32[i])
				}
			}
		}
	}
}

// TestBest: the weights of the largest merit are kept.
func TestBest(t *testing.T) {
	c := Config{Steps: 6, Batch: 2, LR: 1e-2, EvalEvery: 2, Dir: t.TempDir()}
	merits := map[int]float64{2: 1, 4: 3, 6: 2}
	var at4 model.Weights
	c.Eval = func(_ context.Context, step int, w model.Weights) (float64, error) {
		if step == 4 {
			at4 = w
		}
		return merits[step], nil
	}
	tr := trainer(t, tiny(model.LLaMA), examples(4, 2), c)
	mustRun(t, tr)
	best, err := tr.BestWeights()
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range at4 {
		if !slices.Equal(x.F32, best[name].F32) {
			t.Errorf("%s is not that of step 4", name)
		}
	}
	if m, ok := tr.Best(); !ok || m != 3 {
		t.Errorf("best is %g, %t", m, ok)
	}
}

// TestInterruptedEval: an evaluation that was stopped is made up for.
func TestInterruptedEval(t *testing.T) {
	c := Config{Steps: 4, Batch: 2, LR: 1e-2, EvalEvery: 2, Dir: t.TempDir()}
	ctx, cancel := context.WithCancel(context.Background())
	var at []int
	c.Eval = func(ctx context.Context, step int, _ model.Weights) (float64, error) {
		at = append(at, step)
		if len(at) == 1 {
			cancel()
		}
		return float64(step), ctx.Err()
	}
	if err := trainer(t, tiny(model.OPT), examples(4, 2), c).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped with %v", err)
	}
	tr := trainer(t, tiny(model.OPT), examples(4, 2), c)
	mustRun(t, tr)
	if !slices.Equal(at, []int{2, 2, 4}) || !tr.History()[1].HasMerit || len(tr.History()) != 4 {
		t.Errorf("evaluated at %v, history %+v", at, tr.History())
	}
}

// The pass of the reference model is long work, and ends with its context.
func TestReferenceStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := tiny(model.OPT)
	tr, err := New(ctx, cpu.New(1), m, weights(t, m, model.Options{}), examples(4, 2), Config{Loss: loss.DPO{}})
	if !errors.Is(err, context.Canceled) || tr != nil {
		t.Errorf("%v, %v", tr, err)
	}
}
