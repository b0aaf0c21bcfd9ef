//go:build linux || darwin

// Package fulldisk lets tests write to a disk that is full: no file of their
// process may become longer than some bytes, and writing beyond them fails as it
// does on a full disk.
package fulldisk

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
)

// setting marks a process whose disk is to be full.
const setting = "DIVVY_TEST_FULL_DISK"

// After runs the test that calls it once more in a process of its own, where
// writes behind so many bytes of a file fail, and gives true there. In the process
// of the other tests, and of go test's own files, it gives false.
func After(t *testing.T, bytes uint64) bool {
	t.Helper()
	if os.Getenv(setting) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), setting+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return false
	}
	signal.Ignore(syscall.SIGXFSZ) // which would end the process
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = bytes
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	return true
}
