//go:build !linux

package native

import "os"

// widen makes pipes larger where the system can.
func widen([]*os.File) {}
