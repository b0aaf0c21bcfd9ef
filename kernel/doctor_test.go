package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"divvy/gpu/cuda"
)

// TestDoctor: the report of a machine without NVIDIA devices says what to
// install; that of an environment with the wheels says where they are.
func TestDoctor(t *testing.T) {
	cmd := command(t, "doctor")
	cmd.Env = append(cmd.Env, cuda.Setting+"="+t.TempDir())
	out := call(t, cmd)
	for _, want := range []string{"Processor\n  cpu (", "plug-in        not found", "To train on NVIDIA devices:", `pip install "jax[cuda13]"`, "Looked in:"} {
		if !strings.Contains(out.stdout, want) {
			t.Errorf("the report lacks %q:\n%s", want, out.stdout)
		}
	}
	if out.code != 0 || out.stderr != "" {
		t.Errorf("code %d, stderr %q", out.code, out.stderr)
	}

	cmd = command(t, "doctor", "--try")
	cmd.Env = append(cmd.Env, cuda.Setting+"="+t.TempDir())
	if out := call(t, cmd); out.code == 0 || !strings.Contains(out.stderr, "pip install") {
		t.Errorf("trying devices where there are none: code %d, stderr %q", out.code, out.stderr)
	}

	site := t.TempDir()
	for _, f := range []string{"jax_plugins/xla_cuda13/xla_cuda_plugin.so", "nvidia/cu13/lib/libcudart.so.13"} {
		path := filepath.Join(site, f)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd = command(t, "doctor")
	cmd.Env = append(cmd.Env, cuda.Setting+"="+site)
	out = call(t, cmd)
	for _, want := range []string{filepath.Join(site, "jax_plugins/xla_cuda13/xla_cuda_plugin.so"), "libcudart.so.13", "pip install nvidia-cudnn-cu13"} {
		if !strings.Contains(out.stdout, want) {
			t.Errorf("the report lacks %q:\n%s", want, out.stdout)
		}
	}
}

// TestRank: a rank that no device started says so, and is none of the commands
// that users see.
func TestRank(t *testing.T) {
	if out := call(t, command(t, "rank", "cpu", "0")); out.code == 0 || !strings.Contains(out.stderr, "not started as one of several") {
		t.Errorf("code %d, stderr %q", out.code, out.stderr)
	}
	if out := call(t, command(t, "help")); strings.Contains(out.stdout, "rank") {
		t.Errorf("the help lists it:\n%s", out.stdout)
	}
}
