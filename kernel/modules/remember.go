package modules

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// memory is what was added for the notebooks of one folder.
type memory struct {
	Folder  string   `json:"folder"`
	Modules []Spec   `json:"modules"`
	Program string   `json:"program"` // the worker that has them
	Kernel  identity `json:"kernel"`  // that it belongs to
}

// identity tells whether a program is the one that it was.
type identity struct {
	Size int64     `json:"size"`
	Time time.Time `json:"time"`
}

// identify is the identity of a program.
func identify(program string) (identity, error) {
	st, err := os.Stat(program)
	if err != nil {
		return identity{}, err
	}
	return identity{st.Size(), st.ModTime().UTC()}, nil
}

// DefaultMemory is the folder in which is kept what was added: in the user's
// configuration, which unlike a cache is not cleaned away.
func DefaultMemory() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("finding the folder for what was added: %w", err)
	}
	return filepath.Join(dir, "divvy", "modules"), nil
}

// memoryFile is the file for a folder of notebooks.
func memoryFile(dir, folder string) string {
	sum := sha256.Sum256([]byte(folder))
	return filepath.Join(dir, fmt.Sprintf("%x.json", sum[:8]))
}

// recall reads what was added for a folder; nothing is no error.
func recall(dir, folder string) (memory, error) {
	m := memory{Folder: folder}
	raw, err := os.ReadFile(memoryFile(dir, folder))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &m)
	}
	if err != nil {
		return memory{Folder: folder}, fmt.Errorf("reading what %%pkg has added in %s: %w", folder, err)
	}
	return m, nil
}

// remember writes it, and removes the file when nothing is left.
func remember(dir string, m memory) error {
	path := memoryFile(dir, m.Folder)
	err := func() error {
		if len(m.Modules) == 0 {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		raw, err := json.MarshalIndent(m, "", "\t")
		if err != nil {
			return err
		}
		part := path + fmt.Sprintf(".%d", os.Getpid())
		if err := os.WriteFile(part, raw, 0o644); err != nil {
			return err
		}
		return os.Rename(part, path)
	}()
	if err != nil {
		return fmt.Errorf("remembering the modules: %w", err)
	}
	return nil
}
