package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"

	"divvy/arrowio/charset"
)

func TestUltraFeedback(t *testing.T) {
	ds, err := parse(t, Options{}, `{"source": "s", "instruction": "Do it", "completions": [
		{"model": "a", "response": "one", "overall_score": 7.5, "fine-grained_score": 1},
		{"response": "two", "fine-grained_score": "3.25"}, {"model": "c", "text": "three", "overall_score": null}]}`)
	if err == nil {
		t.Fatal("a JSON object over several lines is not JSON lines: want an error")
	}
	ds, err = parse(t, Options{}, `{"source": "s", "instruction": "Do it", "completions": [{"model": "a", "fine-grained_score": 1, "response": "one", "overall_score": 7.5},`+
		`{"response": "two", "fine-grained_score": "3.25"}, {"model": "c", "text": "three", "overall_score": null}]}`)
	if err != nil {
		t.Fatal(err)
	}
	r := ds.Row(0)
	if r.Prompt() != "\n\nHuman: Do it\n\nAssistant:" || !slices.Equal(r.Responses, []string{"one", "two", "three"}) {
		t.Errorf("%q %q", r.Prompt(), r.Responses)
	}
	if r.Rewards[0] != 7.5 || r.Rewards[1] != 3.25 || !math.IsNaN(r.Rewards[2]) {
		t.Errorf("rewards %v", r.Rewards)
	}
	if r.Extra != `{"source":"s","completions":[{"model":"a"},{},{"model":"c"}]}` {
		t.Errorf("extra %s", r.Extra)
	}
	for line, says := range map[string]string{
		`{"instruction": "x", "completions": [{"model": "a"}]}`:              "x.jsonl:1:51: completion 0 has no response",
		`{"instruction": "x", "completions": []}`:                            "no responses",
		`{"completions": [{"response": "a"}]}`:                               `"instruction" (or "prompt") is missing`,
		`{"instruction": "x", "completions": [{"text": "a", "score": "b"}]}`: `"b" where a number should be`,
	} {
		if _, err := parse(t, Options{}, line); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want … %s", line, err, says)
		}
	}
}

func TestMessages(t *testing.T) {
	ds, err := parse(t, Options{}, `{"prompt": "Hi", "prompt_id": "7", "chosen": [{"content": "Hi", "role": "user"}, {"content": "yes ", "role": "assistant"}], `+
		`"rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "no"}], "score_chosen": 8.0, "score_rejected": 3}`)
	if err != nil {
		t.Fatal(err)
	}
	r := ds.Row(0)
	if r.Prompt() != "\n\nHuman: Hi\n\nAssistant:" || !slices.Equal(r.Responses, []string{"yes", "no"}) || !slices.Equal(r.Rewards, []float64{8, 3}) {
		t.Errorf("%+v", r)
	}
	ds, err = parse(t, Options{}, `{"chosen": [{"role": "system", "content": "x"}], "rejected": []}`)
	if err != nil || len(ds.Rejects()) != 1 || ds.Rejects()[0].Kind != Excluded {
		t.Errorf("a system message: %v, %v", ds, err)
	}
}

// What trainers of preferences take: a prompt, and two answers.
func TestPairs(t *testing.T) {
	for line, want := range map[string]string{
		`{"prompt": "Hi", "chosen": "yes ", "rejected": "no"}`:                                                                                                   `Human: Hi\n\nAssistant:|yes|no|[]|`,
		`{"id": 7, "system": "Be kind.", "question": "Why?", "chosen": "So.", "rejected": "No.", "k": [1]}`:                                                      `Human: Why?\n\nAssistant:|So.|No.|[]|{"id":7,"system":"Be kind.","k":[1]}`,
		`{"instruction": "Translate.", "input": "你好", "chosen": "hello", "rejected": "bye"}`:                                                                     `Human: Translate.\n你好\n\nAssistant:|hello|bye|[]|`,
		`{"instruction": "Go", "input": "", "chosen": "a", "rejected": "b", "chosen_score": 4.5, "rejected_score": null}`:                                        `Human: Go\n\nAssistant:|a|b|[4.5 NaN]|`,
		`{"prompt": "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:", "chosen": " d", "rejected": " e"}`:                                                 `Human: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:|d|e|[]|`,
		`{"prompt": "x", "chosen": "\n\nHuman: a\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c"}`:                                                  `Human: a\n\nAssistant:|b|c|[]|{"prompt":"x"}`,
		`{"prompt": [{"role": "user", "content": "a"}], "chosen": [{"role": "assistant", "content": "b"}], "rejected": [{"role": "assistant", "content": "c"}]}`: `Human: a\n\nAssistant:|b|c|[]|`,
		`{"chosen": [{"role": "assistant", "content": "b"}], "rejected": [{"role": "assistant", "content": "c"}], "prompt": "a"}`:                                `Human: a\n\nAssistant:|b|c|[]|{"prompt":"a"}`,
	} {
		ds, err := parse(t, Options{}, line)
		if err != nil || ds.Len() != 1 {
			t.Errorf("%s: %v, %v", line, ds, err)
			continue
		}
		r := ds.Row(0)
		got := strings.ReplaceAll(strings.TrimPrefix(r.Prompt(), "\n\n"), "\n", `\n`)
		if got = fmt.Sprintf("%s|%s|%v|%s", got, strings.Join(r.Responses, "|"), r.Rewards, r.Extra); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", line, got, want)
		}
	}
	for line, says := range map[string]string{
		`{"prompt": "x", "chosen": "a", "rejected": 5}`:                                "x.jsonl:1:44: rejected: a number where a string should be",
		`{"prompt": "Human: a\n\nAssistant: because", "chosen": "a", "rejected": "b"}`: "the prompt ends with words of the assistant",
		`{"chosen": "a", "rejected": "b"}`:                                             `text before the first turn: "a"`,
	} {
		ds, err := parse(t, Options{Collect: true}, line)
		if err != nil || len(ds.Rejects()) != 1 {
			t.Fatalf("%s: %v, %v", line, ds, err)
		}
		r := ds.Rejects()[0]
		if got := (&LineError{"x.jsonl", r.Line, r.Column, errors.New(r.Reason)}).Error(); !strings.HasSuffix(got, says) {
			t.Errorf("%s: %s, want … %s", line, got, says)
		}
	}
	if _, err := parse(t, Options{Format: Pairs}, `{"chosen": "a", "rejected": "b"}`); err == nil || !strings.Contains(err.Error(), `"prompt" (or "instruction", "question", "query") is missing`) {
		t.Errorf("no prompt: %v", err)
	}
}

// The columns meta and extra hold JSON: what is none is refused, since no file
// could hold it.
func TestOwnColumnsHoldJSON(t *testing.T) {
	row := func(meta, extra string) string {
		return fmt.Sprintf(`{"prefix": ["<|prompter|>q", "<|assistant|>"], "responses": ["a"], "rewards": null, "sft_index": 0, "meta": %s, "extra": %s, "file": "f", "line": 1}`, meta, extra)
	}
	ds, err := parse(t, Options{}, row(`" {\"a\":\n 1}"`, `"{ \"b\" : [1,\n2] }\n"`)+"\n"+row(`null`, `""`))
	if err != nil || ds.Row(0).Meta != `{"a":1}` || ds.Row(0).Extra != `{"b":[1,2]}` || ds.Row(1).Meta+ds.Row(1).Extra != "" {
		t.Errorf("%+v, %v", ds, err)
	}
	for _, bad := range []string{row(`"{"`, `null`), row(`null`, `"[1]"`), row(`null`, `"{\"a\":1,\"a\":2}"`), row(`null`, `"{} {}"`)} {
		if _, err := parse(t, Options{}, bad); err == nil || !strings.Contains(err.Error(), "x.jsonl:1:") {
			t.Errorf("%s: %v, want an error with its place", bad, err)
		}
	}
}

// Fields that have the names of PRO's survive being written in PRO's schema.
func TestFieldsOfPROsNames(t *testing.T) {
	for _, name := range []string{"prefix", "suffix", "reward", "sft_index", "meta", "extra", "chosen", "other"} {
		field := fmt.Sprintf(`%q:[1]`, name)
		line := `{"instruction": "q", "completions": [{"response": "a", "score": 1}, {"response": "b", "score": 2}], "rejected": 0, ` + field + `}`
		ds, err := parse(t, Options{Format: UltraFeedback}, line)
		if err != nil {
			t.Fatal(name, err)
		}
		file := filepath.Join(t.TempDir(), "a.jsonl")
		if err := ds.WriteJSONL(t.Context(), file); err != nil {
			t.Fatal(name, err)
		}
		back, err := Load(t.Context(), file)
		if err != nil {
			t.Fatal(name, err)
		}
		a, b := ds.Row(0), back.Row(0)
		if !slices.Equal(a.Responses, b.Responses) || !slices.Equal(a.Rewards, b.Rewards) || !slices.Equal(a.Prefix, b.Prefix) || !strings.Contains(b.Extra, field) {
			t.Errorf("%s: %+v came back as %+v", name, a, b)
		}
	}
}

// What other programs write and a strict reader must have an answer to.
func TestOddLines(t *testing.T) {
	row := func(text string) string {
		return `{"prefix": [["<|prompter|>` + text + `", "<|assistant|>"]], "suffix": ["a"]}`
	}
	for name, test := range map[string]struct{ file, prompt, says string }{
		"byte order mark":  {"\ufeff" + row("x"), "x", ""},
		"CRLF":             {row("x") + "\r\n" + row("x") + "\r\n", "x", ""},
		"NUL":              {row(`a\u0000b`), "a\x00b", ""},
		"surrogate pair":   {row(`\ud83d\ude00`), "\U0001f600", ""},
		"lone surrogate":   {row(`\ud83d!`), "", "x.jsonl:1:27: "},
		"lone low half":    {row(`\ude00`), "", "x.jsonl:1:27: "},
		"raw control":      {row("a\x01b"), "", "x.jsonl:1:"},
		"a key twice":      {`{"suffix": ["a"], "prefix": [["<|prompter|>x"]], "prefix": [["<|prompter|>y"]]}`, "", "duplicate"},
		"not a number":     {`{"prefix": [["<|prompter|>x"]], "suffix": ["a"], "reward": [NaN]}`, "", "x.jsonl:1:"},
		"empty prompt":     {row(""), "", ""},
		"line separators":  {row("a\u2028b\u0085c"), "a\u2028b\u0085c", ""},
		"megabyte of text": {row(strings.Repeat("word ", 1<<18) + "end"), strings.Repeat("word ", 1<<18) + "end", ""},
	} {
		ds, err := parse(t, Options{}, test.file)
		if test.says != "" {
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: got %v, want an error that says %q", name, err, test.says)
			}
			if ds, err = parse(t, Options{Collect: true}, test.file+"\n"+row("good")); err != nil || ds.Len() != 1 || len(ds.Rejects()) != 1 {
				t.Errorf("%s: collected %v, %v; want a row and a reject", name, ds, err)
			}
			continue
		}
		if err != nil || ds.Len() == 0 {
			t.Errorf("%s: %v, %v", name, ds, err)
			continue
		}
		if got := ds.Row(0).Turns()[0].Text; got != test.prompt {
			t.Errorf("%s: prompt %.60q, want %.60q", name, got, test.prompt)
		}
	}
}

// sameRows compares rows but for where they were read.
func sameRows(t *testing.T, name string, got, want *Dataset) {
	t.Helper()
	if got.Len() != want.Len() {
		t.Fatalf("%s: %d rows, want %d", name, got.Len(), want.Len())
	}
	for i := range want.Len() {
		g, w := got.Row(i), want.Row(i)
		g.File, g.Line, w.File, w.Line = "", 0, "", 0
		if fmt.Sprintf("%+v", g) != fmt.Sprintf("%+v", w) || !reflect.DeepEqual(g.Prefix, w.Prefix) {
			t.Fatalf("%s: row %d is\n%+v, want\n%+v", name, i, g, w)
		}
	}
}

// What is written as JSON lines, Parquet or Arrow comes back the same.
func TestWrittenIsRead(t *testing.T) {
	odd, err := parse(t, Options{}, goodPRO)
	if err != nil {
		t.Fatal(err)
	}
	hh, err := parse(t, Options{}, `{"chosen": "\n\nHuman: a\n\nAssistant: \u2028\ud83d\ude00\u0000", "rejected": "\n\nHuman: a\n\nAssistant: c"}`)
	if err != nil {
		t.Fatal(err)
	}
	ds := Concat(odd, hh, Example().Shuffle(3).Prefix(100), tinyTree(t))
	dir := t.TempDir()
	for name, write := range map[string]func(path string) error{
		"a.jsonl":    func(path string) error { return ds.WriteJSONL(t.Context(), path) },
		"a.jsonl.gz": func(path string) error { return ds.WriteJSONL(t.Context(), path) },
		"a.parquet":  func(path string) error { return tableOf(t, ds).WriteParquet(path) },
		"a.arrow":    func(path string) error { return tableOf(t, ds).WriteIPC(path) },
	} {
		path := filepath.Join(dir, name)
		if err := write(path); err != nil {
			t.Fatal(name, err)
		}
		back, err := Load(t.Context(), path)
		if err != nil {
			t.Fatal(name, err)
		}
		sameRows(t, name, back, ds)
		// And from a stream that cannot seek, compressed once more.
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var z bytes.Buffer
		if strings.HasSuffix(name, ".gz") {
			z.Write(data)
		} else {
			g := gzip.NewWriter(&z)
			g.Write(data)
			g.Close()
		}
		if back, err = Parse(context.Background(), Options{}, name, &z); err != nil {
			t.Fatal(name, err)
		}
		sameRows(t, name+" as a stream", back, ds)
	}
}

func tinyTree(t *testing.T) *Dataset {
	ds, err := parse(t, Options{}, tree)
	if err != nil {
		t.Fatal(err)
	}
	return ds
}

// A broken first line is reported where it is, and does not hide the format.
func TestBrokenFirstLine(t *testing.T) {
	text := "{\"prefix\": nope\n" + goodPRO + "\n"
	if _, err := parse(t, Options{}, text); err == nil || !strings.Contains(err.Error(), "x.jsonl:1:1") {
		t.Errorf("got %v, want an error at line 1", err)
	}
	ds, err := parse(t, Options{Collect: true}, text)
	if err != nil || ds.Len() != 1 || len(ds.Rejects()) != 1 || ds.RejectsTable().NumRows() != 1 {
		t.Errorf("%v, %v", ds, err)
	}
	if _, err := parse(t, Options{}, `{"a": 1, "b": 2}`); err == nil || !strings.Contains(err.Error(), `["a" "b"]`) {
		t.Errorf("unknown fields: %v", err)
	}
}

func TestLongLine(t *testing.T) {
	long := strings.Repeat(" ", 3*blockBytes) + goodPRO
	if ds, err := parse(t, Options{}, goodPRO+"\n"+long+"\n"+goodPRO); err != nil || ds.Len() != 3 {
		t.Errorf("a line longer than a block: %v, %v", ds, err)
	}
	if _, err := parse(t, Options{MaxLine: 1 << 20}, goodPRO+"\n"+long); err == nil || !strings.Contains(err.Error(), "x.jsonl:2") {
		t.Errorf("a line longer than MaxLine: %v", err)
	}
}

// fuzzReader makes sure that whatever comes in, every line is a row, a reject or
// blank, and what was read can be written and read again.
func fuzzReader(f *testing.F, format Format, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
		f.Add([]byte(s + "\n\n" + s))
	}
	f.Add([]byte("\xff\xfe"))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := Options{Format: format, Collect: true, Workers: 1}
		ds, err := Parse(context.Background(), o, "fuzz", bytes.NewReader(data))
		if err != nil {
			return // not text lines: compressed, columnar, or nothing to detect
		}
		compressed := bytes.HasPrefix(data, []byte("\xff\xff\xff\xff")) || bytes.HasPrefix(data, []byte("\x1f\x8b")) || bytes.HasPrefix(data, []byte("(\xb5/\xfd"))
		if format != OASST && format != OASSTMessages && format != Detect && !compressed {
			lines := 0
			for line := range bytes.Lines(decoded(t, data)) {
				if len(bytes.TrimSpace(line)) > 0 {
					lines++
				}
			}
			if ds.Len()+len(ds.Rejects()) != lines {
				t.Fatalf("%d lines gave %d rows and %d rejects", lines, ds.Len(), len(ds.Rejects()))
			}
		}
		if format == OASST && !compressed && !bytes.HasPrefix(data, parquetMagic) && !bytes.HasPrefix(data, arrowMagic) {
			everyMessage(t, decoded(t, data), ds)
		}
		var out bytes.Buffer
		if err := ds.EncodeJSONL(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		if ds.Len() == 0 {
			return
		}
		back, err := Parse(context.Background(), Options{Format: PRO}, "again", &out)
		if err != nil {
			t.Fatal(err)
		}
		for i := range ds.Len() {
			a, b := ds.Row(i), back.Row(i)
			if !slices.Equal(a.Prefix, b.Prefix) || !slices.Equal(a.Responses, b.Responses) || fmt.Sprint(a.Rewards) != fmt.Sprint(b.Rewards) {
				t.Fatalf("row %d: %+v came back as %+v", i, a, b)
			}
		}
	})
}

// decoded is the text of a file: UTF-16 with its mark may be an empty one.
func decoded(t *testing.T, data []byte) []byte {
	in, err := charset.NewReader(bytes.NewReader(data), "")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func FuzzHH(f *testing.F) {
	fuzzReader(f, HH, `{"chosen": "\n\nHuman: a\n\nb\n\nAssistant: b", "rejected": "\n\nHuman: a\n\nAssistant: c", "x": [1, {"y": null}]}`)
}
func FuzzPRO(f *testing.F) { fuzzReader(f, PRO, goodPRO) }
func FuzzUltraFeedback(f *testing.F) {
	fuzzReader(f, UltraFeedback, `{"instruction": "x", "completions": [{"response": "a", "overall_score": "1.5", "k": 2}, {"text": "b", "score": null}]}`)
}
func FuzzMessages(f *testing.F) {
	fuzzReader(f, Messages, `{"chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "rejected": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "c"}], "score_chosen": 1}`)
}

func FuzzPairs(f *testing.F) {
	fuzzReader(f, Pairs, `{"prompt": "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:", "chosen": "d", "rejected": "e", "chosen_score": 1, "k": 2}`,
		`{"question": "a", "input": "b", "chosen": "c", "rejected": "d"}`)
}

func FuzzPrompts(f *testing.F) {
	fuzzReader(f, Prompts, `{"prompt": "a", "k": [1]}`+"\n"+`{"instruction": "b"}`, `{"prefix": [["<|prompter|>a", "<|assistant|>"]], "suffix": []}`)
}

// FuzzAny looks at the content for the format, compression and columnar formats
// among them.
func FuzzAny(f *testing.F) {
	ds := Example().Prefix(2)
	dir := f.TempDir()
	seeds := []string{goodPRO, tree}
	for name, write := range map[string]func(string) error{
		"a.gz": func(p string) error { return ds.WriteJSONL(f.Context(), p+".gz") }, "a.parquet": func(p string) error { return tableOf(f, ds).WriteParquet(p) },
		"a.arrow": func(p string) error { return tableOf(f, ds).WriteIPC(p) },
	} {
		path := filepath.Join(dir, name)
		if err := write(path); err != nil {
			f.Fatal(err)
		}
		if name == "a.gz" {
			path += ".gz"
		}
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, string(data))
	}
	fuzzReader(f, Detect, seeds...)
}

// A file in another encoding is read where that is named, and says so where it is not.
func TestEncodings(t *testing.T) {
	row := func(text string) string {
		return `{"prefix": [["<|prompter|>` + text + `", "<|assistant|>"]], "suffix": ["a"]}` + "\n"
	}
	wide := func(s string, mark string) string {
		b := []byte(mark)
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	for _, tt := range []struct{ text, encoding, want string }{
		{row("a") + row("caf\xe9"), "", "x.jsonl:2:30: not JSON: the text is not UTF-8: byte 0xe9 at 30 of it; if it is in another encoding, name that in Options.Encoding"},
		{row("a") + row("caf\xe9"), "latin1", "café"},
		{row("a") + row("caf\x8a\xbf"), "shift_jis", "caf漢"},
		{wide(row("a")+row("café 😀"), "\xff\xfe"), "", "café 😀"},
		{wide(row("a")+row("café"), ""), "utf-16le", "café"},
		{wide(row("a")+row("café"), ""), "", `the text looks like UTF-16 that no byte order mark begins: name it in Options.Encoding, "utf-16le"`},
		{row("a"), "none", `no text encoding is called "none"`},
	} {
		ds, err := parse(t, Options{Encoding: tt.encoding}, tt.text)
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q: %v, want %s", tt.encoding, err, tt.want)
			}
			continue
		}
		if got := ds.Row(1).Turns()[0].Text; got != tt.want {
			t.Errorf("%q: %q, want %q", tt.encoding, got, tt.want)
		}
	}
	ds, err := parse(t, Options{Collect: true}, row("a")+row("caf\xe9"))
	if err != nil || ds.Len() != 1 || len(ds.Rejects()) != 1 {
		t.Errorf("%v, %v", ds, err)
	}
}
