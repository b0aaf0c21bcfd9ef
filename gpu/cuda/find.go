package cuda

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Setting is the environment variable that names the plug-in, or a folder
// site-packages in which it lies.
const Setting = "DIVVY_CUDA_PLUGIN"

// Install is what to do where nothing is found.
const Install = `python3 -m venv cuda && cuda/bin/pip install "jax[cuda13]", then start Divvy with ` + Setting + `=cuda/lib/python3.*/site-packages (or from that environment)`

// pluginFile is the plug-in's place in site-packages.
var pluginFile = filepath.Join("jax_plugins", "xla_cuda13", "xla_cuda_plugin.so")

// libraries are those that the plug-in opens by name while it runs, in the
// order in which they must be loaded: later ones need earlier ones. pip names
// the wheel of each.
var libraries = []struct{ name, pip string }{
	{"cudart", "nvidia-cuda-runtime"},
	{"nvrtc", "nvidia-cuda-nvrtc"},
	{"cublas", "nvidia-cublas"},
	{"cublasLt", "nvidia-cublas"},
	{"nccl", "nvidia-nccl-cu13"},
	{"cupti", "nvidia-cuda-cupti"},
	{"cusparse", "nvidia-cusparse"},
	{"cusolver", "nvidia-cusolver"},
	{"cufft", "nvidia-cufft"},
	{"nvshmem_host", "nvidia-nvshmem-cu13"},
	{"cudnn", "nvidia-cudnn-cu13"},
}

// Library is one of NVIDIA's libraries.
type Library struct {
	Name string // without lib and .so
	Path string // "" if it was not found
	Pip  string // the wheel that has it
}

// Found is what was found on a machine.
type Found struct {
	Plugin    string // path of the plug-in; "" if there is none
	Site      string // the site-packages that it lies in; "" if it was named itself
	Why       string // where the search came upon it
	Looked    []string
	Libraries []Library
	// Libdevice and Ptxas are the parts of CUDA's compiler that XLA reads and calls;
	// DataDir is the folder of a toolkit that has the first where XLA wants it.
	Libdevice, Ptxas, DataDir string
	// Driver is the kernel driver's version, Devices what it drives.
	Driver  string
	Devices []string
}

// place is a folder to look into and the reason for it.
type place struct{ dir, why string }

// Search is where Find looks. The zero value is this machine.
type Search struct {
	// Setting is the value of the environment variable of that name.
	Setting string
	// Sites are folders site-packages, in order; nil means those of this
	// machine's Python environments.
	Sites []string
	// Toolkits are folders of CUDA's toolkit, for where the wheels lack its
	// compiler; nil means those of this machine.
	Toolkits []string
	// Root is the file system's, for tests; "" means /.
	Root string
}

// Machine is the search of this machine, as its environment says.
func Machine() Search { return Search{Setting: os.Getenv(Setting)} }

// Find looks for the plug-in, the libraries and the devices. It loads nothing.
func Find(ctx context.Context, s Search) Found {
	var f Found
	for _, p := range s.places(ctx) {
		path, site := filepath.Join(p.dir, pluginFile), p.dir
		if strings.HasSuffix(p.dir, ".so") {
			path, site = p.dir, siteOf(p.dir)
		}
		if slices.Contains(f.Looked, p.dir) {
			continue
		}
		f.Looked = append(f.Looked, p.dir)
		if _, err := os.Stat(path); err == nil {
			f.Plugin, f.Site, f.Why = path, site, p.why
			break
		}
	}
	for _, l := range libraries {
		f.Libraries = append(f.Libraries, Library{l.name, f.library(l.name), l.pip})
	}
	f.compiler(s)
	f.driver(s.Root)
	return f
}

// siteOf is the site-packages around a plug-in that was named itself.
func siteOf(plugin string) string {
	if site, ok := strings.CutSuffix(plugin, string(filepath.Separator)+pluginFile); ok {
		return site
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// library finds a library among the wheels.
func (f *Found) library(name string) string {
	if f.Site == "" {
		return ""
	}
	for _, pattern := range []string{"nvidia/cu13/lib", "nvidia/*/lib"} {
		found, _ := filepath.Glob(filepath.Join(f.Site, pattern, "lib"+name+".so.*"))
		if len(found) > 0 {
			slices.Sort(found)
			return found[0] // the shortest name: libX.so.13, not libX.so.13.0.88
		}
	}
	return ""
}

// driver reads what the kernel driver says about itself and its devices.
func (f *Found) driver(root string) {
	if root == "" {
		root = "/"
	}
	base := filepath.Join(root, "proc", "driver", "nvidia")
	if text, err := os.ReadFile(filepath.Join(base, "version")); err == nil {
		line, _, _ := strings.Cut(string(text), "\n")
		f.Driver = strings.TrimSpace(strings.TrimPrefix(line, "NVRM version:"))
	}
	cards, _ := filepath.Glob(filepath.Join(base, "gpus", "*", "information"))
	for _, c := range cards {
		text, _ := os.ReadFile(c)
		for line := range strings.Lines(string(text)) {
			if name, ok := strings.CutPrefix(line, "Model:"); ok {
				f.Devices = append(f.Devices, strings.TrimSpace(name))
			}
		}
	}
}

// places lists where to look, in order.
func (s Search) places(ctx context.Context) []place {
	var all []place
	if s.Setting != "" {
		dirs, _ := filepath.Glob(s.Setting)
		if len(dirs) == 0 {
			dirs = []string{s.Setting}
		}
		for _, d := range dirs {
			all = append(all, place{d, Setting})
		}
		return all // who names one wants that one
	}
	if s.Sites != nil {
		for _, d := range s.Sites {
			all = append(all, place{d, "a given folder"})
		}
		return all
	}
	under := func(prefix, why string) {
		dirs, _ := filepath.Glob(filepath.Join(prefix, "lib", "python3*", "*-packages"))
		for _, d := range dirs {
			all = append(all, place{d, why})
		}
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if v := os.Getenv(name); v != "" {
			under(v, name)
		}
	}
	for _, name := range []string{"python3", "python"} {
		for _, d := range pythonSites(ctx, name) {
			all = append(all, place{d, name + " on the path"})
		}
	}
	for _, d := range []string{".venv", "venv"} {
		under(d, "the current folder's "+d)
	}
	if home, err := os.UserHomeDir(); err == nil {
		under(filepath.Join(home, ".local"), "the user's packages")
	}
	under("/usr/local", "the machine's packages")
	under("/usr", "the machine's packages")
	under("/opt/conda", "the machine's conda")
	return all
}

// pythonSites asks an interpreter where its packages lie.
func pythonSites(ctx context.Context, name string) []string {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "-c", "import sys; print('\\n'.join(p for p in sys.path if p.endswith('-packages')))").Output()
	if err != nil {
		return nil
	}
	return strings.Fields(string(out))
}

// Problems says what is missing and what to do about it; empty if Open can be
// tried.
func (f Found) Problems() []string {
	var all []string
	bad := func(format string, a ...any) { all = append(all, fmt.Sprintf(format, a...)) }
	if f.Driver == "" {
		bad("there is no NVIDIA driver (no /proc/driver/nvidia/version): this machine has no NVIDIA device, or its driver is not installed")
	} else if len(f.Devices) == 0 {
		bad("the NVIDIA driver %s shows no device", f.Driver)
	}
	if f.Plugin == "" {
		bad("XLA's plug-in for CUDA was not found: %s", Install)
		return all
	}
	if f.Site == "" {
		return all // the libraries are the caller's, too
	}
	for _, l := range f.Libraries {
		if l.Path == "" {
			bad("lib%s was not found in %s: pip install %s", l.Name, f.Site, l.Pip)
		}
	}
	if f.Libdevice == "" || f.Ptxas == "" {
		bad("CUDA's compiler (nvvm/libdevice and bin/ptxas) was not found in %s nor in a toolkit of this machine: pip install nvidia-cuda-nvcc nvidia-nvvm, or set CUDA_HOME", f.Site)
	}
	return all
}

// String tells what was found, a line each.
func (f Found) String() string {
	var b strings.Builder
	line := func(name, value string) {
		if value == "" {
			value = "not found"
		}
		fmt.Fprintf(&b, "%-14s %s\n", name, value)
	}
	line("driver", f.Driver)
	line("devices", strings.Join(f.Devices, ", "))
	plugin := f.Plugin
	if plugin != "" {
		plugin += " (by " + f.Why + ")"
	}
	line("plug-in", plugin)
	if f.Site != "" {
		for _, l := range f.Libraries {
			line("lib"+l.Name, l.Path)
		}
		line("libdevice", f.Libdevice)
		line("ptxas", f.Ptxas)
	}
	return b.String()
}
