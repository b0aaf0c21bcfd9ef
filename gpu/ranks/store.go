package ranks

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Folder is a store of values by key for the processes of one machine: each value
// is a file. Plug-ins meet there.
type Folder string

func (f Folder) path(key string) string {
	return filepath.Join(string(f), "value-"+hex.EncodeToString([]byte(key)))
}

// Put makes a value known, whole and at once.
func (f Folder) Put(key string, value []byte) error {
	t, err := os.CreateTemp(string(f), "partial-*")
	if err != nil {
		return fmt.Errorf("putting %q: %w", key, err)
	}
	_, err = t.Write(value)
	if e := t.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(t.Name(), f.path(key))
	}
	if err != nil {
		os.Remove(t.Name())
		return fmt.Errorf("putting %q: %w", key, err)
	}
	return nil
}

// Get waits until there is a value.
func (f Folder) Get(key string, wait time.Duration) ([]byte, error) {
	for end := time.Now().Add(wait); ; time.Sleep(2 * time.Millisecond) {
		value, err := os.ReadFile(f.path(key))
		if err == nil {
			return value, nil
		}
		if !os.IsNotExist(err) || time.Now().After(end) {
			return nil, fmt.Errorf("no process has put %q within %v: %w", key, wait, err)
		}
	}
}
