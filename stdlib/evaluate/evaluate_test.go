package evaluate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"divvy/stdlib/dataset"
	"divvy/stdlib/train"
)

// TestBLEU: values of nltk.translate.bleu_score.sentence_bleu over lists of
// characters.
func TestBLEU(t *testing.T) {
	for _, c := range []struct {
		answer, reference string
		want              float64
	}{
		{"the cat sat", "the cat sat", 1},
		{"the cat sat", "the cat sat on the mat", math.Exp(1 - 22.0/11)},
		{"abcd", "abce", 0},
		{"abcde", "abcdx", math.Pow(4.0/5*3/4*2/3*1/2, 0.25)},
		{"aaaaaa", "aaaa", math.Pow(4.0/6*3/5*2/4*1/3, 0.25)},
		{"abc", "abc", 0}, {"", "abc", 0}, {"日本語です", "日本語です", 1},
	} {
		if got := BLEU(c.answer, c.reference); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("BLEU(%q, %q) is %g, want %g", c.answer, c.reference, got, c.want)
		}
	}
}

func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{0, 10, 0, 0.2775}, {5, 10, 0.2366, 0.7634}, {10, 10, 0.7225, 1}, {0, 0, 0, 1}} {
		low, high := Wilson(c.k, c.n)
		if math.Abs(low-c.low) > 1e-4 || math.Abs(high-c.high) > 1e-4 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", c.k, c.n, low, high, c.low, c.high)
		}
	}
}

// server judges by the rule: the longer answer is better. Its first reply is a
// failure that passes.
func server(t *testing.T, asked *atomic.Int64, reply func(a, b string) string) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Retry-After-Ms", "1")
			http.Error(w, `{"error":{"message":"slow down"}}`, http.StatusTooManyRequests)
			return
		}
		body, _ := io.ReadAll(r.Body)
		var q struct{ Messages []struct{ Content string } }
		if err := json.Unmarshal(body, &q); err != nil || len(q.Messages) != 2 {
			t.Errorf("question %s: %v", body, err)
		}
		between := func(from, to string) string {
			_, rest, _ := strings.Cut(q.Messages[1].Content, from)
			text, _, _ := strings.Cut(rest, to)
			return strings.TrimSpace(text)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"choices":[{"message":{"role":"assistant","content":%q}}],"usage":{"prompt_tokens":100,"completion_tokens":1}}`,
			reply(between("<answer_a>", "</answer_a>"), between("<answer_b>", "</answer_b>")))
	}))
	t.Cleanup(s.Close)
	return s
}

func longer(a, b string) string {
	switch {
	case len(a) > len(b):
		return "A"
	case len(b) > len(a):
		return " b.\n"
	default:
		return "TIE"
	}
}

// TestJudge: both orders are asked, failures are tried again, replies are
// cached, costs are added up.
func TestJudge(t *testing.T) {
	const key = "sk-very-secret"
	t.Setenv("TEST_JUDGE_KEY", key)
	var asked atomic.Int64
	s := server(t, &asked, longer)
	j := Judge{Model: "m", Endpoint: s.URL, KeyVariable: "TEST_JUDGE_KEY", CacheDir: t.TempDir(), PriceIn: 10, PriceOut: 1000}
	prompts, ours, theirs := []string{"p", "q", "r"}, []string{"long answer", "x", "same"}, []string{"short", "xyz", "emas"}
	c, err := j.Compare(context.Background(), prompts, ours, theirs)
	if err != nil {
		t.Fatal(err)
	}
	if w, ti, l := c.Counts(); w != 1 || ti != 1 || l != 1 || c.Verdict(0) != First || c.Verdict(1) != Second {
		t.Errorf("%s", c)
	}
	if asked.Load() != 7 || c.Asked != 6 || math.Abs(c.Cost-6*0.002) > 1e-12 {
		t.Errorf("%d requests, %s", asked.Load(), c)
	}
	c, err = j.Compare(context.Background(), prompts, ours, theirs)
	if err != nil || c.Cached != 6 || c.Asked != 0 {
		t.Errorf("a second time: %v, %v", c, err)
	}
	for _, table := range []func() (fmt.Stringer, error){
		func() (fmt.Stringer, error) { return c.Summary() }, func() (fmt.Stringer, error) { return c.Table() },
	} {
		x, err := table()
		if err != nil || strings.Contains(x.String(), key) {
			t.Errorf("table %v, %v", x, err)
		}
	}
	if strings.Contains(fmt.Sprintf("%+v %#v", j, c), key) {
		t.Error("the key is in an output")
	}
}

// TestJudgeFailures: a place-bound judge gives ties; limits, nonsense and
// refusals are errors without the key.
func TestJudgeFailures(t *testing.T) {
	const key = "sk-very-secret"
	t.Setenv("OPENAI_API_KEY", key)
	t.Setenv("TEST_JUDGE_KEY", key)
	one := []string{"p", "q"}
	var asked atomic.Int64
	asked.Store(1)
	s := server(t, &asked, func(a, b string) string { return "A" })
	c, err := Judge{Model: "m", Endpoint: s.URL}.Compare(context.Background(), one, one, one)
	if err != nil || c.Verdict(0) != Tie {
		t.Errorf("always the first: %v, %v", c, err)
	}
	_, err = Judge{Model: "m", Endpoint: s.URL, Parallel: 1, PriceIn: 1e4, MaxCost: 1.5}.Compare(context.Background(), one, one, one)
	if err == nil || !strings.Contains(err.Error(), "limit of 1.5") {
		t.Errorf("beyond the cost: %v", err)
	}
	s = server(t, &asked, func(a, b string) string { return "I cannot decide" })
	if _, err = (Judge{Model: "m", Endpoint: s.URL}).Compare(context.Background(), one, one, one); err == nil || !strings.Contains(err.Error(), "none of A, B, TIE") {
		t.Errorf("nonsense: %v", err)
	}
	leak := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, `{"error":{"message":"bad key `+key+`"}}`, http.StatusUnauthorized)
	}))
	defer leak.Close()
	if _, err = (Judge{Model: "m", Endpoint: leak.URL, KeyVariable: "TEST_JUDGE_KEY"}).Compare(context.Background(), one, one, one); err == nil || strings.Contains(err.Error(), key) {
		t.Errorf("a refusal: %v", err)
	}
	if c, err := (Judge{Model: "m", Endpoint: leak.URL, Parallel: -1}).Compare(context.Background(), one, one, one); err == nil {
		t.Errorf("nobody asks, and yet %v", c)
	}
	t.Setenv("OPENAI_API_KEY", "")
	if _, err = (Judge{Model: "m"}).Compare(context.Background(), one, one, one); err == nil || !strings.Contains(err.Error(), "OPENAI_API_KEY") {
		t.Errorf("without a key: %v", err)
	}
}

// TestJudgeKeepsKeyAtHome: the key of OpenAI's own server goes to no other, and a
// server that wants none needs none.
func TestJudgeKeepsKeyAtHome(t *testing.T) {
	const key = "sk-very-secret"
	var headers atomic.Value
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers.Store(fmt.Sprint(r.Header))
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"choices":[{"message":{"content":"TIE"}}]}`)
	}))
	defer s.Close()
	for _, set := range []string{key, ""} {
		t.Setenv("OPENAI_API_KEY", set)
		c, err := Judge{Model: "m", Endpoint: s.URL}.Compare(t.Context(), []string{"p"}, []string{"a"}, []string{"b"})
		if err != nil || c.Verdict(0) != Tie || strings.Contains(headers.Load().(string), key) {
			t.Errorf("%v, %v, headers %v", c, err, headers.Load())
		}
	}
}

// TestJudgeRate: within the limit on questions a minute nothing is asked early,
// and an interrupt ends the wait.
func TestJudgeRate(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "k")
	var asked atomic.Int64
	asked.Store(1)
	s := server(t, &asked, longer)
	one := []string{"p"}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	c, err := Judge{Model: "m", Endpoint: s.URL, PerMinute: 1}.Compare(ctx, one, one, one)
	if !errors.Is(err, context.DeadlineExceeded) || asked.Load() > 2 || c.Verdict(0) != "" {
		t.Errorf("%d questions, verdict %q, %v", asked.Load()-1, c.Verdict(0), err)
	}
	if c, err = (Judge{Model: "m", Endpoint: s.URL, PerMinute: 6000}).Compare(context.Background(), one, one, one); err != nil || c.Asked != 2 {
		t.Errorf("%v, %v", c, err)
	}
}

// TestJudgeCache: what is kept on disk holds replies and no key.
func TestJudgeCache(t *testing.T) {
	const key = "sk-very-secret"
	t.Setenv("OPENAI_API_KEY", key)
	var asked atomic.Int64
	asked.Store(1)
	s := server(t, &asked, longer)
	dir, one := t.TempDir(), []string{"p"}
	if _, err := (Judge{Model: "m", Endpoint: s.URL, CacheDir: dir}).Compare(context.Background(), one, one, []string{"longer"}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil || strings.Contains(string(data)+f.Name(), key) {
			t.Errorf("%s holds %q, %v", f.Name(), data, err)
		}
	}
}

// TestAnswers: per domain and global, with BLEU against the best response.
func TestAnswers(t *testing.T) {
	ds := dataset.Example().Prefix(4)
	tok, err := train.NewBPE(t.Context(), ds.Prompts(), 300)
	if err != nil {
		t.Fatal(err)
	}
	m, err := train.NewTiny(train.Tiny{Tokenizer: tok, Hidden: 32, Layers: 1})
	if err != nil {
		t.Fatal(err)
	}
	rm, err := m.AsReward(1)
	if err != nil {
		t.Fatal(err)
	}
	answers := []string{ds.Responses(0)[0], "b", "c", "d"}
	r, err := Answers(context.Background(), rm, ds, answers, []string{"x", "y", "x", "y"})
	if err != nil {
		t.Fatal(err)
	}
	if r.BLEU[0] != 1 || r.BLEU[1] != 0 {
		t.Errorf("BLEU %v", r.BLEU)
	}
	sum, err := r.Summary()
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.Table()
	if err != nil {
		t.Fatal(err)
	}
	if sum.NumRows() != 3 || all.NumRows() != 4 {
		t.Errorf("%s\n%s", sum, all)
	}
	for name, v := range map[string]interface {
		String() string
		MIMEBundle() map[string]any
	}{"a report": r, "a comparison": newComparison(nil, nil, nil)} {
		if page, _ := v.MIMEBundle()["text/html"].(string); !strings.Contains(page, "<table") || v.String() == "" {
			t.Errorf("%s shows %.80q", name, page)
		}
	}
	if got := FileDomains(ds); len(got) != 4 {
		t.Errorf("domains %v", got)
	}
	if _, err := Answers(context.Background(), rm, ds, answers[:1], nil); err == nil {
		t.Error("too few answers were accepted")
	}
}

// TestAgainst: what scipy says of the same differences; one answer has no error.
func TestAgainst(t *testing.T) {
	domains, prompts := []string{"x", "y", "x", "z"}, []string{"p", "q", "r", "s"}
	report := func(rewards ...float64) *Report {
		nan := math.NaN()
		return &Report{Domains: domains, Raw: rewards, Reward: rewards, BLEU: []float64{nan, nan, 0.5, nan}, answers: prompts, prompts: prompts}
	}
	a, b := report(.9, .2, .5, .7), report(.6, .3, .5, .1)
	table, err := a.Against(b)
	if err != nil || table.NumRows() != 4 {
		t.Fatalf("%v, %v", table, err)
	}
	for row, want := range [][]any{
		{"x", 2, 0.15, 0.15, -1.7559307104262039, 2.055930710426204, 1, 1, 0},
		{"y", 1, -0.1, nil, nil, nil, 0, 0, 1},
		{"z", 1, 0.6, nil, nil, nil, 1, 0, 0},
		{Global, 4, 0.2, 0.15811388300841897, -0.30318894279420333, 0.7031889427942033, 2, 1, 1},
	} {
		for i, name := range table.Columns() {
			got, err := table.Value(row, name)
			if x, ok := got.(float64); ok {
				if w, ok := want[i].(float64); !ok || math.Abs(x-w) > 1e-12 {
					t.Errorf("row %d, %s: %v, want %v", row, name, got, want[i])
				}
			} else if err != nil || fmt.Sprint(got) != fmt.Sprint(want[i]) {
				t.Errorf("row %d, %s: %v, want %v (%v)", row, name, got, want[i], err)
			}
		}
	}
	// An error of one answer and a BLEU without a reference are not 0 but unknown.
	sum, err := a.Summary()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]bool{"standard_error": {false, true, true, false}, "bleu": {false, true, true, false}} {
		for row, null := range want {
			if got, err := sum.Value(row, name); err != nil || (got == nil) != null {
				t.Errorf("row %d, %s: %v, %v", row, name, got, err)
			}
		}
	}
	other := report(.6, .3, .5, .1)
	other.prompts = []string{"p", "q", "r", "t"}
	for _, o := range []*Report{nil, other} {
		if table, err := a.Against(o); err == nil {
			t.Errorf("other prompts give %v", table)
		}
	}
}
