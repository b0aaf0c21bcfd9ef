package stablehlo_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"divvy/gpu/batch"
	"divvy/gpu/devicetest"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/stablehlo"
	"divvy/gpu/train"
	"divvy/install/pyenv"
)

// table is every Program of the device table.
func table() []*program.Program {
	return devicetest.Programs(devicetest.Options{Types: []program.DType{program.F32, program.BF16}, Float64: true, Seed: 1})
}

// TestEveryOperationIsWritten: the table's Programs have all operations between
// them, and each is written.
func TestEveryOperationIsWritten(t *testing.T) {
	seen := map[program.Kind]bool{}
	for _, p := range table() {
		for _, op := range p.Ops {
			seen[op.Kind] = true
		}
		if _, err := stablehlo.Emit(p, stablehlo.Options{}); err != nil {
			t.Error(err)
		}
	}
	// These come in with recomputation, see TestSteps.
	seen[program.Barrier], seen[program.Convert] = true, true
	// These stand between ranks, see TestRanks.
	seen[program.AllReduce], seen[program.AllGather], seen[program.ReduceScatter] = true, true, true
	for _, k := range program.Kinds() {
		if !seen[k] {
			t.Errorf("no Program of the table has %s", k)
		}
	}
}

// TestUnknownOperation: what cannot be written is named.
func TestUnknownOperation(t *testing.T) {
	p, err := program.Build("odd", func(b *program.Builder) {
		b.Output("y", b.Exp(b.Input(program.Data, "x", program.F32, 3)))
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Ops[1].Kind = program.Kind(250)
	_, err = stablehlo.Emit(p, stablehlo.Options{})
	var u *stablehlo.UnsupportedError
	if !errors.As(err, &u) || u.Op != p.Ops[1] || !strings.Contains(err.Error(), `"odd"`) {
		t.Errorf("the error is %v, want an UnsupportedError that names the operation and the Program", err)
	}
}

// full is a published model's training step, as one device computes it.
type full struct {
	model   string
	loss    loss.Loss
	rows    int
	texts   int // in a row
	k       int
	size    int // most bytes of text
	moments program.DType
}

func (f full) String() string {
	return fmt.Sprintf("%s %s, moments in %s", f.model, f.loss.Name(), f.moments)
}

func (f full) step(t testing.TB) *program.Program {
	const length = 512
	b := &batch.Batch{Rows: f.rows, RowTokens: f.texts * length, G: f.rows * f.texts, K: f.k}
	if f.k > 1 {
		b.RowTokens, b.G = 2048, f.rows
	}
	p, err := train.StepProgram(model.Published()[f.model], train.Config{
		Loss: f.loss, Batch: b.G, Store: program.F32, Compute: program.BF16, Recompute: true, Moments: f.moments,
	}, b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var steps = []full{
	{"opt-1.3b", loss.SFT{}, 16, 1, 1, 3 << 20, program.F32},
	{"opt-1.3b", loss.PRO{}, 4, 1, 4, 5 << 20, program.BF16},
	{"llama-7b", loss.SFT{}, 16, 1, 1, 3 << 20, program.F32},
	{"llama-7b", loss.PRO{}, 4, 1, 4, 12 << 20, program.U8},
	{"llama-7b", loss.PRO{}, 4, 1, 4, 3 << 20, program.F32},
}

// variants are other forms of the last step.
var variants = map[string]stablehlo.Options{
	"eight-devices": {Partitions: 8},
	"small-blocks":  {VocabBlock: 1000, QueryBlock: 100},
	"flash":         {Flash: true},
	"flash-divided": {Flash: true, Partitions: 4},
}

// TestParsed: MLIR's own parser and verifier read the text of every Program of
// the table and of full-size training steps, and every state of a step is
// aliased.
func TestParsed(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, p *program.Program, o stablehlo.Options) []byte {
		text, err := stablehlo.Emit(p, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".mlir"), text, 0o644); err != nil {
			t.Fatal(err)
		}
		return text
	}
	programs := table()
	for i, p := range programs {
		write(fmt.Sprintf("table-%03d", i), p, stablehlo.Options{})
	}
	for i, f := range steps {
		p := f.step(t)
		start := time.Now()
		text := write(fmt.Sprintf("step-%d", i), p, stablehlo.Options{})
		t.Logf("%s: %d operations, %.2f MB of text in %v", f, len(p.Ops), float64(len(text))/1e6, time.Since(start).Round(time.Millisecond))
		if len(text) > f.size {
			t.Errorf("%s takes %d bytes of text, want at most %d", f, len(text), f.size)
		}
		if i == len(steps)-1 {
			for name, o := range variants {
				write(fmt.Sprintf("step-%d-%s", i, name), p, o)
			}
		}
		if n := strings.Count(string(text), "optimization_barrier"); n < model.Published()[f.model].Layers {
			t.Errorf("%s has %d barriers, want one a layer or more", f, n)
		}
		states := 0
		for _, v := range p.Inputs {
			if v.Op.Attr.Role == program.State {
				states++
			}
		}
		if n := strings.Count(string(text), "tf.aliasing_output"); n != states || n != len(p.Assigns) {
			t.Errorf("%s aliases %d values, want its %d states", f, n, states)
		}
	}
	env := pyenv.Need(t)
	out, err := env.Command(t.Context(), "testdata/parse.py", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := fmt.Sprintf("%d parsed", len(programs)+len(steps)+len(variants)); !strings.Contains(string(out), want) {
		t.Errorf("the parser says %q, want %q", out, want)
	}
}

// TestParserRefuses: the parser that finds all of the above right finds wrong
// types wrong.
func TestParserRefuses(t *testing.T) {
	dir := t.TempDir()
	wrong := `module { func.func public @main(%a: tensor<2xf32>, %b: tensor<3xf32>) -> tensor<2xf32> {
  %0 = stablehlo.add %a, %b : (tensor<2xf32>, tensor<3xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32> } }`
	if err := os.WriteFile(filepath.Join(dir, "wrong.mlir"), []byte(wrong), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := pyenv.Need(t).Command(t.Context(), "testdata/parse.py", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "wrong.mlir: ") || !strings.Contains(string(out), "stablehlo.add") {
		t.Errorf("the parser took a sum of different shapes: %s", out)
	}
}

// BenchmarkEmit writes the step of LLaMA-7B.
func BenchmarkEmit(b *testing.B) {
	for _, f := range steps {
		b.Run(strings.ReplaceAll(f.String(), " ", "-"), func(b *testing.B) {
			p := f.step(b)
			var text []byte
			for b.Loop() {
				var err error
				if text, err = stablehlo.Emit(p, stablehlo.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(text))/1e6, "MB")
		})
	}
}

// TestRecomputationWaits: a layer is computed again only when the gradient has
// come back to it; else all layers would be at once.
func TestRecomputationWaits(t *testing.T) {
	p, err := program.Build("p", func(b *program.Builder) {
		x := b.Input(program.State, "x", program.F32, 4, 4)
		y := b.Exp(x)
		for range 2 {
			b.Checkpoint(func() { y = b.Exp(b.Tanh(y)) })
		}
		b.Output("d", b.Gradient(b.Sum(y), x)[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := stablehlo.Emit(p, stablehlo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	joint := regexp.MustCompile(`stablehlo.optimization_barrier (%\d+), (%\d+) :`).FindAllStringSubmatch(string(text), -1)
	if len(joint) != 2 || joint[0][2] == joint[1][2] {
		t.Errorf("the barriers of two layers are %q, want two that wait for different gradients:\n%s", joint, text)
	}
}

// TestLogitsOnce: where the derivative that comes back to an output layer is known
// before, logits are computed once; where it depends on what the layer gives, again.
func TestLogitsOnce(t *testing.T) {
	const rows, words, width = 300, 1000, 7
	build := func(known bool) *program.Program {
		p, err := program.Build("output", func(b *program.Builder) {
			h, w := b.Input(program.Data, "h", program.F32, rows, width), b.Input(program.State, "w", program.F32, words, width)
			logp := b.LinearLogProb(h, w, b.Input(program.Data, "target", program.I32, rows))
			loss := b.Sum(logp)
			if !known {
				loss = b.Sum(b.Exp(logp))
			}
			b.Output("loss", loss)
			b.Output("logp", b.Scale(logp, 2))
			d := b.Gradient(loss, h, w)
			b.Output("dh", d[0])
			b.Assign(w, d[1])
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		known  bool
		o      stablehlo.Options
		logits string
		n      int
	}{
		{true, stablehlo.Options{}, "-> tensor<300x1000xf32>", 1},
		{true, stablehlo.Options{VocabBlock: 250}, "-> tensor<150x1000xf32>", 2},
		{true, stablehlo.Options{VocabBlock: 250, Partitions: 2}, "-> tensor<300x250xf32>", 8},
		{false, stablehlo.Options{}, "-> tensor<300x1000xf32>", 2},
		{false, stablehlo.Options{VocabBlock: 500}, "-> tensor<300x500xf32>", 4},
	} {
		text, err := stablehlo.Emit(build(c.known), c.o)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, "dot_general") && strings.Contains(line, c.logits) {
				n++
			}
		}
		if n != c.n {
			t.Errorf("known before: %v, %+v: logits %s are computed %d times, want %d:\n%s", c.known, c.o, c.logits, n, c.n, text)
		}
	}
}
