package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"divvy/install/pyenv"
)

// BenchmarkBesideIPython measures what a notebook user feels of the kernel and
// of ipykernel in one run, and prints README's table:
//
//	go test ./kernel/e2e -run '^$' -bench IPython -benchtime 1x
func BenchmarkBesideIPython(b *testing.B) {
	python := pyenv.Need(b)
	k := installed(b)
	for b.Loop() {
		cmd := python.Command(b.Context(), filepath.Join("testdata", "bench.py"), k.Name)
		cmd.Env = append(cmd.Env, jupyterEnv(k)...)
		endWithParent(cmd)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			b.Fatalf("testdata/bench.py: %v\n%s", err, &said)
		}
		var table strings.Builder
		table.WriteString("\n| | ipykernel | Divvy |\n|---|---|---|\n")
		for line := range bytes.Lines(out) {
			var row struct {
				Name, Unit     string
				Divvy, IPython float64
			}
			if err := json.Unmarshal(line, &row); err != nil {
				b.Fatalf("read %q: %v", line, err)
			}
			fmt.Fprintf(&table, "| %s, %s | %.3g | %.3g |\n", row.Name, row.Unit, row.IPython, row.Divvy)
		}
		fmt.Println(table.String()) // b.Log shows ten lines
	}
}
