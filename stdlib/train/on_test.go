package train

import (
	"strings"
	"testing"

	"divvy/gpu/batch"
	"divvy/gpu/cpu"
	"divvy/gpu/cuda"
	engine "divvy/gpu/train"
	"divvy/gpu/xla"
)

func TestOn(t *testing.T) {
	d, err := On(t.Context(), "cpu")
	if err != nil || !strings.HasPrefix(d.Name, "cpu (") {
		t.Fatalf("%+v, %v", d, err)
	}
	m := &Model{}
	moved, err := m.On(d)
	if err != nil || moved.device != d.device || m.device != nil {
		t.Errorf("%v, %v", moved, err)
	}
	if _, err := m.On(nil); err == nil {
		t.Error("a model went to no device")
	}
	t.Setenv(cuda.Setting, t.TempDir())
	if _, err := On(t.Context(), "cuda"); err == nil || !strings.Contains(err.Error(), "pip install") {
		t.Errorf("cuda without a plug-in: %v", err)
	}
	if _, err := On(t.Context(), "gpu"); err == nil || !strings.Contains(err.Error(), `"cuda:0-7"`) {
		t.Errorf("an unknown name: %v", err)
	}
}

// TestForDevice: only where compiling takes long are rows given a length, in
// which the longest example fits.
func TestForDevice(t *testing.T) {
	long := batch.Example{Prompt: make([]int32, 1000), Responses: [][]int32{make([]int32, 500), make([]int32, 700)}}
	limits := batch.Limits{Prompt: 2000, Total: 4000}
	n := longest([]batch.Example{{Prompt: make([]int32, 3)}, long}, limits)
	if n != 2202 {
		t.Errorf("the longest takes %d tokens", n)
	}
	if c := forDevice(engine.Config{}, cpu.New(1), n); c.RowTokens != 0 {
		t.Errorf("the processor's rows have %d tokens", c.RowTokens)
	}
	if c := forDevice(engine.Config{}, new(xla.Device), n); c.RowTokens != 2304 || c.RowMultiple != 4 {
		t.Errorf("rows of %d tokens, multiples of %d", c.RowTokens, c.RowMultiple)
	}
}
