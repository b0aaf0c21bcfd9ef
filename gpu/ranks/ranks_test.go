package ranks_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"divvy/gpu/batch"
	"divvy/gpu/batch/batchtest"
	"divvy/gpu/cpu"
	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/ranks"
	"divvy/gpu/train"
)

// The test binary is a rank when a Device starts it.
func TestMain(m *testing.M) {
	if _, _, _, ok := ranks.Place(); !ok {
		os.Exit(m.Run())
	}
	err := ranks.Main(func(g program.Group) (program.Device, error) {
		if os.Getenv(deaf) != "" {
			g = alone{g}
		}
		return cpu.NewRank(1, g), nil
	})
	fmt.Fprintln(os.Stderr, "rank:", err)
	os.Exit(1)
}

// Ranks with this setting never hear that another has ended, as on devices whose
// collectives wait for ever.
const deaf = "DIVVY_TEST_DEAF"

type alone struct{ program.Group }

func (a alone) Exchange(parts [][]byte) ([][]byte, error) {
	got, err := a.Group.Exchange(parts)
	if err != nil {
		time.Sleep(time.Hour)
	}
	return got, err
}

// start starts n ranks and gives their processes too.
func start(t *testing.T, n int) (*ranks.Device, []*exec.Cmd) {
	t.Helper()
	var all []*exec.Cmd
	d, err := ranks.Start(n, func(int) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Stderr = os.Stderr
		all = append(all, cmd)
		return cmd
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d, all
}

const vocab = 40

// trainer is a run of a small model.
func trainer(t *testing.T, dev program.Device, arch string, c train.Config) *train.Trainer {
	t.Helper()
	m := model.NewTiny(arch, vocab, 64, 2)
	m.Heads, m.KVHeads, m.MaxPositions, m.InitStd = 4, 4, 64, 0.1
	if arch != model.OPT {
		m.RotaryDims = 8
	}
	if c.Loss != nil && c.Loss.Needs().Scores {
		m = m.AsReward()
	}
	params, err := model.Params(m, model.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c.Batch, c.LR, c.RowTokens, c.RowMultiple = 6, 1e-2, 64, 6
	tr, err := train.New(t.Context(), dev, m, model.Initial(params, 3), batchtest.Rankings(12, 3, vocab), c)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func mustRun(t *testing.T, tr *train.Trainer) {
	t.Helper()
	if err := tr.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// same compares two runs' losses, norms and weights.
func same(t *testing.T, got, want *train.Trainer, tol float64) {
	t.Helper()
	near := func(what string, x, y float64) {
		if !(math.Abs(x-y) <= tol*max(1, math.Abs(y))) {
			t.Errorf("%s is %.12g, want %.12g", what, x, y)
		}
	}
	for i, s := range want.History() {
		near(fmt.Sprintf("the loss of step %d", i+1), got.History()[i].Loss, s.Loss)
		near(fmt.Sprintf("the norm of step %d", i+1), got.History()[i].Norm, s.Norm)
	}
	a, err := got.Weights()
	if err != nil {
		t.Fatal(err)
	}
	b, err := want.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range b {
		for i, x := range w.F32 {
			if d := math.Abs(float64(a[name].F32[i] - x)); !(d <= max(tol, 1e-7)) {
				t.Fatalf("%s: element %d is off by %g", name, i, d)
			}
		}
	}
}

// TestRanks: N ranks, each with its rows, give the steps of one device with all
// of them; what each holds is an Nth.
func TestRanks(t *testing.T) {
	f64 := train.Config{Store: program.F64, Compute: program.F64, Steps: 4}
	with := func(change func(c *train.Config)) train.Config {
		c := f64
		change(&c)
		return c
	}
	d, _ := start(t, 3)
	for _, x := range []struct {
		name, arch string
		c          train.Config
		tol        float64
	}{
		{"PRO in f64, recomputed", model.LLaMA, with(func(c *train.Config) { c.Loss = loss.PRO{}; c.Recompute = true }), 1e-9},
		{"SFT in f64, accumulated", model.OPT, with(func(c *train.Config) { c.Loss = loss.SFT{}; c.Micro = 3 }), 1e-9},
		{"DPO in f64", model.GPTNeoX, with(func(c *train.Config) { c.Loss = loss.DPO{} }), 1e-9},
		{"a reward model in f64", model.GPTNeoX, with(func(c *train.Config) { c.Loss = loss.BradleyTerry{} }), 1e-9},
		{"adapters in f64", model.LLaMA, with(func(c *train.Config) { c.Loss = loss.PRO{}; c.LoRA = model.LoRA{Rank: 2} }), 1e-9},
		{"moments of 8 bits", model.LLaMA, train.Config{Loss: loss.PRO{}, Moments: program.U8, Steps: 2}, 2e-3},
		{"bf16", model.OPT, train.Config{Loss: loss.PRO{}, Compute: program.BF16, Steps: 1}, 3e-2},
	} {
		t.Run(x.name, func(t *testing.T) {
			want := trainer(t, cpu.New(2), x.arch, x.c)
			got := trainer(t, d, x.arch, x.c)
			mustRun(t, want)
			mustRun(t, got)
			same(t, got, want, x.tol)
			one, err := want.Plan()
			if err != nil {
				t.Fatal(err)
			}
			all, err := got.Plan()
			if err != nil {
				t.Fatal(err)
			}
			// Parts of whole blocks of 256 leave a little unused here.
			if all.Moments > one.Moments*109/100 || all.Parameters > one.Parameters*109/100 || all.Tokens != one.Tokens {
				t.Errorf("the ranks' plan is %s, that of one device %s: states are not divided", all, one)
			}
		})
	}
}

// TestResume: a checkpoint of three ranks is taken up by two and by one.
func TestResume(t *testing.T) {
	c := train.Config{Loss: loss.PRO{}, Store: program.F64, Compute: program.F64, Steps: 5}
	whole := trainer(t, cpu.New(2), model.LLaMA, c)
	mustRun(t, whole)
	for _, n := range []int{2, 1} {
		c.Dir = t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		c.Progress = func(s train.Step) {
			if s.Step == 2 {
				cancel()
			}
		}
		three, _ := start(t, 3)
		if err := trainer(t, three, model.LLaMA, c).Run(ctx); err == nil {
			t.Fatal("the run was not stopped")
		}
		c.Progress = nil
		var dev program.Device = cpu.New(1)
		if n > 1 {
			dev, _ = start(t, n)
		}
		second := trainer(t, dev, model.LLaMA, c)
		if second.Step() != 2 {
			t.Fatalf("%d ranks go on from step %d, want 2", n, second.Step())
		}
		mustRun(t, second)
		same(t, second, whole, 1e-9)
	}
}

// TestSameRanksSameBits: taken up by as many ranks, a run ends with the same bits.
func TestSameRanksSameBits(t *testing.T) {
	c := train.Config{Loss: loss.SFT{}, Moments: program.BF16, Steps: 4}
	d, _ := start(t, 2)
	whole := trainer(t, d, model.OPT, c)
	mustRun(t, whole)
	c.Dir, c.Steps = t.TempDir(), 2
	mustRun(t, trainer(t, d, model.OPT, c))
	c.Steps = 4
	again, _ := start(t, 2)
	second := trainer(t, again, model.OPT, c)
	if second.Step() != 2 {
		t.Fatalf("resumed at step %d", second.Step())
	}
	mustRun(t, second)
	a, err := whole.Weights()
	if err != nil {
		t.Fatal(err)
	}
	b, err := second.Weights()
	if err != nil {
		t.Fatal(err)
	}
	for name := range a {
		if !slices.Equal(a[name].F32, b[name].F32) {
			t.Errorf("%s differs", name)
		}
	}
}

// TestPrograms: data and states reach the ranks as they should, and what does not
// fit is refused; a Program that is not for all runs on the first rank.
func TestPrograms(t *testing.T) {
	d, _ := start(t, 2)
	p, err := program.Build("p", func(b *program.Builder) {
		b.OverRanks(2)
		w, x := b.SplitInput(program.State, "w", program.F32, 2), b.SplitInput(program.Data, "x", program.F32, 3)
		by := b.Input(program.Data, "by", program.F32)
		all := b.AllGather(w) // 4
		y := b.AllReduce(b.Mul(b.Sum(x), b.Sum(b.Mul(all, all))))
		b.Output("y", b.Mul(y, by))
		b.Output("all", all)
		b.Assign(w, b.Gradient(y, w)[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := p.String(); !strings.Contains(text, "over 2 ranks") || !strings.Contains(text, `"w", split`) || !strings.Contains(text, "reduce_scatter") {
		t.Errorf("the text is\n%s", text)
	}
	if got := p.Wire().Program().String(); got != p.String() {
		t.Errorf("over the wire it is\n%s\nit was\n%s", got, p)
	}
	e, err := d.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	w, err := d.UploadSplit(program.Floats([]float32{1, 2, 3, 4}))
	if err != nil {
		t.Fatal(err)
	}
	data := map[string]*program.Tensor{"x": program.Floats([]float32{1, 2, 3, 4, 5, 6}), "by": program.Scalar(program.F32, 2)}
	out, err := e.Run(context.Background(), program.Bindings{State: map[string]program.Buffer{"w": w}, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if y := out["y"].At(0); y != 2*21*30 || !slices.Equal(out["all"].F32, []float32{1, 2, 3, 4}) {
		t.Errorf("y is %g, w was %v", y, out["all"].F32)
	}
	if got, err := w.Download(); err != nil || !slices.Equal(got.F32, []float32{42, 84, 126, 168}) {
		t.Errorf("the gradient is %v, %v", got, err)
	}
	first, err := program.Build("first", func(b *program.Builder) {
		b.Output("y", b.Shift(b.Input(program.State, "v", program.F32, 3), 1))
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.Upload(program.Floats([]float32{1, 2, 3}))
	if err != nil {
		t.Fatal(err)
	}
	f, err := d.Compile(first)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := f.Run(context.Background(), program.Bindings{State: map[string]program.Buffer{"v": v}}); err != nil || !slices.Equal(out["y"].F32, []float32{2, 3, 4}) {
		t.Errorf("the first rank alone gives %v, %v", out, err)
	}
	for what, in := range map[string]program.Bindings{
		"missing data":      {State: map[string]program.Buffer{"w": w}},
		"a state not split": {State: map[string]program.Buffer{"w": v}, Data: data},
		"short data":        {State: map[string]program.Buffer{"w": w}, Data: map[string]*program.Tensor{"x": program.Floats([]float32{1, 2, 3}), "by": data["by"]}},
	} {
		if _, err := e.Run(context.Background(), in); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
	if _, err := d.UploadSplit(program.Floats([]float32{1, 2, 3})); err == nil {
		t.Error("three numbers were split over two ranks")
	}
	if _, err := cpu.New(1).Compile(p); err == nil || !strings.Contains(err.Error(), "2 ranks") {
		t.Errorf("one device took a Program for two: %v", err)
	}
	if out, err := e.Run(context.Background(), program.Bindings{State: map[string]program.Buffer{"w": w}, Data: data}); err != nil || out["y"].At(0) == 0 {
		t.Errorf("after refusals: %v, %v", out, err)
	}
}

// TestLargePlan: of LLaMA-7B's weights and moments each of four ranks holds a
// quarter, and whole weights only while they are used.
func TestLargePlan(t *testing.T) {
	d, _ := start(t, 4)
	m := model.Published()["llama-7b"]
	c := train.Config{Loss: loss.PRO{}, Batch: 4, Compute: program.BF16, Recompute: true, Moments: program.U8}
	b := &batch.Batch{Rows: 4, RowTokens: 2048, G: 4, K: 4}
	one, err := train.PlanStep(cpu.New(1), m, c, b)
	if err != nil {
		t.Fatal(err)
	}
	all, err := train.PlanStep(d, m, c, b)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("one device %s; four ranks together %s", one, all)
	if all.Parameters > one.Parameters*1001/1000 || all.Moments > one.Moments*1001/1000 {
		t.Errorf("weights and moments take %d bytes on four ranks, %d on one device", all.Parameters+all.Moments, one.Parameters+one.Moments)
	}
	if all.FLOPs < 0.99*one.FLOPs || all.FLOPs > 1.01*one.FLOPs {
		t.Errorf("four ranks compute %g operations, one device %g", all.FLOPs, one.FLOPs)
	}
}
