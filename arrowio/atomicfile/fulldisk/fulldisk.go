//go:build linux || darwin

// Package fulldisk lets tests write to a disk that is full: for the time of a
// test no file of the process may become longer than some bytes, and writing
// beyond them fails as it does on a full disk.
package fulldisk

import (
	"os/signal"
	"syscall"
	"testing"
)

// After makes writes fail behind so many bytes of a file, until the test ends.
// Tests beside it would be hit, too: it is not for parallel ones.
func After(t testing.TB, bytes uint64) {
	t.Helper()
	t.Setenv("DIVVY_FULL_DISK", "1") // panics in a parallel test
	signal.Ignore(syscall.SIGXFSZ)   // which would end the process
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = bytes
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	})
}
