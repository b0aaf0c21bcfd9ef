package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// holds checks a file, and that nothing else is left in its folder.
func holds(t *testing.T, path, want string, files int) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %.40q, %v; want %q", path, got, err, want)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != files {
		t.Errorf("its folder has %v, %v; want %d files", entries, err, files)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	for _, s := range []string{"old", strings.Repeat("new", 1<<20), ""} {
		if err := Write(path, text(s)); err != nil {
			t.Fatal(err)
		}
		holds(t, path, s, 1)
	}
}

// TestFailure: what was there stays, whatever goes wrong.
func TestFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.txt")
	if err := Write(path, text("old")); err != nil {
		t.Fatal(err)
	}
	why := errors.New("row 3 is broken")
	for name, write := range map[string]func(io.Writer) error{
		"at once": func(io.Writer) error { return why },
		"after a while": func(w io.Writer) error {
			_, err := w.Write(make([]byte, 3<<20))
			return errors.Join(err, why)
		},
	} {
		if err := Write(path, write); !errors.Is(err, why) {
			t.Errorf("%s: %v", name, err)
		}
		holds(t, path, "old", 1)
	}
	func() {
		defer func() { recover() }()
		Write(path, func(w io.Writer) error { w.Write(make([]byte, 3<<20)); panic("in the middle") })
	}()
	holds(t, path, "old", 1)
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{
		dir:                                 "folder",
		os.DevNull:                          "no regular file",
		filepath.Join(dir, "none", "a.txt"): "no such file",
		filepath.Join(os.DevNull, "a.txt"):  "not a directory",
		filepath.Join(dir, "a\x00b"):        "invalid argument",
		filepath.Join(dir, strings.Repeat("x", 300)): "name too long",
	} {
		if err := Write(path, text("x")); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), ".part") {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestKept: links stay links, and permissions what they were.
func TestKept(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other permissions")
	}
	dir, elsewhere := t.TempDir(), t.TempDir()
	real := filepath.Join(elsewhere, "real.txt")
	if err := os.WriteFile(real, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.txt")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	if err := Write(link, text("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, real, "new", 1)
	holds(t, link, "new", 1)
	if st, err := os.Lstat(link); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", st.Mode(), err)
	}
	if st, err := os.Stat(real); err != nil || st.Mode().Perm() != 0o640 {
		t.Errorf("permissions became %v, %v", st.Mode(), err)
	}
	// A new file is as the umask says, whatever that is.
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	want, err := os.Stat(plain)
	if err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(dir, "made")
	if err := Write(made, text("x")); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(made); err != nil || st.Mode() != want.Mode() {
		t.Errorf("permissions of a new file: %v, %v; want %v", st.Mode(), err, want.Mode())
	}
}
