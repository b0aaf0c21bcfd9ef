package generate

import (
	"context"
	"strings"
	"testing"

	"divvy/gpu/cpu"
	"divvy/gpu/hf"
	"divvy/gpu/program"
)

// counting is a device that counts what runs bring to it and take from it.
type counting struct {
	program.Device
	runs *[]transfer
}

type transfer struct{ in, out, assigned int } // bytes; states that are assigned to

type countingRun struct {
	program.Executable
	runs *[]transfer
}

func (c counting) Compile(p *program.Program) (program.Executable, error) {
	e, err := c.Device.Compile(p)
	return countingRun{e, c.runs}, err
}

func (c countingRun) Run(ctx context.Context, in program.Bindings) (map[string]*program.Tensor, error) {
	t := transfer{assigned: len(c.Program().Assigns)}
	out, err := c.Executable.Run(ctx, in)
	for _, x := range in.Data {
		t.in += x.Len() * x.Type.Size()
	}
	for _, x := range out {
		t.out += x.Len() * x.Type.Size()
	}
	*c.runs = append(*c.runs, t)
	return out, err
}

// TestTransfers: while texts are written nothing is brought to the device, but a
// random number a text where tokens are drawn, and only the tokens come back; the
// cache stays there.
func TestTransfers(t *testing.T) {
	_, prompts, _ := load(t, "llama")
	m, err := hf.Load(t.Context(), "../testdata/llama")
	if err != nil {
		t.Fatal(err)
	}
	m.Config.EOS = -1
	for temperature, in := range map[float64]int{0: 0, 1: 4 * len(prompts)} {
		var runs []transfer
		g, err := New(counting{cpu.New(1), &runs}, m.Config, m.Weights)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Generate(context.Background(), prompts, Options{MaxNew: 6, Temperature: temperature}); err != nil {
			t.Fatal(err)
		}
		if len(runs) != 6 {
			t.Fatalf("%d runs for 6 tokens", len(runs))
		}
		for i, r := range runs[1:] {
			// Keys and values of each layer, the token, its position and place.
			want := transfer{in, 4 * len(prompts), 2*m.Config.Layers + 3}
			if r != want {
				t.Errorf("temperature %g, token %d: %+v, want %+v", temperature, i+1, r, want)
			}
		}
		for s, e := range g.exes {
			if s.tokens == 1 && strings.Contains(e.Program().String(), `data "ids"`) {
				t.Errorf("the Program of a step takes ids:\n%s", e.Program())
			}
		}
	}
}
