package xla_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"divvy/gpu/cpu"
	"divvy/gpu/program"
	"divvy/gpu/xla"
)

// TestCodes: the codes of 8-bit moments, which XLA computes and the processor
// looks up, are the same, and so are the numbers that they stand for.
func TestCodes(t *testing.T) {
	const n = 64 * program.Block
	p, err := program.Build("codes", func(b *program.Builder) {
		data := func(name string, typ program.DType, n int) *program.Value { return b.Input(program.Data, name, typ, n) }
		c := func(x float64, shape ...int) *program.Value { return b.Const(program.F32, x, shape...) }
		scales := program.Blocks(n)
		codes, x := data("codes", program.U8, n), data("x", program.F32, n)
		// With nothing kept of the old moments the new ones are the gradient's.
		_, fresh := b.AdamW8(c(0, n), x, program.Moments8{M: codes, V: codes, MScale: c(0, scales), VScale: c(0, scales)}, c(0), c(1), c(1), program.AdamWOptions{Eps: 1})
		b.Output("m", fresh.M)
		b.Output("v", fresh.V)
		// With no gradient and Eps of 1 a step is what the first moment's codes
		// stand for, halved and doubled; the second moment's scale says the rest.
		old := program.Moments8{M: codes, V: codes, MScale: data("scale", program.F32, scales), VScale: c(0, scales)}
		wide, _ := b.AdamW8(c(0, n), c(0, n), old, c(1), c(1), c(1), program.AdamWOptions{Beta1: 0.5, Eps: 1})
		b.Output("wide", wide)
	})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 7))
	x, codes, scale := program.NewTensor(program.F32, n), program.NewTensor(program.U8, n), program.NewTensor(program.F32, n/program.Block)
	for i := range n {
		x.F32[i] = float32(math.Exp(-16*r.Float64())) * float32(1-2*r.IntN(2))
		codes.U8[i] = uint8(i)
	}
	for i := range scale.F32 {
		scale.F32[i] = float32(math.Exp(4 * r.NormFloat64()))
	}
	var results []map[string]*program.Tensor
	for _, d := range []program.Device{cpu.New(2), device(t, xla.Options{})} {
		e, err := d.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Run(context.Background(), program.Bindings{Data: map[string]*program.Tensor{"x": x, "codes": codes, "scale": scale}})
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, out)
	}
	for _, name := range []string{"m", "v"} {
		other := 0
		for i, want := range results[0][name].U8 {
			if got := results[1][name].U8[i]; got != want {
				other++
				if d := int(got) - int(want); d < -1 || d > 1 {
					t.Errorf("%s: the code of %g is %d, want %d", name, x.F32[i], got, want)
				}
			}
		}
		if other > n/1000 { // numbers that lie between two codes
			t.Errorf("%s: %d of %d codes differ", name, other, n)
		}
	}
	table := program.SignedCodes()
	for i, got := range results[1]["wide"].F32 {
		want := -table[codes.U8[i]] * scale.F32[i/program.Block]
		if math.Abs(float64(got-want)) > 1e-6*math.Abs(float64(want)) || results[0]["wide"].F32[i] != want {
			t.Fatalf("code %d at %g stands for %g, on the processor %g, want %g", codes.U8[i], scale.F32[i/program.Block], got, results[0]["wide"].F32[i], want)
		}
	}
}
