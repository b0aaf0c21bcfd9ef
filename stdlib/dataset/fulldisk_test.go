//go:build linux || darwin

package dataset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"divvy/arrowio/atomicfile/fulldisk"
	"divvy/stdlib/dataset"
)

// TestFullDisk: a data set that does not fit says so with its file, and a file
// that is there stays as it is.
func TestFullDisk(t *testing.T) {
	if !fulldisk.After(t, 1000) {
		return
	}
	d := dataset.Example()
	dir := t.TempDir()
	write := func(path string) error { return d.WriteJSONL(t.Context(), path) }
	for name, write := range map[string]func(path string) error{
		"d.jsonl":     write,
		"d.jsonl.gz":  write,
		"d.jsonl.zst": write,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("good"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := write(path)
		if err == nil || !strings.Contains(err.Error(), path) || strings.Count(err.Error(), "file too large") != 1 || strings.Contains(err.Error(), ".part ") {
			t.Errorf("%s: %v", name, err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "good" {
			t.Errorf("%s now holds %d bytes, %v", name, len(b), err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 3 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestWriteToDevice: a device is never replaced by a file.
func TestWriteToDevice(t *testing.T) {
	if err := dataset.Example().WriteJSONL(t.Context(), os.DevNull); err == nil || !strings.Contains(err.Error(), os.DevNull) {
		t.Errorf("written to %s: %v", os.DevNull, err)
	}
	if st, err := os.Stat(os.DevNull); err != nil || st.Mode().IsRegular() {
		t.Fatalf("%s is now %v, %v", os.DevNull, st.Mode(), err)
	}
}
