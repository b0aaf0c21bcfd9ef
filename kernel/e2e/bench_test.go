package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"divvy/install/pyenv"
)

// peer is a kernel to compare with.
type peer struct {
	label string
	cells string   // the language of its cells, see testdata/bench.py
	name  string   // of its kernelspec
	tools []string // what the go tool installs for it: the kernel itself comes first
	args  []string // of its program
}

// peers are ipykernel, at the version of the pinned environment, and the two Go
// kernels that people use, as their authors tell to install them.
func peers() []peer {
	return []peer{
		{label: "ipykernel", name: "python3", cells: "python"},
		{label: "gophernotes", name: "gophernotes", cells: "go",
			tools: []string{"github.com/gopherdata/gophernotes@latest"}, args: []string{"{connection_file}"}},
		{label: "gonb", name: "gonb", cells: "gonb",
			tools: []string{"github.com/janpfeifer/gonb@latest", "golang.org/x/tools/gopls@latest", "golang.org/x/tools/cmd/goimports@latest"},
			args:  []string{"--kernel", "{connection_file}"}},
	}
}

// peersDir keeps what the go tool has installed, so that it is done once.
func peersDir(b *testing.B) string {
	b.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		b.Fatal(err)
	}
	return filepath.Join(base, "divvy", "peers")
}

// provide installs a peer and returns its version.
func (p peer) provide(b *testing.B, dir string) (version string, err error) {
	if len(p.tools) == 0 {
		return "", nil
	}
	bin := filepath.Join(dir, "bin")
	program := filepath.Join(bin, p.name)
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	defer cancel()
	if _, err := os.Stat(program); err != nil {
		for _, tool := range p.tools {
			cmd := exec.CommandContext(ctx, "go", "install", tool)
			cmd.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
			cmd.Dir = b.TempDir() // outside every module
			if out, err := cmd.CombinedOutput(); err != nil {
				return "", fmt.Errorf("go install %s: %w\n%s", tool, err, bytes.TrimSpace(out))
			}
		}
	}
	out, err := exec.CommandContext(ctx, "go", "version", "-m", program).Output()
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == "mod" {
			version = f[2]
		}
	}
	spec, err := json.Marshal(map[string]any{
		"argv": append([]string{program}, p.args...), "display_name": p.label, "language": "go",
		"env": map[string]string{"PATH": bin + string(os.PathListSeparator) + "${PATH}"},
	})
	if err != nil {
		return "", err
	}
	at := filepath.Join(dir, "kernels", p.name)
	if err := os.MkdirAll(at, 0o755); err != nil {
		return "", err
	}
	return version, os.WriteFile(filepath.Join(at, "kernel.json"), spec, 0o644)
}

// BenchmarkBesidePeers measures what a notebook user feels of the kernel and of
// its peers in one run, and prints the table of README. A peer that cannot be
// installed has no column, and the reason is printed; one whose program lies in
// divvy/peers/bin of the user's cache folder is taken from there.
//
//	go test ./kernel/e2e -run '^$' -bench Peers -benchtime 1x
func BenchmarkBesidePeers(b *testing.B) {
	python := pyenv.Need(b)
	k := installed(b)
	dir := peersDir(b)
	args := []string{filepath.Join("testdata", "bench.py")}
	for _, p := range peers() {
		version, err := p.provide(b, dir)
		if err != nil {
			fmt.Printf("%s is not measured: %v\n", p.label, err)
			continue
		}
		args = append(args, strings.TrimSpace(p.label+" "+version)+"="+p.name+"="+p.cells)
	}
	args = append(args, "Divvy="+k.Name+"=go")
	for b.Loop() {
		cmd := python.Command(b.Context(), args...)
		cmd.Env = append(cmd.Env, jupyterEnv(k)...)
		cmd.Env = append(cmd.Env, "JUPYTER_PATH="+filepath.Join(k.Prefix, "share", "jupyter")+string(os.PathListSeparator)+dir)
		endWithParent(cmd)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			b.Fatalf("testdata/bench.py: %v\n%s", err, &said)
		}
		table, err := tabulate(out)
		if err != nil {
			b.Fatal(err)
		}
		fmt.Println(table) // b.Log shows ten lines
	}
}

// rows is the order of the table.
var rows = []string{
	"spawn to kernel_info, ms", "`1+1`, p50 / p95, ms", "queued cells per s", "complete, first / p50, ms",
	"1000 prints, ms / messages", "interrupt of an endless loop, p50 / max, ms", "memory, all processes, MB", "shutdown, ms",
}

// tabulate writes the table: a column a kernel, the last one ours, and how often
// ours goes into the others' first figure (the other way round for a rate).
func tabulate(lines []byte) (string, error) {
	type column struct {
		Label   string
		Figures map[string]any
	}
	var columns []column
	for line := range bytes.Lines(lines) {
		var c column
		if err := json.Unmarshal(line, &c); err != nil {
			return "", fmt.Errorf("read %q: %w", line, err)
		}
		columns = append(columns, c)
	}
	var t strings.Builder
	t.WriteString("\n|")
	for _, c := range columns {
		t.WriteString(" | " + c.Label)
	}
	t.WriteString(" |\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, row := range rows {
		t.WriteString("| " + row)
		ours := columns[len(columns)-1].Figures[row]
		for i, c := range columns {
			t.WriteString(" | " + figure(c.Figures[row]))
			theirs, x := first(c.Figures[row])
			own, y := first(ours)
			if i == len(columns)-1 || !x || !y {
				continue
			}
			if strings.HasSuffix(row, "per s") {
				theirs, own = own, theirs
			}
			fmt.Fprintf(&t, " (%.2g×)", theirs/own)
		}
		t.WriteString(" |\n")
	}
	return t.String(), nil
}

// first is the number that a figure begins with.
func first(figure any) (float64, bool) {
	if list, ok := figure.([]any); ok && len(list) > 0 {
		figure = list[0]
	}
	n, ok := figure.(float64)
	return n, ok && n > 0
}

func figure(v any) string {
	switch v := v.(type) {
	case nil:
		return "—"
	case float64:
		return fmt.Sprintf("%.3g", v)
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, figure(x))
		}
		return strings.Join(parts, " / ")
	}
	return fmt.Sprint(v)
}
