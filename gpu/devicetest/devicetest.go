// Package devicetest is the table of tests that every device must pass: each
// operation in float64 against plain loops, its gradient against finite
// differences of those loops, and the narrower types against float64.
//
// It knows the program package only; a device's own test calls Run.
package devicetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"

	"divvy/gpu/program"
)

// Options chooses what Run checks.
type Options struct {
	// Types are the element types to run, besides Float64.
	Types []program.DType
	// Float64 says whether the device computes in float64. If not, its results
	// are compared with the reference at the tolerance of their type.
	Float64 bool
	// Seed chooses the random inputs.
	Seed uint64
	// Parallel is how many cases run at once, for devices that compile slowly; 0
	// means 1.
	Parallel int
}

// Failure is a case that a device did not pass.
type Failure struct {
	Case   string
	Type   program.DType
	Detail string
}

func (f Failure) String() string { return fmt.Sprintf("%s in %s: %s", f.Case, f.Type, f.Detail) }

// tolerance is the error allowed for a result, relative to the largest element.
func tolerance(t program.DType) float64 {
	switch t {
	case program.F64:
		return 1e-11
	case program.BF16:
		return 8e-2 // a few roundings of 2^-8 each, and cancellation
	case program.U8:
		return 2. / 255 // the neighbouring code, where a number lies between two
	default:
		return 2e-5
	}
}

// Run runs the table on a device and returns how many comparisons were made
// and those that failed.
func Run(dev program.Device, o Options) (checked int, failed []Failure) {
	return RunCases(dev, o, func(Case) bool { return true })
}

// Programs are those that Run gives a device, for what reads or compiles them only.
func Programs(o Options) []*program.Program {
	r := new(recorder)
	Run(r, o)
	return r.programs
}

// recorder is a device that keeps the Programs that it is given.
type recorder struct {
	mu       sync.Mutex
	programs []*program.Program
}

var errRecorded = errors.New("recorded")

func (r *recorder) Name() string                                   { return "recorder" }
func (r *recorder) Upload(*program.Tensor) (program.Buffer, error) { return nil, errRecorded }
func (r *recorder) Compile(p *program.Program) (program.Executable, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.programs = append(r.programs, p)
	return nil, errRecorded
}

// RunCases runs those cases of the table that want accepts.
func RunCases(dev program.Device, o Options, want func(Case) bool) (checked int, failed []Failure) {
	types := o.Types
	if o.Float64 {
		types = append([]program.DType{program.F64}, types...)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	free := make(chan struct{}, max(1, o.Parallel))
	for _, c := range Cases() {
		if !want(c) {
			continue
		}
		for _, t := range types {
			checked++
			free <- struct{}{}
			wg.Go(func() {
				defer func() { <-free }()
				if err := c.check(dev, t, o); err != nil {
					mu.Lock()
					defer mu.Unlock()
					failed = append(failed, Failure{c.Name, t, err.Error()})
				}
			})
		}
	}
	wg.Wait()
	return checked, failed
}

// skip says that a case has no meaning in a type.
// In bfloat16 there is no optimiser, and operands of a maximum are often equal.
func (c Case) skip(t program.DType) bool {
	return t == program.BF16 && (c.Kind == program.AdamW || c.Kind == program.AdamW8 || c.Kind == program.Maximum)
}

// check compares the outputs and the gradients of one case.
func (c Case) check(dev program.Device, t program.DType, o Options) error {
	if c.skip(t) {
		return nil
	}
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	data := map[string]*program.Tensor{}
	for i, in := range c.Inputs {
		data[name(i)] = in.random(rng, t)
	}
	forward, err := c.program(t, nil, false)
	if err != nil {
		return err
	}
	out := forward.Outputs[0].Value
	data["weight"] = In{Shape: out.Shape}.random(rng, out.Type)
	p, err := c.program(t, out, !c.NoGradient)
	if err != nil {
		return err
	}
	exe, err := dev.Compile(p)
	if err != nil {
		return err
	}
	got, err := exe.Run(context.Background(), program.Bindings{Data: data})
	if err != nil {
		return err
	}
	want, err := Evaluate(forward, data)
	if err != nil {
		return err
	}
	if c.Kind == program.Sample {
		return drawn(got["out"], want["out"])
	}
	if err := near(got["out"], want["out"], max(tolerance(t), tolerance(out.Type))); err != nil {
		return fmt.Errorf("result: %w", err)
	}
	if c.NoGradient {
		return nil
	}
	for i, in := range c.Inputs {
		if in.Ints != nil || in.Fixed {
			continue
		}
		numeric, err := differences(forward, data, name(i))
		if err != nil {
			return err
		}
		if err := near(got["d"+name(i)], numeric, max(tolerance(t), 1e-7)); err != nil {
			return fmt.Errorf("gradient by operand %d: %w", i, err)
		}
	}
	return nil
}

// drawn compares columns drawn by chance. A number may lie on the edge between
// two, where rounding decides; that two do in one case is out of the question.
func drawn(got *program.Tensor, want []float64) error {
	var other []int
	for i, w := range want {
		if got.At(i) != w {
			other = append(other, i)
		}
	}
	if len(other) > 1 {
		return fmt.Errorf("rows %v of %d are drawn differently, row %d as %g, want %g", other, len(want), other[0], got.At(other[0]), want[other[0]])
	}
	return nil
}

func name(i int) string { return fmt.Sprintf("x%d", i) }

// random makes an input's tensor.
func (in In) random(rng *rand.Rand, t program.DType) *program.Tensor {
	if in.Ints != nil {
		return program.Ints(in.Ints)
	}
	x := program.NewTensor(in.Type(t), in.Shape...)
	for i := range x.Len() {
		v := rng.NormFloat64()
		if in.Kept == program.U8 {
			v = float64(rng.IntN(256))
		}
		if in.Positive {
			v = 0.5 + 1.5*rng.Float64()
		}
		x.Set(i, v)
	}
	return x
}

// program builds the case. With the type and shape of the result known, it has
// an input for the result's weights; with a gradient it is that of the
// weighted sum of the result.
func (c Case) program(t program.DType, result *program.Value, gradient bool) (*program.Program, error) {
	return program.Build(c.Name, func(b *program.Builder) {
		var in, wrt []*program.Value
		for i, x := range c.Inputs {
			in = append(in, b.Input(program.Data, name(i), x.Type(t), x.Shape...))
		}
		out := c.Write(b, in)
		b.Output("out", out)
		if result == nil {
			return
		}
		w := b.Input(program.Data, "weight", result.Type, result.Shape...)
		if !gradient {
			return
		}
		y := b.Sum(b.Mul(out, w))
		var names []string
		for i, x := range c.Inputs {
			if x.Ints == nil && !x.Fixed {
				wrt = append(wrt, in[i])
				names = append(names, "d"+name(i))
			}
		}
		for i, d := range b.Gradient(y, wrt...) {
			b.Output(names[i], d)
		}
	})
}

// differences is the gradient of the weighted sum of a Program's result by one
// input, by central differences of the reference in float64. Of a large input
// some elements are tried; the others are NaN.
func differences(p *program.Program, data map[string]*program.Tensor, by string) ([]float64, error) {
	const tried = 40
	wide := map[string]*program.Tensor{}
	for k, v := range data {
		wide[k] = v
		if v.Type != program.I32 {
			wide[k] = v.As(program.F64)
		}
	}
	x := wide[by]
	d := make([]float64, x.Len())
	every := 1 + (len(d)-1)/tried
	for i := range d {
		d[i] = math.NaN()
		if i%every != 0 {
			continue
		}
		const h = 1e-4
		var f [4]float64
		v := x.F64[i]
		for k, step := range []float64{-2 * h, -h, h, 2 * h} {
			x.F64[i] = v + step
			out, err := Evaluate(p, wide)
			if err != nil {
				return nil, err
			}
			for j, y := range out["out"] {
				f[k] += y * wide["weight"].F64[j]
			}
		}
		x.F64[i] = v
		d[i] = (f[0] - 8*f[1] + 8*f[2] - f[3]) / (12 * h)
	}
	return d, nil
}

// near compares a tensor with what it should be; the error is relative to the
// largest element. What should be NaN is not compared.
func near(got *program.Tensor, want []float64, tol float64) error {
	if got == nil || got.Len() != len(want) {
		return fmt.Errorf("missing, or of another length than %d", len(want))
	}
	largest := 1e-3
	for _, w := range want {
		if !math.IsInf(w, 0) && !math.IsNaN(w) {
			largest = max(largest, math.Abs(w))
		}
	}
	for i, w := range want {
		g := got.At(i)
		if g == w || math.IsNaN(w) {
			continue
		}
		if e := math.Abs(g - w); !(e <= tol*largest) {
			return fmt.Errorf("element %d is %.9g, want %.9g (largest %.3g, allowed %.1g of it)", i, g, w, largest, tol)
		}
	}
	return nil
}
