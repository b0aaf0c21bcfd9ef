package history

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"divvy/kernel/jupyter"
	"divvy/kernel/jupyter/jupytertest"
)

func open(t *testing.T, path string) *File {
	t.Helper()
	f := Open(path, slog.New(slog.NewTextHandler(t.Output(), nil)))
	t.Cleanup(func() { f.Close() })
	return f
}

func TestFile(t *testing.T) {
	jupytertest.CheckHistory(t, open(t, filepath.Join(t.TempDir(), "with a ? and a #", "history.sqlite")))
}

// TestNothingIsOpenedBeforeItIsNeeded: a kernel that only starts leaves no file.
func TestNothingIsOpenedBeforeItIsNeeded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dir", "history.sqlite")
	f := Open(path, nil)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("the folder is there: %v", err)
	}
	if err := f.Append(jupyter.Entry{}); err == nil {
		t.Error("a closed history takes cells")
	}
}

func TestRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.sqlite")
	for session := 1; session <= 3; session++ {
		f := Open(path, nil)
		if session > 1 { // a session that looks and runs nothing is none
			if got, err := f.Range(-1, 0, 0); err != nil || len(got) != 2 || got[0].Session != session-1 {
				t.Errorf("before session %d, the one before is %v, %v", session, got, err)
			}
		}
		for line := 1; line <= 2; line++ {
			if err := f.Append(jupyter.Entry{Line: line, Input: fmt.Sprintf("cell %d of %d", line, session)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		looker := Open(path, nil)
		if _, err := looker.Tail(1); err != nil {
			t.Fatal(err)
		}
		looker.Close()
	}
	f := open(t, path)
	got, err := f.Tail(3)
	if err != nil || len(got) != 3 || got[0].Input != "cell 2 of 2" || got[2].Input != "cell 2 of 3" || got[2].Session != 3 {
		t.Errorf("tail: %v, %v", got, err)
	}
	if err := f.Append(jupyter.Entry{Line: 1, Input: "now"}); err != nil {
		t.Fatal(err)
	}
	for relative, want := range map[int]string{0: "now", -1: "cell 1 of 3", -2: "cell 1 of 2", 1: "cell 1 of 1"} {
		if got, err := f.Range(relative, 1, 2); err != nil || len(got) != 1 || got[0].Input != want {
			t.Errorf("session %d: %v, %v", relative, got, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v, %v", info.Mode(), err)
	}
}

// TestManyKernels write to one file at a time.
func TestManyKernels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.sqlite")
	var all sync.WaitGroup
	const kernels, cells = 4, 50
	for k := range kernels {
		all.Go(func() {
			f := open(t, path)
			for i := range cells {
				if err := f.Append(jupyter.Entry{Line: i + 1, Input: fmt.Sprint(k, i)}); err != nil {
					t.Error(err)
				}
				if i%10 == 0 {
					f.settle()
				}
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := open(t, path).Tail(0)
	if err != nil || len(got) != kernels*cells {
		t.Errorf("%d cells, not %d, %v", len(got), kernels*cells, err)
	}
	sessions := map[int]int{}
	for _, e := range got {
		sessions[e.Session]++
	}
	if len(sessions) != kernels {
		t.Errorf("sessions %v", sessions)
	}
}

// TestUnusableFile: the history goes on in memory, and says so once.
func TestUnusableFile(t *testing.T) {
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{garbage, filepath.Join(garbage, "below a file"), t.TempDir()} {
		var log strings.Builder
		f := Open(path, slog.New(slog.NewTextHandler(&log, nil)))
		jupytertest.CheckHistory(t, f)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if got := strings.Count(log.String(), "in memory only"); got != 1 {
			t.Errorf("%s: said %d times: %s", path, got, log.String())
		}
	}
	if got, _ := os.ReadFile(garbage); !strings.HasPrefix(string(got), "no database") {
		t.Error("the file that is no database was overwritten")
	}
}

func TestLongOutput(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "history.sqlite"))
	if err := f.Append(jupyter.Entry{Line: 1, Input: "x", Output: strings.Repeat("é", outputMax)}); err != nil {
		t.Fatal(err)
	}
	got, err := f.Tail(1)
	if err != nil || len(got[0].Output) > outputMax+3 || !strings.HasSuffix(got[0].Output, "é…") {
		t.Errorf("%d bytes, %v", len(got[0].Output), err)
	}
}

// TestPrune keeps whole sessions, the newest.
func TestPrune(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.sqlite")
	const keep = 1000
	for session := range 3 {
		f := Open(path, nil)
		for i := range keep / 2 {
			if err := f.Append(jupyter.Entry{Line: i + 1, Input: fmt.Sprint(session)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	f := open(t, path)
	f.keep = keep
	f.Append(jupyter.Entry{Line: 1, Input: "now"})
	got, err := f.Tail(0)
	if err != nil || len(got) != keep+1 || got[0].Input != "1" {
		t.Errorf("%d cells from %v, %v", len(got), got[0], err)
	}
}

func BenchmarkAppend(b *testing.B) {
	f := Open(filepath.Join(b.TempDir(), "history.sqlite"), nil)
	for i := 0; b.Loop(); i++ {
		if err := f.Append(jupyter.Entry{Line: i, Input: "x := 1", Output: "1"}); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	f.Close()
}
