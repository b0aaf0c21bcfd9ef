// Package testplugin gives tests an XLA plug-in for the processor, out of the
// Python environment of the tests: what an NVIDIA device is given is compiled
// and run by the same compiler's other back end.
//
// It is support for tests and imported by nothing else. It is given the folder
// of that environment, as what makes it (install/pyenv) stands above this room.
package testplugin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"divvy/gpu/pjrt"
)

// digest is the SHA-256 of the library: the build of XLA (Apache-2.0) that
// zml/pjrt-artifacts published as manual-2026-06-23, unmodified, in the wheel
// fastatomstruct-xla-cpu 2026.6.23. Nothing else is loaded into a test.
const digest = "0a0fe56ca17be9efc7b942e89e534e5e0ad4a0f1e369b66d27b62184509015b9"

// Path is the library in the environment of a folder.
func Path(t testing.TB, dir string) string {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("there is no XLA plug-in for the processor but for Linux on x86-64")
	}
	found, _ := filepath.Glob(filepath.Join(dir, "lib", "python3*", "site-packages", "fastatomstruct_xla_cpu", "libpjrt_cpu.so"))
	if len(found) != 1 {
		t.Fatalf("the Python environment %s has %d XLA plug-ins, want 1", dir, len(found))
	}
	if err := checked(found[0]); err != nil {
		t.Fatal(err)
	}
	return found[0]
}

// checked compares the library with the digest, once a process.
var checked = func() func(path string) error {
	var once sync.Once
	var err error
	return func(path string) error {
		once.Do(func() { err = check(path) })
		return err
	}
}()

func check(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != digest {
		return fmt.Errorf("%s has SHA-256 %s, want %s", path, got, digest)
	}
	return nil
}

// Client starts the plug-in. It has a few devices, which share the processor.
// It is never closed: what tests leave unreachable is freed after them.
func Client(t testing.TB, dir string) *pjrt.Client {
	t.Helper()
	p, err := pjrt.Load(Path(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Quick are compiler options with which a test's small Programs compile soonest.
func Quick() map[string]any {
	return map[string]any{"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": true}
}
