package interp_test

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestNotebooks runs notebooks that one Go file cannot be, so that what they
// print is written down: after %%%, with ERR for a cell that must fail.
func TestNotebooks(t *testing.T) {
	a, err := txtar.ParseFile("testdata/notebooks/cells.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		t.Run(f.Name, func(t *testing.T) {
			code, want, ok := strings.Cut(string(f.Data), "%%%\n")
			if !ok {
				t.Fatal("no %%% in the notebook")
			}
			got, errs := runProgram(t, program{Cells: strings.Split(strings.TrimSuffix(code, "\n"), "\n%%\n")})
			if got != want {
				t.Errorf("got %q\nwant %q\nerrors %v", got, want, errs)
			}
		})
	}
}
