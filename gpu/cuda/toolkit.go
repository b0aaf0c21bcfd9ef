package cuda

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// libdevice is the place of NVIDIA's library of device code in a toolkit.
var libdevice = filepath.Join("nvvm", "libdevice", "libdevice.10.bc")

// compiler finds libdevice and ptxas, without which XLA compiles nothing: among
// the wheels, in a toolkit of the machine, or in those that triton carries.
// PyTorch's wheels of NVIDIA's libraries lack both.
func (f *Found) compiler(s Search) {
	if f.Site == "" && s.Toolkits == nil {
		return // the plug-in was named itself: it knows where to look
	}
	dirs := s.Toolkits
	if dirs == nil {
		dirs = toolkits()
	}
	if f.Site != "" {
		dirs = append([]string{filepath.Join(f.Site, "nvidia", "cu13"), filepath.Join(f.Site, "nvidia", "cuda_nvcc")}, dirs...)
	}
	set := func(p *string, path string) bool {
		if *p != "" || !exists(path) {
			return false
		}
		*p = path
		return true
	}
	for _, d := range dirs {
		if set(&f.Libdevice, filepath.Join(d, libdevice)) {
			f.DataDir = d
		}
		set(&f.Ptxas, filepath.Join(d, "bin", "ptxas"))
	}
	if f.Site != "" {
		triton := filepath.Join(f.Site, "triton", "backends", "nvidia")
		set(&f.Libdevice, filepath.Join(triton, "lib", "libdevice.10.bc"))
		set(&f.Ptxas, filepath.Join(triton, "bin", "ptxas"))
	}
}

// toolkits are the folders in which a machine may have CUDA's toolkit.
func toolkits() []string {
	var dirs []string
	for _, name := range []string{"CUDA_HOME", "CUDA_PATH"} {
		if d := os.Getenv(name); d != "" {
			dirs = append(dirs, d)
		}
	}
	for _, tool := range []string{"nvcc", "ptxas"} {
		if path, err := exec.LookPath(tool); err == nil {
			if path, err = filepath.EvalSymlinks(path); err == nil {
				dirs = append(dirs, filepath.Dir(filepath.Dir(path)))
			}
		}
	}
	versions, _ := filepath.Glob("/usr/local/cuda-1*")
	return append(append(dirs, "/usr/local/cuda", "/opt/cuda"), versions...)
}

// showCompiler tells XLA where the compiler's parts are: by its flag, which it
// reads once, and by the path, on which it looks for ptxas.
func (f Found) showCompiler() error {
	dir := f.DataDir
	if dir == "" && f.Libdevice != "" {
		var err error
		if dir, err = linked(f.Libdevice); err != nil {
			return err
		}
	}
	if dir != "" && !strings.Contains(os.Getenv("XLA_FLAGS"), "xla_gpu_cuda_data_dir") {
		flags := strings.TrimSpace(os.Getenv("XLA_FLAGS") + " --xla_gpu_cuda_data_dir=" + dir)
		if err := os.Setenv("XLA_FLAGS", flags); err != nil {
			return err
		}
	}
	if f.Ptxas == "" || f.Ptxas == filepath.Join(dir, "bin", "ptxas") {
		return nil
	}
	return os.Setenv("PATH", os.Getenv("PATH")+string(filepath.ListSeparator)+filepath.Dir(f.Ptxas))
}

// linked is a folder in which a libdevice from elsewhere lies as in a toolkit.
func linked(file string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	dir := filepath.Join(base, "divvy", "cuda")
	to := filepath.Join(dir, libdevice)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return "", err
	}
	if old, err := os.Readlink(to); err == nil && old == file {
		return dir, nil
	}
	os.Remove(to)
	if err := os.Symlink(file, to); err != nil && !exists(to) { // another process may have made it
		return "", err
	}
	return dir, nil
}
