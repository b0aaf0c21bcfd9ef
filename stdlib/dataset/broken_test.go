package dataset

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A columnar file with a broken byte is read or refused; it takes neither the
// process down nor memory that is not there.
func TestBrokenColumnarFiles(t *testing.T) {
	ds := Example().Prefix(2)
	for name, write := range map[string]func(path string) error{
		"a.parquet": func(path string) error { return tableOf(t, ds).WriteParquet(path) },
		"a.arrow":   func(path string) error { return tableOf(t, ds).WriteIPC(path) },
	} {
		path := filepath.Join(t.TempDir(), name)
		if err := write(path); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		from, to := 0, len(whole)
		refused := 0
		for at := from; at < to; at += 7 {
			broken := slices.Clone(whole)
			broken[at] ^= 0x18
			if back, err := Parse(t.Context(), Options{Collect: true, Workers: 1}, name, bytes.NewReader(broken)); err != nil {
				refused++
			} else if err := back.EncodeJSONL(t.Context(), &bytes.Buffer{}); err != nil {
				t.Fatalf("%s, byte %d: what was read cannot be written: %v", name, at, err)
			}
		}
		if refused == 0 || 7*refused >= to-from {
			t.Errorf("%s: %d of %d broken files were refused", name, refused, (to-from)/7)
		}
	}
}
