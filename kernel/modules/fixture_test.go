package modules

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	modzip "golang.org/x/mod/zip"
)

// published are the modules of the proxy that these tests make: "path@version",
// and its files.
var published = map[string]map[string]string{
	"example.test/greet@v1.0.0": {
		"greet.go":         "// Package greet greets.\npackage greet\n\n// Hello greets by name.\nfunc Hello(name string) string { return \"hello \" + name }\n\ntype Greeter interface{ Greet(name string) string }\n",
		"loud/loud.go":     "package loud\n\nfunc Hello() string { return \"HELLO\" }\n\nfunc Map[T any](xs []T) []T { return xs }\n",
		"internal/i/i.go":  "package i\n",
		"cmd/greet/cmd.go": "package main\n\nfunc main() {}\n",
	},
	"example.test/greet@v1.1.0":      {"greet.go": "package greet\n\nfunc Hello(name string) string { return \"good day \" + name }\nfunc Newer() {}\n"},
	"example.test/broken@v1.0.0":     {"broken.go": "package broken\n\nfunc F() int { return nosuchName }\n"},
	"example.test/half@v1.0.0":       {"half.go": "package half\n\nfunc F() {}\n", "bad/bad.go": "package bad\n\nfunc F() int { return nosuchName }\n"},
	"example.test/needsc@v1.0.0":     {"needsc.go": "package needsc\n\n// int three(void) { return 3; }\nimport \"C\"\n\nfunc Three() int { return int(C.three()) }\n"},
	"example.test/elsewhere@v1.0.0":  {"e_plan9.go": "package elsewhere\n"},
	"example.test/commands@v1.0.0":   {"main.go": "package main\n\nfunc main() {}\n"},
	"example.test/fixed@v1.0.0":      {"fixed.go": "package fixed\n\nfunc F() {}\n", "more/more.go": "package more\n\nfunc More() {}\n"},
	"example.test/fixed@v1.1.0":      {"fixed.go": "package fixed\n\nfunc F() {}\n"},
	"example.test/needsfixed@v1.0.0": {"go.mod": "module example.test/needsfixed\n\ngo 1.26\n\nrequire example.test/fixed v1.1.0\n", "n.go": "package needsfixed\n\nimport \"example.test/fixed\"\n\nfunc F() { fixed.F() }\n"},
	"example.test/go-odd/v2@v2.0.0":  {"odd.go": "package odd\n\nfunc Two() int { return 2 }\n"},
}

// standIn is a Divvy that is linked in a second: its program prints the symbols of
// the packages that are named on its command line.
var standIn = map[string]string{
	"go.mod":                       "module divvy\n\ngo 1.26\n\nrequire example.test/fixed v1.0.0\n",
	"go.sum":                       "",
	"kernel/symbols/box/box.go":    "package box\n\ntype Box struct{ V any }\n\nfunc (Box) Method(string) any { return nil }\n",
	"kernel/symbols/added/doc.go":  "package added\n\nimport _ \"embed\"\n\n//go:embed zz_bundle.zip\nvar Bundle []byte\n",
	"kernel/symbols/added/zz_a.go": "package added\n",
	"kernel/main.go": `package main

import (
	"fmt"
	"os"
	"sort"

	"divvy/kernel/symbols/added"
	_ "example.test/fixed"
)

func main() {
	for _, path := range os.Args[1:] {
		var names []string
		for name := range added.Table(path) {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Println(path, names)
	}
}
`,
}

// proxy publishes the modules, and lets the go tool of this test know no others.
func proxy(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Fatal("these tests need the go tool on the PATH")
	}
	dir := t.TempDir()
	for name, files := range published {
		path, version, _ := strings.Cut(name, "@")
		escaped, err := module.EscapePath(path)
		if err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(dir, filepath.FromSlash(escaped), "@v")
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
		content := t.TempDir()
		mod := fmt.Sprintf("module %s\n\ngo 1.26\n", path)
		if files["go.mod"] != "" {
			mod = files["go.mod"]
		}
		writeFiles(t, content, files)
		writeFiles(t, content, map[string]string{"go.mod": mod})
		var archive bytes.Buffer
		if err := modzip.CreateFromDir(&archive, module.Version{Path: path, Version: version}, content); err != nil {
			t.Fatal(err)
		}
		list, _ := os.ReadFile(filepath.Join(at, "list"))
		writeFiles(t, at, map[string]string{
			version + ".info": fmt.Sprintf(`{"Version":%q,"Time":"2026-01-01T00:00:00Z"}`, version),
			version + ".mod":  mod, version + ".zip": archive.String(), "list": string(list) + version + "\n",
		})
	}
	t.Setenv("GOPROXY", "file://"+filepath.ToSlash(dir))
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GONOSUMDB", "")
	t.Setenv("GOPRIVATE", "")
	t.Setenv("GOMODCACHE", filepath.Join(t.TempDir(), "mod"))
	t.Cleanup(func() { // whose files are read-only
		if out, err := exec.Command("go", "clean", "-modcache").CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// builder builds the stand-in.
func builder(t *testing.T) *Builder {
	t.Helper()
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, text := range standIn {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return &Builder{
		Cache:      t.TempDir(),
		Source:     func(context.Context) (*Source, error) { return &Source{archive.Bytes()}, nil },
		CompiledIn: func() ([]string, error) { return []string{"fmt", "example.test/fixed"}, nil },
	}
}
