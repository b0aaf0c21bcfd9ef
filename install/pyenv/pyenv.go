// Package pyenv makes the Python environment that Divvy's tests talk to: a
// JupyterLab, the clients that drive a kernel, and the other readers of Arrow
// and Parquet, each pinned to a version in requirements.txt.
//
// It is support for tests and nothing that a user of Divvy needs. It knows
// neither the kernel nor the libraries that are tested with it.
//
// The environment lies in the user's cache folder under a name made from the
// requirements and the interpreter, so that it is made once (a minute, 1 GB)
// and made anew when either changes. Test programs that start at the same time
// wait for the one that makes it.
package pyenv

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

//go:embed requirements.txt
var requirements []byte

// ErrNoPython says that this machine lacks a Python with which an environment
// can be made. The error that wraps it says what to install.
var ErrNoPython = errors.New("no usable Python on this machine")

// unusedAfter is how long an environment that no test asked for is kept.
const unusedAfter = 30 * 24 * time.Hour

// Env is a Python environment that has every pinned package.
type Env struct {
	// Dir is the environment's folder.
	Dir string
}

// Ensure returns the environment and makes it first where it is missing, which
// it tells to log. Only one process makes it; others wait until ctx ends.
func Ensure(ctx context.Context, log io.Writer) (*Env, error) {
	python, version, err := findPython(ctx)
	if err != nil {
		return nil, err
	}
	root, err := cacheDir()
	if err != nil {
		return nil, fmt.Errorf("find a folder for the Python environment: %w", err)
	}
	key := sha256.Sum256(fmt.Appendf(bytes.Clone(requirements), "\n%s\n%s", python, version))
	env := &Env{Dir: filepath.Join(root, fmt.Sprintf("python-%x", key[:6]))}

	lock := flock.New(env.Dir + ".lock")
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return nil, fmt.Errorf("wait for the Python environment %s: %w", env.Dir, err)
	}
	defer lock.Unlock()

	now := time.Now()
	if os.Chtimes(env.marker(), now, now) == nil {
		return env, nil
	}
	fmt.Fprintf(log, "making the Python environment of the tests in %s (once, about a minute)\n", env.Dir)
	if err := env.build(ctx, python); err != nil {
		return nil, fmt.Errorf("make the Python environment %s: %w", env.Dir, err)
	}
	prune(root, now.Add(-unusedAfter))
	return env, nil
}

// Python is the path of the environment's interpreter.
func (e *Env) Python() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(e.Dir, "Scripts", "python.exe")
	}
	return filepath.Join(e.Dir, "bin", "python")
}

// Command prepares a run of the environment's interpreter. The caller's own
// Python settings do not reach it.
func (e *Env) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, e.Python(), args...)
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "PYTHON") || strings.HasPrefix(v, "VIRTUAL_ENV=") {
			continue
		}
		cmd.Env = append(cmd.Env, v)
	}
	path := filepath.Dir(e.Python()) + string(os.PathListSeparator) + os.Getenv("PATH")
	cmd.Env = append(cmd.Env, "VIRTUAL_ENV="+e.Dir, "PATH="+path, "PYTHONUTF8=1", "PYTHONDONTWRITEBYTECODE=1")
	return cmd
}

// marker is the file that exists once the environment is whole; its time is
// that of the last use.
func (e *Env) marker() string { return filepath.Join(e.Dir, "complete") }

// build makes the environment, in place of what a run that was cut short left.
func (e *Env) build(ctx context.Context, python string) error {
	if err := os.RemoveAll(e.Dir); err != nil {
		return err
	}
	if err := run(exec.CommandContext(ctx, python, "-m", "venv", e.Dir)); err != nil {
		// Debian ships venv apart from Python, and says so on standard output.
		return fmt.Errorf("%w: python3 -m venv failed; on Debian or Ubuntu: apt install python3-venv: %v", ErrNoPython, err)
	}
	list := filepath.Join(e.Dir, "requirements.txt")
	if err := os.WriteFile(list, requirements, 0o644); err != nil {
		return err
	}
	// No package is built from source: that would need a compiler, and minutes.
	pip := e.Command(ctx, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
		"--no-input", "--no-deps", "--only-binary", ":all:", "--requirement", list)
	if err := run(pip); err != nil {
		return err
	}
	return os.WriteFile(e.marker(), nil, 0o644)
}

// findPython returns the absolute path and the full version of the Python to
// make environments with.
func findPython(ctx context.Context) (path, version string, err error) {
	for _, name := range []string{"python3", "python"} {
		found, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		// The real interpreter, since what is on the path may be a version
		// manager's shim that acts on the current folder.
		out, err := exec.CommandContext(ctx, found, "-c",
			"import sys; print(sys.executable); print(sys.version.split()[0]); print(sys.version_info >= (3, 11))").Output()
		lines := strings.Split(strings.ReplaceAll(strings.TrimSpace(string(out)), "\r", ""), "\n")
		if err != nil || len(lines) != 3 {
			continue
		}
		if lines[2] != "True" {
			return "", "", fmt.Errorf("%w: %s is Python %s, and 3.11 or later is needed", ErrNoPython, found, lines[1])
		}
		return lines[0], lines[1], nil
	}
	return "", "", fmt.Errorf("%w: install Python 3.11 or later (Debian or Ubuntu: apt install python3 python3-venv)", ErrNoPython)
}

// cacheDir is the folder in which environments lie, made where it is missing.
func cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil { // a bare container may have no home
		base = os.TempDir()
	}
	dir := filepath.Join(base, "divvy")
	return dir, os.MkdirAll(dir, 0o755)
}

// prune removes environments that were last used before the given time, so
// that changing requirements do not fill the disk. Failing to is no fault.
func prune(root string, before time.Time) {
	markers, _ := filepath.Glob(filepath.Join(root, "python-*", "complete"))
	for _, m := range markers {
		if info, err := os.Stat(m); err == nil && info.ModTime().Before(before) {
			os.RemoveAll(filepath.Dir(m))
		}
	}
}

// run runs cmd and puts what it printed into its error.
func run(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}
