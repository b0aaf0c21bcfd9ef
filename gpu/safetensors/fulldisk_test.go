//go:build linux || darwin

package safetensors

import (
	"os"
	"os/exec"
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
	if os.Getenv("DIVVY_TEST_FULL_DISK") == "" { // this process has other files to write
		cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
		cmd.Env = append(os.Environ(), "DIVVY_TEST_FULL_DISK=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	dir := t.TempDir()
	signal.Ignore(syscall.SIGXFSZ) // which would end the process
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = 1000
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
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
