package batch

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"hash/fnv"
	"os"
	"slices"
	"strings"
	"testing"

	"divvy/gpu/internal/testshared"
)

// TestLayout fixes the layout of a small batch by hand.
func TestLayout(t *testing.T) {
	ex := []Example{
		{ID: 7, Prompt: []int32{1, 2, 3}, Responses: [][]int32{{10, 11}, {20}}, Rewards: []float64{2, 1}},
		{ID: 8, Prompt: []int32{4}, Responses: [][]int32{{30, 31}}, Rewards: []float64{3}},
	}
	b, err := Pack(ex, 2, Options{RowTokens: 8})
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, got, want []int32) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	check("ids", b.IDs, []int32{1, 2, 3, 10, 3, 4, 30, 0})
	check("position", b.Position, []int32{0, 1, 2, 3, 2, 0, 1, 0})
	check("reach", b.Reach, []int32{4, 4, 3, 3, 4, 6, 6, -1})
	check("target", b.Target, []int32{-1, -1, 10, 11, 20, 30, 31, -1})
	check("segment", b.Segment, []int32{-1, -1, 0, 0, 1, 2, 2, -1})
	if b.Stats != (Stats{Used: 7, Computed: 8, Targets: 5, Padded: 3 * 5}) || !slices.Equal(b.Valid, []float32{1, 1, 1, 0}) || !slices.Equal(b.Examples, []int{7, 8}) {
		t.Errorf("stats %+v, valid %v, examples %v", b.Stats, b.Valid, b.Examples)
	}
	b, err = Pack(ex, 2, Options{RowTokens: 10, WholeResponses: true})
	if err != nil {
		t.Fatal(err)
	}
	check("last", b.Last, []int32{4, 6, 9, -1})
	check("ids of a reward model", b.IDs, []int32{1, 2, 3, 10, 11, 3, 20, 4, 30, 31})
}

func TestErrors(t *testing.T) {
	ok := Example{ID: 3, Prompt: []int32{1}, Responses: [][]int32{{2, 2, 2}}, Rewards: []float64{0}}
	for want, c := range map[string]struct {
		e Example
		k int
		o Options
	}{
		"a row has 2":  {ok, 1, Options{RowTokens: 2}},
		"room for 0":   {ok, 0, Options{}},
		"prompt":       {Example{Responses: ok.Responses, Rewards: ok.Rewards}, 1, Options{}},
		"2 rewards":    {Example{Prompt: ok.Prompt, Responses: ok.Responses, Rewards: []float64{0, 1}}, 1, Options{}},
		"has no token": {Example{Prompt: ok.Prompt, Responses: [][]int32{{}}, Rewards: ok.Rewards}, 1, Options{}},
	} {
		if _, err := Pack([]Example{c.e}, c.k, c.o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestCut(t *testing.T) {
	e := Example{Prompt: []int32{1, 2, 3, 4}, Responses: [][]int32{{5, 6, 7, 8}, {9}}, Rewards: []float64{1, 0}}
	c := Limits{Prompt: 2, Total: 5}.Cut(e)
	if !slices.Equal(c.Prompt, []int32{3, 4}) || !slices.Equal(c.Responses[0], []int32{5, 6, 7}) || !slices.Equal(c.Responses[1], []int32{9}) {
		t.Errorf("cut to %+v", c)
	}
	if len(e.Responses[0]) != 4 {
		t.Error("the original was cut")
	}
}

// ranked reads real prompts with at least four ranked responses, of which the
// first four are taken. Words stand for tokens.
func ranked(t *testing.T, path string) (all []Example) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	words := func(s string) (ids []int32) {
		for _, w := range strings.Fields(s) {
			h := fnv.New32a()
			h.Write([]byte(w))
			ids = append(ids, int32(h.Sum32()>>1))
		}
		return append(ids, 0)
	}
	const k = 4
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var row struct {
			Prefix [][]string
			Suffix []string
			Reward []float64
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		if len(row.Suffix) < k {
			continue
		}
		e := Example{Prompt: words(strings.Join(row.Prefix[0], " ")), Rewards: row.Reward[:k]}
		for _, r := range row.Suffix[:k] {
			e.Responses = append(e.Responses, words(r))
		}
		all = append(all, Limits{}.Cut(e))
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSaving counts tokens on real prompts with four responses, in batches of
// 28 examples as the paper's, against one padded row for each response. How
// much is saved hangs on the prompts: those of qa_feedback are one question
// long, those of oasst1 are dialogues.
func TestSaving(t *testing.T) {
	for file, least := range map[string]float64{"oasst1_en_val_ranked": 2, "qa_feedback_ranked4": 2} {
		all := ranked(t, testshared.Path(t, "data", "ranked", file+".jsonl.gz"))
		var total Stats
		for lo := 0; lo < len(all); lo += 28 {
			b, err := Pack(all[lo:min(len(all), lo+28)], 4, Options{})
			if err != nil {
				t.Fatal(err)
			}
			total.Add(b.Stats)
		}
		t.Logf("%s, %d examples: %d tokens computed, %d in padded rows: %.2f times fewer", file, len(all), total.Computed, total.Padded, total.Saving())
		if total.Saving() < least {
			t.Errorf("%s: only %.2f times fewer tokens than padded rows", file, total.Saving())
		}
	}
}

// TestRowMultiple: rows that nothing sees are added.
func TestRowMultiple(t *testing.T) {
	e := Example{Prompt: []int32{1, 2}, Responses: [][]int32{{3, 4}}, Rewards: []float64{0}}
	b, err := Pack([]Example{e}, 1, Options{RowTokens: 8, RowMultiple: 3})
	if err != nil {
		t.Fatal(err)
	}
	if b.Rows != 3 || len(b.IDs) != 24 || b.Stats.Computed != 24 {
		t.Errorf("%d rows, %d tokens, %+v", b.Rows, len(b.IDs), b.Stats)
	}
	for i := 8; i < 24; i++ {
		if b.Reach[i] != -1 || b.Target[i] != -1 || b.Segment[i] != -1 {
			t.Errorf("token %d of an empty row is used", i)
		}
	}
}

// TestCausal: rows of one text each are causal, whatever follows it unused; two
// texts, or two answers, in a row are not.
func TestCausal(t *testing.T) {
	text := func(prompt int, responses ...int) Example {
		e := Example{Prompt: make([]int32, prompt)}
		for _, n := range responses {
			e.Responses, e.Rewards = append(e.Responses, make([]int32, n)), append(e.Rewards, 0)
		}
		return e
	}
	for name, c := range map[string]struct {
		examples []Example
		want     bool
	}{
		"a text a row":     {[]Example{text(3, 14), text(9, 8)}, true},
		"unused ends":      {[]Example{text(3, 9), text(9, 5)}, true},
		"two texts a row":  {[]Example{text(3, 4), text(3, 4)}, false},
		"two answers":      {[]Example{text(3, 5, 5)}, false},
		"one of two rows":  {[]Example{text(3, 14), text(3, 5, 5)}, false},
		"a row not in use": {[]Example{text(3, 14)}, true},
	} {
		multiple := 1
		if name == "a row not in use" {
			multiple = 2
		}
		b, err := Pack(c.examples, 2, Options{RowTokens: 16, RowMultiple: multiple})
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Causal(); got != c.want {
			t.Errorf("%s: causal is %v, reach %v", name, got, b.Reach)
		}
	}
	if (&Batch{Rows: 1, RowTokens: 4}).Causal() {
		t.Error("a batch of which only the shape is given is causal")
	}
}
