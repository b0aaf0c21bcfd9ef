package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func parse(t testing.TB, o Options, text string) (*Dataset, error) {
	t.Helper()
	return Parse(context.Background(), o, "x.jsonl", strings.NewReader(text))
}

// Raw rows preprocessed as PRO does must be, byte for byte, the rows that PRO
// published: its file names the line of the raw file.
func TestRawRowsBecomePROsRows(t *testing.T) {
	raw, err := Read(context.Background(), Options{PRO: true}, shared(t, "data", "hh", "harmless-base-test.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	pro, err := Load(t.Context(), shared(t, "data", "hh", "pro_test_harmless_base.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if raw.Len() != 2312 || pro.Len() != 2312 {
		t.Fatalf("%d raw rows and %d of PRO, want 2312 of each", raw.Len(), pro.Len())
	}
	for i := range pro.Len() {
		want := pro.Row(i)
		var meta struct {
			Line int `json:"line_num"`
		}
		if err := json.Unmarshal([]byte(want.Meta), &meta); err != nil {
			t.Fatal(err)
		}
		got := raw.Row(meta.Line - 1)
		if got.Line != int64(meta.Line) || !slices.Equal(got.Prefix, want.Prefix) || !slices.Equal(got.Responses, want.Responses) {
			t.Fatalf("raw line %d gives\n%q %q, PRO has\n%q %q", meta.Line, got.Prefix, got.Responses, want.Prefix, want.Responses)
		}
		if got.Rewards != nil || len(want.Rewards) != 2 {
			t.Fatalf("row %d: rewards %v of the raw row, %v of PRO's", i, got.Rewards, want.Rewards)
		}
	}
}

// Without PRO's behaviour the text that names no speaker is kept: 93 prompts
// change, and each is the longer for it.
func TestKeptText(t *testing.T) {
	path := shared(t, "data", "hh", "harmless-base-test.jsonl.gz")
	kept, err := Load(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	dropped, err := Read(context.Background(), Options{PRO: true}, path)
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for i := range kept.Len() {
		a, b := kept.Prompt(i), dropped.Prompt(i)
		if a != b {
			changed++
			if len(a) <= len(b) {
				t.Errorf("row %d: keeping text made the prompt shorter", i)
			}
		}
	}
	if changed != 93 || kept.Len() != 2312 {
		t.Errorf("%d of %d prompts change, want 93 of 2312", changed, kept.Len())
	}
}

func TestEveryFileReads(t *testing.T) {
	tests := []struct {
		file      string
		rows      int
		responses int
	}{
		{"hh/harmless-base-test.jsonl.gz", 2312, 4624},
		{"hh/pro_dev.jsonl.gz", 280, 560},
		{"hh/pro_test_harmless_base.jsonl.gz", 2312, 4624},
		{"hh/pro_test_helpful_base.jsonl.gz", 2354, 4708},
		{"hh/pro_test_helpful_online.jsonl.gz", 1135, 2270},
		{"ranked/alpaca_eval_ranked.jsonl.gz", 805, 12852},
		{"ranked/oasst1_en_val_ranked.jsonl.gz", 418, 1132},
		{"ranked/qa_feedback_ranked4.jsonl.gz", 500, 2000},
	}
	for _, test := range tests {
		ds, err := Load(t.Context(), shared(t, "data", filepath.FromSlash(test.file)))
		if err != nil {
			t.Fatal(err)
		}
		responses := 0
		for i := range ds.Len() {
			responses += len(ds.Responses(i))
		}
		if ds.Len() != test.rows || responses != test.responses || len(ds.Rejects()) != 0 {
			t.Errorf("%s: %d rows, %d responses, %d rejects; want %d, %d, 0",
				test.file, ds.Len(), responses, len(ds.Rejects()), test.rows, test.responses)
		}
	}
}

const goodPRO = `{"prefix": [["<|prompter|>Hi", "<|assistant|>"], ["<|prompter|>Hi","<|assistant|>"]], "suffix": ["a", "b"], "reward": [1.5, null], "sft_index": 0, "meta": {"k": [1]}, "odd": "\u00e9"}`

func TestRow(t *testing.T) {
	ds, err := parse(t, Options{}, "\n"+goodPRO+"\r\n")
	if err != nil {
		t.Fatal(err)
	}
	r := ds.Row(0)
	if r.Prompt() != "\n\nHuman: Hi\n\nAssistant:" {
		t.Errorf("prompt %q", r.Prompt())
	}
	if r.Meta != `{"k": [1]}` || r.Extra != `{"odd":"\u00e9"}` {
		t.Errorf("meta %s, extra %s", r.Meta, r.Extra)
	}
	if r.Rewards[0] != 1.5 || r.Rewards[1] == r.Rewards[1] {
		t.Errorf("rewards %v, want 1.5 and NaN", r.Rewards)
	}
	if r.File != "x.jsonl" || r.Line != 2 {
		t.Errorf("read at %s:%d, want x.jsonl:2", r.File, r.Line)
	}
	if turns := r.Turns(); turns[0] != (Turn{"prompter", "Hi"}) || turns[1] != (Turn{"assistant", ""}) {
		t.Errorf("turns %v", turns)
	}
}

func TestBadLines(t *testing.T) {
	tests := []struct {
		line   string
		column int
		says   string
	}{
		{`{"prefix": [["<|prompter|>a"]], "suffix": ["b"]`, 48, "ends inside"},
		{`{"prefix": [["<|prompter|>a"]], "suffix": [3]}`, 44, "a number where a string should be"},
		{`{"prefix": [["<|prompter|>a"]], "suffix": ["b"], "reward": ["x"]}`, 61, "a string where a number should be"},
		{`{"prefix": [["<|prompter|>a"]], "suffix": ["b"], "reward": [1, 2]}`, 0, "2 rewards for 1 responses"},
		{`{"prefix": [["<|prompter|>a"]], "suffix": ["b", "c"]}`, 12, "1 prefixes for 2 responses"},
		{`{"prefix": [["<|prompter|>a"], ["<|prompter|>b"]], "suffix": ["b", "c"]}`, 32, "prefix 1 differs"},
		{`{"prefix": [["<|prompter|>a"]], "suffix": ["b"], "sft_index": 7}`, 0, "sft_index 7"},
		{`{"prefix": [["<|prompter|>a"]], "suffix": ["b"]} trailing`, 50, "follows"},
		{`{"prefix": [["<|prompter|>a"]]}`, 1, `"suffix" is missing`},
		{`{"prefix": [], "suffix": []}`, 0, "prefix is empty"},
		{`{"prefix": [["<|prompter|>a"]], "suffix": ["b"], "suffix": ["b"]}`, 50, "duplicate"},
		{"{\"prefix\": [[\"<|prompter|>\xff\"]], \"suffix\": [\"b\"]}", 27, "UTF-8"},
		{`[]`, 1, "an array where a JSON object should be"},
		{`nonsense`, 2, "not JSON"},
	}
	for _, test := range tests {
		text := goodPRO + "\n\n" + test.line + "\n" + goodPRO + "\n"
		_, err := parse(t, Options{}, text)
		var bad *LineError
		if !errors.As(err, &bad) {
			t.Errorf("%s: got error %v, want a LineError", test.line, err)
			continue
		}
		if bad.File != "x.jsonl" || bad.Line != 3 || bad.Column != test.column || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s:\n got %v\nwant x.jsonl:3:%d: … %s", test.line, err, test.column, test.says)
		}
		ds, err := parse(t, Options{Collect: true}, text)
		if err != nil {
			t.Errorf("%s: collecting: %v", test.line, err)
			continue
		}
		rejects := ds.Rejects()
		if ds.Len() != 2 || len(rejects) != 1 || rejects[0].Text != test.line || rejects[0].Kind != Malformed || rejects[0].Line != 3 {
			t.Errorf("%s: %d rows, rejects %+v", test.line, ds.Len(), rejects)
		}
	}
}

func TestHHPreprocessing(t *testing.T) {
	tests := []struct {
		name             string
		chosen, rejected string
		pro              bool
		prompt           string
		responses        []string
		excluded         string
	}{
		{name: "plain", chosen: "\n\nHuman: a\n\nAssistant: b", rejected: "\n\nHuman: a\n\nAssistant: c",
			prompt: "\n\nHuman: a\n\nAssistant:", responses: []string{"b", "c"}},
		{name: "text without a speaker is kept", chosen: "\n\nHuman: a\n\n1. x \n\nAssistant: b\n\nc", rejected: "\n\nHuman: a\n\nAssistant: d",
			prompt: "\n\nHuman: a\n\n1. x\n\nAssistant:", responses: []string{"b\n\nc", "d"}},
		{name: "or dropped as PRO does", pro: true, chosen: "\n\nHuman: a\n\n1. x\n\nAssistant: b\n\nc", rejected: "\n\nHuman: a\n\nAssistant: d",
			prompt: "\n\nHuman: a\n\nAssistant:", responses: []string{"b", "d"}},
		{name: "turns of one speaker are joined", chosen: "\n\nHuman: a\n\nHuman: b\n\nAssistant: c", rejected: "\n\nHuman: a\n\nAssistant: d",
			prompt: "\n\nHuman: a\nb\n\nAssistant:", responses: []string{"c", "d"}},
		{name: "unequal turns", chosen: "\n\nHuman: a\n\nAssistant: b", rejected: "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d",
			excluded: "chosen has 2 turns, rejected 4"},
		{name: "human last", chosen: "\n\nHuman: a", rejected: "\n\nHuman: b", excluded: "last turn"},
		{name: "no speaker", chosen: "a", rejected: "b", excluded: "before the first turn"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			line, err := json.Marshal(map[string]string{"chosen": test.chosen, "rejected": test.rejected})
			if err != nil {
				t.Fatal(err)
			}
			ds, err := parse(t, Options{PRO: test.pro}, string(line))
			if err != nil {
				t.Fatal(err)
			}
			if test.excluded != "" {
				if ds.Len() != 0 || len(ds.Rejects()) != 1 || ds.Rejects()[0].Kind != Excluded ||
					!strings.Contains(ds.Rejects()[0].Reason, test.excluded) || ds.Rejects()[0].Text != string(line) {
					t.Errorf("%d rows, rejects %+v", ds.Len(), ds.Rejects())
				}
				return
			}
			if ds.Prompt(0) != test.prompt || !slices.Equal(ds.Responses(0), test.responses) {
				t.Errorf("got %q %q, want %q %q", ds.Prompt(0), ds.Responses(0), test.prompt, test.responses)
			}
		})
	}
}

// Blocks and workers must not show: a file of many blocks gives its rows in
// order, whatever the compression.
func TestManyBlocks(t *testing.T) {
	var text strings.Builder
	const rows = 20000
	for range rows {
		text.WriteString(strings.Replace(goodPRO, `"a"`, `"`+strings.Repeat("x", 400)+`"`, 1) + "\n")
	}
	dir := t.TempDir()
	plain, gz, zst := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.jsonl"), filepath.Join(dir, "c.jsonl")
	write := func(path string, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(plain, []byte(text.String()))
	var z strings.Builder
	g := gzip.NewWriter(&z)
	g.Write([]byte(text.String()))
	g.Close()
	write(gz, []byte(z.String()))
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	write(zst, e.EncodeAll([]byte(text.String()), nil))

	ds, err := Load(t.Context(), plain, gz, zst)
	if err != nil {
		t.Fatal(err)
	}
	if ds.Len() != 3*rows {
		t.Fatalf("%d rows, want %d", ds.Len(), 3*rows)
	}
	for i := range ds.Len() {
		r := ds.Row(i)
		if r.Line != int64(i%rows+1) || r.File != []string{plain, gz, zst}[i/rows] {
			t.Fatalf("row %d comes from %s:%d", i, r.File, r.Line)
		}
	}
}

func TestCancelledReadEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Parse(ctx, Options{}, "x", strings.NewReader(goodPRO))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestMissingFileIsNamed(t *testing.T) {
	_, err := Load(t.Context(), filepath.Join(t.TempDir(), "none.jsonl"))
	if err == nil || !strings.Contains(err.Error(), "none.jsonl") {
		t.Errorf("got %v, want an error that names the file", err)
	}
}
