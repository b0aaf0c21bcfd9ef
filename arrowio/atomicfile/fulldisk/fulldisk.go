//go:build linux || darwin

// Package fulldisk lets tests write to a disk that is full: no file of their
// process may become longer than some bytes, and writing beyond them fails as it
// does on a full disk.
package fulldisk

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
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

// Keeps checks that each write of a file of the given name, which is not to fit,
// says so with the file's path, leaves the file that was there as it was, and
// nothing beside it.
func Keeps(t *testing.T, writes map[string]func(path string) error) {
	t.Helper()
	dir := t.TempDir()
	for name, write := range writes {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("good"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := write(path)
		if err == nil || !strings.Contains(err.Error(), path) || strings.Count(err.Error(), "file too large") != 1 || strings.Contains(err.Error(), ".part") {
			t.Errorf("%s: %v", name, err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "good" {
			t.Errorf("%s now holds %d bytes, %v", name, len(b), err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != len(writes) {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
