package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// BenchmarkParse reads raw and PRO JSON lines on one core, beside encoding/json
// decoding the same lines into a struct and doing nothing with it.
func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"harmless-base-test.jsonl.gz", "pro_test_harmless_base.jsonl.gz"} {
		packed, err := os.ReadFile(shared(b, "data", "hh", name))
		if err != nil {
			b.Fatal(err)
		}
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			b.Fatal(err)
		}
		data, err := io.ReadAll(z)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/divvy", func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Parse(context.Background(), Options{Workers: 1}, name, bytes.NewReader(data)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/encoding_json", func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				for line := range bytes.Lines(data) {
					var row struct {
						Chosen, Rejected string
						Prefix           [][]string
						Suffix           []string
						Reward           []float64
						Meta             json.RawMessage
					}
					if err := json.Unmarshal(line, &row); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
