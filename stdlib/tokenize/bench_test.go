package tokenize

import (
	"context"
	"fmt"
	"runtime"
	"testing"
)

// BenchmarkEncodeAll encodes every text of the shared data's preference files.
// bench/compare.py runs it beside Hugging Face tokenizers.
func BenchmarkEncodeAll(b *testing.B) {
	var texts []string
	for _, name := range []string{"hh/harmless-base-test.jsonl.gz", "hh/pro_test_helpful_base.jsonl.gz",
		"hh/pro_test_helpful_online.jsonl.gz", "ranked/alpaca_eval_ranked.jsonl.gz", "ranked/oasst1_en_val_ranked.jsonl.gz"} {
		texts = append(texts, sharedTexts(b, name)...)
	}
	size := 0
	for _, text := range texts {
		size += len(text)
	}
	toks := sharedTokenizers(b)
	toks["whitespace"] = WhiteSpace()
	for _, name := range []string{"llama", "gpt2", "neox", "whitespace"} {
		for _, workers := range []int{1, runtime.GOMAXPROCS(0)} {
			b.Run(fmt.Sprintf("%s/workers=%d", name, workers), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					if _, err := toks[name].EncodeAll(context.Background(), texts, Options{Workers: workers}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
