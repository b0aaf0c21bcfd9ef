package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"divvy/gpu/batch"
	"divvy/gpu/cpu"
	"divvy/gpu/cuda"
	"divvy/gpu/internal/testplugin"
	"divvy/gpu/internal/testshared"
	"divvy/gpu/program"
	"divvy/gpu/train"
	"divvy/install/pyenv"
)

// The test binary is the command when this variable is set: the parts run in
// processes of their own, as they do on a GPU machine.
const asBench = "DIVVY_TEST_AS_BENCH"

func TestMain(m *testing.M) {
	if os.Getenv(asBench) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// prompts writes a file of rankings.
func prompts(t *testing.T, rows int) string {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	ids := func(n int) string {
		x := make([]string, n)
		for i := range x {
			x[i] = fmt.Sprint(r.IntN(500))
		}
		return "[" + strings.Join(x, ",") + "]"
	}
	var b strings.Builder
	b.WriteString(`{"prompt": [1, 2], "responses": [[3], [4]], "rewards": [1, 0]}` + "\n") // too few: passed over
	for range rows {
		fmt.Fprintf(&b, `{"prompt": %s, "responses": [%s, %s, %s, %s, %s], "rewards": [3, 2, 1, 0.5, 0]}`+"\n", ids(3+r.IntN(40)), ids(9), ids(4), ids(30), ids(1), ids(2))
	}
	path := filepath.Join(t.TempDir(), "prompts.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// python is an interpreter that writes a part's figures without torch.
func python(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	// $1 is the program, $2 the part, $3 the sizes, $4 the prompts, $5 where to.
	script := `#!/bin/sh
case "$3" in '{"model":{"Arch":"opt"'*) ;; *) echo "sizes are $3" >&2; exit 3;; esac
grep -q transformers "$1" || exit 4
case $2 in
torch-sft) echo '{"part":"torch-sft","values":{"eager_tokens_per_s":1,"compiled_tokens_per_s":1e12},"took":1}' >"$5";;
torch-pro) echo '{"part":"torch-pro","values":{"samples_per_s":1e-3},"took":1}' >"$5";;
*) echo "RuntimeError: torch is not what it was" >&2; exit 1;;
esac
`
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// bench runs the command and gives what it printed.
func bench(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asBench+"=1")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// TestWholeRun runs every part at tiny size on XLA's plug-in for the processor,
// in the place of an NVIDIA device.
func TestWholeRun(t *testing.T) {
	t.Setenv(cuda.Setting, testplugin.Path(t, pyenv.Need(t).Dir))
	dir := t.TempDir()
	out, err := bench(t, "-size", "tiny", "-prompts", prompts(t, 40), "-out", dir, "-python", python(t), "-budget", "8m")
	if err == nil || !strings.Contains(out, "some parts failed") {
		t.Errorf("the error is %v; torch-generate must have failed", err)
	}
	report, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, string(report)) {
		t.Error("the report that was written is not the one that was printed")
	}
	for _, want := range []string{
		"Measured on cpu:0 (cpu)",
		"| SFT, tokens/s over torch.compile | 1.05 or more | 0.00 | not judged at this size |",
		"| Greedy generation, tokens/s over transformers | 5 or more | not measured |  |",
		"| Device table, comparisons that failed | 0 | 0 of ",
		"torch-generate    0.0 s  FAILED: its process ended: exit status 1: RuntimeError: torch is not what it was",
		`compiled "step"`,
	} {
		if !strings.Contains(string(report), want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
	for _, name := range []string{"attention", "product", "sft", "pro", "generate", "table", "large"} {
		text, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			t.Error(err)
			continue
		}
		var r Result
		if err := json.Unmarshal(text, &r); err != nil || r.Error != "" || len(r.Values) == 0 {
			t.Errorf("%s: %v, %+v", name, err, r)
		}
		for figure, x := range r.Values {
			if !(x >= 0) || math.IsInf(x, 0) || x == 0 && figure != "failed" && figure != "compile_s" {
				t.Errorf("%s: %s is %g", name, figure, x)
			}
		}
	}
}

// TestProcessor runs a part on Divvy's own device.
func TestProcessor(t *testing.T) {
	dir := t.TempDir()
	out, err := bench(t, "-size", "tiny", "-device", "cpu", "-parts", "product,sft", "-out", dir, "-python", "")
	if err != nil || !strings.Contains(out, "tokens_per_s") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestRanks trains in two processes of the command.
func TestRanks(t *testing.T) {
	out, err := bench(t, "-size", "tiny", "-device", "cpu:0-1", "-parts", "sft", "-out", t.TempDir(), "-python", "")
	if err != nil || !strings.Contains(out, "tokens_per_s") || !strings.Contains(out, "Measured on 2 ranks of cpu") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestTimeIsUp: what could not be run is said.
func TestTimeIsUp(t *testing.T) {
	out, err := bench(t, "-size", "tiny", "-device", "cpu", "-parts", "product,torch-sft", "-out", t.TempDir(), "-python", "", "-budget", "1s")
	if err == nil || strings.Count(out, "not run: the time is up") < 2 {
		t.Errorf("%v\n%s", err, out)
	}
	slow := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(slow, []byte("#!/bin/sh\nexec sleep 60\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := settings{size: "tiny", out: t.TempDir(), python: slow}
	p, err := find("torch-pro")
	if err != nil {
		t.Fatal(err)
	}
	if r := s.child(context.Background(), p, 6*time.Second); !strings.Contains(r.Error, "stopped after 6s") {
		t.Errorf("%+v", r)
	}
}

func TestRefusals(t *testing.T) {
	z, err := sizes("tiny")
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.jsonl")
	for _, c := range []struct{ text, want string }{
		{"{", "line 1"},
		{`{"prompt": [1], "responses": [[1],[2],[3],[600]], "rewards": [1,2,3,4]}`, "id 600"},
		{`{"prompt": [], "responses": [[1],[2],[3],[4]], "rewards": [1,2,3,4]}`, "no token"},
		{`{"prompt": [1], "responses": [[1],[2],[3],[4]], "rewards": [1,2,3,4]}`, "has 1 rankings of 4 responses, want 2"},
	} {
		if err := os.WriteFile(bad, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := rankings(bad, 2, z); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
	if _, err := rankings("", 2, z); err == nil {
		t.Error("no file of prompts was enough")
	}
	if _, err := find("nothing"); err == nil {
		t.Error("a part of no name was found")
	}
	if err := run(context.Background(), settings{size: "huge"}, &bytes.Buffer{}); err == nil {
		t.Error("a size of no name was taken")
	}
}

// TestTargets: figures are met, missed or not measured, never guessed.
func TestTargets(t *testing.T) {
	met := []Result{
		{Part: "product", Values: map[string]float64{"tflops": 780}},
		{Part: "sft", Device: "cuda:0 (H)", Values: map[string]float64{"tflops": 400, "tokens_per_s": 140, "plan_bytes": 100, "peak_bytes": 104}},
		{Part: "torch-sft", Values: map[string]float64{"eager_tokens_per_s": 100, "compiled_tokens_per_s": 139}},
		{Part: "pro", Values: map[string]float64{"samples_per_s": 9, "plan_bytes": 100, "peak_bytes": 90}},
	}
	text := report(met, settings{size: "full"})
	for _, want := range []string{"| 0.51 of 780 TFLOP/s | met |", "| SFT, share of 790 TFLOP/s | 0.50 or more | 0.51 | met |", "| 1.40 | met |", "| 1.01 | missed |", "samples/s over padded rows in PyTorch | 3 or more | not measured |", "| 1.04 | met |", "| 0.90 | missed |", "Measured on cuda:0 (H)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
}

// TestShortest: rows are as short as packs them best.
func TestShortest(t *testing.T) {
	z, err := sizes("tiny") // rows of up to 256
	if err != nil {
		t.Fatal(err)
	}
	group := func(n int) batch.Example { // takes n tokens
		return batch.Example{Prompt: []int32{1}, Responses: [][]int32{make([]int32, n/2), make([]int32, n-n/2)}, Rewards: []float64{1, 0}}
	}
	for _, c := range []struct {
		groups []int
		want   int
	}{
		{[]int{120, 120}, 128},
		{[]int{150, 150}, 160},
		{[]int{130, 100, 20}, 256}, // one row of 256, where shorter ones are two
	} {
		var examples []batch.Example
		for _, n := range c.groups {
			examples = append(examples, group(n))
		}
		if got, err := shortest(examples, z); got != c.want || err != nil {
			t.Errorf("groups of %v tokens: rows of %d, %v; want %d", c.groups, got, err, c.want)
		}
	}
	if _, err := shortest([]batch.Example{group(300)}, z); err == nil || !strings.Contains(err.Error(), "a row has 256") {
		t.Errorf("a group longer than a row: %v", err)
	}
}

// TestPrompts makes the file of token ids out of real rows, where they are, and
// reads it.
func TestPrompts(t *testing.T) {
	rows := testshared.Path(t, "data", "hh", "pro_dev.jsonl.gz") // pairs
	data := testshared.Path(t, "data")
	out, err := exec.CommandContext(t.Context(), "go", "run", "prompts.go", "-tokenizer", filepath.Join(data, "tokenizers"), "-fill", "4", rows).Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "prompts.jsonl")
	if err := os.WriteFile(path, out, 0o644); err != nil {
		t.Fatal(err)
	}
	z, err := sizes("full")
	if err != nil {
		t.Fatal(err)
	}
	examples, err := rankings(path, 32, z)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range examples { // what is cut loses its beginning
		if e.Prompt[0] != 2 && len(e.Prompt) < z.Prompt || len(e.Prompt) < 5 || len(e.Responses) != 4 {
			t.Fatalf("%+v", e)
		}
	}
}

// TestBroken: a second try is for what may lie with the device.
func TestBroken(t *testing.T) {
	for _, c := range []struct {
		r    Result
		want bool
	}{
		{Result{}, false},
		{Result{Error: "stopped after 6s; see x"}, true},
		{Result{Error: ended + "signal: aborted: F1128 Check failed"}, true},
		{Result{Error: "running \"step\" on cuda:0: pjrt: executing: INTERNAL"}, true},
		{Result{Error: "running \"step\": pjrt: executing: INTERNAL", Values: map[string]float64{"compile_s": 3}}, true},
		{Result{Error: "stopped after 6s; see x", Values: map[string]float64{"compile_s": 3, "tflops": 700}}, false},
		{Result{Error: "3 of 600 comparisons failed", Values: map[string]float64{"failed": 3}}, false},
		{Result{Error: "this part needs -prompts"}, false},
		{Result{Skipped: "training does not fit in memory"}, false},
	} {
		if got := c.r.broken(); got != c.want {
			t.Errorf("%+v: %v", c.r, got)
		}
	}
}

// TestShorten: of a long log the beginning and the end are kept.
func TestShorten(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text := "first\n" + strings.Repeat("a line of a log\n", 100_000) + "last\n"
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	shorten(f)
	got, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) > 600<<10 || !strings.HasPrefix(string(got), "first\n") || !strings.HasSuffix(string(got), "last\n") || lastWord(f.Name()) != "last" {
		t.Errorf("%d bytes are left, from %.20q to %.20q", len(got), got, got[len(got)-20:])
	}
}

// TestLastWord: why a process ended is found before what is printed behind it.
func TestLastWord(t *testing.T) {
	for _, c := range []struct{ log, want string }{
		{"step 1\nF1128 05:07:34.1 7 x.cc:1] Check failed: memory\nSIGABRT: abort\nPC=0x7f\ngs 0x0\n", "F1128 05:07:34.1 7 x.cc:1] Check failed: memory"},
		{"I1128 found\nSIGSEGV: segmentation violation\nPC=0x1\nfs 0x0\n", "SIGSEGV: segmentation violation"},
		{"panic: runtime error: index out of range\n\ngoroutine 1 [running]:\n", "panic: runtime error: index out of range"},
		{"Traceback:\n  File x\nRuntimeError: no\n\n", "RuntimeError: no"},
		{"", ""},
	} {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte(c.log), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := lastWord(path); got != c.want {
			t.Errorf("%q: %q, want %q", c.log, got, c.want)
		}
	}
}

// limited is a processor that counts its memory.
type limited struct {
	program.Device
	bytes int64
}

func (l limited) Available() (int64, error) { return l.bytes, nil }

// TestFits: a batch that does not fit is halved until it does.
func TestFits(t *testing.T) {
	s := settings{size: "tiny", prompts: prompts(t, 40)}
	z, err := sizes(s.size)
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.rank(z.Model, 16)
	if err != nil {
		t.Fatal(err)
	}
	dev := cpu.New(2)
	if err := all.fits(dev); err != nil {
		t.Errorf("a device that counts no memory: %v", err)
	}
	few := all
	for range 2 {
		few, _ = few.smaller()
	}
	if len(few.examples) != 4 || few.c.Batch != 4 {
		t.Fatalf("%d examples after two halvings of 16", len(few.examples))
	}
	b, err := batch.Pack(few.examples, few.k, batch.Options{RowTokens: few.c.RowTokens})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := train.PlanStep(dev, few.model, few.c, b)
	if err != nil {
		t.Fatal(err)
	}
	enough := limited{dev, plan.Sum()}
	if err := all.fits(enough); !isMemory(err) || !strings.Contains(err.Error(), "parameters") {
		t.Errorf("16 examples in the memory of 4: %v", err)
	}
	if err := few.fits(enough); err != nil {
		t.Errorf("4 examples in their memory: %v", err)
	}
	few.examples = few.examples[:1]
	if _, ok := few.smaller(); ok {
		t.Error("one example was halved")
	}
}

// TestShort: errors of many lines become one, which is not too long.
func TestShort(t *testing.T) {
	if got := short("pjrt: executing: no memory\n  at x\n"); got != "pjrt: executing: no memory |   at x" {
		t.Errorf("%q", got)
	}
	long := short("first " + strings.Repeat("é\n", 3000) + " last")
	if len(long) > 1300 || !strings.HasPrefix(long, "first ") || !strings.HasSuffix(long, " last") || strings.Contains(long, "\n") {
		t.Errorf("%d bytes: %q", len(long), long)
	}
}
