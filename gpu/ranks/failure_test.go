package ranks_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"divvy/gpu/loss"
	"divvy/gpu/model"
	"divvy/gpu/program"
	"divvy/gpu/ranks"
	"divvy/gpu/train"
)

// TestDeath: when a rank is killed, the run fails with its number, the others
// end, the checkpoint before stays whole and can be taken up.
func TestDeath(t *testing.T) {
	d, procs := start(t, 3)
	c := train.Config{Loss: loss.PRO{}, Steps: 6, Dir: t.TempDir(), SaveEvery: 2}
	c.Progress = func(s train.Step) {
		if s.Step == 3 {
			if err := procs[1].Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	begun := time.Now()
	err := trainer(t, d, model.LLaMA, c).Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "rank 1 ended: signal: killed") || !strings.Contains(err.Error(), "checkpoint") {
		t.Errorf("the run ended with %v", err)
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("it took %v to say so", took)
	}
	for i, p := range procs {
		if p.ProcessState == nil {
			t.Errorf("rank %d goes on", i)
		}
	}
	if _, err := d.Available(); err == nil {
		t.Error("ranks of the processor have memory of their own")
	}
	if _, err := d.Upload(program.Floats([]float32{1})); err == nil || !strings.Contains(err.Error(), "rank 1") {
		t.Errorf("a device without a rank was used: %v", err)
	}
	c.Progress = nil
	second, _ := start(t, 3)
	tr := trainer(t, second, model.LLaMA, c)
	if tr.Step() != 2 {
		t.Fatalf("resumed at step %d, want 2", tr.Step())
	}
	mustRun(t, tr)
}

// TestFailure: a rank whose Program fails is named; the others are ended, whether
// they notice or wait for ever.
func TestFailure(t *testing.T) {
	p, err := program.Build("p", func(b *program.Builder) {
		b.OverRanks(3)
		ids := b.SplitInput(program.Data, "ids", program.I32, 2)
		rows := b.Gather(b.Const(program.F32, 1, 5, 4), ids)
		b.Output("y", b.AllReduce(b.Sum(rows)))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{"", "1"} {
		t.Setenv(deaf, setting)
		d, procs := start(t, 3)
		d.SetGrace(200 * time.Millisecond)
		e, err := d.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Run(context.Background(), program.Bindings{Data: map[string]*program.Tensor{"ids": program.Ints([]int32{0, 1, 2, 3, 4, 5})}})
		if err == nil || !strings.Contains(err.Error(), "rank 2: ") || !strings.Contains(err.Error(), "id 5 at position 1") {
			t.Errorf("deaf %q: the run gave %v", setting, err)
		}
		for i, p := range procs {
			if p.ProcessState == nil {
				t.Errorf("deaf %q: rank %d goes on", setting, i)
			}
		}
	}
}

// TestFolder: values are there for those who wait, and what nobody puts is not
// waited for longer than asked.
func TestFolder(t *testing.T) {
	f := ranks.Folder(t.TempDir())
	go func() {
		time.Sleep(20 * time.Millisecond)
		if err := f.Put("a/b:c", []byte("x\x00y")); err != nil {
			t.Error(err)
		}
	}()
	if v, err := f.Get("a/b:c", time.Minute); err != nil || string(v) != "x\x00y" {
		t.Errorf("%q, %v", v, err)
	}
	if _, err := f.Get("nothing", time.Millisecond); err == nil || !strings.Contains(err.Error(), `"nothing"`) {
		t.Errorf("what nobody put: %v", err)
	}
	if err := ranks.Folder("/nowhere").Put("a", nil); err == nil {
		t.Error("a value was put nowhere")
	}
}
