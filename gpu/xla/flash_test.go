package xla

import (
	"context"
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
	for _, causal := range []bool{true, false} {
		if err := agree(context.Background(), dev, dev, 2, causal); err != nil {
			t.Error(err)
		}
		if err := agree(context.Background(), dev, scaled{dev}, 2, causal); err == nil || !strings.Contains(err.Error(), "dq of heads of 64") {
			t.Errorf("a wrong gradient was taken: %v", err)
		}
	}
}
