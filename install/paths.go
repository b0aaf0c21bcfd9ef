package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// placement is where the kernel goes: the user's account unless another place
// is named.
type placement struct {
	user, sysPrefix bool
	prefix          string
}

// kernelsDir is the folder in which Jupyter looks for kernels.
func (p placement) kernelsDir(ctx context.Context) (string, error) {
	dir := p.prefix
	switch {
	case p.sysPrefix:
		prefix, err := pythonPrefix(ctx)
		if err != nil {
			return "", err
		}
		dir = prefix
		fallthrough
	case p.prefix != "":
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("prefix %s: %w", dir, err)
		}
		return filepath.Join(abs, "share", "jupyter", "kernels"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding your home folder: %w", err)
	}
	dir, err = filepath.Abs(userDataDir(runtime.GOOS, home, os.Getenv))
	if err != nil {
		return "", fmt.Errorf("finding Jupyter's data folder: %w", err)
	}
	return filepath.Join(dir, "kernels"), nil
}

// userDataDir is jupyter_core.paths.jupyter_data_dir: Jupyter's data folder of
// a user on an operating system, the same that Jupyter finds.
func userDataDir(goos, home string, env func(string) string) string {
	if dir := env("JUPYTER_DATA_DIR"); dir != "" {
		return dir
	}
	platform := false // JUPYTER_PLATFORM_DIRS asks for the system's own conventions
	switch strings.ToLower(env("JUPYTER_PLATFORM_DIRS")) {
	case "", "no", "n", "false", "off", "0", "0.0":
	default:
		platform = true
	}
	switch goos {
	case "darwin":
		if platform {
			return filepath.Join(home, "Library", "Application Support", "Jupyter")
		}
		return filepath.Join(home, "Library", "Jupyter")
	case "windows":
		if platform {
			if local := env("LOCALAPPDATA"); local != "" {
				return filepath.Join(local, "Jupyter")
			}
			return filepath.Join(home, "AppData", "Local", "Jupyter")
		}
		if roaming := env("APPDATA"); roaming != "" {
			return filepath.Join(roaming, "jupyter")
		}
		if config := env("JUPYTER_CONFIG_DIR"); config != "" {
			return filepath.Join(config, "data")
		}
		return filepath.Join(home, ".jupyter", "data")
	}
	if xdg := env("XDG_DATA_HOME"); xdg != "" {
		return filepath.Join(xdg, "jupyter")
	}
	return filepath.Join(home, ".local", "share", "jupyter")
}

// pythonPrefix is the prefix of the active Python environment: what the python
// on the PATH says, else what the environment's activation has set.
func pythonPrefix(ctx context.Context) (string, error) {
	for _, python := range []string{"python3", "python"} {
		out, err := exec.CommandContext(ctx, python, "-c", "import sys; print(sys.prefix)").Output()
		if prefix := strings.TrimSpace(string(out)); err == nil && prefix != "" {
			return prefix, nil
		}
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if prefix := os.Getenv(name); prefix != "" {
			return prefix, nil
		}
	}
	return "", errors.New("--sys-prefix needs a Python on the PATH, or an active virtual or conda environment; --prefix DIR names one")
}

// kernelName is what jupyter_client accepts.
var kernelName = regexp.MustCompile(`(?i)^[a-z0-9._-]+$`)

func checkName(name string) error {
	if !kernelName.MatchString(name) || strings.Trim(name, ".") == "" {
		return fmt.Errorf("kernel name %q: Jupyter allows letters, digits, and . _ -", name)
	}
	return nil
}

// moduleRoot finds the folder of Divvy's go.mod, from the working directory up.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && regexp.MustCompile(`(?m)^module divvy$`).Match(b) {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("run this inside a checkout of Divvy, which the kernel is built from; or name a kernel program with --kernel")
		}
		dir = parent
	}
}
