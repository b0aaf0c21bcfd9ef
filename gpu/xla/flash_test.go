package xla

import (
	"context"
	"errors"
	"strings"
	"testing"

	"divvy/gpu/cpu"
	"divvy/gpu/internal/testplugin"
	"divvy/gpu/program"
	"divvy/install/pyenv"
)

// TestNoFlash: where XLA does not know the kernels, the trial says so and
// attention stays as it is.
func TestNoFlash(t *testing.T) {
	d, err := New(testplugin.Client(t, pyenv.Need(t).Dir), Options{Compile: testplugin.Quick()}, 0)
	if err != nil {
		t.Fatal(err)
	}
	err = d.UseFlash(context.Background())
	if used, _ := d.Flash(); err == nil || !strings.Contains(err.Error(), "fmhaSoftmax") || !strings.Contains(err.Error(), "over causal rows") || used {
		t.Errorf("the trial gave %v; in use: %v", err, used)
	}
}

// scaled is a device whose second output is a little larger.
type scaled struct{ program.Device }

type scaledRun struct{ program.Executable }

func (s scaled) Compile(p *program.Program) (program.Executable, error) {
	e, err := s.Device.Compile(p)
	return scaledRun{e}, err
}

func (s scaledRun) Run(ctx context.Context, in program.Bindings) (map[string]*program.Tensor, error) {
	out, err := s.Executable.Run(ctx, in)
	x := out[s.Program().Outputs[1].Name]
	for i := range x.F32 {
		x.F32[i] *= 1.1
	}
	return out, err
}

// TestAgree: equal devices agree; one that is a tenth off in one result does not.
func TestAgree(t *testing.T) {
	dev := cpu.New(2)
	for _, c := range []trial{{2, 1, true}, {2, 2, true}, {2, 1, false}, {2, 2, false}} {
		if err := agree(context.Background(), dev, dev, c); err != nil {
			t.Error(err)
		}
		if err := agree(context.Background(), dev, scaled{dev}, c); err == nil || !strings.Contains(err.Error(), "dq of heads of 64") {
			t.Errorf("a wrong gradient was taken: %v", err)
		}
	}
}

// part is a device whose attention is wrong of some trials.
type part struct {
	program.Device
	wrong func(a program.Attr) bool
}

func (p part) Compile(q *program.Program) (program.Executable, error) {
	for _, op := range q.Ops {
		if op.Kind == program.Attention && p.wrong(op.Attr) {
			return nil, errors.New("there is no kernel")
		}
	}
	return p.Device.Compile(q)
}

// TestPartOfFlash: what the trial finds right is used, and the rest is not.
func TestPartOfFlash(t *testing.T) {
	dev := cpu.New(2)
	for _, c := range []struct {
		name                        string
		wrong                       func(a program.Attr) bool
		used, onlyCausal, ungrouped bool
		says                        string
	}{
		{"nothing wrong", func(program.Attr) bool { return false }, true, false, false, ""},
		{"no trees", func(a program.Attr) bool { return !a.Causal }, true, true, false, "over trees"},
		{"no causal rows", func(a program.Attr) bool { return a.Causal }, false, false, false, "over causal rows"},
		{"no shared keys", func(a program.Attr) bool { return a.Heads != a.KVHeads }, true, false, true, "over causal rows with shared keys"},
		{"neither", func(a program.Attr) bool { return !a.Causal || a.Heads != a.KVHeads }, true, true, true, "over trees"},
	} {
		used, err := try(context.Background(), dev, part{dev, c.wrong}, 2)
		if used.Flash != c.used || used.OnlyCausal != c.onlyCausal || used.Ungrouped != c.ungrouped {
			t.Errorf("%s: %+v is used", c.name, used)
		}
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
