package arrowio_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/array"

	"divvy/arrowio"
)

func TestMapped(t *testing.T) {
	tbl := must(t)(sample(t, checked(t)).Drop("group")) // a dictionary cannot be mapped
	dir := t.TempDir()
	path := filepath.Join(dir, "x.arrow")
	if err := tbl.WriteIPC(path); err != nil {
		t.Fatal(err)
	}
	m, err := arrowio.OpenIPC(path)
	if err != nil {
		t.Fatal(err)
	}
	if !m.Mapped() || !array.RecordEqual(m.Record(), tbl.Record()) {
		t.Errorf("mapped %v:\n%v", m.Mapped(), m)
	}
	sorted := must(t)(m.Sort("-n"))
	part, err := m.Slice(1, 3)
	if err != nil {
		t.Fatal(err)
	}
	text, err := m.Strings("text")
	if err != nil {
		t.Fatal(err)
	}
	// The mapping lives as long as something shares it, and what was handed out
	// as Go values outlives it.
	if got := mappings(t, path); got == 0 && runtime.GOOS == "linux" {
		t.Error("nothing is mapped")
	}
	m.Release()
	if v := values(t, part, "text"); v[0] != "" || v[1] != text[2] {
		t.Errorf("after the table's release: %v", v)
	}
	part.Release()
	if got := mappings(t, path); got != 0 {
		t.Errorf("%d mappings are left", got)
	}
	if text[3] != "żółć 漢字 🎈" || sorted.NumRows() != 4 {
		t.Errorf("after the mapping: %q", text)
	}

	for name, o := range map[string]arrowio.IPCOptions{"batches": {BatchRows: 2}, "lz4": {Compression: "lz4"}} {
		path := filepath.Join(dir, name)
		if err := tbl.WriteIPC(path, o); err != nil {
			t.Fatal(err)
		}
		m := must(t)(arrowio.OpenIPC(path))
		if m.Mapped() || !array.RecordEqual(m.Record(), tbl.Record()) {
			t.Errorf("%s: mapped %v:\n%v", name, m.Mapped(), m)
		}
	}
}

// mappings counts how often this process has mapped a file, where it can tell.
func mappings(t *testing.T, path string) int {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0
	}
	return strings.Count(string(maps), path)
}

// TestCorruptFiles cuts files and changes bytes in them: a reader gives an error
// or a table, and never ends the process.
func TestCorruptFiles(t *testing.T) {
	tbl := must(t)(sample(t, checked(t)).Drop("group"))
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	writes := map[string]func(string) error{
		"x.arrow": func(p string) error { return tbl.WriteIPC(p) }, "x.parquet": func(p string) error { return tbl.WriteParquet(p) },
		"x.arrows": func(p string) error { return tbl.WriteIPC(p, arrowio.IPCOptions{Stream: true}) },
	}
	failed := 0
	for name, write := range writes {
		path := filepath.Join(dir, name)
		if err := write(path); err != nil {
			t.Fatal(err)
		}
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for k := range 300 {
			bad := bytes.Clone(good)
			if k%3 == 0 {
				bad = bad[:r.IntN(len(bad))]
			} else {
				for range 1 + r.IntN(4) {
					bad[r.IntN(len(bad))] ^= byte(1 << r.IntN(8))
				}
			}
			path := filepath.Join(dir, fmt.Sprintf("%d-%s", k, name))
			if err := os.WriteFile(path, bad, 0o644); err != nil {
				t.Fatal(err)
			}
			reads := []func(string) (*arrowio.Table, error){func(p string) (*arrowio.Table, error) { return arrowio.ReadIPC(p) }, arrowio.OpenIPC}
			if name == "x.parquet" {
				reads = []func(string) (*arrowio.Table, error){func(p string) (*arrowio.Table, error) { return arrowio.ReadParquet(p) }}
			}
			for _, read := range reads {
				back, err := read(path)
				if err != nil {
					failed++
					if !strings.Contains(err.Error(), path) {
						t.Errorf("the error does not name the file: %v", err)
					}
					continue
				}
				back.Release()
			}
			os.Remove(path)
		}
	}
	if failed < 300 {
		t.Errorf("only %d of the corrupt files were refused", failed)
	}
}

func TestAtomicWrite(t *testing.T) {
	tbl := sample(t, checked(t))
	dir := t.TempDir()
	path := filepath.Join(dir, "x.parquet")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := tbl.WriteParquet(path, arrowio.ParquetOptions{Compression: "rot13"}); err == nil {
		t.Error("an unknown compression gave no error")
	}
	if old, _ := os.ReadFile(path); string(old) != "old" {
		t.Errorf("a failed write left %q", old)
	}
	if err := tbl.WriteParquet(path); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	if err := tbl.WriteCSV(dir); err == nil {
		t.Error("writing over a folder gave no error")
	}
	if err := tbl.EncodeIPC(failing{}); err == nil {
		t.Error("a failing writer gave no error")
	}
	if err := tbl.EncodeParquet(failing{}); err == nil {
		t.Error("a failing writer of Parquet gave no error")
	}
	if err := tbl.EncodeCSV(failing{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a failing writer of CSV: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
