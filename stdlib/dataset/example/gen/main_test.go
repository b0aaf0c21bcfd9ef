package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"strings"
	"testing"
)

// The shipped file is what this program writes: the text is compared, since
// another version of Go may compress it to other bytes.
func TestShippedFileIsCurrent(t *testing.T) {
	var fresh bytes.Buffer
	if err := write(&fresh, rows, 42); err != nil {
		t.Fatal(err)
	}
	shipped, err := os.Open("../example.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer shipped.Close()
	if got, want := text(t, shipped), text(t, &fresh); !bytes.Equal(got, want) {
		t.Error("example.jsonl.gz is not what gen writes: run go generate ./stdlib/dataset/example")
	}
}

func TestSeedMatters(t *testing.T) {
	var a, b bytes.Buffer
	if write(&a, 10, 1) != nil || write(&b, 10, 2) != nil || bytes.Equal(text(t, &a), text(t, &b)) {
		t.Error("two seeds give the same rows")
	}
}

func text(t *testing.T, r io.Reader) []byte {
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Every template can be told, whatever it draws.
func TestTemplates(t *testing.T) {
	for _, s := range scenes {
		if len(s.more) < 3 || len(s.reply) < 3 {
			t.Errorf("%s: three further questions and replies are needed", s.topic)
		}
		for _, group := range [][]string{s.open, s.more, s.reply, s.best, s.fair, s.weak, s.poor} {
			if len(group) == 0 {
				t.Errorf("%s: a group without templates", s.topic)
			}
			for _, template := range group {
				tell := &teller{rng: random(1), bound: map[string]string{}}
				if got := tell.tell(template); strings.ContainsAny(got, "{}[]|") || strings.Contains(got, "  ") {
					t.Errorf("%s: %q told as %q", s.topic, template, got)
				}
			}
		}
	}
	for slot, choices := range words {
		seen := map[string]bool{}
		for _, w := range choices {
			if w == "" || seen[w] {
				t.Errorf("{%s}: %q empty or twice", slot, w)
			}
			seen[w] = true
		}
	}
}

func TestPolish(t *testing.T) {
	for in, want := range map[string]string{
		"a apple. it is a pear": "An apple. It is a pear",
		"why? because":          "Why? Because",
		"a":                     "A",
	} {
		if got := polish(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}
