package augment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPermutation(t *testing.T) {
	for _, n := range []uint64{1, 2, 3, 5, 17, 64, 1000, 4097} {
		p := newPermutation(n, 7)
		seen := make([]bool, n)
		inPlace := 0
		for i := range n {
			at := p.at(i)
			if at >= n || seen[at] {
				t.Fatalf("n = %d: place %d has %d, twice or too large", n, i, at)
			}
			seen[at] = true
			if at == i {
				inPlace++
			}
		}
		if n > 100 && inPlace > 10 {
			t.Errorf("n = %d: %d numbers in their own place", n, inPlace)
		}
	}
}

// sources are one of each kind, made anew.
func sources(t *testing.T) map[string]func() Source {
	texts := []string{"a", "b", "c", "d", "e", "f", "g"}
	must := func(s Source, err error) Source {
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	return map[string]func() Source{
		"pool":     func() Source { return NewPool(texts) },
		"shuffled": func() Source { return NewShuffledPool(texts, 3) },
		"templates": func() Source {
			return must(NewTemplates([]string{"Is {food} {good|bad}?", "Hello", "{food}, {{{food}}}"},
				map[string][]string{"food": {"rice", "beans", "tea"}}, 9))
		},
		"generated": func() Source {
			return must(NewGenerated(&echo{}, GenerateOptions{Examples: texts, Max: 11, Seed: 4, Batch: 3}))
		},
	}
}

// echo is a Generator that answers with what it was asked.
type echo struct {
	asked    int
	failFrom int // requests after so many fail; 0 for none
}

func (e *echo) Name() string { return "echo" }

var errEcho = errors.New("the echo is out")

func (e *echo) Generate(_ context.Context, requests []Request) ([]string, error) {
	out := make([]string, len(requests))
	for i, r := range requests {
		if e.asked++; e.failFrom > 0 && e.asked > e.failFrom {
			return out, errEcho
		}
		_, examples, _ := strings.Cut(r.Prompt, "<example>")
		out[i] = fmt.Sprintf(" %d %s\n", r.Seed, strings.Join(strings.Fields(examples), " "))
	}
	return out, nil
}

// A source gives the same prompts again, and the same from any place.
func TestSourcesRepeatAndSeek(t *testing.T) {
	for name, fresh := range sources(t) {
		all, err := Collect(t.Context(), fresh(), CollectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(all.Texts) < 7 {
			t.Errorf("%s: %d prompts", name, len(all.Texts))
		}
		for n := range len(all.Texts) + 1 {
			s := fresh()
			if err := s.Seek(n); err != nil {
				t.Fatal(err)
			}
			rest, err := Collect(t.Context(), s, CollectOptions{})
			if err != nil || !slices.Equal(rest.Texts, all.Texts[n:]) {
				t.Fatalf("%s from %d: %q, %v; want %q", name, n, rest.Texts, err, all.Texts[n:])
			}
		}
		if err := fresh().Seek(-1); err == nil {
			t.Errorf("%s: no error for prompt -1", name)
		}
	}
	templates, _ := Collect(t.Context(), sources(t)["templates"](), CollectOptions{})
	slices.Sort(templates.Texts)
	want := []string{"Hello", "Is beans bad?", "Is beans good?", "Is rice bad?", "Is rice good?", "Is tea bad?", "Is tea good?"}
	for _, a := range []string{"rice", "beans", "tea"} {
		for _, b := range []string{"rice", "beans", "tea"} {
			want = append(want, a+", {"+b+"}")
		}
	}
	slices.Sort(want)
	if !slices.Equal(templates.Texts, want) {
		t.Errorf("templates: %q, want %q", templates.Texts, want)
	}
}

func TestTemplateErrors(t *testing.T) {
	slots := map[string][]string{"food": {"rice"}, "none": {}}
	for text, column := range map[string]int{
		"é {food": 3, "a } b": 3, "{drink}": 1, "x{none}": 2, "{a{b}": 3, "{": 1, "{}": 1,
	} {
		_, err := NewTemplates([]string{"fine", text}, slots, 0)
		var where *TemplateError
		if !errors.As(err, &where) || where.Template != 1 || where.Column != column {
			t.Errorf("%q: %v, want an error in column %d of template 1", text, err, column)
		}
	}
	if _, err := NewTemplates(nil, nil, 0); err == nil {
		t.Error("no templates: no error")
	}
	if _, err := NewTemplates([]string{strings.Repeat("{a|b|c|d}", 40)}, nil, 0); err == nil {
		t.Error("4^40 combinations: no error")
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"Is {food} {good|bad}?", "{{}}", "{", "}", "{|}", "é{food}|", "{a|b}{c|d}{{x}}", "{food}{food}", "\xff{\xfe|}"} {
		f.Add(s, uint64(1))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		src, err := NewTemplates([]string{text}, map[string][]string{"food": {"rice", "tea"}}, seed)
		if err != nil {
			var where *TemplateError
			if !errors.As(err, &where) || where.Column < 1 || where.Column > len(text)+1 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		c, err := Collect(t.Context(), src, CollectOptions{Max: 100})
		if err != nil || len(c.Texts) != min(100, src.Len()) {
			t.Fatalf("%q: %d prompts of %d, %v", text, len(c.Texts), src.Len(), err)
		}
		if !strings.ContainsAny(text, "{}") && c.Texts[0] != text {
			t.Fatalf("%q became %q", text, c.Texts[0])
		}
	})
}

// An interrupted collection goes on where it was, also after a torn last line.
func TestCollectResumes(t *testing.T) {
	for name, fresh := range sources(t) {
		want, err := Collect(t.Context(), fresh(), CollectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "prompts.jsonl")
		first, err := Collect(t.Context(), fresh(), CollectOptions{Path: path, Max: 4})
		if err != nil || first.Resumed != 0 || len(first.Texts) != 4 {
			t.Fatalf("%s: %v, %v", name, first, err)
		}
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(`{"n":4,"te`)
		f.Close()
		for _, resumed := range []int{4, len(want.Texts)} {
			got, err := Collect(t.Context(), fresh(), CollectOptions{Path: path})
			if err != nil || got.Resumed != resumed || !slices.Equal(got.Texts, want.Texts) || !slices.Equal(got.Place, want.Place) {
				t.Fatalf("%s: %d from the file, %v\n%q\nwant %q", name, got.Resumed, err, got.Texts, want.Texts)
			}
		}
		if few, err := Collect(t.Context(), fresh(), CollectOptions{Path: path, Max: 2}); err != nil || !slices.Equal(few.Texts, want.Texts[:2]) {
			t.Errorf("%s: 2 of the file: %v, %v", name, few, err)
		}
		if _, err := Collect(t.Context(), NewPool([]string{"other"}), CollectOptions{Path: path}); err == nil {
			t.Errorf("%s: the file of another source: no error", name)
		}
	}
	for _, bad := range []string{"{}\n", "not json\n", `{"source":"pool of 1"}` + "\n" + `{"n":1,"text":"a"}` + "\n" + `{"n":1,"text":"a"}` + "\n", `{"source":"pool of 1"}` + "\n{}\n"} {
		path := filepath.Join(t.TempDir(), "bad.jsonl")
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Collect(t.Context(), NewPool([]string{"a"}), CollectOptions{Path: path}); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: %v, want an error with its line", bad, err)
		}
	}
	// A file without a line break is cut off only when it is one of ours.
	for text, ours := range map[string]bool{"": true, `{"sou`: true, `{"source":"po`: true, "precious": false, `{"prompts": 1}`: false, "{}": false} {
		path := filepath.Join(t.TempDir(), "one.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Collect(t.Context(), NewPool([]string{"a"}), CollectOptions{Path: path})
		if ours != (err == nil) || err != nil && (!strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "name another")) {
			t.Errorf("%q: %v", text, err)
		}
		if b, err := os.ReadFile(path); err != nil || !ours && string(b) != text {
			t.Errorf("%q became %q, %v", text, b, err)
		}
	}
}

func TestCollectDistinctAndCancelled(t *testing.T) {
	c, err := Collect(t.Context(), NewPool([]string{"a", "b", "a", "c", "b"}), CollectOptions{Distinct: true})
	if err != nil || !slices.Equal(c.Texts, []string{"a", "b", "c"}) || !slices.Equal(c.Place, []int{0, 1, 3}) {
		t.Errorf("%q at %v, %v", c.Texts, c.Place, err)
	}
	if p := c.AsPrompts()[0]; p != "\n\nHuman: a\n\nAssistant:" {
		t.Errorf("as a prompt: %q", p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := Collect(ctx, NewPool([]string{"a"}), CollectOptions{}); !errors.Is(err, context.Canceled) || c == nil {
		t.Errorf("cancelled: %v, %v", c, err)
	}
}

// A model that fails midway: what it answered is kept, and is not asked again.
func TestGeneratedCacheResumes(t *testing.T) {
	o := GenerateOptions{Examples: []string{"x", "y", "z", "w"}, Max: 20, Batch: 4, CacheDir: t.TempDir()}
	want, err := Collect(t.Context(), mustGenerated(t, &echo{}, GenerateOptions{Examples: o.Examples, Max: 20, Batch: 7}), CollectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	failing := &echo{failFrom: 10}
	got, err := Collect(t.Context(), mustGenerated(t, failing, o), CollectOptions{})
	if !errors.Is(err, errEcho) || len(got.Texts) != 10 {
		t.Fatalf("%d prompts, %v", len(got.Texts), err)
	}
	again := &echo{}
	got, err = Collect(t.Context(), mustGenerated(t, again, o), CollectOptions{})
	if err != nil || !slices.Equal(got.Texts, want.Texts) || again.asked != 10 {
		t.Errorf("%v; asked %d times, want 10\n%q\nwant %q", err, again.asked, got.Texts, want.Texts)
	}
	other := o
	other.Seed++
	if got, err := Collect(t.Context(), mustGenerated(t, &echo{}, other), CollectOptions{}); err != nil || slices.Equal(got.Texts, want.Texts) {
		t.Errorf("another seed gives the same prompts (%v)", err)
	}
}

func mustGenerated(t *testing.T, g Generator, o GenerateOptions) Source {
	t.Helper()
	s, err := NewGenerated(g, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
