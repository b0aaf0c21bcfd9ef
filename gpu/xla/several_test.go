package xla_test

import (
	"context"
	"slices"
	"testing"

	"divvy/gpu/batch"
	"divvy/gpu/internal/testplugin"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/train"
	"divvy/gpu/xla"
	"divvy/install/pyenv"
)

// TestSeveral: states are divided where they can be and come back whole.
func TestSeveral(t *testing.T) {
	d := device(t, xla.Options{}, 0, 1, 2, 3)
	e := compile(t, d, func(b *program.Builder) {
		w, odd := b.Input(program.State, "w", program.BF16, 8, 2), b.Input(program.State, "odd", program.F32, 3)
		b.Assign(w, b.Shift(w, 1))
		b.Assign(odd, b.Add(odd, b.SumTo(b.Convert(w, program.F32))))
		b.Output("was", w)
	})
	w := program.NewTensor(program.BF16, 8, 2)
	for i := range w.F32 {
		w.F32[i] = float32(i)
	}
	state := map[string]program.Buffer{"w": upload(t, d, w), "odd": upload(t, d, program.Floats([]float32{1, 2, 3}))}
	out, err := e.Run(context.Background(), program.Bindings{State: state})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(out["was"].F32, w.F32) {
		t.Errorf("w was %v", out["was"].F32)
	}
	for i, x := range floats(t, state["w"]) {
		if x != w.F32[i]+1 {
			t.Errorf("element %d of w is %g", i, x)
		}
	}
	if got := floats(t, state["odd"]); !slices.Equal(got, []float32{121, 122, 123}) {
		t.Errorf("what cannot be divided is %v", got)
	}
	if m := e.Memory(); m.State != 8*2*2+4*3*4 {
		t.Errorf("the states take %d bytes on all devices, want one copy of w and four of the other", m.State)
	}
	one := device(t, xla.Options{}, 1)
	if _, err := e.Run(context.Background(), program.Bindings{State: map[string]program.Buffer{"w": upload(t, one, w), "odd": state["odd"]}}); err == nil {
		t.Error("a state of one device was taken by four")
	}
	for _, bad := range [][]int{{}, {0, 0}, {0, 99}} {
		if _, err := xla.New(testplugin.Client(t, pyenv.Need(t).Dir), xla.Options{}, bad...); err == nil {
			t.Errorf("devices %v were taken", bad)
		}
	}
}

// TestSeveralShareTheWork: weights, moments and activations of a step are
// divided: four devices take little more together than one does alone.
func TestSeveralShareTheWork(t *testing.T) {
	c := model.NewTiny(model.LLaMA, 256, 128, 3)
	p, err := train.StepProgram(c, train.Config{Loss: loss.SFT{}, Batch: 8, Compute: program.BF16, Recompute: true}, &batch.Batch{Rows: 8, RowTokens: 64, G: 8, K: 1})
	if err != nil {
		t.Fatal(err)
	}
	var sizes []program.Memory
	for _, which := range [][]int{{0}, {0, 1, 2, 3}} {
		e, err := device(t, xla.Options{}, which...).Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, e.Memory())
	}
	one, four := sizes[0], sizes[1]
	t.Logf("one device %+v, four together %+v", one, four)
	if four.State > one.State*101/100 {
		t.Errorf("states take %d bytes on four devices, %d on one: they are not divided", four.State, one.State)
	}
	// Weights as they are computed with are whole on every device for a while.
	if four.Temporary > 3*one.Temporary {
		t.Errorf("temporaries take %d bytes on four devices, %d on one", four.Temporary, one.Temporary)
	}
}
