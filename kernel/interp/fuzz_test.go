package interp

import (
	"testing"

	"golang.org/x/tools/txtar"
)

// seeds are the cells of the programs in testdata.
func seeds(f *testing.F) {
	for _, name := range []string{"lang", "std", "sound"} {
		a, err := txtar.ParseFile("testdata/" + name + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		for _, p := range a.Files {
			f.Add(string(p.Data))
		}
	}
	for _, s := range []string{"", ";", "x := ", "func", "func (", "%", "!", "`", "/*", "import \"fmt", "for i := 0; ; i++ {}", "type T[P any] struct{ x P }", "}{", "\x00", "a.b.c[", "x, := 1"} {
		f.Add(s)
	}
}

// FuzzSplit looks for cells on which the splitter panics or loses text.
func FuzzSplit(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, src string) {
		cs := split(src)
		end := 0
		for _, c := range cs {
			if c.start < end || c.end < c.start || c.end > len(src) {
				t.Fatalf("chunk %v of %d bytes after %d", c, len(src), end)
			}
			end = c.end
		}
		all := blank(src, cs, func(chunk) bool { return true })
		if len(all) != len(src) {
			t.Fatalf("%d bytes became %d", len(src), len(all))
		}
		completeness(src)
	})
}

// FuzzLower looks for cells on which the checker or the lowerer panics. Cells
// are not run.
func FuzzLower(f *testing.F) {
	seeds(f)
	s, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src string) {
		e := s.engine
		e.cellName, e.warnings = "In[1]", nil
		e.sources["In[1]"] = src
		ck, err := e.check(src)
		if err != nil {
			return
		}
		u, err := e.lower(ck)
		if err != nil {
			return
		}
		u.rollback()
	})
}
