//go:build linux || darwin

package arrowio_test

import (
	"math/rand/v2"
	"testing"

	"divvy/arrowio"
	"divvy/arrowio/atomicfile/fulldisk"
)

// TestFullDisk: a table that does not fit says so with its file, and a file that
// is there stays as it is.
func TestFullDisk(t *testing.T) {
	if !fulldisk.After(t, 100_000) {
		return
	}
	numbers := make([]float64, 100_000) // which no format makes much shorter
	for i := range numbers {
		numbers[i] = rand.Float64()
	}
	big := must(t)(arrowio.NewTableIn(checked(t)).Floats("x", numbers).Build())
	fulldisk.Keeps(t, map[string]func(path string) error{
		"t.csv":      func(path string) error { return big.WriteCSV(path) },
		"t.csv.gz":   func(path string) error { return big.WriteCSV(path) },
		"t.csv.zst":  func(path string) error { return big.WriteCSV(path) },
		"t.parquet":  func(path string) error { return big.WriteParquet(path) },
		"t.arrow":    func(path string) error { return big.WriteIPC(path) },
		"t.jsonl":    func(path string) error { return big.WriteJSONLines(path) },
		"t.jsonl.gz": func(path string) error { return big.WriteJSONLines(path) },
	})
}
