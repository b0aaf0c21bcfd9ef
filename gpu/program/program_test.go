package program_test

import (
	"strings"
	"testing"

	"divvy/gpu/program"
)

// TestText fixes the readable form of a small Program.
func TestText(t *testing.T) {
	p, err := program.Build("tiny", func(b *program.Builder) {
		x := b.Input(program.Data, "x", program.F32, 2, 3)
		w := b.Input(program.State, "w", program.F32, 4, 3)
		y := b.ReLU(b.Linear(x, w, nil))
		b.Exp(y) // of no use to anybody: pruned
		g := b.Gradient(b.Sum(y), w)[0]
		b.Output("y", y)
		b.Assign(w, b.Sub(w, b.Scale(g, 0.5)))
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `program "tiny" {
  %0 = input() {data "x"} : f32[2,3]
  %1 = input() {state "w"} : f32[4,3]
  %2 = matmul(%0, %1) {trans_b} : f32[2,4]
  %3 = relu(%2) : f32[2,4]
  %6 = const() {1} : f32[]
  %7 = expand(%6) : f32[2,4]
  %8 = relu_grad(%3, %7) : f32[2,4]
  %9 = matmul(%8, %0) {trans_a} : f32[4,3]
  %10 = const() {0.5} : f32[]
  %11 = expand(%10) : f32[4,3]
  %12 = mul(%9, %11) : f32[4,3]
  %13 = sub(%1, %12) : f32[4,3]
  assign w = %13
  output y = %3
}
`
	if got := p.String(); got != want {
		t.Errorf("text is\n%s\nwant\n%s", got, want)
	}
	if got, want := p.FLOPs(), 2*2*2*3*4.0; got != want {
		t.Errorf("FLOPs %g, want %g", got, want)
	}
}

// TestMistakes: what does not fit is an error that names the operation.
func TestMistakes(t *testing.T) {
	in := func(b *program.Builder, shape ...int) *program.Value {
		return b.Input(program.Data, strings.Repeat("x", 1+len(shape))+string(rune('a'+shape[0])), program.F32, shape...)
	}
	for name, c := range map[string]struct {
		write func(b *program.Builder)
		want  string
	}{
		"shapes":      {func(b *program.Builder) { b.Add(in(b, 3), in(b, 4)) }, "cannot be broadcast"},
		"inner":       {func(b *program.Builder) { b.MatMul(in(b, 2, 3), in(b, 4, 5), false, false) }, "inner dimensions differ"},
		"twice":       {func(b *program.Builder) { in(b, 2); in(b, 2) }, "taken"},
		"assign data": {func(b *program.Builder) { x := in(b, 2); b.Assign(x, x) }, "only a state input"},
		"nothing":     {func(b *program.Builder) { in(b, 2) }, "no output"},
		"vector":      {func(b *program.Builder) { x := in(b, 2); b.Gradient(x, x) }, "only a scalar"},
		"no gradient": {func(b *program.Builder) { x := in(b, 2); b.Gradient(b.Sum(b.ReduceMax(x, 0)), x) }, "no gradient"},
		"nested": {func(b *program.Builder) {
			b.Checkpoint(func() { b.Checkpoint(func() {}) })
		}, "checkpoint within"},
	} {
		_, err := program.Build(name, c.write)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// TestRoundBF16 checks ties and values that must pass unchanged.
func TestRoundBF16(t *testing.T) {
	for _, c := range []struct{ in, want float32 }{
		{1, 1}, {1.00390625, 1}, {1.01171875, 1.015625}, {-1.005, -1.0078125}, {0, 0},
	} {
		if got := program.RoundBF16(c.in); got != c.want {
			t.Errorf("%g rounds to %g, want %g", c.in, got, c.want)
		}
	}
	nan := program.Scalar(program.F32, 0)
	nan.F32[0] /= nan.F32[0]
	if x := program.RoundBF16(nan.F32[0]); x == x {
		t.Errorf("NaN rounds to %g", x)
	}
}
