package xla

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"divvy/gpu/program"
	"divvy/gpu/stablehlo"
)

// UseFlash tries attention by cuDNN's fused kernels against its form in
// primitives, on random numbers, and lets Programs that are compiled from now on
// use it where the two agree: over causal rows, over trees, and for heads that
// share keys. The error says where they do not. It is not to be called while others
// use the device.
func (d *Device) UseFlash(ctx context.Context) error {
	plain, fused := *d, *d
	plain.o.Emit.Flash, fused.o.Emit.Flash = false, true
	plain.o.Compiled, fused.o.Compiled = nil, nil
	forms, err := try(ctx, &plain, &fused, 2*len(d.devs))
	d.o.Emit.Flash, d.o.Emit.OnlyCausal, d.o.Emit.Ungrouped = forms.Flash, forms.OnlyCausal, forms.Ungrouped
	if err != nil {
		return fmt.Errorf("attention by cuDNN's kernels on %s, %w", d.Name(), err)
	}
	return nil
}

// try finds the forms of attention in which two devices agree.
func try(ctx context.Context, plain, fused program.Device, rows int) (forms stablehlo.Options, err error) {
	for _, causal := range []bool{true, false} {
		where := "over trees"
		if causal {
			where = "over causal rows"
		}
		if why := agree(ctx, plain, fused, trial{rows: rows, causal: causal, group: 1}); why != nil {
			return forms, fmt.Errorf("%s: %w", where, why)
		}
		forms.Flash, forms.OnlyCausal = true, causal
		if why := agree(ctx, plain, fused, trial{rows: rows, causal: causal, group: 2}); why != nil && err == nil {
			forms.Ungrouped, err = true, fmt.Errorf("%s with shared keys: %w", where, why)
		}
	}
	return forms, err
}

// Flash says whether attention in bfloat16 is left to cuDNN's kernels, and whether
// that is only so over causal rows.
func (d *Device) Flash() (used, onlyCausal bool) { return d.o.Emit.Flash, d.o.Emit.OnlyCausal }

// trial is one attention: rows, and query heads to each head of keys.
type trial struct {
	rows, group int
	causal      bool
}

// agree runs attention over trees, or over causal rows, forwards and backwards, on
// two devices: heads of two sizes, padding, rows that see nothing.
func agree(ctx context.Context, plain, fused program.Device, c trial) error {
	const tokens, heads = 128, 4
	outputs := map[int][]string{}
	p, err := program.Build("attention", func(b *program.Builder) {
		reach := b.Input(program.Data, "reach", program.I32, c.rows*tokens)
		for _, dim := range []int{64, 128} {
			name := func(s string) string { return fmt.Sprintf("%s of heads of %d", s, dim) }
			in := func(s string, heads int) *program.Value {
				return b.Input(program.Data, name(s), program.BF16, c.rows*tokens, heads*dim)
			}
			q, k, v, w := in("q", heads), in("k", heads/c.group), in("v", heads/c.group), in("w", heads)
			o := b.Attention(q, k, v, reach, nil, program.AttentionOptions{Rows: c.rows, Heads: heads, KVHeads: heads / c.group, Scale: 1 / math.Sqrt(float64(dim)), Causal: c.causal})
			b.Output(name("o"), o)
			d := b.Gradient(b.Sum(b.Mul(o, w)), q, k, v)
			for i, s := range []string{"dq", "dk", "dv"} {
				b.Output(name(s), d[i])
			}
			outputs[dim] = []string{name("o"), name("dq"), name("dk"), name("dv")}
		}
	})
	if err != nil {
		return err
	}
	data := map[string]*program.Tensor{}
	rng := rand.New(rand.NewPCG(1, 1))
	for _, v := range p.Inputs {
		x := program.NewTensor(v.Type, v.Shape...)
		for i := range x.Len() {
			if v.Type == program.I32 {
				if x.I32[i] = tokens - 1; !c.causal {
					x.I32[i] = reachOf(i % tokens)
				}
			} else {
				x.Set(i, rng.NormFloat64())
			}
		}
		data[v.Op.Attr.Name] = x
	}
	var results []map[string]*program.Tensor
	for _, d := range []program.Device{plain, fused} {
		e, err := d.Compile(p)
		if err != nil {
			return err
		}
		out, err := e.Run(ctx, program.Bindings{Data: data})
		if err != nil {
			return err
		}
		results = append(results, out)
	}
	const allowed = 3e-2 // of the largest: a few roundings of 2^-8
	for _, names := range outputs {
		for _, name := range names {
			want, got := results[0][name].F32, results[1][name].F32
			var largest, off float64
			for i, x := range want {
				largest = max(largest, math.Abs(float64(x)))
				if d := math.Abs(float64(got[i] - x)); !(d <= off) {
					off = d // NaN too
				}
			}
			if !(off <= allowed*largest) {
				return fmt.Errorf("%s is off by %.3g where the largest number is %.3g", name, off, largest)
			}
		}
	}
	return nil
}

// reachOf is a row of 128 tokens: a prompt with two answers, a dialogue behind
// them, and padding.
func reachOf(i int) int32 {
	switch {
	case i < 30:
		return 79
	case i < 50:
		return 49
	case i < 80:
		return 79
	case i < 120:
		return 119
	}
	return -1
}
