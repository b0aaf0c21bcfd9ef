package augment

import (
	"os"
	"path/filepath"
	"testing"
)

// shared is a file of the shared test material. The test is skipped where that
// is absent, and fails in CI, where it must be present.
func shared(t testing.TB, elements ...string) string {
	t.Helper()
	root := os.Getenv("DIVVY_SHARED")
	for dir, err := os.Getwd(); root == "" && err == nil; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			root = filepath.Join(dir, "..", "shared")
		} else if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
	}
	path := filepath.Join(append([]string{root}, elements...)...)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("shared material is missing in CI: %v", err)
		}
		t.Skipf("shared material is not on this machine: %v", err)
	}
	return path
}
