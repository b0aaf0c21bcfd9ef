package arrowio_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"
	"golang.org/x/net/html"

	"divvy/arrowio"
)

// golden compares with a file of testdata; REGENERATE=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("REGENERATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func TestGoldenViews(t *testing.T) {
	tbl := sample(t, checked(t))
	golden(t, "sample.html", tbl.HTML())
	golden(t, "sample.txt", tbl.String())
	golden(t, "sample.md", tbl.Markdown())
	long := must(t)(must(t)(random(t, checked(t), 1234, 5).Select("row", "text", "small")).WithColumn("share", "row / 1234"))
	golden(t, "long.html", long.View(arrowio.ViewOptions{Rows: 4, Cols: 3}).HTML())
	golden(t, "long.txt", long.View(arrowio.ViewOptions{Rows: 5}).String())
	empty := must(t)(arrowio.NewTableIn(checked(t)).Build())
	golden(t, "empty.txt", empty.String())
	if !strings.Contains(empty.HTML(), "0 rows × 0 columns") {
		t.Error(empty.HTML())
	}
}

// TestHostileHTML parses what a browser would: no element and no attribute but
// those that the view itself writes, and every text as it was.
func TestHostileHTML(t *testing.T) {
	tbl := arrowio.Hostile()
	page := tbl.View(arrowio.ViewOptions{Rows: 100}).HTML()
	if len(page) > 1<<20 {
		t.Errorf("the page has %d bytes", len(page))
	}
	elements := []string{"div", "table", "thead", "tbody", "tr", "th", "td", "span", "details", "summary"}
	attributes := []string{"style", "class", "dir"}
	cells := map[string]bool{}
	z := html.NewTokenizer(strings.NewReader(page))
	var inside strings.Builder
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		tok := z.Token()
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			if !slices.Contains(elements, tok.Data) {
				t.Errorf("element %v", tok)
			}
			for _, a := range tok.Attr {
				if !slices.Contains(attributes, a.Key) || strings.Contains(a.Val, "hacked") {
					t.Errorf("attribute %v of %v", a, tok)
				}
			}
			if tok.Data == "td" {
				inside.Reset()
			}
		case html.EndTagToken:
			if tok.Data == "td" {
				cells[inside.String()] = true
			}
		case html.TextToken:
			inside.WriteString(tok.Data)
		case html.CommentToken, html.DoctypeToken:
			t.Errorf("token %v", tok)
		}
	}
	for _, want := range []string{`<script>window.hacked=1</script>`, `" onmouseover="window.hacked=5" x="`, `&lt;script&gt;window.hacked=7&lt;/script&gt;&#60;b&#62;`,
		"↵↵Human: first␍↵second↵↵Assistant:", "a⇥b⇥⇥c", "before␀after", "abc⟨U+202E⟩gnp.exe⟨U+202C⟩ def", "�� broken �(", "zero⟨U+200B⟩width⟨U+FEFF⟩", "   "} {
		if !cells[want] {
			t.Errorf("no cell reads %q", want)
		}
	}
	if !regexp.MustCompile(`aaaa|a long text`).MatchString(page) || !strings.Contains(page, "990,000 bytes more") {
		t.Error("long text does not say how much is left out")
	}
	for _, r := range page {
		if r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			t.Fatalf("character %U is in the page", r)
		}
	}
	if !strings.Contains(page, "mathjax_ignore") {
		t.Error("nothing keeps mathematics away")
	}
}

func TestHostileText(t *testing.T) {
	tbl := arrowio.Hostile()
	for name, text := range map[string]string{"plain": tbl.View(arrowio.ViewOptions{Rows: 100}).String(), "markdown": tbl.View(arrowio.ViewOptions{Rows: 100}).Markdown()} {
		for _, r := range text {
			if r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e {
				t.Errorf("%s: character %U", name, r)
			}
		}
		if name == "markdown" {
			// Delimiters of mathematics stand in elements of their own.
			if rest := strings.NewReplacer("<span>&#36;</span>", "", "<span>&#92;</span>", "").Replace(text); strings.ContainsAny(rest, "<$") {
				t.Error("Markdown has HTML or mathematics in it")
			}
			for i, line := range strings.Split(text, "\n")[:36] {
				if n := strings.Count(line, "|") - strings.Count(line, `\|`); n != 5 {
					t.Errorf("line %d has %d bars: %s", i, n, line)
				}
			}
		}
	}
}

// TestHostileRoundTrips keeps such text whole in every format.
func TestHostileRoundTrips(t *testing.T) {
	tbl := arrowio.Hostile()
	all, err := tbl.Drop("in\na list")
	if err != nil {
		t.Fatal(err)
	}
	utf8Only, err := all.Filter("`" + tbl.Columns()[0] + "` != 'not utf-8'") // text formats have no other
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := func(s string) string { return filepath.Join(dir, s) }
	check := func(what string, want, back *arrowio.Table, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		for _, c := range want.Columns() {
			if a, b := values(t, want, c), values(t, back, c); !slices.Equal(a, b) {
				t.Errorf("%s: column %q differs", what, c)
			}
		}
	}
	if err := all.WriteIPC(path("x.arrow")); err != nil {
		t.Fatal(err)
	}
	back, err := arrowio.ReadIPC(path("x.arrow"))
	check("ipc", all, back, err)
	if err := all.WriteParquet(path("x.parquet")); err != nil {
		t.Fatal(err)
	}
	back, err = arrowio.ReadParquet(path("x.parquet"))
	check("parquet", all, back, err)
	if err := utf8Only.WriteCSV(path("x.csv")); err != nil {
		t.Fatal(err)
	}
	back, err = arrowio.ReadCSV(path("x.csv"))
	check("csv", utf8Only, back, err)
	if err := utf8Only.WriteJSONLines(path("x.jsonl")); err != nil {
		t.Fatal(err)
	}
	back, err = arrowio.ReadJSONLines(path("x.jsonl"))
	check("json", utf8Only, back, err)
}

func TestMIMEBundle(t *testing.T) {
	tbl := sample(t, checked(t))
	b := tbl.MIMEBundle()
	if len(b) != 2 || b["text/html"] != tbl.HTML() || b["text/plain"] != tbl.String() {
		t.Errorf("bundle has %d parts", len(b))
	}
	b = tbl.View(arrowio.ViewOptions{Arrow: true}).MIMEBundle()
	raw, err := base64.StdEncoding.DecodeString(fmt.Sprint(b[arrowio.MIMEArrowStream]))
	if err != nil {
		t.Fatal(err)
	}
	back := must(t)(arrowio.DecodeIPCStream(bytes.NewReader(raw)))
	if !array.RecordEqual(tbl.Record(), back.Record()) {
		t.Error("the record did not come back")
	}
	tbl.Release()
	if s := tbl.HTML() + tbl.String() + tbl.Markdown(); strings.Count(s, "released") != 3 {
		t.Errorf("after release: %s", s)
	}
}
