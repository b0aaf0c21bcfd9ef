package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.MkdirAll("hh", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hh/harmless.jsonl.gz", "hh/helpful.jsonl.gz", "two.csv"} {
		if err := os.WriteFile(name, []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if data, err := Read("two.csv"); err != nil || string(data) != "text" {
		t.Errorf("%q, %v", data, err)
	}
	for path, want := range map[string]string{
		"tow.csv":                              "no such file or directory in " + dir + "; did you mean two.csv?",
		"hh/harmless":                          "; did you mean " + filepath.Join("hh", "harmless.jsonl.gz") + "?",
		filepath.Join(dir, "tow.csv"):          "no such file or directory; did you mean " + filepath.Join(dir, "two.csv") + "?",
		"far-away.parquet":                     "no such file or directory in " + dir,
		filepath.Join("none", "a.csv"):         "no such file or directory in " + dir + "; there is no folder none",
		filepath.Join("hh", "b", "c", "a.csv"): "; there is no folder " + filepath.Join("hh", "b"),
	} {
		_, err := Read(path)
		if !errors.Is(err, fs.ErrNotExist) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
	var folder *FolderError
	if _, err := Open("hh"); !errors.As(err, &folder) || folder.Path != "hh" {
		t.Errorf("a folder: %v", err)
	}
}
