package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"divvy/install/pyenv"
)

// run calls the installer with arguments and returns what it printed.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := command()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// must is run for calls that have to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := run(t, args...)
	if err != nil {
		t.Fatalf("install %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// program writes a shell script that stands for a kernel.
func program(t *testing.T, script string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// kernelDir is where a prefix has the kernel.
func kernelDir(prefix string) string {
	return filepath.Join(prefix, "share", "jupyter", "kernels", "divvy")
}

// onlyKernels fails when an installation has left anything beside the kernels.
func onlyKernels(t *testing.T, prefix string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(prefix, "share", "jupyter"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "kernels" {
			t.Errorf("%s is left over", e.Name())
		}
	}
}

// The real thing: build, start, register, replace, remove.
func TestInstall(t *testing.T) {
	prefix := t.TempDir()
	out := must(t, "--prefix", prefix)
	for _, want := range []string{"Building the kernel", "It works: divvy ", `Installed "Go (Divvy)" as ` + kernelDir(prefix)} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
	onlyKernels(t, prefix)

	b, err := os.ReadFile(filepath.Join(kernelDir(prefix), "kernel.json"))
	if err != nil {
		t.Fatal(err)
	}
	var spec kernelSpec
	if err := json.Unmarshal(b, &spec); err != nil {
		t.Fatal(err)
	}
	if spec.DisplayName != "Go (Divvy)" || spec.Language != "go" || spec.InterruptMode != "message" ||
		len(spec.Argv) != 4 || spec.Argv[3] != "{connection_file}" || spec.Metadata["debugger"] != true {
		t.Errorf("kernel.json: %s", b)
	}
	if !filepath.IsAbs(spec.Argv[0]) || filepath.Dir(spec.Argv[0]) != kernelDir(prefix) {
		t.Errorf("the kernel's program is %s", spec.Argv[0])
	}
	if said, err := startOnce(t.Context(), spec.Argv[0]); err != nil {
		t.Errorf("the installed kernel: %v", err)
	} else if !strings.HasPrefix(said, "divvy ") {
		t.Errorf("the installed kernel says %q", said)
	}
	for name, size := range map[string]int{"logo-32x32.png": 32, "logo-64x64.png": 64} {
		f, err := os.Open(filepath.Join(kernelDir(prefix), name))
		if err != nil {
			t.Fatal(err)
		}
		if logo, err := png.DecodeConfig(f); err != nil || logo.Width != size || logo.Height != size {
			t.Errorf("%s: %+v, %v", name, logo, err)
		}
		f.Close()
	}
	if _, err := os.Stat(filepath.Join(kernelDir(prefix), "logo-svg.svg")); err != nil {
		t.Error(err)
	}

	t.Run("jupyter", func(t *testing.T) { jupyterRuns(t, prefix) })

	// Another name, from the program that is there, replaces nothing.
	must(t, "--prefix", prefix, "--name", "divvy-2", "--display-name", "Second", "--kernel", spec.Argv[0])
	must(t, "--prefix", prefix, "--kernel", spec.Argv[0]) // over the first
	onlyKernels(t, prefix)
	must(t, "--prefix", prefix, "--uninstall")
	if _, err := os.Stat(kernelDir(prefix)); !os.IsNotExist(err) {
		t.Errorf("after --uninstall: %v", err)
	}
	if _, err := os.Stat(kernelDir(prefix) + "-2"); err != nil {
		t.Errorf("--uninstall took the other one: %v", err)
	}
	if _, err := run(t, "--prefix", prefix, "--uninstall"); err == nil || !strings.Contains(err.Error(), `there is no kernel "divvy"`) {
		t.Errorf("the second --uninstall: %v", err)
	}
}

// jupyterRuns has Jupyter itself find and start the kernel.
func jupyterRuns(t *testing.T, prefix string) {
	env := pyenv.Need(t)
	cmd := env.Command(t.Context(), "-c", `
from jupyter_client.manager import start_new_kernel
from jupyter_client.kernelspec import KernelSpecManager
spec = KernelSpecManager().get_kernel_spec("divvy")
assert spec.language == "go" and spec.interrupt_mode == "message", spec.to_dict()
manager, client = start_new_kernel(kernel_name="divvy", startup_timeout=60)
try:
    reply = client.execute_interactive("6 * 7", timeout=60)
    assert reply["content"]["status"] == "ok", reply
finally:
    client.stop_channels()
    manager.shutdown_kernel()
`)
	cmd.Env = append(cmd.Env, "JUPYTER_PATH="+filepath.Join(prefix, "share", "jupyter"),
		"JUPYTER_DATA_DIR="+t.TempDir(), "JUPYTER_RUNTIME_DIR="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A kernel that does not work replaces none, and says why.
func TestInstallBroken(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"ends at once", "echo no library >&2; exit 3", "no library"},
		{"not a program", "", "was not installed"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			prefix := t.TempDir()
			working := program(t, "exit 0")
			must(t, "--prefix", prefix, "--kernel", working, "--verify=false")
			before, err := os.ReadFile(filepath.Join(kernelDir(prefix), "divvy"))
			if err != nil {
				t.Fatal(err)
			}
			out, err := run(t, "--prefix", prefix, "--kernel", program(t, tc.script))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v\n%s", err, out)
			}
			after, err := os.ReadFile(filepath.Join(kernelDir(prefix), "divvy"))
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the kernel that was there has changed (%v)", err)
			}
			onlyKernels(t, prefix)
		})
	}
	prefix := t.TempDir()
	if _, err := run(t, "--prefix", prefix, "--kernel", filepath.Join(prefix, "none")); err == nil || !strings.Contains(err.Error(), "copying the kernel program") {
		t.Errorf("a program that is not there: %v", err)
	}
	if _, err := os.Stat(kernelDir(prefix)); !os.IsNotExist(err) {
		t.Errorf("half a kernel is there: %v", err)
	}
}

// Kernels and folders of others are left alone.
func TestForeign(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"another kernel":  {"kernel.json": `{"argv":["python","-m","ipykernel_launcher"],"display_name":"Python 3","language":"python"}`},
		"no JSON":         {"kernel.json": `{`},
		"something else":  {"notes.txt": "mine"},
		"another serving": {"kernel.json": `{"argv":["/bin/other","serve"],"display_name":"Other"}`},
	} {
		t.Run(name, func(t *testing.T) {
			prefix := t.TempDir()
			if err := os.MkdirAll(kernelDir(prefix), 0o755); err != nil {
				t.Fatal(err)
			}
			for file, text := range files {
				if err := os.WriteFile(filepath.Join(kernelDir(prefix), file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for _, args := range [][]string{
				{"--prefix", prefix, "--kernel", program(t, "exit 0"), "--verify=false"},
				{"--prefix", prefix, "--uninstall"},
			} {
				if _, err := run(t, args...); err == nil || !strings.Contains(err.Error(), "choose another --name") {
					t.Errorf("install %s: %v", strings.Join(args[2:], " "), err)
				}
			}
			for file, text := range files {
				if b, err := os.ReadFile(filepath.Join(kernelDir(prefix), file)); err != nil || string(b) != text {
					t.Errorf("%s is %q (%v)", file, b, err)
				}
			}
		})
	}
}

func TestArguments(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--user", "--prefix", "x"}, "none of the others can be"},
		{[]string{"--name", "a/b"}, "Jupyter allows letters"},
		{[]string{"--name", ".."}, "Jupyter allows letters"},
		{[]string{"--name", ""}, "Jupyter allows letters"},
		{[]string{"extra"}, "unknown command"},
	} {
		if _, err := run(t, tc.args...); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("install %s: %v", strings.Join(tc.args, " "), err)
		}
	}
}

// What is said depends on which Jupyter is there.
func TestAdvice(t *testing.T) {
	prefix := t.TempDir()
	in := installer{kernels: filepath.Join(prefix, "share", "jupyter", "kernels"), name: "divvy", displayName: "Go (Divvy)"}
	if err := os.MkdirAll(kernelDir(prefix), 0o755); err != nil {
		t.Fatal(err)
	}
	list := func(dir string) string {
		return `echo '{"kernelspecs":{"divvy":{"resource_dir":"` + dir + `"}}}'`
	}
	for name, tc := range map[string]struct{ jupyter, want string }{
		"none":    {"", "pip install jupyterlab"},
		"finds":   {list(kernelDir(prefix)), "Start JupyterLab with `jupyter lab`"},
		"misses":  {`echo '{"kernelspecs":{}}'`, "export JUPYTER_PATH=" + filepath.Join(prefix, "share", "jupyter")},
		"shadows": {list(t.TempDir()), `finds another kernel "divvy" first`},
		"fails":   {"exit 1", "Start JupyterLab"},
	} {
		t.Run(name, func(t *testing.T) {
			path := ""
			if tc.jupyter != "" {
				p := program(t, tc.jupyter)
				path = filepath.Dir(p)
				if err := os.Rename(p, filepath.Join(path, "jupyter")); err != nil {
					t.Fatal(err)
				}
				path += string(os.PathListSeparator) + "/bin"
			}
			t.Setenv("PATH", path)
			var out bytes.Buffer
			in.out = &out
			in.advise(context.Background())
			if !strings.Contains(out.String(), tc.want) {
				t.Errorf("advice: %s", out.String())
			}
		})
	}
}

// The logos in the repository are those that the generator draws.
func TestLogosAreFresh(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "run", "./logo", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"logo-svg.svg", "logo-32x32.png", "logo-64x64.png"} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join("logo", name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from what the generator draws (%v)", name, err)
		}
	}
}
