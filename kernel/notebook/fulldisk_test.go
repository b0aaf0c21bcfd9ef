//go:build linux || darwin

package notebook

import (
	"strings"
	"testing"

	"divvy/arrowio/atomicfile/fulldisk"
)

// TestFullDisk: a notebook or page that does not fit says so with its file, and a
// file that is there stays as it is.
func TestFullDisk(t *testing.T) {
	if !fulldisk.After(t, 1000) {
		return
	}
	nb := source(t, strings.Repeat("x := 1\n", 1000))
	fulldisk.Keeps(t, map[string]func(path string) error{
		"n.ipynb": nb.Write,
		"n.html":  func(path string) error { return nb.WriteHTML(path, "page") },
	})
}
