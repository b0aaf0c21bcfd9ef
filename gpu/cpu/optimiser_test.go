package cpu

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"divvy/gpu/program"
)

// TestNearestCode: a number gets the code nearest to it, and no second moment
// but 0 itself gets the code of 0.
func TestNearestCode(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, table := range map[string][]float32{"signed": program.SignedCodes(), "unsigned": program.UnsignedCodes()} {
		c := newCoder(table)
		x := make([]float32, program.Block)
		for round := range 200 {
			for i := range x {
				x[i] = float32(math.Exp(-20*r.Float64()) * float64(round+1))
				if name == "signed" && r.IntN(2) == 0 {
					x[i] = -x[i]
				}
			}
			x[0], x[1] = 0, 1e-30
			codes, back := make([]uint8, len(x)), make([]float32, len(x))
			scale := c.encode(codes, x)
			c.decode(back, codes, scale)
			for i, v := range x {
				best := math.Inf(1)
				for k, z := range table {
					if name == "unsigned" && k == 0 && v > 0 {
						continue
					}
					best = min(best, math.Abs(float64(v/scale)-float64(z)))
				}
				if d := math.Abs(float64(v/scale - back[i]/scale)); d > best+1e-6 {
					t.Fatalf("%s: %g of %g became %g, off by %g where %g is possible", name, v, scale, back[i], d, best)
				}
			}
			if back[0] != 0 || name == "unsigned" && back[1] == 0 {
				t.Fatalf("%s: 0 became %g, 1e-30 became %g", name, back[0], back[1])
			}
		}
	}
}

// TestMomentsInTheMean: over many steps of a noisy gradient that shrinks, moments
// in bfloat16 follow those in float64; rounded to nearest they would stand still.
func TestMomentsInTheMean(t *testing.T) {
	const n, steps = 4096, 600
	dev := New(2)
	p, err := program.Build("moments", func(b *program.Builder) {
		state := func(name string, typ program.DType) *program.Value { return b.Input(program.State, name, typ, n) }
		data := func(name string, shape ...int) *program.Value {
			return b.Input(program.Data, name, program.F32, shape...)
		}
		p, m, v := state("p", program.F32), state("m", program.BF16), state("v", program.BF16)
		np, nm, nv := b.AdamW(p, data("g", n), m, v, data("lr"), data("step"), data("scale"), program.AdamWOptions{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8})
		b.Assign(p, np)
		b.Assign(m, nm)
		b.Assign(v, nv)
	})
	if err != nil {
		t.Fatal(err)
	}
	e, err := dev.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	state := map[string]program.Buffer{}
	for _, v := range p.Inputs {
		if v.Op.Attr.Role == program.State {
			if state[v.Op.Attr.Name], err = dev.Upload(program.NewTensor(v.Type, v.Shape...)); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := rand.New(rand.NewPCG(4, 4))
	g := program.NewTensor(program.F32, n)
	var want float64
	for step := 1; step <= steps; step++ {
		size := 1.0
		if step > steps/2 {
			size = 0.1
		}
		var square float64
		for i := range g.F32 {
			g.F32[i] = float32(size * r.NormFloat64())
			square += float64(g.F32[i]) * float64(g.F32[i]) / n
		}
		want = 0.999*want + 0.001*square
		_, err := e.Run(context.Background(), program.Bindings{State: state, Data: map[string]*program.Tensor{
			"g": g, "lr": program.Scalar(program.F32, 1e-3), "step": program.Scalar(program.F32, float64(step)), "scale": program.Scalar(program.F32, 1),
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	v, err := state["v"].Download()
	if err != nil {
		t.Fatal(err)
	}
	var got float64
	for _, x := range v.F32 {
		if x != program.RoundBF16(x) {
			t.Fatalf("%g is no bfloat16", x)
		}
		got += float64(x) / n
	}
	if math.Abs(got-want) > 5e-3*want {
		t.Errorf("the second moments' mean is %g, want %g", got, want)
	}
}
