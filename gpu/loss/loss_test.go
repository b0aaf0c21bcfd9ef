package loss_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"divvy/gpu/cpu"
	"divvy/gpu/internal/testshared"
	"divvy/gpu/loss"
	"divvy/gpu/program"
)

// group is one prompt's responses.
type group struct {
	tokens  [][]float64 // log-probabilities of the tokens
	rewards []float64
	ref     []float64
}

// result is what a loss gives for a batch.
type result struct {
	total       float64
	parts       map[string]float64
	dMean, dSum []float64 // by response, [G,K]
}

// run computes a loss in float64, with responses padded to k.
func run(t *testing.T, l loss.Loss, k int, groups ...group) result {
	t.Helper()
	g := len(groups)
	in := map[string]*program.Tensor{}
	for _, name := range []string{"mean", "sum", "score", "ref", "reward", "valid", "best"} {
		in[name] = program.NewTensor(program.F64, g, k)
	}
	for i, gr := range groups {
		in["best"].F64[i*k] = 1
		for j := range k {
			at := i*k + j
			if j >= len(gr.rewards) { // must have no influence
				in["mean"].F64[at], in["reward"].F64[at], in["score"].F64[at] = -7, 99, 5
				continue
			}
			for _, lp := range gr.tokens[j] {
				in["sum"].F64[at] += lp
			}
			in["mean"].F64[at] = in["sum"].F64[at] / float64(len(gr.tokens[j]))
			in["score"].F64[at] = in["mean"].F64[at]
			in["reward"].F64[at], in["valid"].F64[at] = gr.rewards[j], 1
			if gr.ref != nil {
				in["ref"].F64[at] = gr.ref[j]
			}
		}
	}
	p, err := program.Build(l.Name(), func(b *program.Builder) {
		v := map[string]*program.Value{}
		for name := range in {
			v[name] = b.Input(program.Data, name, program.F64, g, k)
		}
		terms := l.Build(b, loss.Inputs{
			MeanLogP: v["mean"], SumLogP: v["sum"], Score: v["score"], RefSumLogP: v["ref"],
			Reward: v["reward"], Valid: v["valid"], Best: v["best"], Groups: b.Const(program.F64, float64(g)),
		})
		b.Output("total", terms.Total)
		for _, part := range terms.Parts {
			b.Output("part "+part.Name, part.Value)
		}
		d := b.Gradient(terms.Total, v["mean"], v["sum"], v["score"])
		b.Output("d mean", b.Add(d[0], d[2]))
		b.Output("d sum", d[1])
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := cpu.New(1).Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.Run(context.Background(), program.Bindings{Data: in})
	if err != nil {
		t.Fatal(err)
	}
	r := result{out["total"].F64[0], map[string]float64{}, out["d mean"].F64, out["d sum"].F64}
	for name, x := range out {
		if len(name) > 5 && name[:5] == "part " {
			r.parts[name[5:]] = x.F64[0]
		}
	}
	return r
}

type vector struct {
	LogPs   [][]float64
	Rewards []float64
	Expect  struct {
		Rank   []float64 `json:"rank_loss"`
		SFT    float64   `json:"sft_loss_unweighted"`
		Total  float64
		DMean  []float64 `json:"dtotal_dmean_logp_rank_part"`
		DToken []float64 `json:"dtotal_dtoken_logp_per_response"`
	}
}

func vectors(t *testing.T) []vector {
	t.Helper()
	data, err := os.ReadFile(testshared.Path(t, "paper", "loss_vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ PRO []vector }
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.PRO) != 8 {
		t.Fatalf("%d vectors, want 8", len(file.PRO))
	}
	return file.PRO
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*max(1, math.Abs(want))) {
		t.Errorf("%s is %.15g, want %.15g", what, got, want)
	}
}

// TestPROVectors compares with the official loss, value and gradient.
func TestPROVectors(t *testing.T) {
	const tol = 1e-9
	for i, v := range vectors(t) {
		for _, k := range []int{len(v.Rewards), 5} { // exact and padded
			r := run(t, loss.PRO{}, k, group{tokens: v.LogPs, rewards: v.Rewards})
			name := func(s string) string { return "vector " + string(rune('0'+i)) + ": " + s }
			near(t, name("total"), r.total, v.Expect.Total, tol)
			var rank float64
			for _, x := range v.Expect.Rank {
				rank += x
			}
			near(t, name("rank"), r.parts["rank"], rank, tol)
			near(t, name("sft"), r.parts["sft"], v.Expect.SFT, tol)
			for j, tokens := range v.LogPs {
				near(t, name("derivative by the mean"), r.dMean[j], v.Expect.DMean[j], tol)
				near(t, name("derivative by a token"), r.dMean[j]/float64(len(tokens))+r.dSum[j], v.Expect.DToken[j], tol)
			}
			for j := len(v.Rewards); j < k; j++ {
				near(t, name("derivative by an absent response"), r.dMean[j]+r.dSum[j], 0, 0)
			}
		}
	}
}

// TestPROBatch: rankings of different lengths in one batch give the mean.
func TestPROBatch(t *testing.T) {
	var all []group
	var want float64
	for _, v := range vectors(t) {
		all = append(all, group{tokens: v.LogPs, rewards: v.Rewards})
		want += v.Expect.Total / 8
	}
	near(t, "batch total", run(t, loss.PRO{}, 4, all...).total, want, 1e-9)
}

// TestPROExtremes: large rewards overflow nowhere.
func TestPROExtremes(t *testing.T) {
	r := run(t, loss.PRO{}, 3, group{tokens: [][]float64{{-1}, {-2}, {-300}}, rewards: []float64{4000, -4000, -9000}})
	if math.IsNaN(r.total) || math.IsInf(r.total, 0) || math.IsNaN(r.dMean[0]) {
		t.Errorf("loss %g, gradient %v", r.total, r.dMean)
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// TestNeighbours checks the other losses against their formulas by hand.
func TestNeighbours(t *testing.T) {
	g := group{
		tokens:  [][]float64{{-1, -2}, {-0.5}, {-3, -1, -2}},
		rewards: []float64{2, 1, 1},
		ref:     []float64{-2.5, -1, -5},
	}
	s := []float64{-1.5, -0.5, -2}
	sum := []float64{-3, -0.5, -6}
	t.Run("SFT", func(t *testing.T) {
		near(t, "total", run(t, loss.SFT{}, 4, g).total, 3, 1e-12)
		near(t, "per token", run(t, loss.SFT{PerToken: true}, 4, g).total, 1.5, 1e-12)
	})
	t.Run("DPO", func(t *testing.T) {
		margin := func(i, j int) float64 { return 0.1 * ((sum[i] - g.ref[i]) - (sum[j] - g.ref[j])) }
		want := -(math.Log(sigmoid(margin(0, 1))) + math.Log(sigmoid(margin(0, 2)))) / 2
		near(t, "total", run(t, loss.DPO{}, 4, g).total, want, 1e-12)
	})
	t.Run("RRHF", func(t *testing.T) {
		want := max(0, s[1]-s[0]) + max(0, s[2]-s[0]) + 3
		r := run(t, loss.RRHF{}, 4, g)
		near(t, "total", r.total, want, 1e-12)
		near(t, "accuracy", r.parts["accuracy"], 0.5, 1e-12)
	})
	t.Run("Bradley-Terry", func(t *testing.T) {
		want := -(math.Log(sigmoid(s[0]-s[1])) + math.Log(sigmoid(s[0]-s[2]))) / 2
		r := run(t, loss.BradleyTerry{}, 4, g)
		near(t, "total", r.total, want, 1e-12)
		near(t, "derivative", r.dMean[1], sigmoid(s[1]-s[0])/2, 1e-12)
		m := (s[0] + s[1] + s[2]) / 3
		near(t, "centred", run(t, loss.BradleyTerry{Center: 0.5}, 4, g).total, want+0.5*m*m, 1e-12)
	})
	t.Run("ties only", func(t *testing.T) {
		tied := group{tokens: g.tokens[:2], rewards: []float64{1, 1}, ref: g.ref[:2]}
		for _, l := range []loss.Loss{loss.DPO{}, loss.BradleyTerry{}} {
			r := run(t, l, 3, tied)
			near(t, l.Name(), r.total, 0, 0)
		}
	})
}
