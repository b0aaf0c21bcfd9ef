//go:build linux || darwin

package atomicfile_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"divvy/arrowio/atomicfile"
	"divvy/arrowio/atomicfile/fulldisk"
)

// TestFullDisk: what was there stays when the new file does not fit.
func TestFullDisk(t *testing.T) {
	if !fulldisk.After(t, 1<<16) {
		return
	}
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1<<16 + 1, 5 << 20} {
		err := atomicfile.Write(path, func(w io.Writer) error {
			_, err := w.Write(make([]byte, size))
			return err
		})
		if err == nil || err.Error() != "file too large" {
			t.Errorf("%d bytes: %v", size, err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != "old" {
			t.Errorf("the file holds %d bytes, %v", len(got), err)
		}
	}
	if err := atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Repeat("x", 1<<16))
		return err
	}); err != nil {
		t.Errorf("what fits: %v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
