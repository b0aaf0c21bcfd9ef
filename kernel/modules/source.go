package modules

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// SourceFile is the archive of Divvy's sources beside an installed kernel.
const SourceFile = "source.zip"

// sourceVariable names the archive, or a checkout, when it is elsewhere.
const sourceVariable = "DIVVY_SOURCE"

// Source is an archive of what a kernel is built from.
type Source struct{ archive []byte }

// Hash is the same for the same sources.
func (s *Source) Hash() string { return fmt.Sprintf("%x", sha256.Sum256(s.archive)) }

// errNoSource says that there is nothing to build a worker from.
var errNoSource = errors.New("this kernel has come without its sources, from which a worker with more modules would be built; " +
	"install it by `go run ./install` in a checkout of Divvy, or let the variable " + sourceVariable + " name the checkout")

// findSource finds the sources of this program.
func findSource(ctx context.Context) (*Source, error) {
	if path := os.Getenv(sourceVariable); path != "" {
		st, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", sourceVariable, err)
		case st.IsDir():
			return packed(ctx, path)
		}
		return readSource(path)
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	beside := filepath.Join(filepath.Dir(exe), SourceFile)
	if _, err := os.Stat(beside); err == nil {
		return readSource(beside)
	}
	wd, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{filepath.Dir(exe), wd} {
		if root := checkout(dir); root != "" {
			return packed(ctx, root)
		}
	}
	return nil, errNoSource
}

func readSource(path string) (*Source, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading Divvy's sources: %w", err)
	}
	return &Source{b}, nil
}

func packed(ctx context.Context, root string) (*Source, error) {
	var b bytes.Buffer
	if err := Pack(ctx, root, &b); err != nil {
		return nil, err
	}
	return &Source{b.Bytes()}, nil
}

var moduleLine = regexp.MustCompile(`(?m)^module divvy$`)

// checkout is the folder of Divvy's go.mod at or above a folder, empty if there
// is none.
func checkout(dir string) string {
	for {
		b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && moduleLine.Match(b) {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// Pack writes an archive of the files of a checkout from which the kernel is
// built: the same bytes for the same files.
func Pack(ctx context.Context, root string, to io.Writer) error {
	files, err := sourceFiles(ctx, root)
	if err != nil {
		return fmt.Errorf("listing Divvy's sources in %s: %w", root, err)
	}
	z := zip.NewWriter(to)
	for _, name := range files {
		b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return fmt.Errorf("packing Divvy's sources: %w", err)
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = w.Write(b)
		}
		if err != nil {
			return fmt.Errorf("packing Divvy's sources: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("packing Divvy's sources: %w", err)
	}
	return nil
}

// sourceFiles asks the go tool which files of the module the kernel is made of,
// with those of other systems and of a build without cgo.
func sourceFiles(ctx context.Context, root string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps",
		"-json=Dir,Standard,Module,GoFiles,CgoFiles,IgnoredGoFiles,IgnoredOtherFiles,CFiles,CXXFiles,HFiles,SFiles,SysoFiles,EmbedFiles", "./kernel")
	cmd.Dir = root
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, bytes.TrimSpace(said.Bytes()))
	}
	files := []string{"go.mod", "go.sum"}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir    string
			Module *struct {
				Main bool
				Dir  string
			}
			GoFiles, CgoFiles, IgnoredGoFiles, IgnoredOtherFiles, CFiles, CXXFiles, HFiles, SFiles, SysoFiles, EmbedFiles []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Module == nil || !p.Module.Main {
			continue
		}
		dir, err := filepath.Rel(p.Module.Dir, p.Dir)
		if err != nil {
			return nil, err
		}
		for _, list := range [][]string{p.GoFiles, p.CgoFiles, p.IgnoredGoFiles, p.IgnoredOtherFiles, p.CFiles, p.CXXFiles, p.HFiles, p.SFiles, p.SysoFiles, p.EmbedFiles} {
			for _, name := range list {
				files = append(files, filepath.ToSlash(filepath.Join(dir, name)))
			}
		}
	}
	sort.Strings(files)
	return files, nil
}

// unpack writes the files of the archive to a folder.
func (s *Source) unpack(dir string) error {
	z, err := zip.NewReader(bytes.NewReader(s.archive), int64(len(s.archive)))
	if err != nil {
		return fmt.Errorf("unpacking Divvy's sources: %w", err)
	}
	for _, f := range z.File {
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) || strings.HasSuffix(f.Name, "/") {
			return fmt.Errorf("unpacking Divvy's sources: %q is no file of theirs", f.Name)
		}
		if err := unpackFile(f, filepath.Join(dir, filepath.FromSlash(f.Name))); err != nil {
			return fmt.Errorf("unpacking Divvy's sources: %w", err)
		}
	}
	return nil
}

func unpackFile(f *zip.File, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}
