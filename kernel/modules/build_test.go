package modules

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func silent(string, string) {}

// specs parses what a user would write.
func specs(t *testing.T, dir string, texts ...string) []Spec {
	t.Helper()
	var list []Spec
	for _, text := range texts {
		s, err := ParseSpec(text, dir)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func TestBuild(t *testing.T) {
	proxy(t)
	b := builder(t)
	tests := []struct {
		name     string
		add      []string
		chosen   string
		packages string
		symbols  string // of the first package
		note     string
	}{
		{"a module", []string{"example.test/greet@v1.0.0"}, "example.test/greet@v1.0.0", "example.test/greet example.test/greet/loud", "[Greeter Hello _Greeter]", "1 generic functions"},
		{"the newest", []string{"example.test/greet"}, "example.test/greet@v1.1.0", "example.test/greet", "[Hello Newer]", ""},
		{"one package", []string{"example.test/greet/loud@v1.0.0"}, "example.test/greet/loud@v1.0.0", "example.test/greet/loud", "[Hello]", ""},
		{"a name unlike its path", []string{"example.test/go-odd/v2"}, "example.test/go-odd/v2@v2.0.0", "example.test/go-odd/v2", "[Two]", ""},
		{"more of what is compiled in", []string{"example.test/fixed/more"}, "example.test/fixed/more@v1.0.0", "example.test/fixed/more", "[More]", ""},
		{"two", []string{"example.test/greet@v1.0.0", "example.test/half"}, "example.test/greet@v1.0.0 example.test/half@v1.0.0",
			"example.test/greet example.test/greet/loud example.test/half", "[Greeter Hello _Greeter]", "example.test/half/bad is left out: "},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var stages []string
			p, err := b.Build(t.Context(), specs(t, "", tc.add...), func(stage, _ string) { stages = append(stages, stage) })
			if err != nil {
				t.Fatal(err)
			}
			if got := names(p.Specs); got != tc.chosen {
				t.Errorf("chosen: %s", got)
			}
			if got := strings.Join(p.Packages, " "); got != tc.packages {
				t.Errorf("packages: %s", got)
			}
			if !strings.Contains(strings.Join(p.Notes, "\n"), tc.note) {
				t.Errorf("notes: %q", p.Notes)
			}
			if got := slices.Compact(stages); got[0] != "resolving" || !slices.Contains(got, "compiling") {
				t.Errorf("progress: %q", got)
			}
			out, err := exec.Command(p.Path, p.Packages[0]).CombinedOutput()
			if want := p.Packages[0] + " " + tc.symbols + "\n"; err != nil || string(out) != want {
				t.Errorf("the program: %v, %q", err, out)
			}
			again, err := b.Build(t.Context(), specs(t, "", tc.add...), silent)
			if err != nil || !again.Cached || again.Path != p.Path || names(again.Specs) != names(p.Specs) {
				t.Errorf("the second time: %+v, %v", again, err)
			}
		})
	}
}

// A local module is known by its files, not by its place alone.
func TestBuildLocal(t *testing.T) {
	proxy(t)
	b := builder(t)
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"stats/go.mod": "module stats\n\ngo 1.26\n\nrequire example.test/greet v1.0.0\n",
		"stats/s.go": "package stats\n\nimport \"example.test/greet\"\n\nfunc Mean() string { return greet.Hello(\"you\") }\n"})
	add := specs(t, dir, "./stats")
	first, err := b.Build(t.Context(), add, silent)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Packages) != 1 || first.Packages[0] != "stats" {
		t.Errorf("packages %q", first.Packages)
	}
	writeFiles(t, dir, map[string]string{"stats/s_test.go": "package stats\n"})
	if again, err := b.Build(t.Context(), add, silent); err != nil || !again.Cached {
		t.Errorf("after a change that reaches no program: %+v, %v", again, err)
	}
	writeFiles(t, dir, map[string]string{"stats/more.go": "package stats\n\nfunc Median() {}\n"})
	second, err := b.Build(t.Context(), add, silent)
	if err != nil || second.Cached || second.Path == first.Path {
		t.Fatalf("after a change: %+v, %v", second, err)
	}
	if out, err := exec.Command(second.Path, "stats").CombinedOutput(); err != nil || string(out) != "stats [Mean Median]\n" {
		t.Errorf("the program: %v, %q", err, out)
	}
	writeFiles(t, dir, map[string]string{"stats/bad.go": "package stats\n\nvar X = nosuchName\n"})
	if _, err := b.Build(t.Context(), add, silent); err == nil || !strings.Contains(err.Error(), "bad.go:3:9: undefined: nosuchName") {
		t.Errorf("an error in it: %v", err)
	}
}

func TestBuildErrors(t *testing.T) {
	proxy(t)
	tests := []struct {
		name, add string
		env       string
		want      []string
	}{
		{"no such module", "example.test/nosuch", "", []string{"there is no such module or package", "The go tool said"}},
		{"no such version", "example.test/greet@v9.9.9", "", []string{"there is no such version", "go list -m -versions"}},
		{"no such package", "example.test/greet/nosuch@v1.0.0", "", []string{"there is no such module or package"}},
		{"does not compile", "example.test/broken", "", []string{"example.test/broken@v1.0.0 cannot be added", "undefined: nosuchName"}},
		{"no C compiler", "example.test/needsc", "CGO_ENABLED=0", []string{"cannot be added", "it needs a C compiler"}},
		{"another system's", "example.test/elsewhere", "CGO_ENABLED=1", []string{"it has nothing for this system"}},
		{"commands only", "example.test/commands", "", []string{"no package that a cell could import"}},
		{"compiled in", "example.test/fixed", "", []string{"example.test/fixed is compiled in: import it as it is"}},
		{"compiled in, with its version", "example.test/fixed@v1.0.0", "", []string{"is compiled in: import it"}},
		{"compiled in otherwise", "example.test/fixed@v1.1.0", "", []string{"example.test/fixed v1.1.0, and v1.0.0 is compiled into Divvy", "Ask for a version"}},
		{"needs another version of it", "example.test/needsfixed", "", []string{"example.test/needsfixed would bring example.test/fixed v1.1.0, and v1.0.0 is compiled into Divvy"}},
		{"offline", "example.test/greet", "GOPROXY=off", []string{"is this machine online"}},
		{"no go tool", "example.test/greet", "PATH=", []string{"needs the go tool", "https://go.dev/dl"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if name, value, ok := strings.Cut(tc.env, "="); ok {
				t.Setenv(name, value)
				if name == "GOPROXY" {
					t.Setenv("GOMODCACHE", t.TempDir())
				}
			}
			b := builder(t)
			_, err := b.Build(t.Context(), specs(t, "", tc.add), silent)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tc.want {
				if !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(want)) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
			if left, _ := os.ReadDir(b.Cache); len(left) > 0 {
				t.Errorf("%v is left over", left)
			}
		})
	}
}

func TestBuildStopped(t *testing.T) {
	proxy(t)
	b := builder(t)
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := b.Build(ctx, specs(t, "", "example.test/greet"), func(stage, _ string) {
		if stage == "compiling" {
			cancel(why)
		}
	})
	if !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
}

func TestNoSource(t *testing.T) {
	t.Setenv(sourceVariable, filepath.Join(t.TempDir(), "none"))
	if _, err := findSource(t.Context()); err == nil || !strings.Contains(err.Error(), sourceVariable) {
		t.Errorf("error %v", err)
	}
}

// The archive is a tree from which the kernel can be built, wherever it is.
func TestPack(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	s, err := packed(t.Context(), checkout(wd))
	if err != nil {
		t.Fatal(err)
	}
	again, err := packed(t.Context(), checkout(wd))
	if err != nil || again.Hash() != s.Hash() {
		t.Errorf("packed twice, the archives differ (%v)", err)
	}
	dir := t.TempDir()
	if err := s.unpack(dir); err != nil {
		t.Fatal(err)
	}
	// With another set of files than the one that it was packed with.
	for _, env := range [][]string{nil, {"CGO_ENABLED=0"}, {"GOOS=darwin", "CGO_ENABLED=0"}, {"GOOS=windows", "CGO_ENABLED=0"}} {
		cmd := exec.Command("go", "list", "-deps", "./kernel")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", env, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "kernel", "modules", "build_test.go")); err == nil {
		t.Error("the archive holds tests")
	}
}
