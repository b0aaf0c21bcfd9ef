package generate

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"divvy/gpu/cpu"
	"divvy/gpu/hf"
	"divvy/gpu/model"
	"divvy/gpu/program"
)

func load(t *testing.T, name string) (*Generator, [][]int32, [][]int32) {
	t.Helper()
	dir := filepath.Join("..", "testdata", name)
	m, err := hf.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "expect.json"))
	if err != nil {
		t.Fatal(err)
	}
	var e struct{ IDs, Greedy [][]int32 }
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	m.Config.EOS = -1 // the fixture goes on over it
	g, err := New(cpu.New(2), m.Config, m.Weights)
	if err != nil {
		t.Fatal(err)
	}
	return g, e.IDs, e.Greedy
}

// TestGreedy: the tokens are those of transformers, in one batch and alone.
func TestGreedy(t *testing.T) {
	for _, name := range []string{"opt", "llama", "gpt_neox"} {
		g, prompts, want := load(t, name)
		for _, batch := range []int{1, 2} {
			got, err := g.Generate(context.Background(), prompts, Options{MaxNew: len(want[0]), Batch: batch})
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if !slices.Equal(got[i], want[i]) {
					t.Errorf("%s, batches of %d: text %d is %v, want %v", name, batch, i, got[i], want[i])
				}
			}
		}
	}
}

// TestSampling: the same seed gives the same text in any batch; texts end at
// EOS, at a stop and when the context does.
func TestSampling(t *testing.T) {
	g, prompts, greedy := load(t, "llama")
	ctx := context.Background()
	o := Options{MaxNew: 10, Temperature: 1, TopP: 0.95, TopK: 50, Seed: 4}
	a, err := g.Generate(ctx, prompts, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Batch = 1
	b, _ := g.Generate(ctx, prompts, o)
	o.Seed = 5
	c, _ := g.Generate(ctx, prompts, o)
	if !slices.Equal(a[0], b[0]) || !slices.Equal(a[1], b[1]) || slices.Equal(a[0], c[0]) {
		t.Errorf("texts %v, %v, %v", a, b, c)
	}

	g.c.EOS = int(greedy[0][4])
	d, _ := g.Generate(ctx, prompts[:1], Options{MaxNew: 10})
	if !slices.Equal(d[0], greedy[0][:4]) && !slices.Contains(greedy[0][:4], greedy[0][4]) {
		t.Errorf("with EOS: %v, greedy %v", d[0], greedy[0])
	}
	g.c.EOS = -1
	streamed := 0
	e, _ := g.Generate(ctx, prompts, Options{
		MaxNew: 10, Stop: func(i int, tokens []int32) bool { return i == 0 && len(tokens) == 3 },
		Stream: func(int, int32) { streamed++ },
	})
	if len(e[0]) != 3 || len(e[1]) != 10 || streamed != 13 {
		t.Errorf("stopped after %d and %d, %d streamed", len(e[0]), len(e[1]), streamed)
	}
	ctx, cancel := context.WithCancel(ctx)
	f, err := g.Generate(ctx, prompts, Options{MaxNew: 10, Stream: func(i int, _ int32) {
		if i == 1 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(f[0]) != 1 {
		t.Errorf("cancelled with %v after %v", err, f)
	}
}

func TestRefused(t *testing.T) {
	g, prompts, _ := load(t, "opt")
	if _, err := g.Generate(context.Background(), prompts, Options{MaxNew: 1000}); err == nil {
		t.Error("more positions than the model has were accepted")
	}
	if _, err := g.Generate(context.Background(), [][]int32{{}}, Options{}); err == nil {
		t.Error("an empty prompt was accepted")
	}
	if _, err := New(cpu.New(1), model.NewTiny(model.OPT, 8, 32, 1).AsReward(), nil); err == nil {
		t.Error("a reward model was accepted")
	}
}

// TestBF16: a model whose weights and cache take half the memory writes nearly
// the same text; its first tokens, which are far apart, are the same.
func TestBF16(t *testing.T) {
	dir := filepath.Join("..", "testdata", "llama")
	m, err := hf.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Config.EOS = -1
	whole, prompts, _ := load(t, "llama")
	half, err := NewIn(cpu.New(2), m.Config, m.Weights, program.BF16)
	if err != nil {
		t.Fatal(err)
	}
	want, err := whole.Generate(context.Background(), prompts, Options{MaxNew: 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := half.Generate(context.Background(), prompts, Options{MaxNew: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("text %d begins with %v, want %v", i, got[i], want[i])
		}
	}
	for name, b := range half.params {
		if b.Type() != program.BF16 {
			t.Errorf("%s is kept in %s", name, b.Type())
		}
	}
}

// far is a processor that has to be asked for several tokens at once.
type far struct{ program.Device }

func (far) Distant() bool { return true }

// TestAhead: tokens written several in a run are those written one by one, drawn
// or not, where texts end within a run, up to the model's last position.
func TestAhead(t *testing.T) {
	_, prompts, _ := load(t, "opt")
	m, err := hf.Load(t.Context(), "../testdata/opt")
	if err != nil {
		t.Fatal(err)
	}
	longest := 0
	for _, p := range prompts {
		longest = max(longest, len(p))
	}
	for _, o := range []Options{
		{MaxNew: 1}, {MaxNew: 9}, {MaxNew: 21}, {MaxNew: m.Config.MaxPositions - longest},
		{MaxNew: 21, Temperature: 1, Seed: 3, TopK: 20},
		{MaxNew: 21, Temperature: 1, Seed: 4, Batch: 2, Stop: func(i int, tokens []int32) bool { return len(tokens) == 3+5*i }},
	} {
		var got [2][][]int32
		for i, dev := range []program.Device{cpu.New(2), far{cpu.New(2)}} {
			g, err := New(dev, m.Config, m.Weights)
			if err != nil {
				t.Fatal(err)
			}
			if got[i], err = g.Generate(context.Background(), prompts, o); err != nil {
				t.Fatal(err)
			}
		}
		for i := range prompts {
			if !slices.Equal(got[0][i], got[1][i]) {
				t.Errorf("%d new tokens, temperature %g, text %d: %v, several in a run %v", o.MaxNew, o.Temperature, i, got[0][i], got[1][i])
			}
		}
	}
}
