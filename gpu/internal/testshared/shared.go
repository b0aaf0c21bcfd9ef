// Package testshared finds the folder of shared test material.
package testshared

import (
	"os"
	"path/filepath"
	"testing"
)

// Path is a file or folder of ../shared, beside the module's root, or of the
// folder that DIVVY_SHARED names. Without it the test is skipped, and in CI
// failed.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	root := os.Getenv("DIVVY_SHARED")
	if root == "" {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			if dir == filepath.Dir(dir) {
				t.Fatal("no go.mod above the test's folder")
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(filepath.Dir(dir), "shared")
	}
	path := filepath.Join(append([]string{root}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("test material is missing: %v", err)
		}
		t.Skipf("needs the shared test material (set DIVVY_SHARED): %v", err)
	}
	return path
}
