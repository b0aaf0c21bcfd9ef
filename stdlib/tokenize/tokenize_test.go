package tokenize

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// shared is a file of the shared test material. The test is skipped where that
// is absent, and fails in CI, where it must be present.
func shared(t testing.TB, elements ...string) string {
	t.Helper()
	root := os.Getenv("DIVVY_SHARED")
	for dir, err := os.Getwd(); root == "" && err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			root = filepath.Join(dir, "..", "shared")
		} else if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
	path := filepath.Join(append([]string{root}, elements...)...)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("shared material is missing in CI: %v", err)
		}
		t.Skipf("shared material is not on this machine: %v", err)
	}
	return path
}

func must(tok *Tokenizer, err error) func(testing.TB) *Tokenizer {
	return func(t testing.TB) *Tokenizer {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return tok
	}
}

func sharedTokenizers(t testing.TB) map[string]*Tokenizer {
	file := func(name string) string { return shared(t, "data", "tokenizers", name) }
	return map[string]*Tokenizer{
		"llama": must(LLaMA(file("llama_tokenizer.model")))(t),
		"gpt2":  must(GPT2(file("gpt2_encoder.json"), file("gpt2_vocab.bpe")))(t),
		"opt":   must(OPT(file("gpt2_encoder.json"), file("gpt2_vocab.bpe"), file("gpt2_dict.txt")))(t),
		"neox":  must(HuggingFace(file("gpt_neox_20B_tokenizer.json")))(t),
	}
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// tinyIDs is testdata/tiny_ids.json.
type tinyIDs struct {
	Texts         []string
	SentencePiece [][]int32
	Decoded       []string
	HuggingFace   [][]int32
}

func readTiny(t testing.TB) (f tinyIDs) {
	readJSON(t, "testdata/tiny_ids.json", &f)
	if len(f.Texts) < 200 {
		t.Fatalf("only %d texts in the fixture", len(f.Texts))
	}
	return f
}

// sharedTexts is the texts of a file of the shared data as testdata/make.py
// takes them: rendered prompts and responses, whole dialogues, or lines.
func sharedTexts(t testing.TB, name string) []string {
	t.Helper()
	data, err := os.ReadFile(shared(t, "data", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return strings.Split(string(data), "\n")
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var row struct {
			Chosen, Rejected string
			Prefix           [][]string
			Suffix           []string
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		if row.Prefix == nil {
			texts = append(texts, row.Chosen, row.Rejected)
			continue
		}
		prompt := strings.Join(row.Prefix[0], "")
		prompt = strings.ReplaceAll(prompt, "<|prompter|>", "\n\nHuman: ")
		prompt = strings.ReplaceAll(prompt, "<|assistant|>", "\n\nAssistant: ")
		texts = append(texts, strings.TrimRight(prompt, " \t\n\r\v\f\u00a0\u2028\u3000"))
		texts = append(texts, row.Suffix...)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return texts
}

type digest struct {
	Texts  int
	IDs    int64
	SHA256 string
}

// digestOf is the digest that testdata/make.py computes.
func digestOf(ids *IDs) digest {
	h := sha256.New()
	for i := range ids.Len() {
		row := ids.At(i)
		buf := binary.LittleEndian.AppendUint32(nil, uint32(len(row)))
		for _, id := range row {
			buf = binary.LittleEndian.AppendUint32(buf, uint32(id))
		}
		h.Write(buf)
	}
	return digest{ids.Len(), ids.Tokens(), hex.EncodeToString(h.Sum(nil))}
}

// Every text of the shared data has the ids that sentencepiece, tokenizers and
// transformers give it.
func TestIDsOfTheSharedData(t *testing.T) {
	var want struct {
		Files map[string]map[string]digest
	}
	readJSON(t, "testdata/shared_ids.json", &want)
	if len(want.Files) < 10 {
		t.Fatalf("only %d files in the fixture", len(want.Files))
	}
	toks := sharedTokenizers(t)
	for name, digests := range want.Files {
		texts := readTiny(t).Texts
		if name != "made up" {
			texts = sharedTexts(t, name)
		}
		for which, tok := range toks {
			ids, err := tok.EncodeAll(context.Background(), texts, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := digestOf(ids); got != digests[which] {
				t.Errorf("%s, %s: %+v, want %+v", name, which, got, digests[which])
			}
		}
	}
}

// The same with two small tokenizers that are part of the project.
func TestIDsOfTinyTokenizers(t *testing.T) {
	f := readTiny(t)
	sp := must(LLaMA("testdata/tiny.model"))(t).WithBOS(false)
	hf := must(HuggingFace("testdata/tiny.json"))(t)
	for i, text := range f.Texts {
		if got := sp.Encode(text); !slices.Equal(got, f.SentencePiece[i]) {
			t.Errorf("sentencepiece, %q:\n got %v\nwant %v", text, got, f.SentencePiece[i])
		}
		if got := hf.Encode(text); !slices.Equal(got, f.HuggingFace[i]) {
			t.Errorf("tokenizer.json, %q:\n got %v\nwant %v", text, got, f.HuggingFace[i])
		}
		decoded, err := sp.Decode(f.SentencePiece[i])
		if err != nil {
			t.Fatal(err)
		}
		if decoded != f.Decoded[i] {
			t.Errorf("decoding %v:\n got %q\nwant %q", f.SentencePiece[i], decoded, f.Decoded[i])
		}
	}
}

// The classes of all code points are those of Hugging Face tokenizers.
func TestClassOfEveryCodePoint(t *testing.T) {
	var want struct{ Classes string }
	readJSON(t, "testdata/shared_ids.json", &want)
	classes := make([]byte, utf8.MaxRune+1)
	for r := range rune(len(classes)) {
		if utf8.ValidRune(r) {
			classes[r] = runeClass(r)
		}
	}
	sum := sha256.Sum256(classes)
	if got := hex.EncodeToString(sum[:]); got != want.Classes {
		t.Errorf("classes have digest %s, want %s", got, want.Classes)
	}
}

// Ids that the paper's definition rests on.
func TestLLaMA(t *testing.T) {
	tok := sharedTokenizers(t)["llama"]
	tests := []struct {
		text string
		want []int32
	}{
		{"", []int32{1}},
		{"\n\nHuman:", []int32{1, 29871, 13, 13, 29950, 7889, 29901}},
		{"I believe the meaning of life is", []int32{1, 306, 4658, 278, 6593, 310, 2834, 338}},
	}
	for _, test := range tests {
		if got := tok.Encode(test.text); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %v, want %v", test.text, got, test.want)
		}
	}
	if got := tok.Tokens([]int32{29871, 13, 29950, -1, 99999}); !slices.Equal(got, []string{"▁", "<0x0A>", "H", "", ""}) {
		t.Errorf("tokens %q", got)
	}
}

// Texts survive encoding and decoding; SentencePiece and byte-level BPE lose
// nothing.
func TestRoundTrip(t *testing.T) {
	for name, tok := range map[string]*Tokenizer{
		"sentencepiece": must(LLaMA("testdata/tiny.model"))(t),
		"byte level":    must(HuggingFace("testdata/tiny.json"))(t),
	} {
		for _, text := range []string{"hello", " two  spaces ", "naïve 日本 😀", "a\n\n\tb", ""} {
			got, err := tok.Decode(tok.Encode(text))
			if err != nil || got != text {
				t.Errorf("%s: %q came back as %q, %v", name, text, got, err)
			}
		}
	}
	if _, err := must(LLaMA("testdata/tiny.model"))(t).Decode([]int32{1 << 20}); err == nil {
		t.Error("decoding an id outside the vocabulary: want an error")
	}
}

// One tokenizer may be used from many goroutines, and ids do not depend on it.
func TestParallel(t *testing.T) {
	tok := must(LLaMA("testdata/tiny.model"))(t)
	texts := slices.Repeat(readTiny(t).Texts, 20)
	one, err := tok.EncodeAll(context.Background(), texts, Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	calls := int64(0)
	many, err := tok.EncodeAll(context.Background(), texts, Options{Workers: 8, Progress: func(done, total int64) {
		if done < calls || total != int64(len(texts)) {
			t.Errorf("progress %d of %d after %d", done, total, calls)
		}
		calls = done
	}})
	if err != nil {
		t.Fatal(err)
	}
	if digestOf(one) != digestOf(many) || calls != int64(len(texts)) {
		t.Errorf("%v and %v, progress ended at %d", digestOf(one), digestOf(many), calls)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tok := range []*Tokenizer{WhiteSpace(), must(LLaMA("testdata/tiny.model"))(t)} {
		if _, err := tok.EncodeAll(ctx, []string{"a"}, Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want context.Canceled", tok.Name(), err)
		}
	}
}

// What cannot be done exactly is refused, by name.
func TestRefused(t *testing.T) {
	good, err := os.ReadFile("testdata/tiny.json")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ old, new, says string }{
		{`"type": "NFC"`, `"type": "Lowercase"`, "normalizer"},
		{`"dropout": null`, `"dropout": 0.1`, "dropout"},
		{`"ignore_merges": false`, `"ignore_merges": true`, "ignore_merges"},
		{`"lstrip": false`, `"lstrip": true`, "lstrip"},
		{`"use_regex": true`, `"use_regex": false`, "pattern"},
		{`"type": "BPE"`, `"type": "Unigram"`, "Unigram"},
	}
	for _, test := range tests {
		bad := strings.Replace(string(good), test.old, test.new, 1)
		if bad == string(good) {
			t.Fatalf("the fixture has no %s", test.old)
		}
		if _, err := parseHuggingFace([]byte(bad)); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got error %v, want one that says %q", test.new, err, test.says)
		}
	}
	for _, data := range []string{"", "nonsense", "\x0a\x00", strings.Repeat("\x0a\x03\x0a\x01a", 2)} {
		if _, err := parseSentencePiece([]byte(data)); err == nil {
			t.Errorf("SentencePiece model %q: want an error", data)
		}
	}
}

// The queue for long words and the scan for short ones do the same.
func TestBothMergersAgree(t *testing.T) {
	m := must(LLaMA("testdata/tiny.model"))(t).model.(*sentencePiece)
	var b merger
	for _, text := range readTiny(t).Texts {
		var symbols []int32
		for _, r := range text {
			if id, ok := m.symbols[r]; ok {
				symbols = append(symbols, id)
			}
		}
		if len(symbols) >= longWord {
			symbols = symbols[:longWord-1]
		}
		scan := slices.Clone(b.apply(m.merges, slices.Clone(symbols)))
		queue := b.applyQueue(m.merges, slices.Clone(symbols))
		if !slices.Equal(scan, queue) {
			t.Errorf("%q: scan %v, queue %v", text, scan, queue)
		}
	}
}

// The cache starts again when it is full and never changes an id.
func TestFullCache(t *testing.T) {
	tok := must(HuggingFace("testdata/tiny.json"))(t)
	s := newScratch()
	var cold merger
	for i := range 3 * cacheSlots {
		word := fmt.Sprintf(" w%d", i%(2*cacheSlots))
		got := s.word(nil, word, tok.model)
		if i%97 == 0 && !slices.Equal(got, tok.model.segment(nil, word, &cold)) {
			t.Fatalf("%q: %v", word, got)
		}
	}
}

// A tokenizer that a cell shows says what it is, not what it is made of.
func TestTokenizerIsNamed(t *testing.T) {
	tok := WhiteSpace()
	tok.Encode("a b a")
	if got := tok.String(); got != "tokenizer: white space, 2 words so far" {
		t.Error(got)
	}
}
