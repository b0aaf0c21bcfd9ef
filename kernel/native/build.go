package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// ErrNoGo says that there is no go tool to compile with.
var ErrNoGo = errors.New("there is no go tool in PATH (https://go.dev/dl has it)")

// ErrNotHere says that programs cannot be run on this system.
var ErrNotHere = errors.New("compiled cells run on Unix systems only")

// BuildError is what the compiler says of the cells.
type BuildError struct{ List []Message }

// Message is one message of the compiler; Line is 0 where it names no place.
type Message struct {
	Cell         string
	Line, Column int
	Text         string
}

func (e *BuildError) Error() string {
	m := e.List[0]
	return fmt.Sprintf("%s:%d:%d: %s", m.Cell, m.Line, m.Column, m.Text)
}

// Compiler compiles programs and keeps them.
type Compiler struct {
	// Dir is where programs are kept; a folder of the user's cache when empty.
	Dir string
	// Limit is how many bytes of them are kept, 256 MB when 0.
	Limit int64
	// Path is where the go tool is looked for; $PATH when empty.
	Path string
}

func (c *Compiler) dir() (string, error) {
	if c.Dir != "" {
		return c.Dir, nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("the folder for compiled cells: %w", err)
	}
	return filepath.Join(base, "divvy", "native"), nil
}

// Build makes a program, or finds it among those kept; cached tells which.
func (c *Compiler) Build(ctx context.Context, src *Source) (p *Program, cached bool, err error) {
	if !canRun {
		return nil, false, ErrNotHere
	}
	dir, err := c.dir()
	if err != nil {
		return nil, false, err
	}
	key, err := src.Key()
	if err != nil {
		return nil, false, err
	}
	bin := filepath.Join(dir, key, "program")
	tree := ""
	foreign := foreignImport(src.imports())
	if foreign == "" {
		if _, err := os.Stat(bin); err == nil {
			now := time.Now()
			os.Chtimes(filepath.Dir(bin), now, now) // used last; a failure makes it go earlier
			return newProgram(bin, src), true, nil
		}
	} else if tree = sourceTree(); tree == "" && strings.HasPrefix(foreign, "divvy/") {
		return nil, false, fmt.Errorf("%s is compiled into the kernel, and its source is not on this machine: compiled cells can import it where the working directory is within Divvy's source; all other packages they can import everywhere", foreign)
	}
	tool, err := c.tool()
	if err != nil {
		return nil, false, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, false, fmt.Errorf("the folder for compiled cells: %w", err)
	}
	tmp, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return nil, false, fmt.Errorf("the folder for compiled cells: %w", err)
	}
	defer os.RemoveAll(tmp)
	made, err := compile(ctx, tool, tree, tmp, src)
	if err != nil {
		return nil, false, err
	}
	// Renamed into place, so that two kernels can make the same program.
	if err := os.MkdirAll(filepath.Dir(bin), 0o755); err != nil {
		return nil, false, fmt.Errorf("keeping a compiled cell: %w", err)
	}
	if err := os.Rename(made, bin); err != nil {
		return nil, false, fmt.Errorf("keeping a compiled cell: %w", err)
	}
	c.trim(dir, key)
	return newProgram(bin, src), false, nil
}

func (c *Compiler) tool() (string, error) {
	if c.Path == "" {
		if p, err := exec.LookPath("go"); err == nil {
			return p, nil
		}
		if p := filepath.Join(runtime.GOROOT(), "bin", "go"); isFile(p) { //nolint:staticcheck // where $PATH lacks it
			return p, nil
		}
		return "", ErrNoGo
	}
	if p := filepath.Join(c.Path, "go"); isFile(p) {
		return p, nil
	}
	return "", ErrNoGo
}

func isFile(p string) bool {
	st, err := os.Stat(p)
	return err == nil && !st.IsDir()
}

// compile runs the go tool. A program that imports more than the standard
// library is laid over the source tree, where there is one, which has what it
// imports.
func compile(ctx context.Context, tool, tree, tmp string, src *Source) (string, error) {
	files, err := src.files()
	if err != nil {
		return "", err
	}
	root, flags := tree, []string{"GOFLAGS="}
	args := []string{"build", "-trimpath", "-ldflags=-s -w"}
	if tree == "" {
		root = tmp
		files["go.mod"] = "module divvy\n\ngo " + language() + "\n"
		if foreignImport(src.imports()) != "" {
			require, sums := modules()
			files["go.mod"] += require
			files["go.sum"] = sums
			flags = []string{"GOFLAGS=-mod=mod", "GONOSUMDB=*"}
		}
	}
	overlay := map[string]string{}
	for name, text := range files {
		at := filepath.Join(tmp, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return "", fmt.Errorf("writing the program: %w", err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			return "", fmt.Errorf("writing the program: %w", err)
		}
		overlay[filepath.Join(tree, filepath.FromSlash(name))] = at
	}
	if tree != "" {
		b, err := json.Marshal(map[string]any{"Replace": overlay})
		if err != nil {
			return "", fmt.Errorf("writing the program: %w", err)
		}
		list := filepath.Join(tmp, "overlay.json")
		if err := os.WriteFile(list, b, 0o644); err != nil {
			return "", fmt.Errorf("writing the program: %w", err)
		}
		args = append(args, "-overlay", list)
	}
	out := filepath.Join(tmp, "program")
	cmd := exec.CommandContext(ctx, tool, append(args, "-o", out, "./"+mainDir)...)
	cmd.Dir = root
	cmd.Env = append(append(os.Environ(), flags...), "GOWORK=off", "GO111MODULE=on", "GOTOOLCHAIN=local", "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, "PWD="+root,
		"GOTMPDIR="+tmp) // what one that is ended leaves behind goes with it
	cmd.WaitDelay = time.Second
	text, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		if list := messages(string(text)); len(list) > 0 {
			return "", &BuildError{list}
		}
		return "", fmt.Errorf("%s build: %w\n%s", tool, err, strings.TrimSpace(string(text)))
	}
	return out, nil
}

// modules is what a program requires to be built against the very modules that
// the kernel was, as the kernel's own build tells, with their checksums. Those
// of their go.mod files are not known there, and the go tool adds them.
func modules() (require, sums string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", ""
	}
	var b, c strings.Builder
	b.WriteString("\nrequire (\n")
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		fmt.Fprintf(&b, "\t%s %s\n", m.Path, m.Version)
		if m.Sum != "" {
			fmt.Fprintf(&c, "%s %s %s\n", m.Path, m.Version, m.Sum)
		}
	}
	b.WriteString(")\n")
	return b.String(), c.String()
}

// language is the version of Go that cells are checked against.
func language() string {
	v := strings.TrimPrefix(runtime.Version(), "go")
	if p := strings.SplitN(v, ".", 3); len(p) >= 2 {
		minor := strings.TrimRightFunc(p[1], func(r rune) bool { return r < '0' || r > '9' })
		if _, err := strconv.Atoi(minor); err == nil {
			return p[0] + "." + minor
		}
	}
	return "1.26"
}

var messageLine = regexp.MustCompile(`(?m)^.*?` + placePrefix + `(.+?):(\d+):(\d+): (.*)$`)

// messages reads the places in what the compiler writes.
func messages(text string) []Message {
	var list []Message
	for _, m := range messageLine.FindAllStringSubmatch(text, -1) {
		line, _ := strconv.Atoi(m[2])
		col, _ := strconv.Atoi(m[3])
		list = append(list, Message{m[1], line, col, m[4]})
	}
	return list
}

// foreignImport returns a package outside the standard library, one of Divvy's
// if there is one, or "".
func foreignImport(paths []string) (foreign string) {
	for _, p := range paths {
		first, _, _ := strings.Cut(p, "/")
		if first == "divvy" {
			return p
		}
		if strings.Contains(first, ".") {
			foreign = p
		}
	}
	return foreign
}

// sourceTree finds Divvy's module around the working directory.
func sourceTree() string {
	dir, err := os.Getwd()
	for err == nil {
		if b, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && strings.HasPrefix(string(b), "module divvy\n") {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	return ""
}

// trim removes the programs that were used least lately, beyond the limit, but
// not the one of this key. What it cannot remove stays.
func (c *Compiler) trim(dir, key string) {
	limit := c.Limit
	if limit == 0 {
		limit = 256 << 20
	}
	type kept struct {
		path string
		size int64
		used time.Time
	}
	var all []kept
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		k := kept{path: filepath.Join(dir, e.Name()), used: info.ModTime()}
		filepath.WalkDir(k.path, func(_ string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				if info, err := d.Info(); err == nil {
					k.size += info.Size()
				}
			}
			return nil
		})
		// A build that was cut off leaves its folder.
		if strings.HasPrefix(e.Name(), "build-") {
			if time.Since(k.used) > time.Hour {
				os.RemoveAll(k.path)
			}
			continue
		}
		if e.Name() == key {
			limit -= k.size
			continue
		}
		all = append(all, k)
	}
	for len(all) > 0 {
		var sum int64
		oldest := 0
		for i, k := range all {
			sum += k.size
			if k.used.Before(all[oldest].used) {
				oldest = i
			}
		}
		if sum <= limit {
			return
		}
		os.RemoveAll(all[oldest].path)
		all = append(all[:oldest], all[oldest+1:]...)
	}
}
