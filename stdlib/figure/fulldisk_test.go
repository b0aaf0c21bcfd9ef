//go:build linux || darwin

package figure_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"divvy/arrowio/atomicfile/fulldisk"
	"divvy/stdlib/figure"
)

// TestFullDisk: a figure that does not fit says so with its file, and a file that
// is there stays as it is.
func TestFullDisk(t *testing.T) {
	if !fulldisk.After(t, 1000) {
		return
	}
	f := figure.Figure4()
	dir := t.TempDir()
	for name, write := range map[string]func(path string) error{
		"f.png": f.Save,
		"f.svg": f.Save,
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
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
