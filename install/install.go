package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"divvy/kernel/modules"
	"divvy/kernel/programs"
)

//go:generate go run ./logo

//go:embed logo/*.png logo/*.svg
var logos embed.FS

// installer puts one kernelspec into place.
type installer struct {
	out               io.Writer
	kernels           string // the folder of all kernelspecs
	name, displayName string
	binary            string // a kernel program to install; empty to build one
	verify            bool
}

// kernelSpec is kernel.json, see
// https://jupyter-client.readthedocs.io/en/stable/kernels.html.
type kernelSpec struct {
	Argv            []string          `json:"argv"`
	DisplayName     string            `json:"display_name"`
	Language        string            `json:"language"`
	InterruptMode   string            `json:"interrupt_mode"`
	ProtocolVersion string            `json:"kernel_protocol_version"`
	Env             map[string]string `json:"env"`
	Metadata        map[string]any    `json:"metadata"`
}

// install makes the whole kernelspec in a folder beside the kernels, and moves
// it into place when it has been seen to work. At no time does Jupyter see half
// a kernel.
func (in *installer) install(ctx context.Context) error {
	target := filepath.Join(in.kernels, in.name)
	if err := refuseForeign(target); err != nil {
		return err
	}
	data := filepath.Dir(in.kernels)
	if err := os.MkdirAll(in.kernels, 0o755); err != nil {
		return fmt.Errorf("making the folder for kernels: %w", err)
	}
	stage, err := os.MkdirTemp(data, ".divvy-install-")
	if err != nil {
		return fmt.Errorf("making a folder to install from: %w", err)
	}
	defer os.RemoveAll(stage)
	if err := os.Chmod(stage, 0o755); err != nil {
		return fmt.Errorf("making a folder to install from: %w", err)
	}

	serving, err := in.provide(ctx, stage)
	if err != nil {
		return err
	}
	if in.verify {
		said, err := startOnce(ctx, filepath.Join(stage, serving))
		if err != nil {
			return fmt.Errorf("the kernel was built, but does not work, and was not installed: %w", err)
		}
		fmt.Fprintf(in.out, "It works: %s\n", said)
	}
	if err := in.writeSpec(stage, filepath.Join(target, serving)); err != nil {
		return err
	}
	if err := swap(stage, target); err != nil {
		return fmt.Errorf("moving the kernel into place: %w", err)
	}
	fmt.Fprintf(in.out, "Installed %q as %s\n", in.displayName, target)
	return nil
}

// provide puts the kernel's programs into a folder, and returns the file of the one
// that Jupyter is to start.
func (in *installer) provide(ctx context.Context, dir string) (serving string, err error) {
	if in.binary != "" {
		return in.copy(dir)
	}
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "", errNoGo
	}
	fmt.Fprintln(in.out, "Building the kernel; the first time takes a few minutes …")
	begun := time.Now()
	var size int64
	for program, source := range map[string]string{programs.Whole: "./kernel", programs.Front: "./kernel/front"} {
		path := filepath.Join(dir, programs.File(program))
		if err := in.build(ctx, root, source, path); err != nil {
			return "", fmt.Errorf("building the kernel with the go tool, which has said why: %w", err)
		}
		st, err := os.Stat(path)
		if err != nil {
			return "", fmt.Errorf("building the kernel: %w", err)
		}
		size += st.Size()
	}
	fmt.Fprintf(in.out, "Built in %.1f s (%d MB)\n", time.Since(begun).Seconds(), size>>20)
	return programs.File(programs.Front), in.leaveSource(ctx, root, filepath.Join(dir, modules.SourceFile))
}

// build builds one program. The symbol table is of no use to a user, and a third of
// the size. Without the names of folders, what is compiled here serves %pkg in any
// other.
func (in *installer) build(ctx context.Context, root, source, path string) error {
	args := []string{"build", "-trimpath", "-ldflags=-s -w", "-o", path, source}
	said, err := in.goTool(ctx, root, args...)
	if err != nil && bytes.Contains(said, []byte("VCS")) { // no git, or a checkout of another owner
		_, err = in.goTool(ctx, root, append([]string{"build", "-buildvcs=false"}, args[1:]...)...)
	}
	return err
}

// leaveSource puts the sources beside the program: %pkg builds it with more modules
// when the checkout is gone.
func (in *installer) leaveSource(ctx context.Context, root, path string) error {
	f, err := os.Create(path)
	if err == nil {
		err = modules.Pack(ctx, root, f)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("leaving the sources beside the kernel: %w", err)
	}
	return nil
}

// goTool runs the go tool, shows what it says (downloads, errors) and returns it.
func (in *installer) goTool(ctx context.Context, dir string, args ...string) ([]byte, error) {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Stdout = io.MultiWriter(in.out, &said)
	cmd.Stderr = cmd.Stdout
	err := cmd.Run()
	return said.Bytes(), err
}

// copy takes the program that was named, and what lies beside it: the front
// program, without which the whole one serves Jupyter, and the sources.
func (in *installer) copy(dir string) (serving string, err error) {
	from, front := in.binary, programs.File(programs.Front)
	if filepath.Base(from) == front { // the one that kernel.json names
		from = filepath.Join(filepath.Dir(from), programs.File(programs.Whole))
	}
	serving = programs.File(programs.Whole)
	if err := copyFile(from, filepath.Join(dir, serving), 0o755); err != nil {
		return "", fmt.Errorf("copying the kernel program: %w", err)
	}
	for name, mode := range map[string]fs.FileMode{front: 0o755, modules.SourceFile: 0o644} {
		err := copyFile(filepath.Join(filepath.Dir(from), name), filepath.Join(dir, name), mode)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return "", fmt.Errorf("copying %s, which lies beside the kernel: %w", name, err)
		case name == front:
			serving = front
		}
	}
	return serving, nil
}

func copyFile(from, to string, mode fs.FileMode) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// writeSpec writes kernel.json and the logos. program is where the kernel will
// lie.
func (in *installer) writeSpec(dir, program string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	err := e.Encode(kernelSpec{
		Argv:            []string{program, "serve", "--connection-file", "{connection_file}"},
		DisplayName:     in.displayName,
		Language:        "go",
		InterruptMode:   "message", // a signal would be lost on Windows, and could hit a subprocess
		ProtocolVersion: protocolVersion,
		Env:             map[string]string{},
		Metadata:        map[string]any{"debugger": true},
	})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "kernel.json"), b.Bytes(), 0o644)
	}
	if err != nil {
		return fmt.Errorf("writing kernel.json: %w", err)
	}
	entries, err := fs.ReadDir(logos, "logo")
	if err != nil {
		return fmt.Errorf("the logos: %w", err)
	}
	for _, e := range entries {
		logo, err := fs.ReadFile(logos, "logo/"+e.Name())
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, e.Name()), logo, 0o644)
		}
		if err != nil {
			return fmt.Errorf("writing the logo %s: %w", e.Name(), err)
		}
	}
	return nil
}

// swap moves a folder to where another may be, which goes.
func swap(from, to string) error {
	old := from + ".old"
	err := os.Rename(to, old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	replaced := err == nil
	if err := os.Rename(from, to); err != nil {
		if replaced {
			err = errors.Join(err, os.Rename(old, to))
		}
		return err
	}
	if replaced {
		// A kernel that runs from there keeps its program on Unix; on Windows the
		// folder stays until that kernel has ended, and does no harm.
		os.RemoveAll(old)
	}
	return nil
}

// uninstall removes the kernelspec.
func (in *installer) uninstall() error {
	target := filepath.Join(in.kernels, in.name)
	if _, err := os.Stat(target); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no kernel %q in %s", in.name, in.kernels)
	}
	if err := refuseForeign(target); err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return fmt.Errorf("removing the kernel: %w", err)
	}
	fmt.Fprintf(in.out, "Removed %s\n", target)
	return nil
}

// refuseForeign is an error when another kernel lies at a path, which must not
// be replaced or removed.
func refuseForeign(path string) error {
	b, err := os.ReadFile(filepath.Join(path, "kernel.json"))
	if errors.Is(err, fs.ErrNotExist) {
		if entries, err := os.ReadDir(path); err == nil && len(entries) > 0 {
			return fmt.Errorf("%s holds files, but no kernel; choose another --name", path)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking at the kernel that is there: %w", err)
	}
	var spec kernelSpec
	if json.Unmarshal(b, &spec) == nil && len(spec.Argv) > 1 && spec.Argv[1] == "serve" {
		if name := strings.TrimSuffix(filepath.Base(spec.Argv[0]), ".exe"); name == programs.Whole || name == programs.Front {
			return nil
		}
	}
	return fmt.Errorf("%s holds another kernel (%s); choose another --name", path, spec.DisplayName)
}

// advise says what to do next.
func (in *installer) advise(ctx context.Context) {
	jupyter, err := exec.LookPath("jupyter")
	if err != nil {
		fmt.Fprintf(in.out, "There is no Jupyter on the PATH. To get one:\n  pip install jupyterlab\nThen start it with `jupyter lab` and choose %q.\n"+
			"Notebooks run without it, too:\n  go run ./kernel run notebooks/figure4.ipynb\n", in.displayName)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, jupyter, "kernelspec", "list", "--json").Output()
	var list struct {
		Kernelspecs map[string]struct {
			ResourceDir string `json:"resource_dir"`
		} `json:"kernelspecs"`
	}
	if err == nil && json.Unmarshal(out, &list) == nil {
		found, ok := list.Kernelspecs[strings.ToLower(in.name)]
		target := filepath.Join(in.kernels, in.name)
		switch {
		case !ok:
			fmt.Fprintf(in.out, "The Jupyter on the PATH (%s) does not look there. Tell it to:\n  export JUPYTER_PATH=%s\n", jupyter, filepath.Dir(in.kernels))
			return
		case !sameFile(found.ResourceDir, target):
			fmt.Fprintf(in.out, "The Jupyter on the PATH (%s) finds another kernel %q first, in %s. Remove that one, or choose another --name.\n", jupyter, in.name, found.ResourceDir)
			return
		}
	}
	fmt.Fprintf(in.out, "Start JupyterLab with `jupyter lab` and choose %q.\n", in.displayName)
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
