package diversity_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"divvy/install/pyenv"
	"divvy/stdlib/dataset"
	"divvy/stdlib/diversity"
	"divvy/stdlib/tokenize"
)

// hostileTexts are what no data set should have and some have.
func hostileTexts() []string {
	texts := []string{
		"", " ", "\n", "\r\n", "a", "!", "\x00", "a\x00b\x00", "\ufeffstart", "mid\ufeffdle", "one\r\ntwo\r\n\r\nthree\rfour", "tab\tand\vfeed\f",
		"\u2028\u2029\u0085 \u00a0\u3000\u200b\u2060", "e\u0301 \u00e9 \u1e9b\u0323 \ufb01", "\u202ertl\u202c \u05d0\u05d1 \u0639\u0631\u0628\u064a",
		"\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \U0001f44d\U0001f3fd", "\U0010ffff\U000e0001\ue000\ufffd\ufffe", "\u0e01\u0e33\u0e43\u0e2b\u0e49 \u0928\u092e\u0938\u094d\u0924\u0947",
		"\u2581 \u2581\u2581x\u2581", "<s></s><unk><0x0A><|endoftext|><|padding|>", "\n\nHuman: \n\nAssistant:", "<|prompter|>nested<|assistant|>",
		"\u65e5\u672c\u8a9e\u4e2d\u6587\ud55c\uad6d\uc5b4", "I'll we'VE don't '' ' 's", "3.14159\u00bd\u2163\u0664\u0665 1e-9 0x1F",
		strings.Repeat("a", 30000), strings.Repeat("ab c", 20000), strings.Repeat(" ", 5000) + "x", strings.Repeat("\u65e5\u672c", 4000),
		strings.Repeat("=-", 9000), strings.Repeat("\n", 3000), strings.Repeat("word ", 600),
	}
	for n := range 40 { // repeated prompts, and prompts of every length about the 512 ids
		texts = append(texts, "again", strings.Repeat("x y ", 230+n))
	}
	return texts
}

// official is what testdata/official.py prints for one list of prompts.
type official struct {
	Prompts    string
	Tokenizers map[string]struct {
		IDs    string
		Counts [][][3]int64 // for N = 1 to 5, at each size: prompts, distinct, all
	}
}

// The counts of an independent program, for every file, tokenizer, N from 1 to 5
// and some sizes: the plainest Python, with the reference tokenizers.
func TestCountsAreThoseOfPython(t *testing.T) {
	root := filepath.Dir(shared(t, "data"))
	env := pyenv.Need(t)
	work := t.TempDir()
	texts, err := json.Marshal(hostileTexts())
	if err != nil {
		t.Fatal(err)
	}
	cmd := env.Command(t.Context(), "testdata/official.py", root, work)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(texts), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	want := map[string]official{}
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) != 10 {
		t.Fatalf("%d lists of prompts, want 10", len(want))
	}
	for name, list := range want {
		t.Run(name, func(t *testing.T) { compareWithPython(t, officialPrompts(t, root, work, name), list) })
	}
}

// officialPrompts are the prompts of a list, read here.
func officialPrompts(t *testing.T, root, work, name string) []string {
	t.Helper()
	var paths []string
	switch name {
	case "shuffled":
		for _, part := range []string{"harmless_base", "helpful_base", "helpful_online"} {
			paths = append(paths, filepath.Join(root, "data", "hh", "pro_test_"+part+".jsonl.gz"))
		}
	case "hostile":
		paths = []string{filepath.Join(work, "hostile.jsonl")}
	default:
		paths = []string{filepath.Join(root, "data", filepath.FromSlash(name))}
	}
	ds, err := dataset.Read(t.Context(), dataset.Options{PRO: true}, paths...)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(ds.Rejects()); n > 0 {
		t.Fatalf("%d lines of %v gave no row", n, paths)
	}
	if name == "shuffled" {
		ds = ds.ShuffleWith(dataset.PythonRandom(42))
	}
	return ds.Prompts()
}

func compareWithPython(t *testing.T, prompts []string, want official) {
	var rows [][]byte
	for _, p := range prompts {
		rows = append(rows, []byte(p))
	}
	if digestRows(rows) != want.Prompts {
		t.Fatal("the prompts differ")
	}
	for which, w := range want.Tokenizers {
		ids := encode(t, officialTokenizer(t, which), prompts)
		rows = rows[:0]
		for i := range ids.Len() {
			var row []byte
			for _, id := range ids.At(i) {
				row = binary.LittleEndian.AppendUint32(row, uint32(id))
			}
			rows = append(rows, row)
		}
		if digestRows(rows) != w.IDs {
			t.Errorf("%s: the ids differ", which)
			continue
		}
		for n := 1; n <= 5; n++ {
			var sizes []int
			for _, at := range w.Counts[n-1] {
				sizes = append(sizes, int(at[0]))
			}
			curve, err := diversity.Curve(context.Background(), ids, sizes, diversity.Options{N: n})
			if err != nil {
				t.Fatal(err)
			}
			var got [][3]int64
			for i := range curve.Len() {
				got = append(got, [3]int64{int64(curve.Sizes[i]), curve.Unique[i], curve.Total[i]})
			}
			if !slices.Equal(got, w.Counts[n-1]) {
				t.Errorf("%s, N = %d:\n got %v\nwant %v", which, n, got, w.Counts[n-1])
			}
		}
	}
}

func officialTokenizer(t *testing.T, which string) *tokenize.Tokenizer {
	t.Helper()
	file := func(name string) string { return shared(t, "data", "tokenizers", name) }
	var tok *tokenize.Tokenizer
	var err error
	switch which {
	case "llama":
		return llama(t)
	case "gpt2":
		tok, err = tokenize.GPT2(file("gpt2_encoder.json"), file("gpt2_vocab.bpe"))
	case "opt":
		tok, err = tokenize.OPT(file("gpt2_encoder.json"), file("gpt2_vocab.bpe"), file("gpt2_dict.txt"))
	case "neox":
		tok, err = tokenize.HuggingFace(file("gpt_neox_20B_tokenizer.json"))
	case "whitespace":
		return tokenize.WhiteSpace()
	default:
		err = fmt.Errorf("no tokenizer %q", which)
	}
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// digestRows is the digest of official.py.
func digestRows(rows [][]byte) string {
	h := sha256.New()
	for _, row := range rows {
		h.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(row))))
		h.Write(row)
	}
	return hex.EncodeToString(h.Sum(nil))
}
