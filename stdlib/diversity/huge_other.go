//go:build !linux

package diversity

// hugeSlice makes a slice.
func hugeSlice[E int | int32 | uint32 | int64 | uint64 | float64](n int) []E { return make([]E, n) }
