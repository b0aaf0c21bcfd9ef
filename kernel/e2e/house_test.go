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

// Tests import downwards too, but for those that drive Jupyter's own programs or
// compare with a tool of Python's: they need the environment of install/pyenv,
// which knows nothing of the house.
const pythonOfTests = "divvy/install/pyenv"

var needPython = []string{"divvy/kernel/", "divvy/stdlib/augment/bench"}

func mayImport(from, to string) bool {
	return to == pythonOfTests && slices.ContainsFunc(needPython, func(p string) bool { return strings.HasPrefix(from, p) })
}

func TestImportsRunDown(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f",
		`{{.ImportPath}}{{range .Imports}} {{.}}{{end}}{{range .TestImports}} {{.}}{{end}}{{range .XTestImports}} {{.}}{{end}}`, "./...")
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
			to, ok := room(path)
			if !ok || to == from {
				continue
			}
			checked++
			if floors[to] <= floors[from] && !mayImport(fields[0], path) {
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
