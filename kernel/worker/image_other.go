//go:build !linux

package worker

// unmapImage does nothing: other systems tell resident memory differently.
func unmapImage() {}
