package modules

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// Spec names what to add, as on the go command's line: a module with all its
// packages, one package of a module, or a module in a local folder.
type Spec struct {
	Path string `json:"path"`
	// Version is empty for the newest, and for what is in the build already.
	Version string `json:"version,omitempty"`
	// Dir is the absolute folder of a local module.
	Dir string `json:"dir,omitempty"`
}

// String spells the spec as %pkg takes it.
func (s Spec) String() string {
	switch {
	case s.Dir != "":
		return s.Dir
	case s.Version != "":
		return s.Path + "@" + s.Version
	}
	return s.Path
}

// ParseSpec reads what a user wrote; a relative folder is looked for in dir.
func ParseSpec(text, dir string) (Spec, error) {
	if isLocal(text) {
		return localSpec(text, dir)
	}
	path, version, hasVersion := strings.Cut(text, "@")
	if hasVersion && version == "" {
		return Spec{}, fmt.Errorf("%s names no version: write %s@v1.2.3, or leave the @ out for the newest", text, path)
	}
	path = strings.TrimSuffix(strings.TrimSuffix(path, "/..."), "/")
	if strings.Contains(path, "://") {
		_, path, _ = strings.Cut(path, "://")
		return Spec{}, fmt.Errorf("%s is an address; a module's path has no scheme: %%pkg add %s", text, strings.TrimSuffix(path, ".git"))
	}
	if err := module.CheckImportPath(path); err != nil {
		return Spec{}, fmt.Errorf("%q is no module: %w", text, err)
	}
	return Spec{Path: path, Version: version}, nil
}

// isLocal reports whether a text names a folder: go's rule, and a home folder.
func isLocal(text string) bool {
	return text == "." || text == ".." || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../") ||
		strings.HasPrefix(text, "~/") || filepath.IsAbs(text) || strings.HasPrefix(text, `.\`) || strings.HasPrefix(text, `..\`)
}

func localSpec(text, dir string) (Spec, error) {
	folder := text
	if rest, ok := strings.CutPrefix(text, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return Spec{}, err
		}
		folder = filepath.Join(home, rest)
	}
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(dir, folder)
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return Spec{}, err
	}
	b, err := os.ReadFile(filepath.Join(folder, "go.mod"))
	if os.IsNotExist(err) {
		if _, err := os.Stat(folder); err != nil {
			return Spec{}, fmt.Errorf("there is no folder %s", folder)
		}
		return Spec{}, fmt.Errorf("%s is no module, for it has no go.mod; make one there: go mod init NAME", folder)
	}
	if err != nil {
		return Spec{}, err
	}
	path := modfile.ModulePath(b)
	switch {
	case path == "":
		return Spec{}, fmt.Errorf("%s names no module", filepath.Join(folder, "go.mod"))
	case path == "divvy":
		return Spec{}, fmt.Errorf("%s is Divvy itself, which is compiled in", folder)
	}
	return Spec{Path: path, Dir: folder}, nil
}

// merge returns the specs of have with those of more put in their place or added,
// sorted by path.
func merge(have, more []Spec) []Spec {
	byPath := map[string]Spec{}
	for _, s := range append(append([]Spec{}, have...), more...) {
		byPath[s.Path] = s
	}
	merged := make([]Spec, 0, len(byPath))
	for _, s := range byPath {
		merged = append(merged, s)
	}
	sort.Slice(merged, func(i, j int) bool { return merged[i].Path < merged[j].Path })
	return merged
}
