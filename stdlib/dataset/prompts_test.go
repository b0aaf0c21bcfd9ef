package dataset

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A pool of prompts that nobody has answered: lines of text, or JSON lines.
func TestPromptsWithoutResponses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"pool.txt":   "What is a jaybird?\n\n  {not json}, \"quoted\"\r\nWie geht's?",
		"pool.jsonl": `{"prompt": "What is a jaybird?", "id": 7}` + "\n" + `{"instruction": "{not json}, \"quoted\""}` + "\n" + `{"prompt":"Wie geht's?"}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		ds, err := Load(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"\n\nHuman: What is a jaybird?\n\nAssistant:", "\n\nHuman: {not json}, \"quoted\"\n\nAssistant:", "\n\nHuman: Wie geht's?\n\nAssistant:"}
		if got := ds.Prompts(); !slices.Equal(got, want) {
			t.Errorf("%s: prompts %q", name, got)
		}
		if got := ds.summary(); got != "3 prompts of "+name+", no responses yet, no rewards" {
			t.Errorf("%s: %s", name, got)
		}
		if got := strings.Join(ds.Preview(3).Columns(), " "); got != "turns prompt line" {
			t.Errorf("%s: shown are %s", name, got)
		}
		if _, err := ds.Rankings(t.Context(), 2, 1); err == nil || !strings.Contains(err.Error(), "0 responses, a ranking of 2") {
			t.Errorf("%s: rankings of them: %v", name, err)
		}
		if ds.AtLeast(1).Len() != 0 {
			t.Errorf("%s: rows with responses", name)
		}

		// They come back from what is written, as JSON lines and as a table.
		var lines bytes.Buffer
		if err := ds.EncodeJSONL(t.Context(), &lines); err != nil {
			t.Fatal(err)
		}
		back, err := parse(t, Options{}, lines.String())
		if err != nil || !slices.Equal(back.Prompts(), want) || back.Row(0).Extra != ds.Row(0).Extra {
			t.Errorf("%s: JSON lines come back as %v, %v", name, back, err)
		}
		file := filepath.Join(dir, name+".parquet")
		if err := tableOf(t, ds).WriteParquet(file); err != nil {
			t.Fatal(err)
		}
		if back, err = Load(t.Context(), file); err != nil || !slices.Equal(back.Prompts(), want) {
			t.Errorf("%s: the table comes back as %v, %v", name, back, err)
		}
	}
}

// What to do is part of what is said about files that cannot be read.
func TestErrorsNameAWayOut(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("hh", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"hh/harmless.jsonl.gz": goodPRO, "hh/helpful.jsonl": goodPRO, "pairs": "prompt,chosen\na,b\n",
		"lines": "What is a jaybird?\n", "book.xlsx": "PK\x03\x04....", "latin.txt": "caf\xe9\n", "latin.jsonl": "{\"prompt\": \"caf\xe9\"}", "neither.jsonl": `{"question": "x"}`,
		"two.jsonl": goodPRO + "\n", "both.jsonl": `{"prompt": "a", "instruction": "b"}`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"hh":               `dataset: hh is a folder; to read all of its files: "hh/*"`,
		"hh/harmless.json": "no such file or directory in " + dir + "; did you mean hh/harmless.jsonl.gz?",
		"hh/harmless":      "no such file or directory in " + dir + "; did you mean hh/harmless.jsonl.gz?",
		"tow.jsonl":        "did you mean two.jsonl?",
		"nothing-like-it":  "no such file or directory in " + dir,
		"hh/*.parquet":     "dataset: no file matches hh/*.parquet in " + dir,
		"pairs":            "columns of text are read from files named .csv or .tsv",
		"book.xlsx":        "reading book.xlsx: this is a zip archive, as spreadsheets (.xlsx) are: unpack it, or save the sheet as CSV",
		"lines":            "are read from files named .txt",
		"latin.txt":        "dataset: latin.txt:1:4: the text is not UTF-8: byte 0xe9 at 4 of it; if it is in another encoding, name that in Options.Encoding, \"windows-1252\"",
		"latin.jsonl":      "the text is not UTF-8: byte 0xe9",
		"neither.jsonl":    "prompt or instruction alone (Prompts)",
		"both.jsonl":       "one of them is to be the prompt",
	} {
		_, err := Load(t.Context(), path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	ds, err := Load(t.Context(), "hh/*")
	if err != nil || ds.Len() != 2 || ds.Row(0).File != "hh/harmless.jsonl.gz" || ds.Row(1).File != "hh/helpful.jsonl" {
		t.Errorf("all files: %v, %v", ds, err)
	}
}

// A Dataset in its own order may lie in a longer list; what is behind its end is
// not its own.
func TestSliceBehindTheEnd(t *testing.T) {
	ds := Example()
	for name, slice := range map[string]func(){
		"behind the end":         func() { ds.Slice(700, 721) },
		"behind the end of ones": func() { ds.Shuffle(1).Prefix(10).Slice(5, 11) },
		"before the first":       func() { ds.Slice(-1, 3) },
		"backwards":              func() { ds.Slice(3, 2) },
	} {
		func() {
			defer func() {
				if p, ok := recover().(string); !ok || !strings.HasPrefix(p, "dataset: rows ") {
					t.Errorf("%s: panic %v", name, p)
				}
			}()
			slice()
		}()
	}
	if n := ds.Prefix(1000).Len(); n != 720 {
		t.Errorf("a longer prefix has %d rows", n)
	}
	if n := ds.Prefix(-1).Len(); n != 0 {
		t.Errorf("a negative prefix has %d rows", n)
	}
}

// The first response is called the best only where no reward is higher.
func TestPreviewOfUnrankedRows(t *testing.T) {
	row := func(rewards string) string {
		return `{"prefix": [["<|prompter|>a", "<|assistant|>"], ["<|prompter|>a", "<|assistant|>"]], "suffix": ["x", "y"], "reward": ` + rewards + `}` + "\n"
	}
	for rewards, want := range map[string]string{"[1, 0]": "best response", "[1, 1]": "best response", "[0, 1]": "first response"} {
		ds, err := Parse(t.Context(), Options{}, "x.jsonl", strings.NewReader(row("[2, 1]")+row(rewards)))
		if err != nil {
			t.Fatal(err)
		}
		if got := ds.Preview(2).Columns()[2]; got != want {
			t.Errorf("rewards %s: column %q, want %q", rewards, got, want)
		}
	}
}

// What gave no row is told where the rows are shown, and why.
func TestShownRejects(t *testing.T) {
	text := strings.Repeat(`{"chosen": "a", "rejected": "b"}`+"\n", 3) + `{"chosen": "\n\nHuman: <b>\n\nAssistant: c", "rejected": "\n\nHuman: <b>"}` + "\n"
	ds, err := Parse(t.Context(), Options{Format: HH}, "x.jsonl", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := `Rejected: 3 × text before the first turn: "a"; 1 × chosen has 2 turns, rejected 1 (RejectsTable has them all)`
	bundle := ds.MIMEBundle()
	for mime, has := range map[string]string{"text/plain": want, "text/html": strings.ReplaceAll(want, `"`, "&#34;")} {
		if !strings.Contains(bundle[mime].(string), has) {
			t.Errorf("%s: %s, want %s", mime, bundle[mime], has)
		}
	}
	if text := Example().MIMEBundle()["text/plain"].(string); strings.Contains(text, "Rejected") {
		t.Error("rejects are told of where there are none")
	}
}
