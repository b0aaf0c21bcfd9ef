package cpu

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"divvy/gpu/program"
)

// TestFrequencies: how often tokens are drawn follows the truncated softmax.
func TestFrequencies(t *testing.T) {
	const n = 20000
	logits, u := program.NewTensor(program.F32, n, 4), program.NewTensor(program.F32, n)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		for j, p := range []float64{0.3, 0.5, 0.15, 0.05} {
			logits.Set(4*i+j, math.Log(p))
		}
		u.F32[i] = rng.Float32()
	}
	dev := New(2)
	for _, c := range []struct {
		o    program.SampleOptions
		want []float64
	}{
		{program.SampleOptions{Temperature: 1}, []float64{0.3, 0.5, 0.15, 0.05}},
		{program.SampleOptions{Temperature: 1, TopK: 2}, []float64{0.375, 0.625, 0, 0}},
		{program.SampleOptions{Temperature: 1, TopP: 0.81}, []float64{0.3 / 0.95, 0.5 / 0.95, 0.15 / 0.95, 0}},
		{program.SampleOptions{Temperature: 1e-3}, []float64{0, 1, 0, 0}},
		{program.SampleOptions{Temperature: 1, TopK: 1}, []float64{0, 1, 0, 0}},
	} {
		p, err := program.Build("sample", func(b *program.Builder) {
			b.Output("id", b.Sample(b.Input(program.Data, "logits", program.F32, n, 4), b.Input(program.Data, "u", program.F32, n), c.o))
		})
		if err != nil {
			t.Fatal(err)
		}
		e, err := dev.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Run(context.Background(), program.Bindings{Data: map[string]*program.Tensor{"logits": logits, "u": u}})
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float64, 4)
		for _, id := range out["id"].I32 {
			got[id] += 1.0 / n
		}
		for i := range got {
			if math.Abs(got[i]-c.want[i]) > 0.015 {
				t.Errorf("%+v: frequencies %v, want %v", c.o, got, c.want)
				break
			}
		}
	}
}
