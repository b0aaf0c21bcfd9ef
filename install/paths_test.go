package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"divvy/install/pyenv"
)

func TestUserDataDir(t *testing.T) {
	tests := []struct {
		goos string
		env  map[string]string
		want string
	}{
		{"linux", nil, "/home/ada/.local/share/jupyter"},
		{"linux", map[string]string{"XDG_DATA_HOME": "/data"}, "/data/jupyter"},
		{"linux", map[string]string{"JUPYTER_DATA_DIR": "/j", "XDG_DATA_HOME": "/data"}, "/j"},
		{"linux", map[string]string{"JUPYTER_PLATFORM_DIRS": "1"}, "/home/ada/.local/share/jupyter"},
		{"freebsd", nil, "/home/ada/.local/share/jupyter"},
		{"darwin", nil, "/home/ada/Library/Jupyter"},
		{"darwin", map[string]string{"JUPYTER_PLATFORM_DIRS": "yes"}, "/home/ada/Library/Application Support/Jupyter"},
		{"darwin", map[string]string{"JUPYTER_PLATFORM_DIRS": "False"}, "/home/ada/Library/Jupyter"},
		{"darwin", map[string]string{"JUPYTER_DATA_DIR": "/j"}, "/j"},
		{"windows", map[string]string{"APPDATA": "C:/Roaming"}, "C:/Roaming/jupyter"},
		{"windows", map[string]string{"JUPYTER_CONFIG_DIR": "C:/config"}, "C:/config/data"},
		{"windows", nil, "/home/ada/.jupyter/data"},
		{"windows", map[string]string{"JUPYTER_PLATFORM_DIRS": "1", "LOCALAPPDATA": "C:/Local"}, "C:/Local/Jupyter"},
	}
	for _, tc := range tests {
		env := func(name string) string { return tc.env[name] }
		if got := userDataDir(tc.goos, "/home/ada", env); got != filepath.FromSlash(tc.want) {
			t.Errorf("%s with %v: %s, want %s", tc.goos, tc.env, got, tc.want)
		}
	}
}

// On this system, jupyter_core itself is asked.
func TestUserDataDirIsJupyters(t *testing.T) {
	python := pyenv.Need(t)
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	for _, extra := range []map[string]string{
		{}, {"JUPYTER_DATA_DIR": "/somewhere"}, {"XDG_DATA_HOME": "/data"}, {"JUPYTER_PLATFORM_DIRS": "1"},
		{"JUPYTER_PLATFORM_DIRS": "off"}, {"JUPYTER_PLATFORM_DIRS": "1", "XDG_DATA_HOME": "/data"},
	} {
		names := []string{"JUPYTER_DATA_DIR", "XDG_DATA_HOME", "JUPYTER_PLATFORM_DIRS"}
		cmd := python.Command(t.Context(), "-c", "from jupyter_core.paths import jupyter_data_dir; print(jupyter_data_dir())")
		var env []string
		for _, v := range cmd.Env {
			if name, _, _ := strings.Cut(v, "="); !slices.Contains(names, name) {
				env = append(env, v)
			}
		}
		for name, value := range extra {
			env = append(env, name+"="+value)
		}
		cmd.Env = env
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		want := strings.TrimSpace(string(out))
		lookup := func(name string) string {
			if slices.Contains(names, name) {
				return extra[name]
			}
			return os.Getenv(name)
		}
		if got := userDataDir(runtime.GOOS, home, lookup); got != want {
			t.Errorf("with %v: %s, jupyter_core says %s", extra, got, want)
		}
	}
}

func TestKernelsDir(t *testing.T) {
	t.Setenv("JUPYTER_DATA_DIR", "/j")
	t.Setenv("PATH", "") // no Python
	t.Setenv("VIRTUAL_ENV", "/venv")
	for _, tc := range []struct {
		place placement
		want  string
	}{
		{placement{}, "/j/kernels"},
		{placement{user: true}, "/j/kernels"},
		{placement{prefix: "/usr"}, "/usr/share/jupyter/kernels"},
		{placement{sysPrefix: true}, "/venv/share/jupyter/kernels"},
	} {
		if got, err := tc.place.kernelsDir(t.Context()); err != nil || got != filepath.FromSlash(tc.want) {
			t.Errorf("%+v: %s, %v", tc.place, got, err)
		}
	}
	t.Setenv("VIRTUAL_ENV", "")
	t.Setenv("CONDA_PREFIX", "/conda")
	if got, err := (placement{sysPrefix: true}).kernelsDir(t.Context()); err != nil || got != "/conda/share/jupyter/kernels" {
		t.Errorf("conda: %s, %v", got, err)
	}
	t.Setenv("CONDA_PREFIX", "")
	if _, err := (placement{sysPrefix: true}).kernelsDir(t.Context()); err == nil || !strings.Contains(err.Error(), "--prefix DIR") {
		t.Errorf("nothing to go by: %v", err)
	}
	relative, err := (placement{prefix: "here"}).kernelsDir(t.Context())
	if err != nil || !filepath.IsAbs(relative) {
		t.Errorf("a relative prefix: %s, %v", relative, err)
	}
}

// With a Python on the PATH, that one's prefix counts.
func TestSysPrefixIsPythons(t *testing.T) {
	python := pyenv.Need(t)
	t.Setenv("PATH", filepath.Dir(python.Python()))
	t.Setenv("VIRTUAL_ENV", "/elsewhere")
	got, err := placement{sysPrefix: true}.kernelsDir(t.Context())
	if want := filepath.Join(python.Dir, "share", "jupyter", "kernels"); err != nil || got != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}
