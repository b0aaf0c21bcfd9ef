package modules

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCut(t *testing.T) {
	tests := []struct {
		code     string
		commands []string
		rest     string
	}{
		{"x := 1", nil, "x := 1"},
		{"%pkg add a.b/c", []string{"add a.b/c"}, "\n"},
		{"%pkg add a.b/c\n%pkg add d.e/f\nx", []string{"add a.b/c", "add d.e/f"}, "\n\nx"},
		{"\n// needed below\n  %pkg list  \n\nx\n%pkg list", []string{"list"}, "\n\n\n\nx\n%pkg list"},
		{"%pkgs", nil, "%pkgs"},
		{"x\n%pkg list", nil, "x\n%pkg list"},
		{"%pkg", []string{""}, "\n"},
		{"s := `\n%pkg add a.b/c`", nil, "s := `\n%pkg add a.b/c`"},
	}
	for _, tc := range tests {
		commands, rest := cut(tc.code)
		if !slices.Equal(commands, tc.commands) || rest != tc.rest {
			t.Errorf("%q: %q, %q", tc.code, commands, rest)
		}
	}
}

func TestParseSpec(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"m/go.mod": "module example.test/m\n", "none/x.go": "package x\n"})
	tests := []struct{ text, want, err string }{
		{"github.com/google/uuid", "github.com/google/uuid", ""},
		{"github.com/google/uuid@v1.6.0", "github.com/google/uuid@v1.6.0", ""},
		{"golang.org/x/exp/...@latest", "golang.org/x/exp@latest", ""},
		{"./m", filepath.Join(dir, "m"), ""},
		{filepath.Join(dir, "m"), filepath.Join(dir, "m"), ""},
		{"./none", "", "go mod init"},
		{"./nothing", "", "there is no folder"},
		{"https://github.com/google/uuid.git", "", "%pkg add github.com/google/uuid"},
		{"github.com/google/uuid@", "", "names no version"},
		{"-x", "", "is no module"},
		{"a b", "", "is no module"},
	}
	for _, tc := range tests {
		s, err := ParseSpec(tc.text, dir)
		switch {
		case tc.err != "":
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%q: error %v", tc.text, err)
			}
		case err != nil || s.String() != tc.want:
			t.Errorf("%q: %s, %v", tc.text, s, err)
		}
	}
}

func TestRemember(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "modules")
	if m, err := recall(dir, "/a"); err != nil || len(m.Modules) > 0 {
		t.Errorf("at first: %+v, %v", m, err)
	}
	want := memory{Folder: "/a", Modules: []Spec{{Path: "x.y/z", Version: "v1.0.0"}}, Program: "/p"}
	if err := remember(dir, want); err != nil {
		t.Fatal(err)
	}
	if m, err := recall(dir, "/a"); err != nil || !slices.Equal(m.Modules, want.Modules) || m.Program != "/p" {
		t.Errorf("after: %+v, %v", m, err)
	}
	if m, _ := recall(dir, "/b"); len(m.Modules) > 0 {
		t.Errorf("in another folder: %+v", m)
	}
	want.Modules = nil
	if err := remember(dir, want); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	writeFiles(t, dir, map[string]string{filepath.Base(memoryFile(dir, "/a")): "{"})
	if _, err := recall(dir, "/a"); err == nil {
		t.Error("a broken file is no error")
	}
}

func TestPrune(t *testing.T) {
	b := &Builder{Cache: t.TempDir()}
	now := time.Now()
	for i := range 12 {
		dir := filepath.Join(b.Cache, fmt.Sprintf("p%02d", i))
		writeFiles(t, dir, map[string]string{"divvy": ""})
		at := now.Add(-time.Duration(i) * time.Hour)
		if i == 3 {
			at = now.Add(-2 * unusedAfter)
		}
		os.Chtimes(dir, at, at)
	}
	b.prune(filepath.Join(b.Cache, "p11"))
	entries, err := os.ReadDir(b.Cache)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if want := "p00 p01 p02 p04 p05 p06 p07 p11"; strings.Join(left, " ") != want {
		t.Errorf("left: %v, want %s", left, want)
	}
}
