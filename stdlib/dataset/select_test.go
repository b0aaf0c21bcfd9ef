package dataset

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// rankedRows is n rows of k responses "r0", "r1", … with rewards falling by 1.
func rankedRows(t testing.TB, n, k int) *Dataset {
	t.Helper()
	var text strings.Builder
	for i := range n {
		prefix, suffix, reward := []string{}, []string{}, []string{}
		for j := range k {
			prefix = append(prefix, fmt.Sprintf(`["<|prompter|>q%d", "<|assistant|>"]`, i))
			suffix = append(suffix, fmt.Sprintf(`"r%d"`, j))
			reward = append(reward, fmt.Sprint(k-j))
		}
		fmt.Fprintf(&text, `{"prefix": [%s], "suffix": [%s], "reward": [%s]}`+"\n",
			strings.Join(prefix, ","), strings.Join(suffix, ","), strings.Join(reward, ","))
	}
	ds, err := parse(t, Options{}, text.String())
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// vectors is the part of loss_vectors.json that Python's random made.
type vectors struct {
	Raw    map[string]json.RawMessage `json:"python_random_seed42"`
	Random struct {
		Random           []float64
		Words            []uint32
		Shuffle          []int
		Sample3, Sample2 [][]int
	} `json:"-"`
	Split struct {
		Len3 []struct {
			Index  []int     `json:"idx"`
			Reward []float64 `json:"reward"`
		} `json:"first10_len3"`
		Len2 []struct {
			Index  []int     `json:"idx_in_len3"`
			Reward []float64 `json:"reward"`
		} `json:"first10_len2"`
		Sum3 float64 `json:"sum_reward_len3"`
		Sum2 float64 `json:"sum_reward_len2"`
	} `json:"split_py_on_derived_qa_feedback_ranked4"`
}

func readVectors(t testing.TB) (v vectors) {
	t.Helper()
	data, err := os.ReadFile(shared(t, "paper", "loss_vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	// (A struct tag cannot name these keys: they have commas.)
	for key, into := range map[string]any{
		"random": &v.Random.Random, "getrandbits32": &v.Random.Words, "shuffle_range10": &v.Random.Shuffle,
		"then_10x_sample([0,1,2,3],3)_fresh_seed": &v.Random.Sample3, "then_10x_sample([0,1,2],2)_same_stream": &v.Random.Sample2,
	} {
		if err := json.Unmarshal(v.Raw[key], into); err != nil {
			t.Fatal(key, err)
		}
	}
	if len(v.Random.Sample3) != 10 || len(v.Split.Len2) != 10 {
		t.Fatal("the vectors are not all there")
	}
	return v
}

func TestPythonRandom(t *testing.T) {
	v := readVectors(t).Random
	m := PythonRandom(42)
	for i, want := range v.Random {
		if got := m.Float64(); got != want {
			t.Errorf("random() %d: %v, want %v", i, got, want)
		}
	}
	m = PythonRandom(42)
	for i, want := range v.Words {
		if got := m.Uint32(); got != want {
			t.Errorf("getrandbits(32) %d: %v, want %v", i, got, want)
		}
	}
	if got := permutation(10, PythonRandom(42)); !slices.Equal(got, v.Shuffle) {
		t.Errorf("shuffle %v, want %v", got, v.Shuffle)
	}
	m = PythonRandom(42)
	for i, want := range v.Sample3 {
		if got := sample(4, 3, m); !slices.Equal(got, want) {
			t.Errorf("sample of 3 of 4, %d: %v, want %v", i, got, want)
		}
	}
	for i, want := range v.Sample2 {
		if got := sample(3, 2, m); !slices.Equal(got, want) {
			t.Errorf("sample of 2 of 3, %d: %v, want %v", i, got, want)
		}
	}
}

// Values that CPython 3.11 gave; they need nothing outside this file. The seed
// of 2^40+5 has two words; 1000 of 10^6 and 10 of 100 take either way of sample.
func TestPythonRandomWithoutSharedData(t *testing.T) {
	m := PythonRandom(1<<40 + 5)
	if got := []uint32{m.Uint32(), m.Uint32()}; !slices.Equal(got, wantWords) {
		t.Errorf("seed 2^40+5: %v, want %v", got, wantWords)
	}
	if got := sample(100, 10, PythonRandom(7)); !slices.Equal(got, wantPool) {
		t.Errorf("sample(range(100), 10): %v, want %v", got, wantPool)
	}
	if got := sample(1_000_000, 6, PythonRandom(7)); !slices.Equal(got, wantSet) {
		t.Errorf("sample(range(10**6), 6): %v, want %v", got, wantSet)
	}
	m = PythonRandom(3)
	if got := []int{m.Below(1 << 40), m.Below(1), m.Below(1 << 32)}; !slices.Equal(got, wantBelow) {
		t.Errorf("randrange: %v, want %v", got, wantBelow)
	}
}

// The 3- and 2-rankings of split.py, row for row.
func TestRankingsAreSplitPys(t *testing.T) {
	v := readVectors(t).Split
	ds, err := Load(t.Context(), shared(t, "data", "ranked", "qa_feedback_ranked4.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	three, err := ds.RankingsWith(t.Context(), 3, PythonRandom(42))
	if err != nil {
		t.Fatal(err)
	}
	two, err := ds.RankingsWith(t.Context(), 2, PythonRandom(42))
	if err != nil {
		t.Fatal(err)
	}
	var sum3, sum2 float64
	for i := range ds.Len() {
		full, r3, r2 := ds.Row(i), three.Row(i), two.Row(i)
		if r3.Prompt() != full.Prompt() || r2.Line != full.Line {
			t.Fatalf("row %d: the prompt changed", i)
		}
		for _, r := range r3.Rewards {
			sum3 += r
		}
		for _, r := range r2.Rewards {
			sum2 += r
		}
		if i >= len(v.Len3) {
			continue
		}
		for j, at := range v.Len3[i].Index {
			if r3.Responses[j] != full.Responses[at] || r3.Rewards[j] != v.Len3[i].Reward[j] {
				t.Errorf("row %d, 3-ranking, place %d: %q, want response %d", i, j, r3.Responses[j], at)
			}
		}
		for j, at := range v.Len2[i].Index {
			if r2.Responses[j] != r3.Responses[at] || r2.Rewards[j] != v.Len2[i].Reward[j] {
				t.Errorf("row %d, 2-ranking, place %d: %q, want response %d of the 3-ranking", i, j, r2.Responses[j], at)
			}
		}
	}
	if sum3 != v.Sum3 || sum2 != v.Sum2 {
		t.Errorf("rewards sum to %v and %v, want %v and %v", sum3, sum2, v.Sum3, v.Sum2)
	}
}

func TestRankingsNest(t *testing.T) {
	ds := rankedRows(t, 200, 4)
	three, err := ds.Rankings(t.Context(), 3, 9)
	if err != nil {
		t.Fatal(err)
	}
	two, err := ds.Rankings(t.Context(), 2, 9)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ds.Rankings(t.Context(), 2, 9)
	if err != nil {
		t.Fatal(err)
	}
	pairs := map[string]int{}
	for i := range ds.Len() {
		if got := two.Responses(i); len(got) != 2 || got[0] >= got[1] || !slices.Equal(got, again.Responses(i)) {
			t.Fatalf("row %d: %v, then %v", i, got, again.Responses(i))
		}
		for _, r := range two.Responses(i) {
			if !slices.Contains(three.Responses(i), r) {
				t.Errorf("row %d: %q is not in the 3-ranking", i, r)
			}
		}
		pairs[fmt.Sprint(two.Responses(i))]++
	}
	if len(pairs) != 6 {
		t.Errorf("pairs drawn: %v, want all 6", pairs)
	}
	if _, err := ds.Rankings(t.Context(), 5, 9); err == nil || !strings.Contains(err.Error(), "x.jsonl:1") {
		t.Errorf("5 of 4: got %v, want an error that names the line", err)
	}
}

// A ranking has its best response first, also where nothing had to be sampled.
func TestRankingsOfAllResponsesAreInOrder(t *testing.T) {
	ds, err := parse(t, Options{}, `{"prefix": [["<|prompter|>q", "<|assistant|>"], ["<|prompter|>q", "<|assistant|>"], ["<|prompter|>q", "<|assistant|>"]], "suffix": ["b", "c", "a"], "reward": [1, 0.5, 2]}`)
	if err != nil {
		t.Fatal(err)
	}
	three, err := ds.RankingsWith(t.Context(), 3, PythonRandom(42))
	if err != nil || !slices.Equal(three.Responses(0), []string{"a", "b", "c"}) || !slices.Equal(three.Rewards(0), []float64{2, 1, 0.5}) {
		t.Errorf("%v, %v", three.Row(0), err)
	}
}

func TestRankingsNeedRewards(t *testing.T) {
	ds, err := parse(t, Options{}, goodPRO) // its second reward is null
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ds.Ranked(t.Context()); err == nil || !strings.Contains(err.Error(), "response 1 has no reward") {
		t.Errorf("got %v", err)
	}
}

func prompts(d *Dataset) []string {
	var out []string
	for _, p := range d.Prompts() {
		out = append(out, strings.TrimSuffix(strings.TrimPrefix(p, "\n\nHuman: "), "\n\nAssistant:"))
	}
	return out
}

func TestSelections(t *testing.T) {
	ds := rankedRows(t, 10, 2)
	all := prompts(ds)
	shuffled := ds.Shuffle(1)
	if got := prompts(shuffled); slices.Equal(got, all) || !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(all))) {
		t.Errorf("shuffle %v", got)
	}
	if !slices.Equal(prompts(ds.Shuffle(1)), prompts(shuffled)) || slices.Equal(prompts(ds.Shuffle(2)), prompts(shuffled)) {
		t.Error("a seed must give one order, two seeds two")
	}
	if !slices.Equal(prompts(ds), all) {
		t.Error("shuffling changed the Dataset")
	}
	python := prompts(ds.ShuffleWith(PythonRandom(42)))
	if !slices.Equal(python, []string{"q7", "q3", "q2", "q8", "q5", "q6", "q9", "q4", "q0", "q1"}) {
		t.Errorf("Python's shuffle %v", python)
	}
	sampled, err := ds.Sample(4, 3)
	if err != nil || sampled.Len() != 4 || dedup(t, sampled).Len() != 4 {
		t.Errorf("sample %v, %v", sampled, err)
	}
	if _, err := ds.Sample(11, 3); err == nil {
		t.Error("a sample of 11 of 10: want an error")
	}
	parts, err := ds.Split(0.5, 0.25)
	if err != nil || !slices.Equal(prompts(parts[0]), all[:5]) || !slices.Equal(prompts(parts[1]), all[5:8]) {
		t.Errorf("split %v, %v", parts, err)
	}
	for _, bad := range [][]float64{{0.8, 0.3}, {-0.1}} {
		if _, err := ds.Split(bad...); err == nil {
			t.Errorf("split %v: want an error", bad)
		}
	}
	third, err := ds.Filter(t.Context(), func(r Row) bool { return r.Line%3 == 0 })
	if err != nil || !slices.Equal(prompts(third), []string{"q2", "q5", "q8"}) {
		t.Errorf("filter %v, %v", third, err)
	}
	taken, err := ds.Take([]int{9, 0, 9})
	if err != nil || !slices.Equal(prompts(taken), []string{"q9", "q0", "q9"}) || !slices.Equal(prompts(dedup(t, taken)), []string{"q9", "q0"}) {
		t.Errorf("take %v, %v", prompts(taken), err)
	}
	if _, err := ds.Take([]int{10}); err == nil {
		t.Error("row 10 of 10: want an error")
	}
	masked, err := shuffled.Where([]bool{true, false, false, false, false, false, false, false, false, true})
	if err != nil || !slices.Equal(prompts(masked), []string{prompts(shuffled)[0], prompts(shuffled)[9]}) {
		t.Errorf("where %v, %v", masked, err)
	}
	if got := prompts(Concat(ds.Prefix(2), shuffled.Prefix(1), ds.Slice(9, 10))); !slices.Equal(got, []string{"q0", "q1", prompts(shuffled)[0], "q9"}) {
		t.Errorf("concat %v", got)
	}
	if n := ds.Prefix(0).Len() + tableOf(t, ds.Prefix(0)).NumRows(); n != 0 {
		t.Errorf("no rows: %d", n)
	}
	if ds.Prefix(99).Len() != 10 {
		t.Error("a prefix longer than the Dataset is all of it")
	}
}

// What was selected and copied to Arrow has the very rows.
func TestRecordOfASelection(t *testing.T) {
	ds := rankedRows(t, 50, 3).Shuffle(5).Prefix(20)
	record, err := ds.Record(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back := newDataset([]*chunk{newChunk(record, 0)}, nil)
	if back.Len() != 20 {
		t.Fatalf("%d rows", back.Len())
	}
	for i := range 20 {
		if !reflect.DeepEqual(back.Row(i), ds.Row(i)) {
			t.Errorf("row %d: %+v, want %+v", i, back.Row(i), ds.Row(i))
		}
	}
}

func TestBudget(t *testing.T) {
	want := Grid{{2, 24000, 48000}, {3, 16000, 48000}, {4, 12000, 48000}}
	if got := Budget(24000); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, err := Budget(3000).Table().Ints("prompts"); err != nil || !slices.Equal(got, []int{3000, 2000, 1500}) {
		t.Errorf("prompts %v, %v", got, err)
	}
}

func TestDescribe(t *testing.T) {
	table, err := rankedRows(t, 10, 4).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names, err := table.Strings("quantity")
	if err != nil {
		t.Fatal(err)
	}
	row := slices.Index(names, "reward")
	for column, want := range map[string]any{"count": int64(40), "mean": 2.5, "min": 1.0, "50%": 2.5, "max": 4.0} {
		if got, err := table.Value(row, column); err != nil || got != want {
			t.Errorf("reward, %s: %v (%T), %v; want %v", column, got, got, err, want)
		}
	}
}

func TestExample(t *testing.T) {
	ds := Example()
	if ds.Len() != 720 || len(ds.Rejects()) != 0 {
		t.Fatal(ds)
	}
	if _, err := ds.Rankings(t.Context(), 2, 42); err != nil {
		t.Error(err)
	}
	bundle := ds.MIMEBundle()
	for mime, begin := range map[string]string{
		"text/plain": "720 prompts of example.jsonl.gz, 4 responses each, all with rewards; the first 10:\n",
		"text/html":  "<div>720 prompts of example.jsonl.gz, 4 responses each, all with rewards; the first 10:</div>\n<div",
	} {
		if got, _ := bundle[mime].(string); !strings.HasPrefix(got, begin) || !strings.Contains(got, "prompt") {
			t.Errorf("%s: %.200q", mime, got)
		}
	}
}

var (
	wantWords = []uint32{2166296868, 2220160828}
	wantPool  = []int{41, 19, 50, 83, 6, 9, 68, 12, 46, 74}
	wantSet   = []int{339563, 993908, 158176, 414002, 682554, 50631}
	wantBelow = []int{285805288266, 0, 2494740733}
)

// TestWithRewards: other rewards give another ranking and leave the rest alone.
func TestWithRewards(t *testing.T) {
	ds := rankedRows(t, 2, 3)
	again, err := ds.WithRewards(t.Context(), [][]float64{{1, 3, 2}, {0, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	ranked, err := again.Ranked(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := append(ranked.Responses(0), ranked.Responses(1)...); !slices.Equal(got, []string{"r1", "r2", "r0", "r2", "r0", "r1"}) {
		t.Errorf("ranked as %v", got)
	}
	if !slices.Equal(ranked.Rewards(0), []float64{3, 2, 1}) || again.Prompt(1) != ds.Prompt(1) || !slices.Equal(ds.Rewards(0), []float64{3, 2, 1}) {
		t.Errorf("rewards %v, prompt %q, rewards before %v", ranked.Rewards(0), again.Prompt(1), ds.Rewards(0))
	}
	for _, wrong := range [][][]float64{nil, {{1, 2, 3}, {1}}} {
		if _, err := ds.WithRewards(t.Context(), wrong); err == nil {
			t.Errorf("%v was accepted", wrong)
		}
	}
}
