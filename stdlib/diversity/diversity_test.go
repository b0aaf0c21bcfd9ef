package diversity_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"divvy/stdlib/dataset"
	"divvy/stdlib/diversity"
	"divvy/stdlib/tokenize"
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

// harmless is the prompts of harmless-base test in file order, preprocessed as
// PRO does.
func harmless(t testing.TB) []string {
	t.Helper()
	ds, err := dataset.Read(context.Background(), dataset.Options{PRO: true}, shared(t, "data", "hh", "harmless-base-test.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return ds.Prompts()
}

func llama(t testing.TB) *tokenize.Tokenizer {
	t.Helper()
	tok, err := tokenize.LLaMA(shared(t, "data", "tokenizers", "llama_tokenizer.model"))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func encode(t testing.TB, tok *tokenize.Tokenizer, texts []string) *tokenize.IDs {
	t.Helper()
	ids, err := tok.EncodeAll(context.Background(), texts, tokenize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// The anchors of the paper's definition, computed by the official formula.
func TestAnchors(t *testing.T) {
	prompts := harmless(t)
	tests := []struct {
		name          string
		tok           *tokenize.Tokenizer
		n             int
		unique, total int64
		d             float64
	}{
		{"LLaMA 250", llama(t), 250, 12748, 30140, 6.6876},
		{"LLaMA 500", llama(t), 500, 22796, 62762, 8.1217},
		{"white space 250", tokenize.WhiteSpace(), 250, 12473, 19271, 10.2338},
		{"white space 500", tokenize.WhiteSpace(), 500, 23249, 39836, 13.0501},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, err := diversity.Measure(context.Background(), encode(t, test.tok, prompts[:test.n]), diversity.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if m.Unique != test.unique || m.Total != test.total || math.Abs(m.D-test.d) > 5e-5 {
				t.Errorf("got %v, want %d/%d, d = %.4f", m, test.unique, test.total, test.d)
			}
		})
	}
}
