//go:build linux || darwin

package safetensors

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"divvy/gpu/program"
)

// TestFullDisk: weights that do not fit say so with their file, and those that are
// there stay as they are.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DIVVY_FULL_DISK", "1") // panics in a parallel test, which would be hit, too
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	}()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 1000, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	for name, elements := range map[string]int{"a little": 1000, "much": 1 << 20} {
		path := filepath.Join(dir, name+".safetensors")
		if err := os.WriteFile(path, []byte("good"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := Write(path, map[string]*program.Tensor{"w": program.NewTensor(program.F32, elements)}, F32, nil)
		if err == nil || !strings.Contains(err.Error(), path) || strings.Count(err.Error(), "file too large") != 1 || strings.Contains(err.Error(), ".part ") {
			t.Errorf("%s: %v", name, err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "good" {
			t.Errorf("%s now holds %d bytes, %v", name, len(b), err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
