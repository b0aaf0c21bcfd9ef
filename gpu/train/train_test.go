package train

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"divvy/gpu/batch"
	"divvy/gpu/cpu"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
)

const vocab = 40

// tiny is a model of each architecture.
func tiny(arch string) model.Config {
	c := model.NewTiny(arch, vocab, 32, 2)
	return sized(c)
}

func sized(c model.Config) model.Config {
	c.Heads, c.KVHeads = 4, 4
	c.MaxPositions, c.InitStd = 64, 0.1
	if c.Arch != model.OPT {
		c.RotaryDims = 8
	}
	return c
}

func weights(t *testing.T, c model.Config, o model.Options) model.Weights {
	t.Helper()
	p, err := model.Params(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return model.Initial(p, 3)
}

// examples makes ranked responses of random lengths; the first response of an
// example counts upwards from the prompt's last token, so there is something to
// learn.
func examples(n, k int) []batch.Example {
	r := rand.New(rand.NewPCG(9, 9))
	ids := func(n int) []int32 {
		x := make([]int32, n)
		for i := range x {
			x[i] = int32(r.IntN(vocab))
		}
		return x
	}
	out := make([]batch.Example, n)
	for i := range out {
		e := batch.Example{ID: 100 + i, Prompt: ids(1 + r.IntN(9))}
		for j := range k - r.IntN(2)*min(1, k-1) {
			resp := ids(1 + r.IntN(6))
			if j == 0 {
				for q := range resp {
					resp[q] = (e.Prompt[len(e.Prompt)-1] + int32(q) + 1) % vocab
				}
			}
			e.Responses = append(e.Responses, resp)
			e.Rewards = append(e.Rewards, 2-float64(j)+r.Float64())
		}
		out[i] = e
	}
	return out
}

func trainer(t *testing.T, m model.Config, ex []batch.Example, c Config) *Trainer {
	t.Helper()
	tr, err := New(t.Context(), cpu.New(2), m, weights(t, m, model.Options{}), ex, c)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func mustRun(t *testing.T, tr *Trainer) {
	t.Helper()
	if err := tr.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func base() Config {
	return Config{Steps: 6, Batch: 4, LR: 3e-3, Seed: 5, Store: program.F64, Compute: program.F64}
}

// distance is the largest difference of two models' parameters.
func distance(t *testing.T, a, b *Trainer) (d float64) {
	t.Helper()
	x, err := a.Weights()
	if err != nil {
		t.Fatal(err)
	}
	y, err := b.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for name := range x {
		for i := range x[name].F32 {
			d = max(d, math.Abs(float64(x[name].F32[i]-y[name].F32[i])))
		}
	}
	return d
}

// run1 computes loss and gradient of one batch laid out in one way.
func run1(t *testing.T, m model.Config, c Config, ex []batch.Example, o batch.Options) map[string]*program.Tensor {
	t.Helper()
	b, err := batch.Pack(ex, 4, o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := program.Build("once", func(pb *program.Builder) {
		net, in := forward(pb, m, c, shapeOf(b))
		l := c.Loss.Build(pb, in).Total
		pb.Output("loss", l)
		params, values := net.Trainable()
		for i, g := range pb.Gradient(l, values...) {
			pb.Output("d "+params[i].Name, g)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	dev := cpu.New(2)
	e, err := dev.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	state := map[string]program.Buffer{}
	for name, w := range weights(t, m, model.Options{}) {
		if state[name], err = dev.Upload(w.As(c.Store)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := e.Run(context.Background(), program.Bindings{State: state, Data: data(b, m, c, len(ex))})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSharedPrefix: K responses behind one prompt give the loss and the
// gradients of K separate rows, for every architecture and kind of head.
func TestSharedPrefix(t *testing.T) {
	for _, arch := range []string{model.OPT, model.LLaMA, model.GPTNeoX} {
		for _, l := range []loss.Loss{loss.PRO{}, loss.BradleyTerry{}} {
			m := tiny(arch)
			if l.Needs().Scores {
				m = m.AsReward()
			}
			c := base().withDefaults()
			c.Loss = l
			ex := examples(5, 4)
			whole := l.Needs().Scores
			want := run1(t, m, c, ex, batch.Options{RowTokens: 160, Separate: true, WholeResponses: whole})
			for name, o := range map[string]batch.Options{
				"one row": {WholeResponses: whole}, "rows": {RowTokens: 48, WholeResponses: whole},
			} {
				got := run1(t, m, c, ex, o)
				for p, w := range want {
					for i := range w.F64 {
						if d := math.Abs(got[p].F64[i] - w.F64[i]); d > 1e-12*max(1, math.Abs(w.F64[i])) {
							t.Fatalf("%s %s, %s: %s[%d] is %g, want %g", arch, l.Name(), name, p, i, got[p].F64[i], w.F64[i])
						}
					}
				}
			}
		}
	}
}

// TestLearns: every loss falls on examples that can be learnt, also in
// bfloat16 and with recomputed blocks.
func TestLearns(t *testing.T) {
	ex := examples(8, 3)
	for _, l := range []loss.Loss{loss.SFT{}, loss.PRO{}, loss.DPO{}, loss.RRHF{}, loss.BradleyTerry{}} {
		for _, compute := range []program.DType{program.F32, program.BF16} {
			m := tiny(model.LLaMA)
			if l.Needs().Scores {
				m = m.AsReward()
			}
			tr := trainer(t, m, ex, Config{Loss: l, Steps: 30, Batch: 8, LR: 3e-3, Compute: compute, Recompute: true})
			mustRun(t, tr)
			h := tr.History()
			if first, last := h[0].Loss, h[len(h)-1].Loss; !(last < 0.8*first) {
				t.Errorf("%s in %s: loss went from %g to %g", l.Name(), compute, first, last)
			}
		}
	}
}

// TestAccumulation: parts of a batch add up to the batch.
func TestAccumulation(t *testing.T) {
	ex := examples(7, 3)
	c := base()
	one := trainer(t, tiny(model.OPT), ex, c)
	c.Micro = 3
	parts := trainer(t, tiny(model.OPT), ex, c)
	mustRun(t, one)
	mustRun(t, parts)
	if d := distance(t, one, parts); d > 1e-7 {
		t.Errorf("weights are %g apart", d)
	}
	a, b := one.History()[5], parts.History()[5]
	if math.Abs(a.Loss-b.Loss) > 1e-9 || math.Abs(a.Norm-b.Norm) > 1e-9 || math.Abs(a.Parts["rank"]-b.Parts["rank"]) > 1e-9 {
		t.Errorf("last steps %+v and %+v", a, b)
	}
}

// TestLoRA trains adapters only; merged, they give the adapted model.
func TestLoRA(t *testing.T) {
	m := tiny(model.LLaMA)
	ex := examples(6, 2)
	l := model.LoRA{Rank: 4}
	tr := trainer(t, m, ex, Config{Steps: 15, Batch: 6, LR: 1e-2, LoRA: l})
	mustRun(t, tr)
	h := tr.History()
	if !(h[14].Loss < 0.9*h[0].Loss) {
		t.Errorf("loss went from %g to %g", h[0].Loss, h[14].Loss)
	}
	w, _ := tr.Weights()
	for name, x := range weights(t, m, model.Options{}) {
		if !slices.Equal(x.F32, w[name].F32) {
			t.Fatalf("%s was trained", name)
		}
	}
	merged, err := model.Merge(w, l)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewScorer(cpu.New(1), m, merged)
	if err != nil {
		t.Fatal(err)
	}
	sums, _, err := s.LogProbs(context.Background(), ex)
	if err != nil {
		t.Fatal(err)
	}
	adapted := &Scorer{dev: tr.dev, model: m, c: tr.c, state: tr.state}
	want, _, err := adapted.LogProbs(context.Background(), ex)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		for j := range want[i] {
			if math.Abs(want[i][j]-sums[i][j]) > 1e-4*math.Abs(want[i][j]) {
				t.Errorf("merged log-probability %g, adapted %g", sums[i][j], want[i][j])
			}
		}
	}
}

// TestPlan: the plan is refused when it does not fit, and recomputing lowers it.
func TestPlan(t *testing.T) {
	ex := examples(8, 3)
	big, small := trainer(t, tiny(model.OPT), ex, Config{Batch: 8}), trainer(t, tiny(model.OPT), ex, Config{Batch: 8, Recompute: true})
	p, err := big.Plan()
	if err != nil {
		t.Fatal(err)
	}
	q, err := small.Plan()
	if err != nil {
		t.Fatal(err)
	}
	if p.Moments != 2*p.Parameters || p.Activations <= q.Activations || p.FLOPs <= 0 || p.Available <= 0 {
		t.Errorf("plans %+v and %+v", p, q)
	}
	tr := trainer(t, tiny(model.OPT), ex, Config{Batch: 8, Steps: 1, MaxMemory: p.Sum() - 1})
	if err := tr.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Errorf("a run that does not fit gave %v", err)
	}
}

func TestRate(t *testing.T) {
	c := Config{LR: 1, Steps: 12, Warmup: 2}
	for schedule, want := range map[string][]float64{"constant": {0.5, 1, 1, 1}, "linear": {0.5, 1, 1, 0.1}, "cosine": {0.5, 1, 1, 0.0244717}} {
		c.Schedule = schedule
		for i, step := range []int{1, 2, 3, 12} {
			if got := c.Rate(step); math.Abs(got-want[i]) > 1e-6 {
				t.Errorf("%s: rate at step %d is %g, want %g", schedule, step, got, want[i])
			}
		}
	}
}

// TestRefusals: settings that mean nothing are errors.
func TestRefusals(t *testing.T) {
	ex := examples(2, 2)
	for name, c := range map[string]Config{
		"schedule": {Schedule: "step"}, "head": {Loss: loss.BradleyTerry{}}, "type": {Compute: program.F64}, "batch": {Batch: -1},
	} {
		if _, err := New(t.Context(), cpu.New(1), tiny(model.OPT), nil, ex, c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	ex[1].Responses[0] = nil
	if _, err := New(t.Context(), cpu.New(1), tiny(model.OPT), weights(t, tiny(model.OPT), model.Options{}), ex, Config{}); err == nil || !strings.Contains(err.Error(), "example 101") {
		t.Errorf("an empty response gave %v", err)
	}
}
