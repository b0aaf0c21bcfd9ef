package symbols

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestDrift fails when the generated files are not what go generate makes.
// Third-party tables change with go.mod only; they are compared in CI.
func TestDrift(t *testing.T) {
	groups := []string{"own", "added"}
	if os.Getenv("CI") == "true" {
		groups = append(groups, "third", "std")
	}
	for _, g := range groups {
		t.Run(g, func(t *testing.T) {
			out, err := exec.Command("go", "run", "./gen", "-dir", ".", "-group", g, "-check").CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s\nrun: go generate ./kernel/symbols", err, out)
			}
		})
	}
}

func TestLibrary(t *testing.T) {
	l, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"fmt", "net/http", "gonum.org/v1/plot", "github.com/apache/arrow/go/v17/arrow/array", "divvy/stdlib/display"} {
		pkg, err := l.Import(p)
		if err != nil || !pkg.Complete() || !l.Has(p) || len(Table(p)) == 0 {
			t.Errorf("%s: %v", p, err)
		}
	}
	if d := l.Doc("strings", "Builder.WriteString"); !strings.Contains(d, "WriteString appends") {
		t.Errorf("doc of strings.Builder.WriteString: %q", d)
	}
	if _, err := l.Import("rand"); err == nil || !strings.Contains(err.Error(), "math/rand") {
		t.Errorf("import of rand: %v", err)
	}
	for _, p := range l.Paths() {
		for name, v := range Table(p) {
			if !v.IsValid() {
				t.Errorf("%s.%s has no value", p, name)
			}
		}
	}
}

// BenchmarkOpen measures what a process pays before its first cell.
func BenchmarkOpen(b *testing.B) {
	for range b.N {
		if _, err := Open(); err != nil {
			b.Fatal(err)
		}
	}
}
