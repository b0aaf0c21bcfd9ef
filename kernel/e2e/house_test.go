package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// floors are the rooms from the roof down. A package imports from its own room
// and from those below, never from above.
var floors = map[string]int{"install": 0, "kernel": 1, "stdlib": 2, "gpu": 3, "arrowio": 3}

// pythonOfTests is what tests of every room may import although it stands above:
// the environment in which they compare with Python's tools. It knows nothing of
// the house. arrowio, on the ground, does without; its peers are in install/peers.
const pythonOfTests = "divvy/install/pyenv"

func TestImportsRunDown(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f",
		`{{.ImportPath}}{{range .Imports}} {{.}}{{end}}{{range .TestImports}} test:{{.}}{{end}}{{range .XTestImports}} test:{{.}}{{end}}`, "./...")
	cmd.Dir = moduleRoot()
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list ./...: %v\n%s", err, &said)
	}
	room := func(path string) (string, bool) {
		inside, ok := strings.CutPrefix(path, "divvy/")
		name, _, _ := strings.Cut(inside, "/")
		_, known := floors[name]
		return name, ok && known
	}
	checked := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from, ok := room(fields[0])
		if !ok {
			continue
		}
		for _, path := range fields[1:] {
			path, isTest := strings.CutPrefix(path, "test:")
			if isTest && path == pythonOfTests && from != "arrowio" {
				continue
			}
			to, ok := room(path)
			if !ok || to == from {
				continue
			}
			checked++
			if floors[to] <= floors[from] {
				t.Errorf("%s imports %s, which is not below it", fields[0], path)
			}
		}
	}
	if checked == 0 {
		t.Error("no import between rooms was seen")
	}
}

func TestTopLevelHoldsTheHouseOnly(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "git", "ls-files")
	cmd.Dir = moduleRoot()
	out, err := cmd.Output()
	if err != nil { // a release without its history
		entries, _ := os.ReadDir(moduleRoot())
		for _, e := range entries {
			out = append(out, e.Name()+"\n"...)
		}
	}
	allowed := []string{"kernel", "stdlib", "notebooks", "gpu", "arrowio", "install", "go.mod", "go.sum", "README.md", "LICENSE"}
	for path := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(filepath.ToSlash(strings.TrimSpace(path)), "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(allowed, top) {
			t.Errorf("%s does not belong at the top level", top)
			return
		}
	}
}
