package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"divvy/kernel/exit"
	"divvy/kernel/serve"
)

// The test binary is the kernel when this variable is set, which its worker
// inherits: the tests run the program as a user does.
const asKernel = "DIVVY_TEST_AS_KERNEL"

func TestMain(m *testing.M) {
	if os.Getenv(asKernel) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// command is the kernel, called with some arguments.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asKernel+"=1")
	return cmd
}

// outcome is how a call of the kernel ended.
type outcome struct {
	code           int
	stdout, stderr string
}

func call(t *testing.T, cmd *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// write makes an input in a new folder and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// notebookOf makes a notebook of code cells.
func notebookOf(t *testing.T, cells ...string) string {
	t.Helper()
	list := []any{}
	for i, source := range cells {
		list = append(list, map[string]any{
			"cell_type": "code", "id": "cell-" + string(rune('a'+i)), "metadata": map[string]any{},
			"execution_count": nil, "outputs": []any{}, "source": source,
		})
	}
	b, err := json.Marshal(map[string]any{"cells": list, "metadata": map[string]any{}, "nbformat": 4, "nbformat_minor": 5})
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "n.ipynb", string(b))
}

// outputsOf reads the text of all outputs of a notebook, cell by cell.
func outputsOf(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var nb struct {
		Cells []struct {
			Outputs []struct {
				Text  []string            `json:"text"`
				Name  string              `json:"ename"`
				Value string              `json:"evalue"`
				Data  map[string][]string `json:"data"`
			} `json:"outputs"`
		} `json:"cells"`
	}
	if err := json.Unmarshal(b, &nb); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range nb.Cells {
		text := ""
		for _, o := range c.Outputs {
			text += strings.Join(o.Text, "") + strings.Join(o.Data["text/plain"], "") + o.Name
		}
		all = append(all, text)
	}
	return all
}

func TestRunNotebook(t *testing.T) {
	path := notebookOf(t, "import \"fmt\"\nn := 20", "fmt.Println(n + 1)", "n + 2")
	o := call(t, command(t, "run", path))
	if o.code != 0 {
		t.Fatalf("exit code %d: %s", o.code, o.stderr)
	}
	for _, want := range []string{"[1/3]", "[3/3] n + 2", "n.out.ipynb written"} {
		if !strings.Contains(o.stderr, want) {
			t.Errorf("the progress lacks %q: %s", want, o.stderr)
		}
	}
	if o.stdout != "" {
		t.Errorf("stdout %q", o.stdout)
	}
	out := outputsOf(t, strings.TrimSuffix(path, ".ipynb")+".out.ipynb")
	if len(out) != 3 || out[1] != "21\n" || out[2] != "22" {
		t.Errorf("outputs %q", out)
	}
}

func TestRunFailingCell(t *testing.T) {
	path := notebookOf(t, "import \"fmt\"", "fmt.Println(\"before\")\nx := 1 + \"a\"", "fmt.Println(\"after\")")
	out := filepath.Join(t.TempDir(), "result.ipynb")
	o := call(t, command(t, "run", path, "-o", out))
	if o.code != exit.Cell {
		t.Errorf("exit code %d", o.code)
	}
	if !strings.Contains(o.stderr, "n.ipynb: cell 2 of 3, In[2], line 2: CompileError\n") {
		t.Errorf("stderr %s", o.stderr)
	}
	if got := outputsOf(t, out); got[1] != "CompileError" || got[2] != "" {
		t.Errorf("outputs %q", got)
	}
	if o := call(t, command(t, "run", path, "-o", out, "--allow-errors", "-q")); o.code != 0 || o.stderr != "" {
		t.Errorf("with --allow-errors -q: exit code %d, stderr %q", o.code, o.stderr)
	}
	if got := outputsOf(t, out); got[2] != "after\n" {
		t.Errorf("outputs %q", got)
	}
}

func TestRunHTML(t *testing.T) {
	path := notebookOf(t, "6 * 7")
	html := filepath.Join(t.TempDir(), "page.html")
	if o := call(t, command(t, "run", path, "--html", html)); o.code != 0 || !strings.Contains(o.stderr, "page.html written") {
		t.Fatalf("exit code %d: %s", o.code, o.stderr)
	}
	b, err := os.ReadFile(html)
	if err != nil || !strings.Contains(string(b), "<title>n</title>") || !strings.Contains(string(b), "42") {
		t.Errorf("%v, %.300s", err, b)
	}
}

// A notebook runs in its own folder, as in Jupyter.
// A notebook of another language is refused before a line of it runs as Go.
func TestRunOtherLanguage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "py.ipynb")
	text := `{"cells":[{"cell_type":"code","source":"print(1)","metadata":{},"outputs":[],"execution_count":null}],
		"metadata":{"kernelspec":{"name":"python3","display_name":"Python 3","language":"Python"}},"nbformat":4,"nbformat_minor":4}`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	o := call(t, command(t, "run", path))
	if o.code != exit.Usage || !strings.Contains(o.stderr, "py.ipynb is a notebook in python") || o.stdout != "" {
		t.Errorf("exit code %d: %q, %q", o.code, o.stdout, o.stderr)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(text, "Python", "Go", 2)), 0o644); err != nil {
		t.Fatal(err)
	}
	if o := call(t, command(t, "run", path, "--print")); o.code != 0 {
		t.Errorf("exit code %d: %q", o.code, o.stderr)
	}
}

func TestRunFolder(t *testing.T) {
	path := notebookOf(t, "import \"os\"", "b, err := os.ReadFile(\"data.txt\")\nstring(b)")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "data.txt"), []byte("here"), 0o644); err != nil {
		t.Fatal(err)
	}
	if o := call(t, command(t, "run", path)); o.code != 0 {
		t.Fatalf("exit code %d: %s", o.code, o.stderr)
	}
	if out := outputsOf(t, strings.TrimSuffix(path, ".ipynb")+".out.ipynb"); !strings.Contains(out[1], "here") {
		t.Errorf("outputs %q", out)
	}
}

// A script has no notebook that would keep the errors that are allowed.
func TestScriptAllowsErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.go")
	if err := os.WriteFile(path, []byte("// %%\nnope\n// %%\n1 + 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := call(t, command(t, "run", path, "--allow-errors"))
	if o.code != 0 || o.stdout != "2\n" || !strings.Contains(o.stderr, "a.go:2: CompileError\na.go:2:1: undefined: nope") {
		t.Errorf("exit code %d: %q, %q", o.code, o.stdout, o.stderr)
	}
}

// deadly is a cell that the Go runtime ends the process for.
const deadly = "import \"time\"\nm := map[int]int{}\nfor g := 0; g < 8; g++ {\n\tgo func() { for { m[1] = 2 } }()\n}\ntime.Sleep(20 * time.Second)"

func TestRunDeath(t *testing.T) {
	o := call(t, command(t, "run", notebookOf(t, deadly)))
	if o.code != exit.Cell || !strings.Contains(o.stderr, "WorkerDied: the worker process ended: fatal error: concurrent map") {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
}

// A recursion without end is stopped before it ends the process.
func TestRunStackOverflow(t *testing.T) {
	path := notebookOf(t, "func f(n int) int { return f(n+1) + 1 }", "f(1)")
	o := call(t, command(t, "run", path))
	if o.code != exit.Cell || !strings.Contains(o.stderr, "cell 2 of 2") || !strings.Contains(o.stderr, "fatal error: stack overflow") {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
}

func TestRunTimeout(t *testing.T) {
	path := notebookOf(t, "for {\n}")
	o := call(t, command(t, "run", path, "--timeout", "200ms"))
	if o.code != exit.Cell || !strings.Contains(o.stderr, "CellTimeoutError: the cell did not end within 200ms") {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
}

func TestRunParameters(t *testing.T) {
	path := notebookOf(t, "n + 1")
	o := call(t, command(t, "run", path, "-p", "n=41"))
	out := outputsOf(t, strings.TrimSuffix(path, ".ipynb")+".out.ipynb")
	if o.code != 0 || len(out) != 2 || out[1] != "42" {
		t.Errorf("exit code %d, outputs %q: %s", o.code, out, o.stderr)
	}
}

func TestRunScript(t *testing.T) {
	program := write(t, "p.go", "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"from main\")\n}\n")
	if o := call(t, command(t, "run", program)); o.code != 0 || o.stdout != "from main\n" || o.stderr != "" {
		t.Errorf("a program: exit code %d, stdout %q, stderr %q", o.code, o.stdout, o.stderr)
	}
	cells := write(t, "c.go", "import \"fmt\"\nn := 6\n// %% [markdown]\n// # Title\n// %%\nfmt.Println(\"n\")\n7 * n\n")
	out := filepath.Join(t.TempDir(), "c.ipynb")
	if o := call(t, command(t, "run", cells, "-o", out, "-q")); o.code != 0 || o.stdout != "n\n42\n" || o.stderr != "" {
		t.Errorf("cells: exit code %d, stdout %q, stderr %q", o.code, o.stdout, o.stderr)
	}
	if got := outputsOf(t, out); len(got) != 3 || got[2] != "n\n42" {
		t.Errorf("the notebook of the script shows %q", got)
	}
}

// Parameters reach a script's cells, and what is most likely a slip is told.
func TestRunScriptParameters(t *testing.T) {
	cells := "n := 3\nname := \"x\"\n// %%\nfmt.Print(name, n)\n"
	for _, tc := range []struct{ name, source, parameter, stdout, stderr string }{
		{"by its title", "// %% parameters\n" + cells, "n=5", "x5", ""},
		{"without a title", cells, "name=5", "53", ""},
		{"a slip", "// %% parameters\n" + cells, "m=5", "x3", "parameter m is not among those that the notebook declares (n, name)"},
		{"no place", "fmt.Print(m)\n", "m=5", "5", "no cell is tagged parameters, and none declares m"},
	} {
		o := call(t, command(t, "run", write(t, "s.go", tc.source), "-p", tc.parameter))
		if o.code != 0 || o.stdout != tc.stdout || !strings.Contains(o.stderr, tc.stderr) || tc.stderr == "" && o.stderr != "" {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", tc.name, o.code, o.stdout, o.stderr)
		}
	}
}

// A bar is there with its end, not only with its beginning.
func TestRunScriptBar(t *testing.T) {
	path := write(t, "s.go", "b := display.Bar(3, \"steps\")\nb.Add(3)\nb.Done()\nfmt.Println(\"done\")\n")
	o := call(t, command(t, "run", path))
	if lines := strings.Split(o.stdout, "\n"); o.code != 0 || len(lines) < 2 || !strings.Contains(lines[len(lines)-3], "3/3") {
		t.Errorf("exit code %d, stdout %q, stderr %q", o.code, o.stdout, o.stderr)
	}
}

// A script's errors name the script's lines, whichever cell they are in.
func TestRunScriptLine(t *testing.T) {
	path := write(t, "s.go", "x := 1\n// %%\n\nvar m map[string]int\nm[\"a\"] = x\n")
	o := call(t, command(t, "run", path))
	if o.code != exit.Cell || !strings.Contains(o.stderr, "s.go:5: Panic\n") {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
}

// A script may end by os.Exit, as a program does.
func TestRunScriptExit(t *testing.T) {
	for code, want := range map[int]int{0: 0, 3: exit.Cell} {
		path := write(t, "s.go", fmt.Sprintf("package main\n\nimport \"os\"\n\nfunc main() { os.Exit(%d) }\n", code))
		o := call(t, command(t, "run", path))
		if told := strings.Contains(o.stderr, "os.Exit(3)"); o.code != want || told != (code == 3) {
			t.Errorf("os.Exit(%d): exit code %d, %q", code, o.code, o.stderr)
		}
	}
}

// A cell that asks reads standard input.
func TestRunStdin(t *testing.T) {
	path := write(t, "s.go", "var n int\nfmt.Scan(&n)\nfmt.Println(2 * n)\n")
	cmd := command(t, "run", path)
	cmd.Stdin = strings.NewReader("21\n")
	if o := call(t, cmd); o.code != 0 || o.stdout != "42\n" {
		t.Errorf("exit code %d, stdout %q: %s", o.code, o.stdout, o.stderr)
	}
}

// A script comes from standard input, too.
func TestRunPipedScript(t *testing.T) {
	for _, c := range []struct {
		script string
		args   []string
		code   int
		out    string
		err    string
	}{
		{"fmt.Println(6 * 7)\n", nil, 0, "42\n", ""},
		{"// %% parameters\nn := 1\n// %%\nn * 2\n", []string{"-p", "n=4"}, 0, "8\n", ""},
		{"x := 1\n\nx.y()\n", nil, exit.Cell, "", "-:3: CompileError"},
		{"", nil, 0, "", ""},
	} {
		cmd := command(t, append([]string{"run", "-"}, c.args...)...)
		cmd.Stdin = strings.NewReader(c.script)
		if o := call(t, cmd); o.code != c.code || o.stdout != c.out || !strings.Contains(o.stderr, c.err) {
			t.Errorf("%q: exit code %d, stdout %q: %s", c.script, o.code, o.stdout, o.stderr)
		}
	}
}

func TestRunInput(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "x.ipynb")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	script := write(t, "s.go", "n := 3")
	program := write(t, "p.go", "package main\n\nvar n = 3\n\nfunc main() { println(n) }\n")
	for _, tc := range []struct {
		name string
		args []string
		want string
	}{
		{"no arguments", []string{"run"}, "run takes one file, a notebook (.ipynb) or a Go script (.go), not 0"},
		{"two files", []string{"run", "a.go", "b.go"}, "not 2"},
		{"no such file", []string{"run", "none.ipynb"}, "reading a notebook: open none.ipynb"},
		{"other file", []string{"run", "a.py"}, "neither a notebook (.ipynb) nor a Go script (.go, or - for standard input)"},
		{"no notebook", []string{"run", write(t, "x.ipynb", "{}")}, "it is JSON, but no notebook: it has no nbformat"},
		{"a list", []string{"run", write(t, "x.ipynb", "[]")}, "it is JSON, but no notebook: it begins with an array"},
		{"half a notebook", []string{"run", write(t, "x.ipynb", "{\"cells\": [")}, "the file ends within the notebook"},
		{"a broken notebook", []string{"run", write(t, "x.ipynb", "{\n x}")}, "line 2: invalid character 'x'"},
		{"an empty notebook", []string{"run", write(t, "x.ipynb", "")}, "the file is empty"},
		{"a folder", []string{"run", folder}, "is a directory"},
		{"an output that is a source", []string{"run", script, "-o", script}, "what is written is a notebook, give it a name that ends in .ipynb"},
		{"a page by another name", []string{"run", script, "--html", "x.ipynb"}, "what is written is a web page"},
		{"an output that is a folder", []string{"run", script, "-o", folder}, "is a folder; name a file in it"},
		{"a parameter of another kind", []string{"run", script, "-p", "n=many"}, "parameter n is a number or a boolean"},
		{"a parameter of a program", []string{"run", program, "-p", "n=1"}, "the program's main would have run before it is set"},
		{"bad parameter", []string{"run", write(t, "x.go", "1"), "-p", "1=2"}, "not of the form name=value"},
		{"bad flag", []string{"run", "--nope"}, "unknown flag"},
		{"bad command", []string{"nope"}, "unknown command"},
		{"connection file", []string{"serve", "-f", "none.json"}, "none.json"},
		{"log level", []string{"serve", "-f", "none.json", "--log-level", "loud"}, "--log-level"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := call(t, command(t, tc.args...))
			if o.code != exit.Usage || !strings.HasPrefix(o.stderr, "kernel: ") || !strings.Contains(o.stderr, tc.want) {
				t.Errorf("exit code %d: %s", o.code, o.stderr)
			}
		})
	}
}

func TestRunCannotWrite(t *testing.T) {
	path := notebookOf(t, "1")
	o := call(t, command(t, "run", path, "-o", filepath.Join(t.TempDir(), "none", "out.ipynb")))
	if o.code != exit.Kernel || !strings.Contains(o.stderr, "out.ipynb cannot be written, so nothing was run: no such file") {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
}

func TestVersion(t *testing.T) {
	o := call(t, command(t, "version"))
	if o.code != 0 || !strings.HasPrefix(o.stdout, "divvy "+serve.Version()) || !strings.Contains(o.stdout, "Jupyter protocol 5.") {
		t.Errorf("exit code %d: %s", o.code, o.stdout)
	}
}

// awaitFile waits until a file has content.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	for range 1000 {
		if b, err := os.ReadFile(path); err == nil && len(b) > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s was never written", path)
}
