//go:build !unix

package arrowio

import "os"

// mapFile reads the file where this package cannot map it.
func mapFile(f *os.File) ([]byte, error) { return os.ReadFile(f.Name()) }

func unmapFile([]byte) error { return nil }
