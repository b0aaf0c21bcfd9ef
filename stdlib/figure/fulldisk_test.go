//go:build linux || darwin

package figure_test

import (
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
	fulldisk.Keeps(t, map[string]func(path string) error{
		"f.png": f.Save,
		"f.svg": f.Save,
	})
}
