package xla_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"divvy/gpu/devicetest"
	"divvy/gpu/internal/testplugin"
	"divvy/gpu/program"
	"divvy/gpu/stablehlo"
	"divvy/gpu/xla"
	"divvy/install/pyenv"
)

func device(t testing.TB, o xla.Options, indices ...int) *xla.Device {
	t.Helper()
	o.Compile = testplugin.Quick()
	if len(indices) == 0 {
		indices = []int{0}
	}
	d, err := xla.New(testplugin.Client(t, pyenv.Need(t).Dir), o, indices...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDeviceTable runs every operation and its gradient against plain float64
// loops, on random numbers that are new in each run.
func TestDeviceTable(t *testing.T) {
	seed := rand.Uint64()
	n, failed := devicetest.Run(device(t, xla.Options{}), devicetest.Options{
		Types: []program.DType{program.F32, program.BF16}, Float64: true, Seed: seed,
	})
	for _, f := range failed {
		t.Errorf("%s (seed %d)", f, seed)
	}
	if n < 200 {
		t.Errorf("%d comparisons", n)
	}
}

// TestBlocks runs the cases that are taken block by block in small blocks.
func TestBlocks(t *testing.T) {
	seed := rand.Uint64()
	d := device(t, xla.Options{Emit: stablehlo.Options{VocabBlock: 4, QueryBlock: 3}})
	_, failed := devicetest.RunCases(d, devicetest.Options{Types: []program.DType{program.F32}, Seed: seed}, func(c devicetest.Case) bool {
		blocked := c.Kind == program.Attention && c.Name != "attention/long tree"
		return blocked || c.Kind == program.LinearLogProb && c.Name != "linear_log_prob/blocks"
	})
	for _, f := range failed {
		t.Errorf("%s (seed %d)", f, seed)
	}
}

func compile(t *testing.T, d program.Device, write func(b *program.Builder)) program.Executable {
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

func upload(t *testing.T, d program.Device, x *program.Tensor) program.Buffer {
	t.Helper()
	b, err := d.Upload(x)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func floats(t *testing.T, b program.Buffer) []float32 {
	t.Helper()
	x, err := b.Download()
	if err != nil {
		t.Fatal(err)
	}
	return x.F32
}

// TestZeros: zeros of every type and shape, made on one device or copied to two.
func TestZeros(t *testing.T) {
	for _, d := range []*xla.Device{device(t, xla.Options{}), device(t, xla.Options{}, 0, 1)} {
		for _, typ := range []program.DType{program.F32, program.F64, program.BF16, program.I32, program.U8} {
			for _, shape := range [][]int{nil, {4, 3}} {
				b, err := program.Zeros(d, typ, shape...)
				if err != nil {
					t.Fatal(err)
				}
				x, err := b.Download()
				if err != nil {
					t.Fatal(err)
				}
				if err := x.Check(typ, shape); err != nil || b.Type() != typ {
					t.Errorf("zeros: %v", err)
				}
				for i := range x.Len() {
					if x.At(i) != 0 {
						t.Errorf("element %d of %s is %g", i, program.TypeString(typ, shape), x.At(i))
					}
				}
			}
		}
	}
}

// TestState: states change places, count up, and are only read, in one Program.
func TestState(t *testing.T) {
	d := device(t, xla.Options{})
	e := compile(t, d, func(b *program.Builder) {
		in := func(name string, typ program.DType) *program.Value { return b.Input(program.State, name, typ, 3) }
		x, y, n, k := in("x", program.F32), in("y", program.F32), in("n", program.BF16), in("k", program.F32)
		b.Assign(x, y)
		b.Assign(y, x)
		b.Assign(n, b.Shift(n, 1))
		b.Output("before", b.Scale(n, 1))
		b.Output("sum", b.Add(b.Add(x, k), b.Input(program.Data, "d", program.F32)))
	})
	state := map[string]program.Buffer{
		"x": upload(t, d, program.Floats([]float32{1, 2, 3})), "y": upload(t, d, program.Floats([]float32{4, 5, 6})),
		"n": upload(t, d, program.Floats([]float32{7, 8, 9}).As(program.BF16)), "k": upload(t, d, program.Floats([]float32{10, 20, 30})),
	}
	for i := range 5 {
		out, err := e.Run(context.Background(), program.Bindings{State: state, Data: map[string]*program.Tensor{"d": program.Scalar(program.F32, 100)}})
		if err != nil {
			t.Fatal(err)
		}
		x := [][]float32{{1, 2, 3}, {4, 5, 6}}[i%2]
		want := []float32{110 + x[0], 120 + x[1], 130 + x[2]}
		if !slices.Equal(out["sum"].F32, want) {
			t.Errorf("run %d: the sum is %v, want %v", i, out["sum"].F32, want)
		}
		f := float32(i)
		if got, want := out["before"].F32, []float32{7 + f, 8 + f, 9 + f}; !slices.Equal(got, want) {
			t.Errorf("run %d: n was %v, want %v", i, got, want)
		}
	}
	if got := floats(t, state["x"]); !slices.Equal(got, []float32{4, 5, 6}) {
		t.Errorf("x is %v after five exchanges", got)
	}
	if got := floats(t, state["n"]); !slices.Equal(got, []float32{12, 13, 14}) {
		t.Errorf("n is %v after five runs", got)
	}
	if err := state["x"].Write(program.Floats([]float32{0, 0, 1})); err != nil {
		t.Fatal(err)
	}
	if got := floats(t, state["x"]); !slices.Equal(got, []float32{0, 0, 1}) {
		t.Errorf("x is %v after it was written", got)
	}
}

// TestRefusals: what does not fit is refused by name and changes no state.
func TestRefusals(t *testing.T) {
	d, other := device(t, xla.Options{}), device(t, xla.Options{})
	e := compile(t, d, func(b *program.Builder) {
		x := b.Input(program.State, "x", program.F32, 3, 2)
		y := b.Input(program.State, "y", program.F32, 3, 2)
		ids := b.Input(program.Data, "ids", program.I32, 2)
		b.Assign(x, b.Shift(b.Add(x, y), 1))
		b.Output("rows", b.Gather(x, ids))
	})
	fresh := func(d program.Device) program.Buffer { return upload(t, d, program.NewTensor(program.F32, 3, 2)) }
	x, y := fresh(d), fresh(d)
	stopped, stop := context.WithCancelCause(context.Background())
	stop(errors.New("enough"))
	ids := func(a, b int32) map[string]*program.Tensor {
		return map[string]*program.Tensor{"ids": program.Ints([]int32{a, b})}
	}
	both := map[string]program.Buffer{"x": x, "y": y}
	for _, c := range []struct {
		name, want string
		ctx        context.Context
		state      map[string]program.Buffer
		data       map[string]*program.Tensor
	}{
		{"id too large", `data "ids": id 3 at position 1`, context.Background(), both, ids(0, 3)},
		{"no data", `data "ids" is missing`, context.Background(), both, nil},
		{"data of another type", `data "ids" is f32[2], want i32[2]`, context.Background(), both, map[string]*program.Tensor{"ids": program.Floats([]float32{1, 2})}},
		{"no state", `state "y" is missing`, context.Background(), map[string]program.Buffer{"x": x}, ids(0, 1)},
		{"another client's state", `state "y" is missing or belongs`, context.Background(), map[string]program.Buffer{"x": x, "y": fresh(other)}, ids(0, 1)},
		{"state of another shape", `state "y" is f32[2], want f32[3,2]`, context.Background(), map[string]program.Buffer{"x": x, "y": upload(t, d, program.NewTensor(program.F32, 2))}, ids(0, 1)},
		{"one buffer twice", `are one buffer`, context.Background(), map[string]program.Buffer{"x": x, "y": x}, ids(0, 1)},
		{"stopped", "enough", stopped, both, ids(0, 1)},
	} {
		_, err := e.Run(c.ctx, program.Bindings{State: c.state, Data: c.data})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want one with %q", c.name, err, c.want)
		}
	}
	if got := floats(t, x); !slices.Equal(got, make([]float32, 6)) {
		t.Errorf("refused runs changed the state to %v", got)
	}
	if _, err := e.Run(context.Background(), program.Bindings{State: both, Data: ids(0, -1)}); err != nil {
		t.Errorf("after the refusals: %v", err)
	}
}

// TestMemory: the plan counts states and data exactly, and the compiler's
// temporaries.
func TestMemory(t *testing.T) {
	e := compile(t, device(t, xla.Options{}), func(b *program.Builder) {
		w := b.Input(program.State, "w", program.F32, 64, 64)
		x := b.Input(program.Data, "x", program.BF16, 64, 64)
		y := b.MatMul(b.Convert(x, program.F32), w, false, false)
		b.Assign(w, b.MatMul(y, y, true, false))
	})
	m := e.Memory()
	if m.State != 64*64*4 || m.Data != 64*64*2 || m.Temporary < 64*64*4 {
		t.Errorf("the plan is %+v", m)
	}
}

// TestCompiledOnce: the same Program is compiled once for a device.
func TestCompiledOnce(t *testing.T) {
	compiled := 0
	d := device(t, xla.Options{Compiled: func(p *program.Program, text int, _ time.Duration) {
		compiled++
		if p.Name != "test" || text < 100 {
			t.Errorf("compiled %q of %d bytes", p.Name, text)
		}
	}})
	for i := range 6 {
		e := compile(t, d, func(b *program.Builder) {
			b.Output("y", b.Shift(b.Input(program.Data, "x", program.F32, 3), float64(i%2)))
		})
		out, err := e.Run(context.Background(), program.Bindings{Data: map[string]*program.Tensor{"x": program.Floats([]float32{1, 2, 3})}})
		if err != nil {
			t.Fatal(err)
		}
		if f := float32(i % 2); !slices.Equal(out["y"].F32, []float32{1 + f, 2 + f, 3 + f}) {
			t.Errorf("%d: %v", i, out["y"].F32)
		}
	}
	if compiled != 2 {
		t.Errorf("two Programs were compiled %d times", compiled)
	}
}

// BenchmarkManyStates is what a run costs the host: as many states as OPT-1.3B has
// in training, and nothing to compute.
func BenchmarkManyStates(b *testing.B) {
	const n = 1164
	d := device(b, xla.Options{})
	p, err := program.Build("states", func(p *program.Builder) {
		for i := range n {
			x := p.Input(program.State, fmt.Sprint("x", i), program.F32, 2)
			p.Assign(x, p.Shift(x, 1))
		}
		p.Output("one", p.Const(program.F32, 1))
	})
	if err != nil {
		b.Fatal(err)
	}
	e, err := d.Compile(p)
	if err != nil {
		b.Fatal(err)
	}
	state := map[string]program.Buffer{}
	for i := range n {
		if state[fmt.Sprint("x", i)], err = d.Upload(program.NewTensor(program.F32, 2)); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if _, err := e.Run(context.Background(), program.Bindings{State: state}); err != nil {
			b.Fatal(err)
		}
	}
}
