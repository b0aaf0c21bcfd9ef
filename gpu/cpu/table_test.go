package cpu

import (
	"testing"

	"divvy/gpu/devicetest"
	"divvy/gpu/program"
)

// TestTable runs the test table that every device must pass.
func TestTable(t *testing.T) {
	checked, failed := devicetest.Run(New(2), devicetest.Options{
		Float64: true, Types: []program.DType{program.F32, program.BF16}, Seed: 7,
	})
	if checked < 200 {
		t.Errorf("only %d comparisons were made", checked)
	}
	for _, f := range failed {
		t.Error(f)
	}
}

// TestTableCoversKinds: every operation has a kernel, and every operation that
// is not made by a gradient has a case.
func TestTableCoversKinds(t *testing.T) {
	covered := map[program.Kind]bool{}
	for _, c := range devicetest.Cases() {
		p, err := program.Build(c.Name, func(b *program.Builder) {
			var in []*program.Value
			for i, x := range c.Inputs {
				in = append(in, b.Input(program.Data, string(rune('a'+i)), x.Type(program.F32), x.Shape...))
			}
			y := c.Write(b, in)
			b.Output("y", y)
			if !c.NoGradient {
				var wrt []*program.Value
				for _, v := range in {
					if v.Type.IsFloat() {
						wrt = append(wrt, v)
					}
				}
				for i, g := range b.Gradient(b.Sum(y), wrt...) {
					b.Output(string(rune('A'+i)), g)
				}
			}
		})
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		for _, op := range p.Ops {
			covered[op.Kind] = true
		}
	}
	for _, k := range program.Kinds() {
		if kernels[k] == nil {
			t.Errorf("%s has no kernel", k)
		}
		// Barriers come with checkpoints, conversions with mixed types: they
		// have tests of their own, and so has what goes on between ranks.
		if !covered[k] && k != program.Barrier && k != program.Convert && k < program.AllReduce {
			t.Errorf("no case uses %s", k)
		}
	}
}
