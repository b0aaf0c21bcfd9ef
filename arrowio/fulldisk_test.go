//go:build linux || darwin

package arrowio_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
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
	dir := t.TempDir()
	for name, write := range map[string]func(path string) error{
		"t.csv":      func(path string) error { return big.WriteCSV(path) },
		"t.csv.gz":   func(path string) error { return big.WriteCSV(path) },
		"t.csv.zst":  func(path string) error { return big.WriteCSV(path) },
		"t.parquet":  func(path string) error { return big.WriteParquet(path) },
		"t.arrow":    func(path string) error { return big.WriteIPC(path) },
		"t.jsonl":    func(path string) error { return big.WriteJSONLines(path) },
		"t.jsonl.gz": func(path string) error { return big.WriteJSONLines(path) },
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("good"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := write(path)
		if err == nil || !strings.Contains(err.Error(), path+": ") || !strings.Contains(err.Error(), "file too large") || strings.Contains(err.Error(), ".part") {
			t.Errorf("%s: %v", name, err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "good" {
			t.Errorf("%s now holds %d bytes, %v", name, len(b), err)
		}
		os.Remove(path)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
