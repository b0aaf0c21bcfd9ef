package cpu

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"divvy/gpu/program"
)

func upload(t *testing.T, d *Device, x *program.Tensor) program.Buffer {
	t.Helper()
	b, err := d.Upload(x)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func compile(t *testing.T, d *Device, write func(b *program.Builder)) program.Executable {
	t.Helper()
	p, err := program.Build("test", write)
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func random(seed uint64, typ program.DType, shape ...int) *program.Tensor {
	r := rand.New(rand.NewPCG(seed, 0))
	x := program.NewTensor(typ, shape...)
	for i := range x.Len() {
		x.Set(i, r.NormFloat64())
	}
	return x
}

// TestAssign: state is written after all outputs are read, also when two
// states change places, and in place where that is safe.
func TestAssign(t *testing.T) {
	d := New(2)
	e := compile(t, d, func(b *program.Builder) {
		x := b.Input(program.State, "x", program.F32, 3)
		y := b.Input(program.State, "y", program.F32, 3)
		n := b.Input(program.State, "n", program.F32, 3)
		b.Assign(x, y)
		b.Assign(y, x)
		b.Assign(n, b.Shift(n, 1))
		b.Output("before", b.Scale(n, 1))
	})
	state := map[string]program.Buffer{
		"x": upload(t, d, program.Floats([]float32{1, 2, 3})),
		"y": upload(t, d, program.Floats([]float32{4, 5, 6})),
		"n": upload(t, d, program.Floats([]float32{7, 8, 9})),
	}
	out, err := e.Run(context.Background(), program.Bindings{State: state})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float32{"x": 4, "y": 1, "n": 8} {
		got, _ := state[name].Download()
		if got.F32[0] != want {
			t.Errorf("%s is %v, want %g first", name, got.F32, want)
		}
	}
	if out["before"].F32[0] != 7 {
		t.Errorf("the output saw the new state: %v", out["before"].F32)
	}
}

// TestCancelled: a cancelled or failed run changes no state.
func TestCancelled(t *testing.T) {
	d := New(2)
	e := compile(t, d, func(b *program.Builder) {
		w := b.Input(program.State, "w", program.F32, 4, 2)
		ids := b.Input(program.Data, "ids", program.I32, 2)
		b.Output("rows", b.Gather(w, ids))
		b.Assign(w, b.Shift(w, 1))
	})
	w := upload(t, d, program.NewTensor(program.F32, 4, 2))
	bind := func(ids ...int32) program.Bindings {
		return program.Bindings{State: map[string]program.Buffer{"w": w}, Data: map[string]*program.Tensor{"ids": program.Ints(ids)}}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Run(ctx, bind(0, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run gave %v", err)
	}
	if _, err := e.Run(context.Background(), bind(0, 4)); err == nil {
		t.Error("an id outside the table was accepted")
	}
	if _, err := e.Run(context.Background(), program.Bindings{}); err == nil {
		t.Error("missing inputs were accepted")
	}
	if got, _ := w.Download(); got.F32[0] != 0 {
		t.Errorf("state changed to %v", got.F32)
	}
	if _, err := e.Run(context.Background(), bind(0, 3)); err != nil {
		t.Error(err)
	}
}

// stack is a small network of layers, checkpointed or not, with its gradient.
func stack(checkpoint bool, layers int) func(b *program.Builder) {
	return func(b *program.Builder) {
		x := b.Input(program.Data, "x", program.F32, 64, 48)
		var ws []*program.Value
		for i := range layers {
			w := b.Input(program.State, string(rune('a'+i)), program.F32, 48, 48)
			ws = append(ws, w)
			layer := func() {
				x = b.Add(x, b.Tanh(b.Linear(b.GELU(b.Linear(x, w, nil)), w, nil)))
			}
			if checkpoint {
				b.Checkpoint(layer)
			} else {
				layer()
			}
		}
		y := b.Sum(b.Mul(x, x))
		b.Output("y", y)
		for i, g := range b.Gradient(y, ws...) {
			b.Output("d"+string(rune('a'+i)), g)
		}
	}
}

// TestCheckpoint: recomputing gives the same bits with less memory.
func TestCheckpoint(t *testing.T) {
	const layers = 8
	d := New(2)
	plain, again := compile(t, d, stack(false, layers)), compile(t, d, stack(true, layers))
	in := program.Bindings{State: map[string]program.Buffer{}, Data: map[string]*program.Tensor{"x": random(1, program.F32, 64, 48)}}
	for i := range layers {
		w := random(uint64(i+2), program.F32, 48, 48)
		for j := range w.F32 {
			w.F32[j] *= 0.05
		}
		in.State[string(rune('a'+i))] = upload(t, d, w)
	}
	a, err := plain.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := again.Run(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range a {
		for i := range x.F32 {
			if x.F32[i] != b[name].F32[i] {
				t.Fatalf("%s differs at %d: %g and %g", name, i, x.F32[i], b[name].F32[i])
			}
		}
	}
	if p, q := plain.Memory().Temporary, again.Memory().Temporary; float64(q) > 0.7*float64(p) {
		t.Errorf("recomputing takes %d bytes, keeping %d", q, p)
	}
	if m := plain.Memory(); m.Temporary >= m.Unshared {
		t.Errorf("nothing is shared: %+v", m)
	}
}

// TestWorkersAgree: results do not depend on the number of cores.
func TestWorkersAgree(t *testing.T) {
	p, err := program.Build("attention", func(b *program.Builder) {
		x := b.Input(program.Data, "x", program.F32, 200, 64)
		reach := b.Input(program.Data, "reach", program.I32, 200)
		g := b.Input(program.Data, "g", program.F32, 64)
		n := b.RMSNorm(x, g, 1e-5)
		y := b.Attention(n, n, n, reach, nil, program.AttentionOptions{Rows: 2, Heads: 4, KVHeads: 4, Scale: 0.25})
		l := b.SumSquares(y)
		b.Output("l", l)
		for i, d := range b.Gradient(l, x, g) {
			b.Output("d"+string(rune('0'+i)), d)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	reach := make([]int32, 200)
	for i := range reach {
		reach[i] = 99
	}
	in := program.Bindings{Data: map[string]*program.Tensor{
		"x": random(3, program.F32, 200, 64), "g": random(4, program.F32, 64), "reach": program.Ints(reach),
	}}
	var first map[string]*program.Tensor
	for _, workers := range []int{1, 2, 7} {
		e, err := New(workers).Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Run(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out
			continue
		}
		for name, x := range first {
			for i := range x.F32 {
				if math.Float32bits(x.F32[i]) != math.Float32bits(out[name].F32[i]) {
					t.Fatalf("%d workers: %s differs at %d", workers, name, i)
				}
			}
		}
	}
}

// TestConvert goes through all element types.
func TestConvert(t *testing.T) {
	e := compile(t, New(1), func(b *program.Builder) {
		x := b.Input(program.Data, "x", program.F32, 3)
		n := b.Input(program.Data, "n", program.I32, 3)
		b.Output("bf16", b.Convert(x, program.BF16))
		b.Output("back", b.Convert(b.Convert(x, program.BF16), program.F32))
		b.Output("f64", b.Convert(x, program.F64))
		b.Output("i32", b.Convert(x, program.I32))
		b.Output("float", b.Convert(n, program.F64))
		y := b.Sum(b.Convert(b.Convert(x, program.BF16), program.F64))
		b.Output("d", b.Gradient(y, x)[0])
	})
	out, err := e.Run(context.Background(), program.Bindings{Data: map[string]*program.Tensor{
		"x": program.Floats([]float32{1.001, -2.5, 1e9}), "n": program.Ints([]int32{-7, 0, 7}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"bf16": 1, "back": 1, "f64": float64(float32(1.001)), "i32": 1, "float": -7, "d": 1} {
		if got := out[name].At(0); got != want {
			t.Errorf("%s is %g, want %g", name, got, want)
		}
	}
}

// TestArenas: memory is lent, found again, and replaced when it is too short.
func TestArenas(t *testing.T) {
	var a arenas
	x := a.take(100)
	a.give(x)
	if y := a.take(50); &y[0] != &x[0] {
		t.Error("the spare arena was not used")
	} else {
		a.give(y)
	}
	z := a.take(200)
	if len(z) != 200 || len(a.free) != 0 {
		t.Errorf("%d bytes, %d spare", len(z), len(a.free))
	}
	for n := range 4 {
		a.give(alloc(int64(100 + n)))
	}
	if len(a.free) != keptArenas || len(a.free[1]) != 103 {
		t.Errorf("%d arenas are kept", len(a.free))
	}
}
