package interp_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var fill = flag.Bool("fill", false, "write what compiled Go prints into the programs of testdata/corpus that say nothing")

// wantMark parts a program's cells from its output.
const wantMark = "\n%%want\n"

// corpusFile is one archive of testdata/corpus: each of its files is a program,
// the cells parted by lines of %%, the output after a line %%want.
type corpusFile struct {
	path     string
	archive  *txtar.Archive
	programs []program
}

func readCorpus(t *testing.T) []corpusFile {
	t.Helper()
	paths, err := filepath.Glob("testdata/corpus/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no programs in testdata/corpus (%v)", err)
	}
	var files []corpusFile
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f := corpusFile{path: path, archive: a}
		for _, e := range a.Files {
			cells, want, _ := strings.Cut(string(e.Data), wantMark)
			f.programs = append(f.programs, program{
				Group: strings.TrimSuffix(filepath.Base(path), ".txtar"),
				Name:  e.Name,
				Cells: strings.Split(strings.TrimSuffix(cells, "\n"), "\n%%\n"),
				Want:  want,
			})
		}
		files = append(files, f)
	}
	return files
}

// TestCorpus runs every program and compares what it prints. A program that is
// known to fail must fail by the error it is listed with, after printing
// nothing that is wrong.
func TestCorpus(t *testing.T) {
	for _, f := range readCorpus(t) {
		for _, p := range f.programs {
			name := p.Group + "/" + p.Name
			t.Run(name, func(t *testing.T) {
				got, errs := runProgram(t, p)
				why, known := knownRefusals[name]
				switch {
				case !known && got != p.Want:
					t.Errorf("got %q\nwant %q\nerrors %v", got, p.Want, errs)
				case known && got == p.Want:
					t.Errorf("passes now: take it off the list")
				case known && (len(errs) == 0 || !strings.Contains(errs[len(errs)-1].Value, why.message)):
					t.Errorf("got %q, errors %v\nmust be refused with %q", got, errs, why.message)
				case known && !strings.HasPrefix(p.Want, strings.TrimSuffix(got, "ERR\n")):
					t.Errorf("got %q before the refusal\nwant %q", got, p.Want)
				}
			})
		}
	}
}

// refusal is a program that cannot run here: the error that says so, and why.
type refusal struct{ message, cause string }

var knownRefusals = map[string]refusal{}

// TestCorpusWant holds the outputs of the corpus against compiled Go, for each
// program that can be written as one file.
func TestCorpusWant(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles every program of the corpus")
	}
	files := readCorpus(t)
	var all []program
	for _, f := range files {
		all = append(all, f.programs...)
	}
	want := compiled(t, all)
	for _, f := range files {
		changed := false
		for i, p := range f.programs {
			name := p.Group + "/" + p.Name
			w, ok := want[name]
			empty := !strings.Contains(string(f.archive.Files[i].Data), wantMark)
			switch {
			case ok && *fill && empty:
				f.archive.Files[i].Data = []byte(strings.TrimSuffix(string(f.archive.Files[i].Data), "\n") + wantMark + w)
				changed = true
			case empty:
				t.Errorf("%s has no output to compare with", name)
			case ok && p.Want != w:
				t.Errorf("%s: compiled Go prints\n%q, not\n%q", name, w, p.Want)
			}
		}
		if changed {
			if err := os.WriteFile(f.path, txtar.Format(f.archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
