package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"divvy/install/pyenv"
)

// work is the folder of this run: the prefix that the kernel is installed to,
// and the folders that Jupyter would otherwise share with the user's own.
var work string

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

// runTests lets deferred calls run, which os.Exit would not.
func runTests(m *testing.M) int {
	var err error
	if work, err = os.MkdirTemp("", "divvy-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(work)
	return m.Run()
}

// kernel is an installed kernel.
type kernel struct {
	Name   string // the kernelspec's name, which front ends know it by
	Prefix string // what was given to the installer
	Binary string // the whole program, beside the one that the kernelspec starts
}

// installed installs the kernel once with the program that users install it
// with, into a prefix of this run.
func installed(t testing.TB) kernel {
	t.Helper()
	k, err := installOnce()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var installOnce = sync.OnceValues(func() (kernel, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	if err := watchSources(); err != nil {
		return kernel{}, fmt.Errorf("look through the module: %w", err)
	}
	k := kernel{Prefix: filepath.Join(work, "prefix")}
	cmd := exec.CommandContext(ctx, "go", "run", "./install", "--prefix", k.Prefix)
	cmd.Dir = moduleRoot()
	if out, err := cmd.CombinedOutput(); err != nil {
		return k, fmt.Errorf("install the kernel: %w\n%s", err, bytes.TrimSpace(out))
	}
	specs, _ := filepath.Glob(filepath.Join(k.Prefix, "share", "jupyter", "kernels", "*", "kernel.json"))
	if len(specs) != 1 {
		return k, fmt.Errorf("install the kernel: kernelspecs are %v, want one", specs)
	}
	k.Name = filepath.Base(filepath.Dir(specs[0]))
	raw, err := os.ReadFile(specs[0])
	if err != nil {
		return k, err
	}
	var spec struct{ Argv []string }
	if err := json.Unmarshal(raw, &spec); err != nil {
		return k, fmt.Errorf("read %s: %w", specs[0], err)
	}
	if len(spec.Argv) == 0 {
		return k, fmt.Errorf("read %s: it starts nothing", specs[0])
	}
	k.Binary = filepath.Join(filepath.Dir(spec.Argv[0]), "divvy")
	return k, nil
})

// watchSources looks into every folder of the module. The go command notes what
// a test opens, and so does not take an older result for a kernel, a notebook or
// a Python file that has changed since.
func watchSources() error {
	root := moduleRoot()
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && path != root && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		return err
	})
}

// moduleRoot is the folder of go.mod.
func moduleRoot() string {
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	panic(errors.Join(errors.New("this test runs outside its module"), err))
}

// shared is a file of the folder of test material that lies beside the
// checkout (or at DIVVY_SHARED). The product does not need it.
func shared(t testing.TB, elem ...string) string {
	t.Helper()
	dir := os.Getenv("DIVVY_SHARED")
	if dir == "" {
		dir = filepath.Join(moduleRoot(), "..", "shared")
	}
	path := filepath.Join(append([]string{dir}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		pyenv.Missing(t, "this test needs the test material in ../shared (or DIVVY_SHARED): "+err.Error())
	}
	return path
}

// chromium is the system's browser.
func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	pyenv.Missing(t, "this test needs a browser; on Debian: apt install chromium")
	return ""
}

// pictures is where screenshots go. It outlives the run, for a person to look
// at, and git does not know it.
func pictures(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(moduleRoot(), "kernel", "e2e", "testdata", "out")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// jupyterEnv keeps Jupyter, IPython and the browser away from the user's own
// files, and lets them find the installed kernel.
func jupyterEnv(k kernel) []string {
	home := filepath.Join(work, "home")
	dirs := map[string]string{
		"HOME":                    home,
		"XDG_CONFIG_HOME":         filepath.Join(home, "config"),
		"XDG_CACHE_HOME":          filepath.Join(home, "cache"),
		"IPYTHONDIR":              filepath.Join(home, "ipython"),
		"JUPYTER_CONFIG_DIR":      filepath.Join(home, "jupyter", "config"),
		"JUPYTER_DATA_DIR":        filepath.Join(home, "jupyter", "data"),
		"JUPYTER_RUNTIME_DIR":     filepath.Join(home, "jupyter", "runtime"),
		"JUPYTERLAB_SETTINGS_DIR": filepath.Join(home, "jupyter", "lab", "settings"),
	}
	env := []string{
		"JUPYTER_PATH=" + filepath.Join(k.Prefix, "share", "jupyter"),
		"JUPYTER_PLATFORM_DIRS=1", // else a warning in every log
		"DIVVY_KERNEL=" + k.Name,
		"DIVVY_BINARY=" + k.Binary,
		"DIVVY_ROOT=" + moduleRoot(),
	}
	for name, dir := range dirs {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			panic(err)
		}
		env = append(env, name+"="+dir)
	}
	return env
}
