//go:build linux || darwin

package dataset_test

import (
	"os"
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
	write := func(path string) error { return d.WriteJSONL(t.Context(), path) }
	fulldisk.Keeps(t, map[string]func(path string) error{
		"d.jsonl":     write,
		"d.jsonl.gz":  write,
		"d.jsonl.zst": write,
	})
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
