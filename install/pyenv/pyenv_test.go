package pyenv

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestEveryRequirementIsPinned(t *testing.T) {
	direct, err := os.ReadFile("requirements.in")
	if err != nil {
		t.Fatal(err)
	}
	pinned := map[string]bool{}
	for line := range strings.Lines(string(requirements)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, _, ok := strings.Cut(line, "==")
		if !ok {
			t.Errorf("requirements.txt: %q has no version", line)
		}
		pinned[name] = true
	}
	for line := range strings.Lines(string(direct)) {
		name, _, _ := strings.Cut(line, "#")
		name, _, _ = strings.Cut(name, ";") // for some machines only
		name = strings.ReplaceAll(strings.TrimSpace(name), "_", "-")
		if name != "" && !pinned[name] {
			t.Errorf("%s of requirements.in is not in requirements.txt", name)
		}
	}
}

func TestEnvironmentHasWhatItPromises(t *testing.T) {
	env := Need(t)
	const program = `
import sys, importlib.metadata as m
for line in open(sys.argv[1]):
    line = line.strip()
    if line and line[0] != "#" and ";" not in line:
        name, version = line.split("==")
        assert m.version(name) == version, (name, version, m.version(name))
print(sys.prefix)`
	out, err := env.Command(t.Context(), "-c", program, "requirements.txt").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := strings.TrimSpace(string(out)); got != env.Dir {
		t.Errorf("the interpreter runs in %s, want %s", got, env.Dir)
	}
}

func TestPruneKeepsWhatIsUsed(t *testing.T) {
	root, now := t.TempDir(), time.Now()
	for name, age := range map[string]time.Duration{"python-old": 2 * unusedAfter, "python-new": time.Hour} {
		marker := filepath.Join(root, name, "complete")
		if err := os.MkdirAll(filepath.Dir(marker), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(marker, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(marker, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	prune(root, now.Add(-unusedAfter))
	left, _ := filepath.Glob(filepath.Join(root, "*"))
	if len(left) != 1 || filepath.Base(left[0]) != "python-new" {
		t.Errorf("left are %v, want only python-new", left)
	}
}
