package cuda

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"divvy/gpu/devicetest"
	"divvy/gpu/internal/testplugin"
	"divvy/gpu/program"
	"divvy/gpu/ranks"
	"divvy/gpu/xla"
	"divvy/install/pyenv"
)

// site makes a folder site-packages with empty files of the given names.
func site(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range files {
		write(t, filepath.Join(dir, f), "")
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// wheels are the files that jax[cuda13] installs, as far as they are looked for.
var wheels = []string{
	pluginFile, "nvidia/cu13/nvvm/libdevice/libdevice.10.bc", "nvidia/cu13/bin/ptxas",
	"nvidia/cu13/lib/libcudart.so.13", "nvidia/cu13/lib/libnvrtc.so.13", "nvidia/cu13/lib/libnvrtc-builtins.so.13.0",
	"nvidia/cu13/lib/libcublas.so.13", "nvidia/cu13/lib/libcublasLt.so.13", "nvidia/nccl/lib/libnccl.so.2",
	"nvidia/cu13/lib/libcupti.so.13", "nvidia/cu13/lib/libcusparse.so.12", "nvidia/cu13/lib/libcusolver.so.12",
	"nvidia/cu13/lib/libcusolverMg.so.12", "nvidia/cu13/lib/libcufft.so.12", "nvidia/nvshmem/lib/libnvshmem_host.so.3",
	"nvidia/cudnn/lib/libcudnn.so.9", "nvidia/cudnn/lib/libcudnn_ops.so.9",
}

// proc makes the files of a driver with two devices.
func proc(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	base := filepath.Join(root, "proc", "driver", "nvidia")
	write(t, filepath.Join(base, "version"), "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.1  Tue\nGCC version: 12\n")
	for _, card := range []string{"0000:01:00.0", "0000:02:00.0"} {
		write(t, filepath.Join(base, "gpus", card, "information"), "Model: \t\t NVIDIA H200\nIRQ: 7\n")
	}
	return root
}

func TestFindAll(t *testing.T) {
	dir := site(t, wheels...)
	f := Find(context.Background(), Search{Sites: []string{t.TempDir(), dir}, Root: proc(t)})
	if p := f.Problems(); len(p) > 0 {
		t.Errorf("problems where nothing is missing: %q", p)
	}
	if f.Plugin != filepath.Join(dir, pluginFile) || f.DataDir != filepath.Join(dir, "nvidia/cu13") || len(f.Looked) != 2 {
		t.Errorf("found %+v", f)
	}
	if len(f.Devices) != 2 || f.Devices[1] != "NVIDIA H200" || !strings.Contains(f.Driver, "580.1") {
		t.Errorf("driver %q, devices %q", f.Driver, f.Devices)
	}
	order := []string{"libcudart.so.13", "libnvrtc.so.13", "libcublas.so.13", "libcublasLt.so.13", "libnccl.so.2", "libcupti.so.13",
		"libcusparse.so.12", "libcusolver.so.12", "libcufft.so.12", "libnvshmem_host.so.3", "libcudnn.so.9"}
	for i, want := range order {
		if got := filepath.Base(f.Libraries[i].Path); got != want {
			t.Errorf("library %d is %q, want %q", i, got, want)
		}
	}
	for _, want := range append(order, "580.1", "NVIDIA H200, NVIDIA H200", pluginFile) {
		if !strings.Contains(f.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, f)
		}
	}
}

// TestFindMissing: what is missing is named, with what to do.
func TestFindMissing(t *testing.T) {
	none := Find(context.Background(), Search{Sites: []string{t.TempDir()}, Root: t.TempDir()})
	if p := strings.Join(none.Problems(), "\n"); !strings.Contains(p, "no NVIDIA driver") || !strings.Contains(p, `pip install "jax[cuda13]"`) {
		t.Errorf("the problems of an empty machine are %q", p)
	}
	if !strings.Contains(none.String(), "plug-in        not found") {
		t.Errorf("the report is\n%s", none)
	}
	var some []string
	for _, w := range wheels {
		if !strings.Contains(w, "libcudnn") && !strings.Contains(w, "libdevice") {
			some = append(some, w)
		}
	}
	f := Find(context.Background(), Search{Sites: []string{site(t, some...)}, Toolkits: []string{}, Root: proc(t)})
	if p := f.Problems(); len(p) != 2 || !strings.Contains(p[0], "pip install nvidia-cudnn-cu13") || !strings.Contains(p[1], "libdevice") {
		t.Errorf("the problems are %q", p)
	}
}

// TestFindCompiler: PyTorch's wheels lack CUDA's compiler, which is then a
// toolkit's or triton's; each part is taken where it is.
func TestFindCompiler(t *testing.T) {
	kit, half := t.TempDir(), t.TempDir()
	write(t, filepath.Join(kit, "nvvm/libdevice/libdevice.10.bc"), "")
	write(t, filepath.Join(kit, "bin/ptxas"), "")
	write(t, filepath.Join(half, "nvvm/libdevice/libdevice.10.bc"), "")
	const library, assembler = "triton/backends/nvidia/lib/libdevice.10.bc", "triton/backends/nvidia/bin/ptxas"
	dir := site(t, pluginFile, library, assembler)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, c := range []struct {
		name                string
		kits                []string
		file, ptxas, folder string
		path                bool // ptxas must be found on the path
	}{
		{"a toolkit", []string{"/nowhere", kit}, filepath.Join(kit, libdevice), filepath.Join(kit, "bin/ptxas"), kit, false},
		{"half a toolkit", []string{half}, filepath.Join(half, libdevice), filepath.Join(dir, assembler), half, true},
		{"triton alone", []string{}, filepath.Join(dir, library), filepath.Join(dir, assembler), "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("XLA_FLAGS", "")
			t.Setenv("PATH", "/bin")
			f := Find(context.Background(), Search{Sites: []string{dir}, Toolkits: c.kits})
			if f.Libdevice != c.file || f.Ptxas != c.ptxas || f.DataDir != c.folder {
				t.Fatalf("found %q, %q, %q", f.Libdevice, f.Ptxas, f.DataDir)
			}
			for range 2 { // what is made once is used again
				if err := f.showCompiler(); err != nil {
					t.Fatal(err)
				}
			}
			shown, ok := strings.CutPrefix(os.Getenv("XLA_FLAGS"), "--xla_gpu_cuda_data_dir=")
			if _, err := os.Stat(filepath.Join(shown, libdevice)); !ok || err != nil {
				t.Errorf("XLA is shown %q: %v", os.Getenv("XLA_FLAGS"), err)
			}
			if got := strings.Contains(os.Getenv("PATH"), filepath.Dir(c.ptxas)); got != c.path {
				t.Errorf("the path is %q", os.Getenv("PATH"))
			}
		})
	}
}

// TestFindSetting: the setting names a folder, a pattern or the plug-in itself,
// and then nothing else is looked at.
func TestFindSetting(t *testing.T) {
	dir := site(t, wheels...)
	for _, setting := range []string{dir, filepath.Join(filepath.Dir(dir), "*"), filepath.Join(dir, pluginFile)} {
		f := Find(context.Background(), Search{Setting: setting, Sites: []string{"/nowhere"}})
		if f.Plugin != filepath.Join(dir, pluginFile) || f.Site != dir || f.Why != Setting {
			t.Errorf("with %q: %+v", setting, f)
		}
	}
	own := filepath.Join(t.TempDir(), "mine.so")
	write(t, own, "")
	if f := Find(context.Background(), Search{Setting: own, Root: proc(t)}); f.Plugin != own || f.Site != "" || len(f.Problems()) > 0 {
		t.Errorf("with a plug-in of one's own: %+v, %q", f, f.Problems())
	}
	if f := Find(context.Background(), Search{Setting: "/nowhere/x.so"}); f.Plugin != "" || len(f.Looked) != 1 {
		t.Errorf("with a setting that names nothing: %+v", f)
	}
}

// TestFindEnvironment: a virtual environment is found by its variable, and one
// whose interpreter is first on the path.
func TestFindEnvironment(t *testing.T) {
	env := t.TempDir()
	dir := filepath.Join(env, "lib", "python3.12", "site-packages")
	write(t, filepath.Join(dir, pluginFile), "")
	t.Setenv("VIRTUAL_ENV", env)
	if f := Find(context.Background(), Search{}); f.Plugin != filepath.Join(dir, pluginFile) || f.Why != "VIRTUAL_ENV" {
		t.Errorf("found %+v", f)
	}
	t.Setenv("VIRTUAL_ENV", "")
	t.Setenv("CONDA_PREFIX", "")
	bin := filepath.Join(env, "bin")
	write(t, filepath.Join(bin, "python3"), "#!/bin/sh\necho "+dir+"\n")
	if err := os.Chmod(filepath.Join(bin, "python3"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if f := Find(context.Background(), Search{}); f.Plugin != filepath.Join(dir, pluginFile) || f.Why != "python3 on the path" {
		t.Errorf("found %+v", f)
	}
}

// TestStart: libraries are loaded in order before the plug-in, which is given
// the options and where CUDA lies. The plug-in is the strict stub; the libraries
// each refuse to load unless the one before is there.
func TestStart(t *testing.T) {
	cc := "gcc"
	if _, err := exec.LookPath(cc); err != nil {
		pyenv.Missing(t, "a C compiler is needed for the strict stub plug-in: apt install gcc")
	}
	dir := site(t, wheels[1], wheels[2])
	compile := func(out, text string, args ...string) {
		source := filepath.Join(t.TempDir(), "lib.c")
		write(t, source, text)
		if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
			t.Fatal(err)
		}
		if msg, err := exec.Command(cc, append([]string{"-shared", "-fPIC", "-o", out, source}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, msg)
		}
	}
	before := ""
	for _, w := range wheels[3:] {
		name, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(w), "lib"), ".so")
		if strings.ContainsAny(name, "-") || name == "cusolverMg" || name == "cudnn_ops" {
			continue
		}
		text := "int marker_" + name + "(void) { return 1; }\n"
		if before != "" { // RTLD_NOW resolves the table, so loading fails without it
			text += "extern int marker_" + before + "(void);\nint (*need_" + name + ")(void) = marker_" + before + ";\n"
		}
		compile(filepath.Join(dir, w), text)
		before = name
	}
	stub, err := os.ReadFile("../pjrt/testdata/stub.c")
	if err != nil {
		t.Fatal(err)
	}
	compile(filepath.Join(dir, pluginFile), string(stub), "-DNEEDS=marker_cudnn")
	t.Setenv("XLA_FLAGS", "--xla_one=1")
	c, err := start(Find(context.Background(), Search{Sites: []string{dir}}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "allocator=bfc;memory_fraction=0.95;preallocate=true;"; c.Version != want {
		t.Errorf("the options are %q, want %q", c.Version, want)
	}
	if got, want := os.Getenv("XLA_FLAGS"), "--xla_one=1 --xla_gpu_cuda_data_dir="+filepath.Join(dir, "nvidia/cu13"); got != want {
		t.Errorf("XLA_FLAGS is %q, want %q", got, want)
	} else if kind := c.Devices[0].Kind; !strings.Contains(kind, want) {
		t.Errorf("the plug-in sees %q, want %q", kind, want)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	// One of several processes says which one it is, and meets the others.
	r, err := start(Find(context.Background(), Search{Sites: []string{dir}}), &rank{store: ranks.Folder(t.TempDir()), number: 0, of: 1})
	if err != nil {
		t.Fatal(err)
	}
	if want := "allocator=bfc;memory_fraction=0.95;preallocate=true;node_id=0;num_nodes=1;node 0, and no more"; r.Version != want {
		t.Errorf("a rank's options are %q, want %q", r.Version, want)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "nvidia/nccl/lib/libnccl.so.2")); err != nil {
		t.Fatal(err)
	}
}

// TestOpen: a plug-in of one's own is started by the setting, and its devices
// are counted from 0. It is XLA's for the processor, which gives the plug-in for
// CUDA's options no heed.
func TestOpen(t *testing.T) {
	t.Setenv(Setting, testplugin.Path(t, pyenv.Need(t).Dir))
	o := Options()
	o.Compile = testplugin.Quick()
	d, attention, err := OpenTold(context.Background(), o, 1)
	if err != nil {
		t.Fatal(err)
	}
	if used, _ := d.Flash(); used || !strings.Contains(attention, "in primitives: ") || !strings.Contains(attention, "fmha") {
		t.Errorf("attention is %q on a plug-in without cuDNN", attention)
	}
	_, failed := devicetest.RunCases(d, devicetest.Options{Types: []program.DType{program.F32}, Seed: 1}, func(c devicetest.Case) bool {
		return c.Kind == program.LayerNorm
	})
	for _, f := range failed {
		t.Error(f)
	}
	if _, err := Open(context.Background(), xla.Options{}, 0, 99); err == nil || !strings.Contains(err.Error(), "no NVIDIA device 99") {
		t.Errorf("device 99: %v", err)
	}
	a, _ := Client(context.Background(), Machine())
	if b, err := Client(context.Background(), Search{Setting: "/nowhere"}); a != b || err != nil {
		t.Errorf("a second client was started, %v", err)
	}
}

// TestBroken: a plug-in that cannot be loaded is an error that also says what
// the machine lacks.
func TestBroken(t *testing.T) {
	_, err := start(Find(context.Background(), Search{Sites: []string{site(t, wheels[0])}}), nil)
	if err == nil || !strings.Contains(err.Error(), "xla_cuda_plugin.so") || errors.Is(err, ErrNotFound) {
		t.Errorf("an empty plug-in: %v", err)
	}
}
