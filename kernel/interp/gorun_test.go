package interp_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"divvy/kernel/interp"
	"divvy/kernel/symbols"
)

// ownPrograms are the programs of testdata: each file of an archive is one,
// its cells separated by lines of %%.
func ownPrograms(t *testing.T) []program {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no programs in testdata (%v)", err)
	}
	var ps []program
	for _, f := range files {
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range a.Files {
			ps = append(ps, program{Group: strings.TrimSuffix(filepath.Base(f), ".txtar"), Name: p.Name,
				Cells: strings.Split(strings.TrimSuffix(string(p.Data), "\n"), "\n%%\n")})
		}
	}
	return ps
}

// asFile writes a program as one Go package with a function Run, if it is one:
// a program that declares names again or must fail is not.
func asFile(p program, pkg string) (src, why string) {
	src, why = asFileWith(p, pkg, false)
	if strings.HasPrefix(why, "undefined: ") { // a function uses a variable of the cell
		return asFileWith(p, pkg, true)
	}
	return src, why
}

// asFileWith is asFile, with the variables of var declarations in the package or in Run.
func asFileWith(p program, pkg string, global bool) (src, why string) {
	var imports, decls, stmts strings.Builder
	for _, c := range p.Cells {
		if strings.HasPrefix(c, "!") || strings.HasPrefix(c, "?") {
			return "", "a cell that fails or shows a value"
		}
		i, d, s := interp.Parts(c, global)
		imports.WriteString(i)
		if strings.Contains(d, "func init(") || strings.Contains(d, "func main(") {
			return "", "main or init" // a cell runs them, a package with a function Run does not, or always
		}
		decls.WriteString(d)
		stmts.WriteString(s)
	}
	seen := map[string]bool{}
	f, err := parser.ParseFile(token.NewFileSet(), "", "package p;"+imports.String(), parser.ImportsOnly)
	if err != nil {
		return "", err.Error()
	}
	var head strings.Builder
	addImport := func(name, path string) {
		if line := fmt.Sprintf("import %s %s\n", name, path); !seen[line] {
			seen[line] = true
			head.WriteString(line)
		}
	}
	for _, is := range f.Imports {
		name := ""
		if is.Name != nil {
			name = is.Name.Name
		}
		addImport(name, is.Path.Value)
	}
	body := decls.String() + "\nfunc Run() {\n" + stmts.String() + "\n"
	if strings.Contains(body, "fmt.") {
		addImport("", `"fmt"`)
	}
	lib, err := symbols.Shared()
	if err != nil {
		return "", err.Error()
	}
	unused := ""
	for range 4 {
		src := "package " + pkg + "\n" + head.String() + body + unused + "}\n"
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "p.go", src, 0)
		if err != nil {
			return "", err.Error()
		}
		bad, again := "", false
		conf := types.Config{Importer: lib, Error: func(err error) {
			msg := err.(types.Error).Msg
			if name, ok := strings.CutPrefix(msg, "declared and not used: "); ok {
				unused += "_ = " + name + "\n"
				again = true
			} else if m := regexp.MustCompile(`^"(.*)" imported and not used`).FindStringSubmatch(msg); m != nil {
				s := strings.Replace(head.String(), fmt.Sprintf("import  %q\n", m[1]), "", 1)
				head.Reset()
				head.WriteString(s)
				again = true
			} else {
				bad = msg
			}
		}}
		_, _ = conf.Check(pkg, fset, []*ast.File{file}, nil)
		if bad != "" {
			return "", bad
		}
		if !again {
			return src, ""
		}
	}
	return "", "too many unused names"
}

// compiled runs programs as compiled Go, all in one binary, and returns what
// each wrote; those that cannot be one file are left out.
func compiled(t *testing.T, ps []program) map[string]string {
	t.Helper()
	gobin, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go command to compare with")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module compare\n\ngo 1.26\n")
	var imports, cases strings.Builder
	n := 0
	for i, p := range ps {
		pkg := fmt.Sprintf("p%03d", i)
		src, why := asFile(p, pkg)
		if why != "" {
			t.Logf("%s/%s is not one file: %s", p.Group, p.Name, why)
			continue
		}
		if strings.Contains(src, "divvy/") || strings.Contains(src, "gonum.org") || strings.Contains(src, "apache/arrow") || strings.Contains(src, "os.Exit") {
			continue
		}
		n++
		write(pkg+"/p.go", strings.ReplaceAll(src, "package "+pkg, "package main_"+pkg))
		fmt.Fprintf(&imports, "import %s \"compare/%s\"\n", pkg, pkg)
		fmt.Fprintf(&cases, "case %q: %s.Run()\n", p.Group+"/"+p.Name, pkg)
	}
	write("main.go", "package main\nimport \"os\"\n"+imports.String()+"func main() {\nswitch os.Args[1] {\n"+cases.String()+"default: os.Exit(77)\n}\n}\n")
	build := exec.Command(gobin, "build", "-o", "compare.exe", ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	res := map[string]string{}
	for _, p := range ps {
		cmd := exec.Command(filepath.Join(dir, "compare.exe"), p.Group+"/"+p.Name)
		var out bytes.Buffer
		cmd.Stdout = &out
		timer := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		err := cmd.Run()
		timer.Stop()
		if cmd.ProcessState.ExitCode() == 77 {
			continue
		}
		text := strings.ReplaceAll(strings.ReplaceAll(out.String(), "compare/", ""), "main_", "")
		text = regexp.MustCompile(`\bp\d{3}\.`).ReplaceAllString(text, "main.")
		if err != nil {
			text += "ERR\n"
		}
		res[p.Group+"/"+p.Name] = text
	}
	t.Logf("%d of %d programs compared with compiled Go", n, len(ps))
	return res
}

// TestCompiled compares programs with what compiled Go does.
func TestCompiled(t *testing.T) {
	ps := ownPrograms(t)
	if b, err := os.ReadFile(sharedPath("cells/cells.json")); err == nil {
		var more []program
		if err := json.Unmarshal(b, &more); err != nil {
			t.Fatal(err)
		}
		ps = append(ps, more...)
	}
	want := compiled(t, ps)
	for _, p := range ps {
		name := p.Group + "/" + p.Name
		w, ok := want[name]
		if !ok {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if why := refused[name]; why != "" {
				t.Logf("not the same: %s", why)
				return
			}
			got, errs := runProgram(t, p)
			if got != w {
				t.Errorf("got %q\nwant %q\nerrors %v", got, w, errs)
			}
		})
	}
}

// refused names the programs that do not give what they should, with the cause.
var refused = map[string]string{
	"sound/goroutine-panic-survives": "no cell prints what it wants; compiled Go ends with the panic, a session reports it and goes on",
}
