package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"divvy/stdlib/dataset"
	"divvy/stdlib/paper"
)

// rows is a small part of the data set that the project ships.
func rows(t *testing.T, n int) *dataset.Dataset {
	t.Helper()
	ds, err := dataset.Example().Prefix(n).Ranked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if ds.Len() != n {
		t.Fatalf("%d rows, want %d", ds.Len(), n)
	}
	return ds
}

func tiny(t *testing.T, ds *dataset.Dataset) *Model {
	t.Helper()
	tok, err := NewBPE(t.Context(), ds.Prompts(), 400)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewTiny(Tiny{Tokenizer: tok, Hidden: 32, Layers: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var quick = Options{Steps: 12, Batch: 4, LearningRate: 1e-2, MaxTokens: 96, MaxPrompt: 64, Quiet: true}

// TestBPE: the tokenizer gives back every text, and merges what is frequent.
func TestBPE(t *testing.T) {
	ds := rows(t, 50)
	tok, err := NewBPE(t.Context(), ds.Prompts(), 500)
	if err != nil {
		t.Fatal(err)
	}
	again, err := NewBPE(t.Context(), ds.Prompts(), 500)
	if err != nil {
		t.Fatal(err)
	}
	if string(again.JSON) != string(tok.JSON) {
		t.Error("training is not repeatable")
	}
	if tok.Tokenizer.VocabSize() != 500 || tok.EndOfText != 499 {
		t.Errorf("%d ids, end of text %d", tok.Tokenizer.VocabSize(), tok.EndOfText)
	}
	for _, text := range append(ds.Prompts(), "naïve  \t\nfive 5's — 日本 \x00") {
		ids := tok.Tokenizer.Encode(text)
		got, err := tok.Tokenizer.Decode(ids)
		if err != nil || got != text {
			t.Fatalf("%q comes back as %q, %v", text, got, err)
		}
	}
	if n := len(tok.Tokenizer.Encode("\n\nAssistant:")); n > 6 {
		t.Errorf("the most frequent word takes %d tokens", n)
	}
	if _, err := NewBPE(t.Context(), nil, 100); err == nil {
		t.Error("a vocabulary smaller than the bytes was accepted")
	}
}

// TestFit trains with every algorithm, and shows itself as tables.
func TestFit(t *testing.T) {
	ds := rows(t, 8)
	m := tiny(t, ds)
	for _, algorithm := range []string{SFT, PRO, DPO, RRHF, Reward} {
		o := quick
		o.Algorithm = algorithm
		run, err := Fit(context.Background(), m, ds, o)
		if err != nil {
			t.Fatal(err)
		}
		curve, err := run.Curve()
		if err != nil {
			t.Fatal(err)
		}
		row, err := run.Row()
		if err != nil {
			t.Fatal(err)
		}
		if run.Steps != 12 || curve.NumRows() != 12 || row.NumRows() != 1 || run.Responses != 4 {
			t.Errorf("%s: %s", algorithm, run)
		}
		if first := run.history[0].Loss; !(run.Loss < first) {
			t.Errorf("%s: loss went from %g to %g", algorithm, first, run.Loss)
		}
		if run.Model.IsReward() != (algorithm == Reward) || !strings.Contains(run.Plan, "activations") {
			t.Errorf("%s: model %s, plan %q", algorithm, run.Model, run.Plan)
		}
	}
}

// TestSaveOpen: a saved model opens again and writes the same text.
func TestSaveOpen(t *testing.T) {
	ds := rows(t, 4)
	m := tiny(t, ds)
	dir := t.TempDir()
	if err := m.Save(t.Context(), dir, ""); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	o := GenerateOptions{MaxNew: 8, Temperature: 1, Seed: 3}
	a, err := m.Generate(context.Background(), ds.Prompts(), o)
	if err != nil {
		t.Fatal(err)
	}
	b, err := again.Generate(context.Background(), ds.Prompts(), o)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(a, "|") != strings.Join(b, "|") || m.fingerprint() != again.fingerprint() {
		t.Errorf("%q and %q", a, b)
	}
	if _, err := Open(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "tokenizer") {
		t.Errorf("an empty folder gave %v", err)
	}
}

// TestStops: a text ends before the next turn.
func TestStops(t *testing.T) {
	for text, want := range map[string]int{"yes\n\nHuman: no": 5, "no": -1, "assistant: x Human:": 0} {
		if got := cutAt(text, paper.Stops()); got != want {
			t.Errorf("%q is cut at %d, want %d", text, got, want)
		}
	}
}

// TestReward: a trained reward model prefers what it was trained to prefer.
func TestReward(t *testing.T) {
	ds := rows(t, 8)
	o := quick
	o.Algorithm, o.Steps, o.MaxPrompt, o.MaxTokens = Reward, 60, 0, 0
	run, err := Fit(context.Background(), tiny(t, ds), ds, o)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := run.Model.ScoreAll(context.Background(), ds)
	if err != nil {
		t.Fatal(err)
	}
	right, pairs := 0, 0
	for _, s := range scores {
		for j := 1; j < len(s); j++ {
			pairs++
			if s[0] > s[j] {
				right++
			}
		}
	}
	allRight, allPairs, err := run.Model.Accuracy(context.Background(), ds)
	if err != nil || allPairs != 6*ds.Len() || allRight < right || allRight > allPairs {
		t.Errorf("%d of %d pairs in order, %v", allRight, allPairs, err)
	}
	if float64(right) < 0.8*float64(pairs) {
		t.Errorf("the best response wins %d of %d pairs", right, pairs)
	}
	answers := make([]string, ds.Len())
	for i := range answers {
		answers[i] = ds.Responses(i)[0]
	}
	one, err := run.Model.Score(context.Background(), ds, answers)
	if err != nil {
		t.Fatal(err)
	}
	for i := range one {
		if math.Abs(one[i]-scores[i][0]) > 1e-4 {
			t.Errorf("row %d scores %g alone and %g among others", i, one[i], scores[i][0])
		}
	}
	if _, err := tiny(t, ds).Score(context.Background(), ds, answers); err == nil {
		t.Error("a language model scored")
	}
}

// TestDev: the answers of the model are scored on the way, and with adapters
// too the result is a whole model that writes.
func TestDev(t *testing.T) {
	ds := rows(t, 8)
	m := tiny(t, ds)
	judge, err := m.AsReward(2)
	if err != nil {
		t.Fatal(err)
	}
	o := quick
	o.Dev, o.Judge, o.EvalEvery, o.MaxNew, o.LoRA = ds.Prefix(2), judge, 5, 4, 2
	run, err := Fit(context.Background(), m, ds, o)
	if err != nil {
		t.Fatal(err)
	}
	measured := 0
	for _, s := range run.history {
		if s.HasMerit {
			measured++
			if s.Merit <= 0 || s.Merit >= 1 || s.Merit > run.Merit {
				t.Errorf("merit %g at step %d, best %g", s.Merit, s.Step, run.Merit)
			}
		}
	}
	if measured != 3 || !run.HasMerit {
		t.Errorf("%d evaluations", measured)
	}
	if run.Model.Parameters() != m.Parameters() {
		t.Errorf("%d parameters, want %d", run.Model.Parameters(), m.Parameters())
	}
	o.Judge = nil
	if _, err := Fit(context.Background(), m, ds, o); err == nil {
		t.Error("Dev without a Judge was accepted")
	}
}

// TestInterrupt: a run that is stopped goes on to the same weights.
func TestInterrupt(t *testing.T) {
	ds := rows(t, 8)
	m := tiny(t, ds)
	whole, err := Fit(context.Background(), m, ds, quick)
	if err != nil {
		t.Fatal(err)
	}
	o := quick
	o.Dir = t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	o.Progress = func(step, _ int, _, _ float64) {
		if step == 5 {
			cancel()
		}
	}
	part, err := Fit(ctx, m, ds, o)
	if !errors.Is(err, context.Canceled) || part.Steps != 5 || part.Model == nil {
		t.Fatalf("stopped with %v, %v", part, err)
	}
	o.Progress = nil
	rest, err := Fit(context.Background(), m, ds, o)
	if err != nil {
		t.Fatal(err)
	}
	if rest.Model.fingerprint() != whole.Model.fingerprint() {
		t.Error("the resumed run ended with other weights")
	}
}

// TestGrid: cells are found again, and the tables have the paper's shape.
func TestGrid(t *testing.T) {
	ds := rows(t, 12)
	m := tiny(t, ds)
	o := quick
	o.Steps = 3
	rm := o
	rm.Algorithm = Reward
	judge, err := Fit(context.Background(), m, ds, rm)
	if err != nil {
		t.Fatal(err)
	}
	g := Grid{
		Base: m, Judge: judge.Model, Train: ds, Test: ds.Prefix(3), Prompts: []int{4, 8}, Options: o,
		Answers: GenerateOptions{MaxNew: 4}, Dir: t.TempDir(),
	}
	first, err := g.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Cells) != 2*3*2 {
		t.Fatalf("%d cells", len(first.Cells))
	}
	// A line cut short, as by a crash, costs that cell only.
	path := filepath.Join(g.Dir, cellsFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)-40], 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := g.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for i, c := range second.Cells {
		if c.Reward != first.Cells[i].Reward || c.Diversity != first.Cells[i].Diversity {
			t.Errorf("cell %d changed from %+v to %+v", i, first.Cells[i], c)
		}
		if c.Seconds == first.Cells[i].Seconds {
			same++
		}
	}
	if same != 11 {
		t.Errorf("%d cells were found again, want 11", same)
	}
	sum, err := second.Summary()
	if err != nil {
		t.Fatal(err)
	}
	if sum.NumRows() != 4 {
		t.Errorf("summary has %d rows:\n%s", sum.NumRows(), sum)
	}
	if s := second.Series(PRO); len(s) != 3 || len(s[0].X) != 2 {
		t.Errorf("series %+v", s)
	}
	if _, err := second.Figure(PRO); err != nil {
		t.Error(err)
	}
	fits, err := second.Fits(SFT)
	if err != nil || fits.NumRows() != 3 {
		t.Errorf("fits %v, %v", fits, err)
	}
	budget, err := second.EqualBudget(16) // 2 x 8 and 4 x 4
	if err != nil || budget.NumRows() != 4 {
		t.Errorf("budget %v, %v", budget, err)
	}
	if _, err := second.EqualBudget(7); err == nil {
		t.Error("a budget that no cell has was accepted")
	}
	if left, _ := filepath.Glob(filepath.Join(g.Dir, "run-*")); left != nil {
		t.Errorf("finished runs leave %v", left)
	}
	g.Answers.TopK = 3 // other answers are other cells
	key := g.common()
	g.Answers.TopK = 0
	if g.common() == key {
		t.Error("the way of answering is not part of a cell's key")
	}
	// So are other weights of a run: those that are best on other prompts.
	g.Options.Dev, g.Options.Judge = ds.Prefix(3), judge.Model
	key = g.common()
	if g.Options.Dev = ds.Prefix(4); g.common() == key {
		t.Error("the prompts of the evaluation are not part of a cell's key")
	}
	g.Options.Dev, g.Options.Judge = nil, nil
	g.Prompts = []int{100}
	if _, err := g.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "100 prompts") {
		t.Errorf("too many prompts gave %v", err)
	}
}

// What is missing is said, where a nil pointer would be met.
func TestFitOfNothing(t *testing.T) {
	pool, err := dataset.Parse(t.Context(), dataset.Options{}, "pool.txt", strings.NewReader("A prompt that waits for responses.\n"))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := NewBPE(t.Context(), pool.Prompts(), 300)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewTiny(Tiny{Tokenizer: tok})
	if err != nil {
		t.Fatal(err)
	}
	for want, fit := range map[string]func() (*Run, error){
		"there is no model":                      func() (*Run, error) { return Fit(t.Context(), nil, pool, Options{}) },
		"there is no data":                       func() (*Run, error) { return Fit(t.Context(), m, nil, Options{}) },
		"row 0 (pool.txt:1): it has no response": func() (*Run, error) { return Fit(t.Context(), m, pool, Options{}) },
	} {
		if _, err := fit(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
